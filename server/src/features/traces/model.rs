//! Traces, spans, assessments and their rules.

use std::{fmt, str::FromStr};

use serde_json::Value;
use shared::{ids::ExperimentId, key::check_key, limits::PAIRS_MAX};
use uuid::Uuid;

use super::error::TraceError;
use crate::features::experiments::mlflow_id;

/// Longest value of a tag or of metadata, in characters; longer ones are cut, as MLflow does.
const VALUE_MAX: usize = 8_000;
/// Longest preview of a request or a response, in characters; longer ones are cut.
pub const PREVIEW_MAX: usize = 10_000;
/// The tag that is the trace's name.
pub const NAME_TAG: &str = "mlflow.traceName";
/// The tag that lists the prompts with which the trace was made, as clients of MLflow write it.
pub const PROMPTS_TAG: &str = "mlflow.linkedPrompts";
/// Metadata that names the run in which the trace arose.
pub const RUN_METADATA: &str = "mlflow.sourceRun";

/// The id of a trace: `tr-` and the 32 hexadecimal characters of its OpenTelemetry id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub Uuid);

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "tr-{}", self.0.simple())
    }
}

impl FromStr for TraceId {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        let hex = text.strip_prefix("tr-").filter(|hex| hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        let missing = || TraceError::Missing(text.chars().take(64).flat_map(char::escape_debug).collect());
        hex.and_then(|hex| Uuid::try_parse(hex).ok()).map(Self).ok_or_else(missing)
    }
}

/// Where a trace stands. The names are those of the MLflow protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Unspecified,
    Ok,
    Error,
    InProgress,
}

impl State {
    pub const ALL: [State; 4] = [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A trace as a whole.
#[derive(Clone, Debug)]
pub struct Trace {
    pub id: TraceId,
    pub experiment_id: ExperimentId,
    /// Whether the experiment is the default one, which the MLflow protocol shows as `0`.
    pub in_default: bool,
    /// Milliseconds since the epoch.
    pub request_ms: i64,
    pub duration_ms: Option<i64>,
    pub state: State,
    pub client_request_id: Option<String>,
    pub request_preview: Option<String>,
    pub response_preview: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub assessments: Vec<Assessment>,
}

impl Trace {
    /// The experiment's id as the MLflow protocol shows it.
    pub fn experiment_mlflow_id(&self) -> String {
        mlflow_id(self.experiment_id, self.in_default)
    }

    /// Checks what needs no database, and cuts what is too long.
    ///
    /// # Errors
    /// [`TraceError`] for what breaks a rule.
    pub fn settle(&mut self) -> Result<(), TraceError> {
        for (what, list) in [("tags", &mut self.tags), ("metadata", &mut self.metadata)] {
            if list.len() > PAIRS_MAX {
                return Err(TraceError::TooMany { what, most: PAIRS_MAX, got: list.len() });
            }
            list.iter_mut().try_for_each(|(key, value)| check_pair(key, value))?;
        }
        for preview in [&mut self.request_preview, &mut self.response_preview].into_iter().flatten() {
            cut(preview, PREVIEW_MAX);
        }
        match &self.client_request_id {
            Some(id) if id.chars().count() > 250 => Err(TraceError::Long("client's request id", 250)),
            _ => Ok(()),
        }
    }
}

/// Checks a key and cuts its value.
pub fn check_pair(key: &str, value: &mut String) -> Result<(), TraceError> {
    check_key(key).map_err(|refused| TraceError::Key(refused.0))?;
    cut(value, VALUE_MAX);
    Ok(())
}

/// Cuts a text to so many characters.
pub fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
}

/// A step of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub trace: TraceId,
    /// Hexadecimal.
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    /// What MLflow calls its type: `LLM`, `TOOL`, `CHAIN`, …
    pub kind: String,
    pub status: State,
    /// Nanoseconds since the epoch.
    pub start_ns: i64,
    pub end_ns: Option<i64>,
    /// What it was given and what it gave, as JSON, where the client says so.
    pub inputs: Option<String>,
    pub outputs: Option<String>,
    /// Tags of the trace that a root span carries.
    pub trace_tags: Vec<(String, String)>,
    /// The span in protobuf's JSON.
    pub data: String,
}

/// What an assessment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssessmentKind {
    Feedback,
    Expectation,
    Issue,
}

impl AssessmentKind {
    pub const ALL: [AssessmentKind; 3] = [Self::Feedback, Self::Expectation, Self::Issue];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// A judgement about a trace or a span of it, in protobuf's JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    pub id: Uuid,
    pub trace: TraceId,
    pub data: Value,
}

impl Assessment {
    /// The id as the MLflow protocol shows it.
    pub fn shown_id(id: Uuid) -> String {
        format!("a-{}", id.simple())
    }

    /// Reads an id as the protocol shows it.
    pub fn parse_id(text: &str) -> Option<Uuid> {
        let hex = text.strip_prefix("a-").filter(|hex| hex.len() == 32)?;
        Uuid::try_parse(hex).ok()
    }

    pub fn name(&self) -> &str {
        self.data["assessment_name"].as_str().unwrap_or_default()
    }

    pub fn valid(&self) -> bool {
        self.data["valid"].as_bool().unwrap_or(true)
    }

    /// Which of the three it is, and its value as filters compare it.
    ///
    /// # Errors
    /// [`TraceError::Value`] unless it is exactly one.
    pub fn value(&self) -> Result<(AssessmentKind, String), TraceError> {
        let mut found = AssessmentKind::ALL.into_iter().filter(|kind| !self.data[kind.as_str()].is_null());
        let (Some(kind), None) = (found.next(), found.next()) else { return Err(TraceError::Value) };
        let held = &self.data[kind.as_str()];
        let value = held.get("value").or_else(|| held.get("serialized_value").and_then(|serialized| serialized.get("value"))).unwrap_or(&Value::Null);
        Ok((kind, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let id: TraceId = "tr-0190aaaabbbb7ccc8dddeeeeffff0001".parse().unwrap();
        assert_eq!(id.to_string(), "tr-0190aaaabbbb7ccc8dddeeeeffff0001");
        for bad in
            ["", "get", "tr-", "0190aaaabbbb7ccc8dddeeeeffff0001", "tr-0190AAAABBBB7CCC8DDDEEEEFFFF0001", "tr-0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"]
        {
            assert!(bad.parse::<TraceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_assessment_is_one_of_three() {
        let of = |data: Value| Assessment { id: Uuid::nil(), trace: TraceId(Uuid::nil()), data }.value();
        assert_eq!(of(serde_json::json!({ "feedback": { "value": true } })), Ok((AssessmentKind::Feedback, "true".into())));
        assert_eq!(of(serde_json::json!({ "expectation": { "value": "Paris" } })), Ok((AssessmentKind::Expectation, "Paris".into())));
        assert_eq!(of(serde_json::json!({})), Err(TraceError::Value));
        assert_eq!(of(serde_json::json!({ "feedback": {}, "expectation": {} })), Err(TraceError::Value));
    }
}
