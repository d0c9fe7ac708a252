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
    },
    fault::Fault,
    features::{
        logged_models::{Dataset, ModelMetric, record_metrics},
        metrics::{Append, Measurement, append, jobs},
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
        Self { run, params: Vec::new(), tags: Vec::new(), metrics: Vec::new(), links: Vec::new() }
    }

    /// Checks what needs no database; cuts long values.
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
        Ok(())
    }

    /// What the batch renames the run to.
    fn name(&self) -> Option<&str> {
        self.tags.iter().rev().find(|(key, _)| key == NAME_TAG).map(|(_, value)| value.as_str()).filter(|name| !name.is_empty())
    }
}

/// Stores batches, which are checked. Each stands or falls by itself: a batch that fails leaves nothing, the others stay. `Some` is the entry to commit
/// with, for a run that has ended.
///
/// # Errors
/// Of the whole: `Unavailable` or `Internal`. Of one batch: `NotFound`, `Conflict`.
pub async fn apply(tx: &WriteTx, batches: &[Batch]) -> Result<Vec<Result<Option<Entry>, Fault>>, Fault> {
    let mut outcomes: Vec<Option<Result<Option<Entry>, Fault>>> = batches.iter().map(|_| None).collect();
    let locked = repo::lock(tx, batches.iter().map(|batch| batch.run)).await?;
    for (batch, outcome) in batches.iter().zip(&mut outcomes) {
        *outcome = match locked.get(&batch.run) {
            None => Some(Err(RunError::missing(batch.run).into())),
            Some(run) if run.removed => Some(Err(RunError::Removed(batch.run.hex()).into())),
            Some(_) => None,
        };
    }
    // A wave has no two batches of one run when params are among them, so that a param's first value is there before the next is compared with it.
    loop {
        let (mut wave, mut seen) = (Vec::new(), HashMap::<RunId, bool>::new());
        for (place, batch) in batches.iter().enumerate().filter(|(place, _)| outcomes[*place].is_none()) {
            let params = !batch.params.is_empty();
            let before = seen.entry(batch.run).or_insert(false);
            if *before || params && wave.iter().any(|place: &usize| batches[*place].run == batch.run) {
                *before = true;
                continue;
            }
            *before = params;
            wave.push(place);
        }
        if wave.is_empty() {
            break;
        }
        let wave_batches: Vec<&Batch> = wave.iter().map(|place| &batches[*place]).collect();
        for (place, outcome) in wave.into_iter().zip(apply_wave(tx, &wave_batches).await?) {
            outcomes[place] =
                Some(outcome.map_err(Fault::from).map(|()| locked.get(&batches[place].run).and_then(|run| late_entry(&batches[place], run))));
        }
    }
    let due = locked.iter().filter(|(_, state)| state.revision / jobs::EVERY != state.revision_before / jobs::EVERY);
    let compactions: Vec<jobs::CompactMetrics> = due.map(|(run, state)| jobs::CompactMetrics { run: *run, revision: state.revision }).collect();
    tx.enqueue_all(&compactions).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(Fault::internal("a batch without an outcome")))).collect())
}

async fn apply_wave(tx: &WriteTx, batches: &[&Batch]) -> Result<Vec<Result<(), RunError>>, Fault> {
    let pairs = batches.iter().any(|batch| !batch.params.is_empty() || !batch.tags.is_empty());
    let changed = if pairs { repo::write_pairs(tx, batches).await? } else { HashMap::new() };
    let kept: Vec<&Batch> = batches.iter().enumerate().filter(|(place, _)| !changed.contains_key(place)).map(|(_, batch)| *batch).collect();
    let appends: Vec<Append<'_>> = kept.iter().map(|batch| Append { run: batch.run, measurements: &batch.metrics }).collect();
    append(tx, &appends).await?;
    let of_models: Vec<ModelMetric> = kept.iter().flat_map(|batch| model_metrics(batch)).collect();
    if !of_models.is_empty() {
        record_metrics(tx, &of_models).await?;
    }
    let names: HashMap<RunId, &str> = kept.iter().filter_map(|batch| Some((batch.run, batch.name()?))).collect();
    if !names.is_empty() {
        repo::rename(tx, &names).await?;
    }
    Ok((0..batches.len()).map(|place| changed.get(&place).map_or(Ok(()), |error| Err(error.clone()))).collect())
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
fn late_entry(batch: &Batch, run: &repo::Locked) -> Option<Entry> {
    let ended = Status::parse(&run.status).is_some_and(Status::is_terminal);
    let keys: HashSet<&str> =
        batch.params.iter().chain(&batch.tags).map(|(key, _)| key.as_str()).chain(batch.metrics.iter().map(|metric| metric.key.as_str())).collect();
    let mut keys: Vec<&str> = keys.into_iter().collect();
    keys.sort_unstable();
    let detail = json!({ "params": batch.params.len(), "tags": batch.tags.len(), "metrics": batch.metrics.len(), "keys": keys });
    ended.then(|| Entry::new("run.log", Subject::new("run", batch.run, &run.name)).detail(detail))
}
