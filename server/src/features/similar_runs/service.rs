//! Finding out whether a run was done before.

use std::collections::{BTreeSet, HashMap};

use shared::ids::{ExperimentId, RunId};

use super::{
    Best, Found, Similar,
    model::{best, differences},
    repo,
};
use crate::{
    access::{Grant, Scope},
    fault::Fault,
    features::{
        datasets::{self, Input},
        runs::{self, ReadRuns, RunData},
    },
};

/// Runs with the same params that are counted.
const COUNTED: i64 = 200;
/// Of those, the ones whose figures are looked at, and those that are named.
const READ: usize = 50;
const NAMED: usize = 10;
/// Runs with nearly the same params that are named.
const NEAR: i64 = 5;
const COMMIT_TAG: &str = "mlflow.source.git.commit";

/// Finished runs that are like a run of an experiment.
///
/// # Errors
/// `Forbidden`; `Unavailable` or `Internal`.
pub async fn similar(scope: &Scope, run: RunId, experiment: ExperimentId) -> Result<Found, Fault> {
    let grant: Grant<'_, ReadRuns> = scope.grant()?;
    let tx = grant.read().await?;
    let same = repo::same(tx, run, COUNTED).await?;
    let near = repo::near(tx, run, experiment, NEAR).await?;
    if same.is_empty() && near.is_empty() {
        return Ok(Found::default());
    }
    let read: Vec<RunId> = same.iter().take(READ).chain(&near).chain([&run]).copied().collect();
    let named: Vec<RunId> = same.iter().take(NAMED).chain(&near).chain([&run]).copied().collect();
    let data = runs::data(scope.grant()?, &read).await?;
    let inputs = datasets::of_runs(scope.grant()?, &named).await?;
    let told = |other: &RunId| tell(run, *other, &data, &inputs);
    let values: Vec<_> = same.iter().take(READ).filter_map(|id| Some((*id, values(data.get(id)?)))).collect();
    Ok(Found {
        same_count: same.len(),
        best: best(&values),
        near: near.iter().map(told).collect(),
        same: same.iter().take(NAMED).map(told).collect(),
    })
}

/// The run that came out best among the latest of an experiment that finished; `None`: none has a metric that is known to be better high or low.
///
/// # Errors
/// `Forbidden`; `Unavailable` or `Internal`.
pub async fn best_of_experiment(scope: &Scope, experiment: ExperimentId) -> Result<Option<Best>, Fault> {
    let grant: Grant<'_, ReadRuns> = scope.grant()?;
    let latest = repo::latest(grant.read().await?, experiment, READ as i64).await?;
    let data = runs::data(scope.grant()?, &latest).await?;
    let values: Vec<_> = latest.iter().filter_map(|id| Some((*id, values(data.get(id)?)))).collect();
    Ok(best(&values))
}

fn values(data: &RunData) -> Vec<(String, f64)> {
    data.metrics.iter().map(|metric| (metric.key.clone(), metric.point.value)).collect()
}

fn tell(run: RunId, other: RunId, data: &HashMap<RunId, RunData>, inputs: &HashMap<RunId, Vec<Input>>) -> Similar {
    let read = |id: RunId| {
        let names: BTreeSet<(&str, &str)> = inputs.get(&id).into_iter().flatten().map(|input| (input.name.as_str(), input.digest.as_str())).collect();
        Some(names).filter(|names| !names.is_empty())
    };
    let commit = |id: RunId| data.get(&id)?.tags.iter().find(|(key, _)| key == COMMIT_TAG).map(|(_, commit)| commit);
    let params = |id: RunId| data.get(&id).map(|data| data.params.as_slice()).unwrap_or_default();
    Similar {
        run: other,
        same_data: read(run).zip(read(other)).map(|(here, there)| here == there),
        same_commit: commit(run).zip(commit(other)).map(|(here, there)| here == there),
        differences: differences(params(run), params(other)),
    }
}
