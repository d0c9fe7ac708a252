//! Listing and creating projects.

use chrono::{DateTime, Utc};
use shared::{ErrorCode, field::DisplayName, ids::ProjectId};
use uuid::Uuid;

use super::{ListProjects, ManageProjects, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
};

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

/// Every project, the default first.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn list(grant: Grant<'_, ListProjects>) -> Result<Vec<Project>, Fault> {
    repo::list(grant.read().await?).await
}

/// Creates a project.
///
/// # Errors
/// `Invalid` naming `name`; `AlreadyExists`.
pub async fn create(grant: Grant<'_, ManageProjects>, name: &str) -> Result<Project, Fault> {
    let name = DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?;
    let project = Project { id: ProjectId::from_uuid(Uuid::now_v7()), name: name.as_str().into(), created_at: grant.now() };
    let tx = grant.begin().await?;
    if !repo::insert(&tx, &project).await? {
        return Err(Fault::new(ErrorCode::AlreadyExists, "A project of this name exists."));
    }
    tx.commit(Entry::new("project.create", Subject::new("project", project.id, &project.name))).await?;
    Ok(project)
}
