//! `experiments/*` of the protocol.

use actix_web::{http::Method, web};
use serde::{Deserialize, Serialize};
use shared::Permission;

use super::{
    Answer, Call, Endpoint, Error, page_token,
    wire::{Empty, Int, KeyValue, List, Named, Names, Pair, Text, filled, present, required, text},
};
use crate::features::{
    experiments::{self, Experiment, ExperimentQuery, ExperimentRef, Lifecycle},
    page::Listing,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/experiments/create", Permission::ExperimentsWrite, || web::to(create)),
    Endpoint::new(Method::GET, "mlflow/experiments/get", Permission::ExperimentsRead, || web::to(get)),
    Endpoint::new(Method::GET, "mlflow/experiments/get-by-name", Permission::ExperimentsRead, || web::to(get_by_name)),
    Endpoint::new(Method::POST, "mlflow/experiments/search", Permission::ExperimentsRead, || web::to(search)),
    Endpoint::new(Method::GET, "mlflow/experiments/search", Permission::ExperimentsRead, || web::to(search)),
    Endpoint::new(Method::POST, "mlflow/experiments/update", Permission::ExperimentsWrite, || web::to(update)),
    Endpoint::new(Method::POST, "mlflow/experiments/delete", Permission::ExperimentsWrite, || web::to(delete)),
    Endpoint::new(Method::POST, "mlflow/experiments/restore", Permission::ExperimentsWrite, || web::to(restore)),
    Endpoint::new(Method::POST, "mlflow/experiments/set-experiment-tag", Permission::ExperimentsWrite, || web::to(set_tag)),
    Endpoint::new(Method::POST, "mlflow/experiments/delete-experiment-tag", Permission::ExperimentsWrite, || web::to(delete_tag)),
];

/// Experiments that a search can be limited to.
const IDS_MAX: usize = 10_000;

impl Names for Lifecycle {
    const FIRST: i64 = 1;
    const ALL: &'static [(&'static str, Self)] = &[("ACTIVE_ONLY", Lifecycle::Active), ("DELETED_ONLY", Lifecycle::Deleted), ("ALL", Lifecycle::All)];
}

/// Reads the id of an experiment.
pub(super) fn reference(field: &str, value: Option<Text>) -> Result<ExperimentRef, Error> {
    ExperimentRef::parse(&required(field, value)?).map_err(|error| crate::fault::Fault::from(error).into())
}

/// Pairs of a request; a key must be there, a value may be empty.
pub(super) fn pairs(list: List<Pair>) -> Result<Vec<(String, String)>, Error> {
    list.0.into_iter().map(|pair| Ok((required("key", pair.key)?, text(pair.value)))).collect()
}

/// The ids that a search is limited to, of which there are few beside all that a statement bears.
pub(super) fn experiment_ids(list: &List<Text>) -> Result<Vec<&str>, Error> {
    if list.0.len() > IDS_MAX {
        return Err(Error::invalid(format!("Invalid value for parameter 'experiment_ids' supplied: at most {IDS_MAX} ids can be searched at once.")));
    }
    Ok(list.0.iter().map(|id| id.0.as_str()).collect())
}

/// How many rows a page may hold.
pub(super) fn limit(value: Option<Int>, missing: i64, most: i64) -> Result<u64, Error> {
    let value = value.map_or(missing, |value| value.0);
    if !(1..=most).contains(&value) {
        return Err(Error::invalid(format!(
            "Invalid value {value} for parameter 'max_results' supplied: It must be a positive integer of at most {most}."
        )));
    }
    Ok(value.unsigned_abs())
}

#[derive(Serialize)]
struct WireExperiment<'a> {
    experiment_id: String,
    name: &'a str,
    artifact_location: String,
    lifecycle_stage: &'static str,
    creation_time: i64,
    last_update_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue<'a>>,
}

fn wire<'a>(experiment: &'a Experiment, tags: Option<&'a Vec<(String, String)>>) -> WireExperiment<'a> {
    let id = experiment.mlflow_id();
    WireExperiment {
        name: &experiment.name,
        artifact_location: format!("mlflow-artifacts:/{id}"),
        experiment_id: id,
        lifecycle_stage: stage(experiment.removed_at.is_some()),
        creation_time: experiment.created_at.timestamp_millis(),
        last_update_time: experiment.updated_at.timestamp_millis(),
        tags: tags.into_iter().flatten().map(|(key, value)| KeyValue { key, value }).collect(),
    }
}

/// The protocol's word for a row's state.
pub(super) fn stage(removed: bool) -> &'static str {
    if removed { "deleted" } else { "active" }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Create {
    name: Option<Text>,
    #[serde(alias = "artifactLocation")]
    artifact_location: Option<Text>,
    tags: List<Pair>,
}

#[derive(Serialize)]
struct Created {
    experiment_id: String,
}

async fn create(Call { scope, input }: Call<Create>) -> Answer<Created> {
    let name = required("name", input.name)?;
    if filled(input.artifact_location).is_some() {
        return Err(Error::invalid("Invalid value for parameter 'artifact_location' supplied: the server chooses where artifacts are stored."));
    }
    let made = experiments::create(scope.grant()?, &name, None, &pairs(input.tags)?).await?;
    Ok(web::Json(Created { experiment_id: made.mlflow_id() }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ById {
    #[serde(alias = "experimentId")]
    experiment_id: Option<Text>,
    #[serde(alias = "newName")]
    new_name: Option<Text>,
    key: Option<Text>,
    value: Option<Text>,
}

async fn one(scope: &crate::access::Scope, experiment: &Experiment) -> Answer<serde_json::Value> {
    let tags = experiments::tags(scope.grant()?, &[experiment.id]).await?;
    Ok(web::Json(serde_json::json!({ "experiment": wire(experiment, tags.get(&experiment.id)) })))
}

async fn get(Call { scope, input }: Call<ById>) -> Answer<serde_json::Value> {
    let experiment = experiments::get(scope.grant()?, reference("experiment_id", input.experiment_id)?).await?;
    one(&scope, &experiment).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ByName {
    #[serde(alias = "experimentName")]
    experiment_name: Option<Text>,
}

async fn get_by_name(Call { scope, input }: Call<ByName>) -> Answer<serde_json::Value> {
    let experiment = experiments::find_by_name(scope.grant()?, &required("experiment_name", input.experiment_name)?).await?;
    one(&scope, &experiment).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Search {
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
    filter: Option<Text>,
    #[serde(alias = "orderBy")]
    order_by: List<Text>,
    #[serde(alias = "viewType")]
    view_type: Named<Lifecycle>,
}

async fn search(Call { scope, input }: Call<Search>) -> Answer<serde_json::Value> {
    let list = Listing::of(&scope, "experiments");
    let query = ExperimentQuery {
        reach: scope.reach(),
        filter: text(input.filter),
        order: input.order_by.strings(),
        lifecycle: input.view_type.0.unwrap_or_default(),
        limit: limit(input.max_results, 0, 50_000)?,
        after: page_token::after(&list, input.page_token)?,
    };
    let (found, _) = experiments::list(scope.grant()?, &query, false).await?;
    let ids: Vec<_> = found.experiments.iter().map(|one| one.id).collect();
    let tags = experiments::tags(scope.grant()?, &ids).await?;
    let mut answer = serde_json::Map::new();
    if !found.experiments.is_empty() {
        let list: Vec<_> = found.experiments.iter().map(|one| wire(one, tags.get(&one.id))).collect();
        answer.insert("experiments".to_owned(), serde_json::json!(list));
    }
    if let Some(next) = &found.next {
        answer.insert("next_page_token".to_owned(), list.cursor(next).into());
    }
    Ok(web::Json(answer.into()))
}

async fn update(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let name = required("new_name", input.new_name)?;
    experiments::rename(scope.grant()?, reference("experiment_id", input.experiment_id)?, &name).await?;
    Ok(web::Json(Empty {}))
}

async fn delete(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    experiments::remove(scope.grant()?, reference("experiment_id", input.experiment_id)?).await?;
    Ok(web::Json(Empty {}))
}

async fn restore(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    experiments::restore(scope.grant()?, reference("experiment_id", input.experiment_id)?).await?;
    Ok(web::Json(Empty {}))
}

async fn set_tag(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let experiment = reference("experiment_id", input.experiment_id)?;
    let (key, value) = (required("key", input.key)?, present("value", input.value)?);
    experiments::set_tag(scope.grant()?, experiment, &key, &value).await?;
    Ok(web::Json(Empty {}))
}

async fn delete_tag(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let experiment = reference("experiment_id", input.experiment_id)?;
    experiments::remove_tag(scope.grant()?, experiment, &required("key", input.key)?).await?;
    Ok(web::Json(Empty {}))
}
