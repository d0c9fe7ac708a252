//! What holds for every request: a request id, a known host, no cross-site writes with a cookie, an audit entry of what was tried
//! in vain, security headers, a log line, a measurement.

use std::{fmt, panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use futures::FutureExt;
use shared::ErrorCode;

use super::{Edge, caller};
use crate::{config::Config, fault::Fault};

/// For answers that are not pages. A page brings its own, with a nonce.
const STRICT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The middleware around everything.
pub async fn guard(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let Some(edge) = request.app_data::<Data<Edge>>().cloned() else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    let config = &edge.services.config;
    let info = caller::read_request_info(request.request(), config);
    let id = info.id.clone();
    request.extensions_mut().insert(info);
    let method = request.method().clone();
    let path = request.path().to_owned();
    let refused = check_host(request.request().headers(), config).and_then(|()| check_origin(request.request(), config));
    let mut response = match refused {
        Err(fault) => request.into_response(super::render::response(&fault)),
        // A defect must not take the connection down without a word.
        Ok(()) => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(response) => recorded(response?.map_into_boxed_body()).await,
            Err(_) => return Err(Broken { fault: Fault::internal(format!("{method} {path} panicked")), id, secure: config.is_secure() }.into()),
        },
    };
    let pattern = response.request().match_pattern().unwrap_or_else(|| "page".to_owned());
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    metrics::histogram!("assay_http_seconds", "method" => method.to_string(), "route" => pattern, "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    tracing::debug!(request = %id, %method, path, status, micros = elapsed.as_micros() as u64, "request");
    set_headers(response.headers_mut(), &id, config.is_secure());
    Ok(response)
}

/// The answer, once what the caller tried in vain is in the audit log: no route can forget it.
async fn recorded(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(scope) = caller::known(response.request()) else { return response };
    if let Some(fault) = response.response().error().and_then(|error| error.as_error::<Fault>()) {
        scope.note(fault);
    }
    match scope.record_denials().await {
        Ok(()) => response,
        Err(fault) => response.into_response(super::render::response(&fault)),
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
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let bearer = text(header::AUTHORIZATION).and_then(|value| value.get(..7)).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let by_browser = request.cookie(caller::session_cookie(config)).is_some() || site.is_some() || headers.contains_key(header::ORIGIN);
    if reads || bearer || !by_browser {
        return Ok(());
    }
    let same = match (site, text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = text(header::HOST).unwrap_or_default();
            // What was reached without TLS may speak for anybody.
            origin.split_once("://").is_some_and(|(scheme, authority)| authority == host && (scheme == "https" || !config.is_secure()))
        }
        (None, None) => false,
    };
    if same { Ok(()) } else { Err(Fault::new(ErrorCode::Forbidden, "This request came from another site. Open the page again and retry.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_compared_without_its_port() {
        assert_eq!(host_name("localhost:8080"), "localhost");
        assert_eq!(host_name("[::1]:80"), "[::1]");
        assert_eq!(host_name("[::1]"), "[::1]");
        assert_eq!(host_name("assay.example.com/x"), "assay.example.com");
    }
}
