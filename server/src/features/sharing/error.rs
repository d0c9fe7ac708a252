//! Why something was not shared.

use shared::{ErrorCode, Permission};

use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharingError {
    #[error("The default project is everybody's: scripts that name no project use it. Put what is not for everybody into a project of its own.")]
    Default,
    #[error("Choose a role from the list. Owners and admins have every project.")]
    Role,
    #[error("{0} does not work in this project.")]
    NotThere(String),
    #[error("You cannot give what you do not have in this project yourself: {0}.")]
    TooMuch(Permission),
    #[error("This experiment is removed. Restore it before you share it.")]
    Removed,
}

impl From<SharingError> for Fault {
    fn from(error: SharingError) -> Self {
        let text = error.to_string();
        match error {
            SharingError::Default | SharingError::Removed => Self::conflict(text),
            SharingError::Role => Self::invalid("role", text),
            SharingError::NotThere(_) => Self::new(ErrorCode::NotFound, text),
            SharingError::TooMuch(_) => Self::new(ErrorCode::Forbidden, text),
        }
    }
}
