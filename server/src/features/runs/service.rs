//! Creating, finding, changing and ending runs.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::ids::{LoggedModelId, RunId};
use uuid::Uuid;

use super::{
    NewRun, ReadRuns, Run, RunChange, RunData, RunError, Status, WriteRuns,
    log::{self, Batch},
    model::{NOTE_TAG, check_name},
    repo,
};
use crate::{
    access::{
        Connection, Grant, Sql, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        experiments::maker,
        logged_models::{self, Direction, ModelLink},
        metrics::{self, LoggedSeries, jobs::CompactMetrics},
    },
};

fn entry(action: &'static str, run: &Run) -> Entry {
    Entry::new(action, Subject::new("run", run.id, &run.name))
}

/// The entry that a new run is committed with.
pub fn created(run: &Run) -> Entry {
    entry("run.create", run).detail(json!({ "experiment": run.experiment_id }))
}

/// Writes new runs, which are settled. Each stands or falls by itself.
///
/// # Errors
/// Of the whole: `Unavailable` or `Internal`. Of one run: `NotFound`, `Conflict`.
pub async fn apply(tx: &WriteTx, new: &[&NewRun]) -> Result<Vec<Result<Run, Fault>>, Fault> {
    let now = tx.now().timestamp_millis();
    let created_by = maker(tx.actor());
    let rows: Vec<(RunId, &NewRun, i64)> = new.iter().map(|run| (RunId::from_uuid(Uuid::now_v7()), *run, run.started_ms.unwrap_or(now))).collect();
    let placed = repo::insert(tx, &rows, &created_by).await?;
    let outcome = |((id, new, started_ms), placed): ((RunId, &NewRun, i64), Option<repo::Placed>)| {
        let placed = placed.ok_or_else(|| RunError::NoExperiment(new.experiment.to_string()))?;
        if placed.removed {
            return Err(RunError::ExperimentRemoved(new.experiment.to_string()).into());
        }
        Ok(Run {
            id,
            experiment_id: placed.experiment,
            in_default: placed.is_default,
            name: new.name.clone(),
            user: new.user.clone(),
            created_by: created_by.clone(),
            status: Status::Running,
            started_ms,
            ended_ms: None,
            removed: false,
            revision: 0,
        })
    };
    placed.iter().flatten().for_each(|placed| tx.announce(Topic::Experiment(placed.experiment)));
    Ok(rows.into_iter().zip(placed).map(outcome).collect())
}

/// One run, removed ones too.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadRuns>, id: RunId) -> Result<Run, Fault> {
    Ok(repo::find_many(grant.read().await?, &[id.uuid()]).await?.pop().ok_or_else(|| RunError::missing(id))?)
}

/// Several runs; those that do not exist are left out.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get_many(grant: Grant<'_, ReadRuns>, ids: &[RunId]) -> Result<Vec<Run>, Fault> {
    repo::find_many(grant.read().await?, &uuids(ids)).await
}

/// What several runs logged.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn data(grant: Grant<'_, ReadRuns>, ids: &[RunId]) -> Result<HashMap<RunId, RunData>, Fault> {
    let tx = grant.read().await?;
    let mut data = pairs(tx, ids).await?;
    for (run, list) in metrics::latest(tx, ids).await? {
        data.entry(run).or_default().metrics = list;
    }
    Ok(data)
}

async fn pairs<C: Connection>(tx: &C, ids: &[RunId]) -> Result<HashMap<RunId, RunData>, Fault> {
    let mut data: HashMap<RunId, RunData> = HashMap::new();
    for pair in repo::pairs(tx, &uuids(ids)).await? {
        data.entry(pair.run).or_default().add(pair);
    }
    Ok(data)
}

/// Changes a run. A status that ends it is entered with the digest of what it logged.
///
/// # Errors
/// `Invalid` for what breaks a rule; `NotFound`; `Conflict` for a removed run.
pub async fn update(grant: Grant<'_, WriteRuns>, id: RunId, change: RunChange) -> Result<Run, Fault> {
    change.check()?;
    let tx = grant.begin().await?;
    let outcome = change_all(&tx, &[(id, &change)]).await?.into_iter().next();
    let (run, entry) = outcome.unwrap_or_else(|| Err(Fault::internal("a change without an outcome")))?;
    tx.commit(entry).await?;
    Ok(run)
}

/// Changes runs; the changes are checked. Each stands or falls by itself and comes with its entry.
///
/// # Errors
/// Of the whole: `Unavailable` or `Internal`. Of one change: `NotFound`; `Conflict` for a removed run.
pub async fn change_all(tx: &WriteTx, changes: &[(RunId, &RunChange)]) -> Result<Vec<Result<(Run, Entry), Fault>>, Fault> {
    let now = tx.now().timestamp_millis();
    let changes: Vec<(RunId, RunChange)> = changes
        .iter()
        .map(|(id, change)| (*id, RunChange { ended_ms: change.ended_ms.or(ends(change).then_some(now)), ..RunChange::clone(change) }))
        .collect();
    let mut runs: Vec<Option<(Run, Vec<repo::Logs>)>> = changes.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..changes.len()).collect();
    while !left.is_empty() {
        // A statement changes a run once: of several changes of one run each waits for the one before it.
        let mut named = HashSet::new();
        let (wave, later): (Vec<usize>, Vec<usize>) = left.into_iter().partition(|place| named.insert(changes[*place].0));
        let rows: Vec<(RunId, &RunChange)> = wave.iter().map(|place| (changes[*place].0, &changes[*place].1)).collect();
        let mut changed = repo::update(tx, &rows, ends).await?;
        for place in wave {
            runs[place] = changed.remove(&changes[place].0);
        }
        left = later;
    }
    let refused: Vec<RunId> = changes.iter().zip(&runs).filter(|(_, run)| run.is_none()).map(|((id, _), _)| *id).collect();
    let refusals = if refused.is_empty() { HashMap::new() } else { refusals(tx, &refused).await? };
    let (mut done, mut compactions) = (Vec::with_capacity(changes.len()), Vec::new());
    for ((id, change), run) in changes.iter().zip(runs) {
        done.push(match run {
            None => Err(refusals.get(id).cloned().unwrap_or_else(|| RunError::missing(*id)).into()),
            Some((run, logs)) if ends(change) => {
                let (detail, worth_compacting) = digest(&run, &Logged::of(logs)?);
                if worth_compacting {
                    compactions.push(CompactMetrics { run: run.id, revision: run.revision });
                }
                let entry = entry("run.end", &run).detail(detail);
                Ok((run, entry))
            }
            Some((run, _)) => {
                let action = if change.status.is_some() { "run.update" } else { "run.rename" };
                let entry = entry(action, &run).detail(json!({ "status": run.status.as_str() }));
                Ok((run, entry))
            }
        });
    }
    changes.iter().for_each(|(id, _)| tx.announce(Topic::Run(*id)));
    tx.enqueue_all(&compactions).await?;
    Ok(done)
}

fn ends(change: &RunChange) -> bool {
    change.status.is_some_and(Status::is_terminal)
}

/// Counts a write to a run, which has to be there; its row is locked until the transaction ends.
async fn touch(tx: &WriteTx, id: RunId) -> Result<Run, Fault> {
    match repo::update(tx, &[(id, &RunChange::default())], ends).await?.remove(&id) {
        Some((run, _)) => {
            tx.announce(Topic::Run(id));
            Ok(run)
        }
        None => Err(refusals(tx, &[id]).await?.remove(&id).unwrap_or_else(|| RunError::missing(id)).into()),
    }
}

/// Why runs that exist could not be changed.
async fn refusals<C: Connection>(tx: &C, ids: &[RunId]) -> Result<HashMap<RunId, RunError>, Fault> {
    let removed = repo::find_many(tx, &uuids(ids)).await?;
    Ok(removed.into_iter().map(|run| (run.id, RunError::Removed(run.id.hex()))).collect())
}

/// What a run logged, for the entry that ends it.
#[derive(Default)]
struct Logged {
    pairs: RunData,
    series: LoggedSeries,
}

impl Logged {
    fn of(logs: Vec<repo::Logs>) -> Result<Self, Fault> {
        let mut all = Self::default();
        for piece in logs {
            match piece {
                repo::Logs::Param(key, value) => all.pairs.params.push((key, value)),
                repo::Logs::Tag(key, value) => all.pairs.tags.push((key, value)),
                repo::Logs::Series(part) => all.series.add(part)?,
            }
        }
        all.series.tidy();
        Ok(all)
    }
}

impl RunData {
    fn add(&mut self, pair: repo::Pair) {
        if pair.is_param { &mut self.params } else { &mut self.tags }.push((pair.key, pair.value));
    }
}

/// SHA-256 over what a run logged. Of params and then of tags: their number, and of each, by key, key and value, every text with its length before it; then
/// the series as [`LoggedSeries::digest`] says. Numbers are 64 bits, big-endian.
fn digest(run: &Run, Logged { pairs: data, series }: &Logged) -> (Value, bool) {
    let mut sum = Sha256::new();
    for list in [&data.params, &data.tags] {
        let mut list: Vec<&(String, String)> = list.iter().collect();
        // The database sorts by its own collation; the digest must not depend on it.
        list.sort_unstable();
        sum.update((list.len() as u64).to_be_bytes());
        for text in list.into_iter().flat_map(|(key, value)| [key, value]) {
            sum.update((text.len() as u64).to_be_bytes());
            sum.update(text.as_bytes());
        }
    }
    let logged = series.digest(&mut sum);
    let digest: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let detail = json!({
        "status": run.status.as_str(), "sha256": digest,
        "params": data.params.len(), "tags": data.tags.len(), "metrics": logged.keys, "points": logged.points,
    });
    (detail, logged.worth_compacting)
}

/// Removes runs. They can be restored. Those that are removed already stay so.
///
/// # Errors
/// `NotFound` when one does not exist; nothing has changed then.
pub async fn remove(grant: Grant<'_, WriteRuns>, ids: &[RunId]) -> Result<Vec<Run>, Fault> {
    set_removed(grant, ids, true).await
}

/// Restores removed runs. Those that are not removed stay so.
///
/// # Errors
/// `NotFound` when one does not exist; nothing has changed then.
pub async fn restore(grant: Grant<'_, WriteRuns>, ids: &[RunId]) -> Result<Vec<Run>, Fault> {
    set_removed(grant, ids, false).await
}

/// Most runs of one request.
const RUNS_MAX: usize = 1_000;

async fn set_removed(grant: Grant<'_, WriteRuns>, ids: &[RunId], removed: bool) -> Result<Vec<Run>, Fault> {
    if ids.len() > RUNS_MAX {
        return Err(RunError::TooMany { what: "runs", most: RUNS_MAX, got: ids.len() }.into());
    }
    let tx = grant.begin().await?;
    let changed = repo::set_removed(&tx, &uuids(ids), removed).await?;
    let mut by_id: HashMap<RunId, Run> = repo::find_many(&tx, &uuids(ids)).await?.into_iter().map(|run| (run.id, run)).collect();
    let action = if removed { "run.remove" } else { "run.restore" };
    changed.iter().for_each(|id| tx.announce(Topic::Run(*id)));
    let entries: Vec<Entry> = changed.iter().filter_map(|id| by_id.get(id)).map(|run| entry(action, run)).collect();
    let mut runs = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(run) = by_id.remove(id) {
            runs.push(run);
        } else if !runs.iter().any(|run: &Run| run.id == *id) {
            return Err(RunError::missing(*id).into());
        }
    }
    if !entries.is_empty() {
        tx.commit_all(entries).await?;
    }
    Ok(runs)
}

/// Removes a tag.
///
/// # Errors
/// `NotFound` for the run or the tag; `Conflict` for a removed run.
pub async fn remove_tag(grant: Grant<'_, WriteRuns>, id: RunId, key: &str) -> Result<Run, Fault> {
    let tx = grant.begin().await?;
    let run = touch(&tx, id).await?;
    if !repo::remove_tag(&tx, id, key).await? {
        return Err(RunError::NoSuchTag(id.hex(), key.chars().take(250).collect()).into());
    }
    tx.commit(entry("run.untag", &run).detail(json!({ "key": key }))).await?;
    Ok(run)
}

/// Ties logged models to the run that made them, each with the training step.
///
/// # Errors
/// `NotFound` for the run or a model; `Conflict` for a removed run. Nothing is stored then.
pub async fn outputs(grant: Grant<'_, WriteRuns>, id: RunId, models: &[(LoggedModelId, i64)]) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    touch(&tx, id).await?;
    let links: Vec<ModelLink> =
        models.iter().map(|(model, step)| ModelLink { run: id, model: *model, direction: Direction::Output, step: *step }).collect();
    logged_models::link(&tx, &links).await?;
    tx.commit_telemetry().await
}

/// Sets a tag on behalf of a person: with an entry, whether the run goes on or not.
///
/// # Errors
/// `Invalid`; `NotFound`; `Conflict` for a removed run.
pub async fn set_tag(grant: Grant<'_, WriteRuns>, id: RunId, key: &str, value: &str) -> Result<Run, Fault> {
    let mut batch = Batch::of(id);
    batch.tags.push((key.to_owned(), value.to_owned()));
    batch.check()?;
    let tx = grant.begin().await?;
    log::apply(&tx, &[&batch]).await?.into_iter().next().unwrap_or_else(|| Err(Fault::internal("a batch without an outcome")))?;
    let run = repo::find_many(&tx, &[id.uuid()]).await?.pop().ok_or_else(|| RunError::missing(id))?;
    tx.commit(entry("run.tag", &run).detail(json!({ "key": key }))).await?;
    Ok(run)
}

/// Sets the note of a run; the empty text removes it.
///
/// # Errors
/// `Invalid`; `NotFound`; `Conflict` for a removed run.
pub async fn note(grant: Grant<'_, WriteRuns>, id: RunId, note: &str) -> Result<Run, Fault> {
    set_tag(grant, id, NOTE_TAG, note).await
}

/// Renames a run.
///
/// # Errors
/// `Invalid` naming `name`; `NotFound`; `Conflict` for a removed run.
pub async fn rename(grant: Grant<'_, WriteRuns>, id: RunId, name: &str) -> Result<Run, Fault> {
    check_name(name)?;
    update(grant, id, RunChange { name: Some(name.to_owned()), ..RunChange::default() }).await
}

fn uuids(ids: &[RunId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
