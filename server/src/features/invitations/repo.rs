//! The statements of invitations.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::{InvitationId, MemberId, PersonId, TenantId};
use uuid::Uuid;

use super::{Expected, Invitation, Preview};
use crate::{
    access::{Connection, Sql, WriteTx, lobby::LobbyTx},
    fault::Fault,
};

fn invitation(row: &QueryResult) -> Result<Invitation, DbErr> {
    Ok(Invitation {
        id: InvitationId::from_uuid(row.try_get("", "id")?),
        email: row.try_get("", "email")?,
        role: row.try_get("", "role")?,
        invited_by: row.try_get("", "invited_by")?,
        created_at: row.try_get("", "created_at")?,
        expires_at: row.try_get("", "expires_at")?,
    })
}

/// Open invitations, the newest first.
pub async fn list<C: Connection>(tx: &C, after: Option<Uuid>, limit: u64) -> Result<Vec<Invitation>, Fault> {
    let rows = tx
        .rows(
            "select i.id, i.email, i.role, p.name as invited_by, i.created_at, i.expires_at from public.invitations i \
             left join public.people p on p.id = i.invited_by \
             where i.accepted_at is null and i.expires_at > $1 and ($2::uuid is null or i.id < $2) order by i.id desc limit $3",
            vec![tx.now().into(), after.into(), limit.into()],
        )
        .await?;
    Ok(rows.iter().map(invitation).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from public.invitations where accepted_at is null and expires_at > $1", vec![tx.now().into()]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

pub async fn is_member(tx: &WriteTx, email: &str) -> Result<bool, Fault> {
    let row = tx.row("select 1 from public.memberships m join public.people p on p.id = m.person_id where p.email = $1", vec![email.into()]).await?;
    Ok(row.is_some())
}

/// Whether the organization lets an address in.
pub async fn admits<S: Sql>(tx: &S, tenant: TenantId, email: &str) -> Result<bool, Fault> {
    let sql = "select public.admits(t, $2, null, $3) from public.tenants t where t.id = $1";
    let row = tx.row(sql, vec![tenant.uuid().into(), email.into(), tx.now().into()]).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
}

/// Writes an invitation; an earlier open one for the address is replaced, and its link dies. Whom the directory expects is expected still.
pub async fn insert(
    tx: &WriteTx,
    tenant: TenantId,
    invitation: &Invitation,
    hash: Vec<u8>,
    by: PersonId,
    expected: Option<&Expected>,
) -> Result<(), Fault> {
    let sql = "delete from public.invitations where tenant_id = $1 and email = $2 and accepted_at is null returning member_id, group_roles";
    let replaced = tx.row(sql, vec![tenant.uuid().into(), invitation.email.clone().into()]).await?;
    let read = |row: QueryResult| -> Result<_, DbErr> { Ok((row.try_get("", "member_id")?, row.try_get("", "group_roles")?)) };
    let replaced: (Option<Uuid>, Vec<String>) = replaced.map(read).transpose()?.unwrap_or_default();
    let (member, group_roles) = expected.map_or(replaced, |expected| (Some(expected.member.uuid()), expected.group_roles.clone()));
    tx.run(
        "insert into public.invitations (id, tenant_id, email, role, hash, invited_by, created_at, expires_at, member_id, group_roles) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        vec![
            invitation.id.uuid().into(),
            tenant.uuid().into(),
            invitation.email.clone().into(),
            invitation.role.clone().into(),
            hash.into(),
            by.uuid().into(),
            invitation.created_at.into(),
            invitation.expires_at.into(),
            member.into(),
            group_roles.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Withdraws the open invitation of whom the directory does not expect any more.
pub async fn withdraw(tx: &WriteTx, member: MemberId) -> Result<(), Fault> {
    tx.run("delete from public.invitations where member_id = $1 and accepted_at is null", vec![member.uuid().into()]).await?;
    Ok(())
}

pub async fn delete(tx: &WriteTx, id: InvitationId) -> Result<Option<Invitation>, Fault> {
    let row = tx
        .row(
            "delete from public.invitations where id = $1 and accepted_at is null returning id, email, role, null::text as invited_by, created_at, expires_at",
            vec![id.uuid().into()],
        )
        .await?;
    Ok(row.as_ref().map(invitation).transpose()?)
}

/// What the link shows, if it works.
pub async fn find_preview(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<Preview>, Fault> {
    let row = tx
        .row(
            "select t.name, i.email, i.role, exists (select from people p where p.email = i.email), inviter.name, \
             case when t.sso_only and i.role <> 'owner' then t.slug end \
             from invitations i join tenants t on t.id = i.tenant_id left join people inviter on inviter.id = i.invited_by \
             where i.hash = $1 and i.accepted_at is null and i.expires_at > $2",
            vec![hash.into(), tx.now().into()],
        )
        .await?;
    row.map(|row| {
        Ok(Preview {
            organization: row.try_get_by_index(0)?,
            email: row.try_get_by_index(1)?,
            role: row.try_get_by_index(2)?,
            has_account: row.try_get_by_index(3)?,
            invited_by: row.try_get_by_index(4)?,
            single_sign_on: row.try_get_by_index(5)?,
        })
    })
    .transpose()
}

/// An invitation being accepted.
pub struct Taken {
    pub tenant: TenantId,
    pub email: String,
    /// What the membership is to be known as, where the directory asked for it.
    pub member: Option<Uuid>,
    pub roles: Vec<String>,
    /// Those of the roles that groups of the directory give.
    pub group_roles: Vec<String>,
}

/// Takes the invitation that a link stands for; a second taker finds nothing.
pub async fn take(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<Taken>, Fault> {
    let row = tx
        .row(
            "update invitations set accepted_at = $2 where hash = $1 and accepted_at is null and expires_at > $2 returning tenant_id, email, member_id, group_roles, \
             case when group_roles = '{}' then array[role] else group_roles end as roles",
            vec![hash.into(), tx.now().into()],
        )
        .await?;
    row.map(|row| {
        Ok(Taken {
            tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
            email: row.try_get("", "email")?,
            member: row.try_get("", "member_id")?,
            roles: row.try_get("", "roles")?,
            group_roles: row.try_get("", "group_roles")?,
        })
    })
    .transpose()
}

/// The account of an address.
pub struct Account {
    pub person: PersonId,
    pub password_hash: String,
    /// Whether the person has a second factor.
    pub second_factor: bool,
}

/// The account that an address has.
pub async fn find_account(tx: &LobbyTx, email: &str) -> Result<Option<Account>, Fault> {
    let sql = "select id, password_hash, second_factor_since is not null from people where email = $1 and not disabled";
    let row = tx.row(sql, vec![email.into()]).await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Account {
            person: PersonId::from_uuid(row.try_get_by_index(0)?),
            password_hash: row.try_get_by_index(1)?,
            second_factor: row.try_get_by_index(2)?,
        })
    };
    Ok(row.map(read).transpose()?)
}

pub async fn insert_person(tx: &LobbyTx, email: &str, name: &str, password_hash: &str, now: DateTime<Utc>) -> Result<PersonId, Fault> {
    let id = Uuid::now_v7();
    tx.run(
        "insert into people (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)",
        vec![id.into(), email.into(), name.into(), password_hash.into(), now.into()],
    )
    .await?;
    Ok(PersonId::from_uuid(id))
}

/// Makes the person a member, once.
pub async fn join(tx: &LobbyTx, taken: &Taken, person: PersonId) -> Result<Uuid, Fault> {
    let row = tx
        .row(
            "insert into memberships (id, tenant_id, person_id, roles, joined_at, group_roles, provisioned_at) \
             values ($1, $2, $3, $4, $5, $6, case when $7 then $5 end) \
             on conflict (tenant_id, person_id) do update set tenant_id = excluded.tenant_id returning id",
            vec![
                taken.member.unwrap_or_else(Uuid::now_v7).into(),
                taken.tenant.uuid().into(),
                person.uuid().into(),
                taken.roles.clone().into(),
                tx.now().into(),
                taken.group_roles.clone().into(),
                taken.member.is_some().into(),
            ],
        )
        .await?
        .ok_or_else(|| Fault::internal("no membership was written"))?;
    tx.run("update tenants set authz_epoch = authz_epoch + 1 where id = $1", vec![taken.tenant.uuid().into()]).await?;
    Ok(row.try_get_by_index(0)?)
}
