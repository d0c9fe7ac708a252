//! The files that an archive is made of.

use sea_orm::{DbErr, QueryResult};
use serde_json::json;
use shared::ids::ExportId;
use uuid::Uuid;

use super::super::model::{File, Made};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    platform::{Blob, Digest},
};

fn digest(row: &QueryResult, column: &str) -> Result<Digest, DbErr> {
    let bytes: Vec<u8> = row.try_get("", column)?;
    Digest::from_slice(&bytes).ok_or_else(|| DbErr::Type(format!("{column} is no digest")))
}

/// Writes files of a kind down, with how much of it they hold, and where the export goes on.
pub async fn add(tx: &WriteTx, export: ExportId, files: &[File], kind: &str, rows: i64, cursor: &str) -> Result<(), Fault> {
    let made = |pick: fn(&Made) -> i64| files.iter().map(|file| file.made.as_ref().map_or(-1, pick)).collect::<Vec<i64>>();
    let sql = "with added as (insert into export_files (export_id, number, path, digest, size, deflated, packed, packed_digest, crc) \
            select $1, f.number, f.path, f.digest, f.size, case when f.packed < 0 then null else f.deflated end, nullif(f.packed, -1), \
                case when f.packed < 0 then null else f.packed_digest end, nullif(f.crc, -1) \
            from unnest($2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::boolean[], $7::bigint[], $8::bytea[], $9::bigint[]) \
                as f (number, path, digest, size, deflated, packed, packed_digest, crc) returning number, size), \
        counted as (insert into export_counts as c (export_id, kind, files, rows, bytes) select $1, $10, count(*), $11, coalesce(sum(size), 0) from added \
            on conflict (export_id, kind) do update set files = c.files + excluded.files, rows = c.rows + excluded.rows, bytes = c.bytes + excluded.bytes) \
        update exports set cursor = $12, next_file = greatest(next_file, 1 + (select coalesce(max(number), 0) from added)) where id = $1";
    let values = vec![
        export.uuid().into(),
        files.iter().map(|file| file.number).collect::<Vec<_>>().into(),
        files.iter().map(|file| file.path.clone()).collect::<Vec<_>>().into(),
        files.iter().map(|file| file.digest.as_bytes().to_vec()).collect::<Vec<_>>().into(),
        files.iter().map(|file| file.size).collect::<Vec<_>>().into(),
        files.iter().map(|file| file.made.is_some_and(|made| made.deflated)).collect::<Vec<_>>().into(),
        made(|made| made.packed).into(),
        files.iter().map(|file| file.made.map_or(Vec::new(), |made| made.packed_digest.as_bytes().to_vec())).collect::<Vec<_>>().into(),
        made(|made| i64::from(made.crc)).into(),
        kind.into(),
        rows.into(),
        cursor.into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// An artifact of the organization, also one that another took the place of.
pub struct Stored {
    pub id: i64,
    pub owner: Owner,
    pub path: String,
    pub digest: Digest,
    pub size: i64,
    pub is_current: bool,
    /// What is said of it, besides.
    pub facts: serde_json::Value,
}

/// Whose tree it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Run(Uuid),
    Model(Uuid),
}

pub async fn artifacts<C: Connection>(tx: &C, after: i64, limit: i64) -> Result<Vec<Stored>, Fault> {
    let sql = "select id, run_id, model_id, path, version, digest, size, created_by, to_json(created_at)::text as created_at, to_json(replaced_at)::text as replaced_at \
        from artifacts where id > $1 order by id limit $2";
    let read = |row: &QueryResult| {
        let (run, model): (Option<Uuid>, Option<Uuid>) = (row.try_get("", "run_id")?, row.try_get("", "model_id")?);
        let time = |column: &str| -> Result<serde_json::Value, DbErr> {
            let text: Option<String> = row.try_get("", column)?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
        };
        let replaced = time("replaced_at")?;
        let (version, by): (i32, String) = (row.try_get("", "version")?, row.try_get("", "created_by")?);
        Ok(Stored {
            id: row.try_get("", "id")?,
            owner: run.map_or_else(|| Owner::Model(model.unwrap_or_default()), Owner::Run),
            path: row.try_get("", "path")?,
            digest: digest(row, "digest")?,
            size: row.try_get("", "size")?,
            is_current: replaced.is_null(),
            facts: json!({ "version": version, "created_by": by, "created_at": time("created_at")?, "replaced_at": replaced }),
        })
    };
    Ok(tx.rows(sql, vec![after.into(), limit.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Counts bytes of artifacts that are taken.
pub async fn add_artifact_bytes(tx: &WriteTx, export: ExportId, bytes: i64) -> Result<(), Fault> {
    tx.run("update exports set artifact_bytes = artifact_bytes + $2 where id = $1", vec![export.uuid().into(), bytes.into()]).await?;
    Ok(())
}

/// Artifacts of an export that have no checksum yet, after a digest.
pub async fn unchecked<C: Connection>(tx: &C, export: ExportId, after: Vec<u8>, limit: i64) -> Result<Vec<Blob>, Fault> {
    let sql = "select b.digest, b.size, b.chunks from blobs b where b.crc32 is null and b.digest > $2 \
        and exists (select from export_files f where f.export_id = $1 and f.digest = b.digest and f.packed is null) order by b.digest limit $3";
    let read = |row: &QueryResult| {
        Ok(Blob { digest: digest(row, "digest")?, size: row.try_get::<i64>("", "size")?.unsigned_abs(), chunks: row.try_get("", "chunks")? })
    };
    let rows = tx.rows(sql, vec![export.uuid().into(), after.into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Keeps the checksum of an artifact's bytes; without one, they are damaged and left out.
pub async fn check(tx: &WriteTx, export: ExportId, blob: &Blob, crc: Option<u32>) -> Result<(), Fault> {
    let digest = blob.digest.as_bytes().to_vec();
    let damaged = match crc {
        Some(crc) => {
            tx.run("update blobs set crc32 = $2 where digest = $1", vec![digest.clone().into(), i64::from(crc).into()]).await?;
            0
        }
        None => {
            let sql = "update export_files set damaged = true where export_id = $1 and digest = $2 and packed is null and not damaged";
            tx.run(sql, vec![export.uuid().into(), digest.clone().into()]).await?
        }
    };
    let bytes = i64::try_from(blob.size).map_err(Fault::internal)?;
    let sql = "update exports set checked_bytes = checked_bytes + $2, damaged = damaged + $3 where id = $1";
    tx.run(sql, vec![export.uuid().into(), bytes.into(), i64::try_from(damaged).unwrap_or(i64::MAX).into()]).await?;
    Ok(())
}

/// Forgets the checksum of bytes that cannot be read any more: the next export finds them damaged and leaves them out.
pub async fn uncheck(tx: &WriteTx, digest: Digest) -> Result<(), Fault> {
    tx.run("update blobs set crc32 = null where digest = $1", vec![digest.as_bytes().to_vec().into()]).await?;
    Ok(())
}

/// A file on its way into the archive.
pub struct Ready {
    pub file: File,
    pub crc: u32,
    /// Of an artifact: what verifies its bytes.
    pub chunks: Vec<u8>,
    pub damaged: bool,
}

/// Files in their order, after a number.
pub async fn list<C: Connection>(tx: &C, export: ExportId, after: i64, limit: i64) -> Result<Vec<Ready>, Fault> {
    let sql = "select f.number, f.path, f.digest, f.size, f.deflated, f.packed, f.packed_digest, f.damaged, coalesce(f.crc, b.crc32, 0) as crc, coalesce(b.chunks, '') as chunks \
        from (select * from export_files where export_id = $1 and number > $2 order by number limit $3) f \
        left join lateral (select crc32, chunks from blobs where digest = f.digest and f.packed is null offset 0) b on true order by f.number";
    let read = |row: &QueryResult| {
        let crc = u32::try_from(row.try_get::<i64>("", "crc")?).unwrap_or(0);
        let made = match row.try_get::<Option<i64>>("", "packed")? {
            None => None,
            Some(packed) => Some(Made { deflated: row.try_get("", "deflated")?, packed, packed_digest: digest(row, "packed_digest")?, crc }),
        };
        let file = File {
            number: row.try_get("", "number")?,
            path: row.try_get("", "path")?,
            digest: digest(row, "digest")?,
            size: row.try_get("", "size")?,
            made,
        };
        Ok(Ready { file, crc, chunks: row.try_get("", "chunks")?, damaged: row.try_get("", "damaged")? })
    };
    let rows = tx.rows(sql, vec![export.uuid().into(), after.into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// The numbers of the first files, and whether they were made for the archive.
pub async fn first<C: Connection>(tx: &C, export: ExportId, limit: i64) -> Result<Vec<(i64, bool)>, Fault> {
    let sql = "select number, packed is not null from export_files where export_id = $1 order by number limit $2";
    let rows = tx.rows(sql, vec![export.uuid().into(), limit.into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// Forgets the files up to a number.
pub async fn forget(tx: &WriteTx, export: ExportId, up_to: i64) -> Result<(), Fault> {
    tx.run("delete from export_files where export_id = $1 and number <= $2", vec![export.uuid().into(), up_to.into()]).await?;
    Ok(())
}
