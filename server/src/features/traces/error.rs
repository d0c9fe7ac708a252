//! What can go wrong with traces. Messages are public, in the words MLflow's clients know.

use shared::ErrorCode;

use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    #[error("Trace with ID '{0}' not found.")]
    Missing(String),
    #[error("No Experiment with id={0} exists")]
    NoExperiment(String),
    #[error("The experiment {0} must be in the 'active' state. Current state is deleted.")]
    ExperimentRemoved(String),
    #[error("Trace '{0}' belongs to another experiment.")]
    Elsewhere(String),
    #[error("Assessment with ID '{0}' not found for trace '{1}'")]
    NoAssessment(String, String),
    #[error("No trace tag with key '{0}' for trace with ID '{1}'")]
    NoTag(String, String),
    #[error("Run with id={0} not found")]
    NoRun(String),
    #[error("{0}")]
    Key(String),
    #[error("The {0} is longer than {1} characters.")]
    Long(&'static str, usize),
    #[error("At most {most} {what} fit one request, got {got}.")]
    TooMany { what: &'static str, most: usize, got: usize },
    #[error("Invalid OpenTelemetry format: {0}.")]
    Otlp(&'static str),
    /// What a question for figures gets wrong, in MLflow's sentences.
    #[error("{0}")]
    Asked(String),
    #[error("Exactly one of `expectation`, `feedback` or `issue` should be specified.")]
    Value,
    #[error("Either `max_timestamp_millis` or `request_ids` must be specified, not both.")]
    Removal,
}

impl From<TraceError> for Fault {
    fn from(error: TraceError) -> Self {
        let message = error.to_string();
        let code = match error {
            TraceError::Missing(id) => return Self::missing("trace", id, message),
            TraceError::NoExperiment(id) => return Self::missing("experiment", format!("exp_{id}"), message),
            TraceError::NoAssessment(id, _) => return Self::missing("assessment", id, message),
            TraceError::NoRun(id) => return Self::missing("run", format!("run_{id}"), message),
            TraceError::NoTag(..) => ErrorCode::NotFound,
            TraceError::ExperimentRemoved(_) | TraceError::Elsewhere(_) => ErrorCode::Conflict,
            TraceError::TooMany { .. } => ErrorCode::LimitExceeded,
            TraceError::Key(_) | TraceError::Long(..) | TraceError::Otlp(_) | TraceError::Asked(_) | TraceError::Value | TraceError::Removal => {
                ErrorCode::Invalid
            }
        };
        Self::new(code, message)
    }
}
