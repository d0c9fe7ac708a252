//! The statements of closing. It stands on the organization's row of the control plane.

use chrono::{DateTime, Utc};
use shared::ids::{PersonId, TenantId};

use super::{Contents, model::Closed};
use crate::{
    access::{Connection, Sql, lobby::LobbyTx},
    fault::Fault,
};

/// What the organization holds.
pub async fn contents<C: Connection>(tx: &C, tenant: TenantId) -> Result<Contents, Fault> {
    let sql = "select (select count(*) from public.memberships where tenant_id = $1) as members, (select count(*) from projects) as projects, \
        (select count(*) from experiments) as experiments, (select count(*) from runs) as runs, (select count(*) from registered_models) as registered_models, \
        (select count(*) from traces) as traces, (select count(*) from comments where removed_at is null) as comments, \
        (select count(*) from artifacts where replaced_at is null) as files, (select coalesce(sum(size), 0)::bigint from blobs) as bytes, \
        (select count(*) from public.api_tokens where tenant_id = $1 and revoked_at is null) as tokens";
    let row = tx.row(sql, vec![tenant.uuid().into()]).await?.ok_or_else(|| Fault::internal("counts without a row"))?;
    let count = |column: &str| row.try_get::<i64>("", column);
    Ok(Contents {
        members: count("members")?,
        projects: count("projects")?,
        experiments: count("experiments")?,
        runs: count("runs")?,
        registered_models: count("registered_models")?,
        traces: count("traces")?,
        comments: count("comments")?,
        files: count("files")?,
        bytes: count("bytes")?,
        tokens: count("tokens")?,
    })
}

/// Closes an organization that is open, for one of its members. `false`: it is closed, or they are none any more.
pub async fn close(tx: &LobbyTx, tenant: TenantId, person: PersonId, erase_at: DateTime<Utc>) -> Result<bool, Fault> {
    let sql = "update tenants t set closed_at = $3, erase_at = $4, authz_epoch = authz_epoch + 1, \
        closed_by = sha256(convert_to($1::uuid::text || $2::uuid::text, 'UTF8')) \
        where t.id = $1 and is_open(t) and exists (select from memberships m where m.tenant_id = $1 and m.person_id = $2 and m.suspended_at is null)";
    let values = vec![tenant.uuid().into(), person.uuid().into(), tx.now().into(), erase_at.into()];
    Ok(tx.run(sql, values).await? == 1)
}

/// The name of an organization that is closed and not being erased, and when it will be.
pub async fn find_closed(tx: &LobbyTx, tenant: TenantId) -> Result<Option<(String, Closed)>, Fault> {
    let sql = "select name, closed_at, erase_at from tenants where id = $1 and closed_at is not null and erasing_since is null";
    let row = tx.row(sql, vec![tenant.uuid().into()]).await?;
    row.map(|row| Ok((row.try_get_by_index(0)?, Closed { closed_at: row.try_get_by_index(1)?, erase_at: row.try_get_by_index(2)? }))).transpose()
}

/// Opens it again; its name. `None`: it is open, or being erased.
pub async fn reopen(tx: &LobbyTx, tenant: TenantId) -> Result<Option<String>, Fault> {
    let sql = "update tenants set closed_at = null, erase_at = null, closed_by = null, authz_epoch = authz_epoch + 1 \
        where id = $1 and closed_at is not null and erasing_since is null returning name";
    let row = tx.row(sql, vec![tenant.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Writes links that restore it, each for one owner.
pub async fn insert_links(tx: &LobbyTx, tenant: TenantId, links: &[(Vec<u8>, PersonId)], expires_at: DateTime<Utc>) -> Result<(), Fault> {
    let sql = "insert into restorations (hash, tenant_id, person_id, expires_at) select l.hash, $3, l.person_id, $4 from unnest($1::bytea[], $2::uuid[]) as l (hash, person_id)";
    let values = vec![
        links.iter().map(|(hash, _)| hash.clone()).collect::<Vec<_>>().into(),
        links.iter().map(|(_, person)| person.uuid()).collect::<Vec<_>>().into(),
        tenant.uuid().into(),
        expires_at.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Takes the link that a secret stands for; a second taker finds nothing.
pub async fn take_link(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<(TenantId, PersonId)>, Fault> {
    let sql = "delete from restorations where hash = $1 and expires_at > $2 returning tenant_id, person_id";
    let row = tx.row(sql, vec![hash.into(), tx.now().into()]).await?;
    row.map(|row| Ok((TenantId::from_uuid(row.try_get_by_index(0)?), PersonId::from_uuid(row.try_get_by_index(1)?)))).transpose()
}

/// Makes every link that restores it worthless.
pub async fn remove_links(tx: &LobbyTx, tenant: TenantId) -> Result<(), Fault> {
    tx.run("delete from restorations where tenant_id = $1", vec![tenant.uuid().into()]).await?;
    Ok(())
}
