//! Making, listing and revoking job tokens.

use chrono::TimeDelta;
use serde_json::json;
use shared::{
    Permission,
    ids::{JobTokenId, RunId},
};
use uuid::Uuid;

use super::{
    JobToken, JobTokenError, ListJobTokens, ManageJobTokens,
    model::{TOKENS_MAX, check_hours},
    repo,
};
use crate::{
    access::{
        Grant, Scope, Secret,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::tokens,
};

/// The tokens of a run that hold, the newest first.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn list(grant: Grant<'_, ListJobTokens>, run: RunId) -> Result<Vec<JobToken>, Fault> {
    let now = grant.now();
    let tx = grant.read().await?;
    let tokens = repo::list(tx, run, now).await?;
    if tokens.is_empty() && !repo::sees(tx, run).await? {
        return Err(Fault::not_found("run", run));
    }
    Ok(tokens)
}

/// Makes a token for a run that goes on, and returns its secret, once.
///
/// # Errors
/// `NotFound`; `Invalid` naming `hours`; `Conflict` for a run that has ended or was removed; `LimitExceeded` with 20 tokens of the run; `Forbidden`, also
/// when a token asks or the sign-in is an hour old.
pub async fn create(scope: &Scope, run: RunId, hours: i32) -> Result<(JobToken, Secret), Fault> {
    let grant: Grant<'_, ManageJobTokens> = scope.grant()?;
    tokens::check_maker(grant.actor(), grant.now())?;
    let hours = check_hours(hours)?;
    let (now, tenant, person, by) = (grant.now(), grant.tenant().id, grant.actor().person, grant.actor().called());
    let tx = grant.begin().await?;
    let target = repo::target(&tx, run).await?.ok_or_else(|| Fault::not_found("run", run))?;
    if !scope.may_in(Permission::RunsWrite, target.project) {
        return Err(Fault::barred());
    }
    if !target.open {
        return Err(JobTokenError::Ended.into());
    }
    if repo::list(&tx, run, now).await?.len() >= TOKENS_MAX {
        return Err(JobTokenError::Many.into());
    }
    let secret = Secret::job_token();
    let token = JobToken {
        id: JobTokenId::from_uuid(Uuid::now_v7()),
        run,
        hint: secret.hint(),
        created_by: by,
        created_at: now,
        expires_at: now + TimeDelta::hours(hours),
        last_used_at: None,
    };
    repo::insert(&tx, tenant, person, &token, &secret).await?;
    let detail = json!({ "run": run, "expiresAt": token.expires_at });
    tx.commit(Entry::new("job_token.create", Subject::new("job_token", token.id, &target.name)).detail(detail)).await?;
    Ok((token, secret))
}

/// Revokes a token, at once and everywhere.
///
/// # Errors
/// `NotFound`, also for one that has ended; `Forbidden`.
pub async fn revoke(scope: &Scope, id: JobTokenId) -> Result<JobToken, Fault> {
    let grant: Grant<'_, ManageJobTokens> = scope.grant()?;
    let now = grant.now();
    let tx = grant.begin().await?;
    let (token, project, name) = repo::lock(&tx, id, now).await?.ok_or_else(|| Fault::not_found("job_token", id))?;
    if !scope.may_in(Permission::RunsWrite, project) {
        return Err(Fault::barred());
    }
    repo::revoke(&tx, id, now).await?;
    tx.commit(Entry::new("job_token.revoke", Subject::new("job_token", id, name)).detail(json!({ "run": token.run }))).await?;
    Ok(token)
}
