//! How far a request reaches inside its organization.

use shared::ids::ProjectId;
use uuid::Uuid;

/// Where names are looked up and what lists show. An id is an address of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Every project; a name alone means the default project's.
    #[default]
    Organization,
    DefaultProject,
    Project(ProjectId),
}

impl Reach {
    /// Whether every project is meant.
    pub fn is_whole(self) -> bool {
        self == Self::Organization
    }

    /// The project, as statements take it; null stands for the default one.
    pub fn project(self) -> Option<Uuid> {
        match self {
            Self::Project(id) => Some(id.uuid()),
            Self::Organization | Self::DefaultProject => None,
        }
    }
}
