//! Templates as the pages see them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    experiments::Tag,
};

const CREATE: Operation = Operation(include_str!("create_template.graphql"));
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
    pub started_runs: Vec<Started>,
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

/// Makes a run a template.
pub async fn create(api: Api, run: String, name: String, description: String) -> Result<(), ApiError> {
    api.query::<Value>(CREATE, json!({ "run": run, "name": name, "description": description })).await.map(drop)
}

/// Changes what a template is called and said to be good for.
pub(super) async fn update(api: Api, id: String, name: String, description: String) -> Result<(), ApiError> {
    api.query::<Value>(UPDATE, json!({ "id": id, "name": name, "description": description })).await.map(drop)
}

/// Removes a template or brings it back.
pub async fn set_removed(api: Api, id: String, removed: bool) -> Result<(), ApiError> {
    api.query::<Value>(if removed { REMOVE } else { RESTORE }, json!({ "id": id })).await.map(drop)
}
