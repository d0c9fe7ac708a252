//! The statements of members. They live on the control plane, gated by the tenant's row policy.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{MemberId, PersonId, TenantId};
use uuid::Uuid;

use super::{Member, Owner};
use crate::{
    access::{Connection, Sql, WriteTx, lobby::LobbyTx},
    fault::Fault,
};

fn member(row: &QueryResult) -> Result<Member, DbErr> {
    Ok(Member {
        id: MemberId::from_uuid(row.try_get("", "id")?),
        person: PersonId::from_uuid(row.try_get("", "person_id")?),
        name: row.try_get("", "name")?,
        email: row.try_get("", "email")?,
        is_service: row.try_get("", "is_service")?,
        roles: row.try_get("", "roles")?,
        joined_at: row.try_get("", "joined_at")?,
        last_seen_at: row.try_get("", "last_seen_at")?,
        suspended_at: row.try_get("", "suspended_at")?,
        provisioned_at: row.try_get("", "provisioned_at")?,
        group_roles: row.try_get("", "group_roles")?,
    })
}

/// Members in the order they joined, after the one a cursor names.
pub async fn list<C: Connection>(tx: &C, after: Option<Uuid>, limit: u64) -> Result<Vec<Member>, Fault> {
    let rows = tx
        .rows(
            "select m.id, m.person_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, m.roles, m.joined_at, m.last_seen_at, m.suspended_at, m.provisioned_at, m.group_roles \
             from public.memberships m join public.people p on p.id = m.person_id \
             where ($1::uuid is null or m.id > $1) order by m.id limit $2",
            vec![after.into(), limit.into()],
        )
        .await?;
    Ok(rows.iter().map(member).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from public.memberships", vec![]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

/// People whose name or address is one of the texts, which are in lower case.
pub async fn called(tx: &WriteTx, words: &[String]) -> Result<Vec<Member>, Fault> {
    let sql = "select m.id, m.person_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, m.roles, m.joined_at, m.last_seen_at, m.suspended_at, m.provisioned_at, m.group_roles from public.memberships m \
        cross join lateral (select name, email, service_of from public.people where id = m.person_id offset 0) p \
        where m.tenant_id = $1 and m.suspended_at is null and p.service_of is null and (lower(p.name) = any($2) or lower(p.email) = any($2)) order by m.person_id";
    let rows = tx.rows(sql, vec![tx.tenant().id.uuid().into(), words.to_vec().into()]).await?;
    Ok(rows.iter().map(member).collect::<Result<_, _>>()?)
}

/// People whose name or address contains a text, by name.
pub async fn find_by_text<C: Connection>(tx: &C, tenant: TenantId, text: &str, limit: i64) -> Result<Vec<Member>, Fault> {
    let sql = "select m.id, m.person_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, m.roles, m.joined_at, m.last_seen_at, m.suspended_at, m.provisioned_at, m.group_roles from public.memberships m \
        cross join lateral (select name, email, service_of from public.people where id = m.person_id offset 0) p \
        where m.tenant_id = $1 and m.suspended_at is null and p.service_of is null and (strpos(lower(p.name), lower($2)) > 0 or strpos(lower(p.email), lower($2)) > 0) order by p.name, m.id limit $3";
    let rows = tx.rows(sql, vec![tenant.uuid().into(), text.into(), limit.into()]).await?;
    Ok(rows.iter().map(member).collect::<Result<_, _>>()?)
}

pub async fn find<C: Connection>(tx: &C, id: MemberId) -> Result<Option<Member>, Fault> {
    let sql = "select m.id, m.person_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, m.roles, m.joined_at, m.last_seen_at, m.suspended_at, m.provisioned_at, m.group_roles \
        from public.memberships m join public.people p on p.id = m.person_id where m.id = $1";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(member).transpose()?)
}

/// A member, locked until the transaction ends.
pub async fn find_for_update(tx: &WriteTx, id: MemberId) -> Result<Option<Member>, Fault> {
    let row = tx
        .row(
            "select m.id, m.person_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, m.roles, m.joined_at, m.last_seen_at, m.suspended_at, m.provisioned_at, m.group_roles \
             from public.memberships m join public.people p on p.id = m.person_id where m.id = $1 for update of m",
            vec![id.uuid().into()],
        )
        .await?;
    Ok(row.as_ref().map(member).transpose()?)
}

/// The owners who are not suspended.
pub async fn owners(tx: &WriteTx) -> Result<Vec<MemberId>, Fault> {
    let rows = tx.rows("select id from public.memberships where 'owner' = any(roles) and suspended_at is null order by id", vec![]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(MemberId::from_uuid)).collect::<Result<_, sea_orm::DbErr>>()?)
}

/// Counts owners who are not suspended. The tenant's row is locked first, so that two changes cannot each leave the other
/// as the last owner.
pub async fn count_owners(tx: &WriteTx) -> Result<i64, Fault> {
    tx.run("select from public.tenants where id = $1 for update", vec![tx.tenant().id.uuid().into()]).await?;
    let row = tx.row("select count(*) from public.memberships where 'owner' = any(roles) and suspended_at is null", vec![]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

pub async fn set_roles(tx: &WriteTx, id: MemberId, roles: Vec<String>) -> Result<(), Fault> {
    tx.run("update public.memberships set roles = $2 where id = $1", vec![id.uuid().into(), roles.into()]).await?;
    tx.raise_epoch().await
}

/// Ends what the membership opens, until it is resumed: the member's tokens in this organization are revoked, and sessions find it closed.
pub async fn suspend(tx: &WriteTx, member: &Member) -> Result<(), Fault> {
    tx.run("update public.memberships set suspended_at = $2 where id = $1", vec![member.id.uuid().into(), tx.now().into()]).await?;
    revoke_tokens(tx, member).await?;
    tx.raise_epoch().await
}

/// Opens the membership again, for who signs in from now on.
pub async fn resume(tx: &WriteTx, id: MemberId) -> Result<(), Fault> {
    let sql = "update public.memberships set suspended_at = null, resumed_at = $2 where id = $1";
    tx.run(sql, vec![id.uuid().into(), tx.now().into()]).await?;
    tx.raise_epoch().await
}

async fn revoke_tokens(tx: &WriteTx, member: &Member) -> Result<(), Fault> {
    for sql in [
        "update public.api_tokens set revoked_at = $3 where tenant_id = $1 and person_id = $2 and revoked_at is null",
        "update public.job_tokens set revoked_at = $3 where tenant_id = $1 and person_id = $2 and revoked_at is null",
    ] {
        tx.run(sql, vec![tx.tenant().id.uuid().into(), member.person.uuid().into(), tx.now().into()]).await?;
    }
    Ok(())
}

/// Removes the membership and what it opened here: the member's tokens in this organization, their roles in projects and groups, and their channel of
/// Slack. Their sessions find no membership any more and end with it. Of a service account, which is nothing elsewhere, nothing is left.
pub async fn remove(tx: &WriteTx, member: &Member) -> Result<(), Fault> {
    tx.run("delete from public.memberships where id = $1", vec![member.id.uuid().into()]).await?;
    revoke_tokens(tx, member).await?;
    tx.run("delete from project_members where member_id = $1", vec![member.id.uuid().into()]).await?;
    tx.run("delete from slack_connections where member_id = $1", vec![member.id.uuid().into()]).await?;
    // The directory is told that there is nobody of this id any more.
    tx.run(
        "update scim_groups set version = version + 1 where id in (select group_id from scim_group_members where user_id = $1)",
        vec![member.id.uuid().into()],
    )
    .await?;
    tx.run("delete from scim_users where id = $1", vec![member.id.uuid().into()]).await?;
    if member.is_service {
        tx.run("delete from service_accounts where id = $1", vec![member.id.uuid().into()]).await?;
        tx.run("delete from public.people where id = $1 and service_of is not null", vec![member.person.uuid().into()]).await?;
    }
    tx.raise_epoch().await
}

/// Those who own an organization and have access.
pub async fn reachable_owners(tx: &LobbyTx, tenant: TenantId) -> Result<Vec<Owner>, Fault> {
    let sql = "select p.id, m.id as member_id, p.email, p.name from memberships m join people p on p.id = m.person_id and not p.disabled \
        where m.tenant_id = $1 and 'owner' = any (m.roles) and m.suspended_at is null order by p.id";
    let rows = tx.rows(sql, vec![tenant.uuid().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Owner {
                person: PersonId::from_uuid(row.try_get("", "id")?),
                member: MemberId::from_uuid(row.try_get("", "member_id")?),
                email: row.try_get("", "email")?,
                name: row.try_get("", "name")?,
            })
        })
        .collect()
}
