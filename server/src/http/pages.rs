//! Pages: the app rendered on the server, over the same GraphQL schema in process.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::{Payload, Service, ServiceFactory, ServiceRequest},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use app::{Api, ApiError, FormState, Operation, Reply, Respond, Theme, Transport};
use async_graphql::{Request, Variables};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use serde_json::Value;
use shared::ErrorCode;

use super::{Edge, caller, render, routes::PUBLIC_PAGES};
use crate::{access::Scope, graphql};

/// What the page's contexts are made of, carried from the handler into the rendering.
#[derive(Clone)]
struct Around {
    edge: Edge,
    scope: Option<Scope>,
    theme: Theme,
    cookies: String,
    form: Option<FormState>,
}

/// The path of every page, as the app's router lists them.
pub fn routes() -> Vec<String> {
    leptos_actix::generate_route_list(app::App).iter().map(|route| route.path().to_owned()).collect()
}

/// Renders the page that the path names, or sends to sign-in.
pub async fn page(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    if *request.method() != Method::GET && *request.method() != Method::HEAD {
        return render::response(&crate::fault::Fault::new(ErrorCode::MethodNotAllowed, "This address only answers GET."));
    }
    let scope = match caller::scope_of(&request, &edge.services).await {
        Ok(scope) => scope,
        Err(fault) if fault.code() == ErrorCode::Unauthenticated => None,
        Err(fault) => return render::response(&fault),
    };
    if scope.is_none() && !PUBLIC_PAGES.contains(&request.path()) {
        let next = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let next: String = form_urlencoded(next);
        return HttpResponse::SeeOther().insert_header((header::LOCATION, format!("/sign-in?next={next}"))).finish();
    }
    rendered(&request, &edge, scope, None).await
}

/// Renders a form's page again, with what was typed and what is wrong with it.
pub async fn form_again(request: &HttpRequest, edge: &Edge, scope: Option<Scope>, form: FormState, status: StatusCode) -> HttpResponse {
    let mut response = rendered(request, edge, scope, Some(form)).await;
    *response.status_mut() = status;
    response
}

async fn rendered(request: &HttpRequest, edge: &Edge, scope: Option<Scope>, form: Option<FormState>) -> HttpResponse {
    let theme = request.cookie("theme").map_or(Theme::System, |cookie| Theme::parse(cookie.value()));
    let cookies = request.headers().get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let around = Around { edge: edge.clone(), scope: scope.clone(), theme, cookies, form };
    let route = leptos_actix::render_app_async_with_context(move || provide(&around), app::shell, leptos_router::Method::Get);
    let service = match route.new_service(()).await {
        Ok(service) => service,
        Err(()) => return render::response(&crate::fault::Fault::internal("the page's route could not be made")),
    };
    let answer = service.call(ServiceRequest::from_parts(request.clone(), Payload::None)).await;
    if let Some(scope) = scope
        && let Err(fault) = scope.record_denials().await
    {
        return render::response(&fault);
    }
    match answer {
        Ok(answer) => answer.into_parts().1,
        Err(error) => render::response(&crate::fault::Fault::internal(error)),
    }
}

fn provide(around: &Around) {
    provide_context(Api::new(InProcess { schema: around.edge.schema.clone(), scope: around.scope.clone() }));
    provide_context(around.edge.assets.manifest().clone());
    provide_context(around.theme);
    provide_context(app::Cookies(around.cookies.clone()));
    provide_context(app::PublicUrl(around.edge.services.config.public_url()));
    if let Some(form) = &around.form {
        provide_context(form.clone());
    }
    if let Some(options) = use_context::<leptos_actix::ResponseOptions>() {
        let policy = use_nonce().map(|nonce| {
            format!(
                "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
                 img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            )
        });
        if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        provide_context(Respond::new(move |status| {
            if let Ok(status) = StatusCode::from_u16(status) {
                options.set_status(status);
            }
        }));
    }
}

/// The app's transport while it is rendered on the server.
struct InProcess {
    schema: graphql::Schema,
    scope: Option<Scope>,
}

impl Transport for InProcess {
    fn execute(&self, operation: Operation, variables: Value) -> Reply {
        let (schema, scope) = (self.schema.clone(), self.scope.clone());
        Box::pin(async move {
            let request = Request::new(operation.0).variables(Variables::from_json(variables));
            let response = graphql::execute(&schema, scope, request).await;
            serde_json::to_value(response).map_err(|_| ApiError::unreadable())
        })
    }
}

/// Percent-encodes a path for use as a query value.
fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() || b"/-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
