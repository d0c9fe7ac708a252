//! What holds for every request: a request id, a known host, no cross-site writes with a cookie, an audit entry of what was tried
//! in vain, security headers, a log line, a measurement.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use futures::FutureExt;
use shared::{ErrorCode, ids::TenantId};
use tracing::{Instrument, Level};

use super::{Edge, body, caller, forms::page_at};
use crate::{
    access::RequestInfo,
    config::Config,
    fault::Fault,
    platform::telemetry::{Span, SpanKind},
};

/// Bytes of a request's headers, names and values.
const HEADERS_MAX: usize = 32 * 1024;
/// For answers that are not pages. A page brings its own, with a nonce.
const STRICT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What loggers send all the time and browsers load for a page: a line in the log for each would hide the others.
const QUIET: [&str; 6] = ["/runs/log-batch", "/runs/log-metric", "/runs/log-parameter", "/healthz", "/readyz", "/metrics"];

/// The pattern of a resource that has it among its data: finding it again among hundreds costs more than most requests do otherwise.
pub struct Pattern(pub String);

fn pattern(request: &HttpRequest) -> Option<String> {
    let known = request.app_data().map(|Pattern(pattern)| pattern.clone());
    known.or_else(|| request.match_pattern())
}

/// The middleware around everything.
pub async fn guard(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(edge) = request.app_data::<Data<Edge>>().cloned() else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    let info = caller::read_request_info(request.request(), &edge.services.config);
    // Whatever is logged on the way to the answer carries the id, at any level the log is kept at.
    let trace = Span::root(word(request.method()), SpanKind::Server, request.headers().get("traceparent").and_then(|value| value.to_str().ok()));
    let span = tracing::error_span!("request", request = info.id, trace = trace.trace_id());
    trace.around(carry_out(request, next, edge, info, &trace).instrument(span)).await
}

async fn carry_out(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    edge: Data<Edge>,
    info: RequestInfo,
    trace: &Span,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let _under_way = edge.draining.enter();
    let config = &edge.services.config;
    let id = info.id.clone();
    request.extensions_mut().insert(info);
    let method = request.method().clone();
    let path = request.path().to_owned();
    describe(trace, &method, &id, config);
    let refused = check_size(request.request().headers())
        .and_then(|()| check_host(request.request().headers(), config))
        .and_then(|()| check_origin(request.request(), config))
        .and_then(|()| body::check_encoding(request.request()));
    let payload = body::paced(request.take_payload(), Duration::from_secs(config.body_silence_seconds));
    request.set_payload(payload);
    let mut response = match refused {
        Err(fault) => {
            let mut answer = super::render::response(&fault);
            if fault.code() == ErrorCode::LimitExceeded {
                *answer.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            }
            request.into_response(answer)
        }
        // A defect must not take the connection down without a word.
        Ok(()) => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(response) => recorded(response.inspect_err(|_| trace.fail("error"))?.map_into_boxed_body()).await,
            Err(_) => {
                trace.fail("panic");
                return Err(Broken {
                    fault: Fault::internal(format!("{method} {} panicked", caller::logged(&path))),
                    id,
                    secure: config.is_secure(),
                }
                .into());
            }
        },
    };
    let pattern = pattern(response.request());
    let status = response.status().as_u16();
    let route = pattern.as_deref().or_else(|| page_at(&edge.pages, &path));
    if trace.is_recorded() {
        let tenant = caller::entered_lately(response.request(), &edge.services).map(|known| known.tenant);
        conclude(trace, &method, route, status, tenant);
    }
    let pattern = pattern.unwrap_or_else(|| "page".to_owned());
    let elapsed = started.elapsed();
    metrics::histogram!("assay_http_seconds", "method" => known(&method), "route" => pattern, "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    let micros = elapsed.as_micros() as u64;
    let shown = caller::logged(&path);
    match level(&path, status) {
        Level::INFO => tracing::info!(%method, path = &*shown, status, micros, "request"),
        _ => tracing::debug!(%method, path = &*shown, status, micros, "request"),
    }
    if edge.draining.has_begun() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    set_headers(response.headers_mut(), &id, config.is_secure());
    Ok(response)
}

/// Headers are kept and looked through at many places.
fn check_size(headers: &HeaderMap) -> Result<(), Fault> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size <= HEADERS_MAX { Ok(()) } else { Err(Fault::new(ErrorCode::LimitExceeded, format!("The headers are larger than {HEADERS_MAX} bytes."))) }
}

/// What a span says of a request. Not its address: what is filled into a route or asked with it may be a secret.
fn describe(trace: &Span, method: &Method, id: &str, config: &Config) {
    if trace.is_recorded() {
        trace.set("http.request.method", if known(method) == OTHER_METHOD { "_OTHER" } else { known(method) });
        trace.set("url.scheme", if config.is_secure() { "https" } else { "http" });
        trace.set("assay.request.id", id.to_owned());
    }
}

/// What a span's name begins with.
fn word(method: &Method) -> &'static str {
    Some(known(method)).filter(|known| *known != OTHER_METHOD).unwrap_or("HTTP")
}

/// What it says of the answer.
fn conclude(trace: &Span, method: &Method, route: Option<&str>, status: u16, tenant: Option<TenantId>) {
    if let Some(route) = route {
        let route = if route.is_empty() { "/" } else { route };
        trace.rename(format!("{} {route}", word(method)));
        trace.set("http.route", route.to_owned());
    }
    if let Some(tenant) = tenant {
        trace.set("assay.tenant.id", tenant.to_string());
    }
    trace.set("http.response.status_code", i64::from(status));
    if status >= 500 {
        trace.fail(status.to_string());
    }
}

/// The answer, once what the caller tried in vain is in the audit log: no route can forget it. Their connection is not kept while a long answer is sent.
async fn recorded(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let fault = response.response().error().and_then(|error| error.as_error::<Fault>());
    if let (Some(fault), Some(scope)) = (fault, caller::known(response.request())) {
        scope.note(fault);
    }
    match caller::let_go(response.request()).await {
        Ok(()) => response,
        Err(fault) => response.into_response(super::render::response(&fault)),
    }
}

/// How loud a request is in the log. One of a flood that is turned away is not: the flood itself is a warning.
fn level(path: &str, status: u16) -> Level {
    let quiet = path.starts_with("/pkg/") || path == "/favicon.ico" || QUIET.iter().any(|end| path.ends_with(end));
    if quiet && (status < 400 || status == 429) { Level::DEBUG } else { Level::INFO }
}

/// What stands for the methods that nobody is answered.
const OTHER_METHOD: &str = "other";

/// A name for measurements, of which a caller cannot make up more.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}

/// The answer to a request whose handler panicked.
#[derive(Debug)]
struct Broken {
    fault: Fault,
    id: String,
    secure: bool,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(out)
    }
}

impl ResponseError for Broken {
    fn error_response(&self) -> HttpResponse {
        let mut response = super::render::response(&self.fault);
        set_headers(response.headers_mut(), &self.id, self.secure);
        response
    }
}

fn set_headers(headers: &mut HeaderMap, id: &str, secure: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::CONTENT_SECURITY_POLICY, STRICT_POLICY);
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::CACHE_CONTROL, "private, no-store");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()");
    if secure {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

/// Only our own name is answered, so that a page elsewhere cannot reach us under a name of its own
/// that points here.
fn check_host(headers: &HeaderMap, config: &Config) -> Result<(), Fault> {
    let refused = || Fault::new(ErrorCode::Invalid, "This host name is not served here.");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).ok_or_else(refused)?;
    let name = host_name(host);
    let public = config.public_url();
    let own = host_name(public.split_once("://").map_or(public.as_str(), |(_, rest)| rest));
    if name.eq_ignore_ascii_case(own) || matches!(name, "localhost" | "127.0.0.1" | "[::1]") { Ok(()) } else { Err(refused()) }
}

fn host_name(authority: &str) -> &str {
    let authority = authority.split('/').next().unwrap_or_default();
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => &authority[..colon],
        _ => authority,
    }
}

/// A write with a cookie must come from our own pages. Browsers say where a request comes from, in
/// `Sec-Fetch-Site` or at least in `Origin`; scripts send a token and no cookie. A browser also repeats
/// Basic by itself wherever it was once typed in; no page makes it send Bearer to another site.
fn check_origin(request: &actix_web::HttpRequest, config: &Config) -> Result<(), Fault> {
    let headers = request.headers();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let site = text(headers, SITE);
    let bearer = text(headers, header::AUTHORIZATION).and_then(|value| value.get(..7)).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let by_browser = request.cookie(caller::session_cookie(config)).is_some() || site.is_some() || headers.contains_key(header::ORIGIN);
    if reads || bearer || !by_browser {
        return Ok(());
    }
    let same = match (site, text(headers, header::ORIGIN)) {
        (Some(site), _) => is_own_site(site),
        (None, Some(origin)) => is_own_origin(origin, headers, config),
        (None, None) => false,
    };
    if same { Ok(()) } else { Err(elsewhere()) }
}

/// What is listened to is read for as long as a page is open, so no other site opens it, whatever the browser lets it read. A script says nothing of where it
/// is, and the browsers that say nothing send no cookie along from elsewhere.
pub(super) fn check_listener(headers: &HeaderMap, config: &Config) -> Result<(), Fault> {
    let own_site = text(headers, SITE).is_none_or(is_own_site);
    let own_origin = headers.get(header::ORIGIN).is_none_or(|origin| origin.to_str().is_ok_and(|origin| is_own_origin(origin, headers, config)));
    if own_site && own_origin { Ok(()) } else { Err(elsewhere()) }
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_own_site(site: &str) -> bool {
    matches!(site, "same-origin" | "none")
}

fn is_own_origin(origin: &str, headers: &HeaderMap, config: &Config) -> bool {
    let host = text(headers, header::HOST).unwrap_or_default();
    // What was reached without TLS may speak for anybody.
    origin.split_once("://").is_some_and(|(scheme, authority)| authority == host && (scheme == "https" || !config.is_secure()))
}

fn elsewhere() -> Fault {
    Fault::new(ErrorCode::Forbidden, "This request came from another site. Open the page again and retry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_what_people_did_and_what_went_wrong() {
        for (path, status, loud) in [
            ("/runs/1", 200, true),
            ("/graphql", 429, true),
            ("/pkg/app.css", 200, false),
            ("/api/2.0/mlflow/runs/log-metric", 200, false),
            ("/api/2.0/mlflow/runs/log-batch", 429, false),
            ("/api/2.0/mlflow/runs/log-batch", 404, true),
            ("/ajax-api/2.0/mlflow/runs/log-parameter", 500, true),
            ("/api/2.0/mlflow/runs/create", 200, true),
        ] {
            assert_eq!(level(path, status) == Level::INFO, loud, "{path} {status}");
        }
    }

    #[derive(clap::Parser)]
    struct Settings {
        #[command(flatten)]
        config: Config,
    }

    #[actix_web::test]
    async fn t07_a_handler_that_panics_is_answered_like_any_defect() {
        let folder = std::env::temp_dir().join(format!("assay-test-{}", uuid::Uuid::now_v7().simple()));
        let at = |name: &str| folder.join(name).display().to_string();
        let settings = ["assay", "--database-url=postgres://nobody@127.0.0.1:1/none", "--blobs", &at("blobs"), "--site", &at("site"), "--mail"];
        let mail = format!("file:{}", at("mail"));
        let config = <Settings as clap::Parser>::parse_from(settings.into_iter().chain([mail.as_str()])).config;
        let services = crate::services::Services::open(config, crate::platform::Clock::system()).await.unwrap();
        async fn defect() -> HttpResponse {
            panic!("a secret of the defect")
        }
        let app = actix_web::App::new()
            .app_data(Data::new(Edge::new(services, None)))
            .wrap(actix_web::middleware::from_fn(guard))
            .route("/defect", actix_web::web::get().to(defect));
        let app = actix_web::test::init_service(app).await;
        let request = actix_web::test::TestRequest::get().uri("/defect").insert_header(("host", "localhost")).to_request();
        let error = actix_web::test::try_call_service(&app, request).await.unwrap_err();
        let answer = error.error_response();
        assert_eq!(answer.status(), 500);
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!((header("content-security-policy"), header("x-request-id").len()), (STRICT_POLICY, 32));
        let body: serde_json::Value = serde_json::from_slice(&actix_web::body::to_bytes(answer.into_body()).await.unwrap()).unwrap();
        assert_eq!((body["error"]["code"].as_str(), body["error"]["message"].as_str()), (Some("INTERNAL"), Some(crate::fault::INTERNAL_MESSAGE)));
        assert!(body["error"]["reference"].is_string() && !body.to_string().contains("secret"), "{body}");
    }

    #[test]
    fn a_host_is_compared_without_its_port() {
        assert_eq!(host_name("localhost:8080"), "localhost");
        assert_eq!(host_name("[::1]:80"), "[::1]");
        assert_eq!(host_name("[::1]"), "[::1]");
        assert_eq!(host_name("assay.example.com/x"), "assay.example.com");
    }
}
