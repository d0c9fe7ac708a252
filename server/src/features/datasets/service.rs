//! Logging and reading the inputs of runs.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{LoggedModelId, RunId};

use super::{DatasetError, Input, LogDatasets, ReadDatasets, model, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::logged_models::{self, Direction, ModelLink},
};

/// Datasets that an entry names; of more it says the number.
const NAMED_MAX: usize = 100;

/// Ties datasets and logged models to a run as its inputs.
///
/// # Errors
/// `Invalid` naming `datasets`; `LimitExceeded`; `NotFound` for the run or a model; `Conflict` for a removed run. Nothing is stored then.
pub async fn log(grant: Grant<'_, LogDatasets>, run: RunId, mut inputs: Vec<Input>, models: &[LoggedModelId]) -> Result<(), Fault> {
    model::settle(&mut inputs)?;
    let tx = grant.begin().await?;
    let found = repo::lock_run(&tx, run).await?.ok_or(DatasetError::RunMissing(run))?;
    if found.removed {
        return Err(DatasetError::RunRemoved(run).into());
    }
    if inputs.is_empty() && models.is_empty() {
        return Ok(());
    }
    if !inputs.is_empty() {
        repo::insert(&tx, run, found.experiment, &inputs).await?;
    }
    let links: Vec<ModelLink> = models.iter().map(|model| ModelLink { run, model: *model, direction: Direction::Input, step: 0 }).collect();
    if !links.is_empty() {
        logged_models::link(&tx, &links).await?;
    }
    let named: Vec<_> = inputs.iter().take(NAMED_MAX).map(|input| json!({ "name": input.name, "digest": input.digest })).collect();
    let entry = Entry::new("run.log_inputs", Subject::new("run", run, &found.name));
    tx.commit(entry.detail(json!({ "datasets": inputs.len(), "first": named, "models": models }))).await
}

/// The datasets of several runs, in the order they were logged.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_runs(grant: Grant<'_, ReadDatasets>, runs: &[RunId]) -> Result<HashMap<RunId, Vec<Input>>, Fault> {
    let mut lists: HashMap<RunId, Vec<Input>> = HashMap::new();
    let ids: Vec<_> = runs.iter().map(|run| run.uuid()).collect();
    for (run, input) in repo::of_runs(grant.read().await?, &ids).await? {
        lists.entry(run).or_default().push(input);
    }
    Ok(lists)
}
