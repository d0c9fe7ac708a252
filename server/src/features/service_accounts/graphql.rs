//! Service accounts in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, InputObject, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::{MemberId, PersonId, TokenId};

use super::{NewAccount, ServiceAccount as Domain};
use crate::{
    fault::Fault,
    features::{
        page::{Listing, Page, PageInfo, Paged},
        tokens::{
            Token as DomainToken,
            graphql::{CreateTokenInput, CreatedToken, Token},
        },
    },
    graphql::{Batch, batch, scope},
};

/// A member of the organization that is no person: a job, a pipeline, a service. It proves itself with API tokens and does what its roles allow.
pub struct ServiceAccount(Domain);

/// A member of the organization that is no person, and enters by API tokens alone.
#[Object]
impl ServiceAccount {
    /// The member's.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What it is called, unique in the organization.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it is for.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// The names of its roles, at least one.
    async fn roles(&self) -> &[String] {
        &self.0.roles
    }
    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// To within half a minute; null: never used.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
    /// Since when its tokens open nothing; null: they do.
    async fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.suspended_at
    }
    /// Its live tokens, the newest first.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Option<Vec<Token>>> {
        let now = scope(ctx)?.now();
        let tokens = batch(ctx)?.load_one(TokensOf(self.0.person)).await?.unwrap_or_default();
        Ok(Some(tokens.into_iter().map(|token| Token(token, now)).collect()))
    }
}

/// The holder whose tokens a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokensOf(PersonId);

impl Loader<TokensOf> for Batch {
    type Value = Vec<DomainToken>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[TokensOf]) -> Result<HashMap<TokensOf, Self::Value>, Self::Error> {
        let holders: Vec<PersonId> = keys.iter().map(|TokensOf(holder)| *holder).collect();
        Ok(super::tokens(self.scope().grant()?, &holders).await?.into_iter().map(|(holder, tokens)| (TokensOf(holder), tokens)).collect())
    }
}

/// A page of service accounts.
pub struct ServiceAccountConnection(Paged<Domain>);

#[Object]
impl ServiceAccountConnection {
    async fn nodes(&self) -> Vec<ServiceAccount> {
        self.0.rows.iter().cloned().map(ServiceAccount).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// What a service account is called, what it is for and what it is.
#[derive(InputObject)]
pub struct ServiceAccountInput {
    /// 1 to 120 characters without an `@`; unique in the organization.
    name: String,
    /// At most 300 characters.
    #[graphql(default)]
    description: String,
    /// Names of roles, at least one, and not `owner`.
    roles: Vec<String>,
}

impl From<ServiceAccountInput> for NewAccount {
    fn from(input: ServiceAccountInput) -> Self {
        Self { name: input.name, description: input.description, roles: input.roles }
    }
}

#[derive(Default)]
pub struct ServiceAccountsQuery;

#[Object]
impl ServiceAccountsQuery {
    /// The organization's service accounts, in the order they were made.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn service_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<ServiceAccountConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "service_accounts"), first, after)?;
        Ok(ServiceAccountConnection(super::list(scope.grant()?, &page).await?))
    }
}

fn read_id(id: &ID) -> Result<MemberId, Fault> {
    id.parse().map_err(Fault::from)
}

#[derive(Default)]
pub struct ServiceAccountsMutation;

#[Object]
impl ServiceAccountsMutation {
    /// Makes a service account, with roles that allow no more than you may do.
    async fn create_service_account(&self, ctx: &Context<'_>, input: ServiceAccountInput) -> Result<ServiceAccount> {
        Ok(ServiceAccount(super::create(scope(ctx)?, input.into()).await?))
    }

    /// Changes a service account, at once for all of its tokens.
    async fn update_service_account(&self, ctx: &Context<'_>, id: ID, input: ServiceAccountInput) -> Result<ServiceAccount> {
        Ok(ServiceAccount(super::update(scope(ctx)?, read_id(&id)?, input.into()).await?))
    }

    /// Closes the organization to a service account's tokens, at once and everywhere, until it is resumed.
    async fn suspend_service_account(&self, ctx: &Context<'_>, id: ID) -> Result<ServiceAccount> {
        Ok(ServiceAccount(super::suspend(scope(ctx)?.grant()?, read_id(&id)?).await?))
    }

    /// Opens the organization to a suspended service account's tokens again.
    async fn resume_service_account(&self, ctx: &Context<'_>, id: ID) -> Result<ServiceAccount> {
        Ok(ServiceAccount(super::resume(scope(ctx)?.grant()?, read_id(&id)?).await?))
    }

    /// Removes a service account; its tokens end at once and everywhere. What it made stays, with its name on it.
    async fn remove_service_account(&self, ctx: &Context<'_>, id: ID) -> Result<ServiceAccount> {
        Ok(ServiceAccount(super::remove(scope(ctx)?, read_id(&id)?).await?))
    }

    /// Makes an API token of a service account that may do no more than you. Only a browser session may.
    async fn create_service_account_token(&self, ctx: &Context<'_>, account: ID, input: CreateTokenInput) -> Result<CreatedToken> {
        let scope = scope(ctx)?;
        let (token, secret) = super::create_token(scope, read_id(&account)?, (&input.name, &input.scopes, input.expires_in_days)).await?;
        Ok(CreatedToken { token: Token(token, scope.now()), secret: secret.expose().to_owned() })
    }

    /// Revokes a token of a service account, at once and everywhere.
    async fn revoke_service_account_token(&self, ctx: &Context<'_>, id: ID) -> Result<Token> {
        let scope = scope(ctx)?;
        let id: TokenId = id.parse().map_err(Fault::from)?;
        Ok(Token(super::revoke_token(scope.grant()?, id).await?, scope.now()))
    }
}
