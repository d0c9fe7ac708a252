//! Giving, listing and ending support access.

use serde_json::json;
use shared::{field::DisplayName, ids::SupportGrantId};
use uuid::Uuid;

use super::{EndSupport, GiveSupport, ListSupport, SupportError, SupportGrant, model::check_hours, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// What was given, the newest first, and who used it.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListSupport>, page: &Page) -> Result<Paged<SupportGrant>, Fault> {
    let (now, tenant) = (grant.now(), grant.tenant().id);
    let tx = grant.read().await?;
    let rows = repo::list(tx, tenant, now, page.after_id()?, page.limit_and_one()).await?;
    let total = repo::count(tx, tenant).await?;
    Ok(Paged::of(rows, page, total.unsigned_abs(), |given| given.id.to_string()))
}

/// Lets the operator's support look into the organization for so many hours.
///
/// # Errors
/// `Invalid` naming `hours` or `reason`; `Conflict` while it is open.
pub async fn give(grant: Grant<'_, GiveSupport>, hours: i32, reason: &str) -> Result<SupportGrant, Fault> {
    let life = check_hours(hours)?;
    if reason.trim().is_empty() {
        return Err(SupportError::Reason.into());
    }
    let reason = DisplayName::parse(reason).map_err(|refused| Fault::invalid("reason", refused.0))?;
    let (now, tenant, by) = (grant.now(), grant.tenant().id, grant.actor().clone());
    let tx = grant.begin().await?;
    if repo::is_open(&tx, tenant, now).await? {
        return Err(SupportError::Open.into());
    }
    let given = SupportGrant {
        id: SupportGrantId::from_uuid(Uuid::now_v7()),
        reason: reason.as_str().to_owned(),
        granted_by: by.logged().to_owned(),
        granted_at: now,
        expires_at: now + life,
        ended_at: None,
        ended_by: None,
        is_open: true,
        visits: Vec::new(),
    };
    repo::insert(&tx, tenant, &by, &given).await?;
    tx.commit(Entry::new("support.grant", subject(given.id, &given.reason)).detail(json!({ "hours": hours, "expiresAt": given.expires_at }))).await?;
    Ok(given)
}

/// Ends it: sessions by it find nothing from their next request on, and addresses that were not opened are worth nothing.
///
/// # Errors
/// `NotFound`, also for one that is over.
pub async fn end(grant: Grant<'_, EndSupport>, id: SupportGrantId) -> Result<SupportGrant, Fault> {
    let (now, tenant, by) = (grant.now(), grant.tenant().id, grant.actor().clone());
    let tx = grant.begin().await?;
    let ended = repo::end(&tx, tenant, id, by.logged(), now).await?.ok_or_else(|| Fault::not_found("support access", id))?;
    // Open pages ask again, and are sent away.
    tx.raise_epoch().await?;
    tx.commit(Entry::new("support.end", subject(ended.id, &ended.reason))).await?;
    Ok(ended)
}

/// A grant, as entries name it.
pub(super) fn subject(id: SupportGrantId, reason: &str) -> Subject {
    Subject::new("support_grant", id, reason)
}
