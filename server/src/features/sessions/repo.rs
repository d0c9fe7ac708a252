//! The statements of sessions.

use chrono::{DateTime, Utc};
use shared::ids::{PersonId, TenantId};
use uuid::Uuid;

use crate::{
    access::{RequestInfo, Sql, lobby::LobbyTx},
    fault::Fault,
};

/// A person as sign-in needs them.
pub struct Login {
    pub person: PersonId,
    pub password_hash: String,
    pub disabled: bool,
}

pub async fn find_login(tx: &LobbyTx, email: &str) -> Result<Option<Login>, Fault> {
    let row = tx.row("select id, password_hash, disabled from people where email = $1", vec![email.into()]).await?;
    row.map(|row| {
        Ok(Login {
            person: PersonId::from_uuid(row.try_get("", "id")?),
            password_hash: row.try_get("", "password_hash")?,
            disabled: row.try_get("", "disabled")?,
        })
    })
    .transpose()
}

/// The person's organizations with their membership there, the most recently seen first.
pub async fn memberships(tx: &LobbyTx, person: PersonId) -> Result<Vec<(TenantId, Uuid)>, Fault> {
    let rows = tx
        .rows(
            "select tenant_id, id from memberships where person_id = $1 order by last_seen_at desc nulls last, joined_at, id",
            vec![person.uuid().into()],
        )
        .await?;
    rows.iter().map(|row| Ok((TenantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

pub async fn insert(
    tx: &LobbyTx,
    hash: Vec<u8>,
    person: PersonId,
    tenant: TenantId,
    request: &RequestInfo,
    expires_at: DateTime<Utc>,
) -> Result<Uuid, Fault> {
    // The id says when it was opened, by the injected clock: some acts ask for a fresh sign-in.
    let at = uuid::Timestamp::from_unix(uuid::NoContext, tx.now().timestamp().unsigned_abs(), tx.now().timestamp_subsec_nanos());
    let id = Uuid::new_v7(at);
    tx.run(
        "insert into sessions (id, hash, person_id, tenant_id, user_agent, address, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            id.into(),
            hash.into(),
            person.uuid().into(),
            tenant.uuid().into(),
            request.user_agent.clone().into(),
            request.address.clone().into(),
            tx.now().into(),
            expires_at.into(),
        ],
    )
    .await?;
    Ok(id)
}

pub async fn delete(tx: &LobbyTx, id: Uuid) -> Result<(), Fault> {
    tx.run("delete from sessions where id = $1", vec![id.into()]).await?;
    Ok(())
}

pub async fn delete_all(tx: &LobbyTx, person: PersonId) -> Result<u64, Fault> {
    Ok(tx.run("delete from sessions where person_id = $1", vec![person.uuid().into()]).await?)
}

pub async fn set_tenant(tx: &LobbyTx, id: Uuid, tenant: TenantId) -> Result<(), Fault> {
    tx.run("update sessions set tenant_id = $2 where id = $1", vec![id.into(), tenant.uuid().into()]).await?;
    Ok(())
}
