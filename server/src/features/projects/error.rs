//! What can go wrong with projects. Messages are public, in the words MLflow's clients know.

use shared::ErrorCode;

use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    #[error("Workspace '{0}' not found")]
    Missing(String),
    #[error("Workspace '{0}' already exists.")]
    SlugTaken(String),
    #[error("A project of this name exists.")]
    NameTaken,
    #[error("Workspace name '{0}' must be 2 to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit.")]
    Slug(String),
    #[error("The description is longer than 2000 characters.")]
    Description,
    #[error("The 'default' workspace is reserved: it can be neither created nor deleted.")]
    Default,
    #[error(
        "Cannot delete workspace '{0}': it still holds {1} experiments and {2} registered models. Move them to the default one with SET_DEFAULT."
    )]
    Holds(String, i64, i64),
    #[error("Cannot delete workspace '{0}': the default one holds an experiment or a model of the same name as one of it.")]
    SameNames(String),
}

impl From<ProjectError> for Fault {
    fn from(error: ProjectError) -> Self {
        let text = error.to_string();
        match error {
            ProjectError::Missing(_) => Self::new(ErrorCode::NotFound, text),
            ProjectError::SlugTaken(_) | ProjectError::NameTaken => Self::new(ErrorCode::AlreadyExists, text),
            ProjectError::Slug(_) => Self::invalid("name", text),
            ProjectError::Description => Self::invalid("description", text),
            ProjectError::Default | ProjectError::Holds(..) | ProjectError::SameNames(_) => Self::conflict(text),
        }
    }
}
