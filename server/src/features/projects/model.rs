//! Projects and their rules.

use chrono::{DateTime, Utc};
use shared::ids::ProjectId;

use crate::features::sharing::Access;

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 2_000;

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    /// How MLflow's clients name it, as their workspace.
    pub slug: String,
    pub description: String,
    pub access: Access,
    pub created_at: DateTime<Utc>,
}

/// What becomes of what a removed project holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Nothing is removed that holds something.
    Nothing,
    /// Experiments and models go to the default project.
    ToDefault,
}

/// The slug of the project that every organization has.
pub const DEFAULT: &str = "default";

/// Whether a text can be a slug: MLflow's rule for the names of workspaces (3.17, `WorkspaceNameValidator`).
pub fn is_slug(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (2..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && ends(text.chars().next())
        && ends(text.chars().last())
}

/// Whether a description fits.
pub fn is_description(text: &str) -> bool {
    text.chars().count() <= DESCRIPTION_MAX && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_what_mlflow_takes_for_a_workspace() {
        for good in ["default", "team-a", "a1", "0x", &"x".repeat(63)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "Team", "a b", "a_b", "a.b", "é1", "*", "../x", "a\nb", &"x".repeat(64)] {
            assert!(!is_slug(bad), "{bad:?}");
        }
    }
}
