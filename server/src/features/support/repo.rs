//! The statements of support access. It stands in the control plane, where the first statement of every transaction looks for it.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::{SupportGrantId, TenantId};
use uuid::Uuid;

use super::{SupportGrant, SupportSession, Visit, model::LOOKS};
use crate::{
    access::{Actor, Connection, Sql, WriteTx, lobby::LobbyTx},
    fault::Fault,
};

fn grant(row: &QueryResult) -> Result<SupportGrant, DbErr> {
    Ok(SupportGrant {
        id: SupportGrantId::from_uuid(row.try_get("", "id")?),
        reason: row.try_get("", "reason")?,
        granted_by: row.try_get("", "granted_by")?,
        granted_at: row.try_get("", "granted_at")?,
        expires_at: row.try_get("", "expires_at")?,
        ended_at: row.try_get("", "ended_at")?,
        ended_by: row.try_get("", "ended_by")?,
        is_open: row.try_get("", "is_open")?,
        visits: Vec::new(),
    })
}

/// The organization's grants, the newest first, after the one a cursor names, with what came of them.
pub async fn list<C: Connection>(
    tx: &C,
    tenant: TenantId,
    now: DateTime<Utc>,
    after: Option<SupportGrantId>,
    limit: u64,
) -> Result<Vec<SupportGrant>, Fault> {
    let sql = "select g.*, public.stands(g, $2) as is_open from public.support_grants g \
        where g.tenant_id = $1 and ($3::uuid is null or g.id < $3) order by g.id desc limit $4";
    let values = vec![tenant.uuid().into(), now.into(), after.map(SupportGrantId::uuid).into(), (limit as i64).into()];
    let mut grants = tx.rows(sql, values).await?.iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<Uuid> = grants.iter().map(|grant| grant.id.uuid()).collect();
    let sql =
        "select grant_id, operator, entered_at, opened_at, last_used_at, left_at from public.support_visits where grant_id = any($1) order by id";
    for row in tx.rows(sql, vec![ids.into()]).await? {
        let of = SupportGrantId::from_uuid(row.try_get("", "grant_id")?);
        if let Some(grant) = grants.iter_mut().find(|grant| grant.id == of) {
            grant.visits.push(Visit {
                operator: row.try_get("", "operator")?,
                entered_at: row.try_get("", "entered_at")?,
                opened_at: row.try_get("", "opened_at")?,
                last_used_at: row.try_get("", "last_used_at")?,
                left_at: row.try_get("", "left_at")?,
            });
        }
    }
    Ok(grants)
}

/// How many grants the organization has given.
pub async fn count<C: Connection>(tx: &C, tenant: TenantId) -> Result<i64, Fault> {
    let row = tx.row("select count(*) from public.support_grants where tenant_id = $1", vec![tenant.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// Whether one of them is open. Nobody else gives one until this transaction ends.
pub async fn is_open(tx: &WriteTx, tenant: TenantId, now: DateTime<Utc>) -> Result<bool, Fault> {
    tx.rows("select 1 from public.tenants where id = $1 for update", vec![tenant.uuid().into()]).await?;
    let sql = "select 1 from public.support_grants g where g.tenant_id = $1 and public.stands(g, $2)";
    Ok(tx.row(sql, vec![tenant.uuid().into(), now.into()]).await?.is_some())
}

pub async fn insert(tx: &WriteTx, tenant: TenantId, by: &Actor, grant: &SupportGrant) -> Result<(), Fault> {
    let sql = "insert into public.support_grants (id, tenant_id, reason, scopes, member_id, granted_by, granted_at, expires_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let scopes: Vec<String> = LOOKS.iter().map(|permission| permission.as_str().to_owned()).collect();
    let values = vec![
        grant.id.uuid().into(),
        tenant.uuid().into(),
        grant.reason.clone().into(),
        scopes.into(),
        by.member.uuid().into(),
        grant.granted_by.clone().into(),
        grant.granted_at.into(),
        grant.expires_at.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Ends a grant that is open. `None`: there is none of this id, or it is over.
pub async fn end(tx: &WriteTx, tenant: TenantId, id: SupportGrantId, by: &str, now: DateTime<Utc>) -> Result<Option<SupportGrant>, Fault> {
    let sql = "update public.support_grants g set ended_at = $3, ended_by = $4 where g.id = $1 and g.tenant_id = $2 and public.stands(g, $3) \
        returning g.*, false as is_open";
    let row = tx.row(sql, vec![id.uuid().into(), tenant.uuid().into(), now.into(), by.into()]).await?;
    Ok(row.as_ref().map(grant).transpose()?)
}

/// By whose leave a visitor looks.
pub async fn session<C: Connection>(tx: &C, visit: Uuid) -> Result<Option<SupportSession>, Fault> {
    let sql = "select v.operator, g.granted_by, g.expires_at from public.support_visits v join public.support_grants g on g.id = v.grant_id where v.id = $1";
    let row = tx.row(sql, vec![visit.into()]).await?;
    let read = |row: QueryResult| {
        Ok::<_, DbErr>(SupportSession {
            operator: row.try_get_by_index(0)?,
            granted_by: row.try_get_by_index(1)?,
            expires_at: row.try_get_by_index(2)?,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// An organization that support is about to look into, by the grant that is open.
pub struct Place {
    pub tenant: TenantId,
    pub organization: String,
    /// How often it was entered by this grant.
    pub visits: i64,
    pub grant: SupportGrant,
}

/// What is open in the organization of a slug; nobody ends it until this transaction ends. `Some(None)`: nothing is open there.
pub async fn find_open(tx: &LobbyTx, slug: &str) -> Result<Option<Option<Place>>, Fault> {
    let Some(row) = tx.row("select id, name from tenants t where slug = $1 and is_open(t)", vec![slug.into()]).await? else { return Ok(None) };
    let (tenant, organization): (Uuid, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let sql = "select g.*, true as is_open, (select count(*) from support_visits v where v.grant_id = g.id) as visits \
        from support_grants g where g.tenant_id = $1 and stands(g, $2) for update of g";
    let row = tx.row(sql, vec![tenant.into(), tx.now().into()]).await?;
    let place = |row: QueryResult| {
        let visits = row.try_get("", "visits")?;
        Ok::<_, DbErr>(Place { tenant: TenantId::from_uuid(tenant), organization, visits, grant: grant(&row)? })
    };
    Ok(Some(row.map(place).transpose()?))
}

/// Writes that somebody of the operator entered, and what their address is found by.
pub async fn insert_visit(tx: &LobbyTx, visit: Uuid, place: &Place, operator: &str, hash: Vec<u8>, until: DateTime<Utc>) -> Result<(), Fault> {
    let sql =
        "insert into support_visits (id, grant_id, tenant_id, operator, address_hash, address_until, entered_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let values =
        vec![visit.into(), place.grant.id.uuid().into(), place.tenant.uuid().into(), operator.into(), hash.into(), until.into(), tx.now().into()];
    tx.run(sql, values).await?;
    Ok(())
}

/// A visit whose address was opened.
pub struct Opened {
    pub visit: Uuid,
    pub tenant: TenantId,
    pub grant: SupportGrantId,
    pub reason: String,
    pub session: SupportSession,
}

/// Takes the address that a secret stands for and gives its visit a session; a second taker finds nothing, and so does whoever comes too late.
pub async fn open(tx: &LobbyTx, address: Vec<u8>, session: Vec<u8>) -> Result<Option<Opened>, Fault> {
    let sql = "select v.id, g.tenant_id, g.id as grant_id, g.reason, v.operator, g.granted_by, g.expires_at from support_visits v \
        join support_grants g on g.id = v.grant_id join tenants t on t.id = g.tenant_id \
        where v.address_hash = $1 and v.address_until > $2 and stands(g, $2) and is_open(t) for update of g, v";
    let Some(row) = tx.row(sql, vec![address.into(), tx.now().into()]).await? else { return Ok(None) };
    let visit: Uuid = row.try_get("", "id")?;
    let sql = "update support_visits set address_hash = null, session_hash = $2, opened_at = $3 where id = $1";
    tx.run(sql, vec![visit.into(), session.into(), tx.now().into()]).await?;
    Ok(Some(Opened {
        visit,
        tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
        grant: SupportGrantId::from_uuid(row.try_get("", "grant_id")?),
        reason: row.try_get("", "reason")?,
        session: SupportSession {
            operator: row.try_get("", "operator")?,
            granted_by: row.try_get("", "granted_by")?,
            expires_at: row.try_get("", "expires_at")?,
        },
    }))
}

/// Ends a visit's session; the grant it came by, with its reason. `None`: it has ended.
pub async fn leave(tx: &LobbyTx, visit: Uuid) -> Result<Option<(SupportGrantId, String)>, Fault> {
    let sql = "update support_visits v set left_at = $2 from support_grants g where v.id = $1 and v.left_at is null and g.id = v.grant_id returning g.id, g.reason";
    let row = tx.row(sql, vec![visit.into(), tx.now().into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>((SupportGrantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).transpose()?)
}
