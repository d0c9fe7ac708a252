//! Support access in the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::SupportGrantId;

use super::{SupportGrant as Domain, SupportSession as SessionDomain, Visit};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// Leave for the operator's support to look into the organization for a while.
pub struct SupportGrant(Domain);

/// Leave for the operator's support to look into the organization for a while, by which it changes nothing.
#[Object]
impl SupportGrant {
    /// `sup_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What it is for.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
    /// The address of who gave it.
    async fn granted_by(&self) -> &str {
        &self.0.granted_by
    }
    /// When it was given.
    async fn granted_at(&self) -> DateTime<Utc> {
        self.0.granted_at
    }
    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
    /// When somebody ended it; null: nobody did.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
    /// The address of who ended it.
    async fn ended_by(&self) -> Option<&str> {
        self.0.ended_by.as_deref()
    }
    /// Whether it is worth something: it has not ended, and who gave it belongs to the organization still.
    async fn is_open(&self) -> bool {
        self.0.is_open
    }
    /// Each time that somebody of the operator entered by it, the oldest first; at most 50.
    async fn visits(&self) -> Vec<SupportVisit> {
        self.0.visits.iter().cloned().map(SupportVisit::from).collect()
    }
}

/// One time that somebody of the operator entered.
#[derive(SimpleObject)]
pub struct SupportVisit {
    /// Their name and address, as they gave them on the server's machine.
    operator: String,
    /// When they asked for an address.
    entered_at: DateTime<Utc>,
    /// When they opened it in a browser; null: they did not.
    opened_at: Option<DateTime<Utc>>,
    /// When they last looked, to within half a minute.
    last_used_at: Option<DateTime<Utc>>,
    /// When they left; null: they did not, and it ended with the grant if that has.
    left_at: Option<DateTime<Utc>>,
}

impl From<Visit> for SupportVisit {
    fn from(visit: Visit) -> Self {
        let Visit { operator, entered_at, opened_at, last_used_at, left_at } = visit;
        Self { operator, entered_at, opened_at, last_used_at, left_at }
    }
}

/// A page of grants.
pub struct SupportGrantConnection(Paged<Domain>);

#[Object]
impl SupportGrantConnection {
    async fn nodes(&self) -> Vec<SupportGrant> {
        self.0.rows.iter().cloned().map(SupportGrant).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// By whose leave somebody of the operator looks into the organization.
#[derive(SimpleObject)]
pub struct SupportSession {
    /// Who looks: name and address.
    operator: String,
    /// The address of who gave them leave.
    granted_by: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

impl From<SessionDomain> for SupportSession {
    fn from(session: SessionDomain) -> Self {
        let SessionDomain { operator, granted_by, expires_at } = session;
        Self { operator, granted_by, expires_at }
    }
}

#[derive(Default)]
pub struct SupportQuery;

#[Object]
impl SupportQuery {
    /// The support access that was given, the newest first, and who used it.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn support_grants(&self, ctx: &Context<'_>, #[graphql(default = 20)] first: i32, after: Option<String>) -> Result<SupportGrantConnection> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let page = Page::new(Listing::of(scope, "support grants"), first, after)?;
        Ok(SupportGrantConnection(super::list(grant, &page).await?))
    }

    /// By whose leave you look, if you are of the operator's support; null for everybody else.
    async fn support_session(&self, ctx: &Context<'_>) -> Result<Option<SupportSession>> {
        Ok(super::session(scope(ctx)?).await?.map(SupportSession::from))
    }
}

#[derive(Default)]
pub struct SupportMutation;

#[Object]
impl SupportMutation {
    /// Lets the operator's support look into the organization for 1, 4, 24 or 72 hours: at what a viewer reads, changing nothing. `reason` is 1 to 120 characters.
    async fn grant_support(&self, ctx: &Context<'_>, hours: i32, reason: String) -> Result<SupportGrant> {
        Ok(SupportGrant(super::give(scope(ctx)?.grant()?, hours, &reason).await?))
    }

    /// Ends support access, at once and everywhere.
    async fn end_support(&self, ctx: &Context<'_>, id: ID) -> Result<SupportGrant> {
        let id: SupportGrantId = id.parse().map_err(Fault::from)?;
        Ok(SupportGrant(super::end(scope(ctx)?.grant()?, id).await?))
    }
}
