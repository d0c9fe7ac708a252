//! The statements of datasets.

use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use super::{Input, stored};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// A run that is logged to.
pub struct LockedRun {
    pub experiment: ExperimentId,
    pub name: String,
    pub removed: bool,
}

/// Locks a run and counts a write to it.
pub async fn lock_run(tx: &WriteTx, run: RunId) -> Result<Option<LockedRun>, Fault> {
    let sql = "update runs set revision = revision + 1 where id = $1 returning experiment_id, name, removed_at is not null as removed";
    let row = tx.row(sql, vec![run.uuid().into()]).await?;
    let read = |row: QueryResult| {
        Ok::<_, DbErr>(LockedRun {
            experiment: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
            name: row.try_get("", "name")?,
            removed: row.try_get("", "removed")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// Ties datasets, each of which comes once, to a run whose row is locked.
pub async fn insert(tx: &WriteTx, run: RunId, experiment: ExperimentId, inputs: &[Input]) -> Result<(), Fault> {
    let sql = "with input as (select * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) \
            with ordinality as i (id, name, digest, source_type, source, schema, profile, tags, place)), \
        known as (insert into datasets (id, experiment_id, name, digest, source_type, source, schema, profile) \
            select id, $2, name, digest, source_type, source, nullif(schema, ''), nullif(profile, '') from input order by name, digest \
            on conflict on constraint datasets_identity do update set name = excluded.name returning id, name, digest) \
        insert into run_datasets (run_id, dataset_id, ordinal, tags) \
        select $1, known.id, (select count(*) from run_datasets where run_id = $1) + input.place, input.tags::jsonb from input join known using (name, digest) on conflict do nothing";
    let column = |pick: fn(&Input) -> &String| -> Value { inputs.iter().map(|input| pick(input).clone()).collect::<Vec<_>>().into() };
    let tags =
        |input: &Input| serde_json::Value::Object(input.tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()).to_string();
    let values: Vec<Value> = vec![
        run.uuid().into(),
        experiment.uuid().into(),
        inputs.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>().into(),
        column(|input| &input.name),
        column(|input| &input.digest),
        column(|input| &input.source_type),
        column(|input| &input.source),
        column(|input| &input.schema),
        column(|input| &input.profile),
        inputs.iter().map(tags).collect::<Vec<_>>().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// The datasets of many runs, in the order they were logged.
pub async fn of_runs<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<(RunId, Input)>, Fault> {
    let sql = "select l.run_id, jsonb_build_object('name', d.name, 'digest', d.digest, 'source_type', d.source_type, 'source', d.source, \
            'schema', coalesce(d.schema, ''), 'profile', coalesce(d.profile, ''), 'tags', l.tags)::text \
        from run_datasets l join datasets d on d.id = l.dataset_id where l.run_id = any($1) order by l.run_id, l.ordinal";
    let read = |row: &QueryResult| Ok((RunId::from_uuid(row.try_get_by_index(0)?), stored(&row.try_get_by_index::<String>(1)?)?));
    tx.rows(sql, vec![runs.to_vec().into()]).await?.iter().map(read).collect()
}
