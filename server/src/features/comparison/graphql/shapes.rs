//! What of a comparison the API shows.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::comparison::{self, Unit};

use super::{
    super::{self as domain, Comparison as Domain, Tone},
    pairs::{self, ComparedEffect, ComparedPair},
};
use crate::{fault::Fault, features::metrics::graphql::time, stats};

/// Which end of a metric is the good one.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "comparison::Better")]
pub enum MetricBetter {
    /// The greater, the better: accuracy.
    Higher,
    /// The less, the better: loss.
    Lower,
}

/// What counts as one observation.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Unit")]
pub enum ComparisonUnit {
    /// Every run.
    Run,
    /// Runs that differ in nothing but their seed, as the mean of their values.
    Setup,
}

/// What a finding means.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Tone")]
pub enum InsightTone {
    /// Something is better than the baseline.
    Good,
    /// Something is worse than the baseline.
    Bad,
    /// Good to know.
    Info,
    /// Something makes the comparison less sure.
    Warn,
}

/// One group of runs.
#[derive(SimpleObject)]
pub struct ComparisonGroup {
    /// What it is called.
    name: String,
    /// How many runs it has.
    run_count: usize,
    /// Different sets of params, seeds aside.
    setup_count: usize,
    /// Runs that failed or were killed.
    failed_count: usize,
    /// When its earliest run started.
    first_run_at: Option<DateTime<Utc>>,
    /// When its latest run started.
    last_run_at: Option<DateTime<Utc>>,
}

/// What a list of values amounts to.
#[derive(SimpleObject)]
pub struct MetricSummary {
    /// How many values.
    count: usize,
    /// The arithmetic mean.
    mean: f64,
    /// Of the sample; 0 for one value.
    sd: f64,
    /// The least.
    low: f64,
    /// A quarter of the values lies below it.
    first_quartile: f64,
    /// Half of the values lies below it.
    median: f64,
    /// Three quarters of the values lie below it.
    third_quartile: f64,
    /// The greatest.
    high: f64,
}

/// A group less the baseline.
#[derive(SimpleObject)]
pub struct ComparedDifference {
    /// The group's mean less the baseline's.
    mean: f64,
    /// Of the baseline's mean.
    relative: Option<f64>,
    /// Welch's t-test, two-sided; null where a group has one value or there is no spread.
    p: Option<f64>,
    /// The same, adjusted for all tests of the table (Holm).
    p_adjusted: Option<f64>,
    /// Hedges' g.
    effect: Option<ComparedEffect>,
}

/// A metric in one group.
#[derive(SimpleObject)]
pub struct ComparedMetricCell {
    /// The values of the group; null when none of its runs has the metric.
    summary: Option<MetricSummary>,
    /// Null for the baseline.
    difference: Option<ComparedDifference>,
}

/// A metric in each group.
#[derive(SimpleObject)]
pub struct ComparedMetric {
    /// The metric's name.
    key: String,
    /// Which end is the good one; null: not known.
    better: Option<MetricBetter>,
    /// By group.
    cells: Vec<ComparedMetricCell>,
    /// Values left out because they are not finite.
    odd_count: usize,
}

/// A value and the number of runs that have it.
#[derive(SimpleObject)]
pub struct ComparedParamCount {
    /// The value.
    value: String,
    /// Runs that have the value.
    count: usize,
}

/// A param in one group.
#[derive(SimpleObject)]
pub struct ComparedParamCell {
    /// The three commonest.
    common: Vec<ComparedParamCount>,
    /// How many values there are.
    distinct_count: usize,
    /// Runs that do not have it.
    missing_count: usize,
}

/// A param in each group.
#[derive(SimpleObject)]
pub struct ComparedParam {
    /// The param's name.
    key: String,
    /// Whether the runs have more than one value.
    differs: bool,
    /// Whether it is taken for a seed, which repeats a setup.
    seed: bool,
    /// Its part of what all params explain of the metric looked at (random forest, permutation importance on unseen runs).
    importance: Option<f64>,
    /// By group.
    cells: Vec<ComparedParamCell>,
}

/// How often values fall between edges.
#[derive(SimpleObject)]
pub struct ComparedHistogram {
    /// Where the bins begin and end, ascending; 6 to 30 bins as a rule.
    edges: Vec<f64>,
    /// By group, one less than edges.
    counts: Vec<Vec<usize>>,
}

/// The metric looked at closely.
#[derive(SimpleObject)]
pub struct ComparedFocus {
    /// The metric's name.
    key: String,
    /// Which end is the good one; null: not known.
    better: Option<MetricBetter>,
    /// Whether a run has it at more than one point, so that there are curves to look at.
    curved: bool,
    /// Every two groups.
    pairs: Vec<ComparedPair>,
    /// How its values are spread in each group.
    histogram: ComparedHistogram,
    /// The part of the variance that the params predict of unseen runs; null with fewer than 10 runs.
    explained: Option<f64>,
    /// Params by their importance; the points' params are the first of them.
    param_keys: Vec<String>,
    /// The standard deviation among runs that differ in nothing but their seed.
    seed_spread: Option<f64>,
}

/// A finding in plain words.
#[derive(SimpleObject)]
pub struct ComparisonInsight {
    /// What it means.
    tone: InsightTone,
    /// The finding, in a sentence.
    text: String,
}

/// One run, for charts.
#[derive(SimpleObject)]
pub struct ComparisonPoint {
    /// The run's id.
    run: ID,
    /// The run's name.
    name: String,
    /// The place of its group, from 0.
    group: usize,
    /// When the run started.
    started_at: DateTime<Utc>,
    /// The metric looked at; always finite.
    value: f64,
    /// Its values of the first of `paramKeys`, in their order; null where it has none.
    params: Vec<Option<String>>,
}

/// What some groups of runs differ in. Figures are of all their runs.
pub struct Comparison(pub Arc<Domain>);

/// What runs and groups of runs differ in.
#[Object]
impl Comparison {
    /// The groups; the first is the baseline.
    async fn groups(&self) -> Vec<ComparisonGroup> {
        let group = |group: &domain::Group| ComparisonGroup {
            name: group.name.clone(),
            run_count: group.runs,
            setup_count: group.setups,
            failed_count: group.failed,
            first_run_at: group.began.map(|(first, _)| time(first)),
            last_run_at: group.began.map(|(_, last)| time(last)),
        };
        self.0.groups.iter().map(group).collect()
    }

    /// What differs most comes first.
    #[graphql(complexity = "200")]
    async fn metrics(&self) -> Vec<ComparedMetric> {
        self.0.metrics.iter().map(metric).collect()
    }

    /// Metrics beyond the first 200.
    async fn metrics_left_out(&self) -> usize {
        self.0.metrics_left_out
    }

    /// What differs comes first.
    #[graphql(complexity = "200")]
    async fn params(&self) -> Vec<ComparedParam> {
        self.0.params.iter().map(param).collect()
    }

    /// Null when no run has a metric, or none the one asked for.
    async fn focus(&self) -> Option<ComparedFocus> {
        self.0.focus.as_ref().map(focus)
    }

    /// Findings in plain words.
    async fn insights(&self) -> Vec<ComparisonInsight> {
        self.0.insights.iter().map(|insight| ComparisonInsight { tone: insight.tone.into(), text: insight.text.clone() }).collect()
    }

    /// Runs with the metric looked at, spread evenly over all of them where there are more than `first` (at most 2000).
    async fn points(&self, #[graphql(default = 300)] first: i32) -> Result<Vec<ComparisonPoint>> {
        let most = usize::try_from(first).ok().filter(|first| (1..=2000).contains(first));
        let most = most.ok_or_else(|| Fault::invalid("first", "Ask for 1 to 2000 points."))?;
        let all = &self.0.points;
        let shown = all.len().min(most);
        Ok((0..shown).map(|at| point(&all[at * all.len() / shown])).collect())
    }

    /// How many points there are in all.
    async fn point_count(&self) -> usize {
        self.0.points.len()
    }
}

fn summary(of: &stats::summary::Summary) -> MetricSummary {
    let stats::summary::Summary { count, mean, sd, low, first_quartile, median, third_quartile, high } = *of;
    MetricSummary { count, mean, sd, low, first_quartile, median, third_quartile, high }
}

fn metric(row: &domain::MetricRow) -> ComparedMetric {
    let cell = |cell: &domain::Cell| ComparedMetricCell {
        summary: cell.summary.as_ref().map(summary),
        difference: cell.difference.map(|one| ComparedDifference {
            mean: one.mean,
            relative: one.relative,
            p: one.p,
            p_adjusted: one.adjusted,
            effect: one.size.map(pairs::size),
        }),
    };
    ComparedMetric { key: row.key.clone(), better: row.better.map(Into::into), cells: row.cells.iter().map(cell).collect(), odd_count: row.odd }
}

fn param(row: &domain::ParamRow) -> ComparedParam {
    let cell = |cell: &domain::ParamValues| ComparedParamCell {
        common: cell.common.iter().map(|(value, count)| ComparedParamCount { value: value.clone(), count: *count }).collect(),
        distinct_count: cell.distinct,
        missing_count: cell.missing,
    };
    ComparedParam { key: row.key.clone(), differs: row.differs, seed: row.seed, importance: row.share, cells: row.cells.iter().map(cell).collect() }
}

fn focus(of: &domain::Focus) -> ComparedFocus {
    ComparedFocus {
        key: of.key.clone(),
        better: of.better.map(Into::into),
        curved: of.curved,
        pairs: of.pairs.iter().map(pairs::pair).collect(),
        histogram: ComparedHistogram { edges: of.histogram.edges.clone(), counts: of.histogram.counts.clone() },
        explained: of.importance.as_ref().map(|found| found.explained),
        param_keys: of.keys.clone(),
        seed_spread: of.seed_spread.map(|(spread, _)| spread),
    }
}

fn point(of: &domain::Point) -> ComparisonPoint {
    ComparisonPoint {
        run: of.run.to_string().into(),
        name: of.name.clone(),
        group: of.group,
        started_at: time(of.started_ms),
        value: of.value,
        params: of.params.clone(),
    }
}
