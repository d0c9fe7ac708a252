//! Job tokens in the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::{JobTokenId, RunId};

use super::JobToken as Domain;
use crate::{fault::Fault, graphql::scope};

/// A token that logs to one run. Its secret is shown only when it is made.
pub struct JobToken(Domain);

/// A token by which a job logs to one run over the MLflow protocol, and does nothing else. It ends with the run.
#[Object]
impl JobToken {
    /// `jtk_` and 32 hexadecimal characters. It opens nothing.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The last four characters of the secret, to tell tokens apart.
    async fn hint(&self) -> &str {
        &self.0.hint
    }
    /// The name of who made it, and whose rights it needs to log.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ends, if the run does not end before.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
    /// To within half a minute; null: never used.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// A new job token and its secret.
#[derive(SimpleObject)]
pub struct CreatedJobToken {
    /// The token.
    token: JobToken,
    /// Shown this once.
    secret: String,
}

#[derive(Default)]
pub struct JobTokensQuery;

#[Object]
impl JobTokensQuery {
    /// The tokens of a run that hold, the newest first: 20 at most.
    #[graphql(complexity = "crate::graphql::page_cost(20, child_complexity)")]
    async fn job_tokens(&self, ctx: &Context<'_>, run: ID) -> Result<Vec<JobToken>> {
        let run: RunId = run.parse().map_err(Fault::from)?;
        Ok(super::list(scope(ctx)?.grant()?, run).await?.into_iter().map(JobToken).collect())
    }
}

#[derive(Default)]
pub struct JobTokensMutation;

#[Object]
impl JobTokensMutation {
    /// Makes a token by which a job logs to a run that goes on, for 1 to 168 hours. Only a browser session may.
    async fn create_job_token(&self, ctx: &Context<'_>, run: ID, #[graphql(default = 24)] hours: i32) -> Result<CreatedJobToken> {
        let run: RunId = run.parse().map_err(Fault::from)?;
        let (token, secret) = super::create(scope(ctx)?, run, hours).await?;
        Ok(CreatedJobToken { token: JobToken(token), secret: secret.expose().to_owned() })
    }

    /// Revokes a job token, at once and everywhere.
    async fn revoke_job_token(&self, ctx: &Context<'_>, id: ID) -> Result<JobToken> {
        let id: JobTokenId = id.parse().map_err(Fault::from)?;
        Ok(JobToken(super::revoke(scope(ctx)?, id).await?))
    }
}
