//! The statements of job tokens. What is looked up when somebody comes by one stands in `public.job_tokens`; those whose run goes on have a row in the
//! organization's own table besides.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::{JobTokenId, PersonId, ProjectId, RunId, TenantId};

use super::{JobToken, model::Target};
use crate::{
    access::{Connection, Secret, Sql, WriteTx},
    fault::Fault,
};

fn token(row: &QueryResult) -> Result<JobToken, DbErr> {
    Ok(JobToken {
        id: JobTokenId::from_uuid(row.try_get("", "id")?),
        run: RunId::from_uuid(row.try_get("", "run_id")?),
        hint: row.try_get("", "hint")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        expires_at: row.try_get("", "expires_at")?,
        last_used_at: row.try_get("", "last_used_at")?,
    })
}

/// The tokens of a run that hold, the newest first.
pub async fn list<C: Connection>(tx: &C, run: RunId, now: DateTime<Utc>) -> Result<Vec<JobToken>, Fault> {
    let sql = "select k.id, k.run_id, k.hint, k.created_by, k.created_at, k.expires_at, k.last_used_at \
        from public.job_tokens k join job_tokens own on own.id = k.id \
        where own.run_id = $1 and k.revoked_at is null and k.expires_at > $2 order by k.id desc";
    Ok(tx.rows(sql, vec![run.uuid().into(), now.into()]).await?.iter().map(token).collect::<Result<_, _>>()?)
}

/// Whether the caller sees the run.
pub async fn sees<C: Connection>(tx: &C, run: RunId) -> Result<bool, Fault> {
    Ok(tx.row("select 1 from runs where id = $1", vec![run.uuid().into()]).await?.is_some())
}

/// The run that a token is to be for; it neither ends nor is removed until the transaction ends.
pub async fn target(tx: &WriteTx, run: RunId) -> Result<Option<Target>, Fault> {
    let sql = "select e.project_id, r.name, r.removed_at is null and e.removed_at is null and r.status in ('RUNNING', 'SCHEDULED') \
        from runs r join experiments e on e.id = r.experiment_id where r.id = $1 for share";
    let row = tx.row(sql, vec![run.uuid().into()]).await?;
    let target = |row: QueryResult| {
        Ok::<_, DbErr>(Target {
            project: ProjectId::from_uuid(row.try_get_by_index(0)?),
            name: row.try_get_by_index(1)?,
            open: row.try_get_by_index(2)?,
        })
    };
    Ok(row.map(target).transpose()?)
}

pub async fn insert(tx: &WriteTx, tenant: TenantId, person: PersonId, token: &JobToken, secret: &Secret) -> Result<(), Fault> {
    let sql = "insert into public.job_tokens (id, hash, tenant_id, run_id, person_id, created_by, hint, created_at, expires_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = vec![
        token.id.uuid().into(),
        secret.hash().into(),
        tenant.uuid().into(),
        token.run.uuid().into(),
        person.uuid().into(),
        token.created_by.clone().into(),
        token.hint.clone().into(),
        token.created_at.into(),
        token.expires_at.into(),
    ];
    tx.run(sql, values).await?;
    tx.run("insert into job_tokens (id, run_id) values ($1, $2)", vec![token.id.uuid().into(), token.run.uuid().into()]).await?;
    Ok(())
}

/// A token that holds and whose run the caller sees, with the run's project and name; locked until the transaction ends.
pub async fn lock(tx: &WriteTx, id: JobTokenId, now: DateTime<Utc>) -> Result<Option<(JobToken, ProjectId, String)>, Fault> {
    let sql = "select k.id, k.run_id, k.hint, k.created_by, k.created_at, k.expires_at, k.last_used_at, e.project_id, r.name \
        from public.job_tokens k join job_tokens own on own.id = k.id join runs r on r.id = own.run_id join experiments e on e.id = r.experiment_id \
        where k.id = $1 and k.revoked_at is null and k.expires_at > $2 for update of k";
    let row = tx.row(sql, vec![id.uuid().into(), now.into()]).await?;
    let locked = |row: QueryResult| Ok::<_, DbErr>((token(&row)?, ProjectId::from_uuid(row.try_get("", "project_id")?), row.try_get("", "name")?));
    Ok(row.map(locked).transpose()?)
}

pub async fn revoke(tx: &WriteTx, id: JobTokenId, now: DateTime<Utc>) -> Result<(), Fault> {
    tx.run("update public.job_tokens set revoked_at = $2 where id = $1", vec![id.uuid().into(), now.into()]).await?;
    tx.run("delete from job_tokens where id = $1", vec![id.uuid().into()]).await?;
    // What is under way with it is not entered after this.
    tx.raise_epoch().await
}
