//! The statements of templates.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{ExperimentId, RunId, TemplateId};
use uuid::Uuid;

use super::{
    Template, TemplateError,
    model::{STARTED_MAX, TAG},
};
use crate::{
    access::{Connection, Reach, Sql, WriteTx},
    fault::{Fault, broken_constraint},
};

fn read(row: &QueryResult) -> Result<Template, DbErr> {
    Ok(Template {
        id: TemplateId::from_uuid(row.try_get("", "id")?),
        run: RunId::from_uuid(row.try_get("", "run_id")?),
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        removed: row.try_get("", "removed")?,
    })
}

/// The run a template is made of, locked against being removed.
pub struct Origin {
    pub experiment: ExperimentId,
    pub project: Uuid,
    pub status: String,
    pub removed: bool,
}

pub async fn origin(tx: &WriteTx, run: RunId) -> Result<Option<Origin>, Fault> {
    let sql = "select r.experiment_id, e.project_id, r.status, r.removed_at is not null as removed from runs r join experiments e on e.id = r.experiment_id \
        where r.id = $1 for share of r";
    let read = |row: QueryResult| {
        Ok::<_, DbErr>(Origin {
            experiment: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
            project: row.try_get("", "project_id")?,
            status: row.try_get("", "status")?,
            removed: row.try_get("", "removed")?,
        })
    };
    Ok(tx.row(sql, vec![run.uuid().into()]).await?.map(read).transpose()?)
}

pub async fn insert(tx: &WriteTx, template: &Template, project: Uuid) -> Result<(), Fault> {
    let sql = "insert into templates (id, run_id, project_id, name, description, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        template.id.uuid().into(),
        template.run.uuid().into(),
        project.into(),
        template.name.clone().into(),
        template.description.clone().into(),
        template.created_by.clone().into(),
        template.created_at.into(),
    ];
    tx.run(sql, values).await.map_err(taken)?;
    Ok(())
}

pub async fn find<C: Connection>(tx: &C, id: TemplateId) -> Result<Option<Template>, Fault> {
    let sql = "select id, run_id, name, description, created_by, created_at, removed_at is not null as removed from templates where id = $1";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(read).transpose()?)
}

/// The same, locked, with the experiment of its run.
pub async fn lock(tx: &WriteTx, id: TemplateId) -> Result<Option<(Template, ExperimentId)>, Fault> {
    let sql = "select t.id, t.run_id, t.name, t.description, t.created_by, t.created_at, t.removed_at is not null as removed, r.experiment_id \
        from templates t join runs r on r.id = t.run_id where t.id = $1 for update of t";
    let read = |row: QueryResult| Ok::<_, DbErr>((read(&row)?, ExperimentId::from_uuid(row.try_get("", "experiment_id")?)));
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.map(read).transpose()?)
}

/// The templates that runs are.
pub async fn of_runs<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<Template>, Fault> {
    let sql =
        "select id, run_id, name, description, created_by, created_at, false as removed from templates where run_id = any($1) and removed_at is null";
    Ok(tx.rows(sql, vec![runs.to_vec().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// Templates in reach, the newest first.
pub async fn list<C: Connection>(tx: &C, reach: Reach, after: Option<Uuid>, limit: u64) -> Result<Vec<Template>, Fault> {
    let sql = "select id, run_id, name, description, created_by, created_at, false as removed from templates \
        where removed_at is null and ($1 or project_id = coalesce($2, (select id from projects where is_default))) and ($3::uuid is null or id < $3) \
        order by id desc limit $4";
    let limit = i64::try_from(limit).map_err(Fault::internal)?;
    let values = vec![reach.is_whole().into(), reach.project().into(), after.into(), limit.into()];
    Ok(tx.rows(sql, values).await?.iter().map(read).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C, reach: Reach) -> Result<u64, Fault> {
    let sql =
        "select count(*) from templates where removed_at is null and ($1 or project_id = coalesce($2, (select id from projects where is_default)))";
    let row = tx.row(sql, vec![reach.is_whole().into(), reach.project().into()]).await?;
    Ok(row.map_or(Ok(0_i64), |row| row.try_get_by_index(0))?.unsigned_abs())
}

pub async fn update(tx: &WriteTx, id: TemplateId, name: &str, description: &str) -> Result<(), Fault> {
    let sql = "update templates set name = $2, description = $3 where id = $1";
    tx.run(sql, vec![id.uuid().into(), name.into(), description.into()]).await.map_err(taken)?;
    Ok(())
}

pub async fn remove(tx: &WriteTx, id: TemplateId) -> Result<(), Fault> {
    tx.run("update templates set removed_at = $2 where id = $1", vec![id.uuid().into(), tx.now().into()]).await?;
    Ok(())
}

pub async fn restore(tx: &WriteTx, id: TemplateId) -> Result<(), Fault> {
    tx.run("update templates set removed_at = null where id = $1", vec![id.uuid().into()]).await.map_err(taken)?;
    Ok(())
}

/// A run is a template once, and a name is used once in a project.
fn taken(error: DbErr) -> Fault {
    match broken_constraint(&error).as_deref() {
        Some("templates_of_run") => TemplateError::Twice.into(),
        Some("templates_name") => TemplateError::Taken.into(),
        _ => error.into(),
    }
}

/// How many runs were started from templates, with the latest of them.
pub async fn started<C: Connection>(tx: &C, ids: &[TemplateId]) -> Result<Vec<(TemplateId, i64, RunId)>, Fault> {
    let sql = "select t.id, s.runs, s.run_id from unnest($1::uuid[], $2::text[]) as t (id, shown) cross join lateral ( \
            select g.run_id, count(*) over () as runs, r.started_ms from run_tags g join runs r on r.id = g.run_id and r.removed_at is null \
            where g.key = $3 and left(g.value, 200) = t.shown order by r.started_ms desc, r.id limit $4) s \
        order by t.id, s.started_ms desc";
    let (uuids, shown): (Vec<Uuid>, Vec<String>) = ids.iter().map(|id| (id.uuid(), id.to_string())).unzip();
    let read = |row: &QueryResult| {
        Ok((TemplateId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, RunId::from_uuid(row.try_get_by_index(2)?)))
    };
    Ok(tx.rows(sql, vec![uuids.into(), shown.into(), TAG.into(), STARTED_MAX.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}
