//! The statements of service accounts. What they are as members lives on the control plane, gated by the tenant's row policies.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{MemberId, PersonId, TokenId};

use super::{NewAccount, ServiceAccount, ServiceAccountError};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
};

fn account(row: &QueryResult) -> Result<ServiceAccount, DbErr> {
    Ok(ServiceAccount {
        id: MemberId::from_uuid(row.try_get("", "id")?),
        person: PersonId::from_uuid(row.try_get("", "person_id")?),
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        roles: row.try_get("", "roles")?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "joined_at")?,
        last_used_at: row.try_get("", "last_seen_at")?,
        suspended_at: row.try_get("", "suspended_at")?,
    })
}

/// Service accounts in the order they were made, after the one a cursor names.
pub async fn list<C: Connection>(tx: &C, after: Option<MemberId>, limit: u64) -> Result<Vec<ServiceAccount>, Fault> {
    let sql = "select s.id, m.person_id, p.name, s.description, m.roles, s.created_by, m.joined_at, m.last_seen_at, m.suspended_at \
        from service_accounts s join public.memberships m on m.id = s.id join public.people p on p.id = m.person_id \
        where ($1::uuid is null or s.id > $1) order by s.id limit $2";
    let rows = tx.rows(sql, vec![after.map(MemberId::uuid).into(), (limit as i64).into()]).await?;
    Ok(rows.iter().map(account).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C) -> Result<i64, Fault> {
    let row = tx.row("select count(*) from service_accounts", vec![]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Lets nobody else change who is a member until the transaction ends: in the order in which members are changed too.
async fn take_turn(tx: &WriteTx) -> Result<(), Fault> {
    tx.run("select from public.tenants where id = $1 for update", vec![tx.tenant().id.uuid().into()]).await?;
    Ok(())
}

/// A service account, locked until the transaction ends.
pub async fn lock(tx: &WriteTx, id: MemberId) -> Result<Option<ServiceAccount>, Fault> {
    take_turn(tx).await?;
    let sql = "select s.id, m.person_id, p.name, s.description, m.roles, s.created_by, m.joined_at, m.last_seen_at, m.suspended_at \
        from service_accounts s join public.memberships m on m.id = s.id join public.people p on p.id = m.person_id where s.id = $1 for update of m";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(account).transpose()?)
}

/// The service account that a live token is of, locked until the transaction ends.
pub async fn lock_by_token(tx: &WriteTx, id: TokenId) -> Result<Option<ServiceAccount>, Fault> {
    let sql = "select s.id from public.api_tokens k join public.memberships m on m.person_id = k.person_id join service_accounts s on s.id = m.id \
        where k.id = $1 and k.revoked_at is null";
    match tx.row(sql, vec![id.uuid().into()]).await? {
        Some(row) => lock(tx, MemberId::from_uuid(row.try_get_by_index(0)?)).await,
        None => Ok(None),
    }
}

fn taken(error: DbErr) -> Fault {
    match broken_constraint(&error).as_deref() {
        Some("people_service_name") => ServiceAccountError::Taken.into(),
        _ => error.into(),
    }
}

/// Makes one. Nobody makes another one meanwhile, so that they stay as many as there may be.
pub async fn insert(tx: &WriteTx, account: &ServiceAccount) -> Result<(), Fault> {
    take_turn(tx).await?;
    let tenant = tx.tenant().id.uuid();
    tx.run(
        "insert into public.people (id, name, password_hash, created_at, service_of) values ($1, $2, '', $3, $4)",
        vec![account.person.uuid().into(), account.name.clone().into(), account.created_at.into(), tenant.into()],
    )
    .await
    .map_err(taken)?;
    tx.run(
        "insert into public.memberships (id, tenant_id, person_id, roles, joined_at) values ($1, $2, $3, $4, $5)",
        vec![account.id.uuid().into(), tenant.into(), account.person.uuid().into(), account.roles.clone().into(), account.created_at.into()],
    )
    .await?;
    let sql = "insert into service_accounts (id, description, created_by) values ($1, $2, $3)";
    tx.run(sql, vec![account.id.uuid().into(), account.description.clone().into(), account.created_by.clone().into()]).await?;
    Ok(())
}

/// Calls it otherwise, and says otherwise what it is for.
pub async fn describe(tx: &WriteTx, account: &ServiceAccount, new: &NewAccount) -> Result<(), Fault> {
    let sql = "update public.people set name = $2 where id = $1";
    tx.run(sql, vec![account.person.uuid().into(), new.name.clone().into()]).await.map_err(taken)?;
    tx.run("update service_accounts set description = $2 where id = $1", vec![account.id.uuid().into(), new.description.clone().into()]).await?;
    Ok(())
}

/// Closes the organization to its tokens, or opens it to them again: they stay what they are.
pub async fn set_suspended(tx: &WriteTx, id: MemberId, suspended: bool) -> Result<(), Fault> {
    let at = suspended.then(|| tx.now());
    tx.run("update public.memberships set suspended_at = $2 where id = $1", vec![id.uuid().into(), at.into()]).await?;
    tx.raise_epoch().await
}
