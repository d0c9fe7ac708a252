//! Creating, finding, changing and ending runs.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use shared::ids::{LoggedModelId, RunId};
use uuid::Uuid;

use super::{
    NewRun, ReadRuns, Run, RunChange, RunData, RunError, Status, Whole, WriteRuns,
    digest::{Logged, digest},
    log::{self, Batch},
    model::{MODELS_TAG, NOTE_TAG, TAG_VALUE_MAX, check_name},
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
        logged_models::{self, Direction, ModelLink},
        metrics::jobs::CompactMetrics,
    },
};

fn entry(action: &'static str, run: &Run) -> Entry {
    Entry::new(action, Subject::new("run", run.id, &run.name))
}

/// The entry that a new run is committed with.
pub fn created(run: &Run) -> Entry {
    entry("run.create", run).detail(json!({ "experiment": run.experiment_id }))
}

/// What became of what [`write`] was asked for, in the order asked.
pub struct Wrote {
    /// `NotFound`, `Conflict`.
    pub made: Vec<Result<Run, Fault>>,
    /// `Some` is the entry to commit with, for a run that has ended. `NotFound`, `Conflict`.
    pub logged: Vec<Result<Option<Entry>, Fault>>,
    /// With the entries to commit with. `NotFound`; `Conflict` for a removed run.
    pub changed: Vec<Result<(Run, Entry), Fault>>,
}

/// Writes new runs, which are settled, batches and changes, which are checked. Each stands or falls by itself: what fails leaves nothing, the others stay.
/// As a rule that is one statement; of several changes of one run each waits for the one before it, and batches as [`log::next_wave`] says.
///
/// # Errors
/// Of the whole: `Unavailable` or `Internal`.
pub async fn write(tx: &WriteTx, new: &[&NewRun], batches: &[&Batch], changes: &[(RunId, &RunChange)]) -> Result<Wrote, Fault> {
    let now = tx.now().timestamp_millis();
    let created_by = tx.actor().called();
    let begun: Vec<(RunId, &NewRun, i64)> = new.iter().map(|run| (RunId::from_uuid(Uuid::now_v7()), *run, run.started_ms.unwrap_or(now))).collect();
    let mut made = Vec::with_capacity(new.len());
    let mut logged: Vec<Option<Result<Option<Entry>, Fault>>> = batches.iter().map(|_| None).collect();
    let mut changed: Vec<Option<(Run, Vec<repo::Logs>)>> = changes.iter().map(|_| None).collect();
    let (mut later, mut compactions, mut first): (Vec<usize>, _, _) = ((0..changes.len()).collect(), Vec::new(), true);
    let alone = tx.is_alone();
    loop {
        let logs = log::next_wave(batches, |place| logged[place].is_none());
        let mut named = HashSet::new();
        // Changes come with the last batches, so that a run that ends does not shut out what arrived with its end.
        let rest = logged.iter().filter(|outcome| outcome.is_none()).count() > logs.len();
        let (now_changed, then): (Vec<usize>, Vec<usize>) = later.into_iter().partition(|place| !rest && named.insert(changes[*place].0));
        later = then;
        let writes = repo::Writes {
            new: if first { begun.clone() } else { Vec::new() },
            created_by: &created_by,
            batches: logs.iter().map(|place| batches[*place]).collect(),
            changes: now_changed.iter().map(|place| settled(changes[*place], now)).collect(),
        };
        if writes.new.is_empty() && writes.batches.is_empty() && writes.changes.is_empty() {
            break;
        }
        first = false;
        let mut written = repo::write(tx, &writes).await?;
        made.extend(begun.iter().zip(written.placed).map(|(begun, placed)| place(begun, placed, &created_by)));
        compactions.extend(log::follow(tx, &writes.batches, &written.logged).await?);
        for place in logs {
            logged[place] = Some(log::outcome(batches[place], &written.logged));
        }
        for place in now_changed {
            changed[place] = written.changed.remove(&changes[place].0);
        }
    }
    made.iter().flatten().for_each(|run| tx.announce(Topic::Experiment(run.experiment_id)));
    let (changed, due) = tell_changes(tx, changes, changed).await?;
    compactions.extend(due);
    match tx.enqueue_all(&compactions).await {
        // What was logged is committed; the next that is, or the run's end, asks for it again.
        Err(fault) if alone => tracing::warn!(%fault, "could not ask for a compaction"),
        outcome => outcome?,
    }
    let missing = || Err(Fault::internal("a batch without an outcome"));
    Ok(Wrote { made, logged: logged.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect(), changed })
}

/// A new run, where it went.
fn place((id, new, started_ms): &(RunId, &NewRun, i64), placed: Option<repo::Placed>, created_by: &str) -> Result<Run, Fault> {
    let placed = placed.ok_or_else(|| RunError::NoExperiment(new.experiment.to_string()))?;
    if placed.removed {
        return Err(RunError::ExperimentRemoved(new.experiment.to_string()).into());
    }
    Ok(Run {
        id: *id,
        experiment_id: placed.experiment,
        in_default: placed.is_default,
        name: new.name.clone(),
        user: new.user.clone(),
        created_by: created_by.to_owned(),
        status: Status::Running,
        started_ms: *started_ms,
        ended_ms: None,
        removed: false,
        revision: 0,
    })
}

/// A change as it is written: one that ends a run says when, and asks what the run logged.
fn settled((id, change): (RunId, &RunChange), now: i64) -> (RunId, RunChange, bool) {
    let ends = ends(change);
    (id, RunChange { ended_ms: change.ended_ms.or(ends.then_some(now)), ..change.clone() }, ends)
}

/// One run, removed ones too.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadRuns>, id: RunId) -> Result<Run, Fault> {
    Ok(repo::find_many(grant.read().await?, &[id.uuid()]).await?.pop().ok_or_else(|| RunError::missing(id))?)
}

/// One run with all that it logged and that hangs on it, in one statement.
///
/// # Errors
/// `NotFound`.
pub async fn get_whole(grant: Grant<'_, ReadRuns>, id: RunId) -> Result<(Run, Whole), Fault> {
    Ok(repo::find_whole(grant.read().await?, id.uuid()).await?.ok_or_else(|| RunError::missing(id))?)
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
    repo::data(grant.read().await?, &uuids(ids)).await
}

/// The same with the datasets and models that hang on them, in one statement.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn whole(grant: Grant<'_, ReadRuns>, ids: &[RunId]) -> Result<Whole, Fault> {
    repo::whole(grant.read().await?, &uuids(ids)).await
}

/// Changes a run. A status that ends it is entered with the digest of what it logged.
///
/// # Errors
/// `Invalid` for what breaks a rule; `NotFound`; `Conflict` for a removed run.
pub async fn update(grant: Grant<'_, WriteRuns>, id: RunId, change: RunChange) -> Result<Run, Fault> {
    change.check()?;
    let tx = grant.begin().await?;
    let outcome = write(&tx, &[], &[], &[(id, &change)]).await?.changed.into_iter().next();
    let (run, entry) = outcome.unwrap_or_else(|| Err(Fault::internal("a change without an outcome")))?;
    tx.commit(entry).await?;
    Ok(run)
}

/// What became of changes, with their entries, and the curves that are worth compacting.
async fn tell_changes(
    tx: &WriteTx,
    changes: &[(RunId, &RunChange)],
    runs: Vec<Option<(Run, Vec<repo::Logs>)>>,
) -> Result<(Vec<Result<(Run, Entry), Fault>>, Vec<CompactMetrics>), Fault> {
    let refused: Vec<RunId> = changes.iter().zip(&runs).filter(|(_, run)| run.is_none()).map(|((id, _), _)| *id).collect();
    let refusals = if refused.is_empty() { HashMap::new() } else { refusals(tx, &refused).await? };
    let (mut done, mut compactions) = (Vec::with_capacity(changes.len()), Vec::new());
    for ((id, change), run) in changes.iter().zip(runs) {
        tx.announce(Topic::Run(*id));
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
    Ok((done, compactions))
}

fn ends(change: &RunChange) -> bool {
    change.status.is_some_and(Status::is_terminal)
}

/// Counts a write to a run, which has to be there; its row is locked until the transaction ends.
async fn touch(tx: &WriteTx, id: RunId) -> Result<Run, Fault> {
    let writes = repo::Writes { changes: vec![(id, RunChange::default(), false)], ..Default::default() };
    match repo::write(tx, &writes).await?.changed.remove(&id) {
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
    let run = touch(&tx, id).await?;
    if models.is_empty() {
        return Ok(());
    }
    let links: Vec<ModelLink> =
        models.iter().map(|(model, step)| ModelLink { run: id, model: *model, direction: Direction::Output, step: *step }).collect();
    logged_models::link(&tx, &links).await?;
    let made: Vec<_> = models.iter().map(|(model, step)| json!({ "model": model, "step": step })).collect();
    tx.commit(entry("run.log_outputs", &run).detail(json!({ "models": made }))).await
}

/// Appends to what clients of MLflow 2 say of a run's models beside the files: a list in a tag.
///
/// # Errors
/// `Invalid` for what is no JSON object, and for a list that a tag does not hold; `NotFound`; `Conflict` for a removed run.
pub async fn add_model(grant: Grant<'_, WriteRuns>, id: RunId, model: &str) -> Result<(), Fault> {
    let model: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(model).map_err(|_| Fault::invalid("model_json", "The model is not described by an object of JSON."))?;
    let tx = grant.begin().await?;
    let run = touch(&tx, id).await?;
    let known = repo::pairs_of(&tx, &[id.uuid()], &[], &[MODELS_TAG.to_owned()]).await?;
    let mut models: Vec<serde_json::Value> = known.first().and_then(|pair| serde_json::from_str(&pair.value).ok()).unwrap_or_default();
    models.push(model.into());
    let list = serde_json::Value::from(models).to_string();
    if list.chars().count() > TAG_VALUE_MAX {
        return Err(Fault::invalid("model_json", format!("The models of a run are described with at most {TAG_VALUE_MAX} characters in all.")));
    }
    let mut batch = Batch::of(id);
    batch.tags.push((MODELS_TAG.to_owned(), list));
    batch.check()?;
    write(&tx, &[], &[&batch], &[]).await?.logged.into_iter().collect::<Result<Vec<_>, _>>()?;
    tx.commit(entry("run.tag", &run).detail(json!({ "key": MODELS_TAG }))).await
}

/// Sets a tag on behalf of a person: with an entry, whether the run goes on or not.
///
/// # Errors
/// `Invalid`; `NotFound`; `Conflict` for a removed run.
pub async fn set_tag(grant: Grant<'_, WriteRuns>, id: RunId, key: &str, value: &str) -> Result<Run, Fault> {
    set_tags(grant, &[id], key, value).await?.pop().ok_or_else(|| RunError::missing(id).into())
}

/// The same for several runs, each with its entry; all of them or none.
///
/// # Errors
/// `Invalid`; `NotFound`; `Conflict` for a removed run; `LimitExceeded`.
pub async fn set_tags(grant: Grant<'_, WriteRuns>, ids: &[RunId], key: &str, value: &str) -> Result<Vec<Run>, Fault> {
    if ids.len() > RUNS_MAX {
        return Err(RunError::TooMany { what: "runs", most: RUNS_MAX, got: ids.len() }.into());
    }
    let once: std::collections::BTreeSet<RunId> = ids.iter().copied().collect();
    let batch = |id| {
        let mut batch = Batch::of(id);
        batch.tags.push((key.to_owned(), value.to_owned()));
        batch.check().map(|()| batch)
    };
    let batches = once.into_iter().map(batch).collect::<Result<Vec<_>, _>>()?;
    let tx = grant.begin().await?;
    write(&tx, &[], &batches.iter().collect::<Vec<_>>(), &[]).await?.logged.into_iter().collect::<Result<Vec<_>, _>>()?;
    let runs = repo::find_many(&tx, &uuids(ids)).await?;
    let entries: Vec<Entry> = runs.iter().map(|run| entry("run.tag", run).detail(json!({ "key": key }))).collect();
    if !entries.is_empty() {
        tx.commit_all(entries).await?;
    }
    Ok(runs)
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
