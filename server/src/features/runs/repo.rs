//! The statements of runs, params and tags.

mod search;

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use super::{NewRun, Run, RunChange, RunError, Status, log::Batch, model::NAME_TAG};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::experiments::ExperimentRef,
};

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
    let sql = "with new as (select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[]) with ordinality as n (id, experiment, name, user_name, started_ms, place)), \
        placed as (select n.*, e.id as experiment_id, e.is_default, e.removed_at is not null as removed from new n \
            left join experiments e on e.id = coalesce(nullif(n.experiment, '00000000-0000-0000-0000-000000000000'), (select id from experiments where is_default))), \
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
    ];
    let read = |row: &QueryResult| {
        let experiment: Option<Uuid> = row.try_get_by_index(0)?;
        let Some(experiment) = experiment else { return Ok(None) };
        Ok(Some(Placed { experiment: ExperimentId::from_uuid(experiment), is_default: row.try_get_by_index(1)?, removed: row.try_get_by_index(2)? }))
    };
    Ok(tx.rows(sql, values).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// A run whose row is locked until the transaction ends.
pub struct Locked {
    pub name: String,
    pub status: String,
    pub removed: bool,
    pub revision: i64,
    pub revision_before: i64,
}

/// Locks runs, in the order of their ids so that no two transactions wait for each other, and counts a write for each time a run is named.
pub async fn lock(tx: &WriteTx, runs: impl Iterator<Item = RunId>) -> Result<HashMap<RunId, Locked>, Fault> {
    let ids: Vec<Uuid> = runs.map(RunId::uuid).collect();
    let sql = "with wanted as (select id, count(*) as writes from unnest($1::uuid[]) as w (id) group by id), \
        locked as (select r.id from runs r join wanted using (id) order by r.id for no key update of r) \
        update runs r set revision = r.revision + w.writes from wanted w join locked using (id) where r.id = w.id \
        returning r.id, r.name, r.status, r.removed_at is not null, r.revision, r.revision - w.writes";
    let read = |row: &QueryResult| {
        let locked = Locked {
            name: row.try_get_by_index(1)?,
            status: row.try_get_by_index(2)?,
            removed: row.try_get_by_index(3)?,
            revision: row.try_get_by_index(4)?,
            revision_before: row.try_get_by_index(5)?,
        };
        Ok((RunId::from_uuid(row.try_get_by_index(0)?), locked))
    };
    Ok(tx.rows(sql, vec![ids.into()]).await?.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Writes the params and tags of batches whose runs are locked, in one statement. A batch that changes a param writes nothing and is returned, by its
/// place.
pub async fn write_pairs(tx: &WriteTx, batches: &[&Batch]) -> Result<HashMap<usize, RunError>, Fault> {
    let mut params: Vec<(i32, Uuid, &str, &str)> = Vec::new();
    let mut tags: HashMap<(Uuid, &str), (i32, &str)> = HashMap::new();
    for (place, batch) in (0_i32..).zip(batches) {
        let run = batch.run.uuid();
        params.extend(batch.params.iter().map(|(key, value)| (place, run, key.as_str(), value.as_str())));
        // One statement changes a row once: of a key that comes twice the last value counts.
        tags.extend(batch.tags.iter().map(|(key, value)| ((run, key.as_str()), (place, value.as_str()))));
    }
    let tags: Vec<(i32, Uuid, &str, &str)> = tags.into_iter().map(|((run, key), (place, value))| (place, run, key, value)).collect();
    let columns = |rows: &[(i32, Uuid, &str, &str)]| -> [Value; 4] {
        [
            rows.iter().map(|row| row.0).collect::<Vec<_>>().into(),
            rows.iter().map(|row| row.1).collect::<Vec<_>>().into(),
            rows.iter().map(|row| row.2.to_owned()).collect::<Vec<_>>().into(),
            rows.iter().map(|row| row.3.to_owned()).collect::<Vec<_>>().into(),
        ]
    };
    let sql = "with param as (select * from unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) as p (place, run_id, key, value)), \
        tag as (select * from unnest($5::int[], $6::uuid[], $7::text[], $8::text[]) as t (place, run_id, key, value)), \
        changed as materialized (select p.place, p.key, r.value as old, p.value as new from param p join run_params r on r.run_id = p.run_id and r.key = p.key where r.value <> p.value), \
        write_params as (insert into run_params (run_id, key, value) select run_id, key, value from param where place not in (select place from changed) on conflict do nothing), \
        write_tags as (insert into run_tags (run_id, key, value) select run_id, key, value from tag where place not in (select place from changed) \
            on conflict (run_id, key) do update set value = excluded.value) \
        select place, key, old, new from changed";
    let mut changed = HashMap::new();
    for row in tx.rows(sql, columns(&params).into_iter().chain(columns(&tags)).collect()).await? {
        let place: i32 = row.try_get_by_index(0)?;
        let place = usize::try_from(place).map_err(Fault::internal)?;
        let run = batches.get(place).map(|batch| batch.run.hex()).unwrap_or_default();
        let error = RunError::ParamChanged { run, key: row.try_get_by_index(1)?, old: row.try_get_by_index(2)?, new: row.try_get_by_index(3)? };
        changed.insert(place, error);
    }
    Ok(changed)
}

/// Renames runs whose name tag was set.
pub async fn rename(tx: &WriteTx, names: &HashMap<RunId, &str>) -> Result<(), Fault> {
    let (ids, names): (Vec<Uuid>, Vec<String>) = names.iter().map(|(id, name)| (id.uuid(), (*name).to_owned())).unzip();
    tx.run("update runs r set name = n.name from unnest($1::uuid[], $2::text[]) as n (id, name) where r.id = n.id", vec![ids.into(), names.into()])
        .await?;
    Ok(())
}

/// Changes runs, each named once, in one statement. Those that do not exist or are removed are left out.
pub async fn update(tx: &WriteTx, changes: &[(RunId, &RunChange)]) -> Result<HashMap<RunId, Run>, Fault> {
    let sql = "with wanted as (select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) as w (id, status, ended_ms, name)), \
        locked as (select r.id from runs r join wanted using (id) where r.removed_at is null order by r.id for no key update of r), \
        renamed as (insert into run_tags (run_id, key, value) select id, $5, name from wanted join locked using (id) where name <> '' \
            on conflict (run_id, key) do update set value = excluded.value) \
        update runs r set status = coalesce(nullif(w.status, ''), r.status), ended_ms = coalesce(nullif(w.ended_ms, -1), r.ended_ms), \
            name = coalesce(nullif(w.name, ''), r.name), revision = r.revision + 1 \
        from wanted w join locked using (id), experiments e where r.id = w.id and e.id = r.experiment_id \
        returning r.id, r.experiment_id, e.is_default, r.name, r.user_name, r.created_by, r.status, r.started_ms, r.ended_ms, r.removed_at is not null as removed, r.revision";
    let values = vec![
        changes.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>().into(),
        changes.iter().map(|(_, change)| change.status.map_or("", Status::as_str).to_owned()).collect::<Vec<_>>().into(),
        changes.iter().map(|(_, change)| change.ended_ms.unwrap_or(-1)).collect::<Vec<_>>().into(),
        changes.iter().map(|(_, change)| change.name.clone().unwrap_or_default()).collect::<Vec<_>>().into(),
        NAME_TAG.into(),
    ];
    let runs = tx.rows(sql, values).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(runs.into_iter().map(|run| (run.id, run)).collect())
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

/// A param or tag of a run.
pub struct Pair {
    pub run: RunId,
    pub is_param: bool,
    pub key: String,
    pub value: String,
}

/// The params and tags of many runs, by key.
pub async fn pairs<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<Pair>, Fault> {
    let sql = "select run_id, true, key, value from run_params where run_id = any($1) union all select run_id, false, key, value from run_tags where run_id = any($1) order by 1, 2, 3";
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
