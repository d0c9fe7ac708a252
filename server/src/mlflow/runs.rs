//! `runs/*` of the protocol, without what logs metrics.

use std::time::{Duration, Instant};

use actix_web::{http::Method, web};
use serde::{Deserialize, Serialize};
use shared::{
    Permission,
    ids::{LoggedModelId, RunId},
};

use super::{
    Answer, Call, Endpoint, Error, LogCall,
    experiments::{experiment_ids, limit, pairs, reference},
    page_token,
    run_view::{Loaded, WireRun, begun, info},
    wire::{Empty, Int, List, Named, Names, Pair, Text, filled, present, required, text},
};
use crate::{
    access::Scope,
    fault::Fault,
    features::{
        artifacts::location::parse_model_id,
        datasets::{self, Input},
        experiments::{ExperimentRef, Lifecycle},
        page::Listing,
        runs::{self, Act, Batch, Done, NewRun, RunChange, RunError, RunQuery, Runs, Status},
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/runs/create", Permission::RunsWrite, || web::to(create)),
    Endpoint::new(Method::GET, "mlflow/runs/get", Permission::RunsRead, || web::to(get)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/update", Permission::RunsWrite, || web::to(update)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/delete", Permission::RunsWrite, || web::to(delete)),
    Endpoint::new(Method::POST, "mlflow/runs/restore", Permission::RunsWrite, || web::to(restore)),
    Endpoint::new(Method::POST, "mlflow/runs/search", Permission::RunsRead, || web::to(search)),
    Endpoint::new(Method::POST, "mlflow/runs/log-parameter", Permission::RunsWrite, || web::to(log_parameter)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/set-tag", Permission::RunsWrite, || web::to(set_tag)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/delete-tag", Permission::RunsWrite, || web::to(delete_tag)),
    Endpoint::new(Method::POST, "mlflow/runs/log-inputs", Permission::RunsWrite, || web::to(log_inputs)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/outputs", Permission::RunsWrite, || web::to(outputs)),
    Endpoint::new(Method::POST, "mlflow/runs/log-model", Permission::RunsWrite, || web::to(log_model)),
];

impl Names for Status {
    const FIRST: i64 = 1;
    const ALL: &'static [(&'static str, Self)] = &[
        ("RUNNING", Status::Running),
        ("SCHEDULED", Status::Scheduled),
        ("FINISHED", Status::Finished),
        ("FAILED", Status::Failed),
        ("KILLED", Status::Killed),
    ];
}

/// Reads the id of a run; the older field `run_uuid` says the same.
pub(super) fn run_id(run_id: Option<Text>, run_uuid: Option<Text>) -> Result<RunId, Error> {
    let id = required("run_id", run_id.filter(|id| !id.is_empty()).or(run_uuid))?;
    let missing = || Fault::from(RunError::Missing(id.chars().take(64).flat_map(char::escape_debug).collect()));
    Ok(id.parse().map_err(|_| missing())?)
}

/// Reads the id of a logged model.
pub(super) fn model_id(value: Option<Text>) -> Result<LoggedModelId, Error> {
    let id = required("model_id", value)?;
    parse_model_id(&id).ok_or_else(|| Error::missing(format!("Logged model with ID '{}' not found", id.escape_debug())))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Create {
    #[serde(alias = "experimentId")]
    experiment_id: Option<Text>,
    #[serde(alias = "userId")]
    user_id: Option<Text>,
    #[serde(alias = "runName")]
    run_name: Option<Text>,
    #[serde(alias = "startTime")]
    start_time: Option<Int>,
    tags: List<Pair>,
}

fn unexpected() -> Error {
    Fault::internal("an act was answered as another").into()
}

async fn create(call: LogCall<Create>) -> Answer<serde_json::Value> {
    let (input, call) = call.split();
    let experiment = match filled(input.experiment_id) {
        Some(id) => reference("experiment_id", Some(Text(id)))?,
        None => ExperimentRef::Default,
    };
    let new = NewRun {
        experiment,
        reach: call.reach,
        name: text(input.run_name),
        user: text(input.user_id),
        started_ms: input.start_time.map(|time| time.0),
        tags: pairs(input.tags)?,
    };
    let Done::Created(run, tags) = call.write(Act::create(new)?).await? else { return Err(unexpected()) };
    Ok(web::Json(begun(&run, tags)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ById {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    #[serde(alias = "runUuid")]
    run_uuid: Option<Text>,
    key: Option<Text>,
    value: Option<Text>,
    #[serde(alias = "modelJson")]
    model_json: Option<Text>,
}

async fn get(Call { scope, input }: Call<ById>) -> Answer<serde_json::Value> {
    let (run, whole) = runs::get_whole(scope.grant()?, run_id(input.run_id, input.run_uuid)?).await?;
    Ok(web::Json(serde_json::json!({ "run": Loaded::from(whole).wire(&run) })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Update {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    #[serde(alias = "runUuid")]
    run_uuid: Option<Text>,
    status: Named<Status>,
    #[serde(alias = "endTime")]
    end_time: Option<Int>,
    #[serde(alias = "runName")]
    run_name: Option<Text>,
}

async fn update(call: LogCall<Update>) -> Answer<serde_json::Value> {
    let (input, call) = call.split();
    let id = run_id(input.run_id, input.run_uuid)?;
    let change = RunChange { status: input.status.0, ended_ms: input.end_time.map(|time| time.0), name: filled(input.run_name) };
    let Done::Changed(run) = call.write(Act::change(id, change)?).await? else { return Err(unexpected()) };
    Ok(web::Json(serde_json::json!({ "run_info": info(&run) })))
}

async fn delete(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    runs::remove(scope.grant()?, &[run_id(input.run_id, input.run_uuid)?]).await?;
    Ok(web::Json(Empty {}))
}

async fn restore(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    runs::restore(scope.grant()?, &[run_id(input.run_id, input.run_uuid)?]).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Search {
    #[serde(alias = "experimentIds")]
    experiment_ids: List<Text>,
    filter: Option<Text>,
    #[serde(alias = "runViewType")]
    run_view_type: Named<Lifecycle>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
    #[serde(alias = "orderBy")]
    order_by: List<Text>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
}

#[derive(Serialize)]
struct Found<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<WireRun<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// How long a search goes on for a full page.
const PATIENCE: Duration = Duration::from_secs(2);

/// A page that is full unless the list ends. The use case looks at so many runs a time and may answer less; a client of MLflow takes a short page for the
/// last one, or an empty one for nothing. Only where even [`PATIENCE`] was not enough it gets less, and a token that goes on.
async fn full(scope: &Scope, query: &RunQuery) -> Result<Runs, Fault> {
    let begun = Instant::now();
    let mut found = runs::search(scope.grant()?, query, false).await?;
    while found.next.is_some() && (found.runs.len() as u64) < query.limit && begun.elapsed() < PATIENCE {
        let limit = query.limit - found.runs.len() as u64;
        let more = runs::search(scope.grant()?, &RunQuery { limit, after: found.next, ..query.clone() }, false).await?;
        found.runs.extend(more.runs);
        found.next = more.next;
    }
    Ok(found)
}

async fn search(Call { scope, input }: Call<Search>) -> Result<actix_web::HttpResponse, Error> {
    let list = Listing::of(&scope, "runs");
    let query = RunQuery {
        // An id that is none has no runs.
        experiments: experiment_ids(&input.experiment_ids)?.into_iter().filter_map(|id| ExperimentRef::parse(id).ok()).collect(),
        filter: text(input.filter),
        order: input.order_by.strings(),
        lifecycle: input.run_view_type.0.unwrap_or_default(),
        limit: limit(input.max_results, 1_000, 50_000)?,
        after: page_token::after(&list, input.page_token)?,
    };
    let found = full(&scope, &query).await?;
    let loaded = Loaded::besides(&scope, &found.runs, found.data).await?;
    let next_page_token = found.next.as_deref().map(|next| list.cursor(next));
    let answer = Found { runs: found.runs.iter().map(|run| loaded.wire(run)).collect(), next_page_token };
    Ok(actix_web::HttpResponse::Ok().json(answer))
}

async fn log_parameter(call: LogCall<ById>) -> Answer<Empty> {
    let (input, call) = call.split();
    let mut batch = Batch::of(run_id(input.run_id, input.run_uuid)?);
    batch.params.push((required("key", input.key)?, present("value", input.value)?.0));
    call.write(Act::log(batch)?).await?;
    Ok(web::Json(Empty {}))
}

async fn set_tag(call: LogCall<ById>) -> Answer<Empty> {
    let (input, call) = call.split();
    let mut batch = Batch::of(run_id(input.run_id, input.run_uuid)?);
    batch.tags.push((required("key", input.key)?, present("value", input.value)?.0));
    call.write(Act::log(batch)?).await?;
    Ok(web::Json(Empty {}))
}

async fn delete_tag(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let id = run_id(input.run_id, input.run_uuid)?;
    runs::remove_tag(scope.grant()?, id, &required("key", input.key)?).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LogInputs {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    datasets: List<InputBody>,
    models: List<ModelBody>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InputBody {
    dataset: DatasetBody,
    tags: List<Pair>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DatasetBody {
    name: Option<Text>,
    digest: Option<Text>,
    #[serde(alias = "sourceType")]
    source_type: Option<Text>,
    source: Option<Text>,
    schema: Option<Text>,
    profile: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ModelBody {
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    step: Option<Int>,
}

async fn log_inputs(Call { scope, input }: Call<LogInputs>) -> Answer<Empty> {
    let run = run_id(input.run_id, None)?;
    let read = |InputBody { dataset, tags }: InputBody| {
        Ok(Input {
            name: required("dataset.name", dataset.name)?,
            digest: required("dataset.digest", dataset.digest)?,
            source_type: text(dataset.source_type),
            source: text(dataset.source),
            schema: text(dataset.schema),
            profile: text(dataset.profile),
            tags: pairs(tags)?,
        })
    };
    let inputs = input.datasets.0.into_iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let models = input.models.0.into_iter().map(|model| model_id(model.model_id)).collect::<Result<Vec<_>, _>>()?;
    datasets::log(scope.grant()?, run, inputs, &models).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LogOutputs {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    models: List<ModelBody>,
}

async fn outputs(Call { scope, input }: Call<LogOutputs>) -> Answer<Empty> {
    let run = run_id(input.run_id, None)?;
    let models = input
        .models
        .0
        .into_iter()
        .map(|model| Ok((model_id(model.model_id)?, model.step.unwrap_or_default().0)))
        .collect::<Result<Vec<_>, Error>>()?;
    runs::outputs(scope.grant()?, run, &models).await?;
    Ok(web::Json(Empty {}))
}

/// What clients of MLflow 2 send beside the files of a model.
async fn log_model(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    runs::add_model(scope.grant()?, run_id(input.run_id, input.run_uuid)?, &required("model_json", input.model_json)?).await?;
    Ok(web::Json(Empty {}))
}
