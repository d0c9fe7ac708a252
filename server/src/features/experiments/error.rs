//! What can be wrong with an experiment.

use shared::{ErrorCode, limits::PAIRS_MAX};

use crate::fault::Fault;

/// The messages are those the MLflow protocol uses where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExperimentError {
    #[error("No Experiment with id={0} exists")]
    Missing(String),
    #[error("Could not find experiment with name '{0}'")]
    NoSuchName(String),
    #[error("Experiment(name={0}) already exists.")]
    NameTaken(String),
    #[error("Invalid experiment name: {0}")]
    Name(String),
    #[error("The experiment {0} must be in the 'active' state. Current state is deleted.")]
    Removed(String),
    #[error("The experiment {0} must be in the 'deleted' state. Current state is active.")]
    NotRemoved(String),
    #[error("The default experiment cannot be removed or renamed.")]
    Default,
    #[error("No tag with name: {0} in experiment with id {1}")]
    NoSuchTag(String, String),
    #[error("{0}")]
    Tag(String),
    #[error("A request can bring at most {PAIRS_MAX} tags, got {0}.")]
    TooManyTags(usize),
}

impl From<ExperimentError> for Fault {
    fn from(error: ExperimentError) -> Self {
        use ExperimentError as E;
        let message = error.to_string();
        match error {
            E::Missing(id) => Fault::missing("experiment", format!("exp_{id}"), message),
            E::NoSuchName(_) | E::NotRemoved(_) | E::NoSuchTag(..) => Fault::new(ErrorCode::NotFound, message),
            E::NameTaken(_) => Fault::new(ErrorCode::AlreadyExists, message),
            E::Name(_) => Fault::invalid("name", message),
            E::Tag(_) => Fault::invalid("tags", message),
            E::TooManyTags(_) => Fault::new(ErrorCode::LimitExceeded, message),
            E::Removed(_) | E::Default => Fault::conflict(message),
        }
    }
}
