//! Experiments in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::{ExperimentId, ProjectId};

use super::{Experiment as Domain, ExperimentError, ExperimentQuery, ExperimentRef, Keys, Stats};
use crate::{
    fault::Fault,
    features::{
        metrics::graphql::time,
        page::{Listing, Page, PageInfo},
        projects::graphql::{Project, project_of, within},
        runs::graphql::{Facet, RunConnection, facets_of_experiment, runs_of_experiment},
        sharing::graphql::permissions_in,
        templates::graphql::{Template, template_of_experiment},
        traces::graphql::{TraceConnection, traces_of_experiment},
    },
    graphql::{Batch, batch, scope},
};

/// Which rows a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "super::Lifecycle")]
pub enum Lifecycle {
    /// Those that are not removed.
    #[default]
    Active,
    /// Those that are removed and can be restored.
    Deleted,
    /// Both.
    All,
}

impl Lifecycle {
    /// What a row's own state is called.
    pub fn of(removed: bool) -> Self {
        if removed { Self::Deleted } else { Self::Active }
    }
}

/// A tag.
#[derive(SimpleObject, Clone)]
pub struct Tag {
    /// The tag's name, at most 250 characters.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl From<(String, String)> for Tag {
    fn from((key, value): (String, String)) -> Self {
        Self { key, value }
    }
}

/// What runs belong to.
#[derive(Clone)]
pub struct Experiment(pub Domain);

/// Runs that belong together, as they try to answer one question.
#[Object]
impl Experiment {
    /// `exp_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The id as MLflow shows it: `0` for the default experiment, else 32 hexadecimal characters.
    async fn mlflow_id(&self) -> String {
        self.0.mlflow_id()
    }
    /// Unique in its project, also among removed ones.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The project that it lies in.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Project>> {
        project_of(ctx, self.0.project_id).await.map(Some)
    }
    /// Whether it was removed.
    async fn lifecycle(&self) -> Lifecycle {
        Lifecycle::of(self.0.removed_at.is_some())
    }
    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was last renamed, removed or restored.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
    /// Null for the default experiment.
    async fn created_by(&self) -> Option<&str> {
        Some(self.0.created_by.as_str()).filter(|name| !name.is_empty())
    }
    /// Since when everybody may read it whose roles let them read experiments; null: it is for those who have its project.
    async fn shared_at(&self) -> Option<DateTime<Utc>> {
        self.0.shared.as_ref().map(|(at, _)| *at)
    }
    /// Who shared it.
    async fn shared_by(&self) -> Option<&str> {
        self.0.shared.as_ref().map(|(_, by)| by.as_str())
    }
    /// What you may do with it and its runs, as `object:action`.
    async fn viewer_permissions(&self, ctx: &Context<'_>) -> Result<Vec<&'static str>> {
        Ok(permissions_in(scope(ctx)?, self.0.project_id))
    }
    /// Runs that are not removed; no more than 100,000 are counted.
    async fn run_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(Some(stats(ctx, self.0.id).await?.runs))
    }
    /// Whether there are more than `runCount`.
    async fn run_count_is_least(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(Some(stats(ctx, self.0.id).await?.runs_is_least))
    }
    /// When the latest run started.
    async fn last_run_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(stats(ctx, self.0.id).await?.last_started_ms.map(time))
    }
    /// Its tags, by key.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Option<Vec<Tag>>> {
        Ok(Some(batch(ctx)?.load_one(TagsOf(self.0.id)).await?.unwrap_or_default().into_iter().map(Tag::from).collect()))
    }
    /// The template that it is; null: it is none.
    async fn template(&self, ctx: &Context<'_>) -> Result<Option<Template>> {
        template_of_experiment(ctx, self.0.id).await
    }
    /// The metrics that the latest 500 runs carry.
    async fn metric_keys(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        Ok(Some(keys(ctx, self.0.id).await?.metrics))
    }
    /// The params that the latest 500 runs carry.
    async fn param_keys(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        Ok(Some(keys(ctx, self.0.id).await?.params))
    }
    /// The tags that the latest 500 runs carry.
    async fn tag_keys(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        Ok(Some(keys(ctx, self.0.id).await?.tags))
    }
    /// The state, the user, params and tags of the latest 500 runs that have at most eight values, with counts.
    #[graphql(complexity = "50 + child_complexity")]
    async fn facets(&self, ctx: &Context<'_>) -> Result<Option<Vec<Facet>>> {
        facets_of_experiment(ctx, self.0.id).await.map(Some)
    }
    /// Its runs. `filter` and `orderBy` are MLflow's search grammar, with OR and parentheses. A page with a filter looks at no more than 20,000 runs: it may hold
    /// fewer than `first`, also none, and the list go on.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<String>,
        order_by: Option<Vec<String>>,
        #[graphql(default)] lifecycle: Lifecycle,
    ) -> Result<Option<RunConnection>> {
        let page = Page::new(Listing::of(scope(ctx)?, "runs"), first, after)?;
        runs_of_experiment(ctx, ExperimentRef::Id(self.0.id), &page, filter, order_by, lifecycle.into()).await.map(Some)
    }
    /// Its traces, the latest first. `filter` and `orderBy` are MLflow's grammar of traces, with OR and parentheses.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn traces(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<String>,
        order_by: Option<Vec<String>>,
    ) -> Result<Option<TraceConnection>> {
        let page = Page::new(Listing::of(scope(ctx)?, "traces"), first, after)?;
        traces_of_experiment(ctx, ExperimentRef::Id(self.0.id), &page, filter, order_by).await.map(Some)
    }
}

async fn stats(ctx: &Context<'_>, id: ExperimentId) -> Result<Stats> {
    Ok(batch(ctx)?.load_one(StatsOf(id)).await?.unwrap_or_default())
}

async fn keys(ctx: &Context<'_>, id: ExperimentId) -> Result<Keys> {
    Ok(batch(ctx)?.load_one(KeysOf(id)).await?.unwrap_or_default())
}

/// The experiment of an id. Several of one request are asked for at once.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn experiment_of(ctx: &Context<'_>, id: ExperimentId) -> Result<Experiment> {
    let found = batch(ctx)?.load_one(ById(id)).await?.ok_or_else(|| Fault::from(ExperimentError::Missing(id.hex())))?;
    Ok(Experiment(found))
}

/// A page of experiments.
#[derive(SimpleObject)]
pub struct ExperimentConnection {
    nodes: Vec<Experiment>,
    page_info: PageInfo,
    total_count: i64,
}

#[derive(Default)]
pub struct ExperimentsQuery;

#[Object]
impl ExperimentsQuery {
    /// Experiments, of one project or of all, the newest first. `filter` and `orderBy` are MLflow's search grammar, with OR and parentheses;
    /// `last_run_time` is when the latest run started.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the API")]
    async fn experiments(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        filter: Option<String>,
        order_by: Option<Vec<String>>,
        #[graphql(default)] lifecycle: Lifecycle,
        project: Option<ID>,
    ) -> Result<ExperimentConnection> {
        let page = Page::new(Listing::of(scope(ctx)?, "experiments"), first, after)?;
        let query = ExperimentQuery {
            reach: within(ctx, project).await?,
            filter: filter.unwrap_or_default(),
            order: order_by.unwrap_or_default(),
            lifecycle: lifecycle.into(),
            limit: page.limit() as u64,
            after: page.after().map(str::to_owned),
        };
        let (found, total_count) = super::list(scope(ctx)?.grant()?, &query, true).await?;
        Ok(ExperimentConnection {
            nodes: found.experiments.into_iter().map(Experiment).collect(),
            page_info: page.info(found.next.as_deref()),
            total_count,
        })
    }

    /// One experiment, removed ones too.
    async fn experiment(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Experiment>> {
        Ok(Some(Experiment(super::get(scope(ctx)?.grant()?, reference(&id)?).await?)))
    }
}

fn reference(id: &ID) -> Result<ExperimentRef, Fault> {
    Ok(ExperimentRef::parse(id)?)
}

#[derive(Default)]
pub struct ExperimentsMutation;

#[Object]
impl ExperimentsMutation {
    /// Creates an experiment; without a project, in the default one.
    async fn create_experiment(&self, ctx: &Context<'_>, name: String, project_id: Option<ID>) -> Result<Experiment> {
        let project: Option<ProjectId> = project_id.map(|id| id.parse()).transpose().map_err(Fault::from)?;
        Ok(Experiment(super::create(scope(ctx)?.grant()?, &name, project, &[]).await?))
    }

    /// Renames an experiment.
    async fn rename_experiment(&self, ctx: &Context<'_>, id: ID, name: String) -> Result<Experiment> {
        Ok(Experiment(super::rename(scope(ctx)?.grant()?, reference(&id)?, &name).await?))
    }

    /// Removes an experiment and all its runs. They can be restored.
    async fn remove_experiment(&self, ctx: &Context<'_>, id: ID) -> Result<Experiment> {
        Ok(Experiment(super::remove(scope(ctx)?.grant()?, reference(&id)?).await?))
    }

    /// Restores a removed experiment and all its runs.
    async fn restore_experiment(&self, ctx: &Context<'_>, id: ID) -> Result<Experiment> {
        Ok(Experiment(super::restore(scope(ctx)?.grant()?, reference(&id)?).await?))
    }
}

/// Keys of what a request asks for of experiments.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ById(ExperimentId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatsOf(ExperimentId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TagsOf(ExperimentId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeysOf(ExperimentId);

impl Loader<ById> for Batch {
    type Value = Domain;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[ById]) -> Result<HashMap<ById, Domain>, Self::Error> {
        let ids: Vec<ExperimentId> = keys.iter().map(|ById(id)| *id).collect();
        Ok(super::get_many(self.scope().grant()?, &ids).await?.into_iter().map(|found| (ById(found.id), found)).collect())
    }
}

impl Loader<StatsOf> for Batch {
    type Value = Stats;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[StatsOf]) -> Result<HashMap<StatsOf, Stats>, Self::Error> {
        let ids: Vec<ExperimentId> = keys.iter().map(|StatsOf(id)| *id).collect();
        Ok(super::stats(self.scope().grant()?, &ids).await?.into_iter().map(|(id, stats)| (StatsOf(id), stats)).collect())
    }
}

impl Loader<TagsOf> for Batch {
    type Value = Vec<(String, String)>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[TagsOf]) -> Result<HashMap<TagsOf, Self::Value>, Self::Error> {
        let ids: Vec<ExperimentId> = keys.iter().map(|TagsOf(id)| *id).collect();
        Ok(super::tags(self.scope().grant()?, &ids).await?.into_iter().map(|(id, tags)| (TagsOf(id), tags)).collect())
    }
}

impl Loader<KeysOf> for Batch {
    type Value = Keys;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[KeysOf]) -> Result<HashMap<KeysOf, Keys>, Self::Error> {
        let mut found = HashMap::new();
        for KeysOf(id) in keys {
            found.insert(KeysOf(*id), super::keys(self.scope().grant()?, *id).await?);
        }
        Ok(found)
    }
}
