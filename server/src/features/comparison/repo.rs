//! The statements of comparisons: three whatever the number of runs, beside the one that finds each group.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{ComparisonId, ExperimentId, RunId};
use uuid::Uuid;

use super::Saved;
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// A key with the places of its runs in the list asked for, and the value of each.
pub struct MetricColumn {
    pub key: String,
    pub runs: Vec<i64>,
    pub values: Vec<f64>,
    /// Whether a run has it at more than one point.
    pub curved: bool,
}

/// The latest values of the runs, a row a key.
pub async fn metrics<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<MetricColumn>, Fault> {
    let sql = "select m.key, array_agg(r.place order by r.place), array_agg(m.value order by r.place), bool_or(m.count > 1) \
        from unnest($1::uuid[]) with ordinality as r (id, place) \
        cross join lateral (select key, value, count from latest_metrics where run_id = r.id offset 0) m group by m.key order by m.key";
    let read = |row: &QueryResult| {
        Ok(MetricColumn {
            key: row.try_get_by_index(0)?,
            runs: row.try_get_by_index(1)?,
            values: row.try_get_by_index(2)?,
            curved: row.try_get_by_index(3)?,
        })
    };
    Ok(tx.rows(sql, vec![runs.to_vec().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// A param's value with the places of the runs that have it.
pub struct ParamValue {
    pub key: String,
    pub value: String,
    pub runs: Vec<i64>,
}

/// The params of the runs, a row a value. Of a long value the first 1000 characters count.
pub async fn params<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<ParamValue>, Fault> {
    let sql = "select p.key, p.value, array_agg(r.place order by r.place) from unnest($1::uuid[]) with ordinality as r (id, place) \
        cross join lateral (select key, left(value, 1000) as value from run_params, jsonb_each_text(params) where run_id = r.id offset 0) p group by p.key, p.value order by p.key, p.value";
    let read = |row: &QueryResult| Ok(ParamValue { key: row.try_get_by_index(0)?, value: row.try_get_by_index(1)?, runs: row.try_get_by_index(2)? });
    Ok(tx.rows(sql, vec![runs.to_vec().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// The names of experiments; the nil id stands for the default one.
pub async fn experiment_names<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<(ExperimentId, bool, String)>, Fault> {
    let sql = "select id, is_default, name from experiments where id = any($1) \
        union select id, is_default, name from experiments where is_default and $2";
    let read = |row: &QueryResult| Ok((ExperimentId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    let rows = tx.rows(sql, vec![ids.to_vec().into(), ids.contains(&Uuid::nil()).into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// The first run and the first experiment of a wish that are not there; the nil id stands for the default experiment.
pub async fn absent(tx: &WriteTx, runs: &[RunId], experiments: &[Uuid]) -> Result<(Option<RunId>, Option<ExperimentId>), Fault> {
    let sql = "select (select r.id from unnest($1::uuid[]) as r (id) where not exists (select 1 from runs x where x.id = r.id) limit 1), \
        (select e.id from unnest($2::uuid[]) as e (id) where not exists (select 1 from experiments x where x.id = e.id) \
            and e.id <> '00000000-0000-0000-0000-000000000000' limit 1)";
    let ids: Vec<Uuid> = runs.iter().map(|run| run.uuid()).collect();
    let row = tx.row(sql, vec![ids.into(), experiments.to_vec().into()]).await?.ok_or_else(|| Fault::internal("a look without a row"))?;
    let (run, experiment): (Option<Uuid>, Option<Uuid>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((run.map(RunId::from_uuid), experiment.map(ExperimentId::from_uuid)))
}

/// Saved comparisons, the newest first (ids are UUIDv7), after the one a cursor names.
pub async fn saved<C: Connection>(tx: &C, after: Option<Uuid>, limit: u64) -> Result<Vec<Saved>, Fault> {
    let sql = "select id, name, wish, created_by, created_at from saved_comparisons where id < coalesce($1, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) \
        order by id desc limit $2";
    Ok(tx.rows(sql, vec![after.into(), limit.into()]).await?.iter().map(read_saved).collect::<Result<_, DbErr>>()?)
}

pub async fn count_saved<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from saved_comparisons", vec![]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Writes a comparison; `false` when the name is taken.
pub async fn insert(tx: &WriteTx, saved: &Saved) -> Result<bool, Fault> {
    let sql = "insert into saved_comparisons (id, name, wish, created_by, created_at) values ($1, $2, $3, $4, $5) on conflict (name) do nothing";
    let wish = serde_json::to_string(&saved.wish).map_err(Fault::internal)?;
    let values = vec![saved.id.uuid().into(), saved.name.clone().into(), wish.into(), saved.created_by.clone().into(), saved.created_at.into()];
    Ok(tx.run(sql, values).await? == 1)
}

/// Takes a comparison out.
pub async fn remove(tx: &WriteTx, id: ComparisonId) -> Result<Option<Saved>, Fault> {
    let sql = "delete from saved_comparisons where id = $1 returning id, name, wish, created_by, created_at";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(read_saved).transpose()?)
}

fn read_saved(row: &QueryResult) -> Result<Saved, DbErr> {
    let wish: String = row.try_get_by_index(2)?;
    Ok(Saved {
        id: ComparisonId::from_uuid(row.try_get_by_index(0)?),
        name: row.try_get_by_index(1)?,
        wish: serde_json::from_str(&wish).unwrap_or_default(),
        created_by: row.try_get_by_index(3)?,
        created_at: row.try_get_by_index(4)?,
    })
}
