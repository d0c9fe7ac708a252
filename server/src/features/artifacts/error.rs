//! What can go wrong with artifacts. Messages are public.

use shared::ErrorCode;

use super::{location::LocationError, path::PathError};
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Location(#[from] LocationError),
    #[error("No such artifact: '{0}'")]
    Missing(String),
    #[error("Invalid path: '{0}' is a folder.")]
    IsFolder(String),
    #[error("Invalid path: '{0}' is a file, so nothing can lie below it.")]
    BelowFile(String),
    #[error("Run with id={0} not found")]
    RunMissing(String),
    #[error("Logged model with id={0} not found")]
    ModelMissing(String),
    #[error("The run {0} must be in the 'active' state. Current state is deleted.")]
    RunRemoved(String),
    #[error("'{0}' belongs to a registered model version and can no longer be changed.")]
    Frozen(String),
    #[error("No such upload: '{0}'")]
    UploadMissing(String),
    #[error("An upload has 1 to {} parts.", super::uploads::MAX_PARTS)]
    PartCount,
    #[error("This upload has parts 1 to {0}: name each once, in order, with the ETag its upload was answered with.")]
    Parts(u32),
    #[error("A body with a Content-Encoding is not accepted.")]
    Encoded,
    #[error("The same content was being deleted while it came. Nothing was stored; send it again.")]
    Erased,
}

impl ArtifactError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Missing(_) | Self::UploadMissing(_) | Self::RunMissing(_) | Self::ModelMissing(_) => ErrorCode::NotFound,
            Self::Frozen(_) => ErrorCode::Conflict,
            Self::Encoded => ErrorCode::UnsupportedMediaType,
            Self::Erased => ErrorCode::Unavailable,
            Self::Path(_) | Self::Location(_) | Self::IsFolder(_) | Self::BelowFile(_) | Self::RunRemoved(_) | Self::PartCount | Self::Parts(_) => {
                ErrorCode::Invalid
            }
        }
    }
}

impl From<PathError> for Fault {
    fn from(error: PathError) -> Self {
        Self::invalid("path", error.to_string())
    }
}

impl From<LocationError> for Fault {
    fn from(error: LocationError) -> Self {
        Self::invalid("path", error.to_string())
    }
}

impl From<ArtifactError> for Fault {
    fn from(error: ArtifactError) -> Self {
        use ArtifactError as E;
        let message = error.to_string();
        match error {
            E::RunMissing(id) => Self::missing("run", format!("run_{id}"), message),
            E::ModelMissing(id) => Self::missing("logged_model", id, message),
            E::UploadMissing(id) => Self::missing("upload", id, message),
            other => Self::new(other.code(), message),
        }
    }
}
