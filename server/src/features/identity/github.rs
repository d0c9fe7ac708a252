//! GitHub, in the cloud or on one's own machines: OAuth 2 without ID tokens, so who signed in is asked of its API.

use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse, TokenUrl, basic::BasicClient,
};
use serde::Deserialize;
use shared::field::Email;

use super::{
    SsoError,
    model::{Provider, Vouched},
    oidc::{Ticket, exchange, get, refusal},
};
use crate::platform::Outbound;

/// GitHub's own address; any other is a GitHub Enterprise server.
const CLOUD: &str = "https://github.com";
/// Pages of teams that are read, of a hundred each.
const PAGES: usize = 5;
const A_PAGE: (&str, &str) = ("per_page", "100");

type Github = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client(provider: &Provider, secret: &str, callback: &str) -> Result<Github, SsoError> {
    let wrong = |_| SsoError::Untrusted("address");
    Ok(BasicClient::new(ClientId::new(provider.client_id.clone()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{}/login/oauth/authorize", provider.issuer)).map_err(wrong)?)
        .set_token_uri(TokenUrl::new(format!("{}/login/oauth/access_token", provider.issuer)).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(callback.to_owned()).map_err(wrong)?))
}

/// Where the browser goes.
pub fn authorize(provider: &Provider, ticket: &Ticket<'_>) -> Result<String, SsoError> {
    let client = client(provider, "", ticket.callback)?;
    let verifier = PkceCodeVerifier::new(ticket.verifier.to_owned());
    let state = CsrfToken::new(ticket.state.to_owned());
    let scopes = ["read:user", "user:email", "read:org"].map(|scope| Scope::new(scope.to_owned()));
    let request = client.authorize_url(|| state).add_scopes(scopes);
    Ok(request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier)).url().0.to_string())
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct Organization {
    login: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
    organization: Organization,
}

/// Exchanges the code and asks who it is. Groups are organizations (`northwind`) and teams (`northwind/ml`).
///
/// # Errors
/// `Declined`, `Unreachable`, `Untrusted`.
pub async fn redeem(outbound: &Outbound, provider: &Provider, secret: &str, ticket: &Ticket<'_>, code: &str) -> Result<Vouched, SsoError> {
    let client = client(provider, secret, ticket.callback)?;
    let send = |request: HttpRequest| exchange(outbound, request);
    let asked = client.exchange_code(AuthorizationCode::new(code.to_owned())).set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier.to_owned()));
    // A code that was used is answered with 200 and an error in it.
    let answer = asked.request_async(&send).await.map_err(|error| match error {
        oauth2::RequestTokenError::Parse(..) => SsoError::Declined,
        other => refusal(other),
    })?;
    let bearer = answer.access_token().secret();
    let api = if provider.issuer == CLOUD { "https://api.github.com".to_owned() } else { format!("{}/api/v3", provider.issuer) };
    let user: User = ask(outbound, &format!("{api}/user"), &[], bearer).await?;
    let addresses: Vec<Address> = ask(outbound, &format!("{api}/user/emails"), &[A_PAGE], bearer).await?;
    let primary = addresses.into_iter().find(|address| address.primary);
    let mut groups = Vec::new();
    if !provider.group_roles.is_empty() {
        for page in 1..=PAGES {
            let teams: Vec<Team> = ask(outbound, &format!("{api}/user/teams"), &[A_PAGE, ("page", &page.to_string())], bearer).await?;
            let last = teams.len() < 100;
            groups.extend(teams.into_iter().map(|team| format!("{}/{}", team.organization.login, team.slug)));
            if last {
                break;
            }
        }
        let organizations: Vec<Organization> = ask(outbound, &format!("{api}/user/orgs"), &[A_PAGE], bearer).await?;
        groups.extend(organizations.into_iter().map(|organization| organization.login));
    }
    Ok(Vouched {
        subject: user.id.to_string(),
        email_verified: primary.as_ref().map(|address| address.verified),
        email: primary.and_then(|address| Email::parse(&address.email).ok()),
        name: user.name.filter(|name| !name.trim().is_empty()).or(Some(user.login)),
        groups,
    })
}

async fn ask<T: for<'de> Deserialize<'de>>(outbound: &Outbound, address: &str, query: &[(&str, &str)], bearer: &str) -> Result<T, SsoError> {
    let body = get(outbound, address, query, Some(bearer)).await?;
    serde_json::from_slice(&body).map_err(|_| SsoError::Untrusted("userinfo"))
}
