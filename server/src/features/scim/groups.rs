//! What a directory does with groups, and what an owner or admin makes of them.

use std::collections::BTreeSet;

use serde_json::json;
use shared::{
    ErrorCode,
    ids::{MemberId, ScimGroupId},
};
use uuid::Uuid;

use super::{Group, GroupEdit, GroupTerm, IfMatch, Listed, MapGroups, MemberChange, Provision, ReadProvisioned, ScimError, model, repo};
use crate::{
    access::{
        Connection, Grant, Scope, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        page::{Page, Paged},
        roles,
    },
};

/// Members that one request names. A directory with more sends them in parts.
const MEMBERS_MAX: usize = 20_000;
/// Members of all groups that one list shows.
const LISTED_MAX: i64 = 100_000;
/// Members whose ids stand in an audit entry.
const TOLD_MAX: usize = 100;

/// The groups of which all terms are true, from a place on; with their members, if those are asked for.
///
/// # Errors
/// `Forbidden`; `Invalid` when there are too many members to show.
pub async fn list(scope: &Scope, terms: &[GroupTerm], offset: i64, limit: i64, members: bool) -> Result<Listed<Group>, ScimError> {
    let grant = scope.grant::<ReadProvisioned>()?;
    let tx = grant.read().await?;
    let (total, ids) = repo::groups::page(tx, terms, offset, limit).await?;
    let mut rows = repo::groups::load(tx, ids).await?;
    if members {
        if rows.iter().map(|group| group.member_count).sum::<i64>() > LISTED_MAX {
            return Err(ScimError::value("These groups have too many members to list. Ask with excludedAttributes=members, or for fewer groups."));
        }
        rows = repo::groups::with_members(tx, rows).await?;
    }
    Ok(Listed { total, rows })
}

async fn find<C: Connection>(tx: &C, id: ScimGroupId, members: bool) -> Result<Group, ScimError> {
    let mut found = repo::groups::load(tx, vec![id.uuid()]).await?;
    if members {
        found = repo::groups::with_members(tx, found).await?;
    }
    found.into_iter().next().ok_or_else(|| ScimError::Fault(Fault::not_found("group", id)))
}

/// A group; with its members, if those are asked for.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn get(scope: &Scope, id: ScimGroupId, members: bool) -> Result<Group, ScimError> {
    find(scope.grant::<ReadProvisioned>()?.read().await?, id, members).await
}

/// Makes a group.
///
/// # Errors
/// `Taken`; `Invalid`, also for a member who is nobody here.
pub async fn create(scope: &Scope, name: &str, external_id: Option<String>, members: BTreeSet<MemberId>) -> Result<Group, ScimError> {
    let grant = scope.grant::<Provision>()?;
    let (name, external_id) = (model::group_name(name)?, model::external_id(external_id)?);
    let tx = grant.begin().await?;
    repo::take_turn(&tx).await?;
    let id = ScimGroupId::from_uuid(Uuid::now_v7());
    repo::groups::insert(&tx, id, &name, external_id).await?;
    let mut change = MemberChange::default();
    members.into_iter().for_each(|member| change.add(member));
    let moved = apply(&tx, id, change).await?;
    let group = find(&tx, id, true).await?;
    tx.commit(entry("group.create", &group).detail(moved.told())).await?;
    Ok(group)
}

/// Changes a group and who is in it; the roles of members follow at once.
///
/// # Errors
/// `NotFound`; `Stale`; `Taken`; `Invalid`, also for a member who is nobody here.
pub async fn edit(scope: &Scope, id: ScimGroupId, expected: Option<&IfMatch>, edit: GroupEdit, members: bool) -> Result<Group, ScimError> {
    let tx = scope.grant::<Provision>()?.begin().await?;
    repo::take_turn(&tx).await?;
    let before = find(&tx, id, false).await?;
    check_version(expected, &before)?;
    let name = edit.display_name.map_or_else(|| Ok(before.display_name.clone()), |name| model::group_name(&name))?;
    let external_id = edit.external_id.map_or_else(|| Ok(before.external_id.clone()), model::external_id)?;
    repo::groups::update(&tx, id, &name, external_id).await?;
    let moved = apply(&tx, id, edit.members).await?;
    if before.role.is_some() {
        repo::groups::settle(&tx, &moved.all()).await?;
    }
    let group = find(&tx, id, members).await?;
    let mut detail = moved.told();
    if before.display_name != group.display_name {
        detail["from"] = json!(before.display_name);
    }
    tx.commit(entry("group.update", &group).detail(detail)).await?;
    Ok(group)
}

/// Removes a group; whoever had a role by it alone loses it.
///
/// # Errors
/// `NotFound`; `Stale`.
pub async fn remove(scope: &Scope, id: ScimGroupId, expected: Option<&IfMatch>) -> Result<(), ScimError> {
    let tx = scope.grant::<Provision>()?.begin().await?;
    repo::take_turn(&tx).await?;
    let group = find(&tx, id, false).await?;
    check_version(expected, &group)?;
    let members = repo::groups::members(&tx, id).await?;
    repo::groups::remove(&tx, id).await?;
    if group.role.is_some() {
        repo::groups::settle(&tx, &members).await?;
    }
    tx.commit(entry("group.remove", &group).detail(json!({ "role": group.role, "members": members.len() }))).await?;
    Ok(())
}

/// The directory's groups, the eldest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn mapped(grant: Grant<'_, ReadProvisioned>, page: Page) -> Result<Paged<Group>, Fault> {
    let tx = grant.read().await?;
    let after = page.after_id::<ScimGroupId>()?.map(ScimGroupId::uuid);
    let rows = repo::groups::after(tx, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::groups::count(tx).await?, |group| group.id.to_string()))
}

/// Says what a group's members are here, at once for all of them; `None`: nothing.
///
/// # Errors
/// `NotFound`; `Invalid` naming `role` for owners, whom no group makes, and what is no role; `Forbidden` for a role that allows what the caller may not do.
pub async fn set_role(scope: &Scope, id: ScimGroupId, role: Option<&str>) -> Result<Group, Fault> {
    let grant = scope.grant::<MapGroups>()?;
    let role = role.map(shared::provider::group_role).transpose().map_err(|refused| Fault::invalid("role", refused.0))?;
    let tx = grant.begin().await?;
    repo::take_turn(&tx).await?;
    let before = find(&tx, id, false).await?;
    if let Some(role) = &role {
        roles::check_gift(&tx, std::slice::from_ref(role)).await?;
    }
    repo::groups::set_role(&tx, id, role.as_deref()).await?;
    let members = repo::groups::members(&tx, id).await?;
    let changed = repo::groups::settle(&tx, &members).await?;
    tx.announce(Topic::Standing);
    let detail = json!({ "from": before.role, "to": role, "members": changed });
    tx.commit(entry("group.set_role", &before).detail(detail)).await?;
    Ok(Group { role, ..before })
}

fn check_version(expected: Option<&IfMatch>, group: &Group) -> Result<(), ScimError> {
    expected.map_or(Ok(()), |expected| expected.check(&group.version.to_string()))
}

/// Who came into a group and who left it.
#[derive(Default)]
struct Moved {
    added: Vec<Uuid>,
    removed: Vec<Uuid>,
}

impl Moved {
    fn all(&self) -> Vec<Uuid> {
        [self.added.as_slice(), &self.removed].concat()
    }

    /// What the audit log says of it: how many, and who the first of them are.
    fn told(&self) -> serde_json::Value {
        let ids = |ids: &[Uuid]| ids.iter().take(TOLD_MAX).map(|id| MemberId::from_uuid(*id).to_string()).collect::<Vec<_>>();
        json!({
            "added": self.added.len(), "removed": self.removed.len(),
            "addedMembers": ids(&self.added), "removedMembers": ids(&self.removed),
        })
    }
}

async fn apply(tx: &WriteTx, id: ScimGroupId, change: MemberChange) -> Result<Moved, ScimError> {
    if change.add.len().max(change.remove.len()) > MEMBERS_MAX {
        let why = format!("Name at most {MEMBERS_MAX} members in one request.");
        return Err(ScimError::Fault(Fault::new(ErrorCode::PayloadTooLarge, why)));
    }
    let uuids = |ids: BTreeSet<MemberId>| ids.into_iter().map(MemberId::uuid).collect::<Vec<_>>();
    let (add, remove) = (uuids(change.add), uuids(change.remove));
    let mut moved = Moved::default();
    if !add.is_empty() && repo::users::take_over(tx, &add).await? < add.len() {
        return Err(ScimError::value("One of the members is no user of this organization."));
    }
    if change.anew {
        moved.removed = repo::groups::keep_only(tx, id, add.clone()).await?;
    } else if !remove.is_empty() {
        moved.removed = repo::groups::take_out(tx, id, remove).await?;
    }
    if !add.is_empty() {
        moved.added = repo::groups::put_in(tx, id, add).await?;
    }
    Ok(moved)
}

fn entry(action: &'static str, group: &Group) -> Entry {
    Entry::new(action, Subject::new("group", group.id, &group.display_name))
}
