//! The statements that read decisions.

use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use super::{Decision, Filter, service::Place};
use crate::{access::Connection, fault::Fault};

fn decision(row: &QueryResult) -> Result<Decision, DbErr> {
    let credential: Uuid = row.try_get("", "credential_id")?;
    Ok(Decision {
        minute: row.try_get("", "minute")?,
        credential: credential.simple().to_string(),
        permission: row.try_get("", "permission")?,
        allowed: row.try_get("", "allowed")?,
        actor: row.try_get("", "actor")?,
        actor_kind: row.try_get("", "actor_kind")?,
        times: row.try_get("", "times")?,
    })
}

macro_rules! matching {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from access_decisions where ($1::text is null or actor = $1) ",
            "and ($2::text is null or permission = $2 or permission like $2 || ':%') and ($3::boolean is null or allowed = $3) ",
            "and ($4::timestamptz is null or minute >= $4) and ($5::timestamptz is null or minute < $5) ",
            $rest
        )
    };
}

fn values(filter: &Filter) -> Vec<Value> {
    vec![filter.actor.clone().into(), filter.permission.clone().into(), filter.allowed.into(), filter.from.into(), filter.to.into()]
}

/// Matching decisions in the order of their places, after one.
pub async fn list<C: Connection>(tx: &C, filter: &Filter, after: Option<Place>, limit: u64) -> Result<Vec<Decision>, Fault> {
    let (minute, credential, permission, allowed) = match after {
        Some((minute, credential, permission, allowed)) => (Some(minute), Some(credential), Some(permission), Some(allowed)),
        None => (None, None, None, None),
    };
    let values = [values(filter), vec![minute.into(), credential.into(), permission.into(), allowed.into(), limit.into()]].concat();
    let sql = matching!(
        "minute, credential_id, permission, allowed, actor, actor_kind, times",
        "and ($6::timestamptz is null or minute < $6 or minute = $6 and (credential_id, permission, allowed) > ($7, $8, $9)) \
         order by minute desc, credential_id, permission, allowed limit $10"
    );
    Ok(tx.rows(sql, values).await?.iter().map(decision).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C, filter: &Filter) -> Result<u64, Fault> {
    let row = tx.row(matching!("count(*)", ""), values(filter)).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}
