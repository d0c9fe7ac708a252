//! Why a link was not made.

use shared::ErrorCode;

use super::model::{DAYS_MAX, LINKS_MAX};
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("This experiment is removed. Restore it before you make a link to it.")]
    Removed,
    #[error("Choose between 1 and {DAYS_MAX} days.")]
    Days,
    #[error("There are {LINKS_MAX} links to this experiment. Revoke one that is no longer needed.")]
    Many,
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        let text = error.to_string();
        match error {
            LinkError::Removed => Self::conflict(text),
            LinkError::Days => Self::invalid("expiresInDays", text),
            LinkError::Many => Self::new(ErrorCode::LimitExceeded, text),
        }
    }
}
