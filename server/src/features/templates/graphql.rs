//! Templates in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::{ExperimentId, RunId, TemplateId};

use super::Template as Domain;
use crate::{
    fault::Fault,
    features::{
        experiments::{
            ExperimentRef, ReadExperiments,
            graphql::{Experiment, Lifecycle, experiment_of},
        },
        page::{Listing, Page, PageInfo, Paged},
        projects::graphql::within,
        runs::{
            ReadRuns,
            graphql::{Run, run_of},
        },
        similar_runs,
    },
    graphql::{Batch, batch, scope},
};

/// A run or an experiment that the team starts from.
pub struct Template(Domain);

/// A finished run that others are started from, or an experiment.
#[Object]
impl Template {
    /// `tpl_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Unique in its project, among those that are not removed.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it is good for; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// Whether it was removed.
    async fn lifecycle(&self) -> Lifecycle {
        Lifecycle::of(self.0.removed)
    }
    /// The name of who made it one.
    async fn created_by(&self) -> Option<&str> {
        Some(self.0.created_by.as_str()).filter(|name| !name.is_empty())
    }
    /// When the run or the experiment became one.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// The run that it is; null: it is an experiment.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        scope(ctx)?.grant::<ReadRuns>()?;
        match self.0.origin.run() {
            Some(run) => run_of(ctx, run).await,
            None => Ok(None),
        }
    }
    /// The experiment that it is; null: it is a run.
    async fn experiment(&self, ctx: &Context<'_>) -> Result<Option<Experiment>> {
        scope(ctx)?.grant::<ReadExperiments>()?;
        match self.0.origin.experiment() {
            Some(experiment) => experiment_of(ctx, experiment).await.map(Some),
            None => Ok(None),
        }
    }
    /// Of an experiment: the run that came out best among its latest 50 that finished. Null: none has a metric that is known to be better high or low.
    #[graphql(complexity = "50 + child_complexity")]
    async fn best_run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        let scope = scope(ctx)?;
        scope.grant::<ReadRuns>()?;
        let Some(experiment) = self.0.origin.experiment() else { return Ok(None) };
        match similar_runs::best_of_experiment(scope, experiment).await? {
            Some(best) => run_of(ctx, best.run).await,
            None => Ok(None),
        }
    }
    /// How many runs and experiments were started from it: those whose tag `assay.template` is its id.
    async fn started_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(Some(started(ctx, self.0.id).await?.0))
    }
    /// The latest of the runs, at most 20.
    #[graphql(complexity = "20 * child_complexity")]
    async fn started_runs(&self, ctx: &Context<'_>) -> Result<Option<Vec<Run>>> {
        let ids = started(ctx, self.0.id).await?.1;
        let found = futures::future::join_all(ids.into_iter().map(|run| run_of(ctx, run))).await;
        found.into_iter().filter_map(Result::transpose).collect::<Result<_>>().map(Some)
    }
    /// The latest of the experiments, at most 20.
    #[graphql(complexity = "20 * child_complexity")]
    async fn started_experiments(&self, ctx: &Context<'_>) -> Result<Option<Vec<Experiment>>> {
        let ids = batch(ctx)?.load_one(BegunFrom(self.0.id)).await?.unwrap_or_default();
        let found = futures::future::join_all(ids.into_iter().map(|experiment| experiment_of(ctx, experiment))).await;
        found.into_iter().collect::<Result<_>>().map(Some)
    }
}

async fn started(ctx: &Context<'_>, id: TemplateId) -> Result<(i64, Vec<RunId>)> {
    Ok(batch(ctx)?.load_one(StartedFrom(id)).await?.unwrap_or_default())
}

/// The template that a run is; `None`: it is none. Several runs of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn template_of_run(ctx: &Context<'_>, run: RunId) -> Result<Option<Template>> {
    Ok(batch(ctx)?.load_one(MadeOf(run)).await?.map(Template))
}

/// The template that an experiment is; `None`: it is none. Several experiments of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn template_of_experiment(ctx: &Context<'_>, experiment: ExperimentId) -> Result<Option<Template>> {
    Ok(batch(ctx)?.load_one(MadeOfExperiment(experiment)).await?.map(Template))
}

/// A page of templates.
pub struct TemplateConnection(Paged<Domain>);

#[Object]
impl TemplateConnection {
    async fn nodes(&self) -> Vec<Template> {
        self.0.rows.iter().cloned().map(Template).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

fn read_id(id: &ID) -> Result<TemplateId, Fault> {
    id.parse().map_err(Fault::from)
}

#[derive(Default)]
pub struct TemplatesQuery;

#[Object]
impl TemplatesQuery {
    /// Templates, of one project or of all, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn templates(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
        project: Option<ID>,
    ) -> Result<TemplateConnection> {
        let scope = scope(ctx)?;
        let grant = scope.grant()?;
        let page = Page::new(Listing::of(scope, "templates"), first, after)?;
        Ok(TemplateConnection(super::list(grant, within(ctx, project).await?, &page).await?))
    }

    /// One template, removed ones too.
    async fn template(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Template>> {
        Ok(Some(Template(super::get(scope(ctx)?.grant()?, read_id(&id)?).await?)))
    }
}

#[derive(Default)]
pub struct TemplatesMutation;

#[Object]
impl TemplatesMutation {
    /// Makes a run that has finished a template of its project.
    async fn create_template(&self, ctx: &Context<'_>, run: ID, name: String, #[graphql(default)] description: String) -> Result<Template> {
        let run: RunId = run.parse().map_err(Fault::from)?;
        Ok(Template(super::create(scope(ctx)?.grant()?, run, &name, &description).await?))
    }

    /// Makes an experiment a template of its project.
    async fn create_experiment_template(
        &self,
        ctx: &Context<'_>,
        experiment: ID,
        name: String,
        #[graphql(default)] description: String,
    ) -> Result<Template> {
        let experiment = ExperimentRef::parse(&experiment).map_err(Fault::from)?;
        Ok(Template(super::create_of_experiment(scope(ctx)?.grant()?, experiment, &name, &description).await?))
    }

    /// Starts an experiment from a template that is one: beside it, with its tags and its note. Its tag `assay.template` is the template's id.
    async fn start_experiment(&self, ctx: &Context<'_>, template: ID, name: String) -> Result<Experiment> {
        Ok(Experiment(super::start_experiment(scope(ctx)?.grant()?, read_id(&template)?, &name).await?))
    }

    /// Changes what a template is called and said to be good for.
    async fn update_template(&self, ctx: &Context<'_>, id: ID, name: String, #[graphql(default)] description: String) -> Result<Template> {
        Ok(Template(super::update(scope(ctx)?.grant()?, read_id(&id)?, &name, &description).await?))
    }

    /// Takes a template away. Its run or experiment stays; it can be restored.
    async fn remove_template(&self, ctx: &Context<'_>, id: ID) -> Result<Template> {
        Ok(Template(super::remove(scope(ctx)?.grant()?, read_id(&id)?).await?))
    }

    /// Brings a removed template back.
    async fn restore_template(&self, ctx: &Context<'_>, id: ID) -> Result<Template> {
        Ok(Template(super::restore(scope(ctx)?.grant()?, read_id(&id)?).await?))
    }
}

/// Keys of what a request asks for of templates.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MadeOf(RunId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MadeOfExperiment(ExperimentId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StartedFrom(TemplateId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BegunFrom(TemplateId);

impl Loader<MadeOf> for Batch {
    type Value = Domain;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[MadeOf]) -> Result<HashMap<MadeOf, Domain>, Self::Error> {
        let runs: Vec<RunId> = keys.iter().map(|MadeOf(run)| *run).collect();
        let found = super::of_runs(self.scope().grant()?, &runs).await?;
        Ok(found.into_iter().map(|(run, template)| (MadeOf(run), template)).collect())
    }
}

impl Loader<MadeOfExperiment> for Batch {
    type Value = Domain;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[MadeOfExperiment]) -> Result<HashMap<MadeOfExperiment, Domain>, Self::Error> {
        let experiments: Vec<ExperimentId> = keys.iter().map(|MadeOfExperiment(experiment)| *experiment).collect();
        let found = super::of_experiments(self.scope().grant()?, &experiments).await?;
        Ok(found.into_iter().map(|(experiment, template)| (MadeOfExperiment(experiment), template)).collect())
    }
}

impl Loader<BegunFrom> for Batch {
    type Value = Vec<ExperimentId>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[BegunFrom]) -> Result<HashMap<BegunFrom, Self::Value>, Self::Error> {
        let ids: Vec<TemplateId> = keys.iter().map(|BegunFrom(id)| *id).collect();
        let found = super::started_experiments(self.scope().grant()?, &ids).await?;
        Ok(found.into_iter().map(|(id, experiments)| (BegunFrom(id), experiments)).collect())
    }
}

impl Loader<StartedFrom> for Batch {
    type Value = (i64, Vec<RunId>);
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[StartedFrom]) -> Result<HashMap<StartedFrom, Self::Value>, Self::Error> {
        let ids: Vec<TemplateId> = keys.iter().map(|StartedFrom(id)| *id).collect();
        let found = super::started(self.scope().grant()?, &ids).await?;
        Ok(found.into_iter().map(|(id, runs)| (StartedFrom(id), runs)).collect())
    }
}
