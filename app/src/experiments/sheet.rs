//! What the run table shows: an experiment, its columns, and one page of runs reduced to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    columns::{self, Shows},
    model::{Experiment, PageInfo, Tag},
    rows::{Held, Line},
};
use crate::{
    api::{Api, ApiError, MetricValue, Moment, Operation, read_value},
    kit::Sort,
};

const EXPERIMENT: Operation = Operation(include_str!("experiment.graphql"));
const RUNS: Operation = Operation(include_str!("experiment_runs.graphql"));
const IDS: Operation = Operation(include_str!("run_ids.graphql"));
/// Rows that come with the page: as many as one of less than 60 kB has place for. The table loads on while it is scrolled.
pub(super) const FIRST: usize = 23;
/// Rows of each request after that.
pub(super) const FURTHER: usize = shared::limits::PAGE_MAX;

/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    pub id: String,
    pub filter: Option<String>,
    pub sort: Sort,
    pub removed: bool,
    /// Keys of the columns; empty for those the reader keeps, and without them what is shown at first.
    pub columns: Vec<String>,
    /// What the reader keeps is known and stands in `columns`.
    pub settled: bool,
    /// Whether the reader can keep anything.
    pub keeps: bool,
    pub after: Option<String>,
}

/// The experiment with its keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(flatten)]
    pub experiment: Experiment,
    pub mlflow_id: String,
    pub project: Project,
    /// Since when the whole team may read it.
    pub shared_at: Option<Moment>,
    pub viewer_permissions: Vec<String>,
    /// The template that it is.
    pub template: Option<Template>,
    pub metric_keys: Vec<String>,
    pub param_keys: Vec<String>,
    pub tag_keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Project {
    pub id: String,
    pub name: String,
    pub slug: String,
    pub access: String,
}

impl Project {
    /// Whether it is there for its members only.
    pub fn is_restricted(&self) -> bool {
        self.access == "RESTRICTED"
    }
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sheet {
    pub head: Head,
    pub columns: Vec<Shows>,
    #[serde(with = "super::rows")]
    pub rows: Vec<Line>,
    pub total: Total,
    pub next: Option<String>,
    /// How the reader arranged the columns, on whatever machine.
    pub kept: Kept,
    /// Why the filter or the order was refused; there are no rows then.
    pub refused: Option<String>,
}

/// How many runs fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Total {
    pub count: i64,
    /// Whether there may be more: nobody looked at the rest.
    pub is_least: bool,
}

/// What a member keeps of the columns of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Keys in their order; empty for what is shown at first.
    pub columns: Vec<String>,
    /// In pixels.
    pub widths: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct HeadData {
    experiment: Option<Head>,
    preference: Option<Value>,
}

#[derive(Deserialize)]
struct RunsData {
    experiment: Option<RunsOf>,
}

#[derive(Deserialize)]
struct RunsOf {
    runs: Runs,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runs {
    nodes: Vec<Run>,
    page_info: PageInfo,
    total_count: i64,
    total_is_least: bool,
}

impl Runs {
    fn total(&self) -> Total {
        Total { count: self.total_count, is_least: self.total_is_least }
    }
}

/// Some of the runs: rows, how many there are in all, the cursor of what follows.
pub(super) type Part = (Vec<Line>, Total, Option<String>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdsData {
    run_table: IdsOf,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdsOf {
    rows: Vec<OnlyId>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
struct OnlyId {
    run_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    id: String,
    name: String,
    status: String,
    started_at: Moment,
    ended_at: Option<Moment>,
    created_by: Option<String>,
    user: Option<String>,
    #[serde(default)]
    metrics: Vec<Metric>,
    #[serde(default)]
    params: Vec<Tag>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    datasets: Vec<Dataset>,
}

#[derive(Deserialize)]
struct Metric {
    key: String,
    value: MetricValue,
}

#[derive(Deserialize)]
struct Dataset {
    name: String,
    digest: String,
}

const ABSENT: &str = "There is no experiment at this address, or it belongs to another organization.";

/// The experiment and its first runs.
pub(super) async fn fetch(api: Api, wish: Wish, first: usize) -> Result<Sheet, ApiError> {
    let (head, kept) = head(&api, &wish).await?;
    let wanted = if wish.settled || !wish.columns.is_empty() { &wish.columns } else { &kept.columns };
    let mut columns = columns::chosen(wanted, &head.metric_keys, &head.param_keys);
    match ask(api, &wish, &columns, first).await {
        Ok(runs) => {
            if wanted.is_empty() {
                columns::prefer(&mut columns, &head.param_keys, |name| differs(&runs.nodes, name));
            }
            let (next, total) = (runs.page_info.next(), runs.total());
            Ok(Sheet { rows: runs.nodes.into_iter().map(|run| line(run, &columns)).collect(), head, columns, total, next, kept, refused: None })
        }
        Err(error) if matches!(error.field.as_deref(), Some("filter" | "orderBy")) => {
            Ok(Sheet { head, columns, rows: Vec::new(), total: Total::default(), next: None, kept, refused: Some(error.message) })
        }
        Err(error) => Err(error),
    }
}

/// The experiment, and what the reader keeps of its columns.
async fn head(api: &Api, wish: &Wish) -> Result<(Head, Kept), ApiError> {
    let data: HeadData =
        api.query(EXPERIMENT, json!({ "id": wish.id, "key": key(&wish.id), "keeps": wish.keeps })).await.map_err(|error| error.or_absent(ABSENT))?;
    // Whatever a script may have put there: what cannot be read is nothing.
    let kept = data.preference.and_then(|kept| read_value(&kept).ok()).unwrap_or_default();
    Ok((data.experiment.ok_or_else(|| ApiError::absent(ABSENT))?, kept))
}

/// The experiment as it is now and its first runs, as many as can be asked for at once, under columns that are there already.
pub(super) async fn newest(api: Api, wish: &Wish, columns: &[Shows]) -> Result<(Head, Part), ApiError> {
    let (head, _) = head(&api, wish).await?;
    Ok((head, page(api, wish, columns).await?))
}

/// Ids of some of the runs that the filter finds, the newest first and none with its values; with the cursor of what follows.
pub(super) async fn ids(api: &Api, wish: &Wish, after: Option<String>) -> Result<(Vec<String>, Option<String>), ApiError> {
    let variables = json!({
        "experiment": wish.id,
        "first": FURTHER,
        "after": after,
        "filter": wish.filter,
        "lifecycle": lifecycle(wish),
    });
    let found = api.query::<IdsData>(IDS, variables).await?.run_table;
    Ok((found.rows.into_iter().map(|row| format!("run_{}", row.run_id)).collect(), found.page_info.next()))
}

fn lifecycle(wish: &Wish) -> &'static str {
    if wish.removed { "DELETED" } else { "ACTIVE" }
}

/// What a member's own arrangement of an experiment's columns is kept under.
pub(super) fn key(experiment: &str) -> String {
    format!("columns:exp_{}", experiment.trim_start_matches("exp_"))
}

/// One more page of runs.
pub(super) async fn page(api: Api, wish: &Wish, columns: &[Shows]) -> Result<Part, ApiError> {
    let runs = ask(api, wish, columns, FURTHER).await?;
    let (next, total) = (runs.page_info.next(), runs.total());
    Ok((runs.nodes.into_iter().map(|run| line(run, columns)).collect(), total, next))
}

/// Whether a param has more than one value among some runs.
fn differs(runs: &[Run], name: &str) -> bool {
    let mut values = runs.iter().map(|run| run.params.iter().find(|param| param.key == name).map(|param| &param.value));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

async fn ask(api: Api, wish: &Wish, columns: &[Shows], first: usize) -> Result<Runs, ApiError> {
    let has = |fits: fn(&Shows) -> bool| columns.iter().any(fits);
    let variables = json!({
        "id": wish.id,
        "first": first,
        "after": wish.after,
        "filter": wish.filter,
        "orderBy": columns::order(&wish.sort.key, wish.sort.descending).map(|order| vec![order]),
        "lifecycle": lifecycle(wish),
        "metrics": has(|one| matches!(one, Shows::Metric(_))),
        "params": has(|one| matches!(one, Shows::Param(_))),
        "tags": has(|one| matches!(one, Shows::Tag(_))),
        "datasets": has(|one| *one == Shows::Own("dataset".to_owned())),
    });
    let data: RunsData = api.query(RUNS, variables).await?;
    Ok(data.experiment.map(|experiment| experiment.runs).unwrap_or_default())
}

fn line(run: Run, columns: &[Shows]) -> Line {
    let text = |list: &[Tag], name: &str| list.iter().find(|tag| tag.key == name).map_or(Held::Nothing(()), |tag| Held::Text(tag.value.clone()));
    let values = columns.iter().filter_map(|shows| match shows {
        Shows::Own(_) => None,
        Shows::Metric(name) => {
            Some(run.metrics.iter().find(|metric| metric.key == *name).map_or(Held::Nothing(()), |metric| Held::Number([metric.value])))
        }
        Shows::Param(name) => Some(text(&run.params, name)),
        Shows::Tag(name) => Some(text(&run.tags, name)),
    });
    let values = values.collect();
    Line {
        values,
        id: run.id,
        name: run.name,
        status: run.status,
        started: run.started_at,
        ended: run.ended_at,
        by: run.created_by.or(run.user).filter(|_| columns.contains(&Shows::Own("by".to_owned()))),
        dataset: run.datasets.into_iter().next().map(|dataset| (dataset.name, dataset.digest)),
    }
}
