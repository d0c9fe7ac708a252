//! The statements of sessions.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::ids::{PersonId, SessionId, TenantId};
use uuid::Uuid;

use super::{Entrance, Session, model::Admission};
use crate::{
    access::{RequestInfo, Sql, lobby::LobbyTx},
    fault::Fault,
};

/// A person as sign-in needs them.
pub struct Login {
    pub person: PersonId,
    pub password_hash: String,
    pub disabled: bool,
    /// Whether the person has a second factor.
    pub second_factor: bool,
}

pub async fn find_login(tx: &LobbyTx, email: &str) -> Result<Option<Login>, Fault> {
    let row = tx
        .row("select id, password_hash, disabled, second_factor_since is not null as second_factor from people where email = $1", vec![email.into()])
        .await?;
    row.map(|row| {
        Ok(Login {
            person: PersonId::from_uuid(row.try_get("", "id")?),
            password_hash: row.try_get("", "password_hash")?,
            disabled: row.try_get("", "disabled")?,
            second_factor: row.try_get("", "second_factor")?,
        })
    })
    .transpose()
}

/// Whether a hash is that of the one-time password of the person with this address.
pub async fn is_one_time(tx: &LobbyTx, email: &str, hash: Vec<u8>) -> Result<bool, Fault> {
    let sql = "select 1 from people p join password_resets r on r.person_id = p.id where p.email = $1 and r.hash = $2 and not isfinite(r.expires_at)";
    Ok(tx.row(sql, vec![email.into(), hash.into()]).await?.is_some())
}

/// The person's organizations with their membership there, the most recently seen first; without those that were closed.
pub async fn memberships(tx: &LobbyTx, person: PersonId) -> Result<Vec<(TenantId, Uuid)>, Fault> {
    let rows = tx
        .rows(
            "select m.tenant_id, m.id from memberships m join tenants t on t.id = m.tenant_id and is_open(t) where m.person_id = $1 \
             order by m.last_seen_at desc nulls last, m.joined_at, m.id",
            vec![person.uuid().into()],
        )
        .await?;
    rows.iter().map(|row| Ok((TenantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect()
}

/// The organization seen last of those that let the person in now, with their membership there. Where a second factor is asked for and none was given, they
/// are led to set one up: such come after all others.
pub async fn first_admitting(tx: &LobbyTx, person: PersonId, second_factor: bool) -> Result<Option<(TenantId, Uuid)>, Fault> {
    let row = tx
        .row(
            "select t.id, m.id from memberships m join tenants t on t.id = m.tenant_id join people p on p.id = m.person_id \
             where m.person_id = $1 and not p.disabled and lets_in(m, $2) and admits(t, p.email, $2, $2) and takes(t, m.roles, null, $2, true) \
             order by takes(t, m.roles, null, $2, $3) desc, m.last_seen_at desc nulls last, m.joined_at, m.id limit 1",
            vec![person.uuid().into(), tx.now().into(), second_factor.into()],
        )
        .await?;
    row.map(|row| Ok((TenantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).transpose()
}

/// What an organization says to a session of one of its members.
pub async fn admission(tx: &LobbyTx, session: Uuid, tenant: TenantId) -> Result<Option<Admission>, Fault> {
    let row = tx
        .row(
            "select admits(t, p.email, null, $3) and lets_in(m, null) as admits, \
             admits(t, p.email, s.created_at, $3) and lets_in(m, s.created_at) as recent, \
             takes(t, m.roles, s.vouched_by, s.created_at, s.second_factor) as takes, \
             takes(t, m.roles, s.vouched_by, s.created_at, true) as takes_with_second_factor, t.sso_only and s.vouched_by is null as break_glass \
             from sessions s join people p on p.id = s.person_id join tenants t on t.id = $2 \
             join memberships m on m.tenant_id = t.id and m.person_id = s.person_id where s.id = $1",
            vec![session.into(), tenant.uuid().into(), tx.now().into()],
        )
        .await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Admission {
            admits: row.try_get("", "admits")?,
            recent: row.try_get("", "recent")?,
            takes: row.try_get("", "takes")?,
            takes_with_second_factor: row.try_get("", "takes_with_second_factor")?,
            break_glass: row.try_get("", "break_glass")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// The organization whose provider vouched for a session.
pub async fn vouched_by(tx: &LobbyTx, session: Uuid) -> Result<Option<TenantId>, Fault> {
    let row = tx.row("select vouched_by from sessions where id = $1 and vouched_by is not null", vec![session.into()]).await?;
    row.map(|row| Ok(TenantId::from_uuid(row.try_get_by_index(0)?))).transpose()
}

fn session(row: &QueryResult) -> Result<Session, DbErr> {
    Ok(Session {
        id: SessionId::from_uuid(row.try_get("", "id")?),
        tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
        organization: row.try_get("", "organization")?,
        user_agent: row.try_get("", "user_agent")?,
        address: row.try_get("", "address")?,
        created_at: row.try_get("", "created_at")?,
        last_seen_at: row.try_get("", "last_seen_at")?,
        expires_at: row.try_get("", "expires_at")?,
    })
}

/// Whose sessions, and in which organization; `None`: in all of them.
#[derive(Clone, Copy)]
pub struct Whose {
    pub person: PersonId,
    pub tenant: Option<TenantId>,
}

impl Whose {
    fn tenant(self) -> Option<Uuid> {
        self.tenant.map(TenantId::uuid)
    }
}

/// Sessions that still open something, the newest first, before the one a cursor names.
pub async fn list(tx: &LobbyTx, whose: Whose, before: Option<Uuid>, limit: u64) -> Result<Vec<Session>, Fault> {
    let rows = tx
        .rows(
            "select s.id, s.tenant_id, t.name as organization, s.user_agent, s.address, s.created_at, s.last_seen_at, \
             least(s.expires_at, s.created_at + make_interval(mins => t.session_minutes)) as expires_at \
             from sessions s join tenants t on t.id = s.tenant_id join people p on p.id = s.person_id \
             join memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id \
             where s.person_id = $1 and opens(s, t, m, p.email, $2) and ($3::uuid is null or s.id < $3) \
             and ($5::uuid is null or s.tenant_id = $5) order by s.id desc limit $4",
            vec![whose.person.uuid().into(), tx.now().into(), before.into(), limit.into(), whose.tenant().into()],
        )
        .await?;
    Ok(rows.iter().map(session).collect::<Result<_, _>>()?)
}

pub async fn count(tx: &LobbyTx, whose: Whose) -> Result<u64, Fault> {
    let row = tx
        .row(
            "select count(*) from sessions s join tenants t on t.id = s.tenant_id join people p on p.id = s.person_id \
             join memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id \
             where s.person_id = $1 and opens(s, t, m, p.email, $2) \
             and ($3::uuid is null or s.tenant_id = $3)",
            vec![whose.person.uuid().into(), tx.now().into(), whose.tenant().into()],
        )
        .await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

/// Ends one session of the person.
pub async fn delete_own(tx: &LobbyTx, whose: Whose, id: SessionId) -> Result<Option<Session>, Fault> {
    let row = tx
        .row(
            "delete from sessions s using tenants t where s.id = $1 and s.person_id = $2 and t.id = s.tenant_id and ($3::uuid is null or t.id = $3) \
             returning s.id, s.tenant_id, t.name as organization, s.user_agent, s.address, s.created_at, s.last_seen_at, s.expires_at",
            vec![id.uuid().into(), whose.person.uuid().into(), whose.tenant().into()],
        )
        .await?;
    Ok(row.as_ref().map(session).transpose()?)
}

/// Ends the person's sessions but one; the organizations they were in, one for each.
pub async fn delete_others(tx: &LobbyTx, whose: Whose, kept: Uuid) -> Result<Vec<TenantId>, Fault> {
    let sql = "delete from sessions where person_id = $1 and id <> $2 and ($3::uuid is null or tenant_id = $3) returning tenant_id";
    let rows = tx.rows(sql, vec![whose.person.uuid().into(), kept.into(), whose.tenant().into()]).await?;
    rows.iter().map(|row| Ok(TenantId::from_uuid(row.try_get_by_index(0)?))).collect()
}

/// Writes a session; its id, and whether a password leads into an organization that asks for its single sign-on.
pub async fn insert(
    tx: &LobbyTx,
    hash: Vec<u8>,
    who: &Entrance<'_>,
    vouched: bool,
    request: &RequestInfo,
    expires_at: DateTime<Utc>,
) -> Result<(Uuid, bool), Fault> {
    let id = id_of(tx.now());
    let row = tx
        .row(
            "insert into sessions (id, hash, person_id, tenant_id, user_agent, address, created_at, expires_at, vouched_by, second_factor) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             returning vouched_by is null and (select t.sso_only from tenants t where t.id = sessions.tenant_id)",
            vec![
                id.into(),
                hash.into(),
                who.person.uuid().into(),
                who.tenant.uuid().into(),
                request.user_agent.clone().into(),
                request.address.clone().into(),
                tx.now().into(),
                expires_at.into(),
                vouched.then(|| who.tenant.uuid()).into(),
                who.second_factor.is_some().into(),
            ],
        )
        .await?
        .ok_or_else(|| Fault::internal("no session was written"))?;
    Ok((id, row.try_get_by_index(0)?))
}

pub async fn delete(tx: &LobbyTx, id: Uuid) -> Result<(), Fault> {
    tx.run("delete from sessions where id = $1", vec![id.into()]).await?;
    Ok(())
}

pub async fn delete_all(tx: &LobbyTx, whose: Whose) -> Result<u64, Fault> {
    let sql = "delete from sessions where person_id = $1 and ($2::uuid is null or tenant_id = $2)";
    Ok(tx.run(sql, vec![whose.person.uuid().into(), whose.tenant().into()]).await?)
}

/// Moves a session to another organization, under a new id and a new secret: the old ones name nothing any more. When its owner signed in and who vouched for
/// it stay. The new id and when the session ends; `None` when it has ended meanwhile.
pub async fn move_to(tx: &LobbyTx, id: Uuid, tenant: TenantId, hash: Vec<u8>) -> Result<Option<(Uuid, DateTime<Utc>)>, Fault> {
    let Some(row) = tx.row("select created_at from sessions where id = $1 for update", vec![id.into()]).await? else { return Ok(None) };
    let new = id_of(row.try_get_by_index(0)?);
    let sql = "update sessions set id = $2, hash = $3, tenant_id = $4 where id = $1 returning expires_at";
    let row = tx.row(sql, vec![id.into(), new.into(), hash.into(), tenant.uuid().into()]).await?;
    row.map(|row| Ok((new, row.try_get_by_index(0)?))).transpose()
}

/// A new id, which says when its session was opened: some acts ask for a fresh sign-in.
fn id_of(opened_at: DateTime<Utc>) -> Uuid {
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, opened_at.timestamp().unsigned_abs(), opened_at.timestamp_subsec_nanos()))
}

/// Remembers that a person proved who they are from a place, or did so again.
pub async fn remember_place(tx: &LobbyTx, person: PersonId, place: &str) -> Result<(), Fault> {
    let sql = "insert into sign_in_places (person_id, place, seen_at) values ($1, $2, $3) on conflict (person_id, place) do update set seen_at = excluded.seen_at";
    tx.run(sql, vec![person.uuid().into(), place.into(), tx.now().into()]).await?;
    Ok(())
}

/// Whether the person with an address proved who they are from a place since a time.
pub async fn knows_place(tx: &LobbyTx, email: &str, place: &str, since: DateTime<Utc>) -> Result<bool, Fault> {
    let sql = "select from sign_in_places s join people p on p.id = s.person_id where p.email = $1 and s.place = $2 and s.seen_at > $3";
    Ok(tx.row(sql, vec![email.into(), place.into(), since.into()]).await?.is_some())
}
