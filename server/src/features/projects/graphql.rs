//! Projects in the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};

use super::Project as Domain;
use crate::graphql::scope;

/// A shelf of experiments and models inside the organization.
pub struct Project(pub Domain);

#[Object]
impl Project {
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    async fn name(&self) -> &str {
        &self.0.name
    }
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
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
