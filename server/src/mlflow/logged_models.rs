//! Logged models.

use actix_web::{http::Method, web};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    Permission,
    ids::{LoggedModelId, RunId},
};

use super::{
    Answer, Call, Endpoint, Error,
    experiments::experiment_ids,
    page_token,
    wire::{Double, Flag, Int, List, Named, Names, Pair, Text, filled, required, text},
};
use crate::features::{
    artifacts::location::{Owner, parse_model_id, root_uri, show_model_id},
    logged_models::{self, Dataset, LoggedModel, ModelMetric, NewModel, Order, Query, Status},
    page::Listing,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/logged-models", Permission::ModelsWrite, || web::to(create)),
    Endpoint::new(Method::POST, "mlflow/logged-models/search", Permission::ModelsRead, || web::to(search)),
    Endpoint::new(Method::GET, "mlflow/logged-models/{model_id}", Permission::ModelsRead, || web::to(get)),
    Endpoint::new(Method::PATCH, "mlflow/logged-models/{model_id}", Permission::ModelsWrite, || web::to(finalize)),
    Endpoint::new(Method::DELETE, "mlflow/logged-models/{model_id}", Permission::ModelsWrite, || web::to(delete)),
    Endpoint::new(Method::PATCH, "mlflow/logged-models/{model_id}/tags", Permission::ModelsWrite, || web::to(set_tags)),
    Endpoint::new(Method::DELETE, "mlflow/logged-models/{model_id}/tags/{tag_key}", Permission::ModelsWrite, || web::to(delete_tag)),
    Endpoint::new(Method::POST, "mlflow/logged-models/{model_id}/params", Permission::ModelsWrite, || web::to(add_params)),
];

/// Models a page holds when the caller does not say, and at the most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 1_000;

/// Reads a model's id; a text that can be none is one nobody has.
pub(super) fn model_id(value: Option<Text>) -> Result<LoggedModelId, Error> {
    let text = required("model_id", value)?;
    parse_model_id(&text).ok_or_else(|| Error::missing(format!("Logged model with ID '{text}' not found.")))
}

/// Key and value of each pair.
///
/// # Errors
/// 400 for a pair without a key.
pub(super) fn pairs(list: List<Pair>) -> Result<Vec<(String, String)>, Error> {
    list.0.into_iter().map(|pair| Ok((required("key", pair.key)?, text(pair.value)))).collect()
}

/// Pairs as they are sent.
pub(super) fn show_pairs(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn show_metric(metric: &ModelMetric) -> Value {
    let mut shown = json!({
        "key": metric.key,
        "value": Double(metric.value),
        "timestamp": metric.at_ms,
        "step": metric.step,
        "model_id": show_model_id(metric.model),
        "run_id": metric.run.hex(),
    });
    if !metric.dataset.name.is_empty() {
        shown["dataset_name"] = metric.dataset.name.clone().into();
        shown["dataset_digest"] = metric.dataset.digest.clone().into();
    }
    shown
}

fn show_status(status: Status) -> &'static str {
    match status {
        Status::Pending => "LOGGED_MODEL_PENDING",
        Status::Ready => "LOGGED_MODEL_READY",
        Status::UploadFailed => "LOGGED_MODEL_UPLOAD_FAILED",
    }
}

fn show(model: &LoggedModel) -> Value {
    let mut info = json!({
        "model_id": show_model_id(model.id),
        "experiment_id": model.experiment_mlflow_id,
        "name": model.name,
        "creation_timestamp_ms": model.created_at.timestamp_millis(),
        "last_updated_timestamp_ms": model.updated_at.timestamp_millis(),
        "artifact_uri": root_uri(&model.experiment_mlflow_id, Owner::Model(model.id)),
        "status": show_status(model.status),
    });
    if !model.model_type.is_empty() {
        info["model_type"] = model.model_type.clone().into();
    }
    if let Some(run) = model.source_run_id {
        info["source_run_id"] = run.hex().into();
    }
    if !model.tags.is_empty() {
        info["tags"] = show_pairs(&model.tags);
    }
    let mut data = json!({});
    if !model.params.is_empty() {
        data["params"] = show_pairs(&model.params);
    }
    if !model.metrics.is_empty() {
        data["metrics"] = model.metrics.iter().map(show_metric).collect();
    }
    json!({ "info": info, "data": data })
}

fn answer(model: &LoggedModel) -> Answer<Value> {
    Ok(web::Json(json!({ "model": show(model) })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CreateInput {
    #[serde(alias = "experimentId")]
    experiment_id: Option<Text>,
    name: Option<Text>,
    #[serde(alias = "modelType")]
    model_type: Option<Text>,
    #[serde(alias = "sourceRunId")]
    source_run_id: Option<Text>,
    params: List<Pair>,
    tags: List<Pair>,
}

async fn create(call: Call<CreateInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let input = call.input;
    let source_run = match filled(input.source_run_id) {
        Some(id) => Some(id.parse::<RunId>().map_err(|_| Error::missing(format!("Run with id={id} not found")))?),
        None => None,
    };
    let new = NewModel {
        experiment: required("experiment_id", input.experiment_id)?,
        name: text(input.name),
        model_type: text(input.model_type),
        source_run,
        params: pairs(input.params)?,
        tags: pairs(input.tags)?,
    };
    answer(&logged_models::create(grant, new).await?)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GetInput {
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    allow_deleted: Option<Flag>,
}

async fn get(call: Call<GetInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let with_removed = call.input.allow_deleted.is_some_and(|flag| flag.0);
    answer(&logged_models::get(grant, model_id(call.input.model_id)?, with_removed).await?)
}

impl Names for Status {
    const FIRST: i64 = 1;
    const ALL: &'static [(&'static str, Self)] =
        &[("LOGGED_MODEL_PENDING", Status::Pending), ("LOGGED_MODEL_READY", Status::Ready), ("LOGGED_MODEL_UPLOAD_FAILED", Status::UploadFailed)];
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FinalizeInput {
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    status: Named<Status>,
}

async fn finalize(call: Call<FinalizeInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let status = call.input.status.0.ok_or_else(|| Error::required("status"))?;
    answer(&logged_models::finalize(grant, model_id(call.input.model_id)?, status).await?)
}

async fn delete(call: Call<GetInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    logged_models::remove(grant, model_id(call.input.model_id)?).await?;
    Ok(web::Json(json!({})))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PairsInput {
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    #[serde(alias = "tagKey")]
    tag_key: Option<Text>,
    tags: List<Pair>,
    params: List<Pair>,
}

async fn set_tags(call: Call<PairsInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    answer(&logged_models::set_tags(grant, model_id(call.input.model_id)?, &pairs(call.input.tags)?).await?)
}

async fn delete_tag(call: Call<PairsInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    logged_models::remove_tag(grant, model_id(call.input.model_id)?, &required("tag_key", call.input.tag_key)?).await?;
    Ok(web::Json(json!({})))
}

async fn add_params(call: Call<PairsInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    logged_models::add_params(grant, model_id(call.input.model_id)?, pairs(call.input.params)?).await?;
    Ok(web::Json(json!({})))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchInput {
    #[serde(alias = "experimentIds")]
    experiment_ids: List<Text>,
    filter: Option<Text>,
    datasets: List<DatasetInput>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
    #[serde(alias = "orderBy")]
    order_by: List<OrderInput>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DatasetInput {
    #[serde(alias = "datasetName")]
    dataset_name: Option<Text>,
    #[serde(alias = "datasetDigest")]
    dataset_digest: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OrderInput {
    #[serde(alias = "fieldName")]
    field_name: Option<Text>,
    ascending: Option<Flag>,
    #[serde(alias = "datasetName")]
    dataset_name: Option<Text>,
    #[serde(alias = "datasetDigest")]
    dataset_digest: Option<Text>,
}

async fn search(call: Call<SearchInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let list = Listing::of(&call.scope, "logged models");
    let input = call.input;
    let offset = page_token::offset(&list, input.page_token)?;
    let order = |order: OrderInput| {
        Ok(Order {
            field: required("field_name", order.field_name)?,
            descending: !order.ascending.is_none_or(|flag| flag.0),
            dataset: Dataset { name: text(order.dataset_name), digest: text(order.dataset_digest) },
        })
    };
    let dataset = |dataset: DatasetInput| Ok(Dataset { name: required("dataset_name", dataset.dataset_name)?, digest: text(dataset.dataset_digest) });
    let query = Query {
        experiments: experiment_ids(&input.experiment_ids)?.into_iter().map(str::to_owned).collect(),
        filter: text(input.filter),
        datasets: input.datasets.0.into_iter().map(dataset).collect::<Result<_, Error>>()?,
        order: input.order_by.0.into_iter().map(order).collect::<Result<_, Error>>()?,
        limit: limit(input.max_results, PAGE, PAGE_MAX)?,
        offset,
    };
    let (models, more) = logged_models::search(grant, &query).await?;
    let mut answer = json!({});
    if !models.is_empty() {
        answer["models"] = models.iter().map(show).collect();
    }
    if let Some(token) = page_token::next(&list, more, offset, models.len()) {
        answer["next_page_token"] = token.into();
    }
    Ok(web::Json(answer))
}

/// The rows of a page.
///
/// # Errors
/// 400 outside 1 to `max`.
pub(super) fn limit(asked: Option<Int>, default: i64, max: i64) -> Result<usize, Error> {
    let limit = asked.map_or(default, |asked| asked.0);
    let fits = (1..=max).contains(&limit);
    usize::try_from(limit)
        .ok()
        .filter(|_| fits)
        .ok_or_else(|| Error::invalid(format!("Invalid value {limit} for parameter 'max_results' supplied: it must be 1 to {max}.")))
}
