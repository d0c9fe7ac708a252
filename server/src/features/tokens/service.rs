//! Creating, listing and revoking tokens: one's own, and for those who make them for a service account.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::{
    ErrorCode,
    ids::{PersonId, TokenId},
    limits::FRESH_MINUTES,
};
use uuid::Uuid;

use super::{ListTokens, ManageTokens, NewToken, Token, repo};
use crate::{
    access::live::Topic,
    access::{
        Actor, ActorKind, Connection, Grant, Secret, Sql, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// Tokens that one holder may have at the same time.
const TOKENS_MAX: u64 = 100;

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

/// Whether the caller may make tokens at this moment: in a browser that they signed in with within the hour.
///
/// # Errors
/// `Forbidden`.
pub fn check_maker(actor: &Actor, now: DateTime<Utc>) -> Result<(), Fault> {
    if actor.kind != ActorKind::Member {
        return Err(Fault::new(ErrorCode::Forbidden, "A token cannot create tokens. Sign in with a browser."));
    }
    if actor.signed_in_at().is_none_or(|at| now - at > TimeDelta::minutes(FRESH_MINUTES)) {
        return Err(Fault::new(ErrorCode::Forbidden, "You signed in more than an hour ago. Sign in again to create a token."));
    }
    Ok(())
}

/// Creates a token and returns its secret, once.
///
/// # Errors
/// `Invalid` naming `name`, `scopes` or `expiresInDays`; `Forbidden` when a token asks or the sign-in is an
/// hour old; `LimitExceeded` with 100 live tokens.
pub async fn create(grant: Grant<'_, ManageTokens>, name: &str, scopes: &[String], expires_in_days: Option<i32>) -> Result<(Token, Secret), Fault> {
    check_maker(grant.actor(), grant.now())?;
    let new = NewToken::check(name, scopes, expires_in_days)?;
    let person = grant.actor().person;
    let tx = grant.begin().await?;
    let (token, secret) = make(&tx, person, new, None).await?;
    let entry = Entry::new("token.create", Subject::new("token", token.id, &token.name))
        .detail(json!({ "scopes": token.scopes, "expiresAt": token.expires_at }));
    tx.commit(entry).await?;
    Ok((token, secret))
}

/// Makes a token of a holder, in the transaction of who asks for it, whose name is given where they are not the holder.
///
/// # Errors
/// `LimitExceeded` with 100 live tokens.
pub async fn make(tx: &WriteTx, holder: PersonId, new: NewToken, made_by: Option<String>) -> Result<(Token, Secret), Fault> {
    if repo::count(tx, holder).await? >= TOKENS_MAX {
        let message = if made_by.is_none() {
            "You have 100 tokens. Revoke one you no longer use."
        } else {
            "It has 100 tokens. Revoke one that is no longer used."
        };
        return Err(Fault::new(ErrorCode::LimitExceeded, message));
    }
    let (secret, now) = (Secret::token(), tx.now());
    let token = Token {
        id: TokenId::from_uuid(Uuid::now_v7()),
        name: new.name.as_str().into(),
        hint: secret.hint(),
        scopes: new.scopes,
        created_at: now,
        expires_at: new.days.map(|days| now + TimeDelta::days(days)),
        last_used_at: None,
        made_by,
    };
    repo::insert(tx, tx.tenant().id, holder, &token, &secret).await?;
    Ok((token, secret))
}

/// The live tokens of several holders, the newest first.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_holders<C: Connection>(tx: &C, holders: &[PersonId]) -> Result<Vec<(PersonId, Token)>, Fault> {
    repo::of_holders(tx, holders).await
}

/// Revokes a holder's token, in the transaction of who asks for it; `None`: it has no such live token.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn end(tx: &WriteTx, holder: PersonId, id: TokenId) -> Result<Option<Token>, Fault> {
    tx.announce(Topic::Standing);
    repo::revoke(tx, holder, id, tx.now()).await
}

/// Revokes one of the caller's tokens.
///
/// # Errors
/// `NotFound` when it is not the caller's or already revoked.
pub async fn revoke(grant: Grant<'_, ManageTokens>, id: TokenId) -> Result<Token, Fault> {
    let person = grant.actor().person;
    let tx = grant.begin().await?;
    let token = end(&tx, person, id).await?.ok_or_else(|| Fault::not_found("token", id))?;
    tx.commit(Entry::new("token.revoke", Subject::new("token", token.id, &token.name))).await?;
    Ok(token)
}
