//! The reader's second factor in the API. It is set up and turned off on a page, by whoever has the password.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::graphql::{scope, services};

/// What you sign in with beside your password.
#[derive(SimpleObject)]
pub struct SecondFactor {
    /// When it was set up; null: you have none.
    since: Option<DateTime<Utc>>,
    /// Recovery codes that were not used yet. Each works once.
    recovery_codes_left: i64,
    /// Whether this organization asks for it.
    is_required: bool,
}

#[derive(Default)]
pub struct SecondFactorQuery;

#[Object]
impl SecondFactorQuery {
    /// What you sign in with beside your password; null for whoever did not sign in by it: an API token, a session that a provider vouched for.
    async fn second_factor(&self, ctx: &Context<'_>) -> Result<Option<SecondFactor>> {
        let found = super::status(services(ctx)?, scope(ctx)?).await?;
        Ok(found.map(|found| SecondFactor { since: found.since, recovery_codes_left: found.recovery_codes_left, is_required: found.required }))
    }
}
