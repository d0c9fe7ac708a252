//! Imports as the pages see them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Connection, Moment, Operation},
    kit::{Tone, number},
};

const IMPORT: Operation = Operation(include_str!("import.graphql"));
const PROBLEMS: Operation = Operation(include_str!("import_problems.graphql"));
const START: Operation = Operation(include_str!("start_import.graphql"));
const CANCEL: Operation = Operation(include_str!("cancel_import.graphql"));

/// An import in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub id: String,
    pub source: String,
    pub state: String,
    pub started_by: String,
    pub created_at: Moment,
    pub finished_at: Option<Moment>,
    pub counts: Vec<Count>,
}

/// An import on its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Import {
    pub id: String,
    pub source: String,
    pub experiments: Vec<String>,
    pub with_files: bool,
    pub with_registry: bool,
    pub started_by: String,
    pub state: String,
    pub phase: String,
    pub reason: Option<String>,
    pub created_at: Moment,
    pub finished_at: Option<Moment>,
    /// Of the present phase.
    pub seconds_left: Option<i64>,
    pub counts: Vec<Count>,
    pub problems: Connection<Problem>,
}

impl Import {
    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.state == "RUNNING"
    }

    /// What it is busy with, in words.
    pub fn phase_words(&self) -> &'static str {
        match self.phase.as_str() {
            "CONNECTING" => "Connecting",
            "LISTING" => "Looking what there is",
            "RUNS" => "Taking runs and their histories",
            "MODELS" => "Taking logged models",
            "FILES" => "Taking files",
            _ => "Taking registered models",
        }
    }
}

/// How far an import is with one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    pub kind: String,
    pub found: i64,
    pub taken: i64,
    pub unchanged: i64,
    pub failed: i64,
    pub waiting: i64,
    /// Points of runs, bytes of files.
    pub amount: i64,
}

impl Count {
    /// What of the kind is dealt with, from 0 to 100.
    pub fn percent(&self) -> i64 {
        if self.found == 0 { 100 } else { (self.found - self.waiting) * 100 / self.found }
    }

    /// What came with it: points, bytes.
    pub fn amount_words(&self) -> Option<String> {
        match self.kind.as_str() {
            _ if self.amount == 0 => None,
            "RUN" => Some(number::counted(self.amount, "point", "points")),
            "RUN_FILES" | "MODEL_FILES" => Some(number::bytes(self.amount)),
            _ => None,
        }
    }
}

/// A kind of thing in words.
pub(super) fn kind_words(kind: &str) -> &'static str {
    match kind {
        "EXPERIMENT" => "Experiments",
        "RUN" => "Runs",
        "MODEL" => "Logged models",
        "RUN_FILES" => "Files of runs",
        "MODEL_FILES" => "Files of models",
        _ => "Registered models",
    }
}

/// One thing of a kind in words.
pub(super) fn one_of(kind: &str) -> &'static str {
    match kind {
        "EXPERIMENT" => "Experiment",
        "RUN" => "Run",
        "MODEL" => "Logged model",
        "RUN_FILES" => "Files of a run",
        "MODEL_FILES" => "Files of a model",
        _ => "Registered model",
    }
}

/// The state of an import: its colour and its word.
pub(super) fn state_words(state: &str) -> (Tone, &'static str) {
    match state {
        "RUNNING" => (Tone::Info, "running"),
        "DONE" => (Tone::Good, "done"),
        "FAILED" => (Tone::Bad, "failed"),
        _ => (Tone::Warn, "cancelled"),
    }
}

/// Something that could not be taken, or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    pub kind: String,
    pub source_id: String,
    pub name: String,
    pub reason: String,
}

/// What a person asks for.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Wanted {
    pub address: String,
    pub token: Option<String>,
    pub username: Option<String>,
    pub password: Option<String>,
    pub experiments: Vec<String>,
    pub files: bool,
    pub registry: bool,
}

#[derive(Deserialize)]
struct Data<T> {
    import: T,
}

#[derive(Deserialize)]
struct Problems {
    problems: Connection<Problem>,
}

pub(super) async fn fetch(api: Api, id: String) -> Result<Import, ApiError> {
    Ok(api.query::<Data<Import>>(IMPORT, json!({ "id": id })).await?.import)
}

pub(super) async fn problems(api: &Api, id: &str, first: usize, after: Option<String>) -> Result<Connection<Problem>, ApiError> {
    let variables = json!({ "id": id, "first": first, "after": after });
    Ok(api.query::<Data<Problems>>(PROBLEMS, variables).await?.import.problems)
}

/// Starts an import; its id.
pub(super) async fn start(api: Api, wanted: Wanted) -> Result<String, ApiError> {
    let data: Value = api.query(START, json!({ "input": wanted })).await?;
    data["startImport"]["id"].as_str().map(str::to_owned).ok_or_else(ApiError::unreadable)
}

pub(super) async fn cancel(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(CANCEL, json!({ "id": id })).await.map(drop)
}

/// An address without its scheme, as people call a server.
pub(super) fn host(source: &str) -> String {
    source.split_once("://").map_or(source, |(_, rest)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_what_is_dealt_with() {
        let count = |found, waiting| Count { kind: "RUN".into(), found, taken: 0, unchanged: 0, failed: 0, waiting, amount: 2 };
        assert_eq!([count(0, 0).percent(), count(8, 6).percent(), count(3, 0).percent()], [100, 25, 100]);
        assert_eq!(count(1, 0).amount_words().as_deref(), Some("2 points"));
        assert_eq!(host("https://mlflow.example.com:5000/team"), "mlflow.example.com:5000/team");
    }
}
