//! Why a service account was not made or changed.

use shared::ErrorCode;

use super::model::{ACCOUNTS_MAX, DESCRIPTION_MAX};
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceAccountError {
    #[error("{0}")]
    Name(String),
    #[error("Say in at most {DESCRIPTION_MAX} ordinary characters what it is for.")]
    Description,
    #[error("Choose at least one role from the list.")]
    NoRole,
    #[error("A service account is no owner: owners are people who sign in.")]
    Owner,
    #[error("A service account of this name exists.")]
    Taken,
    #[error("There are {ACCOUNTS_MAX} service accounts. Remove one that is no longer needed.")]
    Many,
}

impl From<ServiceAccountError> for Fault {
    fn from(error: ServiceAccountError) -> Self {
        let text = error.to_string();
        match error {
            ServiceAccountError::Name(_) => Self::invalid("name", text),
            ServiceAccountError::Description => Self::invalid("description", text),
            ServiceAccountError::NoRole | ServiceAccountError::Owner => Self::invalid("roles", text),
            ServiceAccountError::Taken => Self::new(ErrorCode::AlreadyExists, text),
            ServiceAccountError::Many => Self::new(ErrorCode::LimitExceeded, text),
        }
    }
}
