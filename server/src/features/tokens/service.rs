//! Creating, listing and revoking one's own tokens.

use chrono::TimeDelta;
use serde_json::json;
use shared::{ErrorCode, field::DisplayName, ids::TokenId};
use uuid::Uuid;

use super::{ListTokens, ManageTokens, Token, model, repo};
use crate::{
    access::live::Topic,
    access::{
        ActorKind, Grant, Secret,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// Tokens a member may have at the same time.
const TOKENS_MAX: u64 = 100;
/// How old a sign-in may be. A token outlives the session, so that whoever finds a browser open must not leave with one.
const FRESH_MINUTES: i64 = 60;

/// The caller's live tokens, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListTokens>, page: Page) -> Result<Paged<Token>, Fault> {
    let person = grant.actor().person;
    let tx = grant.read().await?;
    let after = page.after_id::<TokenId>()?.map(TokenId::uuid);
    let rows = repo::list(tx, person, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(tx, person).await?, |token| token.id.to_string()))
}

/// Creates a token and returns its secret, once.
///
/// # Errors
/// `Invalid` naming `name`, `scopes` or `expiresInDays`; `Forbidden` when a token asks or the sign-in is an
/// hour old; `LimitExceeded` with 100 live tokens.
pub async fn create(grant: Grant<'_, ManageTokens>, name: &str, scopes: &[String], expires_in_days: Option<i32>) -> Result<(Token, Secret), Fault> {
    if grant.actor().kind != ActorKind::Member {
        return Err(Fault::new(ErrorCode::Forbidden, "A token cannot create tokens. Sign in with a browser."));
    }
    if grant.actor().signed_in_at().is_none_or(|at| grant.now() - at > TimeDelta::minutes(FRESH_MINUTES)) {
        return Err(Fault::new(ErrorCode::Forbidden, "You signed in more than an hour ago. Sign in again to create a token."));
    }
    let name = DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?;
    let scopes = model::check_scopes(scopes).map_err(|refused| Fault::invalid("scopes", refused.0))?;
    let days = model::check_days(expires_in_days).map_err(|refused| Fault::invalid("expiresInDays", refused.0))?;
    let (person, tenant, now) = (grant.actor().person, grant.tenant().id, grant.now());
    let tx = grant.begin().await?;
    if repo::count(&tx, person).await? >= TOKENS_MAX {
        return Err(Fault::new(ErrorCode::LimitExceeded, "You have 100 tokens. Revoke one you no longer use."));
    }
    let secret = Secret::token();
    let token = Token {
        id: TokenId::from_uuid(Uuid::now_v7()),
        name: name.as_str().into(),
        hint: secret.hint(),
        scopes,
        created_at: now,
        expires_at: days.map(|days| now + TimeDelta::days(days)),
        last_used_at: None,
    };
    repo::insert(&tx, tenant, person, &token, &secret).await?;
    let entry = Entry::new("token.create", Subject::new("token", token.id, &token.name))
        .detail(json!({ "scopes": token.scopes, "expiresAt": token.expires_at }));
    tx.commit(entry).await?;
    Ok((token, secret))
}

/// Revokes one of the caller's tokens.
///
/// # Errors
/// `NotFound` when it is not the caller's or already revoked.
pub async fn revoke(grant: Grant<'_, ManageTokens>, id: TokenId) -> Result<Token, Fault> {
    let (person, now) = (grant.actor().person, grant.now());
    let tx = grant.begin().await?;
    let token = repo::revoke(&tx, person, id, now).await?.ok_or_else(|| Fault::not_found("token", id))?;
    tx.announce(Topic::Standing);
    tx.commit(Entry::new("token.revoke", Subject::new("token", token.id, &token.name))).await?;
    Ok(token)
}
