//! A comparison as the page sees it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    comparison::{Better, Wish},
    latin,
};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    kit::kinds::Spread,
};

const COMPARE: Operation = Operation(include_str!("compare.graphql"));
const ENVIRONMENTS_OF: Operation = Operation(include_str!("environments.graphql"));
/// Runs whose environments are held against each other.
const ENVIRONMENTS: usize = 6;
const CHOICES: Operation = Operation(include_str!("choices.graphql"));
const SAVED: Operation = Operation(include_str!("saved_comparisons.graphql"));
const SAVE: Operation = Operation(include_str!("save_comparison.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_comparison.graphql"));

/// All that the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sheet {
    /// What was asked for.
    pub wish: Wish,
    /// `None` when nothing was asked for, or it was refused.
    pub comparison: Option<Comparison>,
    /// What the environments of a few single runs differ in.
    pub environments: Vec<EnvironmentDifference>,
    pub refused: Option<String>,
    pub experiments: Vec<Named>,
    pub saved: Vec<Saved>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Named {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved {
    pub id: String,
    pub name: String,
    pub path: String,
    pub created_by: Option<String>,
    pub created_at: Moment,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    pub groups: Vec<Group>,
    pub metrics: Vec<Metric>,
    pub metrics_left_out: usize,
    pub params: Vec<Param>,
    pub focus: Option<Focus>,
    pub insights: Vec<Insight>,
    pub points: Vec<Point>,
    pub point_count: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub name: String,
    pub run_count: usize,
    pub setup_count: usize,
    pub failed_count: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Metric {
    pub key: String,
    pub better: Option<Better>,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub summary: Option<Summary>,
    pub difference: Option<Difference>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub count: usize,
    pub mean: f64,
    pub sd: f64,
    pub low: f64,
    pub first_quartile: f64,
    pub median: f64,
    pub third_quartile: f64,
    pub high: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    pub mean: f64,
    pub relative: Option<f64>,
    pub p_adjusted: Option<f64>,
    pub effect: Option<Size>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Size {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Interval {
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Param {
    pub key: String,
    pub differs: bool,
    pub seed: bool,
    pub importance: Option<f64>,
    pub cells: Vec<ParamCell>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParamCell {
    pub common: Vec<Count>,
    pub distinct_count: usize,
    pub missing_count: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Count {
    pub value: String,
    pub count: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Focus {
    pub key: String,
    pub better: Option<Better>,
    pub curved: bool,
    pub explained: Option<f64>,
    pub param_keys: Vec<String>,
    pub histogram: Histogram,
    pub pairs: Vec<Pair>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair {
    pub left: usize,
    pub right: usize,
    pub welch: Option<Welch>,
    pub mann_whitney: Option<Ranks>,
    pub bootstrap: Option<Interval>,
    pub cohens_d: Option<f64>,
    pub hedges_g: Option<Size>,
    pub rank_biserial: Option<Size>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Welch {
    pub difference: f64,
    pub interval: Interval,
    pub t: f64,
    pub df: f64,
    pub p: f64,
    pub p_adjusted: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ranks {
    pub u: f64,
    pub p: f64,
    pub p_adjusted: Option<f64>,
    pub exact: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Insight {
    pub tone: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub run: String,
    pub name: String,
    pub group: usize,
    pub value: f64,
    pub params: Vec<Option<String>>,
}

impl Comparison {
    /// Whether a PDF report can show all that is named in it.
    pub fn is_latin(&self) -> bool {
        let values = |param: &Param| param.cells.iter().flat_map(|cell| &cell.common).all(|one| latin::shows(&one.value));
        self.groups.iter().all(|group| latin::shows(&group.name))
            && self.metrics.iter().all(|metric| latin::shows(&metric.key))
            && self.params.iter().all(|param| latin::shows(&param.key) && values(param))
            && self.insights.iter().all(|insight| latin::shows(&insight.text))
    }

    /// The groups' values of a metric, for bars and boxes. The interval of a mean is taken as two standard errors on either side.
    pub fn spreads(&self, key: &str) -> Vec<Spread> {
        let Some(row) = self.metrics.iter().find(|row| row.key == key) else { return Vec::new() };
        let own = self.groups.iter().zip(&row.cells).filter_map(|(group, cell)| {
            let of = cell.summary.as_ref()?;
            Some(Spread {
                name: group.name.clone(),
                ends: [of.low, of.first_quartile, of.median, of.third_quartile, of.high],
                mean: of.mean,
                error: if of.count > 1 { 2.0 * of.sd / (of.count as f64).sqrt() } else { 0.0 },
                count: of.count,
            })
        });
        own.collect()
    }
}

/// Something that the environments of the runs differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnvironmentDifference {
    pub name: String,
    pub is_package: bool,
    pub values: Vec<Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environments {
    environment_differences: Vec<EnvironmentDifference>,
}

#[derive(Deserialize)]
struct Compared {
    comparison: Comparison,
}

#[derive(Deserialize)]
struct Choices {
    experiments: Nodes<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllSaved {
    saved_comparisons: Nodes<Saved>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

/// The comparison, and what else can be chosen. A refusal is part of the page: the form that is to be put right stands on it.
pub(super) async fn fetch(api: Api, wish: Wish) -> Result<Sheet, ApiError> {
    let (mut comparison, mut refused) = (None, None);
    if !wish.is_empty() {
        match api.query::<Compared>(COMPARE, json!({ "of": wish })).await {
            Ok(found) => comparison = Some(found.comparison),
            Err(error) if error.field.is_some() || matches!(error.code, shared::ErrorCode::LimitExceeded) => refused = Some(error.message),
            Err(error) => return Err(error),
        }
    }
    // Who may not see experiments or saved comparisons still sees runs.
    let experiments = api.query::<Choices>(CHOICES, ()).await.map(|found| found.experiments.nodes).unwrap_or_default();
    let saved = if wish.is_empty() {
        api.query::<AllSaved>(SAVED, ()).await.map(|found| found.saved_comparisons.nodes).unwrap_or_default()
    } else {
        Vec::new()
    };
    // Few runs are looked at one by one; of many, each setup counts.
    let environments = if comparison.is_some() && wish.groups.is_empty() && (2..=ENVIRONMENTS).contains(&wish.runs.len()) {
        api.query::<Environments>(ENVIRONMENTS_OF, json!({ "runs": wish.runs })).await.map(|found| found.environment_differences).unwrap_or_default()
    } else {
        Vec::new()
    };
    Ok(Sheet { wish, comparison, environments, refused, experiments, saved })
}

/// Keeps a comparison under a name.
pub(super) async fn save(api: Api, name: String, wish: Wish) -> Result<(), ApiError> {
    api.query::<Value>(SAVE, json!({ "name": name, "of": wish })).await.map(drop)
}

/// Takes a saved comparison away.
pub(super) async fn remove(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REMOVE, json!({ "id": id })).await.map(drop)
}
