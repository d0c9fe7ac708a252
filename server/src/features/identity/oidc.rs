//! OpenID Connect: discovery, the way to the provider, and what it brings back (Core 1.0, Discovery 1.0, RFC 7636, RFC 9207).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
    http,
};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    SsoError,
    id_token::{self, Expected, Jwk, Rejected},
    model::{Provider, Vouched},
};
use crate::platform::{Outbound, OutboundError, Peer};

/// How long discovery and keys are kept.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// A key nobody knows makes us look at the provider's keys again, at most once in so long.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Of one question to a provider, the look-up of its name included: somebody waits.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of an answer: the keys of a large provider are 20 kB, the claims of somebody in a thousand groups 60 kB.
const ANSWER_MAX: usize = 256 * 1024;

/// What a provider says of itself, as far as it is needed.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct IdTokenField {
    id_token: Option<String>,
}
impl ExtraTokenFields for IdTokenField {}

type TokenAnswer = StandardTokenResponse<IdTokenField, BasicTokenType>;
type OidcClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What providers said lately, by the address it was read from. Cloning shares it.
#[derive(Clone)]
pub struct Issuers {
    metadata: moka::sync::Cache<String, (DateTime<Utc>, Arc<Metadata>)>,
    keys: moka::sync::Cache<String, (DateTime<Utc>, Arc<Vec<Jwk>>)>,
}

impl Default for Issuers {
    fn default() -> Self {
        Self { metadata: moka::sync::Cache::new(1_000), keys: moka::sync::Cache::new(1_000) }
    }
}

impl Issuers {
    /// What the issuer says of itself: as read within ten minutes, or read now.
    ///
    /// # Errors
    /// `Unreachable`; `Untrusted` when it is no OpenID provider or names another issuer than the one that was asked.
    pub async fn discover(&self, outbound: &Outbound, issuer: &str, now: DateTime<Utc>) -> Result<Arc<Metadata>, SsoError> {
        if let Some((_, metadata)) = self.metadata.get(issuer).filter(|(at, _)| now - *at < FRESH) {
            return Ok(metadata);
        }
        let metadata = read_metadata(outbound, issuer).await?;
        self.metadata.insert(issuer.to_owned(), (now, metadata.clone()));
        Ok(metadata)
    }

    /// Forgets what an issuer said of itself: somebody has just set it up anew.
    pub fn forget(&self, issuer: &str) {
        self.metadata.invalidate(issuer);
    }

    async fn keys(&self, outbound: &Outbound, uri: &str, now: DateTime<Utc>, fresh: TimeDelta) -> Result<Arc<Vec<Jwk>>, SsoError> {
        if let Some((_, keys)) = self.keys.get(uri).filter(|(at, _)| now - *at < fresh) {
            return Ok(keys);
        }
        let keys = Arc::new(id_token::read_keys(&get(outbound, uri, &[], None).await?).ok_or(SsoError::Untrusted("keys"))?);
        self.keys.insert(uri.to_owned(), (now, keys.clone()));
        Ok(keys)
    }
}

async fn read_metadata(outbound: &Outbound, issuer: &str) -> Result<Arc<Metadata>, SsoError> {
    let body = get(outbound, &format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')), &[], None).await?;
    let metadata: Metadata = serde_json::from_slice(&body).map_err(|_| SsoError::Untrusted("discovery"))?;
    if metadata.issuer != issuer {
        return Err(SsoError::Untrusted("issuer"));
    }
    // What we ask ourselves is guarded again when it is asked; where a person's browser is sent must be as safe as the issuer.
    let endpoints =
        [Some(&metadata.authorization_endpoint), Some(&metadata.token_endpoint), Some(&metadata.jwks_uri), metadata.userinfo_endpoint.as_ref()];
    let as_safe = |endpoint: &String| {
        Url::parse(endpoint).is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && issuer.starts_with("http://")))
    };
    if endpoints.into_iter().flatten().all(as_safe) { Ok(Arc::new(metadata)) } else { Err(SsoError::Untrusted("discovery")) }
}

/// Looks an address up. Without TLS only networks that the operator allows are asked.
pub(super) async fn connect(outbound: &Outbound, address: &str) -> Result<Peer, OutboundError> {
    let peer = outbound.connect(address).await?;
    if peer.has_tls() || !peer.is_public() { Ok(peer) } else { Err(OutboundError::Address) }
}

/// Asks a provider one thing.
async fn ask(
    outbound: &Outbound,
    method: Method,
    address: &str,
    fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
) -> Result<Bytes, OutboundError> {
    let asked = async {
        let peer = connect(outbound, address).await?;
        peer.read(fill(peer.request_itself(method)), ANSWER_MAX).await
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(OutboundError::Unreachable))
}

/// A JSON document, which must answer with 200.
pub(super) async fn get(outbound: &Outbound, address: &str, query: &[(&str, &str)], bearer: Option<&str>) -> Result<Bytes, SsoError> {
    let fill = |request: reqwest::RequestBuilder| {
        let request = request.query(query).header("accept", "application/json");
        match bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    };
    Ok(ask(outbound, Method::GET, address, fill).await?)
}

/// Carries what `oauth2` asks of a token endpoint.
pub(super) async fn exchange(outbound: &Outbound, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
    let (parts, body) = request.into_parts();
    let fill = |request: reqwest::RequestBuilder| request.headers(parts.headers).body(body);
    let answer = ask(outbound, Method::POST, &parts.uri.to_string(), fill).await?;
    Ok(http::Response::new(answer.to_vec()))
}

/// Why a code was not exchanged.
pub(super) fn refusal<T: oauth2::ErrorResponse>(error: RequestTokenError<OutboundError, T>) -> SsoError {
    match error {
        RequestTokenError::Request(OutboundError::Failed | OutboundError::Refused | OutboundError::Absent) => SsoError::Declined,
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::ServerResponse(_) => SsoError::Declined,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => SsoError::Untrusted("form"),
    }
}

/// One sign-in: what was made for it and must come back.
pub struct Ticket<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
    pub callback: &'a str,
}

fn client(provider: &Provider, secret: &str, metadata: &Metadata, callback: &str) -> Result<OidcClient, SsoError> {
    let wrong = |_| SsoError::Untrusted("discovery");
    // Basic is what a provider takes that does not say (Discovery 1.0, section 3).
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
    Ok(Client::new(ClientId::new(provider.client_id.clone()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
        .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(wrong)?)
        .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(callback.to_owned()).map_err(wrong)?))
}

/// Where the browser goes.
pub fn authorize(provider: &Provider, metadata: &Metadata, ticket: &Ticket<'_>) -> Result<String, SsoError> {
    let client = client(provider, "", metadata, ticket.callback)?;
    let verifier = PkceCodeVerifier::new(ticket.verifier.to_owned());
    let state = CsrfToken::new(ticket.state.to_owned());
    let groups = metadata.scopes_supported.iter().any(|scope| scope == "groups").then_some("groups");
    let scopes = ["openid", "email", "profile"].into_iter().chain(groups).map(|scope| Scope::new(scope.to_owned()));
    let request = client.authorize_url(|| state).add_scopes(scopes).add_extra_param("nonce", ticket.nonce);
    Ok(request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier)).url().0.to_string())
}

/// Exchanges the code and says whom the provider vouches for. `named` is the issuer that the answer itself names, if it does.
///
/// # Errors
/// `Declined`, `Unreachable`, `Untrusted`.
#[expect(clippy::too_many_arguments, reason = "each is one thing that the answer is held against")]
pub async fn redeem(
    issuers: &Issuers,
    outbound: &Outbound,
    provider: &Provider,
    secret: &str,
    ticket: &Ticket<'_>,
    code: &str,
    named: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vouched, SsoError> {
    let metadata = issuers.discover(outbound, &provider.issuer, now).await?;
    // An answer of another provider, sent here to be mistaken for this one's.
    let required = metadata.authorization_response_iss_parameter_supported;
    if named.map_or(required, |named| named != metadata.issuer) {
        return Err(SsoError::Untrusted("issuer"));
    }
    let client = client(provider, secret, &metadata, ticket.callback)?;
    let send = |request: HttpRequest| exchange(outbound, request);
    let asked = client.exchange_code(AuthorizationCode::new(code.to_owned())).set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier.to_owned()));
    let answer = asked.request_async(&send).await.map_err(refusal)?;
    let token = answer.extra_fields().id_token.as_deref().ok_or(SsoError::Untrusted("form"))?;
    let expected = Expected { issuer: &metadata.issuer, client_id: &provider.client_id, nonce: ticket.nonce, now };
    let claims = verify(issuers, outbound, &metadata, token, &expected).await?;
    let no_groups = !provider.group_roles.is_empty() && Vouched::read(&claims, &provider.groups_claim).groups.is_empty();
    match &metadata.userinfo_endpoint {
        Some(endpoint) if no_groups || claims.get("email").is_none() => {
            let more = get(outbound, endpoint, &[], Some(answer.access_token().secret())).await?;
            Ok(Vouched::read(&joined(claims, &more)?, &provider.groups_claim))
        }
        _ => Ok(Vouched::read(&claims, &provider.groups_claim)),
    }
}

/// A name of a key that is not among those we keep, or a signature that none of them made: the provider may have changed its keys.
async fn verify(issuers: &Issuers, outbound: &Outbound, metadata: &Metadata, token: &str, expected: &Expected<'_>) -> Result<Value, SsoError> {
    let keys = issuers.keys(outbound, &metadata.jwks_uri, expected.now, FRESH).await?;
    match id_token::verify(token, &keys, expected) {
        Err(Rejected::Key | Rejected::Signature) => {
            let keys = issuers.keys(outbound, &metadata.jwks_uri, expected.now, LOOK_AGAIN).await?;
            Ok(id_token::verify(token, &keys, expected)?)
        }
        verified => Ok(verified?),
    }
}

/// The claims of the token and, where it does not have them, of the user info, which must be about the same subject.
fn joined(mut claims: Value, more: &[u8]) -> Result<Value, SsoError> {
    let more: Value = serde_json::from_slice(more).map_err(|_| SsoError::Untrusted("userinfo"))?;
    let (Some(claims_map), Value::Object(more)) = (claims.as_object_mut(), more) else { return Err(SsoError::Untrusted("userinfo")) };
    if more.get("sub") != claims_map.get("sub") {
        return Err(SsoError::Untrusted("userinfo"));
    }
    // An address and whether it is verified belong together.
    let own_email = claims_map.contains_key("email");
    for (name, value) in more {
        if !(own_email && (name == "email_verified" || name == "xms_edov")) {
            claims_map.entry(name).or_insert(value);
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn t65_user_info_is_about_the_same_subject_and_verifies_no_other_address() {
        let token = json!({ "sub": "1", "email": "ada@example.com" });
        let more = |value: Value| serde_json::to_vec(&value).expect("JSON");
        let both =
            joined(token.clone(), &more(json!({ "sub": "1", "email": "x@evil.io", "email_verified": true, "groups": ["ml"] }))).expect("joins");
        assert_eq!(both, json!({ "sub": "1", "email": "ada@example.com", "groups": ["ml"] }));
        assert_eq!(joined(token.clone(), &more(json!({ "sub": "1", "xms_edov": true }))).expect("joins"), token);
        assert!(joined(token.clone(), &more(json!({ "sub": "2", "email_verified": true }))).is_err());
        assert!(joined(token.clone(), b"not JSON").is_err());
        assert!(joined(token, &more(json!([]))).is_err());
    }
}
