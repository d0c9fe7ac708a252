//! Pages: the app rendered on the server, over the same GraphQL schema in process.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, LazyLock, Mutex},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use app::{Api, ApiError, FormState, Operation, Reply, Respond, Theme, Transport};
use async_graphql::{Request, Variables};
use futures::{FutureExt, StreamExt, stream};
use hydration_context::SsrSharedContext;
use leptos::{
    nonce::{provide_nonce, use_nonce},
    prelude::{IntoView, Owner, provide_context},
    reactive::computed::ScopedFuture,
};
use leptos_integration_utils::{BoxedFnOnce, PinnedFuture, PinnedStream, build_response};
use leptos_meta::ServerMetaContext;
use leptos_router::{PathSegment, RouteList, components::provide_server_redirect, location::RequestUrl};
use serde_json::Value;
use shared::ErrorCode;

use super::{Edge, caller, render, routes::is_public, second_factor};
use crate::{
    access::{Scope, rates::Kind},
    fault::Fault,
    graphql,
    platform::telemetry::Here,
};

/// What the page's contexts are made of, carried from the handler into the rendering.
struct Around {
    edge: Edge,
    scope: Option<Scope>,
    url: String,
    theme: Theme,
    cookies: String,
    form: Option<FormState>,
    head: Arc<Mutex<Head>>,
    /// The request: what goes wrong while the page asks is logged with its id, wherever the page's queries run.
    here: Here,
}

/// What is found out while a page is rendered and belongs before it.
struct Head {
    status: StatusCode,
    location: Option<HeaderValue>,
    policy: Option<HeaderValue>,
}

/// Starts the executor that pages are rendered on; once in a process, before the first page.
pub fn start_executor() {
    // A second start, by a second server in one process (tests), finds it running.
    let _ = any_spawner::Executor::init_tokio();
}

/// The path of every page, as the app's router lists them; a parameter stands as `{name}`.
///
/// They are listed once in a process, before its first page: while the router lists, no query of any page anywhere in the process is
/// asked, and one that would have been is never asked again.
pub fn routes() -> &'static [String] {
    static ROUTES: LazyLock<Vec<String>> = LazyLock::new(listed);
    &ROUTES
}

fn listed() -> Vec<String> {
    start_executor();
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let routes = owner.with(|| {
        provide_context(RequestUrl::new(""));
        provide_context(ServerMetaContext::new().0);
        RouteList::generate(app::App)
    });
    let routes = routes.map(RouteList::into_inner).unwrap_or_default();
    routes.iter().map(|route| path_of(route.path())).collect()
}

fn path_of(segments: &[PathSegment]) -> String {
    let words = segments.iter().filter_map(|segment| match segment {
        PathSegment::Unit => None,
        PathSegment::Static(word) => Some(word.trim_matches('/').to_owned()).filter(|word| !word.is_empty()),
        PathSegment::Param(name) | PathSegment::OptionalParam(name) | PathSegment::Splat(name) => Some(format!("{{{name}}}")),
    });
    words.fold(String::new(), |path, word| format!("{path}/{word}"))
}

/// Renders the page that the path names, or sends to sign-in.
pub async fn page(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    if *request.method() != Method::GET && *request.method() != Method::HEAD {
        return render::response(&Fault::new(ErrorCode::MethodNotAllowed, "This address only answers GET."));
    }
    if let Err(fault) = caller::spend(&request, &edge.services, Kind::Asking, 1) {
        return broken(&edge, &fault);
    }
    // Before a connection is taken: rendering is the processors' work, and a page that waits for them must not keep a connection from others meanwhile.
    let _turn = edge.rendering.acquire().await;
    caller::note_reading(&request);
    let scope = match caller::scope_of(&request, &edge.services).await {
        Ok(scope) => scope,
        Err(fault) if fault.code() == ErrorCode::Unauthenticated => None,
        Err(fault) => return broken(&edge, &fault),
    };
    if scope.is_none() && !is_public(request.path()) {
        match second_factor::is_awaited(&request, &edge).await {
            Ok(false) => {}
            // Before there is one, nothing else is shown.
            Ok(true) => return HttpResponse::SeeOther().insert_header((header::LOCATION, second_factor::PAGE)).finish(),
            Err(fault) => return broken(&edge, &fault),
        }
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
    let head = Arc::new(Mutex::new(Head { status: StatusCode::OK, location: None, policy: None }));
    let around = Around {
        edge: edge.clone(),
        scope,
        here: Here::now(),
        // The router wants a whole address; only the part after the host says anything.
        url: format!("http://assay{}", request.uri().path_and_query().map_or("/", |path| path.as_str())),
        theme: request.cookie("theme").map_or(Theme::System, |cookie| Theme::parse(cookie.value())),
        cookies: request.headers().get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned(),
        form,
        head: head.clone(),
    };
    let Ok(html) = AssertUnwindSafe(html(around)).catch_unwind().await else {
        return broken(edge, &Fault::internal(format!("{} panicked while it was rendered", caller::logged(request.path()))));
    };
    let head = head.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut response = HttpResponse::build(head.status);
    response.content_type("text/html; charset=utf-8");
    for (name, value) in [(header::LOCATION, &head.location), (header::CONTENT_SECURITY_POLICY, &head.policy)] {
        if let Some(value) = value {
            response.insert_header((name, value.clone()));
        }
    }
    response.body(readable(html))
}

/// Whatever is stored or typed, a page holds no control code: a terminal that prints it would obey it, and a browser would show nothing.
fn readable(html: String) -> String {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if html.contains(control) { html.replace(control, "\u{fffd}") } else { html }
}

/// The whole document, after every query of the page has been answered.
///
/// Pages are rendered side by side on one thread, so whatever this one asks for (who reads it, above all) has to come from its own
/// owner each time it goes on, and not from the page that was at work before.
async fn html(around: Around) -> String {
    let (meta, tags) = ServerMetaContext::new();
    let context = move || {
        provide_context(meta);
        provide(around);
    };
    let (owner, parts) = build_response(app::shell, context, whole, false);
    let rendering = Rendering(owner.clone());
    let document = async move {
        let parts = parts.await;
        while let Some(deferred) = Owner::current_shared_context().and_then(|shared| shared.await_deferred()) {
            deferred.await;
        }
        tags.inject_meta_context(parts).await.collect().await
    };
    let html = owner.with(|| ScopedFuture::new_untracked(document)).await;
    drop(rendering);
    html
}

/// What a page was rendered with. It holds the reader's connection, so it ends with the rendering, also with one that panicked or
/// whose reader went away.
struct Rendering(Owner);

impl Drop for Rendering {
    fn drop(&mut self) {
        self.0.clone().unset_with_forced_cleanup();
    }
}

/// A page that needs nothing but its style: for when no other can be made. The sentences of these faults are fixed.
fn broken(edge: &Edge, fault: &Fault) -> HttpResponse {
    let reference = fault.reference().map(|id| format!("<p class=\"faint xs\">Reference <code>{id}</code></p>")).unwrap_or_default();
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Not available right now</title><link rel=\"stylesheet\" href=\"/pkg/{}\"></head>\
         <body><main><section class=\"state\" role=\"alert\"><h1>Not available right now</h1><p>{}</p>\
         <p class=\"row\"><a class=\"button\" href=\"\">Try again</a></p>{reference}</section></main></body></html>",
        edge.assets.manifest().css,
        fault.message(),
    );
    HttpResponse::build(render::status(fault))
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .insert_header((header::RETRY_AFTER, render::RETRY_AFTER))
        .body(html)
}

/// The app in one piece and, after it, the answers for the browser to start from.
fn whole<V: IntoView + 'static>(app: V, answers: BoxedFnOnce<PinnedStream<String>>, _: bool) -> PinnedFuture<PinnedStream<String>> {
    Box::pin(async move {
        let app: String = app.to_html_stream_in_order().collect().await;
        Box::pin(stream::once(async { app }).chain(answers())) as PinnedStream<String>
    })
}

fn provide(around: Around) {
    provide_context(RequestUrl::new(&around.url));
    provide_nonce();
    provide_context(Api::new(InProcess { schema: around.edge.schema.clone(), scope: around.scope, here: around.here }));
    provide_context(around.edge.assets.manifest().clone());
    provide_context(around.theme);
    provide_context(app::Cookies(around.cookies));
    provide_context(app::PublicUrl(around.edge.services.config.public_url()));
    if let Some(form) = around.form {
        provide_context(form);
    }
    let policy = use_nonce().map(|nonce| {
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
    });
    set(&around.head, |head| head.policy = policy.and_then(|policy| HeaderValue::from_str(&policy).ok()));
    let head = around.head.clone();
    provide_context(Respond::new(move |status| set(&head, |head| head.status = StatusCode::from_u16(status).unwrap_or(head.status))));
    provide_server_redirect(move |path| {
        set(&around.head, |head| {
            head.status = StatusCode::FOUND;
            head.location = HeaderValue::from_str(path).ok();
        });
    });
}

fn set(head: &Mutex<Head>, change: impl FnOnce(&mut Head)) {
    change(&mut head.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
}

/// The app's transport while it is rendered on the server.
struct InProcess {
    schema: graphql::Schema,
    scope: Option<Scope>,
    here: Here,
}

impl Transport for InProcess {
    fn execute(&self, operation: Operation, variables: Value) -> Reply {
        let (schema, scope) = (self.schema.clone(), self.scope.clone());
        let asked = async move {
            let request = Request::new(operation.0).variables(Variables::from_json(variables));
            let response = graphql::execute(&schema, scope.clone(), request).await;
            // The page may be on its way already, and the guard done with it.
            let response = match scope {
                Some(scope) => graphql::recorded(scope, response).await,
                None => response,
            };
            serde_json::to_string(&response).map_err(|_| ApiError::unreadable())
        };
        Box::pin(self.here.clone().around(asked))
    }
}

/// Percent-encodes a path for use as a query value.
fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() || b"/-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
