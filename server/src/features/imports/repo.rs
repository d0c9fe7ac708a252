//! The statements of imports and of what they found.

pub mod models;
pub mod registry;
pub mod runs;

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::ids::ImportId;
use uuid::Uuid;

use super::{
    error::ImportError,
    model::{Count, Import, Kind, NewImport, Phase, Problem, State},
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
};

fn read(row: &QueryResult) -> Result<Import, DbErr> {
    let word = |column: &str| row.try_get::<String>("", column);
    let unknown = |column: &str| DbErr::Type(format!("unknown {column}"));
    Ok(Import {
        id: ImportId::from_uuid(row.try_get("", "id")?),
        source: word("source")?,
        experiments: row.try_get("", "experiments")?,
        with_files: row.try_get("", "with_files")?,
        with_registry: row.try_get("", "with_registry")?,
        started_by: word("started_by")?,
        state: State::parse(&word("state")?).ok_or_else(|| unknown("state"))?,
        phase: Phase::parse(&word("phase")?).ok_or_else(|| unknown("phase"))?,
        phase_at: row.try_get("", "phase_at")?,
        step: row.try_get("", "step")?,
        troubles: row.try_get("", "troubles")?,
        reason: word("reason")?,
        created_at: row.try_get("", "created_at")?,
        finished_at: row.try_get("", "finished_at")?,
    })
}

pub async fn insert(tx: &WriteTx, id: ImportId, source: &str, new: &NewImport, credentials: Vec<u8>, by: &str) -> Result<(), Fault> {
    let sql = "insert into imports (id, source, experiments, with_files, with_registry, credentials, started_by, state, phase, phase_at, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, 'running', 'connecting', $8, $8)";
    let values = vec![
        id.uuid().into(),
        source.into(),
        new.experiments.clone().into(),
        new.files.into(),
        new.registry.into(),
        credentials.into(),
        by.into(),
        tx.now().into(),
    ];
    tx.run(sql, values).await.map(drop).map_err(|error| match broken_constraint(&error).as_deref() {
        Some("imports_one_running") => ImportError::Running.into(),
        _ => error.into(),
    })
}

pub async fn find<C: Connection>(tx: &C, id: ImportId) -> Result<Option<Import>, Fault> {
    Ok(tx.row("select * from imports where id = $1", vec![id.uuid().into()]).await?.as_ref().map(read).transpose()?)
}

/// The newest first, after the one a cursor names.
pub async fn list<C: Connection>(tx: &C, after: Option<ImportId>, limit: u64) -> Result<Vec<Import>, Fault> {
    // Ids are UUIDv7: their order is the order of creation.
    let sql = "select * from imports where $1::uuid is null or id < $1 order by id desc limit $2";
    let rows = tx.rows(sql, vec![after.map(ImportId::uuid).into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

pub async fn count<C: Connection>(tx: &C) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from imports", Vec::new()).await?;
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default().unsigned_abs())
}

/// The import if it is running and this is its present step, with its sealed credentials and its cursor; locked until the transaction ends, so that of two
/// claimants of one step one waits and then finds what the other has done.
pub async fn hold(tx: &WriteTx, id: ImportId, step: i64) -> Result<Option<(Import, Vec<u8>, String)>, Fault> {
    let sql = "select * from imports where id = $1 and step = $2 and state = 'running' for update";
    let Some(row) = tx.row(sql, vec![id.uuid().into(), step.into()]).await? else { return Ok(None) };
    Ok(Some((read(&row)?, row.try_get("", "credentials")?, row.try_get("", "cursor")?)))
}

/// Moves on to the next step.
pub async fn advance(tx: &WriteTx, id: ImportId, troubles: i32, reason: &str) -> Result<(), Fault> {
    let sql = "update imports set step = step + 1, troubles = $2, reason = $3 where id = $1";
    tx.run(sql, vec![id.uuid().into(), troubles.into(), reason.into()]).await?;
    Ok(())
}

pub async fn set_phase(tx: &WriteTx, id: ImportId, phase: Phase) -> Result<(), Fault> {
    let sql = "update imports set phase = $2, phase_at = $3, cursor = '' where id = $1";
    tx.run(sql, vec![id.uuid().into(), phase.as_str().into(), tx.now().into()]).await?;
    Ok(())
}

pub async fn set_cursor(tx: &WriteTx, id: ImportId, cursor: &str) -> Result<(), Fault> {
    tx.run("update imports set cursor = $2 where id = $1", vec![id.uuid().into(), cursor.into()]).await?;
    Ok(())
}

/// Ends an import: its credentials are gone, and of what it found only what could not be taken is kept, or not as a whole. `None`: it had ended.
pub async fn end(tx: &WriteTx, id: ImportId, state: State, reason: &str) -> Result<Option<Import>, Fault> {
    let sql =
        "update imports set state = $2, reason = $3, credentials = '', cursor = '', finished_at = $4 where id = $1 and state = 'running' returning *";
    let values = vec![id.uuid().into(), state.as_str().into(), reason.into(), tx.now().into()];
    let Some(row) = tx.row(sql, values).await? else { return Ok(None) };
    tx.run("delete from import_items where import_id = $1 and reason = ''", vec![id.uuid().into()]).await?;
    tx.run("update import_items set payload = '' where import_id = $1", vec![id.uuid().into()]).await?;
    Ok(Some(read(&row)?))
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub kind: Kind,
    pub source_id: String,
    pub label: String,
    pub payload: String,
    pub fingerprint: Vec<u8>,
}

/// Writes down what was found and is not known, or is known to have been different. What is listed already stays as it is.
pub async fn add_items(tx: &WriteTx, import: &Import, found: &[Found]) -> Result<(), Fault> {
    let sql = "with found as (select * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[]) as f (kind, source_id, label, payload, fingerprint)), \
        marked as (select f.*, known.fingerprint is not distinct from f.fingerprint as same from found f \
            left join lateral (select o.fingerprint from import_origins o where o.source = $7 and o.kind = f.kind and o.source_id = f.source_id offset 0) known on true), \
        added as (insert into import_items (import_id, kind, source_id, label, payload, fingerprint, state) \
            select $1, kind, source_id, label, payload, fingerprint, 'waiting' from marked where not same on conflict do nothing returning kind), \
        sums as (select kind, count(*) as fresh, 0 as same from added group by kind union all select kind, 0, count(*) from marked where same group by kind) \
        insert into import_counts as c (import_id, kind, found, unchanged) select $1, kind, sum(fresh) + sum(same), sum(same) from sums group by kind \
        on conflict (import_id, kind) do update set found = c.found + excluded.found, unchanged = c.unchanged + excluded.unchanged";
    let texts = |pick: fn(&Found) -> String| found.iter().map(pick).collect::<Vec<String>>();
    let values = vec![
        import.id.uuid().into(),
        texts(|one| one.kind.as_str().to_owned()).into(),
        texts(|one| one.source_id.clone()).into(),
        texts(|one| one.label.clone()).into(),
        texts(|one| one.payload.clone()).into(),
        found.iter().map(|one| one.fingerprint.clone()).collect::<Vec<_>>().into(),
        import.source.clone().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// What is to be worked off next.
pub async fn waiting<C: Connection>(tx: &C, import: ImportId, kind: Kind, most: u64) -> Result<Vec<Found>, Fault> {
    let sql = "select source_id, label, payload, fingerprint from import_items where import_id = $1 and kind = $2 and state = 'waiting' order by source_id limit $3";
    let read = |row: &QueryResult| {
        Ok(Found {
            kind,
            source_id: row.try_get_by_index(0)?,
            label: row.try_get_by_index(1)?,
            payload: row.try_get_by_index(2)?,
            fingerprint: row.try_get_by_index(3)?,
        })
    };
    let rows = tx.rows(sql, vec![import.uuid().into(), kind.as_str().into(), most.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// What became of something that was found.
#[derive(Clone, Debug)]
pub struct Settled<'f> {
    pub found: &'f Found,
    /// What it is here; `None`: it could not be taken.
    pub local: Option<Uuid>,
    /// Why it could not be taken, or what of it could not; empty when all is well.
    pub reason: String,
    /// What a later phase needs of it.
    pub keep: String,
    /// Points or bytes.
    pub amount: i64,
}

impl<'f> Settled<'f> {
    /// Taken as it was.
    pub fn taken(found: &'f Found, local: Uuid) -> Self {
        Self { found, local: Some(local), reason: String::new(), keep: String::new(), amount: 0 }
    }

    /// Not taken.
    pub fn failed(found: &'f Found, reason: impl Into<String>) -> Self {
        Self { found, local: None, reason: reason.into(), keep: String::new(), amount: 0 }
    }
}

/// Notes what became of things of one kind. Those that are settled already stay as they are.
pub async fn settle(tx: &WriteTx, import: &Import, kind: Kind, settled: &[Settled<'_>]) -> Result<(), Fault> {
    let sql = "with new as (select * from unnest($4::text[], $5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::bytea[]) as n (source_id, local_id, reason, keep, amount, fingerprint)), \
        changed as (update import_items i set state = case when n.local_id = $10 then 'failed' else 'taken' end, reason = n.reason, payload = n.keep \
            from new n where i.import_id = $1 and i.kind = $3 and i.source_id = n.source_id and i.state = 'waiting' returning i.source_id, i.state), \
        origin as (insert into import_origins (source, kind, source_id, local_id, fingerprint) \
            select $2, $3, n.source_id, n.local_id, n.fingerprint from new n join changed c on c.source_id = n.source_id where n.local_id <> $10 \
            on conflict (source, kind, source_id) do update set local_id = excluded.local_id, fingerprint = excluded.fingerprint) \
        update import_counts set taken = taken + (select count(*) from changed where state = 'taken'), failed = failed + (select count(*) from changed where state = 'failed'), \
            amount = amount + (select coalesce(sum(n.amount), 0)::bigint from new n join changed c on c.source_id = n.source_id) where import_id = $1 and kind = $3";
    let values = vec![
        import.id.uuid().into(),
        import.source.clone().into(),
        kind.as_str().into(),
        settled.iter().map(|one| one.found.source_id.clone()).collect::<Vec<_>>().into(),
        settled.iter().map(|one| one.local.unwrap_or(Uuid::nil())).collect::<Vec<_>>().into(),
        settled.iter().map(|one| one.reason.clone()).collect::<Vec<_>>().into(),
        settled.iter().map(|one| one.keep.clone()).collect::<Vec<_>>().into(),
        settled.iter().map(|one| one.amount).collect::<Vec<_>>().into(),
        settled.iter().map(|one| one.found.fingerprint.clone()).collect::<Vec<_>>().into(),
        Uuid::nil().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// The labels of what was found of a kind.
pub async fn labels<C: Connection>(tx: &C, import: ImportId, kind: Kind) -> Result<Vec<String>, Fault> {
    let rows = tx.rows("select label from import_items where import_id = $1 and kind = $2", vec![import.uuid().into(), kind.as_str().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Notes what one thing of the source is here, before all of it was taken.
pub async fn note_origin(tx: &WriteTx, source: &str, kind: Kind, source_id: &str, local: Uuid) -> Result<(), Fault> {
    let sql = "insert into import_origins (source, kind, source_id, local_id, fingerprint) values ($1, $2, $3, $4, '') \
        on conflict (source, kind, source_id) do update set local_id = excluded.local_id";
    tx.run(sql, vec![source.into(), kind.as_str().into(), source_id.into(), local.into()]).await?;
    Ok(())
}

/// What things of the source are here.
pub async fn origins<C: Connection>(tx: &C, source: &str, kind: Kind, source_ids: &[String]) -> Result<HashMap<String, Uuid>, Fault> {
    let sql = "select source_id, local_id from import_origins where source = $1 and kind = $2 and source_id = any($3)";
    let rows = tx.rows(sql, vec![source.into(), kind.as_str().into(), source_ids.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// How far several imports are.
pub async fn counts<C: Connection>(tx: &C, imports: &[ImportId]) -> Result<HashMap<ImportId, Vec<Count>>, Fault> {
    let sql = "select import_id, kind, found, taken, unchanged, failed, amount from import_counts where import_id = any($1)";
    let ids: Vec<Uuid> = imports.iter().map(|import| import.uuid()).collect();
    let mut counts: HashMap<ImportId, Vec<Count>> = HashMap::new();
    for row in tx.rows(sql, vec![ids.into()]).await? {
        let kind: String = row.try_get_by_index(1)?;
        let Some(kind) = Kind::parse(&kind) else { continue };
        counts.entry(ImportId::from_uuid(row.try_get_by_index(0)?)).or_default().push(Count {
            kind,
            found: row.try_get_by_index(2)?,
            taken: row.try_get_by_index(3)?,
            unchanged: row.try_get_by_index(4)?,
            failed: row.try_get_by_index(5)?,
            amount: row.try_get_by_index(6)?,
        });
    }
    Ok(counts)
}

/// What could not be taken, or not as a whole, after the one a cursor names.
pub async fn problems<C: Connection>(tx: &C, import: ImportId, after: Option<(Kind, &str)>, limit: u64) -> Result<Vec<Problem>, Fault> {
    let sql = "select kind, source_id, label, reason from import_items where import_id = $1 and reason <> '' and (kind, source_id) > ($2, $3) order by kind, source_id limit $4";
    let (kind, source_id) = after.map_or(("", ""), |(kind, id)| (kind.as_str(), id));
    let read = |row: &QueryResult| {
        let kind: String = row.try_get_by_index(0)?;
        let kind = Kind::parse(&kind).ok_or_else(|| DbErr::Type(format!("unknown kind {kind}")))?;
        Ok(Problem { kind, source_id: row.try_get_by_index(1)?, label: row.try_get_by_index(2)?, reason: row.try_get_by_index(3)? })
    };
    let rows = tx.rows(sql, vec![import.uuid().into(), kind.into(), source_id.into(), limit.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

pub async fn problem_count<C: Connection>(tx: &C, import: ImportId) -> Result<u64, Fault> {
    let row = tx.row("select count(*) from import_items where import_id = $1 and reason <> ''", vec![import.uuid().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default().unsigned_abs())
}
