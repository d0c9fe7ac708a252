//! Users: members and what the directory says of them, and those who are to be members.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{MemberId, ScimGroupId, TenantId};
use uuid::Uuid;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::scim::{Person, Profile, ScimError, User},
};

const LOAD: &str = "select k.id, coalesce(u.user_name, p.email) as user_name, u.external_id, coalesce(u.email, p.email) as email, \
        coalesce(u.given_name, '') as given_name, coalesce(u.family_name, '') as family_name, coalesce(u.formatted_name, '') as formatted_name, \
        coalesce(u.display_name, p.name) as display_name, case when m.id is null then u.active else m.suspended_at is null end as active, \
        m.id is not null as is_member, coalesce(u.created_at, m.joined_at) as created_at, coalesce(u.updated_at, m.joined_at) as updated_at, \
        (select coalesce(jsonb_agg(jsonb_build_array(g.id, g.display_name) order by g.display_name), '[]') \
            from scim_group_members w join scim_groups g on g.id = w.group_id where w.user_id = k.id) as groups \
    from unnest($1::uuid[]) with ordinality as k (id, place) left join scim_users u on u.id = k.id \
        left join (public.memberships m join public.people p on p.id = m.person_id and p.service_of is null) on m.id = k.id \
    where u.id is not null or m.id is not null order by k.place";

fn user(row: &QueryResult) -> Result<User, Fault> {
    let groups: serde_json::Value = row.try_get("", "groups")?;
    let groups: Vec<(Uuid, String)> = serde_json::from_value(groups).map_err(Fault::internal)?;
    Ok(User {
        id: MemberId::from_uuid(row.try_get("", "id")?),
        profile: Profile {
            user_name: row.try_get("", "user_name")?,
            external_id: row.try_get("", "external_id")?,
            email: row.try_get("", "email")?,
            given_name: row.try_get("", "given_name")?,
            family_name: row.try_get("", "family_name")?,
            formatted_name: row.try_get("", "formatted_name")?,
            display_name: row.try_get("", "display_name")?,
            active: row.try_get("", "active")?,
        },
        is_member: row.try_get("", "is_member")?,
        groups: groups.into_iter().map(|(id, name)| (ScimGroupId::from_uuid(id), name)).collect(),
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
    })
}

fn ids(rows: &[QueryResult]) -> Result<Vec<Uuid>, Fault> {
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// The users of these ids, in the same order, without those whom nobody is.
pub async fn load<C: Connection>(tx: &C, ids: Vec<Uuid>) -> Result<Vec<User>, Fault> {
    tx.rows(LOAD, vec![ids.into()]).await?.iter().map(user).collect()
}

/// Everybody but service accounts, the eldest first, from a place on; by whether they are active, if that is asked.
pub async fn page<C: Connection>(tx: &C, tenant: TenantId, active: Option<bool>, offset: i64, limit: i64) -> Result<Vec<Uuid>, Fault> {
    let sql = "select k.id from (select m.id from public.memberships m where m.tenant_id = $1 and ($2::boolean is null or (m.suspended_at is null) = $2) \
                and not exists (select from service_accounts s where s.id = m.id) \
            union all select u.id from scim_users u where ($2 is null or u.active = $2) and not exists (select from public.memberships m where m.id = u.id)) k \
        order by k.id offset $3 limit $4";
    ids(&tx.rows(sql, vec![tenant.uuid().into(), active.into(), offset.into(), limit.into()]).await?)
}

pub async fn count<C: Connection>(tx: &C, tenant: TenantId, active: Option<bool>) -> Result<i64, Fault> {
    let sql = "select (select count(*) from public.memberships m where m.tenant_id = $1 and ($2::boolean is null or (m.suspended_at is null) = $2) \
            and not exists (select from service_accounts s where s.id = m.id)) \
        + (select count(*) from scim_users u where ($2 is null or u.active = $2) and not exists (select from public.memberships m where m.id = u.id))";
    let row = tx.row(sql, vec![tenant.uuid().into(), active.into()]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Whom the directory calls so; of whom it has said nothing, the address counts.
pub async fn named<C: Connection>(tx: &C, tenant: TenantId, user_name: &str) -> Result<Vec<Uuid>, Fault> {
    let sql = "select u.id from scim_users u where lower(u.user_name) = lower($2) union \
        select m.id from public.people p join public.memberships m on m.person_id = p.id and m.tenant_id = $1 \
        where p.email = lower($2) and not exists (select from scim_users u where u.id = m.id)";
    ids(&tx.rows(sql, vec![tenant.uuid().into(), user_name.into()]).await?)
}

/// Whose address it is, by the directory or by how they sign in.
pub async fn addressed<C: Connection>(tx: &C, tenant: TenantId, email: &str) -> Result<Vec<Uuid>, Fault> {
    let sql = "select u.id from scim_users u where lower(u.email) = lower($2) union \
        select m.id from public.people p join public.memberships m on m.person_id = p.id and m.tenant_id = $1 where p.email = lower($2)";
    ids(&tx.rows(sql, vec![tenant.uuid().into(), email.into()]).await?)
}

pub async fn external<C: Connection>(tx: &C, id: &str) -> Result<Vec<Uuid>, Fault> {
    ids(&tx.rows("select id from scim_users where external_id = $1 order by id", vec![id.into()]).await?)
}

/// Writes what the directory says of somebody, and that it keeps them.
pub async fn put(tx: &WriteTx, id: MemberId, person: &Person) -> Result<(), ScimError> {
    let sql = "insert into scim_users (id, user_name, external_id, email, given_name, family_name, formatted_name, display_name, active, created_at, updated_at) \
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
        on conflict (id) do update set user_name = excluded.user_name, external_id = excluded.external_id, email = excluded.email, \
            given_name = excluded.given_name, family_name = excluded.family_name, formatted_name = excluded.formatted_name, \
            display_name = excluded.display_name, active = excluded.active, updated_at = excluded.updated_at";
    let profile = &person.profile;
    let values = vec![
        id.uuid().into(),
        profile.user_name.clone().into(),
        profile.external_id.clone().into(),
        profile.email.clone().into(),
        profile.given_name.clone().into(),
        profile.family_name.clone().into(),
        profile.formatted_name.clone().into(),
        profile.display_name.clone().into(),
        profile.active.into(),
        tx.now().into(),
    ];
    tx.run(sql, values).await.map_err(|error| match broken_constraint(&error).as_deref() {
        Some("scim_users_user_name") => ScimError::Taken("Another user has this userName.".into()),
        _ => Fault::from(error).into(),
    })?;
    keep(tx, &[id.uuid()]).await?;
    Ok(())
}

/// The directory keeps these members from now on.
async fn keep(tx: &WriteTx, ids: &[Uuid]) -> Result<(), Fault> {
    let sql = "update public.memberships set provisioned_at = $2 where id = any($1) and provisioned_at is null";
    tx.run(sql, vec![ids.to_vec().into(), tx.now().into()]).await?;
    Ok(())
}

/// Lets the directory keep those of the members of whom it has said nothing yet. How many of the ids are somebody's here? Service accounts are nobody's.
pub async fn take_over(tx: &WriteTx, ids: &[Uuid]) -> Result<usize, Fault> {
    let sql = "insert into scim_users (id, user_name, email, given_name, family_name, formatted_name, display_name, active, created_at, updated_at) \
        select m.id, p.email, p.email, '', '', '', p.name, m.suspended_at is null, m.joined_at, $2 \
        from unnest($1::uuid[]) k (id) join public.memberships m on m.id = k.id join public.people p on p.id = m.person_id and p.service_of is null \
        on conflict do nothing";
    tx.run(sql, vec![ids.to_vec().into(), tx.now().into()]).await?;
    keep(tx, ids).await?;
    let row = tx.row("select count(*) from scim_users where id = any($1)", vec![ids.to_vec().into()]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Forgets somebody who is no member.
pub async fn remove(tx: &WriteTx, id: MemberId) -> Result<(), Fault> {
    let id = id.uuid();
    tx.run("update scim_groups set version = version + 1 where id in (select group_id from scim_group_members where user_id = $1)", vec![id.into()])
        .await?;
    tx.run("delete from scim_users where id = $1", vec![id.into()]).await?;
    Ok(())
}

/// Makes somebody a member whose domain is the organization's own. `false`: it is not, or the address is a member's.
pub async fn provision(tx: &WriteTx, id: MemberId, person: &Person, password_hash: String, group_roles: &[String]) -> Result<bool, Fault> {
    let roles = if group_roles.is_empty() { vec![shared::Role::Viewer.as_str().to_owned()] } else { group_roles.to_vec() };
    let values = vec![
        id.uuid().into(),
        Uuid::now_v7().into(),
        person.email.as_str().into(),
        person.name.clone().into(),
        password_hash.into(),
        roles.into(),
        group_roles.to_vec().into(),
        tx.now().into(),
    ];
    let row = tx.row("select public.provision($1, $2, $3, $4, $5, $6, $7, $8)", values).await?;
    let made: bool = row.map_or(Ok(false), |row| row.try_get_by_index(0))?;
    if made {
        tx.raise_epoch().await?;
    }
    Ok(made)
}

/// Calls a person otherwise whom this directory made and who belongs to no other organization.
pub async fn rename(tx: &WriteTx, id: MemberId, name: &str) -> Result<(), Fault> {
    tx.rows("select public.rename_provisioned($1, $2)", vec![id.uuid().into(), name.into()]).await?;
    Ok(())
}
