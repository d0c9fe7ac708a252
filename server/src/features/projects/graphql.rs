//! Projects in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::ProjectId;

use super::Project as Domain;
use crate::{
    access::Reach,
    fault::Fault,
    features::sharing::graphql::{ProjectAccess, ProjectMember, permissions_in, workers_of},
    graphql::{Batch, batch, scope},
};

/// A shelf of experiments and models inside the organization.
pub struct Project(pub Domain);

/// A part of the organization's work: experiments and registered models.
#[Object]
impl Project {
    /// `prj_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Unique in the organization.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The name by which clients of MLflow choose it, as their workspace.
    async fn slug(&self) -> &str {
        &self.0.slug
    }
    /// What it is about; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Whom it is there for.
    async fn access(&self) -> ProjectAccess {
        self.0.access.into()
    }
    /// The members who have a role in it, by name. Owners and admins have every project without.
    async fn members(&self, ctx: &Context<'_>) -> Result<Option<Vec<ProjectMember>>> {
        workers_of(ctx, self.0.id).await.map(Some)
    }
    /// What you may do with what it holds, as `object:action`.
    async fn viewer_permissions(&self, ctx: &Context<'_>) -> Result<Vec<&'static str>> {
        Ok(permissions_in(scope(ctx)?, self.0.id))
    }
}

/// The project of an id. Several of one request are asked for at once.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn project_of(ctx: &Context<'_>, id: ProjectId) -> Result<Project> {
    let found = batch(ctx)?.load_one(ById(id)).await?.ok_or_else(|| Fault::not_found("project", id))?;
    Ok(Project(found))
}

/// How far a list reaches that may be of one project.
///
/// # Errors
/// `NotFound` for a project that is not of this organization; `Forbidden`.
pub async fn within(ctx: &Context<'_>, project: Option<ID>) -> Result<Reach> {
    Ok(match project {
        None => scope(ctx)?.reach(),
        Some(id) => Reach::Project(project_of(ctx, id.parse().map_err(Fault::from)?).await?.0.id),
    })
}

/// The project a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ById(ProjectId);

impl Loader<ById> for Batch {
    type Value = Domain;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[ById]) -> Result<HashMap<ById, Domain>, Self::Error> {
        let projects = super::list(self.scope().grant()?).await?;
        Ok(projects.into_iter().map(|project| (ById(project.id), project)).filter(|(id, _)| keys.contains(id)).collect())
    }
}

#[derive(Default)]
pub struct ProjectsQuery;

#[Object]
impl ProjectsQuery {
    /// Every project, the default first.
    async fn projects(&self, ctx: &Context<'_>) -> Result<Vec<Project>> {
        Ok(super::list(scope(ctx)?.grant()?).await?.into_iter().map(Project).collect())
    }
}

#[derive(Default)]
pub struct ProjectsMutation;

#[Object]
impl ProjectsMutation {
    /// Creates a project.
    async fn create_project(&self, ctx: &Context<'_>, name: String) -> Result<Project> {
        Ok(Project(super::create(scope(ctx)?.grant()?, &name).await?))
    }
}
