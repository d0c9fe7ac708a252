//! The statements of metrics.

use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::RunId;
use uuid::Uuid;

use super::{
    codec,
    compaction::{Chunk, Span, Stored},
    model::Point,
    service::Appended,
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// The latest values of many runs under some keys.
pub async fn latest_of<C: Connection>(tx: &C, runs: &[Uuid], keys: &[String]) -> Result<Vec<(RunId, String, f64)>, Fault> {
    let sql = "select run_id, key, value from latest_metrics where run_id = any($1) and key = any($2)";
    let read = |row: &QueryResult| Ok((RunId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    Ok(tx.rows(sql, vec![runs.to_vec().into(), keys.to_vec().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// What is stored of a run: bytes of a chunk with its key, or of a batch.
pub enum Part {
    Chunk(String, Vec<u8>),
    Batch(Vec<u8>),
}

/// Chunks of the keys (of every key when `None`) whose steps meet the range, and all batches. One statement, so that a compaction that commits
/// meanwhile is seen as a whole or not at all.
pub async fn parts<C: Connection>(tx: &C, run: RunId, keys: Option<&[String]>, steps: (i64, i64)) -> Result<Vec<Part>, Fault> {
    let sql = "select * from (select key, data from metric_chunks where run_id = $1 and ($2::text[] is null or key = any($2)) and last_step >= $3 and first_step <= $4 order by key, ordinal) chunks \
        union all (select null, data from metric_batches where run_id = $1 order by id)";
    let values = vec![run.uuid().into(), keys.map(<[String]>::to_vec).into(), steps.0.into(), steps.1.into()];
    let read = |row: &QueryResult| {
        let (key, data): (Option<String>, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(match key {
            Some(key) => Part::Chunk(key, data),
            None => Part::Batch(data),
        })
    };
    Ok(tx.rows(sql, values).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Chunks of one key, and all batches, of several runs.
pub async fn parts_of_key<C: Connection>(tx: &C, runs: &[Uuid], key: &str) -> Result<Vec<(RunId, Part)>, Fault> {
    let sql = "select r.id, part.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        (select key, data from metric_chunks where run_id = r.id and key = $2 order by ordinal) union all (select null, data from metric_batches where run_id = r.id order by id) offset 0) part";
    parts_by_run(tx.rows(sql, vec![runs.to_vec().into(), key.into()]).await?)
}

/// All that is stored of several runs.
pub async fn parts_of_runs<C: Connection>(tx: &C, runs: &[Uuid]) -> Result<Vec<(RunId, Part)>, Fault> {
    let sql = "select r.id, part.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        (select key, data from metric_chunks where run_id = r.id order by key, ordinal) union all (select null, data from metric_batches where run_id = r.id order by id) offset 0) part";
    parts_by_run(tx.rows(sql, vec![runs.to_vec().into()]).await?)
}

/// The runs after one, and the bytes that are stored of each.
pub async fn weights<C: Connection>(tx: &C, after: Uuid, most: u64) -> Result<Vec<(RunId, i64)>, Fault> {
    let sql = "select r.id, coalesce((select sum(octet_length(data)) from metric_chunks where run_id = r.id), 0)::bigint \
        + coalesce((select sum(octet_length(data)) from metric_batches where run_id = r.id), 0)::bigint from runs r where r.id > $1 order by r.id limit $2";
    let rows = tx.rows(sql, vec![after.into(), most.into()]).await?;
    Ok(rows.iter().map(|row| Ok((RunId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// The key of a run after one.
pub async fn next_key<C: Connection>(tx: &C, run: RunId, after: &str) -> Result<Option<String>, Fault> {
    let row =
        tx.row("select key from latest_metrics where run_id = $1 and key > $2 order by key limit 1", vec![run.uuid().into(), after.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Some chunks of a key from an ordinal on.
pub async fn chunks_from<C: Connection>(tx: &C, run: RunId, key: &str, ordinal: i32, most: u64) -> Result<Vec<(i32, Vec<u8>)>, Fault> {
    let sql = "select ordinal, data from metric_chunks where run_id = $1 and key = $2 and ordinal >= $3 order by ordinal limit $4";
    let rows = tx.rows(sql, vec![run.uuid().into(), key.into(), ordinal.into(), most.into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

/// Some batches of a run after one.
pub async fn batches_after<C: Connection>(tx: &C, run: RunId, after: i64, most: u64) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    let sql = "select id, data from metric_batches where run_id = $1 and id > $2 order by id limit $3";
    let rows = tx.rows(sql, vec![run.uuid().into(), after.into(), most.into()]).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?)
}

fn parts_by_run(rows: Vec<QueryResult>) -> Result<Vec<(RunId, Part)>, Fault> {
    let read = |row: &QueryResult| {
        let (key, data): (Option<String>, Vec<u8>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let part = match key {
            Some(key) => Part::Chunk(key, data),
            None => Part::Batch(data),
        };
        Ok((RunId::from_uuid(row.try_get_by_index(0)?), part))
    };
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Lets one compaction of a run go on at a time, until the transaction ends.
pub async fn lock_compaction(tx: &WriteTx, run: RunId) -> Result<(), Fault> {
    tx.rows("select pg_advisory_xact_lock(hashtextextended($1::text, 7))", vec![run.uuid().into()]).await?;
    Ok(())
}

/// The oldest batches of a run.
pub async fn batches<C: Connection>(tx: &C, run: RunId, most: u64) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    let read = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    let rows = tx.rows("select id, data from metric_batches where run_id = $1 order by id limit $2", vec![run.uuid().into(), most.into()]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// What the chunks of the keys cover, in order.
pub async fn spans<C: Connection>(tx: &C, run: RunId, keys: &[String]) -> Result<Vec<(String, Span)>, Fault> {
    let read = |row: &QueryResult| {
        let points: i32 = row.try_get_by_index(2)?;
        Ok((
            row.try_get_by_index(0)?,
            Span { ordinal: row.try_get_by_index(1)?, points: usize::try_from(points).unwrap_or(0), last_step: row.try_get_by_index(3)? },
        ))
    };
    let sql = "select key, ordinal, points, last_step from metric_chunks where run_id = $1 and key = any($2) order by key, ordinal";
    Ok(tx.rows(sql, vec![run.uuid().into(), keys.to_vec().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Takes out the chunks of each key from an ordinal on.
pub async fn take_chunks(tx: &WriteTx, run: RunId, from: &[(String, i32)]) -> Result<Vec<Stored>, Fault> {
    let (keys, ordinals): (Vec<String>, Vec<i32>) = from.iter().cloned().unzip();
    let sql = "delete from metric_chunks c using unnest($2::text[], $3::int[]) as f (key, ordinal) where c.run_id = $1 and c.key = f.key and c.ordinal >= f.ordinal returning c.key, c.ordinal, c.data";
    let read = |row: &QueryResult| Ok(Stored { key: row.try_get_by_index(0)?, ordinal: row.try_get_by_index(1)?, data: row.try_get_by_index(2)? });
    Ok(tx.rows(sql, vec![run.uuid().into(), keys.into(), ordinals.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Writes chunks of one run or of several.
pub async fn insert_chunks(tx: &WriteTx, chunks: &[(RunId, Chunk)]) -> Result<(), Fault> {
    let ends = |pick: fn(&Point) -> i64| -> (Vec<i64>, Vec<i64>) {
        chunks.iter().filter_map(|(_, chunk)| Some((chunk.points.iter().map(pick).min()?, chunk.points.iter().map(pick).max()?))).unzip()
    };
    let (first_steps, last_steps) = ends(|point| point.step);
    let (first_times, last_times) = ends(|point| point.at_ms);
    let sql = "insert into metric_chunks (run_id, key, ordinal, points, first_step, last_step, first_ms, last_ms, data) \
        select * from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])";
    let values: Vec<Value> = vec![
        chunks.iter().map(|(run, _)| run.uuid()).collect::<Vec<_>>().into(),
        chunks.iter().map(|(_, chunk)| chunk.key.clone()).collect::<Vec<_>>().into(),
        chunks.iter().map(|(_, chunk)| chunk.ordinal).collect::<Vec<_>>().into(),
        chunks.iter().map(|(_, chunk)| i32::try_from(chunk.points.len()).unwrap_or(i32::MAX)).collect::<Vec<_>>().into(),
        first_steps.into(),
        last_steps.into(),
        first_times.into(),
        last_times.into(),
        chunks.iter().map(|(_, chunk)| codec::encode_chunk(&chunk.points)).collect::<Vec<_>>().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Adds batches to runs, moves their latest values on and raises their revisions, as `log_to_runs` does.
pub async fn append(tx: &WriteTx, appended: &Appended) -> Result<(), Fault> {
    let Appended { latest, batches } = appended;
    let runs: Vec<Uuid> = latest.iter().map(|(run, _)| run.uuid()).chain(batches.iter().map(|(run, ..)| run.uuid())).collect();
    tx.run("update runs set revision = revision + 1 where id = any($1)", vec![runs.into()]).await?;
    let sql = "insert into metric_batches (run_id, at, points, data) select b.id, $1, b.points, b.data from unnest($2::uuid[], $3::integer[], $4::bytea[]) as b (id, points, data)";
    let values: Vec<Value> = vec![
        tx.now().into(),
        batches.iter().map(|(run, ..)| run.uuid()).collect::<Vec<_>>().into(),
        batches.iter().map(|(_, points, _)| *points).collect::<Vec<_>>().into(),
        batches.iter().map(|(.., data)| data.clone()).collect::<Vec<_>>().into(),
    ];
    if !batches.is_empty() {
        tx.run(sql, values).await?;
    }
    let sql = "insert into latest_metrics as l (run_id, key, value, step, at_ms, count, low, high) \
        select n.id, n.key, n.value, n.step, n.at_ms, n.count, nullif(n.low, 'NaN'), nullif(n.high, 'NaN') \
        from unnest($1::uuid[], $2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bigint[], $7::float8[], $8::float8[]) as n (id, key, value, step, at_ms, count, low, high) \
        on conflict (run_id, key) do update set \
            count = l.count + excluded.count, low = least(l.low, excluded.low), high = greatest(l.high, excluded.high), \
            value = case when (excluded.step, excluded.at_ms, excluded.value) > (l.step, l.at_ms, l.value) then excluded.value else l.value end, \
            at_ms = case when (excluded.step, excluded.at_ms) > (l.step, l.at_ms) then excluded.at_ms else l.at_ms end, \
            step = greatest(l.step, excluded.step)";
    let values: Vec<Value> = vec![
        latest.iter().map(|(run, _)| run.uuid()).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.key.clone()).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.point.value).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.point.step).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.point.at_ms).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.count).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.low.unwrap_or(f64::NAN)).collect::<Vec<_>>().into(),
        latest.iter().map(|(_, one)| one.high.unwrap_or(f64::NAN)).collect::<Vec<_>>().into(),
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Replaces exactly these batches by one (or none).
pub async fn replace_batches(tx: &WriteTx, run: RunId, ids: &[i64], batch: Option<(i32, Vec<u8>)>) -> Result<(), Fault> {
    tx.run("delete from metric_batches where run_id = $1 and id = any($2)", vec![run.uuid().into(), ids.to_vec().into()]).await?;
    if let Some((points, data)) = batch {
        let sql = "insert into metric_batches (run_id, at, points, data) values ($1, $2, $3, $4)";
        tx.run(sql, vec![run.uuid().into(), tx.now().into(), points.into(), data.into()]).await?;
    }
    Ok(())
}
