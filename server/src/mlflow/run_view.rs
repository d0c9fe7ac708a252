//! A run as the protocol shows it, and what hangs on it.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;
use shared::ids::RunId;

use super::{
    Error,
    experiments::stage,
    metrics::WireMetric,
    wire::{Double, KeyValue},
};
use crate::{
    access::{Grant, Scope},
    features::{
        artifacts::location::{Owner, root_uri, show_model_id},
        datasets::{self, Input},
        logged_models::{self, Direction, ModelLink},
        runs::{self, ReadRuns, Run, RunData, Whole},
    },
};

#[derive(Serialize)]
pub(super) struct Info<'a> {
    run_id: String,
    run_uuid: String,
    run_name: &'a str,
    experiment_id: String,
    user_id: &'a str,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: String,
    lifecycle_stage: &'static str,
}

/// The run itself.
pub(super) fn info(run: &Run) -> Info<'_> {
    let experiment_id = run.experiment_mlflow_id();
    Info {
        run_id: run.id.hex(),
        run_uuid: run.id.hex(),
        run_name: &run.name,
        artifact_uri: root_uri(&experiment_id, Owner::Run(run.id)),
        experiment_id,
        user_id: &run.user,
        status: run.status.as_str(),
        start_time: run.started_ms,
        end_time: run.ended_ms,
        lifecycle_stage: stage(run.removed),
    }
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<WireMetric<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<KeyValue<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue<'a>>,
}

fn data(data: Option<&RunData>) -> Data<'_> {
    let pairs = |list: fn(&RunData) -> &Vec<(String, String)>| data.into_iter().flat_map(list).map(|(key, value)| KeyValue { key, value }).collect();
    let metric = |one: &'_ crate::features::metrics::Latest| (one.point.value, one.point.at_ms, one.point.step);
    let metrics = data.into_iter().flat_map(|data| &data.metrics);
    Data {
        metrics: metrics
            .map(|one| WireMetric { key: &one.key, value: Double(metric(one).0), timestamp: metric(one).1, step: metric(one).2 })
            .collect(),
        params: pairs(|data| &data.params),
        tags: pairs(|data| &data.tags),
    }
}

#[derive(Serialize)]
struct Inputs<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<DatasetInput<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelInput>,
}

#[derive(Serialize)]
struct DatasetInput<'a> {
    dataset: Dataset<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue<'a>>,
}

#[derive(Serialize)]
struct Dataset<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    schema: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    profile: &'a str,
}

#[derive(Serialize)]
struct ModelInput {
    model_id: String,
}

#[derive(Serialize)]
struct ModelOutput {
    model_id: String,
    step: i64,
}

#[derive(Serialize)]
struct Outputs {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_outputs: Vec<ModelOutput>,
}

#[derive(Serialize)]
pub(super) struct WireRun<'a> {
    info: Info<'a>,
    data: Data<'a>,
    inputs: Inputs<'a>,
    outputs: Outputs,
}

/// Everything that hangs on some runs, each kind asked for once.
#[derive(Default)]
pub(super) struct Loaded {
    data: HashMap<RunId, Arc<RunData>>,
    inputs: HashMap<RunId, Vec<Input>>,
    links: Vec<ModelLink>,
}

impl From<Whole> for Loaded {
    fn from(Whole { data, inputs, links }: Whole) -> Self {
        Self { data: data.into_iter().map(|(id, data)| (id, Arc::new(data))).collect(), inputs, links }
    }
}

impl Loaded {
    /// Asks for everything of `runs`.
    pub(super) async fn of(scope: &Scope, runs: &[Run]) -> Result<Self, Error> {
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        Ok(runs::whole(scope.grant()?, &ids).await?.into())
    }

    /// Asks for everything of `runs` besides what they logged, where that is known already.
    pub(super) async fn besides(scope: &Scope, runs: &[Run], known: HashMap<RunId, Arc<RunData>>) -> Result<Self, Error> {
        if known.is_empty() {
            return Self::of(scope, runs).await;
        }
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        let grant: Grant<'_, ReadRuns> = scope.grant()?;
        let links = logged_models::links_of_runs(grant.read().await?, &ids).await?;
        Ok(Self { data: known, inputs: datasets::of_runs(scope.grant()?, &ids).await?, links })
    }

    /// One of the runs it was loaded for.
    pub(super) fn wire<'a>(&'a self, run: &'a Run) -> WireRun<'a> {
        let links = |direction| self.links.iter().filter(move |link| link.run == run.id && link.direction == direction);
        let dataset = |input: &'a Input| DatasetInput {
            dataset: Dataset {
                name: &input.name,
                digest: &input.digest,
                source_type: &input.source_type,
                source: &input.source,
                schema: &input.schema,
                profile: &input.profile,
            },
            tags: input.tags.iter().map(|(key, value)| KeyValue { key, value }).collect(),
        };
        WireRun {
            info: info(run),
            data: data(self.data.get(&run.id).map(Arc::as_ref)),
            inputs: Inputs {
                dataset_inputs: self.inputs.get(&run.id).into_iter().flatten().map(dataset).collect(),
                model_inputs: links(Direction::Input).map(|link| ModelInput { model_id: show_model_id(link.model) }).collect(),
            },
            outputs: Outputs {
                model_outputs: links(Direction::Output).map(|link| ModelOutput { model_id: show_model_id(link.model), step: link.step }).collect(),
            },
        }
    }
}

/// A run that has only just begun.
pub(super) fn begun(run: &Run, tags: Vec<(String, String)>) -> serde_json::Value {
    let loaded = Loaded { data: HashMap::from([(run.id, Arc::new(RunData { tags, ..RunData::default() }))]), ..Loaded::default() };
    serde_json::json!({ "run": loaded.wire(run) })
}
