//! Projects as places with a door.

use chrono::{DateTime, Utc};
use shared::{
    Role,
    ids::{MemberId, ProjectId},
};

/// Whom a project is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every member, as their roles say.
    Open,
    /// The members it lists, and who may change the organization.
    Restricted,
}

impl Access {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restricted => "restricted",
        }
    }

    /// Reads the table's word; what is not open is restricted.
    pub fn read(text: &str) -> Self {
        if text == Self::Open.as_str() { Self::Open } else { Self::Restricted }
    }
}

/// A member with a role in a project.
#[derive(Clone, Debug)]
pub struct Worker {
    pub project: ProjectId,
    pub member: MemberId,
    pub name: String,
    /// A service account has none: its name.
    pub email: String,
    pub is_service: bool,
    pub role: String,
    pub added_by: String,
    pub added_at: DateTime<Utc>,
}

/// A project as a change of its door needs it.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: ProjectId,
    pub name: String,
    pub is_default: bool,
}

/// Whether a member can have a role in a single project. That the role exists is another question.
pub fn is_for_projects(role: &str) -> bool {
    Role::parse(role).is_none_or(Role::is_for_projects)
}
