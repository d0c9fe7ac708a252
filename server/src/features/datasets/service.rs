//! Logging and reading the inputs of runs.

use std::collections::HashMap;

use shared::ids::{LoggedModelId, RunId};

use super::{DatasetError, Input, LogDatasets, ReadDatasets, model, repo};
use crate::{
    access::Grant,
    fault::Fault,
    features::logged_models::{self, Direction, ModelLink},
};

/// Ties datasets and logged models to a run as its inputs.
///
/// # Errors
/// `Invalid` naming `datasets`; `LimitExceeded`; `NotFound` for the run or a model; `Conflict` for a removed run. Nothing is stored then.
pub async fn log(grant: Grant<'_, LogDatasets>, run: RunId, mut inputs: Vec<Input>, models: &[LoggedModelId]) -> Result<(), Fault> {
    model::settle(&mut inputs)?;
    let tx = grant.begin().await?;
    let experiment = match repo::lock_run(&tx, run).await? {
        Some((experiment, false)) => experiment,
        Some((_, true)) => return Err(DatasetError::RunRemoved(run).into()),
        None => return Err(DatasetError::RunMissing(run).into()),
    };
    if !inputs.is_empty() {
        repo::insert(&tx, run, experiment, &inputs).await?;
    }
    let links: Vec<ModelLink> = models.iter().map(|model| ModelLink { run, model: *model, direction: Direction::Input, step: 0 }).collect();
    if !links.is_empty() {
        logged_models::link(&tx, &links).await?;
    }
    tx.commit_telemetry().await
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
