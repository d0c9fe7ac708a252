use leptos::prelude::*;

use super::{
    details::{Datasets, Details, LoggedModels},
    groups::{self, Group, groups},
    model::{Metric, Run},
    note::Note,
    open::{Open, use_open},
    plots::Plots,
    similar::DoneBefore,
    tags::Tags,
};
use crate::{
    discussion::{Panel, use_talk},
    experiments::Tag,
    kit::{Better, Card, Cell, ChartOptions, CodeBlock, Column, Copyable, Empty, Fact, Facts, Icon, Row, Stat, Table, number},
};

/// How many numbers stand at the top, and how many charts under them.
const STATS: usize = 4;
const CHARTS: usize = 4;
/// Params before the list is folded.
const PARAMS: usize = 24;

/// The first tab.
#[component]
pub fn RunOverview() -> impl IntoView {
    let open = use_open();
    let run = open.run;
    let empty = Memo::new(move |_| run.with(|run| run.metrics.is_empty() && run.params.is_empty()));
    let main = move || if empty.get() { nothing(open) } else { logged(open) };
    view! {
        <div class="split">
            <div class="stack"><DoneBefore id=open.id()/>{main}</div>
            <aside class="stack" aria-label="About the run">
                <Details open/>
                <Note open/>
                {use_talk().map(|talk| view! { <Panel talk/> })}
                <Tags open/>
                <Datasets run/>
                <LoggedModels run/>
            </aside>
        </div>
    }
    .into_any()
}

fn nothing(open: Open) -> AnyView {
    let id = open.run.with_untracked(|run| run.mlflow_id.clone());
    let code = format!(
        "import mlflow\n\nwith mlflow.start_run(run_id=\"{id}\"):\n    mlflow.log_param(\"learning_rate\", 0.03)\n    mlflow.log_metric(\"loss\", 0.42, step=1)\n"
    );
    let action = move || view! { <CodeBlock code=code.clone() label="Python"/> };
    view! { <section class="card"><Empty icon=Icon::CHART_LINE title="Nothing logged yet" action>"Params and metrics appear here the moment they are logged."</Empty></section> }.into_any()
}

fn logged(open: Open) -> AnyView {
    let run = open.run;
    let options = ChartOptions::new();
    options.smoothing.set(0.6);
    let charts = Memo::new(move |_| run.with(|run| charts(&run.metrics)));
    let has_charts = Memo::new(move |_| !charts.with(Vec::is_empty));
    view! {
        {stats(run)}
        {move || has_charts.get().then(|| view! { <Plots open groups=charts options points=300/> })}
        <Params run/>
        <Latest run href=move || run.with(|run| format!("{}/metrics", run.path()))/>
    }
    .into_any()
}

/// The charts under the numbers.
pub(super) fn charts(metrics: &[Metric]) -> Vec<Group> {
    every_chart(metrics).into_iter().take(CHARTS).collect()
}

/// A chart for everything that was measured more than once.
pub(super) fn every_chart(metrics: &[Metric]) -> Vec<Group> {
    groups(groups::headline(metrics).into_iter().filter(|metric| metric.count > 1))
}

/// The numbers that tell models apart.
pub(super) fn stats(run: RwSignal<Run>) -> AnyView {
    let names = Memo::new(move |_| {
        run.with(|run| groups::headline(&run.metrics).into_iter().take(STATS).map(|metric| metric.key.clone()).collect::<Vec<_>>())
    });
    let stats = move || names.get().into_iter().map(|key| stat(run, key)).collect_view();
    view! { <div class="stats" hidden=move || names.with(Vec::is_empty)>{stats}</div> }.into_any()
}

fn stat(run: RwSignal<Run>, key: String) -> AnyView {
    let (label, better) = (key.clone(), Better::guess(&key));
    let metric = Memo::new(move |_| run.with(|run| run.metrics.iter().find(|metric| metric.key == key).cloned()));
    let value = Signal::derive(move || metric.get().map_or_else(String::new, |metric| number::number(metric.value.0)));
    let note = Signal::derive(move || metric.get().and_then(|metric| remark(&metric, better)));
    view! { <Stat label value note/> }.into_any()
}

/// What the number is compared to: its best so far, or else where it stands.
fn remark(metric: &Metric, better: Option<Better>) -> Option<String> {
    if metric.count < 2 {
        return None;
    }
    let best = match better {
        Some(Better::Higher) => metric.high,
        Some(Better::Lower) => metric.low,
        None => None,
    };
    let step = format!("step {}", number::count(metric.step));
    Some(match best {
        Some(best) if best.0 == metric.value.0 => format!("best so far, {step}"),
        Some(best) => format!("best {}, {step}", number::number(best.0)),
        None => step,
    })
}

/// Every param with a button to copy its value.
#[component]
pub(super) fn Params(run: RwSignal<Run>) -> impl IntoView {
    let params = Memo::new(move |_| run.with(|run| run.params.clone()));
    move || {
        let params: Vec<Tag> = params.get();
        if params.is_empty() {
            return ().into_any();
        }
        let count = number::count(params.len() as i64);
        let (first, rest) = params.split_at(params.len().min(PARAMS));
        let (first, folded, rest) = (facts(first), rest.len(), facts(rest));
        let more = (folded > 0).then(|| view! { <details class="fold"><summary>{format!("{} more", number::count(folded as i64))}</summary><div class="params">{rest}</div></details> });
        view! { <Card title="Parameters" beside=move || view! { <span class="count">{count.clone()}</span> }><div class="params">{first}</div>{more}</Card> }.into_any()
    }
}

fn facts(params: &[Tag]) -> AnyView {
    let params = params.to_vec();
    view! { <Facts>{params.into_iter().map(|Tag { key, value }| view! { <Fact label=key><Copyable text=value what="the value"/></Fact> }).collect_view()}</Facts> }.into_any()
}

/// The latest value of every metric.
#[component]
pub(super) fn Latest(
    run: RwSignal<Run>,
    /// Where all charts are, if this page has not all of them.
    #[prop(optional, into)]
    href: Option<Signal<String>>,
) -> impl IntoView {
    let metrics = Memo::new(move |_| {
        let mut metrics = run.with(|run| run.metrics.clone());
        metrics.sort_by_key(|metric| groups::is_system(&metric.key));
        metrics
    });
    let columns = vec![
        Column::text("key", "Metric"),
        Column::number("value", "Latest"),
        Column::number("low", "Lowest"),
        Column::number("high", "Highest"),
        Column::number("step", "Step"),
        Column::number("count", "Points"),
    ];
    let rows = Signal::derive(move || metrics.with(|metrics| metrics.iter().map(row).collect::<Vec<_>>()));
    let shown = Memo::new(move |_| metrics.with(|metrics| !metrics.is_empty()));
    move || {
        let columns = columns.clone();
        shown.get().then(|| view! { <Card title="Latest values" flush=true actions=move || href.map(|href| view! { <a class="button quiet small" href=href>"All charts"</a> })><Table label="Latest values" columns rows/></Card> }.into_any())
    }
}

fn row(metric: &Metric) -> Row {
    let written = |value: f64| Cell::Measure(value, number::number(value));
    let cells = vec![
        Cell::Text(metric.key.clone()),
        written(metric.value.0),
        metric.low.map_or(Cell::Empty, |low| written(low.0)),
        metric.high.map_or(Cell::Empty, |high| written(high.0)),
        Cell::Measure(metric.step as f64, number::count(metric.step)),
        Cell::Measure(metric.count as f64, number::count(metric.count)),
    ];
    Row::new(&metric.key, &metric.key, cells)
}
