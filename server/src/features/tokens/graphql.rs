//! Tokens in the API.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::ids::TokenId;

use super::Token as Domain;
use crate::{
    access::Scope,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// An API token. Its secret is shown only when it is created.
pub struct Token(pub Domain, pub DateTime<Utc>);

/// A personal API token. Its secret is shown once, when it is made.
#[Object]
impl Token {
    /// `tok_` and 32 hexadecimal characters. It opens nothing.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The last four characters of the secret, to tell tokens apart.
    async fn hint(&self) -> &str {
        &self.0.hint
    }
    /// `*` for all that the member may do, or names of permissions.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Null: it does not expire.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
    /// To within half a minute; null: never used.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
    /// Who made it for a service account; null: its holder.
    async fn created_by(&self) -> Option<&str> {
        self.0.made_by.as_deref()
    }
    /// Whether its time is over, so that it opens nothing any more.
    async fn expired(&self) -> bool {
        self.0.expires_at.is_some_and(|at| at <= self.1)
    }
}

/// A page of tokens.
pub struct TokenConnection(Paged<Domain>, DateTime<Utc>);

#[Object]
impl TokenConnection {
    async fn nodes(&self) -> Vec<Token> {
        self.0.rows.iter().map(|token| Token(token.clone(), self.1)).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// A new token's name, scopes and life.
#[derive(InputObject)]
pub struct CreateTokenInput {
    /// What it is for: 1 to 120 characters.
    pub name: String,
    /// `["*"]`, or names of permissions such as `runs:read`.
    pub scopes: Vec<String>,
    /// 1 to 366; null: it does not expire.
    pub expires_in_days: Option<i32>,
}

/// A new token and its secret.
#[derive(SimpleObject)]
pub struct CreatedToken {
    /// The token.
    pub token: Token,
    /// Shown this once.
    pub secret: String,
}

#[derive(Default)]
pub struct TokensQuery;

#[Object]
impl TokensQuery {
    /// Your own live API tokens, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn tokens(&self, ctx: &Context<'_>, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<TokenConnection> {
        let scope: &Scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "tokens"), first, after)?;
        Ok(TokenConnection(super::list(scope.grant()?, page).await?, scope.now()))
    }
}

#[derive(Default)]
pub struct TokensMutation;

#[Object]
impl TokensMutation {
    /// Creates a personal API token. Only a browser session may.
    async fn create_token(&self, ctx: &Context<'_>, input: CreateTokenInput) -> Result<CreatedToken> {
        let scope = scope(ctx)?;
        let (token, secret) = super::create(scope.grant()?, &input.name, &input.scopes, input.expires_in_days).await?;
        Ok(CreatedToken { token: Token(token, scope.now()), secret: secret.expose().to_owned() })
    }

    /// Revokes one of your tokens, at once and everywhere.
    async fn revoke_token(&self, ctx: &Context<'_>, id: ID) -> Result<Token> {
        let scope = scope(ctx)?;
        let id: TokenId = id.parse().map_err(crate::fault::Fault::from)?;
        Ok(Token(super::revoke(scope.grant()?, id).await?, scope.now()))
    }
}
