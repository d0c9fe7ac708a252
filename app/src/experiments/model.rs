//! Experiments as the pages see them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    kit::number,
};

const CREATE: Operation = Operation(include_str!("create_experiment.graphql"));
const RENAME: Operation = Operation(include_str!("rename_experiment.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_experiment.graphql"));
const SHARE: Operation = Operation(include_str!("share_experiment.graphql"));
const UNSHARE: Operation = Operation(include_str!("unshare_experiment.graphql"));
const RESTORE: Operation = Operation(include_str!("restore_experiment.graphql"));

/// A line of the list; the head of the page of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    pub id: String,
    pub name: String,
    pub lifecycle: String,
    pub created_at: Moment,
    pub created_by: Option<String>,
    pub run_count: i64,
    /// Whether there are more than those.
    pub run_count_is_least: bool,
    pub last_run_at: Option<Moment>,
    pub tags: Vec<Tag>,
}

impl Experiment {
    /// `12 runs`.
    pub fn runs(&self) -> String {
        number::counted_at_least(self.run_count, self.run_count_is_least, "run", "runs")
    }

    /// Whether it was removed and can be restored.
    pub fn is_removed(&self) -> bool {
        self.lifecycle == "DELETED"
    }

    /// The address of its page.
    pub fn path(&self) -> String {
        format!("/experiments/{}", self.id)
    }
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

impl Tag {
    /// Whether a client wrote it for itself: not shown among a person's tags.
    pub fn is_internal(&self) -> bool {
        is_internal(&self.key)
    }
}

/// Whether a client writes a tag of this key for itself.
pub(super) fn is_internal(key: &str) -> bool {
    key.starts_with("mlflow.") || key.starts_with("assay.")
}

/// Where a list ends and whether more follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    pub end_cursor: Option<String>,
    pub has_next_page: bool,
}

impl PageInfo {
    /// The cursor of what follows.
    pub fn next(&self) -> Option<String> {
        self.end_cursor.clone().filter(|_| self.has_next_page)
    }
}

/// Creates an experiment, without a project in the first; answers its address.
pub(super) async fn create(api: Api, name: String, project: Option<String>) -> Result<String, ApiError> {
    let data: Value = api.query(CREATE, json!({ "name": name, "project": project })).await?;
    Ok(format!("/experiments/{}", data["createExperiment"]["id"].as_str().unwrap_or_default()))
}

pub(super) async fn rename(api: Api, id: String, name: String) -> Result<(), ApiError> {
    api.query::<Value>(RENAME, json!({ "id": id, "name": name })).await.map(drop)
}

/// Lets the whole team read an experiment, or leaves it to those who have its project.
pub(super) async fn set_shared(api: Api, id: String, shared: bool) -> Result<(), ApiError> {
    api.query::<Value>(if shared { SHARE } else { UNSHARE }, json!({ "id": id })).await.map(drop)
}

/// Removes an experiment with its runs, or brings it back.
pub(super) async fn set_removed(api: Api, id: String, removed: bool) -> Result<(), ApiError> {
    api.query::<Value>(if removed { REMOVE } else { RESTORE }, json!({ "id": id })).await.map(drop)
}
