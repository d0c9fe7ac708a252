//! The statements of runs, params and tags.

mod facets;
mod search;

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use super::{NewRun, Run, RunChange, RunError, Status, log::Batch, model::NAME_TAG};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        metrics::{Appended, Part},
    },
};

pub use facets::facets;
pub use search::{count, search};

fn read(row: &QueryResult) -> Result<Run, DbErr> {
    let status: String = row.try_get("", "status")?;
    Ok(Run {
        id: RunId::from_uuid(row.try_get("", "id")?),
        experiment_id: ExperimentId::from_uuid(row.try_get("", "experiment_id")?),
        in_default: row.try_get("", "is_default")?,
        name: row.try_get("", "name")?,
        user: row.try_get("", "user_name")?,
        created_by: row.try_get("", "created_by")?,
        status: Status::parse(&status).ok_or_else(|| DbErr::Type(format!("unknown status {status}")))?,
        started_ms: row.try_get("", "started_ms")?,
        ended_ms: row.try_get("", "ended_ms")?,
        removed: row.try_get("", "removed")?,
        revision: row.try_get("", "revision")?,
    })
}

pub async fn find_many<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<Run>, Fault> {
    let sql = "select r.id, r.experiment_id, e.is_default, r.name, r.user_name, r.created_by, r.status, r.started_ms, r.ended_ms, r.removed_at is not null as removed, r.revision \
        from runs r join experiments e on e.id = r.experiment_id where r.id = any($1)";
    Ok(tx.rows(sql, vec![ids.to_vec().into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// Where a new run went.
pub struct Placed {
    pub experiment: ExperimentId,
    pub is_default: bool,
    pub removed: bool,
}

/// Writes runs with their tags, in one statement. `None`: the experiment does not exist; one that is removed takes none.
pub async fn insert(tx: &WriteTx, runs: &[(RunId, &NewRun, i64)], created_by: &str) -> Result<Vec<Option<Placed>>, Fault> {
    let sql = "with new as (select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $11::bool[], $12::uuid[]) \
            with ordinality as n (id, experiment, name, user_name, started_ms, anywhere, project, place)), \
        placed as (select n.*, e.id as experiment_id, e.is_default, e.removed_at is not null as removed from new n \
            left join experiments e on e.id = coalesce(nullif(n.experiment, '00000000-0000-0000-0000-000000000000'), (select id from experiments where is_default)) \
            and (n.anywhere or e.project_id = coalesce(nullif(n.project, '00000000-0000-0000-0000-000000000000'), (select id from projects where is_default)))), \
        run as (insert into runs (id, experiment_id, name, user_name, created_by, status, started_ms, created_at) \
            select id, experiment_id, name, user_name, $6, 'RUNNING', started_ms, $7 from placed where experiment_id is not null and not removed returning id), \
        tag as (insert into run_tags (run_id, key, value) select t.* from unnest($8::uuid[], $9::text[], $10::text[]) as t (run_id, key, value) join run on run.id = t.run_id) \
        select experiment_id, is_default, removed from placed order by place";
    let mut tags: Vec<(Uuid, &str, &str)> = Vec::new();
    for (id, run, _) in runs {
        let last: std::collections::BTreeMap<&str, &str> = run.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        tags.extend(last.into_iter().map(|(key, value)| (id.uuid(), key, value)));
    }
    let nil = |experiment: ExperimentRef| experiment.id().map_or(Uuid::nil(), ExperimentId::uuid);
    let values: Vec<Value> = vec![
        runs.iter().map(|(id, ..)| id.uuid()).collect::<Vec<_>>().into(),
        runs.iter().map(|(_, run, _)| nil(run.experiment)).collect::<Vec<_>>().into(),
        runs.iter().map(|(_, run, _)| run.name.clone()).collect::<Vec<_>>().into(),
        runs.iter().map(|(_, run, _)| run.user.clone()).collect::<Vec<_>>().into(),
        runs.iter().map(|(.., started)| *started).collect::<Vec<_>>().into(),
        created_by.into(),
        tx.now().into(),
        tags.iter().map(|(id, ..)| *id).collect::<Vec<_>>().into(),
        tags.iter().map(|(_, key, _)| (*key).to_owned()).collect::<Vec<_>>().into(),
        tags.iter().map(|(.., value)| (*value).to_owned()).collect::<Vec<_>>().into(),
        runs.iter().map(|(_, run, _)| run.reach.is_whole()).collect::<Vec<_>>().into(),
        runs.iter().map(|(_, run, _)| run.reach.project().unwrap_or_default()).collect::<Vec<_>>().into(),
    ];
    let read = |row: &QueryResult| {
        let experiment: Option<Uuid> = row.try_get_by_index(0)?;
        let Some(experiment) = experiment else { return Ok(None) };
        Ok(Some(Placed { experiment: ExperimentId::from_uuid(experiment), is_default: row.try_get_by_index(1)?, removed: row.try_get_by_index(2)? }))
    };
    Ok(tx.rows(sql, values).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// What a run is after a write to it was counted. Its row is locked until the transaction ends.
pub struct Logged {
    pub name: String,
    pub status: String,
    pub revision: i64,
    /// Writes that were counted.
    pub writes: i64,
    /// Why nothing else was written.
    pub refusal: Option<RunError>,
}

/// Writes batches: counts them, and writes the params, tags and metrics of those whose run is there and whose params change none. Runs that do not exist are
/// left out. No run comes in two batches when params are among them.
pub async fn log(tx: &WriteTx, batches: &[&Batch], metrics: &Appended) -> Result<HashMap<RunId, Logged>, Fault> {
    let mut writes: BTreeMap<RunId, i64> = BTreeMap::new();
    let mut params: Vec<(Uuid, &str, &str)> = Vec::new();
    let mut tags: HashMap<(Uuid, &str), &str> = HashMap::new();
    for batch in batches {
        *writes.entry(batch.run).or_default() += 1;
        let run = batch.run.uuid();
        params.extend(batch.params.iter().map(|(key, value)| (run, key.as_str(), value.as_str())));
        // One statement changes a row once: of a key that comes twice the last value counts.
        tags.extend(batch.tags.iter().map(|(key, value)| ((run, key.as_str()), value.as_str())));
    }
    let tags: Vec<(Uuid, &str, &str)> = tags.into_iter().map(|((run, key), value)| (run, key, value)).collect();
    let pairs = |rows: &[(Uuid, &str, &str)]| -> [Value; 3] {
        [column(rows, |row| row.0), column(rows, |row| row.1.to_owned()), column(rows, |row| row.2.to_owned())]
    };
    let (latest, appended) = (&metrics.latest, &metrics.batches);
    let mut values =
        vec![tx.now().into(), writes.keys().map(|run| run.uuid()).collect::<Vec<_>>().into(), writes.values().copied().collect::<Vec<_>>().into()];
    values.extend(pairs(&params));
    values.extend(pairs(&tags));
    values.extend([
        column(appended, |(run, ..)| run.uuid()),
        column(appended, |(_, points, _)| *points),
        column(appended, |(.., data)| data.clone()),
    ]);
    values.extend([
        column(latest, |(run, _)| run.uuid()),
        column(latest, |(_, one)| one.key.clone()),
        column(latest, |(_, one)| one.point.value),
        column(latest, |(_, one)| one.point.step),
        column(latest, |(_, one)| one.point.at_ms),
        column(latest, |(_, one)| one.count),
        column(latest, |(_, one)| one.low.unwrap_or(f64::NAN)),
        column(latest, |(_, one)| one.high.unwrap_or(f64::NAN)),
    ]);
    let sql = "select * from log_to_runs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    let mut logged = HashMap::with_capacity(writes.len());
    for row in tx.rows(sql, values).await? {
        let id = RunId::from_uuid(row.try_get("", "run")?);
        let changed: Option<String> = row.try_get("", "changed_key")?;
        let removed: bool = row.try_get("", "is_removed")?;
        let run = logged.entry(id).or_insert(Logged {
            name: row.try_get("", "run_name")?,
            status: row.try_get("", "run_status")?,
            revision: row.try_get("", "new_revision")?,
            writes: writes.get(&id).copied().unwrap_or_default(),
            refusal: removed.then(|| RunError::Removed(id.hex())),
        });
        if let Some(key) = changed {
            run.refusal = Some(RunError::ParamChanged { run: id.hex(), key, old: row.try_get("", "old_value")?, new: row.try_get("", "new_value")? });
        }
    }
    Ok(logged)
}

fn column<T, V>(rows: &[T], pick: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(pick).collect::<Vec<V>>().into()
}

/// Renames runs whose name tag was set.
pub async fn rename(tx: &WriteTx, names: &HashMap<RunId, &str>) -> Result<(), Fault> {
    let (ids, names): (Vec<Uuid>, Vec<String>) = names.iter().map(|(id, name)| (id.uuid(), (*name).to_owned())).unzip();
    tx.run("update runs r set name = n.name from unnest($1::uuid[], $2::text[]) as n (id, name) where r.id = n.id", vec![ids.into(), names.into()])
        .await?;
    Ok(())
}

/// Changes runs, each named once; `ends` says of which to answer what they logged. Those that do not exist or are removed are left out.
pub async fn update(
    tx: &WriteTx,
    changes: &[(RunId, &RunChange)],
    ends: impl Fn(&RunChange) -> bool,
) -> Result<HashMap<RunId, (Run, Vec<Logs>)>, Fault> {
    let mut changes = changes.to_vec();
    changes.sort_unstable_by_key(|(id, _)| *id);
    let values = vec![
        column(&changes, |(id, _)| id.uuid()),
        column(&changes, |(_, change)| change.status.map_or("", Status::as_str).to_owned()),
        column(&changes, |(_, change)| change.ended_ms.unwrap_or(-1)),
        column(&changes, |(_, change)| change.name.clone().unwrap_or_default()),
        column(&changes, |(_, change)| ends(change)),
        NAME_TAG.into(),
    ];
    let mut runs: HashMap<RunId, (Run, Vec<Logs>)> = HashMap::with_capacity(changes.len());
    for row in &tx.rows("select * from change_runs($1, $2, $3, $4, $5, $6)", values).await? {
        let piece: Option<String> = row.try_get("", "piece")?;
        match piece {
            None => {
                let run = read(row)?;
                runs.insert(run.id, (run, Vec::new()));
            }
            Some(piece) => {
                let id = RunId::from_uuid(row.try_get("", "id")?);
                if let Some((_, logs)) = runs.get_mut(&id) {
                    logs.push(Logs::read(&piece, row)?);
                }
            }
        }
    }
    Ok(runs)
}

/// Removes or restores runs; those whose state changed, in the order of their ids.
pub async fn set_removed(tx: &WriteTx, ids: &[Uuid], removed: bool) -> Result<Vec<RunId>, Fault> {
    let sql = "with locked as (select id from runs where id = any($1) and (removed_at is null) = $2 order by id for no key update) \
        update runs r set removed_at = case when $2 then $3::timestamptz end, revision = r.revision + 1 from locked where r.id = locked.id returning r.id";
    let rows = tx.rows(sql, vec![ids.to_vec().into(), removed.into(), tx.now().into()]).await?;
    let mut ids = rows.iter().map(|row| row.try_get_by_index(0).map(RunId::from_uuid)).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

pub async fn remove_tag(tx: &WriteTx, id: RunId, key: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from run_tags where run_id = $1 and key = $2", vec![id.uuid().into(), key.into()]).await? > 0)
}

/// A stored piece of what a run logged; a series in parts.
pub enum Logs {
    Param(String, String),
    Tag(String, String),
    Series(Part),
}

impl Logs {
    fn read(piece: &str, row: &QueryResult) -> Result<Self, DbErr> {
        let (key, value) = ("piece_key", "piece_value");
        Ok(match piece {
            "param" => Self::Param(row.try_get("", key)?, row.try_get("", value)?),
            "tag" => Self::Tag(row.try_get("", key)?, row.try_get("", value)?),
            "chunk" => Self::Series(Part::Chunk(row.try_get("", key)?, row.try_get("", "piece_data")?)),
            _ => Self::Series(Part::Batch(row.try_get("", "piece_data")?)),
        })
    }
}

/// A param or tag of a run.
pub struct Pair {
    pub run: RunId,
    pub is_param: bool,
    pub key: String,
    pub value: String,
}

/// The params and tags of many runs, by key.
pub async fn pairs<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<Pair>, Fault> {
    let sql = "select r.id, pair.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        select true, key, value from run_params where run_id = r.id union all select false, key, value from run_tags where run_id = r.id offset 0) pair order by 1, 2, 3";
    let read = |row: &QueryResult| {
        Ok(Pair {
            run: RunId::from_uuid(row.try_get_by_index(0)?),
            is_param: row.try_get_by_index(1)?,
            key: row.try_get_by_index(2)?,
            value: row.try_get_by_index(3)?,
        })
    };
    Ok(tx.rows(sql, vec![ids.to_vec().into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}
