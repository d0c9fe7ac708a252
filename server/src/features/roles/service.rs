//! Making, changing, removing and giving roles, and explaining what they allow.

use serde_json::json;
use shared::{
    Permission, Role as BuiltIn,
    ids::{MemberId, ProjectId},
};

use super::{ListRoles, ManageRoles, NewRole, Role, RoleError, repo};
use crate::{
    access::{
        Explanation, Grant, Scope, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
};

fn entry(action: &'static str, role: &Role) -> Entry {
    Entry::new(action, Subject::new("role", &role.name, &role.title))
}

/// What each role may do.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn list(grant: Grant<'_, ListRoles>) -> Result<Vec<Role>, Fault> {
    repo::list(grant.read().await?).await
}

/// Nobody gives what they do not have.
fn within(tx: &WriteTx, permissions: &[Permission]) -> Result<(), RoleError> {
    match permissions.iter().find(|permission| !tx.has(**permission, None)) {
        None => Ok(()),
        Some(more) => Err(RoleError::TooMuch(*more)),
    }
}

/// Whether the caller may give roles: each exists, and none allows what the caller may not do. Answers their titles.
///
/// # Errors
/// [`RoleError::Unknown`], [`RoleError::TooMuch`]; `Unavailable` or `Internal`.
pub async fn check_gift(tx: &WriteTx, names: &[String]) -> Result<Vec<String>, Fault> {
    let roles = repo::list(tx).await?;
    let mut titles = Vec::with_capacity(names.len());
    for name in names {
        let role = roles.iter().find(|role| role.name == *name).ok_or(RoleError::Unknown)?;
        within(tx, &role.permissions)?;
        titles.push(role.title.clone());
    }
    Ok(titles)
}

/// Makes a role of the organization's own.
///
/// # Errors
/// `Invalid` naming `title`, `description` or `permissions`; `AlreadyExists`; `Forbidden` for more than the caller may do.
pub async fn create(scope: &Scope, new: &NewRole) -> Result<Role, Fault> {
    let grant: Grant<'_, ManageRoles> = scope.grant()?;
    let role = new.check()?;
    let by = grant.actor().called();
    let tx = grant.begin().await?;
    within(&tx, &role.permissions)?;
    repo::insert(&tx, &role, &by).await?;
    tx.commit(entry("role.create", &role).detail(json!({ "permissions": role.permissions }))).await?;
    Ok(role)
}

async fn own(tx: &WriteTx, name: &str) -> Result<Role, Fault> {
    if BuiltIn::parse(name).is_some() {
        return Err(RoleError::BuiltIn.into());
    }
    let missing = || RoleError::Missing(name.chars().take(64).flat_map(char::escape_debug).collect());
    if !repo::exists(tx, name).await? {
        return Err(missing().into());
    }
    Ok(repo::list(tx).await?.into_iter().find(|role| role.name == name).ok_or_else(missing)?)
}

/// Changes what a role of the organization's own is called and allows, at once for everybody who has it. Its name in the API stays.
///
/// # Errors
/// As [`create`]; `NotFound`; `Conflict` for a role that every organization has; `Forbidden` also when it allowed more before than the caller may do.
pub async fn update(scope: &Scope, name: &str, new: &NewRole) -> Result<Role, Fault> {
    let grant: Grant<'_, ManageRoles> = scope.grant()?;
    let changed = new.check()?;
    let tx = grant.begin().await?;
    within(&tx, &changed.permissions)?;
    let before = own(&tx, name).await?;
    within(&tx, &before.permissions)?;
    let role = Role { name: before.name, ..changed };
    repo::update(&tx, &role).await?;
    tx.commit(entry("role.update", &role).detail(json!({ "from": before.permissions, "to": role.permissions }))).await?;
    Ok(role)
}

/// Removes a role of the organization's own that nobody has.
///
/// # Errors
/// `NotFound`; `Conflict` for one that somebody has, or every organization; `Forbidden` when it allows more than the caller may do.
pub async fn remove(scope: &Scope, name: &str) -> Result<Role, Fault> {
    let grant: Grant<'_, ManageRoles> = scope.grant()?;
    let tx = grant.begin().await?;
    let role = own(&tx, name).await?;
    within(&tx, &role.permissions)?;
    let uses = repo::uses(&tx, name).await?;
    if uses.all() > 0 {
        return Err(RoleError::InUse(uses).into());
    }
    repo::remove(&tx, name).await?;
    tx.commit(entry("role.remove", &role).detail(json!({ "permissions": role.permissions }))).await?;
    Ok(role)
}

/// Why a member with roles may do something, or may not.
///
/// # Errors
/// `Invalid` naming `permission`.
pub fn explain(
    scope: &Scope,
    _: &Grant<'_, ListRoles>,
    member: MemberId,
    roles: &[String],
    permission: &str,
    project: Option<ProjectId>,
) -> Result<(Permission, Explanation), Fault> {
    let permission = Permission::parse(permission).ok_or_else(|| Fault::invalid("permission", "Choose a permission from the list."))?;
    Ok((permission, scope.explain(member, roles, permission, project)?))
}
