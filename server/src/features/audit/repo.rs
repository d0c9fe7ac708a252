//! The statements that read the log.

use sea_orm::{DbErr, QueryResult};

use super::{Filter, LogEntry};
use crate::{access::Connection, fault::Fault};

fn entry(row: &QueryResult) -> Result<LogEntry, DbErr> {
    Ok(LogEntry {
        sequence: row.try_get("", "seq")?,
        at: row.try_get("", "at")?,
        actor_kind: row.try_get("", "actor_kind")?,
        actor_id: row.try_get("", "actor_id")?,
        actor: row.try_get("", "actor")?,
        credential_id: row.try_get("", "credential_id")?,
        action: row.try_get("", "action")?,
        subject_kind: row.try_get("", "subject_kind")?,
        subject_id: row.try_get("", "subject_id")?,
        subject_name: row.try_get("", "subject_name")?,
        outcome: row.try_get("", "outcome")?,
        detail: row.try_get("", "detail")?,
        request_id: row.try_get("", "request_id")?,
        address: row.try_get("", "address")?,
        hash: row.try_get("", "hash")?,
    })
}

macro_rules! matching {
    ($select:literal, $rest:literal) => {
        concat!(
            "select ",
            $select,
            " from audit_entries where ($1::text is null or actor = $1) and ($2::text is null or action = $2 or action like $2 || '.%') ",
            "and ($3::text is null or subject_id = $3 or subject_name = $3) and ($4::text is null or outcome = $4) ",
            "and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6) ",
            $rest
        )
    };
}

fn values(filter: &Filter) -> Vec<sea_orm::Value> {
    vec![
        filter.actor.clone().into(),
        filter.action.clone().into(),
        filter.subject.clone().into(),
        filter.outcome.map(str::to_owned).into(),
        filter.from.into(),
        filter.to.into(),
    ]
}

/// Matching entries, the newest first, before the sequence number a cursor names.
pub async fn list<C: Connection>(tx: &C, filter: &Filter, before: Option<i64>, limit: u64) -> Result<Vec<LogEntry>, Fault> {
    let values = [values(filter), vec![before.into(), limit.into()]].concat();
    let rows = tx.rows(matching!("*", "and ($7::bigint is null or seq < $7) order by seq desc limit $8"), values).await?;
    Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
}

pub async fn count<C: Connection>(tx: &C, filter: &Filter) -> Result<u64, Fault> {
    let row = tx.row(matching!("count(*)", ""), values(filter)).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

pub async fn find<C: Connection>(tx: &C, sequence: i64) -> Result<Option<LogEntry>, Fault> {
    let row = tx.row("select * from audit_entries where seq = $1", vec![sequence.into()]).await?;
    Ok(row.as_ref().map(entry).transpose()?)
}

/// Entries in the order they were written, for verification.
pub async fn ascending<C: Connection>(tx: &C, after: i64, limit: i64) -> Result<Vec<LogEntry>, Fault> {
    let rows = tx.rows("select * from audit_entries where seq > $1 order by seq limit $2", vec![after.into(), limit.into()]).await?;
    Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
}

/// Sequence number and hash of the head.
pub async fn head<C: Connection>(tx: &C) -> Result<(i64, Vec<u8>), Fault> {
    let row = tx.row("select seq, hash from audit_head", vec![]).await?.ok_or_else(|| Fault::internal("the audit log has no head"))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}
