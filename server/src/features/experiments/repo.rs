//! The statements of experiments.

use chrono::{DateTime, Utc};
use sea_orm::{
    DbErr, QueryResult,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};
use shared::ids::{ExperimentId, ProjectId};
use uuid::Uuid;

use super::{Experiment, ExperimentError, ExperimentRef, Keys, Lifecycle, Stats, model::RUNS_COUNTED};
use crate::{
    access::{Connection, Reach, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::filter::{
        Check, Filter, Order, Test,
        keyset::{Term, arrange},
        sql,
    },
};

fn read(row: &QueryResult) -> Result<Experiment, DbErr> {
    Ok(Experiment {
        id: ExperimentId::from_uuid(row.try_get("", "id")?),
        project_id: ProjectId::from_uuid(row.try_get("", "project_id")?),
        name: row.try_get("", "name")?,
        is_default: row.try_get("", "is_default")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
        removed_at: row.try_get("", "removed_at")?,
        shared: row.try_get::<Option<_>>("", "shared_at")?.zip(row.try_get("", "shared_by")?),
    })
}

fn read_all(rows: &[QueryResult]) -> Result<Vec<Experiment>, Fault> {
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub async fn find<C: Connection>(tx: &C, experiment: ExperimentRef) -> Result<Option<Experiment>, Fault> {
    let sql = "select id, project_id, name, is_default, created_by, created_at, updated_at, removed_at, shared_at, shared_by from experiments where id = coalesce($1, (select id from experiments where is_default)) \
        and ($2 or project_id = coalesce($3, (select id from projects where is_default)))";
    let reach = tx.reach();
    Ok(tx
        .row(sql, vec![experiment.id().map(ExperimentId::uuid).into(), reach.is_whole().into(), reach.project().into()])
        .await?
        .as_ref()
        .map(read)
        .transpose()?)
}

/// The experiment, locked until the transaction ends.
pub async fn lock(tx: &WriteTx, experiment: ExperimentRef) -> Result<Option<Experiment>, Fault> {
    let sql = "select id, project_id, name, is_default, created_by, created_at, updated_at, removed_at, shared_at, shared_by from experiments where id = coalesce($1, (select id from experiments where is_default)) \
        and ($2 or project_id = coalesce($3, (select id from projects where is_default))) for update";
    let reach = tx.reach();
    Ok(tx
        .row(sql, vec![experiment.id().map(ExperimentId::uuid).into(), reach.is_whole().into(), reach.project().into()])
        .await?
        .as_ref()
        .map(read)
        .transpose()?)
}

pub async fn find_by_name<C: Connection>(tx: &C, name: &str) -> Result<Option<Experiment>, Fault> {
    let sql = "select id, project_id, name, is_default, created_by, created_at, updated_at, removed_at, shared_at, shared_by from experiments \
        where name = $1 and project_id = coalesce($2, (select id from projects where is_default))";
    Ok(tx.row(sql, vec![name.into(), tx.reach().project().into()]).await?.as_ref().map(read).transpose()?)
}

pub async fn find_many<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<Experiment>, Fault> {
    let sql = "select id, project_id, name, is_default, created_by, created_at, updated_at, removed_at, shared_at, shared_by from experiments where id = any($1)";
    read_all(&tx.rows(sql, vec![ids.to_vec().into()]).await?)
}

pub async fn project<C: Connection>(tx: &C, project: Option<ProjectId>) -> Result<Option<ProjectId>, Fault> {
    let sql = "select id from projects where case when $1::uuid is null then is_default else id = $1 end";
    let row = tx.row(sql, vec![project.map(ProjectId::uuid).into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(ProjectId::from_uuid)).transpose()?)
}

pub async fn insert(tx: &WriteTx, experiment: &Experiment) -> Result<(), Fault> {
    let sql = "insert into experiments (id, project_id, name, created_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)";
    let values = vec![
        experiment.id.uuid().into(),
        experiment.project_id.uuid().into(),
        experiment.name.clone().into(),
        experiment.created_by.clone().into(),
        experiment.created_at.into(),
    ];
    tx.run(sql, values).await.map(drop).map_err(|error| taken(error, &experiment.name))
}

pub async fn rename(tx: &WriteTx, id: ExperimentId, name: &str, at: DateTime<Utc>) -> Result<(), Fault> {
    let sql = "update experiments set name = $2, updated_at = $3 where id = $1";
    tx.run(sql, vec![id.uuid().into(), name.into(), at.into()]).await.map(drop).map_err(|error| taken(error, name))
}

fn taken(error: DbErr, name: &str) -> Fault {
    match broken_constraint(&error).as_deref() {
        Some("experiments_name") => ExperimentError::NameTaken(name.to_owned()).into(),
        _ => error.into(),
    }
}

/// Removes (`at`) or restores (`None`) the experiment and all its runs.
pub async fn set_removed(tx: &WriteTx, id: ExperimentId, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Fault> {
    tx.run("update experiments set removed_at = $2, updated_at = $3 where id = $1", vec![id.uuid().into(), at.into(), now.into()]).await?;
    tx.run(
        "update runs set removed_at = $2, revision = revision + 1 where experiment_id = $1 and (removed_at is null) = ($2::timestamptz is not null)",
        vec![id.uuid().into(), at.into()],
    )
    .await?;
    Ok(())
}

pub async fn set_tags(tx: &WriteTx, id: ExperimentId, tags: &[(String, String)]) -> Result<(), Fault> {
    // One statement changes a row once: of a key that comes twice the last value counts.
    let tags: std::collections::BTreeMap<&str, &str> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let (keys, values): (Vec<String>, Vec<String>) = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).unzip();
    let sql = "insert into experiment_tags (experiment_id, key, value) select $1, * from unnest($2::text[], $3::text[]) on conflict (experiment_id, key) do update set value = excluded.value";
    tx.run(sql, vec![id.uuid().into(), keys.into(), values.into()]).await?;
    Ok(())
}

pub async fn remove_tag(tx: &WriteTx, id: ExperimentId, key: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from experiment_tags where experiment_id = $1 and key = $2", vec![id.uuid().into(), key.into()]).await? > 0)
}

/// The tags of many experiments, by key.
pub async fn tags<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<(ExperimentId, String, String)>, Fault> {
    let rows = tx
        .rows("select experiment_id, key, value from experiment_tags where experiment_id = any($1) order by key", vec![ids.to_vec().into()])
        .await?;
    let read = |row: &QueryResult| Ok((ExperimentId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

pub async fn stats<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<(ExperimentId, Stats)>, Fault> {
    let sql = "select e.id, \
            (select count(*) from (select from runs where experiment_id = e.id and removed_at is null limit $2 + 1) counted), \
            (select started_ms from runs where experiment_id = e.id and removed_at is null order by started_ms desc, id limit 1) \
        from unnest($1::uuid[]) e (id)";
    let read = |row: &QueryResult| {
        let runs: i64 = row.try_get_by_index(1)?;
        let stats = Stats { runs: Ord::min(runs, RUNS_COUNTED), runs_is_least: runs > RUNS_COUNTED, last_started_ms: row.try_get_by_index(2)? };
        Ok((ExperimentId::from_uuid(row.try_get_by_index(0)?), stats))
    };
    Ok(tx.rows(sql, vec![ids.to_vec().into(), RUNS_COUNTED.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// The keys that the latest 500 runs of the experiment carry.
pub async fn keys<C: Connection>(tx: &C, id: ExperimentId) -> Result<Keys, Fault> {
    let sql = "with latest as materialized (select id from runs where experiment_id = $1 and removed_at is null order by started_ms desc, id limit 500) \
        select distinct 'm', key from latest_metrics where run_id in (select id from latest) \
        union all select distinct 'p', key collate \"C\" from run_params, jsonb_object_keys(params) key where run_id in (select id from latest) \
        union all select distinct 't', key from run_tags where run_id in (select id from latest) order by 2";
    let mut keys = Keys::default();
    for row in tx.rows(sql, vec![id.uuid().into()]).await? {
        let (kind, key): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        match kind.as_str() {
            "m" => keys.metrics.push(key),
            "p" => keys.params.push(key),
            _ => keys.tags.push(key),
        }
    }
    Ok(keys)
}

fn column(name: &'static str) -> Expr {
    Expr::col((Alias::new("experiments"), Alias::new(name)))
}

fn leaf(test: &Test) -> Expr {
    if test.entity == "tag" {
        let row = |also: Expr| {
            let mut tag = Query::select();
            tag.expr(Expr::val(1)).from(Alias::new("experiment_tags"));
            tag.and_where(Expr::cust("experiment_tags.experiment_id = experiments.id"))
                .and_where(Expr::cust_with_values("experiment_tags.key = $1", [test.key.clone()]))
                .and_where(also);
            Expr::exists(tag)
        };
        return match &test.check {
            Check::Null { not: false } => row(Expr::val(true)).not(),
            check => row(sql::text(Expr::cust("experiment_tags.value"), check)),
        };
    }
    match test.key.as_str() {
        "name" => sql::text(column("name"), &test.check),
        "experiment_id" => {
            sql::text(Expr::cust("case when experiments.is_default then '0' else replace(experiments.id::text, '-', '') end"), &test.check)
        }
        "creation_time" => sql::integer(Expr::cust("(extract(epoch from experiments.created_at) * 1000)::bigint"), &test.check),
        "last_update_time" => sql::integer(Expr::cust("(extract(epoch from experiments.updated_at) * 1000)::bigint"), &test.check),
        "last_run_time" => sql::integer(last_run(), &test.check),
        _ => Expr::val(false),
    }
}

/// When the latest run started, in milliseconds since the epoch; 0 without one.
fn last_run() -> Expr {
    Expr::cust(
        "coalesce((select started_ms from runs where experiment_id = experiments.id and removed_at is null order by started_ms desc, id limit 1), 0)",
    )
}

fn base() -> SelectStatement {
    let mut select = Query::select();
    select.from(Alias::new("experiments"));
    select
}

fn matching(reach: Reach, filter: &Filter, lifecycle: Lifecycle) -> SelectStatement {
    let mut select = base();
    if !reach.is_whole() {
        select.and_where(Expr::cust_with_values(
            "experiments.project_id = coalesce($1, (select id from projects where is_default))",
            [reach.project()],
        ));
    }
    match lifecycle {
        Lifecycle::Active => select.and_where(column("removed_at").is_null()),
        Lifecycle::Deleted => select.and_where(column("removed_at").is_not_null()),
        Lifecycle::All => &mut select,
    };
    select.cond_where(sql::condition(filter, &leaf));
    select
}

/// A page of experiments after the row `after`.
pub async fn search<C: Connection>(
    tx: &C,
    reach: Reach,
    filter: &Filter,
    order: &[Order],
    lifecycle: Lifecycle,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Experiment>, Fault> {
    let mut terms: Vec<Term> = order
        .iter()
        .map(|order| {
            let expr = match order.key.as_str() {
                "name" => column("name"),
                "creation_time" => column("created_at"),
                "last_update_time" => column("updated_at"),
                "last_run_time" => last_run(),
                _ => column("id"),
            };
            Term { expr, descending: order.descending }
        })
        .collect();
    if terms.is_empty() {
        terms = vec![Term::descending(column("created_at")), Term::ascending(column("id"))];
    } else if !order.iter().any(|order| order.key == "experiment_id") {
        terms.push(Term::descending(column("id")));
    }
    let mut select = matching(reach, filter, lifecycle);
    for name in ["id", "project_id", "name", "is_default", "created_by", "created_at", "updated_at", "removed_at", "shared_at", "shared_by"] {
        select.column((Alias::new("experiments"), Alias::new(name)));
    }
    arrange(&mut select, &terms, after.map(|id| column("id").eq(id)), base);
    select.limit(limit);
    read_all(&tx.query_all(&select).await?)
}

pub async fn count<C: Connection>(tx: &C, reach: Reach, filter: &Filter, lifecycle: Lifecycle) -> Result<i64, Fault> {
    let mut select = matching(reach, filter, lifecycle);
    select.expr(Expr::cust("count(*)"));
    Ok(tx.query_one(&select).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}
