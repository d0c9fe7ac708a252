//! Making, listing and revoking links, and what one shows.

use chrono::TimeDelta;
use serde_json::json;
use shared::{
    Permission,
    field::DisplayName,
    ids::{ExperimentId, LinkId, RunId},
};
use uuid::Uuid;

use super::{
    Link, LinkError, ListLinks, ManageLinks, OpenLink,
    model::{LINKS_MAX, Opened, check_days},
    repo,
};
use crate::{
    access::{
        ActorKind, Grant, Scope, Secret,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// The links to an experiment and its runs that hold, the newest first.
///
/// # Errors
/// `NotFound`; `Invalid` for a cursor that is not ours; `Forbidden`.
pub async fn list(grant: Grant<'_, ListLinks>, experiment: ExperimentId, page: &Page) -> Result<Paged<Link>, Fault> {
    let now = grant.now();
    let tx = grant.read().await?;
    let rows = repo::list(tx, experiment, now, page.after_id()?, page.limit_and_one()).await?;
    let total = repo::count(tx, experiment, now).await?;
    if total == 0 && !repo::sees(tx, experiment).await? {
        return Err(Fault::not_found("experiment", experiment));
    }
    Ok(Paged::of(rows, page, total.unsigned_abs(), |link| link.id.to_string()))
}

/// Makes a link to an experiment, or to one run, and returns its secret, once.
///
/// # Errors
/// `NotFound`; `Invalid` naming `label` or `expiresInDays`; `Conflict` for what is removed; `LimitExceeded` with 50 links to the experiment; `Forbidden`.
pub async fn create(scope: &Scope, shows: Shows, label: &str, expires_in_days: i32) -> Result<(Link, Secret), Fault> {
    let grant: Grant<'_, ManageLinks> = scope.grant()?;
    let label = DisplayName::parse(label).map_err(|refused| Fault::invalid("label", refused.0))?;
    let days = check_days(expires_in_days)?;
    let (now, tenant, by) = (grant.now(), grant.tenant().id, grant.actor().called());
    let tx = grant.begin().await?;
    let target = match shows {
        Shows::Experiment(id) => repo::experiment(&tx, id).await?.ok_or_else(|| Fault::not_found("experiment", id))?,
        Shows::Run(id) => repo::run(&tx, id).await?.ok_or_else(|| Fault::not_found("run", id))?,
    };
    if !scope.may_in(Permission::ProjectsShare, target.project) {
        return Err(Fault::barred());
    }
    if target.removed {
        return Err(LinkError::Removed.into());
    }
    if repo::count(&tx, target.experiment, now).await? >= LINKS_MAX {
        return Err(LinkError::Many.into());
    }
    let secret = Secret::opaque();
    let link = Link {
        id: LinkId::from_uuid(Uuid::now_v7()),
        experiment: target.experiment,
        run: target.run,
        label: label.as_str().to_owned(),
        hint: secret.hint(),
        created_by: by,
        created_at: now,
        expires_at: now + TimeDelta::days(days),
        last_used_at: None,
    };
    repo::insert(&tx, tenant, &link, &secret).await?;
    let detail = json!({ "shows": target.name, "experiment": link.experiment, "run": link.run, "expiresAt": link.expires_at });
    tx.commit(Entry::new("link.create", Subject::new("link", link.id, &link.label)).detail(detail)).await?;
    Ok((link, secret))
}

/// What a link is to show.
#[derive(Clone, Copy, Debug)]
pub enum Shows {
    Experiment(ExperimentId),
    Run(RunId),
}

/// Revokes a link, at once and everywhere.
///
/// # Errors
/// `NotFound`, also for one that has ended; `Forbidden`.
pub async fn revoke(scope: &Scope, id: LinkId) -> Result<Link, Fault> {
    let grant: Grant<'_, ManageLinks> = scope.grant()?;
    let now = grant.now();
    let tx = grant.begin().await?;
    let (link, project) = repo::lock(&tx, id, now).await?.ok_or_else(|| Fault::not_found("link", id))?;
    if !scope.may_in(Permission::ProjectsShare, project) {
        return Err(Fault::barred());
    }
    repo::revoke(&tx, id, now).await?;
    tx.commit(Entry::new("link.revoke", Subject::new("link", link.id, &link.label))).await?;
    Ok(link)
}

/// What the link shows by which the caller came; `None` for who came otherwise, and when what it showed was removed.
///
/// # Errors
/// `Forbidden`; `Unavailable` or `Internal`.
pub async fn opened(grant: Grant<'_, OpenLink>) -> Result<Option<Opened>, Fault> {
    if grant.actor().kind != ActorKind::Link {
        return Ok(None);
    }
    repo::opened(grant.read().await?).await
}
