//! The access log in the API.

use async_graphql::{Context, InputObject, Object, Result};
use chrono::{DateTime, Utc};

use super::{Decision, Filter};
use crate::{
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// Which decisions; an unset part matches all.
#[derive(InputObject, Default)]
pub struct AccessFilter {
    /// The actor's e-mail address, exactly.
    actor: Option<String>,
    /// `runs:write`, or `runs` for all on runs.
    permission: Option<String>,
    /// Only what was allowed, or only what was refused.
    allowed: Option<bool>,
    /// From this time on.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
}

impl From<AccessFilter> for Filter {
    fn from(input: AccessFilter) -> Self {
        let text = |value: Option<String>| value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self { actor: text(input.actor), permission: text(input.permission), allowed: input.allowed, from: input.from, to: input.to }
    }
}

/// What one session or token asked for in one minute, and whether it had it.
pub struct AccessDecision(Decision);

/// What was decided about one permission of one credential within one minute.
#[Object]
impl AccessDecision {
    /// The beginning of the minute.
    async fn minute(&self) -> DateTime<Utc> {
        self.0.minute
    }
    /// The actor's e-mail address at that time; of the operator's support who it is and by whose leave, of a link for whom it was made.
    async fn actor(&self) -> &str {
        &self.0.actor
    }
    /// `member` (a browser), `token` (a script), `service` (a service account), `link`, `job_token` (a job that logs to one run) or `support`.
    async fn actor_kind(&self) -> &str {
        &self.0.actor_kind
    }
    /// Tells one session or token of an actor from another.
    async fn credential(&self) -> &str {
        &self.0.credential
    }
    /// `object:action`.
    async fn permission(&self) -> &str {
        &self.0.permission
    }
    /// Whether it was allowed.
    async fn allowed(&self) -> bool {
        self.0.allowed
    }
    /// How many times within the minute.
    async fn times(&self) -> i64 {
        self.0.times
    }
}

/// A page of the access log.
pub struct AccessDecisionConnection(Paged<Decision>);

#[Object]
impl AccessDecisionConnection {
    async fn nodes(&self) -> Vec<AccessDecision> {
        self.0.rows.iter().cloned().map(AccessDecision).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

#[derive(Default)]
pub struct DecisionsQuery;

#[Object]
impl DecisionsQuery {
    /// Every decision about who may do what, by the minute, the newest first. It is up to date within seconds.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn access_decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<AccessFilter>,
    ) -> Result<AccessDecisionConnection> {
        let (scope, filter) = (scope(ctx)?, filter.unwrap_or_default().into());
        let page = Page::new(Listing::of(scope, "access decisions"), first, after)?;
        Ok(AccessDecisionConnection(super::list(scope.grant()?, &filter, page).await?))
    }
}
