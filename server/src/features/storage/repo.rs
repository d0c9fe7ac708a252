//! The statements of the count, and of deleting for good. The limit stands on the organization's row of the control plane.

use sea_orm::{DbErr, QueryResult};
use shared::ids::TenantId;

use super::Storage;
use crate::{
    access::{Connection, Sql, WriteTx, lobby::LobbyTx},
    fault::Fault,
    platform::Digest,
};

/// What is stored, and what may be.
pub async fn find<C: Connection>(tx: &C) -> Result<Storage, Fault> {
    let row = tx.row("select bytes, quota from stored()", Vec::new()).await?.ok_or_else(|| Fault::internal("nothing counts what is stored"))?;
    let (used, quota): (i64, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok(Storage { used: used.unsigned_abs(), quota: quota.map(i64::unsigned_abs) })
}

/// The file that was stored last; 0 when there is none.
pub async fn last_file<C: Connection>(tx: &C) -> Result<i64, Fault> {
    let row = tx.row("select coalesce(max(id), 0) from artifacts", Vec::new()).await?.ok_or_else(|| Fault::internal("a maximum without a row"))?;
    Ok(row.try_get_by_index(0)?)
}

/// Whether an export is under way; if none is, lets none begin until the transaction ends.
pub async fn hold_exports(tx: &WriteTx) -> Result<bool, Fault> {
    if is_exporting(tx).await? {
        return Ok(true);
    }
    tx.run("lock table exports in share mode", Vec::new()).await?;
    is_exporting(tx).await
}

/// Whether an export is under way.
pub async fn is_exporting(tx: &WriteTx) -> Result<bool, Fault> {
    Ok(tx.row("select from exports where state = 'running'", Vec::new()).await?.is_some())
}

/// What a stretch of the files came to.
pub struct Erased {
    /// The last of those that were looked at; `None`: there are no more.
    pub last: Option<i64>,
    /// Versions of files that are gone.
    pub files: i64,
    /// What they held.
    pub digests: Vec<Vec<u8>>,
}

/// Of so many files after one, deletes what nobody is shown: versions that were replaced or deleted, and files of runs, models and experiments that were deleted,
/// unless they belong to a registered version.
pub async fn erase(tx: &WriteTx, after: i64, count: i64) -> Result<Erased, Fault> {
    let sql = "with seen as (
            select a.id, a.owner_id, a.path, a.replaced_at is not null as is_past,
                r.removed_at is not null or m.removed_at is not null or e.removed_at is not null as is_of_deleted
            from (select * from artifacts where id > $1 order by id limit $2) a
            left join runs r on r.id = a.run_id
            left join logged_models m on m.id = a.model_id
            left join experiments e on e.id = coalesce(r.experiment_id, m.experiment_id)
        ), gone as (
            delete from artifacts a using seen s
            where a.id = s.id and (s.is_past or s.is_of_deleted and not exists (
                select from model_versions v where (v.owner_run_id = s.owner_id or v.owner_model_id = s.owner_id)
                    and (v.source_path in ('', s.path) or starts_with(s.path, v.source_path || '/'))))
            returning a.digest
        )
        select (select max(id) from seen) as last, (select count(*) from gone) as files, array(select distinct digest from gone) as digests";
    let row = tx.row(sql, vec![after.into(), count.into()]).await?.ok_or_else(|| Fault::internal("a count without a row"))?;
    Ok(Erased { last: row.try_get("", "last")?, files: row.try_get("", "files")?, digests: row.try_get("", "digests")? })
}

/// Of some contents, deletes those that no file has any more; each with its bytes. Whoever is about to store one of them waits until the transaction ends.
pub async fn erase_unused(tx: &WriteTx, digests: Vec<Vec<u8>>) -> Result<Vec<(Digest, u64)>, Fault> {
    // Locked first: what was given to a file meanwhile is seen by the statement after.
    tx.rows("select from blobs where digest = any($1) order by digest for update", vec![digests.clone().into()]).await?;
    let sql =
        "delete from blobs b where b.digest = any($1) and not exists (select from artifacts a where a.digest = b.digest) returning b.digest, b.size";
    let read = |row: &QueryResult| {
        let (digest, size): (Vec<u8>, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let digest = Digest::from_slice(&digest).ok_or_else(|| DbErr::Type("no digest".into()))?;
        Ok((digest, size.unsigned_abs()))
    };
    Ok(tx.rows(sql, vec![digests.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Sets what an organization may store; its id, its name and what it might before. `None`: there is none of this slug that is open.
pub async fn set_quota(tx: &LobbyTx, slug: &str, quota: Option<u64>) -> Result<Option<(TenantId, String, Option<i64>)>, Fault> {
    let sql = "update tenants t set storage_quota = $2 from (select id, storage_quota from tenants where slug = $1 for update) o \
        where t.id = o.id and is_open(t) returning t.id, t.name, o.storage_quota";
    let quota = quota.map(i64::try_from).transpose().map_err(Fault::internal)?;
    let row = tx.row(sql, vec![slug.into(), quota.into()]).await?;
    let read = |row: QueryResult| Ok::<_, DbErr>((TenantId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(row.map(read).transpose()?)
}
