//! Imports in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::ImportId;

use super::{Count, Credentials, Import as Domain, Kind, NewImport, Phase, Problem, State, time_left};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::{Batch, batch, scope, services},
};

/// Whether an import goes on.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum ImportState {
    /// It goes on, or waits for the source.
    Running,
    /// It took what it could; see `problems`.
    Done,
    /// See `reason`.
    Failed,
    /// Somebody cancelled it. What was taken stays.
    Cancelled,
}

/// What an import is busy with.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Phase")]
pub enum ImportPhase {
    /// Asking the source whether it answers.
    Connecting,
    /// Writing down what the source has.
    Listing,
    /// Taking runs.
    Runs,
    /// Taking logged models.
    Models,
    /// Taking files of runs and logged models.
    Files,
    /// Taking registered models.
    Registry,
}

/// What kind of thing is taken.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum ImportKind {
    /// An experiment with its tags.
    Experiment,
    /// With params, tags, datasets and full histories.
    Run,
    /// A logged model.
    Model,
    /// The files of a run.
    RunFiles,
    /// The files of a logged model.
    ModelFiles,
    /// With its versions, stages, aliases and tags.
    RegisteredModel,
}

/// Another tracking server's data on their way here.
pub struct Import(Domain);

/// Another tracking server's data on its way here.
#[Object]
impl Import {
    /// `imp_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The address of the server. Credentials are never shown.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// The experiments that were asked for, by name; empty: all.
    async fn experiments(&self) -> &[String] {
        &self.0.experiments
    }
    /// Whether it takes files of runs and logged models.
    async fn with_files(&self) -> bool {
        self.0.with_files
    }
    /// Whether it takes registered models with their versions.
    async fn with_registry(&self) -> bool {
        self.0.with_registry
    }
    /// The name of who started it.
    async fn started_by(&self) -> &str {
        &self.0.started_by
    }
    /// Whether it goes on.
    async fn state(&self) -> ImportState {
        self.0.state.into()
    }
    /// What it is busy with, or was when it ended.
    async fn phase(&self) -> ImportPhase {
        self.0.phase.into()
    }
    /// Why it failed, or what it waits for.
    async fn reason(&self) -> Option<&str> {
        Some(self.0.reason.as_str()).filter(|reason| !reason.is_empty())
    }
    /// When it was started.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ended, in whatever way; null while it goes on.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }
    /// How far it is with each kind that was found so far.
    async fn counts(&self, ctx: &Context<'_>) -> Result<Vec<ImportCount>> {
        Ok(counts(ctx, self.0.id).await?.into_iter().map(ImportCount).collect())
    }
    /// How long the present phase will take, by how fast it has gone so far; null while that is not known.
    async fn seconds_left(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        let counts = counts(ctx, self.0.id).await?;
        Ok(time_left(&self.0, &counts, scope(ctx)?.now()).map(|left| left.num_seconds()))
    }
    /// What could not be taken, or not as a whole.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn problems(&self, ctx: &Context<'_>, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<ImportProblemConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, &format!("problems {}", self.0.id)), first, after)?;
        Ok(ImportProblemConnection(super::problems(scope.grant()?, self.0.id, &page).await?))
    }
}

async fn counts(ctx: &Context<'_>, id: ImportId) -> Result<Vec<Count>> {
    Ok(batch(ctx)?.load_one(CountsOf(id)).await?.unwrap_or_default())
}

/// How far an import is with one kind.
pub struct ImportCount(Count);

/// How far an import is with one kind of thing.
#[Object]
impl ImportCount {
    /// The kind.
    async fn kind(&self) -> ImportKind {
        self.0.kind.into()
    }
    /// What the source has, as far as it was listed.
    async fn found(&self) -> i64 {
        self.0.found
    }
    /// What was taken by this import.
    async fn taken(&self) -> i64 {
        self.0.taken
    }
    /// Taken by an earlier import, and the same since.
    async fn unchanged(&self) -> i64 {
        self.0.unchanged
    }
    /// What could not be taken; `problems` says why.
    async fn failed(&self) -> i64 {
        self.0.failed
    }
    /// What is still to come.
    async fn waiting(&self) -> i64 {
        self.0.waiting()
    }
    /// Points for runs, bytes for files, else 0.
    async fn amount(&self) -> i64 {
        self.0.amount
    }
}

/// Something that could not be taken, or not as a whole.
pub struct ImportProblem(Problem);

/// Something that could not be taken, or not as a whole.
#[Object]
impl ImportProblem {
    /// What kind of thing it is.
    async fn kind(&self) -> ImportKind {
        self.0.kind.into()
    }
    /// Its id at the source.
    async fn source_id(&self) -> &str {
        &self.0.source_id
    }
    /// What it is called at the source.
    async fn name(&self) -> &str {
        &self.0.label
    }
    /// Why, in a sentence.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// A page of problems.
pub struct ImportProblemConnection(Paged<Problem>);

#[Object]
impl ImportProblemConnection {
    async fn nodes(&self) -> Vec<ImportProblem> {
        self.0.rows.iter().cloned().map(ImportProblem).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// A page of imports.
pub struct ImportConnection(Paged<Domain>);

#[Object]
impl ImportConnection {
    async fn nodes(&self) -> Vec<Import> {
        self.0.rows.iter().cloned().map(Import).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// The import whose counts a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountsOf(ImportId);

impl Loader<CountsOf> for Batch {
    type Value = Vec<Count>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[CountsOf]) -> Result<HashMap<CountsOf, Self::Value>, Self::Error> {
        let imports: Vec<ImportId> = keys.iter().map(|CountsOf(import)| *import).collect();
        let counts = super::counts(self.scope().grant()?, &imports).await?;
        Ok(counts.into_iter().map(|(import, counts)| (CountsOf(import), counts)).collect())
    }
}

/// A server to import from.
#[derive(InputObject)]
pub struct StartImportInput {
    /// Where MLflow's clients reach it: `https://mlflow.example.com`. Addresses that are not public are refused, unless the operator allows them.
    address: String,
    /// What the server takes as `MLFLOW_TRACKING_TOKEN`. Kept sealed until the import ends, and never shown.
    token: Option<String>,
    /// Instead of a token, with the password.
    username: Option<String>,
    /// With the user name. Kept sealed until the import ends, and never shown.
    password: Option<String>,
    /// Names of the experiments to take; all when there is none.
    #[graphql(default)]
    experiments: Vec<String>,
    /// Whether to take files of runs and logged models.
    #[graphql(default = true)]
    files: bool,
    /// Whether to take registered models with their versions. They need the files.
    #[graphql(default = true)]
    registry: bool,
}

#[derive(Default)]
pub struct ImportsQuery;

#[Object]
impl ImportsQuery {
    /// Imports, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn imports(&self, ctx: &Context<'_>, #[graphql(default = 20)] first: i32, after: Option<String>) -> Result<ImportConnection> {
        let scope = scope(ctx)?;
        Ok(ImportConnection(super::list(scope.grant()?, Page::new(Listing::of(scope, "imports"), first, after)?).await?))
    }

    /// One import.
    async fn import(&self, ctx: &Context<'_>, id: ID) -> Result<Import> {
        let grant = scope(ctx)?.grant()?;
        Ok(Import(super::get(grant, id.parse().map_err(Fault::from)?).await?))
    }
}

#[derive(Default)]
pub struct ImportsMutation;

#[Object]
impl ImportsMutation {
    /// Starts to import another tracking server's data. Run again, it takes what is new or has changed there since.
    async fn start_import(&self, ctx: &Context<'_>, input: StartImportInput) -> Result<Import> {
        let text = Option::<String>::unwrap_or_default;
        let new = NewImport {
            address: input.address,
            credentials: Credentials { token: text(input.token), username: text(input.username), password: text(input.password) },
            experiments: input.experiments,
            files: input.files,
            registry: input.registry,
        };
        Ok(Import(super::start(scope(ctx)?, services(ctx)?, new).await?))
    }

    /// Ends an import where it stands. What was taken stays.
    async fn cancel_import(&self, ctx: &Context<'_>, id: ID) -> Result<Import> {
        let grant = scope(ctx)?.grant()?;
        Ok(Import(super::cancel(grant, id.parse().map_err(Fault::from)?).await?))
    }
}
