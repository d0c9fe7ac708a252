//! What can be wrong with a dataset.

use shared::{ErrorCode, ids::RunId, limits::PAIRS_MAX};

use crate::fault::Fault;

/// The messages are those the MLflow protocol uses where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    #[error("Run with id={} not found", .0.hex())]
    RunMissing(RunId),
    #[error("The run {} must be in the 'active' state. Current state is deleted.", .0.hex())]
    RunRemoved(RunId),
    #[error("Dataset {0} must not be empty.")]
    Empty(&'static str),
    #[error("Dataset {0} exceeds the maximum length of {1} characters.")]
    TooLong(&'static str, usize),
    #[error("Dataset {0} contains the character U+0000.")]
    Nul(&'static str),
    #[error("A request can log at most {0} datasets.")]
    TooMany(usize),
    #[error("A dataset can be logged with at most {PAIRS_MAX} tags, got {0}.")]
    TooManyTags(usize),
}

impl From<DatasetError> for Fault {
    fn from(error: DatasetError) -> Self {
        let message = error.to_string();
        match error {
            DatasetError::RunMissing(id) => Fault::missing("run", id, message),
            DatasetError::RunRemoved(_) => Fault::conflict(message),
            DatasetError::TooMany(_) | DatasetError::TooManyTags(_) => Fault::new(ErrorCode::LimitExceeded, message),
            _ => Fault::invalid("datasets", message),
        }
    }
}
