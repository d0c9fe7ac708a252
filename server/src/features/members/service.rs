//! Listing members, changing their roles, removing them.

use serde_json::json;
use shared::ids::{MemberId, TenantId};

use super::{ListMembers, ManageMembers, Member, Owner, model, repo};
use crate::{
    access::{
        Grant, Scope, WriteTx,
        audit::{Entry, Subject},
        lobby::LobbyTx,
    },
    fault::Fault,
    features::{
        page::{Page, Paged},
        roles,
    },
};

/// Longest text that is searched for, in characters.
const TEXT_MAX: usize = 200;

/// The organization's members, in the order they joined.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListMembers>, page: Page) -> Result<Paged<Member>, Fault> {
    let tx = grant.read().await?;
    let after = page.after_id::<MemberId>()?.map(MemberId::uuid);
    let rows = repo::list(tx, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(tx).await?, |member| member.id.to_string()))
}

/// The first people, by name, whose name or address contains a text: whom one may mention.
///
/// # Errors
/// `Invalid` naming `text` or `first`.
pub async fn find(grant: Grant<'_, ListMembers>, text: &str, first: i32) -> Result<Vec<Member>, Fault> {
    let text = text.trim();
    if text.chars().count() > TEXT_MAX || text.contains('\0') {
        return Err(Fault::invalid("text", "Search for at most 200 ordinary characters."));
    }
    if !(1..=50).contains(&first) {
        return Err(Fault::invalid("first", "Ask for 1 to 50 members."));
    }
    let tenant = grant.tenant().id;
    repo::find_by_text(grant.read().await?, tenant, text, first.into()).await
}

/// People whose name or address is one of the texts, which are in lower case.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn called(tx: &WriteTx, words: &[String]) -> Result<Vec<Member>, Fault> {
    repo::called(tx, words).await
}

/// A person who is to be written to; `None`: they have left, or have no access for the time being. A service account reads no mail.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn contact(tx: &WriteTx, id: MemberId) -> Result<Option<Member>, Fault> {
    Ok(active(tx, id).await?.filter(|member| !member.is_service))
}

/// A member; `None`: they have left, or have no access for the time being.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn active(tx: &WriteTx, id: MemberId) -> Result<Option<Member>, Fault> {
    Ok(repo::find(tx, id).await?.filter(|member| member.suspended_at.is_none()))
}

/// A member, locked until the transaction ends; `None`: nobody has the id.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn locked(tx: &WriteTx, id: MemberId) -> Result<Option<Member>, Fault> {
    repo::find_for_update(tx, id).await
}

/// Gives a member roles that were checked, in the transaction of who asks for it. Answers the member as they were.
///
/// # Errors
/// As [`update_roles`].
pub async fn give_roles(tx: &WriteTx, id: MemberId, names: &[String]) -> Result<Member, Fault> {
    let owners = repo::count_owners(tx).await?;
    let member = repo::find_for_update(tx, id).await?.ok_or_else(|| Fault::not_found("member", id))?;
    model::check_change(tx.roles(), &member, Some(names), owners)?;
    model::check_kept(&member, names)?;
    let new: Vec<String> = names.iter().filter(|name| !member.roles.contains(name)).cloned().collect();
    roles::check_gift(tx, &new).await?;
    repo::set_roles(tx, id, names.to_vec()).await?;
    Ok(member)
}

/// The owners.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn owners(tx: &WriteTx) -> Result<Vec<MemberId>, Fault> {
    repo::owners(tx).await
}

/// The owners of an organization who have access, for mails to them.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn reachable_owners(tx: &LobbyTx, tenant: TenantId) -> Result<Vec<Owner>, Fault> {
    repo::reachable_owners(tx, tenant).await
}

/// A member.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ListMembers>, id: MemberId) -> Result<Member, Fault> {
    repo::find(grant.read().await?, id).await?.ok_or_else(|| Fault::not_found("member", id))
}

/// Gives a member other roles. Holds for every request that starts after this returned.
///
/// # Errors
/// `NotFound`; `Invalid` naming `role` or `roles`; `Forbidden` when a non-owner touches an owner, and for a role that allows what the caller may not do;
/// `Conflict` when it is the last owner.
pub async fn update_roles(scope: &Scope, id: MemberId, names: &[String]) -> Result<Member, Fault> {
    let grant: Grant<'_, ManageMembers> = scope.grant()?;
    let names = model::check_roles(names)?;
    let tx = grant.begin().await?;
    let member = give_roles(&tx, id, &names).await?;
    let entry = Entry::new("member.update_roles", Subject::new("member", id, &member.email)).detail(json!({ "from": member.roles, "to": names }));
    tx.commit(entry).await?;
    Ok(Member { roles: names, ..member })
}

/// Removes a member. Their sessions here end and their tokens are revoked.
///
/// # Errors
/// `NotFound`; `Forbidden` when a non-owner removes an owner; `Conflict` for the last owner.
pub async fn remove(scope: &Scope, id: MemberId) -> Result<Member, Fault> {
    let grant: Grant<'_, ManageMembers> = scope.grant()?;
    let tx = grant.begin().await?;
    let member = take_out(&tx, id).await?.ok_or_else(|| Fault::not_found("member", id))?;
    let entry = Entry::new("member.remove", Subject::new("member", id, &member.email)).detail(json!({ "roles": member.roles }));
    tx.commit(entry).await?;
    Ok(member)
}

/// Removes a member, in the transaction of who asks for it; `None`: nobody has the id.
///
/// # Errors
/// `Forbidden` when a non-owner removes an owner; `Conflict` for the last owner.
pub async fn take_out(tx: &WriteTx, id: MemberId) -> Result<Option<Member>, Fault> {
    let owners = repo::count_owners(tx).await?;
    let Some(member) = repo::find_for_update(tx, id).await? else { return Ok(None) };
    model::check_change(tx.roles(), &member, None, owners)?;
    repo::remove(tx, &member).await?;
    Ok(Some(member))
}

/// Ends a member's access at once, on every replica, and revokes their tokens here; roles and projects stay, for when it comes back. In the transaction of who
/// asks for it.
///
/// # Errors
/// As [`take_out`]; `NotFound`.
pub async fn suspend(tx: &WriteTx, id: MemberId) -> Result<(), Fault> {
    let owners = repo::count_owners(tx).await?;
    let member = repo::find_for_update(tx, id).await?.ok_or_else(|| Fault::not_found("member", id))?;
    if member.suspended_at.is_some() {
        return Ok(());
    }
    model::check_change(tx.roles(), &member, None, owners)?;
    repo::suspend(tx, &member).await
}

/// Gives a member their access back; what they signed in to before stays closed.
///
/// # Errors
/// `Forbidden` when a non-owner gives an owner access; `NotFound`.
pub async fn resume(tx: &WriteTx, id: MemberId) -> Result<(), Fault> {
    let member = repo::find_for_update(tx, id).await?.ok_or_else(|| Fault::not_found("member", id))?;
    if member.suspended_at.is_none() {
        return Ok(());
    }
    model::check_change(tx.roles(), &member, None, i64::MAX)?;
    repo::resume(tx, id).await
}
