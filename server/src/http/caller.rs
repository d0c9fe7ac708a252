//! Who sent a request.

use std::borrow::Cow;

use actix_web::{
    HttpMessage, HttpRequest,
    http::{Method, header},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

use super::Edge;
use crate::{
    access::{
        Credential, RequestInfo, Scope,
        rates::{Kind, Known},
    },
    config::Config,
    fault::Fault,
    services::Services,
};

/// The name of the session's cookie. With TLS it is bound to the host and to secure requests.
pub fn session_cookie(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-assay_session" } else { "assay_session" }
}

/// Pages whose address holds a link's secret.
const LINKED: &str = "/shared/";

/// A path as it may stand in the log: without the secret of a link, and without what may be one in an address that is written wrongly.
pub fn logged(path: &str) -> Cow<'_, str> {
    let linked = path.trim_start_matches('/').split('/').next().is_some_and(|first| first.eq_ignore_ascii_case("shared"));
    if linked { format!("{LINKED}…").into() } else { path.into() }
}

/// The methods by which a resource takes a job token. What has none among its data is closed to them.
pub struct ForJobs(pub Vec<Method>);

fn is_for_jobs(request: &HttpRequest) -> bool {
    request.app_data().is_some_and(|ForJobs(methods)| methods.contains(request.method()))
}

/// The credential of a request: in the address of a page that a link opens; an API token, or a job token where it is for one, as Bearer or as the password of
/// Basic; else the session's cookie. `Some(None)` is a credential that cannot be one.
pub fn credential(request: &HttpRequest, config: &Config) -> Option<Option<Credential>> {
    if let Some(rest) = request.path().strip_prefix(LINKED) {
        return Some(Credential::link(rest.split('/').next().unwrap_or_default()));
    }
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        // A link is for its pages, which ask the API, and for nothing else.
        let link = value.to_str().ok().and_then(|value| value.strip_prefix("Link ")).filter(|_| request.path() == "/graphql");
        if let Some(secret) = link {
            return Some(Credential::link(secret));
        }
        let read = |token: String| Credential::token(&token).or_else(|| Credential::job_token(&token).filter(|_| is_for_jobs(request)));
        return Some(value.to_str().ok().and_then(token).and_then(read));
    }
    request.cookie(session_cookie(config)).map(|cookie| Credential::session(cookie.value()))
}

/// The text of the session's cookie, where it is what the request is sent with.
pub fn session_secret(request: &HttpRequest, config: &Config) -> Option<String> {
    let other = request.headers().contains_key(header::AUTHORIZATION);
    request.cookie(session_cookie(config)).filter(|_| !other).map(|cookie| cookie.value().to_owned())
}

fn token(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        return pair.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

/// The caller's scope; `None` when no credential was sent. The request keeps it, so that the guard can enter what was tried in vain.
///
/// # Errors
/// `Unauthenticated` when one was sent and does not hold; `Unavailable`.
pub async fn scope_of(request: &HttpRequest, services: &Services) -> Result<Option<Scope>, Fault> {
    match credential(request, &services.config) {
        None => Ok(None),
        Some(None) => Err(Fault::unauthenticated()),
        Some(Some(credential)) => {
            let scope = services.vault.enter(credential, request_info(request)).await?;
            // Noted for the guard, which records what is denied through it. A later one is somebody's look aside, whose connection must not be kept.
            let mut noted = request.extensions_mut();
            if !noted.contains::<Scope>() {
                noted.insert(scope.clone());
            }
            Ok(Some(scope))
        }
    }
}

/// Counts calls of a session or token that this process has seen within the last minute; `false` is anybody else, who is not counted.
///
/// # Errors
/// `TooManyRequests`.
pub fn spend(request: &HttpRequest, services: &Services, kind: Kind, calls: u32) -> Result<bool, Fault> {
    entered_lately(request, services).map_or(Ok(false), |known| services.rates.spend(known, kind, calls).map(|()| true))
}

/// Who sent a request, if this process has let them in within the last minute.
pub fn entered_lately(request: &HttpRequest, services: &Services) -> Option<Known> {
    credential(request, &services.config).flatten().and_then(|credential| services.vault.entered_lately(&credential))
}

/// Whether this process has let in who sent a request within the last minute. It decides no more than whether the body is worth reading first.
pub fn is_known(request: &HttpRequest) -> bool {
    let services = request.app_data::<web::Data<Edge>>().map(|edge| &edge.services);
    services.is_some_and(|services| entered_lately(request, services).is_some())
}

/// The caller's scope.
///
/// # Errors
/// `Unauthenticated` when there is none; `Unavailable`.
pub async fn authenticate(request: &HttpRequest, services: &Services) -> Result<Scope, Fault> {
    scope_of(request, services).await?.ok_or_else(Fault::unauthenticated)
}

/// The caller's scope, if the request has asked for it.
pub fn known(request: &HttpRequest) -> Option<Scope> {
    request.extensions().get::<Scope>().cloned()
}

/// Writes what the caller of a request tried in vain, or met, into the audit log, and lets go of their scope.
///
/// # Errors
/// `Unavailable` when the log cannot be written.
pub async fn let_go(request: &HttpRequest) -> Result<(), Fault> {
    let scope = request.extensions_mut().remove::<Scope>();
    match scope {
        Some(scope) => scope.record_denials().await,
        None => Ok(()),
    }
}

/// What the guard noted of the request.
pub fn request_info(request: &HttpRequest) -> RequestInfo {
    request.extensions().get::<RequestInfo>().cloned().unwrap_or_default()
}

/// Notes that a request only reads, before anybody is let in with it.
pub fn note_reading(request: &HttpRequest) {
    if let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() {
        info.reads = true;
    }
}

/// Reads what audit entries and log lines say of a request. Forwarded headers count only where a
/// proxy is configured.
pub fn read_request_info(request: &HttpRequest, config: &Config) -> RequestInfo {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // Each proxy adds to the end, to the last line or in one of its own: only the very last is from the one in front of us.
    let last = || request.headers().get_all("x-forwarded-for").last().and_then(|value| value.to_str().ok());
    let forwarded = config.behind_proxy.then(|| last().and_then(|list| list.split(',').next_back())).flatten();
    let peer = || request.peer_addr().map(|peer| peer.ip().to_string());
    let proxied = config.behind_proxy.then(|| text("x-request-id")).flatten();
    let given = proxied.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    RequestInfo {
        id: given.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned),
        address: forwarded.map(|address| address.trim().to_owned()).or_else(peer).unwrap_or_default(),
        user_agent: text("user-agent").unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect(),
        reads: false,
    }
}
