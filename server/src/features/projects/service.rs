//! Listing, creating, describing and removing projects.

use serde_json::json;
use shared::{
    field::{DisplayName, Slug},
    ids::ProjectId,
};
use uuid::Uuid;

use super::{
    Leave, ListProjects, ManageProjects, Project, ProjectError,
    model::{self, DEFAULT},
    repo,
};
use crate::{
    access::{
        ActorKind, Grant, Reach, Scope,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::sharing::Access,
};

fn entry(action: &'static str, project: &Project) -> Entry {
    Entry::new(action, Subject::new("project", project.id, &project.name))
}

/// Every project, the default first.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn list(grant: Grant<'_, ListProjects>) -> Result<Vec<Project>, Fault> {
    repo::list(grant.read().await?).await
}

/// The project of a slug.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ListProjects>, slug: &str) -> Result<Project, Fault> {
    repo::find(grant.read().await?, slug).await?.ok_or_else(|| missing(slug))
}

/// What a request that names a project (or none) reaches. One that the caller may not see is like an unknown one.
///
/// # Errors
/// `NotFound`.
pub async fn reach(scope: &Scope, slug: Option<&str>) -> Result<Reach, Fault> {
    match slug.filter(|slug| *slug != DEFAULT) {
        None => Ok(Reach::DefaultProject),
        // What it is for has an id, wherever it lies.
        Some(_) if scope.actor().kind == ActorKind::JobToken => Ok(Reach::DefaultProject),
        Some(slug) if scope.may(shared::Permission::ProjectsRead) => Ok(Reach::Project(get(scope.grant()?, slug).await?.id)),
        Some(slug) => Err(missing(slug)),
    }
}

fn missing(slug: &str) -> Fault {
    ProjectError::Missing(slug.chars().take(63).collect()).into()
}

/// Creates a project under a name for people; clients know it by the name's letters.
///
/// # Errors
/// `Invalid` naming `name`; `AlreadyExists`.
pub async fn create(grant: Grant<'_, ManageProjects>, name: &str) -> Result<Project, Fault> {
    let name = DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?;
    let id = Uuid::now_v7();
    let slug = Slug::from_name(name.as_str()).map_or_else(|| format!("project-{}", id.simple()), |slug| slug.as_str().to_owned());
    insert(grant, ProjectId::from_uuid(id), name.as_str(), slug, "").await
}

/// Creates a project by its slug, which is its name too.
///
/// # Errors
/// `Invalid` naming `name` or `description`; `AlreadyExists`; `Conflict` for the default one.
pub async fn create_named(grant: Grant<'_, ManageProjects>, slug: &str, description: &str) -> Result<Project, Fault> {
    check(slug)?;
    insert(grant, ProjectId::from_uuid(Uuid::now_v7()), slug, slug.to_owned(), description).await
}

async fn insert(grant: Grant<'_, ManageProjects>, id: ProjectId, name: &str, slug: String, description: &str) -> Result<Project, Fault> {
    if !model::is_description(description) {
        return Err(ProjectError::Description.into());
    }
    let project = Project { id, name: name.to_owned(), slug, description: description.to_owned(), access: Access::Open, created_at: grant.now() };
    let tx = grant.begin().await?;
    repo::insert(&tx, &project).await?;
    // Who has not all projects alike has to have this one named.
    tx.raise_epoch().await?;
    tx.commit(entry("project.create", &project)).await?;
    Ok(project)
}

fn check(slug: &str) -> Result<(), ProjectError> {
    match slug {
        DEFAULT => Err(ProjectError::Default),
        slug if model::is_slug(slug) => Ok(()),
        slug => Err(ProjectError::Slug(slug.chars().take(80).flat_map(char::escape_debug).collect())),
    }
}

/// Changes the description.
///
/// # Errors
/// `NotFound`; `Invalid` naming `description`.
pub async fn describe(grant: Grant<'_, ManageProjects>, slug: &str, description: &str) -> Result<Project, Fault> {
    if !model::is_description(description) {
        return Err(ProjectError::Description.into());
    }
    let tx = grant.begin().await?;
    let mut project = repo::lock(&tx, slug).await?.ok_or_else(|| missing(slug))?;
    repo::describe(&tx, project.id, description).await?;
    description.clone_into(&mut project.description);
    tx.commit(entry("project.update", &project)).await?;
    Ok(project)
}

/// Removes a project.
///
/// # Errors
/// `NotFound`; `Conflict` for the default one, for one that holds something that it is not to leave, and when names would meet.
pub async fn remove(grant: Grant<'_, ManageProjects>, slug: &str, leave: Leave) -> Result<(), Fault> {
    if slug == DEFAULT {
        return Err(ProjectError::Default.into());
    }
    let tx = grant.begin().await?;
    let project = repo::lock(&tx, slug).await?.ok_or_else(|| missing(slug))?;
    let (experiments, models) = repo::holds(&tx, project.id).await?;
    if leave == Leave::ToDefault {
        repo::empty(&tx, &project).await?;
    } else if experiments + models > 0 {
        return Err(ProjectError::Holds(project.slug, experiments, models).into());
    }
    repo::remove(&tx, project.id).await?;
    tx.raise_epoch().await?;
    tx.commit(entry("project.remove", &project).detail(json!({ "experiments": experiments, "models": models }))).await
}
