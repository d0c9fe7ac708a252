//! The MLflow edge: the protocol of the unmodified MLflow 3.17 client, translated to the use cases of the features and back.
//!
//! Handlers translate only. One table lists every endpoint; it is mounted under both prefixes and both versions the client and its UI use.
//!
//! A part of the protocol is a file with `pub(super) const ENDPOINTS: &[Endpoint]` and handlers of the form
//! `async fn create(call: Call<CreateInput>) -> Answer<CreateOutput>`.

mod about;
mod artifacts;
mod assessments;
pub mod call;
pub mod error;
mod experiments;
mod logged_models;
mod metrics;
mod multipart;
mod otlp;
mod page_token;
mod registry;
mod run_view;
mod runs;
mod trace_figures;
mod traces;
pub mod wire;
mod workspaces;

use actix_web::{HttpRequest, HttpResponse, ResponseError, Route, http::Method, middleware::from_fn, web};

use shared::Permission;

use crate::http::{ForJobs, Pattern};

pub use call::{Call, LogCall, caller};
pub use error::{Code, Error};

/// What a handler returns: 200 with a JSON object, or an error in MLflow's form.
pub type Answer<T> = Result<web::Json<T>, Error>;

/// One row of the table of endpoints.
pub struct Endpoint {
    pub method: Method,
    /// Below the version: `mlflow/runs/create`. May hold `{parameters}`, which the [`Call`] puts into the input.
    pub path: &'static str,
    /// The permission the use case asks for; `None` for what needs no credential.
    pub permission: Option<Permission>,
    /// Whether a job token opens it.
    pub for_jobs: bool,
    handler: fn() -> Route,
}

impl Endpoint {
    /// `handler` is `|| web::to(create)`; the method comes from the table.
    pub const fn new(method: Method, path: &'static str, permission: Permission, handler: fn() -> Route) -> Self {
        Self { method, path, permission: Some(permission), for_jobs: false, handler }
    }

    /// The same for whoever comes by a job token, too: it is about a single run that the request names.
    pub const fn for_jobs(mut self) -> Self {
        self.for_jobs = true;
        self
    }

    /// An endpoint that answers anybody.
    pub const fn public(method: Method, path: &'static str, handler: fn() -> Route) -> Self {
        Self { method, path, permission: None, for_jobs: false, handler }
    }
}

/// Where the table is mounted.
pub const PREFIXES: [&str; 4] = ["/api/2.0/", "/ajax-api/2.0/", "/api/3.0/", "/ajax-api/3.0/"];

/// Every endpoint of the edge.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    // What loggers call stands first: a request is held against one path after the other.
    const PARTS: &[&[Endpoint]] = &[
        runs::ENDPOINTS,
        metrics::ENDPOINTS,
        about::ENDPOINTS,
        experiments::ENDPOINTS,
        artifacts::ENDPOINTS,
        multipart::ENDPOINTS,
        logged_models::ENDPOINTS,
        registry::ENDPOINTS,
        workspaces::ENDPOINTS,
        trace_figures::ENDPOINTS,
        traces::ENDPOINTS,
        assessments::ENDPOINTS,
    ];
    PARTS.iter().flat_map(|part| part.iter())
}

/// What clients ask for under whole paths, outside every prefix.
pub fn whole_paths() -> impl Iterator<Item = &'static Endpoint> {
    about::WHOLE_PATHS.iter().chain(artifacts::OLD_DOWNLOADS).chain(otlp::ENDPOINTS)
}

/// The endpoints of the path that a request reached, one a method.
struct Reached(Vec<&'static Endpoint>);

/// The permission of the endpoint that a request reached.
fn permission_of(request: &HttpRequest) -> Option<Permission> {
    let Reached(endpoints) = request.app_data()?;
    endpoints.iter().find(|endpoint| endpoint.method == *request.method())?.permission
}

/// Mounts the edge. Unknown paths below `/api` and `/ajax-api` answer `ENDPOINT_NOT_FOUND` as JSON.
pub fn configure(app: &mut web::ServiceConfig) {
    let mut table: Vec<(&str, Vec<&Endpoint>)> = Vec::new();
    for endpoint in endpoints() {
        match table.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, methods)) => methods.push(endpoint),
            None => table.push((endpoint.path, vec![endpoint])),
        }
    }
    for prefix in PREFIXES {
        for (path, methods) in &table {
            let mut resource = web::resource(format!("{prefix}{path}")).default_service(web::to(unknown));
            for endpoint in methods {
                resource = resource.route((endpoint.handler)().method(endpoint.method.clone()));
            }
            let for_jobs = methods.iter().filter(|endpoint| endpoint.for_jobs).map(|endpoint| endpoint.method.clone()).collect();
            let resource = resource.app_data(ForJobs(for_jobs)).app_data(Reached(methods.clone())).app_data(Pattern(format!("{prefix}{path}")));
            app.service(resource.wrap(from_fn(call::permission_first)));
        }
    }
    for endpoint in whole_paths() {
        let route = (endpoint.handler)().method(endpoint.method.clone());
        let resource = web::resource(endpoint.path).route(route).wrap(from_fn(call::permission_first));
        app.service(resource.app_data(Reached(vec![endpoint])).app_data(Pattern(endpoint.path.to_owned())));
    }
    app.service(web::resource("/api/{rest:.*}").to(unknown));
    app.service(web::resource("/ajax-api/{rest:.*}").to(unknown));
}

async fn unknown(request: HttpRequest) -> HttpResponse {
    Error::new(Code::EndpointNotFound, format!("Not found: {} {}", request.method(), request.path())).error_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_listed_once() {
        let mut seen = std::collections::HashSet::new();
        for endpoint in endpoints() {
            assert!(seen.insert((endpoint.method.clone(), endpoint.path)), "{} {}", endpoint.method, endpoint.path);
        }
    }

    #[actix_web::test]
    async fn unknown_paths_answer_json() {
        let app = actix_web::test::init_service(actix_web::App::new().configure(configure)).await;
        let request = actix_web::test::TestRequest::get().uri("/api/2.0/mlflow/nothing/here").to_request();
        let answer = actix_web::test::call_service(&app, request).await;
        assert_eq!(answer.status(), 404);
        let body: serde_json::Value = actix_web::test::read_body_json(answer).await;
        assert_eq!(body["error_code"], "ENDPOINT_NOT_FOUND");
    }
}
