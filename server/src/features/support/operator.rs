//! Entering, on the server's machine.

use chrono::TimeDelta;
use serde_json::json;
use shared::limits::SUPPORT_ADDRESS_MINUTES;
use uuid::Uuid;

use super::{
    Entered, SupportError,
    model::{VISITS_MAX, check_operator},
    repo,
    service::subject,
    session::author,
};
use crate::{
    access::{RequestInfo, Secret, Sql, audit::Entry},
    fault::Fault,
    features::{
        mail::{self, Letter, SendMail},
        members,
    },
    services::Services,
};

/// Makes an address by which somebody of the operator looks into an organization, by the grant that is open there. Its owners are mailed.
///
/// # Errors
/// `Invalid` naming `operator`; `NotFound` for an organization that is not there or closed; `Conflict` when it has opened no support access; `LimitExceeded`.
/// Nothing is written then.
pub async fn enter_by_operator(services: &Services, slug: &str, operator: &str) -> Result<Entered, Fault> {
    let operator = check_operator(operator)?;
    let tx = services.vault.lobby().await?;
    let found = repo::find_open(&tx, slug).await?.ok_or_else(|| Fault::not_found("organization", slug))?;
    let place = found.ok_or_else(|| SupportError::NoGrant(slug.to_owned()))?;
    if place.visits >= VISITS_MAX as i64 {
        return Err(SupportError::Many.into());
    }
    let (visit, secret) = (Uuid::now_v7(), Secret::opaque());
    let (granted_by, expires_at) = (place.grant.granted_by.clone(), place.grant.expires_at);
    let until = expires_at.min(tx.now() + TimeDelta::minutes(SUPPORT_ADDRESS_MINUTES));
    repo::insert_visit(&tx, visit, &place, &operator, secret.hash(), until).await?;
    let request = RequestInfo { id: Uuid::now_v7().simple().to_string(), ..RequestInfo::default() };
    for owner in members::reachable_owners(&tx, place.tenant).await? {
        let letter = Letter::SupportEntered {
            name: owner.name,
            organization: place.organization.clone(),
            operator: operator.clone(),
            granted_by: granted_by.clone(),
            until: mail::day(expires_at),
            link: format!("{}/organization", services.config.public_url()),
        };
        tx.enqueue(&SendMail { to: owner.email, letter }, &request.id).await?;
    }
    let entry = Entry::new("support.enter", subject(place.grant.id, &place.grant.reason))
        .detail(json!({ "operator": operator, "grantedBy": granted_by, "addressUntil": until, "expiresAt": expires_at }));
    tx.commit_in(place.tenant, author(&request, visit, &operator, &granted_by), entry).await?;
    Ok(Entered { url: format!("{}/support?token={}", services.config.public_url(), secret.expose()), granted_by, expires_at })
}
