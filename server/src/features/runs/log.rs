//! Logging: params, tags and metrics of many runs in few statements.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use shared::ids::{LoggedModelId, RunId};

use super::{
    RunError, Status,
    model::{NAME_TAG, check_params, check_tags},
    repo,
};
use crate::{
    access::{
        WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        logged_models::{Dataset, ModelMetric, record_metrics},
        metrics::{
            Measurement, Packed,
            jobs::{self, CompactMetrics},
        },
    },
};

/// Most metrics of one batch, and most of everything in one batch.
const METRICS_MAX: usize = 1_000;
/// Most params, and most tags, of one batch.
const PAIRS_MAX: usize = 100;

/// What one request logs to one run.
#[derive(Clone, Debug)]
pub struct Batch {
    pub run: RunId,
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub metrics: Vec<Measurement>,
    /// The metrics as they are stored, once they are checked: made by the thread that reads the request, not by the one that writes for all.
    pub packed: Option<Packed>,
    /// Metrics that also belong to a logged model, by their place in `metrics`.
    pub links: Vec<Link>,
}

/// A metric that was measured of a logged model.
#[derive(Clone, Debug)]
pub struct Link {
    pub metric: usize,
    pub model: LoggedModelId,
    pub dataset: Dataset,
}

impl Batch {
    /// A batch with nothing in it.
    pub fn of(run: RunId) -> Self {
        Self { run, params: Vec::new(), tags: Vec::new(), metrics: Vec::new(), packed: None, links: Vec::new() }
    }

    /// Checks what needs no database; cuts long values; packs the metrics.
    ///
    /// # Errors
    /// `Invalid` or `LimitExceeded`, as MLflow does.
    pub fn check(&mut self) -> Result<(), Fault> {
        let total = self.params.len() + self.tags.len() + self.metrics.len();
        for (what, most, got) in [
            ("metrics", METRICS_MAX, self.metrics.len()),
            ("params", PAIRS_MAX, self.params.len()),
            ("tags", PAIRS_MAX, self.tags.len()),
            ("metrics, params, and tags", METRICS_MAX, total),
        ] {
            if got > most {
                return Err(RunError::TooMany { what, most, got }.into());
            }
        }
        check_params(&mut self.params)?;
        check_tags(&mut self.tags)?;
        self.metrics.iter().try_for_each(Measurement::check)?;
        self.packed = Packed::of(&self.metrics);
        Ok(())
    }

    /// What the batch renames the run to.
    fn name(&self) -> Option<&str> {
        self.tags.iter().rev().find(|(key, _)| key == NAME_TAG).map(|(_, value)| value.as_str()).filter(|name| !name.is_empty())
    }
}

/// The places of batches that can be written together, of those that are left: no two of one run when params are among them, so that a param's first value
/// is there before the next is compared with it.
pub fn next_wave(batches: &[&Batch], left: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut wave = Vec::new();
    // Of a run in the wave: whether no other batch of it can join.
    let mut closed: HashMap<RunId, bool> = HashMap::new();
    for (place, batch) in batches.iter().enumerate().filter(|(place, _)| left(*place)) {
        let params = !batch.params.is_empty();
        if closed.get(&batch.run).is_some_and(|closed| *closed || params) {
            // Also what comes after it waits, so that nothing is overtaken.
            closed.insert(batch.run, true);
            continue;
        }
        closed.entry(batch.run).or_insert(params);
        wave.push(place);
    }
    wave
}

/// Whether batches are written together, and nothing but what they say follows from them for their runs.
pub fn is_one_write(batches: &[&Batch]) -> bool {
    next_wave(batches, |_| true).len() == batches.len() && batches.iter().all(|batch| batch.links.is_empty() && batch.name().is_none())
}

/// What follows from batches that were written: metrics of logged models, names of runs, and curves that are worth compacting.
pub async fn follow(tx: &WriteTx, batches: &[&Batch], logged: &HashMap<RunId, repo::Logged>) -> Result<Vec<CompactMetrics>, Fault> {
    let kept = || batches.iter().filter(|batch| logged.get(&batch.run).is_some_and(|run| run.refusal.is_none()));
    let of_models: Vec<ModelMetric> = kept().flat_map(|batch| model_metrics(batch)).collect();
    if !of_models.is_empty() {
        record_metrics(tx, &of_models).await?;
    }
    let names: HashMap<RunId, &str> = kept().filter_map(|batch| Some((batch.run, batch.name()?))).collect();
    if !names.is_empty() {
        repo::rename(tx, &names).await?;
    }
    logged.keys().for_each(|run| tx.announce(Topic::Run(*run)));
    let due = logged.iter().filter(|(_, run)| run.revision / jobs::EVERY != (run.revision - run.writes) / jobs::EVERY);
    Ok(due.map(|(run, state)| CompactMetrics { run: *run, revision: state.revision }).collect())
}

/// What became of a batch: `Some` is the entry to commit with, for a run that has ended.
pub fn outcome(batch: &Batch, logged: &HashMap<RunId, repo::Logged>) -> Result<Option<Entry>, Fault> {
    match logged.get(&batch.run) {
        None => Err(RunError::missing(batch.run).into()),
        Some(repo::Logged { refusal: Some(error), .. }) => Err(error.clone().into()),
        Some(run) => Ok(late_entry(batch, run)),
    }
}

fn model_metrics(batch: &Batch) -> impl Iterator<Item = ModelMetric> {
    batch.links.iter().filter_map(|link| {
        let Measurement { key, point } = batch.metrics.get(link.metric)?;
        Some(ModelMetric {
            model: link.model,
            run: batch.run,
            key: key.clone(),
            value: point.value,
            step: point.step,
            at_ms: point.at_ms,
            dataset: link.dataset.clone(),
        })
    })
}

/// What is logged to a run that has ended is not covered by the entry that ended it.
fn late_entry(batch: &Batch, run: &repo::Logged) -> Option<Entry> {
    let ended = Status::parse(&run.status).is_some_and(Status::is_terminal);
    let keys: HashSet<&str> =
        batch.params.iter().chain(&batch.tags).map(|(key, _)| key.as_str()).chain(batch.metrics.iter().map(|metric| metric.key.as_str())).collect();
    let mut keys: Vec<&str> = keys.into_iter().collect();
    keys.sort_unstable();
    let detail = json!({ "params": batch.params.len(), "tags": batch.tags.len(), "metrics": batch.metrics.len(), "keys": keys });
    ended.then(|| Entry::new("run.log", Subject::new("run", batch.run, &run.name)).detail(detail))
}
