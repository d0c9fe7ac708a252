//! Templates as the pages see them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    experiments::Tag,
};

const CREATE: Operation = Operation(include_str!("create_template.graphql"));
const CREATE_OF_EXPERIMENT: Operation = Operation(include_str!("create_experiment_template.graphql"));
const START_EXPERIMENT: Operation = Operation(include_str!("start_experiment.graphql"));
const UPDATE: Operation = Operation(include_str!("update_template.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_template.graphql"));
const RESTORE: Operation = Operation(include_str!("restore_template.graphql"));

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub id: String,
    pub name: String,
    pub description: String,
    pub created_by: Option<String>,
    pub created_at: Moment,
    pub started_count: i64,
    pub run: Option<RunOf>,
    pub experiment: Option<Named>,
}

impl Listed {
    /// The name of the experiment that it is or that its run belongs to.
    pub fn experiment_name(&self) -> Option<String> {
        let of_run = self.run.as_ref().map(|run| &run.experiment);
        of_run.or(self.experiment.as_ref()).map(|experiment| experiment.name.clone())
    }
}

/// The run that a template is, in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunOf {
    pub id: String,
    pub name: String,
    pub experiment: Named,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub id: String,
    pub name: String,
}

/// One template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Template {
    pub id: String,
    pub name: String,
    pub description: String,
    pub lifecycle: String,
    pub created_by: Option<String>,
    pub created_at: Moment,
    pub started_count: i64,
    pub run: Option<Run>,
    /// The experiment that it is, where it is no run.
    pub experiment: Option<Experiment>,
    pub best_run: Option<BestRun>,
    pub started_runs: Vec<Started>,
    pub started_experiments: Vec<Begun>,
}

impl Template {
    /// The experiment that it is or that its run belongs to: what tells of changes.
    pub fn place(&self) -> Option<&Experiment> {
        self.run.as_ref().map(|run| &run.experiment).or(self.experiment.as_ref())
    }
}

/// Of an experiment, the run that came out best.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BestRun {
    pub id: String,
    pub name: String,
    pub params: Vec<Tag>,
}

/// The run that a template is, with what starts another like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub id: String,
    pub mlflow_id: String,
    pub name: String,
    pub experiment: Experiment,
    pub params: Vec<Tag>,
    pub environment: Environment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Experiment {
    pub id: String,
    pub name: String,
    pub mlflow_id: String,
}

/// How the run was started, where that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Environment {
    pub command: Vec<String>,
    pub directory: Option<String>,
    pub remote: Option<String>,
}

/// A run that was started from a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Started {
    pub id: String,
    pub name: String,
    pub status: String,
    pub started_at: Moment,
    pub created_by: Option<String>,
}

/// An experiment that was started from a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Begun {
    pub id: String,
    pub name: String,
    pub created_at: Moment,
    pub created_by: Option<String>,
}

/// Makes a run a template.
pub async fn create(api: Api, run: String, name: String, description: String) -> Result<(), ApiError> {
    api.query::<Value>(CREATE, json!({ "run": run, "name": name, "description": description })).await.map(drop)
}

/// Makes an experiment a template.
pub async fn create_of_experiment(api: Api, experiment: String, name: String, description: String) -> Result<(), ApiError> {
    let input = json!({ "experiment": experiment, "name": name, "description": description });
    api.query::<Value>(CREATE_OF_EXPERIMENT, input).await.map(drop)
}

/// Starts an experiment from a template; answers its address.
pub(super) async fn start_experiment(api: Api, template: String, name: String) -> Result<String, ApiError> {
    let data: Value = api.query(START_EXPERIMENT, json!({ "template": template, "name": name })).await?;
    Ok(format!("/experiments/{}", data["startExperiment"]["id"].as_str().unwrap_or_default()))
}

/// Changes what a template is called and said to be good for.
pub(super) async fn update(api: Api, id: String, name: String, description: String) -> Result<(), ApiError> {
    api.query::<Value>(UPDATE, json!({ "id": id, "name": name, "description": description })).await.map(drop)
}

/// Removes a template or brings it back.
pub async fn set_removed(api: Api, id: String, removed: bool) -> Result<(), ApiError> {
    api.query::<Value>(if removed { REMOVE } else { RESTORE }, json!({ "id": id })).await.map(drop)
}
