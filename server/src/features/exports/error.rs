//! What can be wrong with an export.

use shared::ErrorCode;

use crate::fault::Fault;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("An export is under way. Wait for its end, or cancel it.")]
    Running,
    #[error("This export has ended.")]
    Ended,
    #[error("This export is under way. Cancel it first.")]
    Goes,
    #[error("Export {0} was not found.")]
    Missing(String),
    #[error("There is no archive of this export: it is not finished, or was removed.")]
    NoArchive,
}

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        let message = error.to_string();
        match error {
            ExportError::Running | ExportError::Ended | ExportError::Goes => Fault::conflict(message),
            ExportError::Missing(id) => Fault::missing("export", id, message),
            ExportError::NoArchive => Fault::new(ErrorCode::NotFound, message),
        }
    }
}
