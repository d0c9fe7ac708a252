//! The statements of templates.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{ExperimentId, RunId, TemplateId};
use uuid::Uuid;

use super::{
    Origin, Template, TemplateError,
    model::{STARTED_MAX, TAG},
};
use crate::{
    access::{Connection, Reach, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::experiments::ExperimentRef,
};

fn read(row: &QueryResult) -> Result<Template, DbErr> {
    let (run, experiment): (Option<Uuid>, Option<Uuid>) = (row.try_get("", "run_id")?, row.try_get("", "experiment_id")?);
    let origin = run.map(|id| Origin::Run(RunId::from_uuid(id))).or(experiment.map(|id| Origin::Experiment(ExperimentId::from_uuid(id))));
    Ok(Template {
        id: TemplateId::from_uuid(row.try_get("", "id")?),
        origin: origin.ok_or_else(|| DbErr::Custom("a template of nothing".into()))?,
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        removed: row.try_get("", "removed")?,
    })
}

/// Where what a template is made of lies; locked against being removed.
pub struct Place {
    pub experiment: ExperimentId,
    pub project: Uuid,
    /// Of a run.
    pub status: Option<String>,
    pub removed: bool,
}

fn place(row: QueryResult) -> Result<Place, DbErr> {
    Ok(Place {
        experiment: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
        project: row.try_get("", "project_id")?,
        status: row.try_get("", "status")?,
        removed: row.try_get("", "removed")?,
    })
}

pub async fn place_of_run(tx: &WriteTx, run: RunId) -> Result<Option<Place>, Fault> {
    let sql = "select r.experiment_id, e.project_id, r.status, r.removed_at is not null as removed from runs r join experiments e on e.id = r.experiment_id \
        where r.id = $1 for share of r";
    Ok(tx.row(sql, vec![run.uuid().into()]).await?.map(place).transpose()?)
}

pub async fn place_of_experiment(tx: &WriteTx, experiment: ExperimentRef) -> Result<Option<Place>, Fault> {
    let sql = "select id as experiment_id, project_id, null::text as status, removed_at is not null as removed from experiments \
        where id = coalesce($1, (select id from experiments where is_default)) for share";
    Ok(tx.row(sql, vec![experiment.id().map(ExperimentId::uuid).into()]).await?.map(place).transpose()?)
}

pub async fn insert(tx: &WriteTx, template: &Template, project: Uuid) -> Result<(), Fault> {
    let sql = "insert into templates (id, run_id, experiment_id, project_id, name, description, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        template.id.uuid().into(),
        template.origin.run().map(RunId::uuid).into(),
        template.origin.experiment().map(ExperimentId::uuid).into(),
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
    let sql =
        "select id, run_id, experiment_id, name, description, created_by, created_at, removed_at is not null as removed from templates where id = $1";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(read).transpose()?)
}

/// The same, locked, with the experiment that it is or that its run belongs to.
pub async fn lock(tx: &WriteTx, id: TemplateId) -> Result<Option<(Template, ExperimentId)>, Fault> {
    let sql = "select t.id, t.run_id, t.experiment_id, t.name, t.description, t.created_by, t.created_at, t.removed_at is not null as removed, \
        coalesce(t.experiment_id, r.experiment_id) as place from templates t left join runs r on r.id = t.run_id \
        where t.id = $1 and coalesce(t.experiment_id, r.experiment_id) is not null for update of t";
    let read = |row: QueryResult| Ok::<_, DbErr>((read(&row)?, ExperimentId::from_uuid(row.try_get("", "place")?)));
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.map(read).transpose()?)
}

/// The templates that runs are.
pub async fn of_runs<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<Template>, Fault> {
    let sql = "select id, run_id, experiment_id, name, description, created_by, created_at, false as removed from templates where run_id = any($1) and removed_at is null";
    Ok(tx.rows(sql, vec![runs.to_vec().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// The templates that experiments are.
pub async fn of_experiments<C: Connection>(tx: &C, experiments: &[Uuid]) -> Result<Vec<Template>, Fault> {
    let sql = "select id, run_id, experiment_id, name, description, created_by, created_at, false as removed from templates \
        where experiment_id = any($1) and removed_at is null";
    Ok(tx.rows(sql, vec![experiments.to_vec().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// Templates in reach, the newest first.
pub async fn list<C: Connection>(tx: &C, reach: Reach, after: Option<Uuid>, limit: u64) -> Result<Vec<Template>, Fault> {
    let sql = "select id, run_id, experiment_id, name, description, created_by, created_at, false as removed from templates \
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

/// A run or an experiment is a template once, and a name is used once in a project.
fn taken(error: DbErr) -> Fault {
    match broken_constraint(&error).as_deref() {
        Some("templates_of_run") => TemplateError::Twice.into(),
        Some("templates_of_experiment") => TemplateError::ExperimentTwice.into(),
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

/// How many experiments were started from templates, with the latest of them.
pub async fn started_experiments<C: Connection>(tx: &C, ids: &[TemplateId]) -> Result<Vec<(TemplateId, i64, ExperimentId)>, Fault> {
    // The key stands in the statement as in the index, or it would not be used.
    let sql = "select t.id, s.experiments, s.experiment_id from unnest($1::uuid[], $2::text[]) as t (id, shown) cross join lateral ( \
            select g.experiment_id, count(*) over () as experiments, e.created_at from experiment_tags g \
            join experiments e on e.id = g.experiment_id and e.removed_at is null \
            where g.key = 'assay.template' and left(g.value, 200) = t.shown order by e.created_at desc, e.id limit $3) s \
        order by t.id, s.created_at desc";
    let (uuids, shown): (Vec<Uuid>, Vec<String>) = ids.iter().map(|id| (id.uuid(), id.to_string())).unzip();
    let read = |row: &QueryResult| {
        Ok((TemplateId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, ExperimentId::from_uuid(row.try_get_by_index(2)?)))
    };
    Ok(tx.rows(sql, vec![uuids.into(), shown.into(), STARTED_MAX.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}
