use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Meta;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{ApiError, MetricValue, Moment, Operation, PageEnd, ask, use_api},
    experiments::{self, Shows, Tag},
    frame::{Hallmark, ThemeSwitch},
    kit::{
        Cell, Chip, Column, Empty, Glyph, Icon, Pager, Row, Shape, Table, Tone, moment, number, run_tone, steady_as, use_address, use_window_title,
    },
    runs::RunToRead,
};

const SHARED: Operation = Operation(include_str!("shared_experiment.graphql"));
const FIRST: usize = 50;

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
    ended_at: Option<Moment>,
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
    let query = ask(
        move || (secret.get(), address.get("after"), address.sort().and_then(|sort| experiments::order(&sort.key, sort.descending))),
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

async fn fetch(api: crate::Api, after: Option<String>, order: Option<String>) -> Result<Opened, ApiError> {
    let data: Data = api.query(SHARED, json!({ "first": FIRST, "after": after, "orderBy": order.map(|order| vec![order]) })).await.map_err(ended)?;
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

fn listing(held: RwSignal<Opened>, secret: Memo<String>) -> AnyView {
    let (organization, name) = held.with_untracked(|opened| (opened.organization.clone(), opened.experiment.name.clone()));
    let count =
        move || held.with(|opened| number::counted_at_least(opened.experiment.run_count, opened.experiment.run_count_is_least, "run", "runs"));
    let rows = move || table(held.with(|opened| opened.experiment.runs.clone()), &secret.get());
    use_window_title(name.clone());
    view! {
        <header class="head"><div class="what"><h1>{name}</h1><p class="facts"><Glyph icon=Icon::LINK/><span>"Shared by "{organization}</span><span>{count}</span></p></div></header>
        {rows}
    }
    .into_any()
}

fn table(runs: Listed, secret: &str) -> AnyView {
    if runs.nodes.is_empty() {
        return view! { <section class="card"><Empty icon=Icon::FLASK_CONICAL title="No runs yet">"What is logged to this experiment appears here."</Empty></section> }.into_any();
    }
    let shows = at_first(&runs.nodes);
    let mut columns = vec![Column::text("name", "Run").sortable()];
    columns.extend(shows.iter().map(|shows| shows.column(false)));
    let (shown, total) = (runs.nodes.len(), runs.total_count);
    let next = runs.page_info.end_cursor.clone().filter(|_| runs.page_info.has_next_page);
    let rows: Vec<Row> = runs.nodes.into_iter().map(|line| row(line, &shows, secret)).collect();
    view! {
        <Table label="Runs" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("run", "runs") keys=vec![("j", ""), ("k", "move"), ("Enter", "open")]/>
    }
    .into_any()
}

fn row(line: Listing, shows: &[Shows], secret: &str) -> Row {
    let cell = |shows: &Shows| match shows {
        Shows::Metric(key) => line.metrics.iter().find(|own| own.key == *key).map_or(Cell::Empty, |own| Cell::Number(own.value.0)),
        Shows::Param(key) => line.params.iter().find(|own| own.key == *key).map_or(Cell::Empty, |own| Cell::Code(own.value.clone())),
        Shows::Own(key) if key == "status" => Cell::State(run_tone(&line.status), line.status.to_lowercase()),
        Shows::Own(key) if key == "started" => Cell::Time(line.started_at),
        Shows::Own(key) if key == "duration" => line.ended_at.map_or(Cell::Empty, |ended| {
            let took = ended.0 - line.started_at.0;
            Cell::Measure(took, moment::duration(took))
        }),
        _ => Cell::Empty,
    };
    let cells = std::iter::once(Cell::Link(line.name.clone(), format!("/shared/{secret}/runs/{}", line.id))).chain(shows.iter().map(cell)).collect();
    Row::new(line.id, line.name, cells)
}

/// The columns that members see at first, over what these runs logged.
fn at_first(lines: &[Listing]) -> Vec<Shows> {
    let keys = |of: fn(&Listing) -> Vec<&String>| lines.iter().flat_map(of).collect::<BTreeSet<_>>().into_iter().cloned().collect::<Vec<_>>();
    let metrics = keys(|line| line.metrics.iter().map(|metric| &metric.key).collect());
    let params = keys(|line| line.params.iter().map(|param| &param.key).collect());
    experiments::at_first(&metrics, &params)
}
