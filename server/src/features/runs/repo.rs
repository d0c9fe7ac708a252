//! The statements of runs, params and tags.

mod facets;
pub mod held;
mod logged;
mod search;

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DbErr, QueryResult, Value};
use shared::ids::{ExperimentId, RunId};
use uuid::Uuid;

use super::{
    NewRun, Run, RunChange, RunError, Status,
    log::Batch,
    model::{NAME_TAG, fingerprint, param_set},
};
use crate::{
    access::{ActorKind, Connection, Sql, WriteTx},
    fault::Fault,
    features::metrics::{Appended, Part},
};

pub use facets::facets;
pub use logged::{data, find_whole, whole};
pub use search::{count, search, search_newest};

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

/// Those of the runs that a service account started.
pub async fn of_services<C: Connection>(tx: &C, ids: &[Uuid]) -> Result<Vec<RunId>, Fault> {
    let rows = tx.rows("select id from runs where id = any($1) and by_service", vec![ids.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(RunId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// Where a new run went.
pub struct Placed {
    pub experiment: ExperimentId,
    pub is_default: bool,
    pub removed: bool,
}

/// What is written in one statement: runs that begin, what is logged, and changes. Each is written as if the others were not there.
#[derive(Default)]
pub struct Writes<'a> {
    /// New runs with their ids and the times they started, and who makes them.
    pub new: Vec<(RunId, &'a NewRun, i64)>,
    pub created_by: &'a str,
    /// No run comes in two batches when params are among them.
    pub batches: Vec<&'a Batch>,
    /// Each run once, with whether to answer what it logged.
    pub changes: Vec<(RunId, RunChange, bool)>,
}

/// What became of [`Writes`].
#[derive(Default)]
pub struct Written {
    /// In the order of the new runs. `None`: the experiment does not exist; one that is removed takes none.
    pub placed: Vec<Option<Placed>>,
    /// Runs that do not exist are left out.
    pub logged: HashMap<RunId, Logged>,
    /// Runs that do not exist or are removed are left out.
    pub changed: HashMap<RunId, (Run, Vec<Logs>)>,
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

/// The functions of `migrations/tenant`, one after the other; their newest texts are in `0030_service_accounts.sql`, `0038_fewer_statements.sql` and `0023_similar_runs.sql`.
const WRITE: &str = "select * from {schema}.create_runs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $38) \
    union all select * from {schema}.log_to_runs($1, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31) \
    union all select * from {schema}.change_runs($32, $33, $34, $35, $36, $37)";
/// The columns of `run_act` that every row of a finished run is read by.
const ID: usize = 1;
const PIECE: usize = 12;
const KEY: usize = 13;
const VALUE: usize = 14;
const DATA: usize = 15;
/// What most calls are: nothing begins and nothing ends.
const LOG: &str =
    "select * from {schema}.log_to_runs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";

pub async fn write(tx: &WriteTx, writes: &Writes<'_>) -> Result<Written, Fault> {
    let mut counts: BTreeMap<RunId, i64> = BTreeMap::new();
    writes.batches.iter().for_each(|batch| *counts.entry(batch.run).or_default() += 1);
    let only_logs = writes.new.is_empty() && writes.changes.is_empty();
    let mut values = vec![tx.now().into()];
    if !only_logs {
        values.push(writes.created_by.into());
        values.extend(new_runs(&writes.new));
    }
    values.extend([counts.keys().map(|run| run.uuid()).collect::<Vec<_>>().into(), counts.values().copied().collect::<Vec<_>>().into()]);
    values.extend(logs(&writes.batches)?);
    if only_logs {
        values.push(tx.is_alone().into());
    } else {
        values.extend(changes(&writes.changes));
        values.push((tx.actor().kind == ActorKind::Service).into());
    }
    let mut written = Written::default();
    for row in &tx.rows(if only_logs { LOG } else { WRITE }, values).await? {
        let act: String = row.try_get_by_index(0)?;
        match act.as_str() {
            "created" => written.placed.push(Placed::read(row)?),
            "logged" => written.read_logged(row, &counts, &writes.batches)?,
            _ => written.read_changed(row)?,
        }
    }
    Ok(written)
}

/// The columns of new runs and of their tags.
fn new_runs(runs: &[(RunId, &NewRun, i64)]) -> [Value; 10] {
    let mut tags: Vec<(Uuid, &str, &str)> = Vec::new();
    for (id, run, _) in runs {
        let last: BTreeMap<&str, &str> = run.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        tags.extend(last.into_iter().map(|(key, value)| (id.uuid(), key, value)));
    }
    let [tag_runs, tag_keys, tag_values] = tag_columns(&tags);
    [
        column(runs, |(id, ..)| id.uuid()),
        column(runs, |(_, run, _)| run.experiment.id().map_or(Uuid::nil(), ExperimentId::uuid)),
        column(runs, |(_, run, _)| run.name.clone()),
        column(runs, |(_, run, _)| run.user.clone()),
        column(runs, |(.., started)| *started),
        column(runs, |(_, run, _)| run.reach.is_whole()),
        column(runs, |(_, run, _)| run.reach.project().unwrap_or_default()),
        tag_runs,
        tag_keys,
        tag_values,
    ]
}

/// The columns of params, tags, batches of points and latest values.
fn logs(batches: &[&Batch]) -> Result<[Value; 17], Fault> {
    let mut params: Vec<(Uuid, String, i64)> = Vec::new();
    let mut tags: HashMap<(Uuid, &str), &str> = HashMap::new();
    for batch in batches {
        let run = batch.run.uuid();
        if !batch.params.is_empty() {
            params.push((run, param_set(&batch.params)?, fingerprint(&batch.params)));
        }
        // One statement changes a row once: of a key that comes twice the last value counts.
        tags.extend(batch.tags.iter().map(|(key, value)| ((run, key.as_str()), value.as_str())));
    }
    let tags: Vec<(Uuid, &str, &str)> = tags.into_iter().map(|((run, key), value)| (run, key, value)).collect();
    let [tag_runs, tag_keys, tag_values] = tag_columns(&tags);
    let packed = batches.iter().filter_map(|batch| Some((batch.run, batch.packed.as_ref()?)));
    let Appended { batches: appended, latest } = Appended::of(packed);
    Ok([
        column(&params, |(run, ..)| *run),
        column(&params, |(_, set, _)| set.clone()),
        column(&params, |(.., mark)| *mark),
        tag_runs,
        tag_keys,
        tag_values,
        column(&appended, |(run, ..)| run.uuid()),
        column(&appended, |(_, points, _)| *points),
        column(&appended, |(.., data)| data.clone()),
        column(&latest, |(run, _)| run.uuid()),
        column(&latest, |(_, one)| one.key.clone()),
        column(&latest, |(_, one)| one.point.value),
        column(&latest, |(_, one)| one.point.step),
        column(&latest, |(_, one)| one.point.at_ms),
        column(&latest, |(_, one)| one.count),
        column(&latest, |(_, one)| one.low.unwrap_or(f64::NAN)),
        column(&latest, |(_, one)| one.high.unwrap_or(f64::NAN)),
    ])
}

fn changes(changes: &[(RunId, RunChange, bool)]) -> [Value; 6] {
    let mut changes: Vec<&(RunId, RunChange, bool)> = changes.iter().collect();
    changes.sort_unstable_by_key(|(id, ..)| *id);
    [
        column(&changes, |(id, ..)| id.uuid()),
        column(&changes, |(_, change, _)| change.status.map_or("", Status::as_str).to_owned()),
        column(&changes, |(_, change, _)| change.ended_ms.unwrap_or(-1)),
        column(&changes, |(_, change, _)| change.name.clone().unwrap_or_default()),
        column(&changes, |(.., ends)| *ends),
        NAME_TAG.into(),
    ]
}

fn tag_columns(tags: &[(Uuid, &str, &str)]) -> [Value; 3] {
    [column(tags, |tag| tag.0), column(tags, |tag| tag.1.to_owned()), column(tags, |tag| tag.2.to_owned())]
}

fn column<T, V>(rows: &[T], pick: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(pick).collect::<Vec<V>>().into()
}

impl Placed {
    fn read(row: &QueryResult) -> Result<Option<Self>, DbErr> {
        let experiment: Option<Uuid> = row.try_get("", "experiment_id")?;
        let Some(experiment) = experiment else { return Ok(None) };
        Ok(Some(Self {
            experiment: ExperimentId::from_uuid(experiment),
            is_default: row.try_get("", "is_default")?,
            removed: row.try_get("", "removed")?,
        }))
    }
}

impl Written {
    fn read_logged(&mut self, row: &QueryResult, counts: &BTreeMap<RunId, i64>, batches: &[&Batch]) -> Result<(), DbErr> {
        let id = RunId::from_uuid(row.try_get("", "id")?);
        let changed: Option<String> = row.try_get("", "piece_key")?;
        match (changed, self.logged.get_mut(&id)) {
            (Some(key), Some(run)) => {
                let sent = batches.iter().filter(|batch| batch.run == id).flat_map(|batch| &batch.params).rfind(|(sent, _)| *sent == key);
                let new = sent.map(|(_, value)| value.clone()).unwrap_or_default();
                run.refusal = Some(RunError::ParamChanged { run: id.hex(), key, old: row.try_get("", "piece_value")?, new });
            }
            _ => {
                let removed: bool = row.try_get("", "removed")?;
                let run = Logged {
                    name: row.try_get("", "name")?,
                    status: row.try_get("", "status")?,
                    revision: row.try_get("", "revision")?,
                    writes: counts.get(&id).copied().unwrap_or_default(),
                    refusal: removed.then(|| RunError::Removed(id.hex())),
                };
                self.logged.insert(id, run);
            }
        }
        Ok(())
    }

    fn read_changed(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let piece: Option<String> = row.try_get_by_index(PIECE)?;
        match piece {
            None => {
                let run = read(row)?;
                self.changed.insert(run.id, (run, Vec::new()));
            }
            Some(piece) => {
                let id = RunId::from_uuid(row.try_get_by_index(ID)?);
                if let Some((_, logs)) = self.changed.get_mut(&id) {
                    logs.push(Logs::read(&piece, row)?);
                }
            }
        }
        Ok(())
    }
}

/// Renames runs whose name tag was set.
pub async fn rename(tx: &WriteTx, names: &HashMap<RunId, &str>) -> Result<(), Fault> {
    let (ids, names): (Vec<Uuid>, Vec<String>) = names.iter().map(|(id, name)| (id.uuid(), (*name).to_owned())).unzip();
    tx.run("update runs r set name = n.name from unnest($1::uuid[], $2::text[]) as n (id, name) where r.id = n.id", vec![ids.into(), names.into()])
        .await?;
    Ok(())
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
    Params(BTreeMap<String, String>),
    Tag(String, String),
    Series(Part),
}

impl Logs {
    fn read(piece: &str, row: &QueryResult) -> Result<Self, DbErr> {
        Ok(match piece {
            "params" => {
                let text: String = row.try_get_by_index(VALUE)?;
                Self::Params(serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?)
            }
            "tag" => Self::Tag(row.try_get_by_index(KEY)?, row.try_get_by_index(VALUE)?),
            "chunk" => Self::Series(Part::Chunk(row.try_get_by_index(KEY)?, row.try_get_by_index(DATA)?)),
            _ => Self::Series(Part::Batch(row.try_get_by_index(DATA)?)),
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

/// The params and tags of many runs that have some keys.
pub async fn pairs_of<C: Connection>(tx: &C, ids: &[Uuid], params: &[String], tags: &[String]) -> Result<Vec<Pair>, Fault> {
    let sql = "select r.id, pair.* from unnest($1::uuid[]) as r (id) cross join lateral ( \
        select true, k.key, p.params ->> k.key from run_params p, unnest($2::text[]) as k (key) where p.run_id = r.id and p.params ? k.key \
        union all select false, key, value from run_tags where run_id = r.id and key = any($3) offset 0) pair (is_param, key, value)";
    Ok(tx.rows(sql, vec![ids.to_vec().into(), params.to_vec().into(), tags.to_vec().into()]).await?.iter().map(pair).collect::<Result<_, DbErr>>()?)
}

fn pair(row: &QueryResult) -> Result<Pair, DbErr> {
    Ok(Pair {
        run: RunId::from_uuid(row.try_get_by_index(0)?),
        is_param: row.try_get_by_index(1)?,
        key: row.try_get_by_index(2)?,
        value: row.try_get_by_index(3)?,
    })
}
