//! Runs in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::{ExperimentId, RunId};

use super::{Run as Domain, RunData, RunQuery, Status, model::NOTE_TAG};
use crate::{
    fault::Fault,
    features::{
        artifacts::graphql::{Artifact, ArtifactText, ArtifactVersion, artifact_text_of_run, artifact_versions_of_run, artifacts_of_run},
        datasets::graphql::{DatasetInput, datasets_of_run},
        environment::graphql::{Environment, Reproduction, environment_of, reproduction_of_run},
        experiments::{
            ExperimentRef,
            graphql::{Experiment, Lifecycle, Tag, experiment_of},
        },
        logged_models::graphql::{LoggedModel, logged_models_of_run},
        metrics::graphql::{Metric, MetricSeries, series_of_run, time},
        page::{Page, PageInfo},
        similar_runs::graphql::{SimilarRuns, similar_to_run},
        templates::graphql::{Template, template_of_run},
        traces::graphql::trace_count_of_run,
    },
    graphql::{Batch, batch, scope},
};

/// Where a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub enum RunStatus {
    /// It goes on, or its client went away without a word.
    Running,
    /// It is still to begin.
    Scheduled,
    /// It ended as it should.
    Finished,
    /// It ended with an error.
    Failed,
    /// Somebody ended it.
    Killed,
}

/// A param.
#[derive(SimpleObject)]
pub struct Param {
    /// The param's name, at most 250 characters.
    key: String,
    /// The value as a text; written once.
    value: String,
}

/// One execution of a training.
#[derive(Clone)]
pub struct Run(pub Domain);

/// One execution of a training, with what it logged.
#[Object]
impl Run {
    /// `run_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The id as MLflow shows it: 32 hexadecimal characters.
    async fn mlflow_id(&self) -> String {
        self.0.id.hex()
    }
    /// Given by the client, or made; need not be unique.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where it stands.
    async fn status(&self) -> RunStatus {
        self.0.status.into()
    }
    /// Whether it was removed.
    async fn lifecycle(&self) -> Lifecycle {
        Lifecycle::of(self.0.removed)
    }
    /// When it started, as the client says.
    async fn started_at(&self) -> DateTime<Utc> {
        time(self.0.started_ms)
    }
    /// Null while it has not ended.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_ms.map(time)
    }
    /// The member whose credential created it.
    async fn created_by(&self) -> Option<&str> {
        Some(self.0.created_by.as_str()).filter(|name| !name.is_empty())
    }
    /// Whether that was a service account, and no person.
    async fn is_by_service(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(Some(batch(ctx)?.load_one(OfService(self.0.id)).await?.is_some()))
    }
    /// Who the client says ran it.
    async fn user(&self) -> Option<&str> {
        Some(self.0.user.as_str()).filter(|name| !name.is_empty())
    }
    /// The experiment that it belongs to.
    async fn experiment(&self, ctx: &Context<'_>) -> Result<Option<Experiment>> {
        experiment_of(ctx, self.0.experiment_id).await.map(Some)
    }
    /// The latest value of each metric.
    async fn metrics(&self, ctx: &Context<'_>) -> Result<Option<Vec<Metric>>> {
        Ok(Some(data(ctx, self.0.id).await?.metrics.into_iter().map(Metric).collect()))
    }
    /// What it was given, by key. A param is written once.
    async fn params(&self, ctx: &Context<'_>) -> Result<Option<Vec<Param>>> {
        Ok(Some(data(ctx, self.0.id).await?.params.into_iter().map(|(key, value)| Param { key, value }).collect()))
    }
    /// Its tags, by key.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Option<Vec<Tag>>> {
        Ok(Some(data(ctx, self.0.id).await?.tags.into_iter().map(Tag::from).collect()))
    }
    /// What people wrote about it.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let tags = data(ctx, self.0.id).await?.tags;
        Ok(tags.into_iter().find(|(key, _)| key == NOTE_TAG).map(|(_, note)| note).filter(|note| !note.is_empty()))
    }
    /// Changes whenever anything of the run changes.
    async fn revision(&self) -> String {
        self.0.revision.to_string()
    }
    /// Series of metrics between two steps, both included, each with at most `points` points (4 to 4000). Where points are left out, the extremes of
    /// every stretch are kept. With a smoothing (the weight of the past, up to 0.99) each point has its value in the smoothed series too, which is made of
    /// all points.
    #[graphql(complexity = "20 + child_complexity")]
    async fn series(
        &self,
        ctx: &Context<'_>,
        keys: Vec<String>,
        #[graphql(default = 600)] points: i32,
        from_step: Option<i64>,
        to_step: Option<i64>,
        #[graphql(default)] smoothing: f64,
    ) -> Result<Option<Vec<MetricSeries>>> {
        series_of_run(ctx, self.0.id, &keys, (points, smoothing), (from_step, to_step)).await.map(Some)
    }
    /// What lies directly in a folder; without a path, at the root.
    async fn artifacts(&self, ctx: &Context<'_>, #[graphql(default)] path: String) -> Result<Option<Vec<Artifact>>> {
        artifacts_of_run(ctx, self.0.id, &path).await.map(Some)
    }
    /// The beginning of a text file; null when there is none.
    async fn artifact_text(
        &self,
        ctx: &Context<'_>,
        path: String,
        #[graphql(desc = "Of this version of the file, not of the current one.")] version: Option<i32>,
    ) -> Result<Option<ArtifactText>> {
        artifact_text_of_run(ctx, self.0.id, &path, version).await
    }
    /// The versions of a file since its path was last removed, the newest first, 100 at most; none of what is no file.
    async fn artifact_versions(&self, ctx: &Context<'_>, path: String) -> Result<Option<Vec<ArtifactVersion>>> {
        artifact_versions_of_run(ctx, self.0.id, &path).await.map(Some)
    }
    /// What it ran in, as far as it logged that.
    async fn environment(&self, ctx: &Context<'_>) -> Result<Option<Environment>> {
        Ok(Some(environment_of(self.0.id, &data(ctx, self.0.id).await?.tags)))
    }
    /// How it is run again.
    #[graphql(complexity = "20 + child_complexity")]
    async fn reproduction(&self, ctx: &Context<'_>) -> Result<Option<Reproduction>> {
        reproduction_of_run(ctx, self.0.id).await.map(Some)
    }
    /// Finished runs of the organization that had the same params, or nearly the same.
    #[graphql(complexity = "50 + child_complexity")]
    async fn similar(&self, ctx: &Context<'_>) -> Result<Option<SimilarRuns>> {
        similar_to_run(ctx, &self.0).await.map(Some)
    }
    /// How many traces arose in it.
    async fn trace_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        trace_count_of_run(ctx, self.0.id).await.map(Some)
    }
    /// The template that it is; null: it is none.
    async fn template(&self, ctx: &Context<'_>) -> Result<Option<Template>> {
        template_of_run(ctx, self.0.id).await
    }
    /// The datasets that it used, in the order they were logged.
    async fn datasets(&self, ctx: &Context<'_>) -> Result<Option<Vec<DatasetInput>>> {
        datasets_of_run(ctx, self.0.id).await.map(Some)
    }
    /// The models it made.
    async fn logged_models(&self, ctx: &Context<'_>) -> Result<Option<Vec<LoggedModel>>> {
        logged_models_of_run(ctx, self.0.id).await.map(Some)
    }
}

async fn data(ctx: &Context<'_>, run: RunId) -> Result<RunData> {
    Ok(batch(ctx)?.load_one(DataOf(run)).await?.unwrap_or_default())
}

/// A page of runs.
#[derive(SimpleObject)]
pub struct RunConnection {
    nodes: Vec<Run>,
    page_info: PageInfo,
    /// How many there are in all. No more than 20,000 runs are looked at.
    total_count: i64,
    /// Whether there may be more than `totalCount`.
    total_is_least: bool,
}

/// A page of an experiment's runs.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`; `Forbidden`.
pub async fn runs_of_experiment(
    ctx: &Context<'_>,
    experiment: ExperimentRef,
    page: &Page,
    filter: Option<String>,
    order: Option<Vec<String>>,
    lifecycle: crate::features::experiments::Lifecycle,
) -> Result<RunConnection> {
    let query = RunQuery {
        experiments: vec![experiment],
        filter: filter.unwrap_or_default(),
        order: order.unwrap_or_default(),
        lifecycle,
        limit: page.limit() as u64,
        after: page.after().map(str::to_owned),
    };
    let found = super::search(scope(ctx)?.grant()?, &query, true).await?;
    Ok(RunConnection {
        page_info: page.info(found.next.as_deref()),
        total_count: found.total.count,
        total_is_least: found.total.is_least,
        nodes: found.runs.into_iter().map(Run).collect(),
    })
}

/// A field of the filter that few values tell apart.
#[derive(SimpleObject)]
pub struct Facet {
    /// As a filter names it, without quotes: `attributes.status`, `params.model`.
    field: String,
    /// Its values, the most frequent first.
    values: Vec<FacetValue>,
}

/// A value of a facet.
#[derive(SimpleObject)]
pub struct FacetValue {
    /// The value.
    value: String,
    /// How many of the runs carry it.
    count: i64,
}

/// What the latest runs of an experiment have in common.
///
/// # Errors
/// `Forbidden`.
pub async fn facets_of_experiment(ctx: &Context<'_>, experiment: ExperimentId) -> Result<Vec<Facet>> {
    let facets = super::facets(scope(ctx)?.grant()?, experiment).await?;
    let value = |(value, count)| FacetValue { value, count };
    Ok(facets.into_iter().map(|facet| Facet { field: facet.field, values: facet.values.into_iter().map(value).collect() }).collect())
}

/// The run of an id; `None` when there is none. Several of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn run_of(ctx: &Context<'_>, id: RunId) -> Result<Option<Run>> {
    Ok(batch(ctx)?.load_one(ById(id)).await?.map(Run))
}

fn read_id(id: &ID) -> Result<RunId, Fault> {
    id.parse().map_err(Fault::from)
}

#[derive(Default)]
pub struct RunsQuery;

#[Object]
impl RunsQuery {
    /// One run, removed ones too.
    async fn run(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Run>> {
        Ok(Some(Run(super::get(scope(ctx)?.grant()?, read_id(&id)?).await?)))
    }
}

#[derive(Default)]
pub struct RunsMutation;

#[Object]
impl RunsMutation {
    /// Renames a run.
    async fn rename_run(&self, ctx: &Context<'_>, id: ID, name: String) -> Result<Run> {
        Ok(Run(super::rename(scope(ctx)?.grant()?, read_id(&id)?, &name).await?))
    }

    /// Writes the note of a run; the empty text removes it.
    async fn note_run(&self, ctx: &Context<'_>, id: ID, note: String) -> Result<Run> {
        Ok(Run(super::note(scope(ctx)?.grant()?, read_id(&id)?, &note).await?))
    }

    /// Sets a tag of a run.
    async fn set_run_tag(&self, ctx: &Context<'_>, id: ID, key: String, value: String) -> Result<Run> {
        Ok(Run(super::set_tag(scope(ctx)?.grant()?, read_id(&id)?, &key, &value).await?))
    }

    /// Sets a tag of several runs, at most 1,000: of all of them or of none.
    async fn set_tag_of_runs(&self, ctx: &Context<'_>, ids: Vec<ID>, key: String, value: String) -> Result<Vec<Run>> {
        let ids = ids.iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
        Ok(super::set_tags(scope(ctx)?.grant()?, &ids, &key, &value).await?.into_iter().map(Run).collect())
    }

    /// Removes a tag of a run.
    async fn remove_run_tag(&self, ctx: &Context<'_>, id: ID, key: String) -> Result<Run> {
        Ok(Run(super::remove_tag(scope(ctx)?.grant()?, read_id(&id)?, &key).await?))
    }

    /// Removes runs. They can be restored.
    async fn remove_runs(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Run>> {
        let ids = ids.iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
        Ok(super::remove(scope(ctx)?.grant()?, &ids).await?.into_iter().map(Run).collect())
    }

    /// Restores removed runs.
    async fn restore_runs(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Run>> {
        let ids = ids.iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
        Ok(super::restore(scope(ctx)?.grant()?, &ids).await?.into_iter().map(Run).collect())
    }
}

/// Keys of what a request asks for of runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ById(RunId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataOf(RunId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OfService(RunId);

impl Loader<ById> for Batch {
    type Value = Domain;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[ById]) -> Result<HashMap<ById, Domain>, Self::Error> {
        let ids: Vec<RunId> = keys.iter().map(|ById(id)| *id).collect();
        Ok(super::get_many(self.scope().grant()?, &ids).await?.into_iter().map(|run| (ById(run.id), run)).collect())
    }
}

impl Loader<DataOf> for Batch {
    type Value = RunData;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[DataOf]) -> Result<HashMap<DataOf, RunData>, Self::Error> {
        let ids: Vec<RunId> = keys.iter().map(|DataOf(id)| *id).collect();
        Ok(super::data(self.scope().grant()?, &ids).await?.into_iter().map(|(id, data)| (DataOf(id), data)).collect())
    }
}

impl Loader<OfService> for Batch {
    type Value = ();
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[OfService]) -> Result<HashMap<OfService, ()>, Self::Error> {
        let ids: Vec<RunId> = keys.iter().map(|OfService(id)| *id).collect();
        Ok(super::of_services(self.scope().grant()?, &ids).await?.into_iter().map(|id| (OfService(id), ())).collect())
    }
}
