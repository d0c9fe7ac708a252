//! A run as its pages see it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{Api, ApiError, MetricValue, Moment, Operation},
    experiments::Tag,
};

const RUN: Operation = Operation(include_str!("run.graphql"));
const REVISION: Operation = Operation(include_str!("revision.graphql"));

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub id: String,
    pub mlflow_id: String,
    pub name: String,
    pub status: String,
    pub lifecycle: String,
    pub started_at: Moment,
    pub ended_at: Option<Moment>,
    pub created_by: Option<String>,
    /// Whether that is a service account.
    pub is_by_service: bool,
    pub user: Option<String>,
    pub note: Option<String>,
    /// Changes with anything of the run.
    pub revision: String,
    pub experiment: Experiment,
    /// The template that it is.
    pub template: Option<Template>,
    /// Traces that arose in it.
    pub trace_count: i64,
    pub metrics: Vec<Metric>,
    pub params: Vec<Tag>,
    pub tags: Vec<Tag>,
    pub datasets: Vec<Dataset>,
    /// None for a reader who may not see models.
    #[serde(default)]
    pub logged_models: Vec<LoggedModel>,
    /// The curves a page arrives with; a run that is asked for again has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Points>,
}

impl Run {
    /// Whether more may be logged any moment.
    pub fn is_running(&self) -> bool {
        self.status == "RUNNING"
    }

    /// Whether it was removed and can be restored.
    pub fn is_removed(&self) -> bool {
        self.lifecycle == "DELETED"
    }

    /// The address of its first tab.
    pub fn path(&self) -> String {
        format!("/runs/{}", self.id)
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str()).filter(|value| !value.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Experiment {
    pub id: String,
    pub name: String,
    pub lifecycle: String,
    /// What the reader may do in its project.
    pub viewer_permissions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template {
    pub id: String,
    pub name: String,
}

/// The latest value of a metric, with the extremes of its history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Metric {
    pub key: String,
    pub value: MetricValue,
    pub step: i64,
    pub at: Moment,
    pub low: Option<MetricValue>,
    pub high: Option<MetricValue>,
    /// How many points were logged.
    pub count: i64,
}

/// The series of a metric as the API gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Points {
    pub key: String,
    pub total: usize,
    pub sampled: bool,
    pub steps: Vec<i64>,
    pub times: Vec<f64>,
    pub values: Vec<MetricValue>,
    /// The values smoothed by the server, which has all of them; empty without a smoothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smoothed: Vec<MetricValue>,
    /// The smoothing that was asked for.
    #[serde(default)]
    pub smoothing: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dataset {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    pub context: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoggedModel {
    pub id: String,
    pub mlflow_id: String,
    pub name: String,
    pub model_type: Option<String>,
    pub status: String,
    pub created_at: Moment,
}

#[derive(Deserialize)]
struct Data<T> {
    run: Option<T>,
}

#[derive(Deserialize)]
struct Revision {
    revision: String,
}

/// The run of a page. `models`: whether the reader may see models; who asks for what they may not see gets nothing at all.
pub(super) async fn fetch(api: Api, id: String, models: bool) -> Result<Run, ApiError> {
    part(&api, RUN, json!({ "id": id, "models": models })).await
}

/// What changes when anything of the run does.
pub(super) async fn revision(api: &Api, id: &str) -> Result<String, ApiError> {
    part::<Revision>(api, REVISION, json!({ "id": id })).await.map(|run| run.revision)
}

/// A part of the run: `operation` asks for one field of `run(id:)`.
pub(super) async fn part<T: serde::de::DeserializeOwned>(api: &Api, operation: Operation, variables: serde_json::Value) -> Result<T, ApiError> {
    let data = api.query::<Data<T>>(operation, variables).await.map_err(|error| error.or_absent(ABSENT))?;
    data.run.ok_or_else(|| ApiError::absent(ABSENT))
}

const ABSENT: &str = "There is no run at this address, or it belongs to another organization.";
