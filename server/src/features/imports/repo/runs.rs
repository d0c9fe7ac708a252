//! The statements that write runs as they were elsewhere, many at once.

use std::collections::HashMap;

use sea_orm::{DbErr, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::{
        datasets::Input,
        runs::{Status, param_set},
    },
};

/// The experiment of a name: its id and whether it is removed.
pub async fn experiment<C: Connection>(tx: &C, name: &str) -> Result<Option<(ExperimentId, bool)>, Fault> {
    let row = tx
        .row(
            "select e.id, e.removed_at is not null from experiments e join projects p on p.id = e.project_id and p.is_default where e.name = $1",
            vec![name.into()],
        )
        .await?;
    Ok(row.map(|row| Ok::<_, DbErr>((ExperimentId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).transpose()?)
}

/// The runs among these that exist: whether each is removed.
pub async fn existing<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<HashMap<Uuid, bool>, Fault> {
    let rows = tx.rows("select id, removed_at is not null from runs where id = any($1)", vec![runs.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// A run as it was elsewhere.
pub struct Row {
    pub id: RunId,
    pub experiment: ExperimentId,
    pub name: String,
    pub user: String,
    pub status: Status,
    pub started_ms: i64,
    pub ended_ms: Option<i64>,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub datasets: Vec<Input>,
}

fn column<T, V>(rows: &[T], pick: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(pick).collect::<Vec<V>>().into()
}

/// Writes runs with params and tags. Of a run that is here already, what the source says of it now counts; a param keeps its first value.
pub async fn write(tx: &WriteTx, rows: &[Row], by: &str) -> Result<(), Fault> {
    let sql = "insert into runs as r (id, experiment_id, name, user_name, created_by, status, started_ms, ended_ms, created_at) \
        select n.id, n.experiment, n.name, n.user_name, $8, n.status, n.started, nullif(n.ended, -1), $9 \
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) as n (id, experiment, name, user_name, status, started, ended) order by n.id \
        on conflict (id) do update set name = excluded.name, status = excluded.status, ended_ms = excluded.ended_ms, revision = r.revision + 1";
    let values = vec![
        column(rows, |row| row.id.uuid()),
        column(rows, |row| row.experiment.uuid()),
        column(rows, |row| row.name.clone()),
        column(rows, |row| row.user.clone()),
        column(rows, |row| row.status.as_str().to_owned()),
        column(rows, |row| row.started_ms),
        column(rows, |row| row.ended_ms.unwrap_or(-1)),
        by.into(),
        tx.now().into(),
    ];
    tx.run(sql, values).await?;
    let with_params: Vec<(Uuid, String)> =
        rows.iter().filter(|row| !row.params.is_empty()).map(|row| Ok((row.id.uuid(), param_set(&row.params)?))).collect::<Result<_, Fault>>()?;
    // What is there stays.
    let params = "insert into run_params as p (run_id, params, fingerprint) \
        select n.id, n.params::jsonb, fingerprint_of(n.params::jsonb) from unnest($1::uuid[], $2::text[]) as n (id, params) \
        on conflict (run_id) do update set params = excluded.params || p.params, fingerprint = fingerprint_of(excluded.params || p.params)";
    tx.run(params, vec![column(&with_params, |(id, _)| *id), column(&with_params, |(_, params)| params.clone())]).await?;
    let all: Vec<(Uuid, &(String, String))> = rows.iter().flat_map(|row| row.tags.iter().map(|pair| (row.id.uuid(), pair))).collect();
    let tags = "insert into run_tags (run_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict (run_id, key) do update set value = excluded.value";
    tx.run(tags, vec![column(&all, |(id, _)| *id), column(&all, |(_, pair)| pair.0.clone()), column(&all, |(_, pair)| pair.1.clone())]).await?;
    datasets(tx, rows).await
}

/// Ties datasets to their runs. One that several runs used is written once.
async fn datasets(tx: &WriteTx, rows: &[Row]) -> Result<(), Fault> {
    let all: Vec<(&Row, usize, &Input)> =
        rows.iter().flat_map(|row| row.datasets.iter().enumerate().map(move |(place, input)| (row, place, input))).collect();
    if all.is_empty() {
        return Ok(());
    }
    let sql = "with input as (select * from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) \
            as i (run_id, experiment_id, place, id, name, digest, source_type, source, schema, profile, tags)), \
        known as (insert into datasets (id, experiment_id, name, digest, source_type, source, schema, profile) \
            select distinct on (experiment_id, name, digest) id, experiment_id, name, digest, source_type, source, nullif(schema, ''), nullif(profile, '') from input order by experiment_id, name, digest \
            on conflict on constraint datasets_identity do update set name = excluded.name returning id, experiment_id, name, digest) \
        insert into run_datasets (run_id, dataset_id, ordinal, tags) \
        select distinct on (input.run_id, known.id) input.run_id, known.id, input.place, input.tags::jsonb from input join known using (experiment_id, name, digest) \
        order by input.run_id, known.id, input.place on conflict do nothing";
    let text = |pick: fn(&Input) -> &String| column(&all, |(_, _, input)| pick(input).clone());
    let tags =
        |input: &Input| serde_json::Value::Object(input.tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()).to_string();
    let values = vec![
        column(&all, |(row, ..)| row.id.uuid()),
        column(&all, |(row, ..)| row.experiment.uuid()),
        column(&all, |(_, place, _)| i32::try_from(*place).unwrap_or(i32::MAX)),
        column(&all, |_| Uuid::now_v7()),
        text(|input| &input.name),
        text(|input| &input.digest),
        text(|input| &input.source_type),
        text(|input| &input.source),
        text(|input| &input.schema),
        text(|input| &input.profile),
        column(&all, |(_, _, input)| tags(input)),
    ];
    tx.run(sql, values).await?;
    Ok(())
}
