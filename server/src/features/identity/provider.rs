//! Which provider an organization believes.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{ErrorCode, Role};

use super::{ChangeProvider, GroupRole, Kind, Preview, Provider, ReadProvider, SsoError, Wanted, oidc, repo};
use crate::{
    access::{
        Grant, Scope, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::roles,
    services::Services,
};

/// Every answer about an address takes at least so long: what is behind it is not told by the time it took.
const AT_LEAST: Duration = Duration::from_millis(700);

/// The organization's provider.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get(grant: Grant<'_, ReadProvider>) -> Result<Option<Provider>, Fault> {
    Ok(repo::find(grant.read().await?, grant.tenant().id).await?.map(|(provider, _)| provider))
}

/// What somebody who has not signed in may know of an organization's provider, by its short name.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn preview(services: &Services, slug: &str) -> Result<Option<Preview>, Fault> {
    let tx = services.vault.lobby().await?;
    Ok(repo::find_by_slug(&tx, slug.trim()).await?.map(|(provider, _)| Preview { slug: provider.slug, label: provider.label }))
}

/// Believes a provider from now on. It is asked first: one that does not answer is not taken.
///
/// # Errors
/// `Invalid` naming the field, also when it is to be the only way in and nobody has signed in through it yet.
pub async fn set(services: &Services, scope: &Scope, wanted: Wanted) -> Result<Provider, Fault> {
    scope.grant::<ChangeProvider>()?;
    let tenant = scope.tenant().clone();
    let mut provider = wanted.check(&tenant, scope.now()).map_err(|(field, why)| Fault::invalid(field, why))?;
    services.outbound.parse(&provider.issuer).map_err(|error| Fault::invalid("issuer", error.to_string()))?;
    // Nothing is held while somebody else's server is asked.
    scope.rest();
    let (answered, ()) = tokio::join!(answers(services, scope, &provider), tokio::time::sleep(AT_LEAST));
    answered.map_err(|error| Fault::invalid("issuer", discovery_words(&error)))?;
    let grant: Grant<'_, ChangeProvider> = scope.grant()?;
    let tx = grant.begin().await?;
    let before = repo::find(&tx, tenant.id).await?;
    check_roles(&tx, &provider, before.as_ref().map(|(before, _)| before)).await?;
    let same = before
        .as_ref()
        .filter(|(before, _)| (before.kind, &before.issuer, &before.client_id) == (provider.kind, &provider.issuer, &provider.client_id));
    let secret = match (wanted.client_secret.trim(), same) {
        // A kept secret goes only where it went before.
        ("", Some((_, sealed))) => sealed.clone(),
        (secret, _) => {
            shared::provider::client_secret(secret).map_err(|refused| Fault::invalid("clientSecret", refused.0))?;
            services.seal.seal(&sealed_for(&provider), secret)?
        }
    };
    provider.vouched_since = same.map_or(provider.updated_at, |(before, _)| before.vouched_since);
    (provider.signed_in, provider.every_address) = repo::circumstances(&tx, &provider).await?;
    provider.check_default().map_err(|(field, why)| Fault::invalid(field, why))?;
    if provider.required && provider.signed_in == 0 {
        return Err(Fault::invalid(
            "required",
            "Nobody has signed in through this provider yet. Save it, sign in through it once, then make it the only way in.",
        ));
    }
    repo::set(&tx, &provider, secret).await?;
    let detail = json!({
        "from": before.as_ref().map(|(before, _)| told(before)), "to": told(&provider), "newSecret": !wanted.client_secret.trim().is_empty(),
    });
    tx.commit(Entry::new("identity_provider.set", Subject::new("identity_provider", tenant.id, &provider.label)).detail(detail)).await?;
    Ok(provider)
}

/// Whether each role that groups shall give exists, and the caller may give it. What stood there before may stay.
async fn check_roles(tx: &WriteTx, provider: &Provider, before: Option<&Provider>) -> Result<(), Fault> {
    let known = |rule: &&GroupRole| before.is_some_and(|before| before.group_roles.contains(rule));
    let names: Vec<String> = provider.group_roles.iter().filter(|rule| !known(rule)).map(|rule| rule.role.clone()).collect();
    let checked = roles::check_gift(tx, &names).await;
    checked.map(drop).map_err(|fault| match fault.code() {
        ErrorCode::Invalid => Fault::invalid("groupRoles", "One of these is no role. Write roles by their names, as in the list."),
        _ => fault,
    })
}

/// Whether a provider is there: one of OpenID Connect says what it is, of GitHub only the address is looked up.
async fn answers(services: &Services, scope: &Scope, provider: &Provider) -> Result<(), SsoError> {
    match provider.kind {
        Kind::Oidc => {
            services.issuers.forget(&provider.issuer);
            services.issuers.discover(&services.outbound, &provider.issuer, scope.now()).await.map(drop)
        }
        Kind::Github => Ok(oidc::connect(&services.outbound, &provider.issuer).await.map(drop)?),
    }
}

/// Believes no provider any more. Sessions that it vouched for end, and passwords lead in again.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn remove(grant: Grant<'_, ChangeProvider>) -> Result<Provider, Fault> {
    let tenant = grant.tenant().clone();
    let tx = grant.begin().await?;
    let (provider, _) = repo::find(&tx, tenant.id)
        .await?
        .ok_or_else(|| Fault::new(shared::ErrorCode::NotFound, format!("Identity provider of {} was not found.", tenant.name)))?;
    repo::remove(&tx, tenant.id).await?;
    let entry = Entry::new("identity_provider.remove", Subject::new("identity_provider", tenant.id, &provider.label)).detail(told(&provider));
    tx.commit(entry).await?;
    Ok(provider)
}

/// What the audit log says of a provider.
fn told(provider: &Provider) -> Value {
    json!({
        "kind": provider.kind.as_str(), "label": provider.label, "issuer": provider.issuer, "clientId": provider.client_id,
        "groupsClaim": provider.groups_claim, "groupRoles": provider.group_roles, "defaultRole": provider.default_role.map(Role::as_str),
        "required": provider.required,
    })
}

/// What the client secret of a provider is sealed as.
pub(super) fn sealed_for(provider: &Provider) -> String {
    format!("client secret of {} at {} of {}", provider.client_id, provider.issuer, provider.tenant)
}

fn discovery_words(error: &SsoError) -> &'static str {
    match error {
        SsoError::Untrusted("issuer") => {
            "The provider at this address calls itself otherwise. Enter its issuer exactly as its configuration shows it."
        }
        _ => {
            "No provider answers at this address. It must be reachable from here by https; of OpenID Connect /.well-known/openid-configuration is asked below it."
        }
    }
}
