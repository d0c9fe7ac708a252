//! Environments in the API. They hang on runs.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, Result, SimpleObject, dataloader::Loader};
use shared::ids::RunId;

use super::{Facts, Files, Recipe, packages, script};
use crate::{
    fault::Fault,
    features::artifacts::{
        Artifact,
        graphql::{ArtifactText, artifact_text},
        location::url,
    },
    graphql::{Batch, batch, scope, services},
};

/// A file that says what a run ran with.
pub struct EnvironmentFile(Artifact);

/// A file of the environment among the artifacts of the run or of a model it made.
#[Object]
impl EnvironmentFile {
    /// From the root of the artifacts of its run or model.
    async fn path(&self) -> &str {
        &self.0.path
    }
    /// Where it can be downloaded.
    async fn url(&self) -> String {
        url(self.0.owner, &self.0.path)
    }
    /// Bytes.
    async fn size(&self) -> Option<u64> {
        self.0.file.map(|file| file.size)
    }
    /// SHA-256 of the content, in hexadecimal.
    async fn digest(&self) -> Option<String> {
        self.0.file.map(|file| file.digest.to_string())
    }
    /// Its beginning.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<ArtifactText>> {
        artifact_text(ctx, self.0.owner, &self.0.path, None).await
    }
}

/// A package that was installed.
#[derive(SimpleObject)]
pub struct Package {
    /// The name as the package index has it.
    name: String,
    /// Null: any version. Else the version, or where it came from.
    version: Option<String>,
}

/// What a run ran in. What the run did not log is null or empty.
pub struct Environment {
    run: RunId,
    facts: Facts,
}

impl Environment {
    async fn files(&self, ctx: &Context<'_>) -> Result<Files> {
        Ok(batch(ctx)?.load_one(FilesOf(self.run)).await?.unwrap_or_default())
    }
}

/// What a run ran in, as far as it logged that. What it did not log is null or empty.
#[Object]
impl Environment {
    /// Whether the training called `assay_environment.capture()`.
    async fn captured(&self) -> bool {
        self.facts.captured
    }
    /// The commit of the code.
    async fn commit(&self) -> Option<&str> {
        self.facts.commit.as_deref()
    }
    /// The branch of the code.
    async fn branch(&self) -> Option<&str> {
        self.facts.branch.as_deref()
    }
    /// The repository, without credentials.
    async fn remote(&self) -> Option<&str> {
        self.facts.remote.as_deref()
    }
    /// Whether files had changed since the commit.
    async fn dirty(&self) -> Option<bool> {
        self.facts.dirty
    }
    /// Names of files that Git did not track; at most 50.
    async fn untracked(&self) -> &[String] {
        &self.facts.untracked
    }
    /// What Python was given: a script or a module, and its arguments.
    async fn command(&self) -> &[String] {
        &self.facts.command
    }
    /// The folder of the command, from the root of the repository.
    async fn directory(&self) -> Option<&str> {
        self.facts.directory.as_deref()
    }
    /// The version of Python.
    async fn python(&self) -> Option<&str> {
        self.facts.python.as_deref()
    }
    /// The operating system and its version.
    async fn os(&self) -> Option<&str> {
        self.facts.os.as_deref()
    }
    /// How many processors of which kind.
    async fn cpu(&self) -> Option<&str> {
        self.facts.cpu.as_deref()
    }
    /// Bytes of memory.
    async fn memory(&self) -> Option<i64> {
        self.facts.memory
    }
    /// Name, memory and driver of each.
    async fn gpus(&self) -> &[String] {
        &self.facts.gpus
    }
    /// What had changed since the commit, as `git apply` reads it.
    async fn diff(&self, ctx: &Context<'_>) -> Result<Option<EnvironmentFile>> {
        Ok(self.files(ctx).await?.diff.map(EnvironmentFile))
    }
    /// The packages as pip reads them.
    async fn lock(&self, ctx: &Context<'_>) -> Result<Option<EnvironmentFile>> {
        Ok(self.files(ctx).await?.lock.map(EnvironmentFile))
    }
    /// Whether the lock names every package, and not only those that a logged model needs.
    async fn lock_is_whole(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(Some(self.files(ctx).await?.lock_is_whole))
    }
    /// The packages of the lock.
    #[graphql(complexity = "20 + child_complexity")]
    async fn packages(&self, ctx: &Context<'_>) -> Result<Option<Vec<Package>>> {
        let Some(lock) = self.files(ctx).await?.lock else { return Ok(Some(Vec::new())) };
        let text = artifact_text(ctx, lock.owner, &lock.path, None).await?.map(|held| held.text).unwrap_or_default();
        let shown = |package: super::Package| Package { name: package.name, version: Some(package.version).filter(|version| !version.is_empty()) };
        Ok(Some(packages(&text).into_iter().map(shown).collect()))
    }
}

/// The environment that a run's tags tell of.
pub fn environment_of(run: RunId, tags: &[(String, String)]) -> Environment {
    Environment { run, facts: Facts::of(tags) }
}

/// Something without which a run is not reproduced exactly.
#[derive(SimpleObject)]
pub struct ReproductionGap {
    /// What is missing.
    what: String,
    /// How it is there the next time.
    how: String,
}

/// How a run is run again.
pub struct Reproduction(Recipe);

/// How a run is run again.
#[Object]
impl Reproduction {
    /// Commands for `sh`. What your role does not show you is left out.
    async fn script(&self) -> String {
        script::script(&self.0)
    }
    /// What is missing to run it again exactly; empty: nothing that is known of.
    async fn gaps(&self) -> Vec<ReproductionGap> {
        script::gaps(&self.0).into_iter().map(|gap| ReproductionGap { what: gap.what, how: gap.how }).collect()
    }
    /// Where the script can be downloaded.
    async fn url(&self) -> String {
        format!("/runs/{}/reproduce.sh", self.0.run)
    }
}

/// How a run is run again.
///
/// # Errors
/// `Forbidden`.
pub async fn reproduction_of_run(ctx: &Context<'_>, run: RunId) -> Result<Reproduction> {
    Ok(Reproduction(super::recipe(scope(ctx)?, run, &services(ctx)?.config.public_url()).await?))
}

/// What the environments of runs differ in: a fact, or the version of a package.
#[derive(SimpleObject)]
pub struct EnvironmentDifference {
    /// The name of the package or fact.
    name: String,
    /// Whether it is a package, and not a fact such as the commit.
    is_package: bool,
    /// Of each run, in the order asked; null: not known, or not installed.
    values: Vec<Option<String>>,
}

#[derive(Default)]
pub struct EnvironmentQuery;

#[Object]
impl EnvironmentQuery {
    /// What the environments of up to 6 runs differ in: facts first, then packages by name. Packages are left out for who may not read artifacts, and where
    /// not every run logged all of its own.
    #[graphql(complexity = "100 + child_complexity")]
    async fn environment_differences(&self, ctx: &Context<'_>, runs: Vec<ID>) -> Result<Vec<EnvironmentDifference>> {
        let runs = runs.iter().map(|id| id.parse::<RunId>().map_err(Fault::from)).collect::<Result<Vec<_>, Fault>>()?;
        let shown = |one: super::Difference| EnvironmentDifference { name: one.name, is_package: one.is_package, values: one.values };
        Ok(super::differences(scope(ctx)?, &services(ctx)?.blobs, &runs).await?.into_iter().map(shown).collect())
    }
}

/// The run whose files a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FilesOf(RunId);

impl Loader<FilesOf> for Batch {
    type Value = Files;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[FilesOf]) -> Result<HashMap<FilesOf, Files>, Self::Error> {
        let runs: Vec<RunId> = keys.iter().map(|FilesOf(run)| *run).collect();
        Ok(keys.iter().copied().zip(super::files(self.scope(), &runs).await?).collect())
    }
}
