//! The statements of logged models.

pub mod search;

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::ids::{ExperimentId, LoggedModelId, RunId};
use uuid::Uuid;

use super::{
    LoggedModel, LoggedModelError,
    model::{Dataset, Direction, ModelLink, ModelMetric, NewModel, Status},
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
};

/// An experiment that a model is to be logged in, as MLflow names it; and whether it was removed.
pub async fn find_experiment<C: Connection>(tx: &C, mlflow_id: &str) -> Result<Option<(ExperimentId, bool)>, Fault> {
    let id: Option<Uuid> = mlflow_id.parse::<ExperimentId>().ok().map(ExperimentId::uuid);
    let row = tx
        .row(
            "select id, removed_at is not null as removed from experiments where ($1 = '0' and is_default) or id = $2",
            vec![mlflow_id.into(), id.into()],
        )
        .await?;
    Ok(row.map(|row| Ok::<_, DbErr>((ExperimentId::from_uuid(row.try_get("", "id")?), row.try_get("", "removed")?))).transpose()?)
}

/// The experiments among `mlflow_ids` that exist.
pub async fn experiments<C: Connection>(tx: &C, mlflow_ids: &[String]) -> Result<Vec<Uuid>, Fault> {
    let ids: Vec<Uuid> = mlflow_ids.iter().filter_map(|id| id.parse::<ExperimentId>().ok()).map(ExperimentId::uuid).collect();
    let default = mlflow_ids.iter().any(|id| id == "0");
    let rows = tx.rows("select id from experiments where id = any($1) or ($2 and is_default)", vec![ids.into(), default.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Inserts a pending model.
pub async fn insert(tx: &WriteTx, id: LoggedModelId, experiment: ExperimentId, model: &NewModel) -> Result<(), Fault> {
    let now = tx.now();
    tx.run(
        "insert into logged_models (id, experiment_id, source_run_id, name, model_type, status, created_by, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, 'pending', $6, $7, $7)",
        vec![
            id.uuid().into(),
            experiment.uuid().into(),
            model.source_run.map(RunId::uuid).into(),
            model.name.as_str().into(),
            model.model_type.as_str().into(),
            tx.actor().name.as_str().into(),
            now.into(),
        ],
    )
    .await
    .map_err(|error| match (broken_constraint(&error).as_deref(), model.source_run) {
        (Some("logged_models_source_run"), Some(run)) => LoggedModelError::RunMissing(run.hex()).into(),
        _ => Fault::from(error),
    })?;
    add_params(tx, id, &model.params).await?;
    set_tags(tx, id, &model.tags).await
}

fn columns(pairs: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    pairs.iter().cloned().unzip()
}

/// Adds params and returns the keys that had another value already; those stay as they were.
pub async fn add_params(tx: &WriteTx, id: LoggedModelId, params: &[(String, String)]) -> Result<Vec<String>, Fault> {
    if params.is_empty() {
        return Ok(Vec::new());
    }
    let (keys, values) = columns(params);
    let rows = tx
        .rows(
            "insert into logged_model_params as p (model_id, key, value) select $1, n.key, n.value from unnest($2::text[], $3::text[]) n (key, value) \
             on conflict (model_id, key) do update set value = p.value returning p.key, p.value",
            vec![id.uuid().into(), keys.into(), values.into()],
        )
        .await?;
    let stored: HashMap<String, String> =
        rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?;
    Ok(params.iter().filter(|(key, value)| stored.get(key) != Some(value)).map(|(key, _)| key.clone()).collect())
}

/// Sets tags; of a key that comes twice, the last value.
pub async fn set_tags(tx: &WriteTx, id: LoggedModelId, tags: &[(String, String)]) -> Result<(), Fault> {
    let last: HashMap<&String, &String> = tags.iter().map(|(key, value)| (key, value)).collect();
    let (keys, values): (Vec<String>, Vec<String>) = last.into_iter().map(|(key, value)| (key.clone(), value.clone())).unzip();
    tx.run(
        "insert into logged_model_tags (model_id, key, value) select $1, n.key, n.value from unnest($2::text[], $3::text[]) n (key, value) \
         on conflict (model_id, key) do update set value = excluded.value",
        vec![id.uuid().into(), keys.into(), values.into()],
    )
    .await?;
    Ok(())
}

/// Removes a tag; whether there was one.
pub async fn remove_tag(tx: &WriteTx, id: LoggedModelId, key: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from logged_model_tags where model_id = $1 and key = $2", vec![id.uuid().into(), key.into()]).await? > 0)
}

/// Notes that a model changed, with a new status if one is given.
pub async fn touch(tx: &WriteTx, id: LoggedModelId, status: Option<Status>) -> Result<(), Fault> {
    tx.run(
        "update logged_models set updated_at = greatest(updated_at, $2), status = coalesce($3, status) where id = $1",
        vec![id.uuid().into(), tx.now().into(), status.map(Status::as_str).into()],
    )
    .await?;
    Ok(())
}

/// Marks a model as removed.
pub async fn remove(tx: &WriteTx, id: LoggedModelId) -> Result<(), Fault> {
    tx.run("update logged_models set removed_at = $2 where id = $1", vec![id.uuid().into(), tx.now().into()]).await?;
    Ok(())
}

/// A model's name, locked until the transaction ends; `None` when it does not exist or was removed.
pub async fn lock(tx: &WriteTx, id: LoggedModelId) -> Result<Option<String>, Fault> {
    let row = tx.row("select name from logged_models where id = $1 and removed_at is null for update", vec![id.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Models with params, tags and metrics, in the order of `ids`; absent ones are left out, removed ones too unless asked for.
pub async fn load<C: Connection>(tx: &C, ids: &[LoggedModelId], with_removed: bool) -> Result<Vec<LoggedModel>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    if uuids.is_empty() {
        return Ok(Vec::new());
    }
    let heads = tx
        .rows(
            "select m.id, m.experiment_id, m.source_run_id, m.name, m.model_type, m.status, m.created_at, m.updated_at, \
                    case when e.is_default then '0' else replace(e.id::text, '-', '') end as experiment_mlflow_id \
             from logged_models m join experiments e on e.id = m.experiment_id where m.id = any($1) and ($2 or m.removed_at is null)",
            vec![uuids.clone().into(), with_removed.into()],
        )
        .await?;
    let mut models: HashMap<Uuid, LoggedModel> = heads.iter().map(head).collect::<Result<_, _>>()?;
    let params = tx
        .rows("select model_id, key, value from logged_model_params where model_id = any($1) order by key collate \"C\"", vec![uuids.clone().into()])
        .await?;
    for row in &params {
        let (id, pair) = pair(row)?;
        models.entry(id).and_modify(|model| model.params.push(pair));
    }
    let tags = tx
        .rows("select model_id, key, value from logged_model_tags where model_id = any($1) order by key collate \"C\"", vec![uuids.clone().into()])
        .await?;
    for row in &tags {
        let (id, pair) = pair(row)?;
        models.entry(id).and_modify(|model| model.tags.push(pair));
    }
    let metrics = tx
        .rows(
            "select model_id, run_id, key, value, step, at_ms, dataset_name, dataset_digest from logged_model_metrics \
             where model_id = any($1) order by key collate \"C\", at_ms, step",
            vec![uuids.clone().into()],
        )
        .await?;
    for row in &metrics {
        let metric = metric(row)?;
        models.entry(metric.model.uuid()).and_modify(|model| model.metrics.push(metric));
    }
    Ok(uuids.iter().filter_map(|id| models.remove(id)).collect())
}

fn head(row: &QueryResult) -> Result<(Uuid, LoggedModel), DbErr> {
    let id: Uuid = row.try_get("", "id")?;
    let status: String = row.try_get("", "status")?;
    let model = LoggedModel {
        id: LoggedModelId::from_uuid(id),
        experiment_id: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
        experiment_mlflow_id: row.try_get("", "experiment_mlflow_id")?,
        source_run_id: row.try_get::<Option<Uuid>>("", "source_run_id")?.map(RunId::from_uuid),
        name: row.try_get("", "name")?,
        model_type: row.try_get("", "model_type")?,
        status: status.parse().map_err(|()| DbErr::Type(format!("{status} is no status")))?,
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
        params: Vec::new(),
        tags: Vec::new(),
        metrics: Vec::new(),
    };
    Ok((id, model))
}

fn pair(row: &QueryResult) -> Result<(Uuid, (String, String)), DbErr> {
    Ok((row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?)))
}

fn metric(row: &QueryResult) -> Result<ModelMetric, DbErr> {
    Ok(ModelMetric {
        model: LoggedModelId::from_uuid(row.try_get("", "model_id")?),
        run: RunId::from_uuid(row.try_get("", "run_id")?),
        key: row.try_get("", "key")?,
        value: row.try_get("", "value")?,
        step: row.try_get("", "step")?,
        at_ms: row.try_get("", "at_ms")?,
        dataset: Dataset { name: row.try_get("", "dataset_name")?, digest: row.try_get("", "dataset_digest")? },
    })
}

/// Keeps the latest of the given metrics (at most one for each key) and of those stored. Metrics of unknown models are dropped.
pub async fn upsert_metrics(tx: &WriteTx, metrics: &[&ModelMetric]) -> Result<(), Fault> {
    if metrics.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&ModelMetric) -> String| metrics.iter().map(|metric| pick(metric)).collect::<Vec<String>>();
    let models: Vec<Uuid> = metrics.iter().map(|metric| metric.model.uuid()).collect();
    let runs: Vec<Uuid> = metrics.iter().map(|metric| metric.run.uuid()).collect();
    let values: Vec<f64> = metrics.iter().map(|metric| metric.value).collect();
    let steps: Vec<i64> = metrics.iter().map(|metric| metric.step).collect();
    let times: Vec<i64> = metrics.iter().map(|metric| metric.at_ms).collect();
    tx.run(
        "insert into logged_model_metrics as t (model_id, run_id, key, value, step, at_ms, dataset_name, dataset_digest)
         select n.* from unnest($1::uuid[], $2::uuid[], $3::text[], $4::double precision[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
                as n (model_id, run_id, key, value, step, at_ms, dataset_name, dataset_digest)
         where exists (select from logged_models m where m.id = n.model_id)
         on conflict (model_id, key, run_id, dataset_name, dataset_digest) do update set value = excluded.value, step = excluded.step, at_ms = excluded.at_ms
         where (excluded.step, excluded.at_ms) > (t.step, t.at_ms)
            or (excluded.step, excluded.at_ms) = (t.step, t.at_ms) and (t.value = 'NaN' or excluded.value <> 'NaN' and excluded.value > t.value)",
        vec![
            models.into(),
            runs.into(),
            column(|metric| metric.key.clone()).into(),
            values.into(),
            steps.into(),
            times.into(),
            column(|metric| metric.dataset.name.clone()).into(),
            column(|metric| metric.dataset.digest.clone()).into(),
        ],
    )
    .await?;
    Ok(())
}

/// Ties models to runs; a link that exists stays.
pub async fn link(tx: &WriteTx, links: &[ModelLink]) -> Result<(), Fault> {
    let runs: Vec<Uuid> = links.iter().map(|link| link.run.uuid()).collect();
    let models: Vec<Uuid> = links.iter().map(|link| link.model.uuid()).collect();
    let directions: Vec<String> = links.iter().map(|link| link.direction.as_str().to_owned()).collect();
    let steps: Vec<i64> = links.iter().map(|link| link.step).collect();
    tx.run(
        "insert into run_models (run_id, model_id, direction, step) select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) \
         on conflict do nothing",
        vec![runs.into(), models.into(), directions.into(), steps.into()],
    )
    .await?;
    Ok(())
}

/// Which of the models exist and were not removed.
pub async fn existing<C: Connection>(tx: &C, ids: &[LoggedModelId]) -> Result<Vec<LoggedModelId>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = tx.rows("select id from logged_models where id = any($1) and removed_at is null", vec![uuids.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(LoggedModelId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// What the runs read and made, in the order it was linked within each.
pub async fn links_of_runs<C: Connection>(tx: &C, runs: &[RunId]) -> Result<Vec<ModelLink>, Fault> {
    let uuids: Vec<Uuid> = runs.iter().map(|id| id.uuid()).collect();
    let rows = tx
        .rows("select run_id, model_id, direction, step from run_models where run_id = any($1) order by run_id, step, model_id", vec![uuids.into()])
        .await?;
    let link = |row: &QueryResult| {
        let direction: String = row.try_get("", "direction")?;
        Ok(ModelLink {
            run: RunId::from_uuid(row.try_get("", "run_id")?),
            model: LoggedModelId::from_uuid(row.try_get("", "model_id")?),
            direction: if direction == "input" { Direction::Input } else { Direction::Output },
            step: row.try_get("", "step")?,
        })
    };
    Ok(rows.iter().map(link).collect::<Result<_, DbErr>>()?)
}

/// The models that runs made: by their link, or as the run that the model names as its source.
pub async fn made_by<C: Connection>(tx: &C, runs: &[RunId]) -> Result<Vec<(RunId, LoggedModelId)>, Fault> {
    let uuids: Vec<Uuid> = runs.iter().map(|id| id.uuid()).collect();
    let rows = tx
        .rows(
            "select run_id, model_id from run_models where run_id = any($1) and direction = 'output' \
             union select source_run_id, id from logged_models where source_run_id = any($1) order by 1, 2",
            vec![uuids.into()],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Ok((RunId::from_uuid(row.try_get_by_index(0)?), LoggedModelId::from_uuid(row.try_get_by_index(1)?))))
        .collect::<Result<_, DbErr>>()?)
}
