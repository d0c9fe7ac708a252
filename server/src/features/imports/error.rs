//! What can be wrong with an import.

use crate::{fault::Fault, platform::OutboundError};

/// Why an import was not started, or not cancelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Address(OutboundError),
    #[error("Give a token, or a user name and a password, not both.")]
    TwoCredentials,
    #[error("Give the user name and the password, or neither.")]
    HalfCredentials,
    #[error("These credentials are longer than 4000 characters or contain control characters.")]
    Credentials,
    #[error("Name at most 1000 experiments, each with at most 500 characters.")]
    Experiments,
    #[error("Registered models are made of files: take the files too, or leave the registry out.")]
    RegistryWithoutFiles,
    #[error("An import from this address is under way. Wait for its end, or cancel it.")]
    Running,
    #[error("This import has ended.")]
    Ended,
    #[error("Import {0} was not found.")]
    Missing(String),
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Self {
        let message = error.to_string();
        match error {
            ImportError::Address(_) => Fault::invalid("address", message),
            ImportError::TwoCredentials | ImportError::Credentials => Fault::invalid("token", message),
            ImportError::HalfCredentials => Fault::invalid("username", message),
            ImportError::Experiments => Fault::invalid("experiments", message),
            ImportError::RegistryWithoutFiles => Fault::invalid("registry", message),
            ImportError::Running | ImportError::Ended => Fault::conflict(message),
            ImportError::Missing(id) => Fault::missing("import", id, message),
        }
    }
}
