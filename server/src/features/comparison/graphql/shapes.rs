//! What of a comparison the API shows.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::comparison::{self, Unit};

use super::super::{self as domain, Comparison as Domain, Tone};
use crate::{
    fault::Fault,
    features::metrics::graphql::time,
    stats::{self, effect::Size},
};

/// Which end of a metric is the good one.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "comparison::Better")]
pub enum MetricBetter {
    Higher,
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
    Good,
    Bad,
    Info,
    Warn,
}

/// One group of runs.
#[derive(SimpleObject)]
pub struct ComparisonGroup {
    name: String,
    run_count: usize,
    /// Different sets of params, seeds aside.
    setup_count: usize,
    /// Runs that failed or were killed.
    failed_count: usize,
    first_run_at: Option<DateTime<Utc>>,
    last_run_at: Option<DateTime<Utc>>,
}

/// What a list of values amounts to.
#[derive(SimpleObject)]
pub struct MetricSummary {
    count: usize,
    mean: f64,
    /// Of the sample; 0 for one value.
    sd: f64,
    low: f64,
    first_quartile: f64,
    median: f64,
    third_quartile: f64,
    high: f64,
}

/// Two ends, at 95 %.
#[derive(SimpleObject)]
pub struct ComparedInterval {
    low: f64,
    high: f64,
}

/// A size with its interval at 95 %.
#[derive(SimpleObject)]
pub struct ComparedEffect {
    value: f64,
    low: f64,
    high: f64,
}

fn size(size: Size) -> ComparedEffect {
    ComparedEffect { value: size.value, low: size.low, high: size.high }
}

/// A group less the baseline.
#[derive(SimpleObject)]
pub struct ComparedDifference {
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
    summary: Option<MetricSummary>,
    /// Null for the baseline.
    difference: Option<ComparedDifference>,
}

/// A metric in each group.
#[derive(SimpleObject)]
pub struct ComparedMetric {
    key: String,
    better: Option<MetricBetter>,
    /// By group.
    cells: Vec<ComparedMetricCell>,
    /// Values left out because they are not finite.
    odd_count: usize,
}

/// A value and the number of runs that have it.
#[derive(SimpleObject)]
pub struct ComparedParamCount {
    value: String,
    count: usize,
}

/// A param in one group.
#[derive(SimpleObject)]
pub struct ComparedParamCell {
    /// The three commonest.
    common: Vec<ComparedParamCount>,
    distinct_count: usize,
    missing_count: usize,
}

/// A param in each group.
#[derive(SimpleObject)]
pub struct ComparedParam {
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

/// Two groups: `right` less `left`, which are places in the list of groups. Whatever needs two values in each group is null where there are fewer.
#[derive(SimpleObject)]
pub struct ComparedPair {
    left: usize,
    right: usize,
    /// Welch's t-test.
    welch: Option<ComparedWelch>,
    mann_whitney: Option<ComparedRanks>,
    /// Of the difference of means: BCa bootstrap, 2,000 draws.
    bootstrap: Option<ComparedInterval>,
    cohens_d: Option<f64>,
    hedges_g: Option<ComparedEffect>,
    /// Cliff's delta: the share of pairs in which the right is greater less the share in which it is smaller.
    rank_biserial: Option<ComparedEffect>,
}

/// Welch's t-test of a difference of means.
#[derive(SimpleObject)]
pub struct ComparedWelch {
    difference: f64,
    interval: ComparedInterval,
    t: f64,
    df: f64,
    p: f64,
    /// Adjusted for all pairs (Holm).
    p_adjusted: Option<f64>,
}

/// The Mann-Whitney test.
#[derive(SimpleObject)]
pub struct ComparedRanks {
    u: f64,
    p: f64,
    p_adjusted: Option<f64>,
    exact: bool,
}

/// How often values fall between edges.
#[derive(SimpleObject)]
pub struct ComparedHistogram {
    edges: Vec<f64>,
    /// By group, one less than edges.
    counts: Vec<Vec<usize>>,
}

/// The metric looked at closely.
#[derive(SimpleObject)]
pub struct ComparedFocus {
    key: String,
    better: Option<MetricBetter>,
    /// Whether a run has it at more than one point, so that there are curves to look at.
    curved: bool,
    pairs: Vec<ComparedPair>,
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
    tone: InsightTone,
    text: String,
}

/// One run, for charts.
#[derive(SimpleObject)]
pub struct ComparisonPoint {
    run: ID,
    name: String,
    group: usize,
    started_at: DateTime<Utc>,
    value: f64,
    params: Vec<Option<String>>,
}

/// What some groups of runs differ in. Figures are of all their runs.
pub struct Comparison(pub Arc<Domain>);

#[Object]
impl Comparison {
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
            effect: one.size.map(size),
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
    let pair = |pair: &domain::Pair| ComparedPair {
        left: pair.left,
        right: pair.right,
        welch: pair.welch.map(|test| ComparedWelch {
            difference: test.difference,
            interval: ComparedInterval { low: test.low, high: test.high },
            t: test.t,
            df: test.df,
            p: test.p,
            p_adjusted: pair.welch_adjusted,
        }),
        mann_whitney: pair.ranks.map(|test| ComparedRanks { u: test.u, p: test.p, p_adjusted: pair.ranks_adjusted, exact: test.exact }),
        bootstrap: pair.bootstrap.map(|(low, high)| ComparedInterval { low, high }),
        cohens_d: pair.effect.map(|effect| effect.d),
        hedges_g: pair.effect.map(|effect| size(effect.g)),
        rank_biserial: pair.rank_biserial.map(size),
    };
    ComparedFocus {
        key: of.key.clone(),
        better: of.better.map(Into::into),
        curved: of.curved,
        pairs: of.pairs.iter().map(pair).collect(),
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
