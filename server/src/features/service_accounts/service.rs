//! Making, listing, changing, suspending and removing service accounts, and making and revoking their tokens.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{MemberId, PersonId, TokenId};
use uuid::Uuid;

use super::{ListServiceAccounts, ManageServiceAccounts, NewAccount, ServiceAccount, ServiceAccountError, model::ACCOUNTS_MAX, repo};
use crate::{
    access::{
        Grant, Scope, Secret, Sql, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{
        members,
        page::{Page, Paged},
        roles, sharing,
        tokens::{self, NewToken, Token},
    },
};

fn entry(action: &'static str, account: &ServiceAccount) -> Entry {
    Entry::new(action, Subject::new("service_account", account.id, &account.name))
}

async fn locked(tx: &WriteTx, id: MemberId) -> Result<ServiceAccount, Fault> {
    repo::lock(tx, id).await?.ok_or_else(|| Fault::not_found("service_account", id))
}

/// The organization's service accounts, in the order they were made.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListServiceAccounts>, page: &Page) -> Result<Paged<ServiceAccount>, Fault> {
    let tx = grant.read().await?;
    let rows = repo::list(tx, page.after_id()?, page.limit_and_one()).await?;
    Ok(Paged::of(rows, page, repo::count(tx).await?.unsigned_abs(), |account| account.id.to_string()))
}

/// The live tokens of service accounts, by who holds them; the newest first.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn tokens(grant: Grant<'_, ListServiceAccounts>, holders: &[PersonId]) -> Result<HashMap<PersonId, Vec<Token>>, Fault> {
    let mut by_holder: HashMap<PersonId, Vec<Token>> = HashMap::new();
    for (holder, token) in tokens::of_holders(grant.read().await?, holders).await? {
        by_holder.entry(holder).or_default().push(token);
    }
    Ok(by_holder)
}

/// Makes a service account.
///
/// # Errors
/// `Invalid` naming `name`, `description`, `roles` or `role`; `AlreadyExists`; `Forbidden` for a role that allows what the caller may not do; `LimitExceeded`.
pub async fn create(scope: &Scope, new: NewAccount) -> Result<ServiceAccount, Fault> {
    let grant: Grant<'_, ManageServiceAccounts> = scope.grant()?;
    let new = new.check()?;
    let by = grant.actor().called();
    let tx = grant.begin().await?;
    roles::check_gift(&tx, &new.roles).await?;
    let account = ServiceAccount {
        id: MemberId::from_uuid(Uuid::now_v7()),
        person: PersonId::from_uuid(Uuid::now_v7()),
        name: new.name,
        description: new.description,
        roles: new.roles,
        created_by: by,
        created_at: tx.now(),
        last_used_at: None,
        suspended_at: None,
    };
    repo::insert(&tx, &account).await?;
    if repo::count(&tx).await? > ACCOUNTS_MAX {
        return Err(ServiceAccountError::Many.into());
    }
    tx.commit(entry("service_account.create", &account).detail(json!({ "roles": account.roles }))).await?;
    Ok(account)
}

/// Changes a service account's name, description and roles, at once for all of its tokens.
///
/// # Errors
/// As [`create`]; `NotFound`.
pub async fn update(scope: &Scope, id: MemberId, new: NewAccount) -> Result<ServiceAccount, Fault> {
    let grant: Grant<'_, ManageServiceAccounts> = scope.grant()?;
    let new = new.check()?;
    let tx = grant.begin().await?;
    let before = locked(&tx, id).await?;
    repo::describe(&tx, &before, &new).await?;
    if before.roles != new.roles {
        members::give_roles(&tx, id, &new.roles).await?;
    }
    let after = ServiceAccount { name: new.name, description: new.description, roles: new.roles, ..before.clone() };
    let said = |account: &ServiceAccount| json!({ "name": account.name, "description": account.description, "roles": account.roles });
    tx.commit(entry("service_account.update", &after).detail(json!({ "from": said(&before), "to": said(&after) }))).await?;
    Ok(after)
}

/// Closes the organization to a service account's tokens, from the next request on. They are not revoked: resumed, it goes on with them.
///
/// # Errors
/// `NotFound`.
pub async fn suspend(grant: Grant<'_, ManageServiceAccounts>, id: MemberId) -> Result<ServiceAccount, Fault> {
    set_suspended(grant, id, true).await
}

/// Opens the organization to a suspended service account's tokens again.
///
/// # Errors
/// `NotFound`.
pub async fn resume(grant: Grant<'_, ManageServiceAccounts>, id: MemberId) -> Result<ServiceAccount, Fault> {
    set_suspended(grant, id, false).await
}

async fn set_suspended(grant: Grant<'_, ManageServiceAccounts>, id: MemberId, suspended: bool) -> Result<ServiceAccount, Fault> {
    let now = grant.now();
    let tx = grant.begin().await?;
    let account = locked(&tx, id).await?;
    if account.suspended_at.is_some() == suspended {
        return Ok(account);
    }
    repo::set_suspended(&tx, id, suspended).await?;
    let action = if suspended { "service_account.suspend" } else { "service_account.resume" };
    tx.commit(entry(action, &account)).await?;
    Ok(ServiceAccount { suspended_at: suspended.then_some(now), ..account })
}

/// Removes a service account. Its tokens end at once; what it made stays, with its name on it.
///
/// # Errors
/// `NotFound`.
pub async fn remove(scope: &Scope, id: MemberId) -> Result<ServiceAccount, Fault> {
    let grant: Grant<'_, ManageServiceAccounts> = scope.grant()?;
    let tx = grant.begin().await?;
    let account = locked(&tx, id).await?;
    members::take_out(&tx, id).await?;
    tx.commit(entry("service_account.remove", &account).detail(json!({ "roles": account.roles }))).await?;
    Ok(account)
}

/// Makes a token of a service account and returns its secret, once. Whoever has the secret can do what the account may: so nobody makes one of an account that
/// may do more than they.
///
/// # Errors
/// As [`tokens::create`]; `NotFound`; `Forbidden` also for an account that may do what the caller may not.
pub async fn create_token(scope: &Scope, id: MemberId, new: (&str, &[String], Option<i32>)) -> Result<(Token, Secret), Fault> {
    let grant: Grant<'_, ManageServiceAccounts> = scope.grant()?;
    tokens::check_maker(grant.actor(), grant.now())?;
    let (name, scopes, days) = new;
    let new = NewToken::check(name, scopes, days)?;
    let by = grant.actor().called();
    let tx = grant.begin().await?;
    let account = locked(&tx, id).await?;
    roles::check_gift(&tx, &account.roles).await?;
    sharing::check_within(&tx, id).await?;
    let (token, secret) = tokens::make(&tx, account.person, new, Some(by)).await?;
    let detail = json!({ "token": token.id, "name": token.name, "scopes": token.scopes, "expiresAt": token.expires_at });
    tx.commit(entry("service_account.create_token", &account).detail(detail)).await?;
    Ok((token, secret))
}

/// Revokes a token of a service account, at once and everywhere.
///
/// # Errors
/// `NotFound`, also for one that is a person's.
pub async fn revoke_token(grant: Grant<'_, ManageServiceAccounts>, id: TokenId) -> Result<Token, Fault> {
    let tx = grant.begin().await?;
    let missing = || Fault::not_found("token", id);
    let account = repo::lock_by_token(&tx, id).await?.ok_or_else(missing)?;
    let token = tokens::end(&tx, account.person, id).await?.ok_or_else(missing)?;
    tx.commit(entry("service_account.revoke_token", &account).detail(json!({ "token": token.id, "name": token.name }))).await?;
    Ok(token)
}
