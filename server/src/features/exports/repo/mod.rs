//! The statements of exports and of what they are made of.

pub mod files;
pub mod kinds;

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::ids::{ExportId, MemberId};
use uuid::Uuid;

use super::{
    error::ExportError,
    model::{Archive, Count, Export, Phase, State},
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    platform::{Blob, Digest},
};
use kinds::Kind;

fn read(row: &QueryResult) -> Result<Export, DbErr> {
    let word = |column: &str| row.try_get::<String>("", column);
    let unknown = |column: &str| DbErr::Type(format!("unknown {column}"));
    Ok(Export {
        id: ExportId::from_uuid(row.try_get("", "id")?),
        requested_by: word("requested_by")?,
        member: MemberId::from_uuid(row.try_get("", "member_id")?),
        state: State::parse(&word("state")?).ok_or_else(|| unknown("state"))?,
        phase: Phase::parse(&word("phase")?).ok_or_else(|| unknown("phase"))?,
        step: row.try_get("", "step")?,
        cursor: word("cursor")?,
        next_file: row.try_get("", "next_file")?,
        artifact_bytes: row.try_get("", "artifact_bytes")?,
        checked_bytes: row.try_get("", "checked_bytes")?,
        packed_bytes: row.try_get("", "packed_bytes")?,
        damaged: row.try_get("", "damaged")?,
        reason: word("reason")?,
        size: row.try_get("", "size")?,
        downloads: row.try_get("", "downloads")?,
        created_at: row.try_get("", "created_at")?,
        finished_at: row.try_get("", "finished_at")?,
        expires_at: row.try_get("", "expires_at")?,
    })
}

pub async fn insert(tx: &WriteTx, id: ExportId, by: &str, member: MemberId) -> Result<(), Fault> {
    let sql = "insert into exports (id, requested_by, member_id, state, phase, created_at) values ($1, $2, $3, 'running', 'tables', $4)";
    let values = vec![id.uuid().into(), by.into(), member.uuid().into(), tx.now().into()];
    tx.run(sql, values).await.map(drop).map_err(|error| match broken_constraint(&error).as_deref() {
        Some("exports_one_running") => ExportError::Running.into(),
        _ => error.into(),
    })
}

pub async fn find<C: Connection>(tx: &C, id: ExportId) -> Result<Option<Export>, Fault> {
    Ok(tx.row("select * from exports where id = $1", vec![id.uuid().into()]).await?.as_ref().map(read).transpose()?)
}

/// The newest first, after the one a cursor names.
pub async fn list<C: Connection>(tx: &C, after: Option<ExportId>, limit: u64) -> Result<Vec<Export>, Fault> {
    // Ids are UUIDv7: their order is the order of creation.
    let sql = "select id, requested_by, member_id, state, phase, step, cursor, next_file, artifact_bytes, checked_bytes, packed_bytes, damaged, reason, size, downloads, \
        created_at, finished_at, expires_at from exports where $1::uuid is null or id < $1 order by id desc limit $2";
    let rows = tx.rows(sql, vec![after.map(ExportId::uuid).into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

pub async fn count<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from exports", Vec::new()).await?;
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default().unsigned_abs())
}

/// The export if it is running and this is its present step; locked until the transaction ends, so that of two claimants of one step one waits and then finds
/// what the other has done.
pub async fn hold(tx: &WriteTx, id: ExportId, step: i64) -> Result<Option<Export>, Fault> {
    let sql = "select * from exports where id = $1 and step = $2 and state = 'running' for update";
    Ok(tx.row(sql, vec![id.uuid().into(), step.into()]).await?.as_ref().map(read).transpose()?)
}

/// Moves on to the next step.
pub async fn advance(tx: &WriteTx, id: ExportId) -> Result<(), Fault> {
    tx.run("update exports set step = step + 1, troubles = 0 where id = $1", vec![id.uuid().into()]).await?;
    Ok(())
}

/// Counts a step that came to no good; how many those were in a row. `None`: it is no step of a running export.
pub async fn trouble(tx: &WriteTx, id: ExportId, step: i64) -> Result<Option<i32>, Fault> {
    let sql = "update exports set troubles = troubles + 1 where id = $1 and step = $2 and state = 'running' returning troubles";
    Ok(tx.row(sql, vec![id.uuid().into(), step.into()]).await?.map(|row| row.try_get_by_index(0)).transpose()?)
}

pub async fn set_phase(tx: &WriteTx, id: ExportId, phase: Phase) -> Result<(), Fault> {
    tx.run("update exports set phase = $2, cursor = '' where id = $1", vec![id.uuid().into(), phase.as_str().into()]).await?;
    Ok(())
}

pub async fn set_cursor(tx: &WriteTx, id: ExportId, cursor: &str) -> Result<(), Fault> {
    tx.run("update exports set cursor = $2 where id = $1", vec![id.uuid().into(), cursor.into()]).await?;
    Ok(())
}

/// Notes how much of the archive is written.
pub async fn set_packed(tx: &WriteTx, id: ExportId, bytes: i64) -> Result<(), Fault> {
    tx.run("update exports set packed_bytes = $2 where id = $1", vec![id.uuid().into(), bytes.into()]).await?;
    Ok(())
}

/// Notes the archive, which lies in the store.
pub async fn set_archive(tx: &WriteTx, id: ExportId, blob: &Blob) -> Result<(), Fault> {
    let size = i64::try_from(blob.size).map_err(Fault::internal)?;
    let sql = "update exports set size = $2, packed_bytes = $2, digest = $3, chunks = $4 where id = $1";
    tx.run(sql, vec![id.uuid().into(), size.into(), blob.digest.as_bytes().to_vec().into(), blob.chunks.clone().into()]).await?;
    Ok(())
}

/// Ends an export that is running. `None`: it had ended.
pub async fn end(tx: &WriteTx, id: ExportId, state: State, reason: &str, days: i64) -> Result<Option<Export>, Fault> {
    let sql = "update exports set state = $2, reason = $3, step = step + 1, finished_at = $4::timestamptz, \
        expires_at = case when $2 = 'done' then $4::timestamptz + make_interval(days => $5::integer) end where id = $1 and state = 'running' returning *";
    let values = vec![id.uuid().into(), state.as_str().into(), reason.into(), tx.now().into(), days.into()];
    Ok(tx.row(sql, values).await?.as_ref().map(read).transpose()?)
}

/// Notes that the archive of an export is removed, if there is one.
pub async fn remove(tx: &WriteTx, id: ExportId) -> Result<Option<Export>, Fault> {
    let sql = "update exports set state = 'removed', digest = null, chunks = null where id = $1 and state = 'done' returning *";
    Ok(tx.row(sql, vec![id.uuid().into()]).await?.as_ref().map(read).transpose()?)
}

/// The archive of an export, and that somebody takes it. `None`: there is none, or its time is over.
pub async fn take_archive(tx: &WriteTx, id: ExportId) -> Result<Option<Archive>, Fault> {
    let sql = "update exports set downloads = downloads + 1 where id = $1 and state = 'done' and expires_at > $2 returning size, digest, chunks, created_at";
    let Some(row) = tx.row(sql, vec![id.uuid().into(), tx.now().into()]).await? else { return Ok(None) };
    let (size, digest, chunks): (i64, Vec<u8>, Vec<u8>) = (row.try_get("", "size")?, row.try_get("", "digest")?, row.try_get("", "chunks")?);
    let created_at: chrono::DateTime<chrono::Utc> = row.try_get("", "created_at")?;
    let digest = Digest::from_slice(&digest).ok_or_else(|| Fault::internal("an archive without a digest"))?;
    let name = format!("assay-{}-{}.zip", tx.tenant().slug, created_at.format("%Y-%m-%d"));
    Ok(Some(Archive { export: id, name, blob: Blob { digest, size: size.unsigned_abs(), chunks } }))
}

/// How much of each kind several exports took.
pub async fn counts<C: Connection>(tx: &C, exports: &[ExportId]) -> Result<HashMap<ExportId, Vec<Count>>, Fault> {
    let sql = "select export_id, kind, files, rows, bytes from export_counts where export_id = any($1) order by kind";
    let ids: Vec<Uuid> = exports.iter().map(|export| export.uuid()).collect();
    let mut counts: HashMap<ExportId, Vec<Count>> = HashMap::new();
    for row in tx.rows(sql, vec![ids.into()]).await? {
        counts.entry(ExportId::from_uuid(row.try_get_by_index(0)?)).or_default().push(Count {
            kind: row.try_get_by_index(1)?,
            files: row.try_get_by_index(2)?,
            rows: row.try_get_by_index(3)?,
            bytes: row.try_get_by_index(4)?,
        });
    }
    Ok(counts)
}

/// A page of a kind: lines, and the cursor behind the last of them.
pub async fn page<C: Connection>(tx: &C, kind: &Kind, cursor: &str, rows: i64) -> Result<(Vec<String>, Option<String>), Fault> {
    let rows = tx.rows(kind.sql, vec![cursor.into(), rows.into()]).await?;
    let last = rows.last().map(|row| row.try_get_by_index(1)).transpose()?;
    Ok((rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?, last))
}

/// The hash of an entry of the audit log, in hexadecimal digits.
pub async fn audit_hash<C: Connection>(tx: &C, seq: i64) -> Result<Option<String>, Fault> {
    let row = tx.row("select encode(hash, 'hex') from audit_entries where seq = $1", vec![seq.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
