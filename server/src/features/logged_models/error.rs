//! What can go wrong with logged models. Messages are public.

use shared::{ErrorCode, limits::PAIRS_MAX};

use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoggedModelError {
    #[error("Logged model with ID '{0}' not found.")]
    Missing(String),
    #[error("No Experiment with id={0} exists")]
    ExperimentMissing(String),
    #[error("The experiment {0} must be in the 'active' state. Current state is deleted.")]
    ExperimentRemoved(String),
    #[error("Run with id={0} not found")]
    RunMissing(String),
    #[error(
        "Invalid model name ('{0}') provided. Model name must be a non-empty string of at most 256 characters without '/', ':', '.', '%', '\"', \"'\" and control characters."
    )]
    Name(String),
    #[error("{0}")]
    Key(String),
    #[error("The value of '{0}' is too long.")]
    Value(String),
    #[error("The model type is longer than 256 characters.")]
    ModelType,
    #[error("A param of a model is written once: '{0}' was given twice or has another value already.")]
    ParamChanged(String),
    #[error("A request can bring at most {PAIRS_MAX} params and as many tags, got {0}.")]
    TooMany(usize),
    #[error("No tag with key '{0}' found for model with ID '{1}'.")]
    TagMissing(String, String),
    #[error("Invalid model status: a model can become ready or failed to upload.")]
    Status,
    #[error("{0}")]
    Search(String),
}

impl LoggedModelError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Missing(_) | Self::ExperimentMissing(_) | Self::RunMissing(_) | Self::TagMissing(..) => ErrorCode::NotFound,
            Self::TooMany(_) => ErrorCode::LimitExceeded,
            _ => ErrorCode::Invalid,
        }
    }
}

impl From<LoggedModelError> for Fault {
    fn from(error: LoggedModelError) -> Self {
        use LoggedModelError as E;
        let message = error.to_string();
        match error {
            E::Missing(id) => Self::missing("logged_model", id, message),
            E::ExperimentMissing(id) => Self::missing("experiment", format!("exp_{id}"), message),
            E::RunMissing(id) => Self::missing("run", format!("run_{id}"), message),
            other => Self::new(other.code(), message),
        }
    }
}
