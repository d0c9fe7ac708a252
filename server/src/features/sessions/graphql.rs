//! The reader's sessions in the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use shared::ids::SessionId;
use uuid::Uuid;

use super::Session as Domain;
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::{scope, services},
};

/// A browser in which you have signed in.
pub struct Session(Domain, bool);

/// A sign-in of yours.
#[Object]
impl Session {
    /// `ses_` and 32 hexadecimal characters. It opens nothing.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The name of the organization it is in now.
    async fn organization(&self) -> &str {
        &self.0.organization
    }
    /// `Firefox on Linux`, as the browser says of itself.
    async fn device(&self) -> String {
        self.0.device()
    }
    /// The browser's whole name for itself.
    async fn user_agent(&self) -> &str {
        &self.0.user_agent
    }
    /// The network address the sign-in came from.
    async fn address(&self) -> &str {
        &self.0.address
    }
    /// When you signed in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// To within half a minute; null: not used yet.
    async fn last_seen_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_seen_at
    }
    /// When it ends by itself, as its organization asks.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
    /// Whether it is the one that asks.
    async fn is_current(&self) -> bool {
        self.1
    }
}

/// A page of sessions.
pub struct SessionConnection(Paged<Domain>, Uuid);

#[Object]
impl SessionConnection {
    async fn nodes(&self) -> Vec<Session> {
        self.0.rows.iter().map(|session| Session(session.clone(), session.id.uuid() == self.1)).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

#[derive(Default)]
pub struct SessionsQuery;

#[Object]
impl SessionsQuery {
    /// Where you have signed in, in all your organizations, the newest first. A token sees sessions in its own organization.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn sessions(&self, ctx: &Context<'_>, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<SessionConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "sessions"), first, after)?;
        Ok(SessionConnection(super::list(services(ctx)?, scope, page).await?, scope.actor().credential))
    }
}

#[derive(Default)]
pub struct SessionsMutation;

#[Object]
impl SessionsMutation {
    /// Ends one of your sessions, at once and everywhere.
    async fn end_session(&self, ctx: &Context<'_>, id: ID) -> Result<Session> {
        let scope = scope(ctx)?;
        let id: SessionId = id.parse().map_err(Fault::from)?;
        Ok(Session(super::end(services(ctx)?, scope, id).await?, id.uuid() == scope.actor().credential))
    }

    /// Ends your sessions except the one that asks; a token ends those in its own organization. Returns how many ended.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(super::end_others(services(ctx)?, scope(ctx)?).await?)
    }
}
