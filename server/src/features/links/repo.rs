//! The statements of links.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::{ExperimentId, LinkId, ProjectId, RunId, TenantId};
use uuid::Uuid;

use super::{
    Link,
    model::{Opened, Target},
};
use crate::{
    access::{Connection, Secret, Sql, WriteTx},
    fault::Fault,
};

fn link(row: &QueryResult) -> Result<Link, DbErr> {
    Ok(Link {
        id: LinkId::from_uuid(row.try_get("", "id")?),
        experiment: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
        run: row.try_get::<Option<Uuid>>("", "run_id")?.map(RunId::from_uuid),
        label: row.try_get("", "label")?,
        hint: row.try_get("", "hint")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        expires_at: row.try_get("", "expires_at")?,
        last_used_at: row.try_get("", "last_used_at")?,
    })
}

/// The links to an experiment and its runs that hold, the newest first, after the one a cursor names.
pub async fn list<C: Connection>(
    tx: &C,
    experiment: ExperimentId,
    now: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Link>, Fault> {
    // Whoever may not see the experiment sees no link to it.
    let sql = "select l.id, l.experiment_id, l.run_id, l.label, l.hint, l.created_by, l.created_at, l.expires_at, l.last_used_at \
        from public.links l join experiments e on e.id = l.experiment_id \
        where l.experiment_id = $1 and l.revoked_at is null and l.expires_at > $2 and ($3::uuid is null or l.id < $3) order by l.id desc limit $4";
    let values = vec![experiment.uuid().into(), now.into(), after.map(LinkId::uuid).into(), (limit as i64).into()];
    Ok(tx.rows(sql, values).await?.iter().map(link).collect::<Result<_, _>>()?)
}

/// How many of them there are.
pub async fn count<C: Connection>(tx: &C, experiment: ExperimentId, now: DateTime<Utc>) -> Result<i64, Fault> {
    let sql = "select count(*) from public.links l join experiments e on e.id = l.experiment_id \
        where l.experiment_id = $1 and l.revoked_at is null and l.expires_at > $2";
    let row = tx.row(sql, vec![experiment.uuid().into(), now.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// Whether the caller sees the experiment.
pub async fn sees<C: Connection>(tx: &C, experiment: ExperimentId) -> Result<bool, Fault> {
    Ok(tx.row("select 1 from experiments where id = $1", vec![experiment.uuid().into()]).await?.is_some())
}

/// An experiment that a link is to show.
pub async fn experiment(tx: &WriteTx, id: ExperimentId) -> Result<Option<Target>, Fault> {
    let row = tx.row("select id, project_id, name, removed_at is not null from experiments where id = $1 for share", vec![id.uuid().into()]).await?;
    Ok(row.as_ref().map(|row| target(row, None)).transpose()?)
}

/// A run that a link is to show.
pub async fn run(tx: &WriteTx, id: RunId) -> Result<Option<Target>, Fault> {
    let sql = "select e.id, e.project_id, r.name, coalesce(r.removed_at, e.removed_at) is not null \
        from runs r join experiments e on e.id = r.experiment_id where r.id = $1 for share of e";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(|row| target(row, Some(id))).transpose()?)
}

fn target(row: &QueryResult, run: Option<RunId>) -> Result<Target, DbErr> {
    Ok(Target {
        experiment: ExperimentId::from_uuid(row.try_get_by_index(0)?),
        run,
        project: ProjectId::from_uuid(row.try_get_by_index(1)?),
        name: row.try_get_by_index(2)?,
        removed: row.try_get_by_index(3)?,
    })
}

pub async fn insert(tx: &WriteTx, tenant: TenantId, link: &Link, secret: &Secret) -> Result<(), Fault> {
    let sql = "insert into public.links (id, hash, tenant_id, experiment_id, run_id, label, hint, created_by, created_at, expires_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = vec![
        link.id.uuid().into(),
        secret.hash().into(),
        tenant.uuid().into(),
        link.experiment.uuid().into(),
        link.run.map(RunId::uuid).into(),
        link.label.clone().into(),
        link.hint.clone().into(),
        link.created_by.clone().into(),
        link.created_at.into(),
        link.expires_at.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// A link that holds and whose experiment the caller sees, with the experiment's project; locked until the transaction ends.
pub async fn lock(tx: &WriteTx, id: LinkId, now: DateTime<Utc>) -> Result<Option<(Link, ProjectId)>, Fault> {
    let sql = "select l.id, l.experiment_id, l.run_id, l.label, l.hint, l.created_by, l.created_at, l.expires_at, l.last_used_at, e.project_id \
        from public.links l join experiments e on e.id = l.experiment_id where l.id = $1 and l.revoked_at is null and l.expires_at > $2 for update of l";
    let row = tx.row(sql, vec![id.uuid().into(), now.into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>((link(&row)?, ProjectId::from_uuid(row.try_get("", "project_id")?)))).transpose()?)
}

pub async fn revoke(tx: &WriteTx, id: LinkId, now: DateTime<Utc>) -> Result<(), Fault> {
    tx.run("update public.links set revoked_at = $2 where id = $1", vec![id.uuid().into(), now.into()]).await?;
    Ok(())
}

/// What the link shows through which this transaction was entered.
pub async fn opened<C: Connection>(tx: &C) -> Result<Option<Opened>, Fault> {
    let sql =
        "select e.id, nullif(current_setting('app.link_run'), '')::uuid from experiments e where e.id = current_setting('app.link_experiment')::uuid";
    let row = tx.row(sql, Vec::new()).await?;
    Ok(row
        .map(|row| {
            Ok::<_, DbErr>(Opened {
                experiment: ExperimentId::from_uuid(row.try_get_by_index(0)?),
                run: row.try_get_by_index::<Option<Uuid>>(1)?.map(RunId::from_uuid),
            })
        })
        .transpose()?)
}
