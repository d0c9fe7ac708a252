//! Leaving in the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::{Closed, Contents};
use crate::graphql::{scope, services};

/// What an organization holds, and what goes with it.
#[derive(SimpleObject)]
pub struct OrganizationContents {
    /// Members, service accounts among them.
    members: i64,
    /// Projects.
    projects: i64,
    /// Experiments, removed ones too.
    experiments: i64,
    /// Runs, removed ones too.
    runs: i64,
    /// Registered models.
    registered_models: i64,
    /// Traces.
    traces: i64,
    /// Comments.
    comments: i64,
    /// Files of runs and models that can be downloaded.
    files: i64,
    /// Bytes of all files, with those of earlier versions.
    bytes: i64,
    /// API tokens that work.
    tokens: i64,
}

impl From<Contents> for OrganizationContents {
    fn from(contents: Contents) -> Self {
        let Contents { members, projects, experiments, runs, registered_models, traces, comments, files, bytes, tokens } = contents;
        Self { members, projects, experiments, runs, registered_models, traces, comments, files, bytes, tokens }
    }
}

/// An organization that was closed.
#[derive(SimpleObject)]
pub struct ClosedOrganization {
    /// Since when nobody enters.
    closed_at: DateTime<Utc>,
    /// When it is erased, unless an owner restores it by the link that owners were mailed.
    erase_at: DateTime<Utc>,
}

impl From<Closed> for ClosedOrganization {
    fn from(closed: Closed) -> Self {
        Self { closed_at: closed.closed_at, erase_at: closed.erase_at }
    }
}

#[derive(Default)]
pub struct ClosingQuery;

#[Object]
impl ClosingQuery {
    /// What the organization holds, and what goes when it is deleted.
    #[graphql(complexity = 50)]
    async fn organization_contents(&self, ctx: &Context<'_>) -> Result<OrganizationContents> {
        Ok(super::contents(scope(ctx)?.grant()?).await?.into())
    }
}

#[derive(Default)]
pub struct ClosingMutation;

#[Object]
impl ClosingMutation {
    /// Deletes the organization: nobody enters it from now on, and it is erased after 14 days. `name` is its name, letter by letter. Asks for a browser session that
    /// was opened within the hour.
    async fn close_organization(&self, ctx: &Context<'_>, name: String) -> Result<ClosedOrganization> {
        Ok(super::close(services(ctx)?, scope(ctx)?, &name).await?.into())
    }
}
