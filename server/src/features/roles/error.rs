//! Why a role was not made, changed or given.

use shared::{ErrorCode, Permission};

use super::model::Uses;
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    #[error("Choose a role from the list.")]
    Unknown,
    #[error("The role {0} was not found.")]
    Missing(String),
    #[error("{0}")]
    Title(&'static str),
    #[error("A role of this name exists.")]
    Taken,
    #[error("Say in at most 300 ordinary characters what the role is for.")]
    Description,
    #[error("{0:.80} is not a permission.")]
    Permission(String),
    #[error("Choose at least one permission.")]
    Nothing,
    #[error("This role is one that every organization has. Make one of your own beside it.")]
    BuiltIn,
    #[error("{} still have it: {} as members, {} in projects, {} by invitation, {} by groups. Give them another one first.", .0.all(), .0.members, .0.workers, .0.invited, .0.groups)]
    InUse(Uses),
    #[error("You cannot give what you do not have yourself: {0}.")]
    TooMuch(Permission),
}

impl From<RoleError> for Fault {
    fn from(error: RoleError) -> Self {
        let text = error.to_string();
        match error {
            RoleError::Unknown => Self::invalid("role", text),
            RoleError::Missing(_) => Self::new(ErrorCode::NotFound, text),
            RoleError::Title(_) => Self::invalid("title", text),
            RoleError::Taken => Self::new(ErrorCode::AlreadyExists, text),
            RoleError::Description => Self::invalid("description", text),
            RoleError::Permission(_) | RoleError::Nothing => Self::invalid("permissions", text),
            RoleError::BuiltIn | RoleError::InUse(..) => Self::conflict(text),
            RoleError::TooMuch(_) => Self::new(ErrorCode::Forbidden, text),
        }
    }
}
