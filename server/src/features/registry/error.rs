//! What can go wrong in the registry. Messages are public, in the words MLflow's clients know.

use shared::{ErrorCode, limits::PAIRS_MAX};

use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("Registered Model (name={0}) already exists.")]
    ModelExists(String),
    #[error("Registered Model with name={0} not found")]
    ModelMissing(String),
    #[error("Model Version (name={0}, version={1}) not found")]
    VersionMissing(String, i32),
    #[error("Registered model alias {0} not found.")]
    AliasMissing(String),
    #[error("Registered model name cannot be empty.")]
    NameMissing,
    #[error("Invalid model name: '{0}': {1}.")]
    Name(String, &'static str),
    #[error("Invalid alias name: '{0}'. Use 1 to 255 letters, digits, '_' and '-'.")]
    Alias(String),
    #[error("'{0}' is a reserved alias name: 'latest' and 'v<number>' cannot be set.")]
    AliasReserved(String),
    #[error("Model version must be a positive integer, got '{0}'.")]
    Version(String),
    #[error("{0}")]
    TagKey(String),
    #[error("The value of tag '{0}' is longer than 100000 characters.")]
    TagValue(String),
    #[error("A request can bring at most {PAIRS_MAX} tags, got {0}.")]
    TooManyTags(usize),
    #[error("The description is longer than 5000 bytes.")]
    Description,
    #[error("Invalid Model Version stage: {0}. Value must be one of None, Staging, Production, Archived.")]
    Stage(String),
    #[error(
        "Model version transition cannot archive existing model versions because '{0}' is not an Active stage. Valid stages are Staging, Production"
    )]
    ArchiveStage(&'static str),
    #[error(
        "Invalid model version source: '{0}'. A version can be made from files of a run or a logged model of this organization, or from another version."
    )]
    Source(String),
    #[error("Invalid prompt source: '{0}'. Prompt sources must use an MLflow placeholder.")]
    PromptSource(String),
    #[error("Run with id={0} not found")]
    RunMissing(String),
    #[error("Logged model with id={0} not found")]
    LoggedModelMissing(String),
    #[error("Invalid model id: '{0}'.")]
    LoggedModelId(String),
    #[error("{0}")]
    Search(String),
}

impl RegistryError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ModelExists(_) => ErrorCode::AlreadyExists,
            Self::ModelMissing(_) | Self::VersionMissing(..) | Self::RunMissing(_) | Self::LoggedModelMissing(_) => ErrorCode::NotFound,
            Self::TooManyTags(_) => ErrorCode::LimitExceeded,
            _ => ErrorCode::Invalid,
        }
    }

    /// The input field to blame.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::ModelExists(_) | Self::NameMissing | Self::Name(..) => Some("name"),
            Self::Alias(_) | Self::AliasReserved(_) | Self::AliasMissing(_) => Some("alias"),
            Self::Version(_) => Some("version"),
            Self::TagKey(_) => Some("key"),
            Self::TagValue(_) => Some("value"),
            Self::Description => Some("description"),
            Self::Stage(_) | Self::ArchiveStage(_) => Some("stage"),
            Self::Source(_) | Self::PromptSource(_) => Some("source"),
            Self::LoggedModelId(_) => Some("model_id"),
            _ => None,
        }
    }
}

impl From<RegistryError> for Fault {
    fn from(error: RegistryError) -> Self {
        let message = error.to_string();
        match (error.code(), error.field(), error) {
            (ErrorCode::Invalid, Some(field), _) => Self::invalid(field, message),
            (_, _, RegistryError::RunMissing(id)) => Self::missing("run", format!("run_{id}"), message),
            (_, _, RegistryError::LoggedModelMissing(id)) => Self::missing("logged_model", id, message),
            (code, ..) => Self::new(code, message),
        }
    }
}
