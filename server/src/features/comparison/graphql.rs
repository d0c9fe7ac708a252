//! Comparisons in the API.

mod pairs;
mod shapes;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use shared::{
    comparison,
    ids::{ComparisonId, RunId},
};

use super::Saved;
use crate::{
    fault::Fault,
    features::{
        metrics::{Drawing, Series, graphql::MetricValue},
        page::{Listing, Page, PageInfo, Paged},
    },
    graphql::scope,
};
pub use shapes::{Comparison, ComparisonUnit, MetricBetter};

/// Runs of an experiment: those that a filter finds in a period.
#[derive(InputObject)]
pub struct ComparisonGroupInput {
    /// Up to 120 characters; empty: made of the rest.
    #[graphql(default)]
    name: String,
    /// The experiment whose runs they are.
    experiment: ID,
    /// As in `runs`; empty finds all.
    #[graphql(default)]
    filter: String,
    /// The first day, with the zone that it is one in: `2026-11-01+01:00`; without one, in UTC. Empty has no beginning.
    #[graphql(default)]
    from: String,
    /// The last day, included, in the same way; empty has no end.
    #[graphql(default)]
    to: String,
}

/// What to compare: up to 6 groups with 5,000 runs together.
#[derive(InputObject)]
pub struct ComparisonInput {
    /// The first is the baseline.
    #[graphql(default)]
    groups: Vec<ComparisonGroupInput>,
    /// Up to 50 runs. Without groups they are grouped by their params, seeds aside; with groups they are one more.
    #[graphql(default)]
    runs: Vec<ID>,
    /// The metric to look at closely; empty: the one that most runs have.
    #[graphql(default)]
    metric: String,
    /// What counts as one observation.
    #[graphql(default_with = "ComparisonUnit::Run")]
    unit: ComparisonUnit,
    /// Null: guessed by the metric's name.
    better: Option<MetricBetter>,
}

impl From<ComparisonInput> for comparison::Wish {
    fn from(input: ComparisonInput) -> Self {
        let group = |group: ComparisonGroupInput| comparison::GroupWish {
            name: group.name,
            experiment: group.experiment.0,
            filter: group.filter,
            from: group.from,
            to: group.to,
        };
        Self {
            groups: input.groups.into_iter().map(group).collect(),
            runs: input.runs.into_iter().map(|run| run.0).collect(),
            metric: input.metric,
            unit: input.unit.into(),
            better: input.better.map(Into::into),
        }
    }
}

/// One metric of one run over its steps.
pub struct RunCurve(RunId, Series);

/// A metric of one run between two steps. The lists are of one length, a place a point, by step.
#[Object]
impl RunCurve {
    /// The run's id.
    async fn run(&self) -> ID {
        self.0.to_string().into()
    }
    /// The steps; may be negative.
    async fn steps(&self) -> Vec<i64> {
        self.1.points.iter().map(|point| point.step).collect()
    }
    /// Milliseconds since the epoch.
    async fn times(&self) -> Vec<i64> {
        self.1.points.iter().map(|point| point.at_ms).collect()
    }
    /// The values, smoothed if that was asked for.
    async fn values(&self) -> Vec<MetricValue> {
        self.1.points.iter().map(|point| MetricValue(point.value)).collect()
    }
    /// Points that were logged.
    async fn total(&self) -> usize {
        self.1.total
    }
}

/// A comparison under a name.
pub struct SavedComparison(Saved);

/// A comparison that somebody kept under a name. What it compares is looked up anew each time.
#[Object]
impl SavedComparison {
    /// `cmp_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Unique in the organization.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The page that shows it, on this site.
    async fn path(&self) -> String {
        self.0.wish.address()
    }
    /// The name of who saved it.
    async fn created_by(&self) -> Option<&str> {
        Some(self.0.created_by.as_str()).filter(|name| !name.is_empty())
    }
    /// When it was saved.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// A page of saved comparisons.
pub struct SavedComparisonConnection(Paged<Saved>);

#[Object]
impl SavedComparisonConnection {
    async fn nodes(&self) -> Vec<SavedComparison> {
        self.0.rows.iter().cloned().map(SavedComparison).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

#[derive(Default)]
pub struct ComparisonQuery;

#[Object]
impl ComparisonQuery {
    /// What runs and groups of runs differ in, with tests, effect sizes and findings, over all their runs.
    #[graphql(complexity = "500 + child_complexity")]
    async fn comparison(&self, ctx: &Context<'_>, of: ComparisonInput) -> Result<Comparison> {
        Ok(Comparison(Arc::new(super::compare(scope(ctx)?, &of.into()).await?)))
    }

    /// One metric of up to 24 runs between two steps, both included, smoothed at full resolution and then thinned to `points` (4 to 4000) each. Runs without
    /// it are left out.
    #[graphql(complexity = "100 + child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "arguments of a field stand one by one")]
    async fn run_curves(
        &self,
        ctx: &Context<'_>,
        runs: Vec<ID>,
        key: String,
        #[graphql(default = 300)] points: i32,
        #[graphql(default)] smoothing: f64,
        from_step: Option<i64>,
        to_step: Option<i64>,
    ) -> Result<Vec<RunCurve>> {
        let runs = runs.iter().map(|id| id.parse::<RunId>().map_err(Fault::from)).collect::<Result<Vec<_>, Fault>>()?;
        let steps = (from_step.unwrap_or(i64::MIN), to_step.unwrap_or(i64::MAX));
        let drawing = Drawing { points: usize::try_from(points).unwrap_or(0), smoothing, steps };
        Ok(super::curves(scope(ctx)?, &runs, &key, drawing).await?.into_iter().map(|(run, series)| RunCurve(run, series)).collect())
    }

    /// Comparisons that somebody in the organization saved, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn saved_comparisons(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<SavedComparisonConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "saved comparisons"), first, after)?;
        Ok(SavedComparisonConnection(super::list(scope.grant()?, &page).await?))
    }
}

#[derive(Default)]
pub struct ComparisonMutation;

#[Object]
impl ComparisonMutation {
    /// Keeps a comparison under a name, for everybody in the organization.
    async fn save_comparison(&self, ctx: &Context<'_>, name: String, of: ComparisonInput) -> Result<SavedComparison> {
        Ok(SavedComparison(super::save(scope(ctx)?.grant()?, &name, of.into()).await?))
    }

    /// Takes a saved comparison away.
    async fn remove_comparison(&self, ctx: &Context<'_>, id: ID) -> Result<SavedComparison> {
        let id: ComparisonId = id.parse().map_err(Fault::from)?;
        Ok(SavedComparison(super::remove(scope(ctx)?.grant()?, id).await?))
    }
}
