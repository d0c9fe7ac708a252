//! What can be wrong with a run.

use shared::{ErrorCode, ids::RunId};

use crate::fault::Fault;

/// The messages are those the MLflow protocol uses where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("Run with id={0} not found")]
    Missing(String),
    #[error("The run {0} must be in the 'active' state. Current state is deleted.")]
    Removed(String),
    #[error("No Experiment with id={0} exists")]
    NoExperiment(String),
    #[error("The experiment {0} must be in the 'active' state. Current state is deleted.")]
    ExperimentRemoved(String),
    #[error(
        "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{run}'. Attempted logging new value '{new}'."
    )]
    ParamChanged { run: String, key: String, old: String, new: String },
    #[error("Duplicate parameter keys have been submitted: ['{0}']. Please ensure the request contains only one param value per param key.")]
    DuplicateParam(String),
    #[error(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', mlflow.runName='{tag}')."
    )]
    TwoNames { name: String, tag: String },
    #[error("Invalid run name: {0}")]
    Name(String),
    #[error(
        "A batch logging request can contain at most {most} {what}. Got {got} {what}. Please split up {what} across multiple requests and try again."
    )]
    TooMany { what: &'static str, most: usize, got: usize },
    #[error("{0}")]
    Key(String),
    #[error("The value of '{0}' contains the character U+0000.")]
    Nul(String),
    #[error("No tag with name: {1} in run with id {0}")]
    NoSuchTag(String, String),
    #[error("Invalid value for parameter '{0}' supplied: a time must be a non-negative integer of milliseconds.")]
    Time(&'static str),
}

impl RunError {
    pub fn missing(run: RunId) -> Self {
        Self::Missing(run.hex())
    }
}

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        use RunError as E;
        let message = error.to_string();
        match error {
            E::Missing(id) => Fault::missing("run", format!("run_{id}"), message),
            E::NoExperiment(id) => Fault::missing("experiment", format!("exp_{id}"), message),
            E::NoSuchTag(..) => Fault::new(ErrorCode::NotFound, message),
            E::Removed(_) | E::ExperimentRemoved(_) | E::ParamChanged { .. } => Fault::conflict(message),
            E::TooMany { .. } => Fault::new(ErrorCode::LimitExceeded, message),
            E::DuplicateParam(_) => Fault::invalid("params", message),
            E::TwoNames { .. } | E::Name(_) => Fault::invalid("name", message),
            E::Key(_) | E::Nul(_) => Fault::invalid("key", message),
            E::Time(field) => Fault::invalid(field, message),
        }
    }
}
