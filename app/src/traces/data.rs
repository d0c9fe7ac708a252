//! Traces as the pages see them.

use serde::{Deserialize, Serialize};

use crate::{api::Moment, experiments::Tag, kit::Tone};

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub id: String,
    pub name: Option<String>,
    pub state: String,
    pub started_at: Moment,
    /// Milliseconds.
    pub duration: Option<i64>,
    pub request_preview: Option<String>,
}

/// One trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trace {
    pub id: String,
    pub name: Option<String>,
    pub state: String,
    pub started_at: Moment,
    pub duration: Option<i64>,
    pub request_preview: Option<String>,
    pub response_preview: Option<String>,
    pub tags: Vec<Tag>,
    pub metadata: Vec<Tag>,
    pub experiment: Named,
    pub run: Option<Named>,
    pub spans: Vec<Span>,
    pub assessments: Vec<Assessment>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub id: String,
    pub name: String,
}

/// A step of a trace; times in milliseconds from the trace's beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    pub id: String,
    pub parent_id: Option<String>,
    pub name: String,
    pub kind: Option<String>,
    pub status: String,
    pub message: Option<String>,
    pub offset: f64,
    pub duration: Option<f64>,
    pub inputs: Option<String>,
    pub outputs: Option<String>,
    pub attributes: Vec<Tag>,
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub name: String,
    pub offset: f64,
    pub attributes: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Assessment {
    pub name: String,
    pub kind: String,
    pub value: String,
    pub rationale: Option<String>,
    pub source: Option<String>,
    pub valid: bool,
}

/// The colour and the word of a trace's state.
pub(super) fn state(state: &str) -> (Tone, &'static str) {
    match state {
        "OK" => (Tone::Good, "ok"),
        "ERROR" => (Tone::Bad, "error"),
        "IN_PROGRESS" => (Tone::Info, "in progress"),
        _ => (Tone::Plain, "unknown"),
    }
}

/// A duration in words: `412 ms`, `3.2 s`, `2 min 5 s`.
pub(super) fn lasting(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms => format!("{:.0} min {:.0} s", (ms / 60_000.0).floor(), (ms % 60_000.0) / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_in_words() {
        for (ms, words) in [(0.04, "0.0 ms"), (3.25, "3.2 ms"), (412.4, "412 ms"), (3_210.0, "3.21 s"), (125_000.0, "2 min 5 s")] {
            assert_eq!(super::lasting(ms), words);
        }
    }
}
