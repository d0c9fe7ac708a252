//! Gathering what is known of a run.

use shared::{Permission, ids::RunId};

use super::{Facts, Recipe};
use crate::{
    access::Scope,
    fault::Fault,
    features::{
        artifacts::{self, Artifact, location::Owner},
        datasets,
        experiments::mlflow_id,
        runs,
    },
};

/// What was not committed, as [`super::MODULE`] logs it.
pub const DIFF: &str = "environment/uncommitted.diff";
/// Every package with its version, as the module logs it.
const LOCK: &str = "environment/requirements.txt";
/// What the client logs beside a model, in the model's own files or in the run's.
const OF_MODELS: [&str; 2] = ["requirements.txt", "model/requirements.txt"];

/// Files that say what a run ran with.
#[derive(Clone, Debug, Default)]
pub struct Files {
    pub diff: Option<Artifact>,
    /// What pip installs.
    pub lock: Option<Artifact>,
    /// Whether the lock names every package, or only those that a model needs.
    pub lock_is_whole: bool,
}

/// The files of several runs, in the order asked.
///
/// # Errors
/// `Forbidden`.
pub async fn files(scope: &Scope, runs: &[RunId]) -> Result<Vec<Files>, Fault> {
    let found = artifacts::among(scope.grant()?, runs, &[DIFF, LOCK, OF_MODELS[0], OF_MODELS[1]]).await?;
    let of = |run: &RunId| {
        let own = |path: &str| found.iter().find(|(of, file)| of == run && file.owner == Owner::Run(*run) && file.path == path);
        let of_model = || found.iter().find(|(of, file)| of == run && OF_MODELS.contains(&file.path.as_str()));
        let whole = own(LOCK);
        Files {
            diff: own(DIFF).map(|(_, file)| file.clone()),
            lock: whole.or_else(of_model).map(|(_, file)| file.clone()),
            lock_is_whole: whole.is_some(),
        }
    };
    Ok(runs.iter().map(of).collect())
}

/// Everything that a run's commands are made of. What the reader may not see is left out. `site`: the address of this server.
///
/// # Errors
/// `NotFound`; `Forbidden` for who may not read runs.
pub async fn recipe(scope: &Scope, run: RunId, site: &str) -> Result<Recipe, Fault> {
    let found = runs::get(scope.grant()?, run).await?;
    let data = runs::data(scope.grant()?, &[run]).await?.remove(&run).unwrap_or_default();
    let files = if scope.may(Permission::ArtifactsRead) { files(scope, &[run]).await?.pop() } else { None };
    Ok(Recipe {
        run: run.hex(),
        experiment: mlflow_id(found.experiment_id, found.in_default),
        name: found.name,
        facts: Facts::of(&data.tags),
        files,
        inputs: datasets::of_runs(scope.grant()?, &[run]).await?.remove(&run).unwrap_or_default(),
        params: data.params,
        site: site.to_owned(),
    })
}
