//! Signing in by a provider: the way there and the way back.

use std::time::Duration;

use serde_json::json;
use shared::{ids::MemberId, limits::SSO_MINUTES};
use uuid::Uuid;

use super::{
    Kind, Provider, SsoError, github,
    model::{Vouched, standing, with_provisioned},
    oidc::{self, Ticket},
    provider::sealed_for,
    repo::{self, Attempt, Keys, Known},
};
use crate::{
    access::{
        RequestInfo, Secret,
        audit::{Author, Entry, Subject},
        hash_of,
        lobby::LobbyTx,
        password,
        throttle::Limit,
    },
    fault::Fault,
    features::sessions::{self, Entrance, Means, Opened},
    services::Services,
};

const PER_ADDRESS: Limit = Limit { attempts: 300, window: Duration::from_secs(900) };
const IN_ALL: Limit = Limit { attempts: 6_000, window: Duration::from_secs(900) };
/// Longest path that is remembered to go on to, in bytes.
const NEXT_MAX: usize = 2_000;

/// A sign-in that was begun.
pub struct Begun {
    /// Where the browser goes: the provider.
    pub address: String,
    /// What it must bring back, in a cookie, beside the state.
    pub browser: Secret,
}

/// What the provider sent the browser back with.
pub struct Answer<'a> {
    pub state: &'a str,
    pub code: Option<&'a str>,
    /// The issuer, where the answer names it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// The browser's secret from its cookie.
    pub browser: &'a str,
}

/// Begins a sign-in by the provider of the organization with a short name; afterwards the browser goes on to `next`.
///
/// # Errors
/// `Unknown`, `Unreachable`, `Untrusted`, `TooMany`, or a fault.
pub async fn begin(services: &Services, request: &RequestInfo, slug: &str, next: &str) -> Result<Begun, SsoError> {
    for (key, limit) in [(format!("sso:address:{}", request.address), PER_ADDRESS), ("sso:all".into(), IN_ALL)] {
        services.throttle.attempt(&key, limit).await?;
    }
    let tx = services.vault.lobby().await?;
    let (provider, _) = repo::find_by_slug(&tx, slug).await?.ok_or(SsoError::Unknown)?;
    drop(tx);
    let [state, browser, nonce, verifier] = std::array::from_fn(|_| Secret::opaque());
    let ticket = Ticket { state: state.expose(), nonce: nonce.expose(), verifier: verifier.expose(), callback: &callback(services) };
    let address = match provider.kind {
        Kind::Oidc => {
            let metadata = services.issuers.discover(&services.outbound, &provider.issuer, services.clock().now()).await?;
            oidc::authorize(&provider, &metadata, &ticket)?
        }
        Kind::Github => github::authorize(&provider, &ticket)?,
    };
    let next = if next.len() <= NEXT_MAX { next } else { "" };
    let attempt = Attempt { tenant: provider.tenant, nonce: nonce.expose().into(), verifier: verifier.expose().into(), next: next.to_owned() };
    let tx = services.vault.lobby().await?;
    repo::insert_attempt(&tx, Keys { state_hash: state.hash(), browser_hash: browser.hash() }, &attempt, SSO_MINUTES).await?;
    // Nobody has signed in yet, so there is nothing to enter anywhere.
    tx.commit_unlogged().await?;
    Ok(Begun { address, browser })
}

/// Ends a sign-in: whoever the provider vouches for is signed in, and the browser goes on to the path that comes with it.
///
/// # Errors
/// Every case of [`SsoError`], with the short name of the organization when it is known.
pub async fn finish(services: &Services, request: &RequestInfo, answer: &Answer<'_>) -> Result<(Opened, String), (SsoError, Option<String>)> {
    let (attempt, provider, sealed) = take(services, answer).await.map_err(|error| (error, None))?;
    let slug = provider.slug.clone();
    let mut vouched = None;
    let outcome = match redeem(services, &provider, &sealed, &attempt, answer).await {
        Ok(found) => {
            let outcome = let_in(services, request, &provider, &found).await;
            vouched = Some(found);
            outcome
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(opened) => Ok((opened, attempt.next)),
        Err(error) => {
            if let Err(fault) = note_refusal(services, request, &provider, &error, vouched.as_ref()).await {
                tracing::warn!(%fault, "could not enter a refused single sign-on");
            }
            Err((error, Some(slug)))
        }
    }
}

/// Takes the attempt that an answer belongs to, once.
async fn take(services: &Services, answer: &Answer<'_>) -> Result<(Attempt, Provider, Vec<u8>), SsoError> {
    let tx = services.vault.lobby().await?;
    let keys = Keys { state_hash: hash_of(answer.state), browser_hash: hash_of(answer.browser) };
    let attempt = repo::take_attempt(&tx, keys).await?.ok_or(SsoError::Stale)?;
    let (provider, sealed) = repo::find(&tx, attempt.tenant).await?.ok_or(SsoError::Stale)?;
    // What becomes of it is entered at its end.
    tx.commit_unlogged().await?;
    Ok((attempt, provider, sealed))
}

async fn redeem(services: &Services, provider: &Provider, sealed: &[u8], attempt: &Attempt, answer: &Answer<'_>) -> Result<Vouched, SsoError> {
    let code = answer.code.ok_or(SsoError::Declined)?;
    let secret = services.seal.unseal(&sealed_for(provider), sealed);
    let secret = secret.ok_or_else(|| Fault::internal("a provider's client secret was sealed with another key"))?;
    let ticket = Ticket { state: answer.state, nonce: &attempt.nonce, verifier: &attempt.verifier, callback: &callback(services) };
    match provider.kind {
        Kind::Oidc => {
            let now = services.clock().now();
            oidc::redeem(&services.issuers, &services.outbound, provider, &secret, &ticket, code, answer.issuer, now).await
        }
        Kind::Github => github::redeem(&services.outbound, provider, &secret, &ticket, code).await,
    }
}

/// Finds or makes the person and their membership, and opens a session: one transaction.
async fn let_in(services: &Services, request: &RequestInfo, provider: &Provider, vouched: &Vouched) -> Result<Opened, SsoError> {
    let tx = services.vault.lobby().await?;
    let (known, linked) = match repo::find_identity(&tx, provider, &vouched.subject).await? {
        Some(known) => (known, false),
        None => (link(&tx, provider, vouched).await?, true),
    };
    if known.disabled || !repo::admits(&tx, provider.tenant, &known.email).await? {
        return Err(SsoError::NoAccess);
    }
    let (member, entries) = place(&tx, provider, vouched, &known).await?;
    let entrance =
        Entrance { person: known.person, tenant: provider.tenant, member: MemberId::from_uuid(member), email: &known.email, second_factor: None };
    let means = Means::Provider { issuer: &provider.issuer, linked };
    Ok(sessions::open(tx, request, &entrance, means, entries).await?)
}

/// A first sign-in: the person with the address that the provider has verified, made if there is none.
async fn link(tx: &LobbyTx, provider: &Provider, vouched: &Vouched) -> Result<Known, SsoError> {
    let email = match (&vouched.email, vouched.email_verified) {
        (Some(email), Some(true)) => email,
        (Some(_), None) => return Err(SsoError::Unsaid),
        _ => return Err(SsoError::Unverified),
    };
    let known = match repo::find_person(tx, email).await? {
        Some(known) => known,
        None => {
            let hash = password::hash_of_nobodys().await?;
            repo::insert_person(tx, email, &vouched.display_name(email), &hash).await?
        }
    };
    // An address that passed to somebody else at the provider does not pass on an account here.
    if repo::insert_identity(tx, provider, &vouched.subject, known.person).await? { Ok(known) } else { Err(SsoError::Untrusted("subject")) }
}

/// The membership as the provider's groups have it, with the entries of what changed.
async fn place(tx: &LobbyTx, provider: &Provider, vouched: &Vouched, known: &Known) -> Result<(Uuid, Vec<Entry>), SsoError> {
    let current = repo::find_member(tx, provider.tenant, known.person).await?;
    // The directory says who has no access, whatever the provider vouches for.
    if current.as_ref().is_some_and(|current| current.suspended) {
        return Err(SsoError::NoAccess);
    }
    let invited = match &current {
        Some(_) => None,
        None => repo::take_invitation(tx, provider.tenant, &known.email).await?,
    };
    let provisioned = current.as_ref().map(|current| &current.group_roles).or(invited.as_ref().map(|invited| &invited.group_roles));
    let roles = standing(
        provider,
        &vouched.groups,
        current.as_ref().map(|current| current.roles.as_slice()),
        invited.as_ref().map(|invited| invited.group_roles.first().unwrap_or(&invited.role).as_str()),
    );
    let roles = with_provisioned(roles, provisioned.map_or(&[], Vec::as_slice)).ok_or(SsoError::NoAccess)?;
    let subject = |member: Uuid| Subject::new("member", MemberId::from_uuid(member), &known.email);
    match current {
        Some(current) if current.roles == roles => Ok((current.member, Vec::new())),
        Some(current) => {
            repo::put_member(tx, provider.tenant, known.person, &roles, None).await?;
            let detail = json!({ "from": current.roles, "to": roles, "by": "groups" });
            Ok((current.member, vec![Entry::new("member.update_roles", subject(current.member)).detail(detail)]))
        }
        None => {
            let member = repo::put_member(tx, provider.tenant, known.person, &roles, invited.as_ref()).await?;
            let by = if invited.is_some() { "invitation" } else { "provider" };
            Ok((member, vec![Entry::new("member.join", subject(member)).detail(json!({ "roles": roles, "by": by }))]))
        }
    }
}

/// A refused sign-in stands in the organization's log with its reason, which a page does not tell in full.
async fn note_refusal(
    services: &Services,
    request: &RequestInfo,
    provider: &Provider,
    error: &SsoError,
    vouched: Option<&Vouched>,
) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let email = vouched.and_then(|vouched| vouched.email.as_ref()).map(|email| email.as_str().to_owned()).unwrap_or_default();
    let author = Author {
        kind: "anonymous",
        id: String::new(),
        name: email,
        credential: String::new(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    };
    let detail = json!({ "reason": error.reason(), "issuer": provider.issuer, "subject": vouched.map(|vouched| &vouched.subject) });
    let entry = Entry::new("session.create", Subject::new("identity_provider", provider.tenant, &provider.label)).detail(detail).denied();
    tx.commit_in(provider.tenant, author, entry).await
}

/// Where providers send people back to.
fn callback(services: &Services) -> String {
    format!("{}/sso/callback", services.config.public_url())
}
