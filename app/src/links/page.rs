use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{ApiError, MetricValue, Moment, Operation, PageEnd, use_api},
    experiments::Tag,
    frame::{Hallmark, ThemeSwitch},
    kit::{
        Address, Better, Cell, Chip, Column, Empty, Glyph, Icon, Pager, Row, Shape, Table, Tone, number, run_tone, steady_as, use_address,
        window_title,
    },
    runs::{self, RunToRead},
};

const SHARED: Operation = Operation(include_str!("shared_experiment.graphql"));
const FIRST: usize = 50;
/// Columns of metrics, and of params.
const COLUMNS: usize = 6;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    opened_link: Option<Opened>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    organization: String,
    run_id: Option<String>,
    experiment: Experiment,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Experiment {
    name: String,
    run_count: i64,
    run_count_is_least: bool,
    runs: Listed,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    nodes: Vec<Listing>,
    page_info: PageEnd,
    total_count: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    id: String,
    name: String,
    status: String,
    started_at: Moment,
    metrics: Vec<Measured>,
    params: Vec<Tag>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Measured {
    key: String,
    value: MetricValue,
}

/// The secret in the address, by which everything here is asked.
fn use_secret() -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("secret")).unwrap_or_default())
}

/// What a link shows, at `/shared/:secret`: the runs of an experiment, or one run.
#[component]
pub fn SharedPage() -> impl IntoView {
    let (api, address, secret) = (use_api(), use_address(), use_secret());
    let query = Resource::new(
        move || (secret.get(), address.get("after"), order(address)),
        move |(_, after, order)| {
            let api = api.clone();
            async move { fetch(api, after, order).await }
        },
    );
    guest(steady_as(Shape::Listed, query, move |held| match held.with_untracked(|opened| opened.run_id.clone()) {
        Some(run) => {
            let organization = held.with_untracked(|opened| opened.organization.clone());
            view! { <SharedBy organization/><RunToRead id=run/> }.into_any()
        }
        None => listing(held, secret),
    }))
}

async fn fetch(api: crate::Api, after: Option<String>, order: Vec<String>) -> Result<Opened, ApiError> {
    let data: Data = api.query(SHARED, json!({ "first": FIRST, "after": after, "orderBy": order })).await.map_err(ended)?;
    data.opened_link.ok_or_else(|| ApiError::absent(ENDED))
}

/// One run of the experiment that a link shows, at `/shared/:secret/runs/:id`.
#[component]
pub fn SharedRunPage() -> impl IntoView {
    let (params, secret) = (use_params_map(), use_secret());
    let back = move || format!("/shared/{}", secret.get());
    let id = params.with_untracked(|params| params.get("id")).unwrap_or_default();
    guest(view! { <p class="s"><a class="link" href=back>"All runs"</a></p><RunToRead id/> }.into_any())
}

const ENDED: &str = "This link has expired or was revoked, or what it showed was removed. Ask whoever sent it for another one.";

/// Nobody can sign in to a link.
pub(crate) fn ended(error: ApiError) -> ApiError {
    if error.is_unauthenticated() { ApiError::absent(ENDED) } else { error }
}

/// What stands around a page for somebody who is no member: nothing to press but the theme.
fn guest(content: AnyView) -> AnyView {
    view! {
        // Whoever finds the address in an index would be let in.
        <Meta name="robots" content="noindex"/>
        <div class="guest">
            <header>
                <a class="home" href="/" rel="external"><span class="mark" aria-hidden="true"><Hallmark/></span>"Assay"</a>
                <Chip tone=Tone::Info>"Read only"</Chip>
                <span class="grow"></span>
                <ThemeSwitch/>
            </header>
            <main class="main" id="content" tabindex="-1">{content}</main>
        </div>
    }
    .into_any()
}

/// Who shows it.
#[component]
fn SharedBy(organization: String) -> impl IntoView {
    view! { <p class="facts shared-by"><Glyph icon=Icon::LINK/>"Shared by "{organization}</p> }
}

fn order(address: Address) -> Vec<String> {
    address
        .sort()
        .map(|sort| {
            let key = match sort.key.split_once(':') {
                Some((kind, key)) => format!("{kind}.`{}`", key.replace('`', "")),
                None => format!("attributes.{}", sort.key),
            };
            vec![format!("{key} {}", if sort.descending { "DESC" } else { "ASC" })]
        })
        .unwrap_or_default()
}

fn listing(held: RwSignal<Opened>, secret: Memo<String>) -> AnyView {
    let (organization, name) = held.with_untracked(|opened| (opened.organization.clone(), opened.experiment.name.clone()));
    let count =
        move || held.with(|opened| number::counted_at_least(opened.experiment.run_count, opened.experiment.run_count_is_least, "run", "runs"));
    let rows = move || table(held.with(|opened| opened.experiment.runs.clone()), &secret.get());
    view! {
        <Title text=window_title(&name)/>
        <header class="head"><div class="what"><h1>{name.clone()}</h1><p class="facts"><Glyph icon=Icon::LINK/><span>"Shared by "{organization}</span><span>{count}</span></p></div></header>
        {rows}
    }
    .into_any()
}

fn table(runs: Listed, secret: &str) -> AnyView {
    if runs.nodes.is_empty() {
        return view! { <section class="card"><Empty icon=Icon::FLASK_CONICAL title="No runs yet">"What is logged to this experiment appears here."</Empty></section> }.into_any();
    }
    let (metrics, params) = (metric_keys(&runs.nodes), param_keys(&runs.nodes));
    let mut columns =
        vec![Column::text("run_name", "Run").sortable(), Column::text("status", "Status"), Column::text("start_time", "Started").sortable()];
    columns.extend(metrics.iter().map(|key| Column::number(format!("metrics:{key}"), key).better(Better::guess(key)).sortable()));
    columns.extend(params.iter().map(|key| Column::mono(format!("params:{key}"), key).sortable()));
    let (shown, total) = (runs.nodes.len(), runs.total_count);
    let next = runs.page_info.end_cursor.clone().filter(|_| runs.page_info.has_next_page);
    let rows: Vec<Row> = runs.nodes.into_iter().map(|line| row(line, &metrics, &params, secret)).collect();
    view! {
        <Table label="Runs" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("run", "runs") keys=vec![("j", ""), ("k", "move"), ("Enter", "open")]/>
    }
    .into_any()
}

fn row(line: Listing, metrics: &[String], params: &[String], secret: &str) -> Row {
    let mut cells = vec![
        Cell::Link(line.name.clone(), format!("/shared/{secret}/runs/{}", line.id)),
        Cell::State(run_tone(&line.status), line.status.to_lowercase()),
        Cell::Time(line.started_at),
    ];
    let metric = |key: &String| line.metrics.iter().find(|own| own.key == *key).map_or(Cell::Empty, |own| Cell::Number(own.value.0));
    let param = |key: &String| line.params.iter().find(|own| own.key == *key).map_or(Cell::Empty, |own| Cell::Code(own.value.clone()));
    cells.extend(metrics.iter().map(metric));
    cells.extend(params.iter().map(param));
    Row::new(line.id, line.name, cells)
}

/// The metrics that tell models apart, those of the most runs first.
fn metric_keys(lines: &[Listing]) -> Vec<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for metric in lines.iter().flat_map(|line| &line.metrics) {
        *times.entry(&metric.key).or_default() += 1;
    }
    let mut keys: Vec<(&str, usize)> = times.into_iter().collect();
    keys.sort_by_key(|(key, times)| (runs::rank(key), std::cmp::Reverse(*times)));
    keys.into_iter().take(COLUMNS).map(|(key, _)| key.to_owned()).collect()
}

/// The params by which the runs differ; all of them when there is one run.
fn param_keys(lines: &[Listing]) -> Vec<String> {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for param in lines.iter().flat_map(|line| &line.params) {
        values.entry(&param.key).or_default().push(&param.value);
    }
    let differs = |values: &Vec<&str>| lines.len() == 1 || values.len() < lines.len() || values.iter().any(|value| *value != values[0]);
    values.into_iter().filter(|(_, values)| differs(values)).take(COLUMNS).map(|(key, _)| key.to_owned()).collect()
}
