//! The statements of artifacts.

use sea_orm::{DbErr, QueryResult};
use shared::ids::{LoggedModelId, RunId};
use uuid::Uuid;

use super::{
    Artifact, StoredFile,
    location::{Location, Owner},
    model::{FileFacts, OwnerState, Surroundings, Version},
    path::ArtifactPath,
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    platform::{Blob, Digest},
};

fn owner_uuid(owner: Owner) -> Uuid {
    match owner {
        Owner::Run(id) => id.uuid(),
        Owner::Model(id) => id.uuid(),
    }
}

fn digest(row: &QueryResult, column: &str) -> Result<Digest, DbErr> {
    let bytes: Vec<u8> = row.try_get("", column)?;
    Digest::from_slice(&bytes).ok_or_else(|| DbErr::Type(format!("{column} is no digest")))
}

fn size(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    Ok(row.try_get::<i64>("", column)?.unsigned_abs())
}

/// The state of an owner; `None` when it does not exist.
pub async fn find_owner<C: Connection>(tx: &C, owner: Owner) -> Result<Option<OwnerState>, Fault> {
    let sql = match owner {
        Owner::Run(_) => "select removed_at is not null from runs where id = $1",
        Owner::Model(_) => "select removed_at is not null from logged_models where id = $1",
    };
    let row = tx.row(sql, vec![owner_uuid(owner).into()]).await?;
    let removed: Option<bool> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(removed.map(|removed| if removed { OwnerState::Removed } else { OwnerState::Active }))
}

/// Makes writers of one owner's tree take turns until the transaction ends.
pub async fn lock_tree(tx: &WriteTx, owner: Owner) -> Result<(), Fault> {
    tx.row("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 2))", vec![owner_uuid(owner).into()]).await?;
    Ok(())
}

/// What lies around a path. A path is frozen when it lies in the files of a registered version, or those lie in it.
pub async fn surroundings(tx: &WriteTx, owner: Owner, path: &ArtifactPath) -> Result<Surroundings, Fault> {
    let above: Vec<String> = path.ancestors().map(str::to_owned).collect();
    let row = tx
        .row(
            "select
                (select a.path from artifacts a where a.owner_id = $1 and a.replaced_at is null and a.path = any($3) limit 1) as file_above,
                exists (select from artifacts a where a.owner_id = $1 and a.replaced_at is null and a.path >= $2 || '/' and a.path < $2 || '0') as is_folder,
                exists (select from model_versions v where (v.owner_run_id = $1 or v.owner_model_id = $1)
                    and ($2 = '' or v.source_path in ('', $2) or starts_with($2, v.source_path || '/') or starts_with(v.source_path, $2 || '/'))) as frozen,
                (select a.digest from artifacts a where a.owner_id = $1 and a.replaced_at is null and a.path = $2) as current,
                coalesce((select max(a.version) from artifacts a where a.owner_id = $1 and a.path = $2), 0) as last_version",
            vec![owner_uuid(owner).into(), path.as_str().into(), above.into()],
        )
        .await?;
    let Some(row) = row else { return Ok(Surroundings::default()) };
    let current: Option<Vec<u8>> = row.try_get("", "current")?;
    Ok(Surroundings {
        file_above: row.try_get("", "file_above")?,
        is_folder: row.try_get("", "is_folder")?,
        frozen: row.try_get("", "frozen")?,
        current: current.as_deref().and_then(Digest::from_slice),
        last_version: row.try_get("", "last_version")?,
    })
}

fn bytes(size: u64) -> Result<i64, Fault> {
    i64::try_from(size).map_err(Fault::internal)
}

/// Notes that a content is stored, which counts it if it is new. Until the transaction ends nobody else stores or removes it.
pub async fn insert_blob(tx: &WriteTx, blob: &Blob) -> Result<(), Fault> {
    tx.run(
        "insert into blobs (digest, size, chunks, created_at, last_put_at) values ($1, $2, $3, $4, $4) \
         on conflict (digest) do update set last_put_at = excluded.last_put_at",
        vec![blob.digest.as_bytes().to_vec().into(), bytes(blob.size)?.into(), blob.chunks.clone().into(), tx.now().into()],
    )
    .await?;
    Ok(())
}

/// Whether nothing was known of a content before this transaction. Nobody else stores it until it ends.
pub async fn is_unknown(tx: &WriteTx, blob: &Blob) -> Result<bool, Fault> {
    let sql = "insert into blobs (digest, size, chunks, created_at, last_put_at) values ($1, $2, $3, $4, $4) on conflict do nothing";
    let values = vec![blob.digest.as_bytes().to_vec().into(), bytes(blob.size)?.into(), blob.chunks.clone().into(), tx.now().into()];
    Ok(tx.run(sql, values).await? == 1)
}

/// Makes a content that is stored the current one of a path; whether all that is stored, without so many bytes that are about to go, is no more than may be.
pub async fn insert(tx: &WriteTx, owner: Owner, path: &ArtifactPath, version: i32, blob: &Blob, going: u64) -> Result<bool, Fault> {
    let now = tx.now();
    tx.run(
        "update artifacts set replaced_at = $3 where owner_id = $1 and path = $2 and replaced_at is null",
        vec![owner_uuid(owner).into(), path.as_str().into(), now.into()],
    )
    .await?;
    let (run, model) = owner_columns(owner);
    let row = tx
        .row(
            "insert into artifacts (run_id, model_id, path, version, digest, size, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8) \
             returning not exists (select from stored() s where s.bytes - $9 > s.quota)",
            vec![
                run.into(),
                model.into(),
                path.as_str().into(),
                version.into(),
                blob.digest.as_bytes().to_vec().into(),
                bytes(blob.size)?.into(),
                tx.actor().name.clone().into(),
                now.into(),
                bytes(going)?.into(),
            ],
        )
        .await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// Notes that something of the owner changed.
pub async fn touch(tx: &WriteTx, owner: Owner) -> Result<(), Fault> {
    let sql = match owner {
        Owner::Run(_) => "update runs set revision = revision + 1 where id = $1",
        Owner::Model(_) => "update logged_models set updated_at = greatest(updated_at, $2) where id = $1",
    };
    let values = match owner {
        Owner::Run(id) => vec![id.uuid().into()],
        Owner::Model(id) => vec![id.uuid().into(), tx.now().into()],
    };
    tx.run(sql, values).await?;
    Ok(())
}

/// Takes a file, or everything in a folder, out of the tree. Returns how many files that were.
pub async fn remove(tx: &WriteTx, owner: Owner, path: &ArtifactPath) -> Result<u64, Fault> {
    let changed = tx
        .run(
            "update artifacts set replaced_at = $3 where owner_id = $1 and replaced_at is null \
             and ($2 = '' or path = $2 or (path >= $2 || '/' and path < $2 || '0'))",
            vec![owner_uuid(owner).into(), path.as_str().into(), tx.now().into()],
        )
        .await?;
    Ok(changed)
}

/// Whether a version `a` of a path belongs to the file that is there now: whoever removed the path wanted to see no more of what it had until then.
macro_rules! is_history {
    () => {
        "exists (select from artifacts c where c.owner_id = a.owner_id and c.path = a.path and c.replaced_at is null) \
         and a.version > coalesce((select max(r.version) from artifacts r where r.owner_id = a.owner_id and r.path = a.path and r.replaced_at is not null \
            and not exists (select from artifacts n where n.owner_id = r.owner_id and n.path = r.path and n.version = r.version + 1 and n.created_at = r.replaced_at)), 0)"
    };
}

/// The file under a path: the current one, or a version of it.
pub async fn find<C: Connection>(tx: &C, owner: Owner, path: &ArtifactPath, version: Option<i32>) -> Result<Option<StoredFile>, Fault> {
    let sql = match version {
        None => {
            "select a.version, a.created_at, b.digest, b.size, b.chunks from artifacts a join blobs b on b.digest = a.digest \
             where a.owner_id = $1 and a.path = $2 and a.replaced_at is null and $3::integer is null"
        }
        Some(_) => concat!(
            "select a.version, a.created_at, b.digest, b.size, b.chunks from artifacts a join blobs b on b.digest = a.digest \
             where a.owner_id = $1 and a.path = $2 and a.version = $3 and ",
            is_history!()
        ),
    };
    let row = tx.row(sql, vec![owner_uuid(owner).into(), path.as_str().into(), version.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(StoredFile {
        path: path.clone(),
        version: row.try_get("", "version")?,
        created_at: row.try_get("", "created_at")?,
        blob: Blob { digest: digest(&row, "digest")?, size: size(&row, "size")?, chunks: row.try_get("", "chunks")? },
    }))
}

/// The versions of some files, each with the place of its file in `files`, the newest first; at most `most` of each.
pub async fn versions<C: Connection>(tx: &C, files: &[(Owner, ArtifactPath)], most: i64) -> Result<Vec<(usize, Version)>, Fault> {
    let sql = concat!(
        "select f.place, v.version, v.size, v.digest, v.created_by, v.created_at, v.is_current from unnest($1::uuid[], $2::text[]) with ordinality as f (owner_id, path, place) \
         cross join lateral (select a.version, a.size, a.digest, a.created_by, a.created_at, a.replaced_at is null as is_current from artifacts a \
            where a.owner_id = f.owner_id and a.path = f.path and ",
        is_history!(),
        " order by a.version desc limit $3) v order by f.place, v.version desc"
    );
    let owners: Vec<Uuid> = files.iter().map(|(owner, _)| owner_uuid(*owner)).collect();
    let paths: Vec<String> = files.iter().map(|(_, path)| path.to_string()).collect();
    let rows = tx.rows(sql, vec![owners.into(), paths.into(), most.into()]).await?;
    let read = |row: &QueryResult| -> Result<_, Fault> {
        let place = usize::try_from(row.try_get::<i64>("", "place")? - 1).map_err(Fault::internal)?;
        let (owner, path) = files.get(place).ok_or_else(|| Fault::internal("versions that nobody asked for"))?;
        let version = Version {
            owner: *owner,
            path: path.to_string(),
            number: row.try_get("", "version")?,
            file: FileFacts { size: size(row, "size")?, digest: digest(row, "digest")? },
            created_by: row.try_get("", "created_by")?,
            created_at: row.try_get("", "created_at")?,
            is_current: row.try_get("", "is_current")?,
        };
        Ok((place, version))
    };
    rows.iter().map(read).collect()
}

/// Whether something lies below a path.
pub async fn is_folder<C: Connection>(tx: &C, owner: Owner, path: &ArtifactPath) -> Result<bool, Fault> {
    let row = tx
        .row(
            "select from artifacts where owner_id = $1 and replaced_at is null and ($2 = '' or (path >= $2 || '/' and path < $2 || '0')) limit 1",
            vec![owner_uuid(owner).into(), path.as_str().into()],
        )
        .await?;
    Ok(row.is_some())
}

/// One level of several folders, each with the place of its request in `folders`; ordered by name within each.
pub async fn list<C: Connection>(tx: &C, folders: &[(Owner, ArtifactPath)]) -> Result<Vec<(usize, Artifact)>, Fault> {
    let owners: Vec<Uuid> = folders.iter().map(|(owner, _)| owner_uuid(*owner)).collect();
    let paths: Vec<String> = folders.iter().map(|(_, path)| path.to_string()).collect();
    let rows = tx
        .rows(
            "select f.place, f.path as folder, e.name, e.is_folder,
                    min(e.size) filter (where not e.is_folder) as size, (array_agg(e.digest) filter (where not e.is_folder))[1] as digest
             from unnest($1::uuid[], $2::text[]) with ordinality as f (owner_id, path, place)
             cross join lateral (
                select split_part(a.rest, '/', 1) as name, strpos(a.rest, '/') > 0 as is_folder, a.size, a.digest
                from (select substr(path, case f.path when '' then 1 else length(f.path) + 2 end) as rest, size, digest from artifacts
                      where owner_id = f.owner_id and replaced_at is null
                        and (f.path = '' or (path >= f.path || '/' collate \"C\" and path < f.path || '0' collate \"C\"))) a
             ) e
             group by f.place, f.path, e.name, e.is_folder order by f.place, e.name collate \"C\"",
            vec![owners.into(), paths.into()],
        )
        .await?;
    rows.iter().map(|row| listed(row, folders)).collect()
}

/// The current files under some paths, of runs and of the models that they logged; each with its run.
pub async fn among<C: Connection>(tx: &C, runs: &[RunId], paths: &[&str]) -> Result<Vec<(RunId, Artifact)>, Fault> {
    let sql = "select r.id, a.run_id, a.model_id, a.path, a.size, a.digest from unnest($1::uuid[]) as r (id) \
        cross join lateral (select r.id as owner_id union all select m.id from logged_models m where m.source_run_id = r.id and m.removed_at is null) o \
        cross join lateral (select run_id, model_id, path, size, digest from artifacts \
            where owner_id = o.owner_id and path = any($2::text[]) and replaced_at is null offset 0) a \
        order by r.id, a.model_id nulls first, a.path";
    let ids: Vec<Uuid> = runs.iter().map(|run| run.uuid()).collect();
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let read = |row: &QueryResult| {
        let (run, model): (Option<Uuid>, Option<Uuid>) = (row.try_get("", "run_id")?, row.try_get("", "model_id")?);
        let run = run.map(|id| Owner::Run(RunId::from_uuid(id)));
        let owner = run.unwrap_or_else(|| Owner::Model(LoggedModelId::from_uuid(model.unwrap_or_default())));
        let file = FileFacts { size: size(row, "size")?, digest: digest(row, "digest")? };
        Ok((RunId::from_uuid(row.try_get("", "id")?), Artifact { owner, path: row.try_get("", "path")?, file: Some(file) }))
    };
    Ok(tx.rows(sql, vec![ids.into(), paths.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

fn listed(row: &QueryResult, folders: &[(Owner, ArtifactPath)]) -> Result<(usize, Artifact), Fault> {
    let place = usize::try_from(row.try_get::<i64>("", "place")? - 1).map_err(Fault::internal)?;
    let (owner, folder) = folders.get(place).ok_or_else(|| Fault::internal("a listing that nobody asked for"))?;
    let name: String = row.try_get("", "name")?;
    let file = match row.try_get::<bool>("", "is_folder")? {
        true => None,
        false => Some(FileFacts { size: size(row, "size")?, digest: digest(row, "digest")? }),
    };
    let path = if folder.is_root() { name } else { format!("{folder}/{name}") };
    Ok((place, Artifact { owner: *owner, path, file }))
}

/// What people call an owner, for the audit log.
pub async fn owner_name<C: Connection>(tx: &C, owner: Owner) -> Result<String, Fault> {
    let sql = match owner {
        Owner::Run(_) => "select name from runs where id = $1",
        Owner::Model(_) => "select name from logged_models where id = $1",
    };
    let row = tx.row(sql, vec![owner_uuid(owner).into()]).await?;
    Ok(row.map_or(Ok(String::new()), |row| row.try_get_by_index(0))?)
}

/// The MLflow id of the experiment an owner lies in.
pub async fn experiment_of<C: Connection>(tx: &C, owner: Owner) -> Result<Option<String>, Fault> {
    let sql = match owner {
        Owner::Run(_) => {
            "select case when e.is_default then '0' else replace(e.id::text, '-', '') end from runs o join experiments e on e.id = o.experiment_id where o.id = $1"
        }
        Owner::Model(_) => {
            "select case when e.is_default then '0' else replace(e.id::text, '-', '') end from logged_models o join experiments e on e.id = o.experiment_id where o.id = $1"
        }
    };
    let row = tx.row(sql, vec![owner_uuid(owner).into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

fn owner_columns(owner: Owner) -> (Option<Uuid>, Option<Uuid>) {
    match owner {
        Owner::Run(id) => (Some(id.uuid()), None),
        Owner::Model(id) => (None, Some(id.uuid())),
    }
}

/// Notes that a file is to come in so many parts.
pub async fn insert_upload(tx: &WriteTx, upload: Uuid, at: &Location, parts: u32) -> Result<(), Fault> {
    let (run, model) = owner_columns(at.owner);
    tx.run(
        "insert into artifact_uploads (id, run_id, model_id, path, parts, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            upload.into(),
            run.into(),
            model.into(),
            at.path.as_str().into(),
            i32::try_from(parts).map_err(Fault::internal)?.into(),
            tx.actor().name.clone().into(),
            tx.now().into(),
        ],
    )
    .await?;
    Ok(())
}

/// An upload that has not ended.
pub struct Upload {
    /// Where it goes.
    pub at: Location,
    pub parts: u32,
    /// Bytes of the parts that have come.
    pub size: u64,
}

pub async fn find_upload(tx: &WriteTx, upload: Uuid) -> Result<Option<Upload>, Fault> {
    let row = tx.row("select run_id, model_id, path, parts, size from artifact_uploads where id = $1", vec![upload.into()]).await?;
    row.as_ref().map(read_upload).transpose()
}

/// The same, which nobody else ends or adds to until the transaction ends.
pub async fn hold_upload(tx: &WriteTx, upload: Uuid) -> Result<Option<Upload>, Fault> {
    let sql = "select run_id, model_id, path, parts, size from artifact_uploads where id = $1 for update";
    tx.row(sql, vec![upload.into()]).await?.as_ref().map(read_upload).transpose()
}

/// Counts a part that has come; `false`: the upload has ended.
pub async fn count_part(tx: &WriteTx, upload: Uuid, size: u64) -> Result<bool, Fault> {
    Ok(tx.run("update artifact_uploads set size = size + $2 where id = $1", vec![upload.into(), bytes(size)?.into()]).await? == 1)
}

/// Forgets an upload; what it was, if there was one.
pub async fn remove_upload(tx: &WriteTx, upload: Uuid) -> Result<Option<Upload>, Fault> {
    let row = tx.row("delete from artifact_uploads where id = $1 returning run_id, model_id, path, parts, size", vec![upload.into()]).await?;
    row.as_ref().map(read_upload).transpose()
}

fn read_upload(row: &QueryResult) -> Result<Upload, Fault> {
    let (run, model): (Option<Uuid>, Option<Uuid>) = (row.try_get("", "run_id")?, row.try_get("", "model_id")?);
    let owner = match (run, model) {
        (Some(run), _) => Owner::Run(RunId::from_uuid(run)),
        (None, Some(model)) => Owner::Model(LoggedModelId::from_uuid(model)),
        (None, None) => return Err(Fault::internal("an upload without an owner")),
    };
    let (path, parts): (String, i32) = (row.try_get("", "path")?, row.try_get("", "parts")?);
    let at = Location { owner, path: ArtifactPath::parse(&path).map_err(Fault::internal)? };
    Ok(Upload { at, parts: parts.unsigned_abs(), size: size(row, "size")? })
}
