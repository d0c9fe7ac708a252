//! Similar runs in the API. They hang on runs.

use async_graphql::{Context, Object, Result, SimpleObject};

use super::{Found, Similar};
use crate::{
    features::{
        metrics::graphql::MetricValue,
        runs::{
            Run as DomainRun,
            graphql::{Run, run_of},
        },
    },
    graphql::scope,
};

/// A param that two runs differ in, seeds aside; null where one has none.
#[derive(SimpleObject)]
pub struct SimilarDifference {
    /// The param's name.
    key: String,
    /// Of the run that was asked about.
    here: Option<String>,
    /// Of the other run.
    there: Option<String>,
}

/// A finished run that is like another.
pub struct SimilarRun(Similar);

/// A finished run that had the same params, or nearly the same.
#[Object]
impl SimilarRun {
    /// The run; null when you may not see it.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        run_of(ctx, self.0.run).await
    }
    /// Whether both read the same datasets; null where either names none.
    async fn same_data(&self) -> Option<bool> {
        self.0.same_data
    }
    /// Whether both ran the same commit; null where either names none.
    async fn same_commit(&self) -> Option<bool> {
        self.0.same_commit
    }
    /// Empty for the same params.
    async fn differences(&self) -> Vec<SimilarDifference> {
        let shown = |one: &super::Difference| SimilarDifference { key: one.key.clone(), here: one.here.clone(), there: one.there.clone() };
        self.0.differences.iter().map(shown).collect()
    }
}

/// The best that came out of runs with the same params.
#[derive(SimpleObject)]
pub struct SimilarBest {
    /// The metric, chosen by what most of the runs have.
    key: String,
    /// Its value there.
    value: MetricValue,
    /// The id of the run that has it.
    run: async_graphql::ID,
}

/// Finished runs that are like a run.
pub struct SimilarRuns(Found);

/// Finished runs like one run.
#[Object]
impl SimilarRuns {
    /// Runs of the organization with the same params, seeds aside; 200 stands for that many or more.
    async fn same_count(&self) -> usize {
        self.0.same_count
    }
    /// The latest of them, at most 10.
    async fn same(&self) -> Vec<SimilarRun> {
        self.0.same.iter().cloned().map(SimilarRun).collect()
    }
    /// Those among the latest of the experiment that differ in one or two params, at most 5.
    async fn near(&self) -> Vec<SimilarRun> {
        self.0.near.iter().cloned().map(SimilarRun).collect()
    }
    /// Null: none of them has a metric that is known to be better high or low.
    async fn best(&self) -> Option<SimilarBest> {
        let best = self.0.best.clone()?;
        Some(SimilarBest { key: best.key, value: MetricValue(best.value), run: best.run.to_string().into() })
    }
}

/// Finished runs that are like a run.
///
/// # Errors
/// `Forbidden`.
pub async fn similar_to_run(ctx: &Context<'_>, run: &DomainRun) -> Result<SimilarRuns> {
    Ok(SimilarRuns(super::similar(scope(ctx)?, run.id, run.experiment_id).await?))
}
