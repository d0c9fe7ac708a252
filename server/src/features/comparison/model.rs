//! What a comparison says.

use shared::{comparison::Better, ids::RunId};

use crate::stats::{
    effect::{Size, Standardized},
    forest::Importance,
    summary::Summary,
    tests_of_two::{MannWhitney, Welch},
};

/// Everything about some groups of runs. Lists `by group` have one element for each group, in their order; the first group is the baseline.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub groups: Vec<Group>,
    /// What differs most comes first.
    pub metrics: Vec<MetricRow>,
    /// Metrics that few runs have and that are not shown.
    pub metrics_left_out: usize,
    /// What differs comes first.
    pub params: Vec<ParamRow>,
    /// The metric looked at closely; `None` without any metric.
    pub focus: Option<Focus>,
    /// In the order of their weight.
    pub insights: Vec<Insight>,
    /// The runs of all groups that have the metric looked at.
    pub points: Vec<Point>,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    pub runs: usize,
    /// Different sets of params, seeds aside.
    pub setups: usize,
    pub failed: usize,
    /// When the first and the last of its runs began, milliseconds since the epoch.
    pub began: Option<(i64, i64)>,
}

/// A metric in each group.
#[derive(Clone, Debug)]
pub struct MetricRow {
    pub key: String,
    pub better: Option<Better>,
    /// By group.
    pub cells: Vec<Cell>,
    /// Values that are not finite, or too large to be squared, and left out.
    pub odd: usize,
}

/// A metric in one group, and against the baseline.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// `None` without values.
    pub summary: Option<Summary>,
    /// `None` for the baseline and where either has no values.
    pub difference: Option<Difference>,
}

/// A group less the baseline.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    pub mean: f64,
    /// Of the baseline's mean; `None` where that is 0.
    pub relative: Option<f64>,
    /// Welch's p; `None` where no test is possible.
    pub p: Option<f64>,
    /// The same, adjusted for all tests of the table (Holm).
    pub adjusted: Option<f64>,
    /// Hedges' g.
    pub size: Option<Size>,
}

/// One metric looked at closely.
#[derive(Clone, Debug)]
pub struct Focus {
    pub key: String,
    pub better: Option<Better>,
    /// Whether a run has it at more than one point.
    pub curved: bool,
    /// Two groups each; with many groups only those with the baseline.
    pub pairs: Vec<Pair>,
    pub histogram: Histogram,
    /// What the metric depends on, over the params of `keys`.
    pub importance: Option<Importance>,
    pub keys: Vec<String>,
    /// The spread among runs that differ in nothing but their seed (pooled), and the number of such setups.
    pub seed_spread: Option<(f64, usize)>,
}

/// A group held against another: `right` less `left`.
#[derive(Clone, Debug)]
pub struct Pair {
    pub left: usize,
    pub right: usize,
    pub welch: Option<Welch>,
    /// Welch's p adjusted for all pairs (Holm).
    pub welch_adjusted: Option<f64>,
    pub ranks: Option<MannWhitney>,
    pub ranks_adjusted: Option<f64>,
    /// The BCa bootstrap interval of the difference of means.
    pub bootstrap: Option<(f64, f64)>,
    pub effect: Option<Standardized>,
    pub rank_biserial: Option<Size>,
}

/// How often values fall between edges; one more edge than counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    pub edges: Vec<f64>,
    /// By group.
    pub counts: Vec<Vec<usize>>,
}

/// A param in each group.
#[derive(Clone, Debug)]
pub struct ParamRow {
    pub key: String,
    /// Whether it has more than one value among all runs.
    pub differs: bool,
    /// Whether it is taken for a seed.
    pub seed: bool,
    /// Its part of what the params explain of the metric looked at, 0 to 1.
    pub share: Option<f64>,
    /// By group.
    pub cells: Vec<ParamValues>,
}

/// The values of a param in one group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParamValues {
    /// The commonest, each with the number of its runs.
    pub common: Vec<(String, usize)>,
    /// How many different ones there are.
    pub distinct: usize,
    /// Runs without it.
    pub missing: usize,
}

/// A finding in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    pub tone: Tone,
    pub text: String,
}

/// What a finding means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Info,
    Warn,
}

/// One run among the others, for charts.
#[derive(Clone, Debug)]
pub struct Point {
    pub run: RunId,
    pub name: String,
    pub group: usize,
    pub started_ms: i64,
    pub value: f64,
    /// The values of the first params of [`Focus::keys`]; `None` where the run has none.
    pub params: Vec<Option<String>>,
}
