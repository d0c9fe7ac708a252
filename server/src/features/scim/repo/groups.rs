//! Groups, who is in them, and what that makes of members.

use std::collections::{HashMap, HashSet};

use sea_orm::{DbErr, QueryResult};
use shared::ids::{MemberId, ScimGroupId};
use uuid::Uuid;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::scim::{Group, GroupTerm, ScimError},
};

const LOAD: &str = "select g.id, g.display_name, g.external_id, g.role, g.version, g.created_at, g.updated_at, \
        (select count(*) from scim_group_members w where w.group_id = g.id) as member_count \
    from unnest($1::uuid[]) with ordinality as k (id, place) join scim_groups g on g.id = k.id order by k.place";

fn group(row: &QueryResult) -> Result<Group, DbErr> {
    Ok(Group {
        id: ScimGroupId::from_uuid(row.try_get("", "id")?),
        display_name: row.try_get("", "display_name")?,
        external_id: row.try_get("", "external_id")?,
        role: row.try_get("", "role")?,
        version: row.try_get("", "version")?,
        member_count: row.try_get("", "member_count")?,
        members: Vec::new(),
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
    })
}

/// The groups of these ids, in the same order, without their members.
pub async fn load<C: Connection>(tx: &C, ids: Vec<Uuid>) -> Result<Vec<Group>, Fault> {
    Ok(tx.rows(LOAD, vec![ids.into()]).await?.iter().map(group).collect::<Result<_, _>>()?)
}

/// Puts the members into groups.
pub async fn with_members<C: Connection>(tx: &C, mut groups: Vec<Group>) -> Result<Vec<Group>, Fault> {
    let ids: Vec<Uuid> = groups.iter().map(|group| group.id.uuid()).collect();
    let sql = "select w.group_id, w.user_id, coalesce(nullif(u.display_name, ''), u.user_name) from scim_group_members w \
        join scim_users u on u.id = w.user_id where w.group_id = any($1) order by w.group_id, w.user_id";
    let mut members: HashMap<Uuid, Vec<(MemberId, String)>> = HashMap::new();
    for row in tx.rows(sql, vec![ids.into()]).await? {
        members.entry(row.try_get_by_index(0)?).or_default().push((MemberId::from_uuid(row.try_get_by_index(1)?), row.try_get_by_index(2)?));
    }
    for group in &mut groups {
        group.members = members.remove(&group.id.uuid()).unwrap_or_default();
    }
    Ok(groups)
}

/// The groups of which all terms are true, the eldest first, from a place on; nothing for a term that is true of none.
pub async fn page<C: Connection>(tx: &C, terms: &[GroupTerm], offset: i64, limit: i64) -> Result<(i64, Vec<Uuid>), Fault> {
    let (mut name, mut external, mut id, mut member) = (None::<String>, None::<String>, None::<Uuid>, None::<Uuid>);
    let mut contradiction = false;
    for term in terms {
        let fits = match term {
            GroupTerm::DisplayName(wanted) => set(&mut name, wanted.clone()),
            GroupTerm::ExternalId(wanted) => set(&mut external, wanted.clone()),
            GroupTerm::Id(wanted) => wanted.is_some_and(|wanted| set(&mut id, wanted.uuid())),
            GroupTerm::Member(wanted) => wanted.is_some_and(|wanted| set(&mut member, wanted.uuid())),
        };
        contradiction |= !fits;
    }
    if contradiction {
        return Ok((0, Vec::new()));
    }
    let values = || vec![name.clone().into(), external.clone().into(), id.into(), member.into()];
    let count = "select count(*) from scim_groups g where ($1::text is null or lower(g.display_name) = lower($1)) and ($2::text is null or g.external_id = $2) \
        and ($3::uuid is null or g.id = $3) and ($4::uuid is null or exists (select from scim_group_members w where w.group_id = g.id and w.user_id = $4))";
    let total: i64 = tx.row(count, values()).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    let sql = "select g.id from scim_groups g where ($1::text is null or lower(g.display_name) = lower($1)) and ($2::text is null or g.external_id = $2) \
        and ($3::uuid is null or g.id = $3) and ($4::uuid is null or exists (select from scim_group_members w where w.group_id = g.id and w.user_id = $4)) \
        order by g.id offset $5 limit $6";
    let rows = tx.rows(sql, [values(), vec![offset.into(), limit.into()]].concat()).await?;
    Ok((total, rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?))
}

/// Asks for one value; `false`: another one was asked for already.
fn set<T: PartialEq>(slot: &mut Option<T>, value: T) -> bool {
    match slot {
        Some(known) => *known == value,
        None => {
            *slot = Some(value);
            true
        }
    }
}

/// Groups by id, after the one a cursor names.
pub async fn after<C: Connection>(tx: &C, after: Option<Uuid>, limit: u64) -> Result<Vec<Group>, Fault> {
    let sql = "select g.id from scim_groups g where ($1::uuid is null or g.id > $1) order by g.id limit $2";
    let rows = tx.rows(sql, vec![after.into(), limit.into()]).await?;
    load(tx, rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?).await
}

pub async fn count<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from scim_groups", vec![]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

fn taken(error: DbErr) -> ScimError {
    match broken_constraint(&error).as_deref() {
        Some("scim_groups_display_name") => ScimError::Taken("Another group has this displayName.".into()),
        _ => Fault::from(error).into(),
    }
}

pub async fn insert(tx: &WriteTx, id: ScimGroupId, display_name: &str, external_id: Option<String>) -> Result<(), ScimError> {
    let sql = "insert into scim_groups (id, display_name, external_id, created_at, updated_at) values ($1, $2, $3, $4, $4)";
    tx.run(sql, vec![id.uuid().into(), display_name.into(), external_id.into(), tx.now().into()]).await.map_err(taken)?;
    Ok(())
}

/// Calls a group otherwise, and counts its version up whatever was changed of it.
pub async fn update(tx: &WriteTx, id: ScimGroupId, display_name: &str, external_id: Option<String>) -> Result<(), ScimError> {
    let sql = "update scim_groups set display_name = $2, external_id = $3, version = version + 1, updated_at = $4 where id = $1";
    tx.run(sql, vec![id.uuid().into(), display_name.into(), external_id.into(), tx.now().into()]).await.map_err(taken)?;
    Ok(())
}

pub async fn set_role(tx: &WriteTx, id: ScimGroupId, role: Option<&str>) -> Result<(), Fault> {
    tx.run("update scim_groups set role = $2 where id = $1", vec![id.uuid().into(), role.map(str::to_owned).into()]).await?;
    Ok(())
}

pub async fn remove(tx: &WriteTx, id: ScimGroupId) -> Result<(), Fault> {
    tx.run("delete from scim_groups where id = $1", vec![id.uuid().into()]).await?;
    Ok(())
}

/// Everybody in a group.
pub async fn members(tx: &WriteTx, id: ScimGroupId) -> Result<Vec<Uuid>, Fault> {
    let rows = tx.rows("select user_id from scim_group_members where group_id = $1 order by user_id", vec![id.uuid().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Takes everybody out of a group who is not among `kept`; who that was.
pub async fn keep_only(tx: &WriteTx, id: ScimGroupId, kept: Vec<Uuid>) -> Result<Vec<Uuid>, Fault> {
    let present = members(tx, id).await?;
    let kept: HashSet<Uuid> = kept.into_iter().collect();
    let gone: Vec<Uuid> = present.into_iter().filter(|member| !kept.contains(member)).collect();
    take_out(tx, id, gone).await
}

/// Takes members out of a group; who of them was in it.
pub async fn take_out(tx: &WriteTx, id: ScimGroupId, members: Vec<Uuid>) -> Result<Vec<Uuid>, Fault> {
    let sql = "delete from scim_group_members where group_id = $1 and user_id = any($2) returning user_id";
    let rows = tx.rows(sql, vec![id.uuid().into(), members.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Puts members into a group; who of them was not in it.
pub async fn put_in(tx: &WriteTx, id: ScimGroupId, members: Vec<Uuid>) -> Result<Vec<Uuid>, Fault> {
    let sql = "insert into scim_group_members (group_id, user_id) select $1, * from unnest($2::uuid[]) on conflict do nothing returning user_id";
    let rows = tx.rows(sql, vec![id.uuid().into(), members.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// The roles that groups give somebody.
pub async fn given(tx: &WriteTx, id: MemberId) -> Result<Vec<String>, Fault> {
    let sql = "select distinct g.role from scim_group_members w join scim_groups g on g.id = w.group_id where w.user_id = $1 and g.role is not null order by 1";
    let rows = tx.rows(sql, vec![id.uuid().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Makes of members what their groups say: who has left a group leaves its role, and what groups did not give stays. Who is left with nothing is a viewer,
/// and who is nothing but that is it no more once a group says what they are. Of how many the roles changed?
pub async fn settle(tx: &WriteTx, members: &[Uuid]) -> Result<u64, Fault> {
    let sql = "with given as (select k.id, array(select distinct g.role from scim_group_members w join scim_groups g on g.id = w.group_id \
            where w.user_id = k.id and g.role is not null order by 1) as roles from unnest($1::uuid[]) k (id)), \
        kept as (select m.id, g.roles as given, m.group_roles, m.roles as before, array(select o.role from unnest(m.roles) with ordinality o (role, place) \
            where o.role <> all (m.group_roles) order by o.place) as roles from given g join public.memberships m on m.id = g.id), \
        settled as (select k.id, k.given, k.group_roles, k.before, case when k.given = '{}' then k.roles when k.roles = '{viewer}' then k.given \
            else k.roles || array(select r.role from unnest(k.given) r (role) where r.role <> all (k.roles)) end as roles from kept k) \
        update public.memberships m set roles = case when s.roles = '{}' then '{viewer}' else s.roles end, group_roles = s.given \
        from settled s where m.id = s.id and (s.given <> s.group_roles or s.roles <> s.before)";
    let changed = tx.run(sql, vec![members.to_vec().into()]).await?;
    let sql = "update public.invitations i set group_roles = g.roles from (select k.id, array(select distinct g.role from scim_group_members w \
            join scim_groups g on g.id = w.group_id where w.user_id = k.id and g.role is not null order by 1) as roles from unnest($1::uuid[]) k (id)) g \
        where i.tenant_id = $2 and i.member_id = g.id and i.accepted_at is null";
    tx.run(sql, vec![members.to_vec().into(), tx.tenant().id.uuid().into()]).await?;
    if changed > 0 {
        tx.raise_epoch().await?;
    }
    Ok(changed)
}
