//! Why a job token was not made.

use shared::ErrorCode;

use super::model::{HOURS_MAX, TOKENS_MAX};
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobTokenError {
    #[error("This run has ended or was removed. A token is for a run that goes on.")]
    Ended,
    #[error("Choose between 1 and {HOURS_MAX} hours.")]
    Hours,
    #[error("There are {TOKENS_MAX} tokens of this run. Revoke one that is no longer used.")]
    Many,
}

impl From<JobTokenError> for Fault {
    fn from(error: JobTokenError) -> Self {
        let text = error.to_string();
        match error {
            JobTokenError::Ended => Self::conflict(text),
            JobTokenError::Hours => Self::invalid("hours", text),
            JobTokenError::Many => Self::new(ErrorCode::LimitExceeded, text),
        }
    }
}
