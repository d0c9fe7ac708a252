//! Exports and contents as the page sees them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    kit::{Tone, number},
};

const START: Operation = Operation(include_str!("start_export.graphql"));
const CANCEL: Operation = Operation(include_str!("cancel_export.graphql"));
const CLOSE: Operation = Operation(include_str!("close.graphql"));

/// An export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export {
    pub id: String,
    pub requested_by: String,
    pub state: String,
    pub phase: String,
    pub reason: Option<String>,
    pub file_bytes: i64,
    pub checked_bytes: i64,
    pub packed_bytes: i64,
    pub damaged_files: i64,
    pub size: Option<i64>,
    pub downloads: i64,
    pub created_at: Moment,
    pub finished_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub path: Option<String>,
    pub counts: Vec<Count>,
}

/// How much of a kind it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    pub kind: String,
    pub rows: i64,
    pub bytes: i64,
}

impl Export {
    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.state == "RUNNING"
    }

    /// Its place among the phases, from 0 on, and what it is busy with.
    pub fn phase_words(&self) -> (usize, &'static str) {
        match self.phase.as_str() {
            "TABLES" => (0, "Taking experiments, runs, models and what is said of them"),
            "HISTORIES" => (1, "Taking the points of all metrics"),
            "FILES" => (2, "Listing files"),
            "CHECKING" => (3, "Checking files"),
            "MANIFEST" => (4, "Writing the manifest"),
            "PACKING" => (5, "Writing the archive"),
            _ => (6, "Tidying up"),
        }
    }

    /// How far it is, in numbers.
    pub fn progress_words(&self) -> String {
        let rows: i64 = self
            .counts
            .iter()
            .filter(|count| !matches!(count.kind.as_str(), "file_lists" | "manifest" | "artifact_files"))
            .map(|count| count.rows)
            .sum();
        let rows = number::counted(rows, "row", "rows");
        match self.phase.as_str() {
            "CHECKING" => format!("{rows} taken; {} of {} checked", number::bytes(self.checked_bytes), number::bytes(self.file_bytes)),
            "PACKING" => format!("{rows} taken; {} written", number::bytes(self.packed_bytes)),
            _ if self.file_bytes > 0 => format!("{rows} and {} of files taken", number::bytes(self.file_bytes)),
            _ => format!("{rows} taken"),
        }
    }

    /// Its state in a word.
    pub fn state_words(&self) -> (Tone, &'static str) {
        match self.state.as_str() {
            "RUNNING" => (Tone::Info, "Under way"),
            "DONE" => (Tone::Good, "Ready"),
            "FAILED" => (Tone::Bad, "Failed"),
            "CANCELLED" => (Tone::Warn, "Cancelled"),
            _ => (Tone::Plain, "Removed"),
        }
    }
}

/// What the organization holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contents {
    pub members: i64,
    pub projects: i64,
    pub experiments: i64,
    pub runs: i64,
    pub registered_models: i64,
    pub traces: i64,
    pub comments: i64,
    pub files: i64,
    pub bytes: i64,
    pub tokens: i64,
}

impl Contents {
    /// What goes with it, as a list.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![
            number::counted(self.members, "member", "members"),
            number::counted(self.projects, "project", "projects"),
            number::counted(self.experiments, "experiment", "experiments"),
            number::counted(self.runs, "run with all it logged", "runs with all they logged"),
        ];
        let more = [
            (self.registered_models, "registered model", "registered models"),
            (self.traces, "trace", "traces"),
            (self.comments, "comment", "comments"),
            (self.tokens, "API token", "API tokens"),
        ];
        words.extend(more.into_iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| number::counted(count, one, many)));
        if self.files > 0 {
            words.push(format!("{}, {}", number::counted(self.files, "file", "files"), number::bytes(self.bytes)));
        }
        words
    }
}

pub(super) async fn start(api: Api) -> Result<(), ApiError> {
    api.query::<Value>(START, json!({})).await.map(drop)
}

pub(super) async fn cancel(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(CANCEL, json!({ "id": id })).await.map(drop)
}

pub(super) async fn close(api: Api, name: String) -> Result<(), ApiError> {
    api.query::<Value>(CLOSE, json!({ "name": name })).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_counted_in_words_and_nothing_is_not_named() {
        let contents = Contents { members: 1, projects: 1, experiments: 2, runs: 1, files: 1, bytes: 5, ..Contents::default() };
        assert_eq!(contents.words(), ["1 member", "1 project", "2 experiments", "1 run with all it logged", "1 file, 5 B"]);
    }
}
