//! The statements of second factors. They live on the control plane, and only the lobby sees them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::{
    ids::{MemberId, PersonId, TenantId},
    limits::SECOND_STEP_MINUTES,
};
use uuid::Uuid;

use super::{Holder, SecondFactor, Step};
use crate::{
    access::{Sql, lobby::LobbyTx},
    fault::Fault,
};

/// Wrong codes after which a sign-in begins anew, with the password.
const TRIES: i32 = 5;

/// Whoever has a session, as it is worth something or would be with a second factor.
pub async fn holder(tx: &LobbyTx, hash: Vec<u8>) -> Result<Option<Holder>, Fault> {
    let row = tx
        .row(
            "select s.id, s.tenant_id, m.id as member_id, p.id as person_id, p.email, p.name, p.password_hash, p.second_factor_since, s.expires_at, \
             s.vouched_by is not null as vouched, t.second_factor_required as required, t.name as organization, \
             takes(t, m.roles, s.vouched_by, s.created_at, s.second_factor) as enters, (select count(*) from recovery_codes r where r.person_id = p.id) as left \
             from sessions s join tenants t on t.id = s.tenant_id join people p on p.id = s.person_id and not p.disabled \
             join memberships m on m.tenant_id = s.tenant_id and m.person_id = s.person_id \
             where s.hash = $1 and s.expires_at > $2 and admits(t, p.email, s.created_at, $2) and takes(t, m.roles, s.vouched_by, s.created_at, true)",
            vec![hash.into(), tx.now().into()],
        )
        .await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Holder {
            session: row.try_get("", "id")?,
            tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
            organization: row.try_get("", "organization")?,
            member: MemberId::from_uuid(row.try_get("", "member_id")?),
            person: PersonId::from_uuid(row.try_get("", "person_id")?),
            email: row.try_get("", "email")?,
            name: row.try_get("", "name")?,
            password_hash: row.try_get("", "password_hash")?,
            since: row.try_get("", "second_factor_since")?,
            left: row.try_get("", "left")?,
            vouched: row.try_get("", "vouched")?,
            required: row.try_get("", "required")?,
            enters: row.try_get("", "enters")?,
            ends: row.try_get("", "expires_at")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// What somebody has, asked by a session that a password opened.
pub async fn status(tx: &LobbyTx, session: Uuid) -> Result<Option<SecondFactor>, Fault> {
    let row = tx
        .row(
            "select p.second_factor_since, (select count(*) from recovery_codes r where r.person_id = p.id), t.second_factor_required \
             from sessions s join people p on p.id = s.person_id join tenants t on t.id = s.tenant_id where s.id = $1 and s.vouched_by is null",
            vec![session.into()],
        )
        .await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(SecondFactor { since: row.try_get_by_index(0)?, recovery_codes_left: row.try_get_by_index(1)?, required: row.try_get_by_index(2)? })
    };
    Ok(row.map(read).transpose()?)
}

/// The person's sealed secret.
pub async fn secret(tx: &LobbyTx, person: PersonId) -> Result<Option<Vec<u8>>, Fault> {
    let row = tx.row("select secret from second_factors where person_id = $1", vec![person.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Uses up the code of a step, and all older ones. `false`: it was used, or a newer one.
pub async fn use_step(tx: &LobbyTx, person: PersonId, step: i64) -> Result<bool, Fault> {
    let sql = "update second_factors set last_step = $2 where person_id = $1 and last_step < $2";
    Ok(tx.run(sql, vec![person.uuid().into(), step.into()]).await? == 1)
}

/// Uses up a recovery code; how many are left. `None`: it is none of the person's.
pub async fn use_recovery_code(tx: &LobbyTx, person: PersonId, mark: Vec<u8>) -> Result<Option<i64>, Fault> {
    let sql = "delete from recovery_codes where person_id = $1 and mark = $2";
    if tx.run(sql, vec![person.uuid().into(), mark.into()]).await? == 0 {
        return Ok(None);
    }
    let row = tx.row("select count(*) from recovery_codes where person_id = $1", vec![person.uuid().into()]).await?;
    Ok(Some(row.map_or(Ok(0), |row| row.try_get_by_index(0))?))
}

/// Replaces the person's recovery codes.
pub async fn set_recovery_codes(tx: &LobbyTx, person: PersonId, marks: Vec<Vec<u8>>) -> Result<(), Fault> {
    tx.run("delete from recovery_codes where person_id = $1", vec![person.uuid().into()]).await?;
    let sql = "insert into recovery_codes (person_id, mark) select $1, unnest($2::bytea[])";
    tx.run(sql, vec![person.uuid().into(), marks.into()]).await?;
    Ok(())
}

/// Turns it on; the code of the step was used for it. `false`: it is on already.
pub async fn turn_on(tx: &LobbyTx, person: PersonId, secret: Vec<u8>, step: i64) -> Result<bool, Fault> {
    let sql = "insert into second_factors (person_id, secret, last_step) values ($1, $2, $3) on conflict do nothing";
    if tx.run(sql, vec![person.uuid().into(), secret.into(), step.into()]).await? == 0 {
        return Ok(false);
    }
    tx.run("update people set second_factor_since = $2 where id = $1", vec![person.uuid().into(), tx.now().into()]).await?;
    Ok(true)
}

/// Notes that the factor was given for a session, which is opened by a new secret from now on, and ends the person's others that a password alone opened:
/// the organizations they were in.
pub async fn keep_only(tx: &LobbyTx, holder: &Holder, hash: Vec<u8>) -> Result<Vec<TenantId>, Fault> {
    let noted = tx.run("update sessions set second_factor = true, hash = $2 where id = $1", vec![holder.session.into(), hash.into()]).await?;
    if noted == 0 {
        return Err(Fault::unauthenticated());
    }
    let sql = "delete from sessions where person_id = $1 and id <> $2 and vouched_by is null returning tenant_id";
    let rows = tx.rows(sql, vec![holder.person.uuid().into(), holder.session.into()]).await?;
    rows.iter().map(|row| Ok(TenantId::from_uuid(row.try_get_by_index(0)?))).collect()
}

/// Turns it off: nothing of it is kept, also not that it was given. `false`: it is off already.
pub async fn turn_off(tx: &LobbyTx, person: PersonId) -> Result<bool, Fault> {
    if tx.run("delete from second_factors where person_id = $1", vec![person.uuid().into()]).await? == 0 {
        return Ok(false);
    }
    for sql in [
        "delete from recovery_codes where person_id = $1",
        "delete from sign_in_steps where person_id = $1",
        "update people set second_factor_since = null where id = $1",
        "update sessions set second_factor = false where person_id = $1",
    ] {
        tx.run(sql, vec![person.uuid().into()]).await?;
    }
    Ok(true)
}

/// Who has an address: what they are called, and since when they have a second factor.
pub async fn find_person(tx: &LobbyTx, email: &str) -> Result<Option<(PersonId, String, Option<DateTime<Utc>>)>, Fault> {
    let row = tx.row("select id, name, second_factor_since from people where email = $1", vec![email.into()]).await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok((PersonId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?))
    };
    Ok(row.map(read).transpose()?)
}

/// The organizations that a person belongs to.
pub async fn tenants(tx: &LobbyTx, person: PersonId) -> Result<Vec<TenantId>, Fault> {
    let rows = tx.rows("select tenant_id from memberships where person_id = $1 order by joined_at, id", vec![person.uuid().into()]).await?;
    rows.iter().map(|row| Ok(TenantId::from_uuid(row.try_get_by_index(0)?))).collect()
}

pub async fn insert_step(tx: &LobbyTx, browser_hash: Vec<u8>, person: PersonId, invitation: Option<Vec<u8>>, next: &str) -> Result<(), Fault> {
    tx.run(
        "insert into sign_in_steps (browser_hash, person_id, invitation_hash, next, expires_at) values ($1, $2, $3, $4, $5)",
        vec![browser_hash.into(), person.uuid().into(), invitation.into(), next.into(), (tx.now() + TimeDelta::minutes(SECOND_STEP_MINUTES)).into()],
    )
    .await?;
    Ok(())
}

/// The sign-in that a browser is in the middle of, one try less.
pub async fn try_step(tx: &LobbyTx, browser_hash: Vec<u8>) -> Result<Option<Step>, Fault> {
    let row = tx
        .row(
            "update sign_in_steps s set tries = tries + 1 from people p where s.browser_hash = $1 and s.expires_at > $2 and s.tries < $3 \
             and p.id = s.person_id and not p.disabled returning p.id, p.email, p.name, s.invitation_hash, s.next",
            vec![browser_hash.clone().into(), tx.now().into(), TRIES.into()],
        )
        .await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Step {
            person: PersonId::from_uuid(row.try_get_by_index(0)?),
            email: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
            invitation: row.try_get_by_index(3)?,
            next: row.try_get_by_index(4)?,
            browser_hash,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// Uses up a sign-in. `false`: somebody else did.
pub async fn delete_step(tx: &LobbyTx, browser_hash: Vec<u8>) -> Result<bool, Fault> {
    Ok(tx.run("delete from sign_in_steps where browser_hash = $1", vec![browser_hash.into()]).await? == 1)
}

/// Whether the person proved who they are from a place since a time.
pub async fn knows_place(tx: &LobbyTx, person: PersonId, place: &str, since: DateTime<Utc>) -> Result<bool, Fault> {
    let sql = "select from sign_in_places where person_id = $1 and place = $2 and seen_at > $3";
    Ok(tx.row(sql, vec![person.uuid().into(), place.into(), since.into()]).await?.is_some())
}
