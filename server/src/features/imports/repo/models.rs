//! The statements that write logged models as they were elsewhere, and what ties them to runs.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, ImportId, LoggedModelId, RunId};
use uuid::Uuid;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::logged_models::{Direction, ModelLink, Status},
};

/// A logged model as it was elsewhere.
pub struct Row {
    pub id: LoggedModelId,
    pub experiment: ExperimentId,
    pub source_run: Option<RunId>,
    pub name: String,
    pub model_type: String,
    pub status: Status,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

fn column<T, V>(rows: &[T], pick: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(pick).collect::<Vec<V>>().into()
}

/// The models among these that exist: whether each is removed.
pub async fn existing<C: Connection>(tx: &C, models: &[Uuid]) -> Result<HashMap<Uuid, bool>, Fault> {
    let rows = tx.rows("select id, removed_at is not null from logged_models where id = any($1)", vec![models.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// Writes models with params and tags. A run that is not here is left out.
pub async fn write(tx: &WriteTx, rows: &[Row], by: &str) -> Result<(), Fault> {
    let sql = "insert into logged_models as m (id, experiment_id, source_run_id, name, model_type, status, created_by, created_at, updated_at) \
        select n.id, n.experiment, run.id, n.name, n.model_type, n.status, $9, n.created, n.updated \
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[]) \
            as n (id, experiment, run, name, model_type, status, created, updated) \
        left join lateral (select r.id from runs r where r.id = n.run offset 0) run on true \
        on conflict (id) do update set status = excluded.status, updated_at = greatest(m.updated_at, excluded.updated_at)";
    let values = vec![
        column(rows, |row| row.id.uuid()),
        column(rows, |row| row.experiment.uuid()),
        column(rows, |row| row.source_run.map_or(Uuid::nil(), RunId::uuid)),
        column(rows, |row| row.name.clone()),
        column(rows, |row| row.model_type.clone()),
        column(rows, |row| row.status.as_str().to_owned()),
        column(rows, |row| row.created_at),
        column(rows, |row| row.updated_at),
        by.into(),
    ];
    tx.run(sql, values).await?;
    let pairs = |pick: fn(&Row) -> &Vec<(String, String)>| -> Vec<Value> {
        let all: Vec<(Uuid, &(String, String))> = rows.iter().flat_map(|row| pick(row).iter().map(|pair| (row.id.uuid(), pair))).collect();
        vec![column(&all, |(id, _)| *id), column(&all, |(_, pair)| pair.0.clone()), column(&all, |(_, pair)| pair.1.clone())]
    };
    let params =
        "insert into logged_model_params (model_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict do nothing";
    tx.run(params, pairs(|row| &row.params)).await?;
    let tags = "insert into logged_model_tags (model_id, key, value) select * from unnest($1::uuid[], $2::text[], $3::text[]) on conflict (model_id, key) do update set value = excluded.value";
    tx.run(tags, pairs(|row| &row.tags)).await?;
    Ok(())
}

/// What runs that were taken say of models, kept until the models are there.
pub async fn kept_links<C: Connection>(tx: &C, import: ImportId, most: u64) -> Result<Vec<(String, String)>, Fault> {
    let sql = "select source_id, payload from import_items where import_id = $1 and kind = 'run' and state = 'taken' and payload <> '' order by source_id limit $2";
    let read = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    Ok(tx.rows(sql, vec![import.uuid().into(), most.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Ties models to runs; what is not here on either side is left out. What the runs said is then forgotten.
pub async fn link(tx: &WriteTx, import: ImportId, links: &[ModelLink], told: &[String]) -> Result<(), Fault> {
    let sql = "insert into run_models (run_id, model_id, direction, step) select n.run_id, n.model_id, n.direction, n.step \
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) as n (run_id, model_id, direction, step) \
        where exists (select from runs r where r.id = n.run_id) and exists (select from logged_models m where m.id = n.model_id) on conflict do nothing";
    let direction = |link: &ModelLink| match link.direction {
        Direction::Input => "input".to_owned(),
        Direction::Output => "output".to_owned(),
    };
    let values = vec![
        column(links, |link| link.run.uuid()),
        column(links, |link| link.model.uuid()),
        column(links, direction),
        column(links, |link| link.step),
    ];
    tx.run(sql, values).await?;
    let sql = "update import_items set payload = '' where import_id = $1 and kind = 'run' and source_id = any($2)";
    tx.run(sql, vec![import.uuid().into(), told.to_vec().into()]).await?;
    Ok(())
}
