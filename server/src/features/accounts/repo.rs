//! The statements of people.

use chrono::{DateTime, Utc};
use shared::ids::{PersonId, TenantId};
use uuid::Uuid;

use crate::{
    access::{Sql, lobby::LobbyTx},
    fault::Fault,
};

/// Somebody who asked to found an organization.
pub struct Pending {
    pub email: String,
    pub name: String,
    pub organization: String,
    pub password_hash: String,
}

pub async fn find_person(tx: &LobbyTx, email: &str) -> Result<Option<(PersonId, String)>, Fault> {
    let row = tx.row("select id, name from people where email = $1 and not disabled", vec![email.into()]).await?;
    row.map(|row| Ok((PersonId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).transpose()
}

pub async fn insert_sign_up(tx: &LobbyTx, hash: Vec<u8>, pending: &Pending, expires_at: DateTime<Utc>) -> Result<(), Fault> {
    tx.run(
        "insert into sign_ups (hash, email, name, organization, password_hash, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            hash.into(),
            pending.email.clone().into(),
            pending.name.clone().into(),
            pending.organization.clone().into(),
            pending.password_hash.clone().into(),
            tx.now().into(),
            expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The sign-up that a link stands for.
pub async fn find_sign_up(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<Pending>, Fault> {
    let row = tx
        .row("select email, name, organization, password_hash from sign_ups where hash = $1 and expires_at > $2", vec![hash.into(), tx.now().into()])
        .await?;
    row.map(|row| {
        Ok(Pending {
            email: row.try_get("", "email")?,
            name: row.try_get("", "name")?,
            organization: row.try_get("", "organization")?,
            password_hash: row.try_get("", "password_hash")?,
        })
    })
    .transpose()
}

/// Uses up the link of a sign-up.
pub async fn remove_sign_up(tx: &LobbyTx, hash: Vec<u8>) -> Result<(), Fault> {
    tx.run("delete from sign_ups where hash = $1", vec![hash.into()]).await?;
    Ok(())
}

pub async fn insert_reset(tx: &LobbyTx, hash: Vec<u8>, person: PersonId, expires_at: DateTime<Utc>) -> Result<(), Fault> {
    // Strangers can ask for a link, and must not take the first owner's one-time password away.
    tx.run("delete from password_resets where person_id = $1 and isfinite(expires_at)", vec![person.uuid().into()]).await?;
    tx.run(
        "insert into password_resets (hash, person_id, created_at, expires_at) values ($1, $2, $3, $4)",
        vec![hash.into(), person.uuid().into(), tx.now().into(), expires_at.into()],
    )
    .await?;
    Ok(())
}

/// Takes the reset that a link stands for; a second taker finds nothing.
pub async fn take_reset(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<PersonId>, Fault> {
    let row =
        tx.row("delete from password_resets where hash = $1 and expires_at > $2 returning person_id", vec![hash.into(), tx.now().into()]).await?;
    row.map(|row| Ok(PersonId::from_uuid(row.try_get_by_index(0)?))).transpose()
}

/// Sets the password and ends what the old one opened: sessions, sign-ins under way, and pending links. A second factor stays.
pub async fn set_password(tx: &LobbyTx, person: PersonId, password_hash: &str) -> Result<(String, String), Fault> {
    let row = tx
        .row("update people set password_hash = $2 where id = $1 returning email, name", vec![person.uuid().into(), password_hash.into()])
        .await?
        .ok_or_else(|| Fault::not_found("person", person))?;
    tx.run("delete from sessions where person_id = $1", vec![person.uuid().into()]).await?;
    tx.run("delete from password_resets where person_id = $1", vec![person.uuid().into()]).await?;
    tx.run("delete from sign_in_steps where person_id = $1", vec![person.uuid().into()]).await?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Names a person. `false`: the session that asks is worth something in one organization alone, and the person has others.
pub async fn set_name(tx: &LobbyTx, person: PersonId, session: Uuid, name: &str) -> Result<bool, Fault> {
    let sql = "update people set name = $2 where id = $1 and not exists (select from sessions s \
               join memberships m on m.person_id = s.person_id and m.tenant_id <> s.vouched_by where s.id = $3)";
    Ok(tx.run(sql, vec![person.uuid().into(), name.into(), session.into()]).await? == 1)
}

/// The organizations a person belongs to, as a session may know of them: id, name, slug, membership.
pub async fn organizations(tx: &LobbyTx, person: PersonId, session: Uuid) -> Result<Vec<(TenantId, String, String, Uuid)>, Fault> {
    let rows = tx
        .rows(
            "select t.id, t.name, t.slug, m.id from memberships m join tenants t on t.id = m.tenant_id where m.person_id = $1 and m.suspended_at is null and is_open(t) \
             and coalesce(t.id = (select vouched_by from sessions where id = $2), true) order by t.name, t.id",
            vec![person.uuid().into(), session.into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((TenantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?)))
        .collect()
}
