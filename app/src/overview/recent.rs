use leptos::prelude::*;

use super::{Experiment, Experiments, Run};
use crate::{
    kit::{ButtonLink, Card, Cell, Column, Elapsed, Glyph, Icon, RelativeTime, Row, Table, number, run_tone},
    runs,
};

/// The latest runs, and the experiments they belong to.
pub(super) fn recent(experiments: Experiments) -> AnyView {
    let mut runs: Vec<(String, Run)> =
        experiments.nodes.iter().flat_map(|experiment| experiment.runs.nodes.iter().map(|run| (experiment.name.clone(), run.clone()))).collect();
    runs.sort_by(|a, b| b.1.started_at.0.total_cmp(&a.1.started_at.0));
    runs.truncate(10);
    let rows: Vec<Row> = runs.into_iter().map(|(experiment, run)| row(experiment, run)).collect();
    let columns = vec![
        Column::text("name", "Run"),
        Column::text("status", "State"),
        Column::text("experiment", "Experiment"),
        Column::text("metrics", "Metrics"),
        Column::text("started", "Started"),
        Column::number("duration", "Duration"),
        Column::text("by", "By"),
    ];
    let all = experiments.total_count;
    let actions = move || view! { <ButtonLink href="/experiments" small=true>{format!("All {}", number::count(all))}</ButtonLink> };
    let list = experiments.nodes.into_iter().filter(|experiment| experiment.run_count > 0).map(entry).collect_view();
    view! {
        <div class="stack">
            <Card title="Recent runs" flush=true><Table label="Recent runs" columns rows keys=true/></Card>
            <Card title="Experiments" flush=true actions=actions><ul class="entries">{list}</ul></Card>
        </div>
    }
    .into_any()
}

fn row(experiment: String, run: Run) -> Row {
    let (from, until) = (run.started_at, run.ended_at);
    let mut metrics = run.metrics;
    metrics.sort_by_key(|metric| runs::rank(&metric.key));
    let some: Vec<String> = metrics.iter().take(2).map(|metric| format!("{} {}", metric.key, number::number(metric.value.0))).collect();
    let cells = vec![
        Cell::Link(run.name.clone(), format!("/runs/{}", run.id)),
        Cell::State(run_tone(&run.status), run.status.to_lowercase()),
        Cell::Text(experiment),
        if some.is_empty() { Cell::Empty } else { Cell::Muted(some.join(" \u{00B7} ")) },
        Cell::Time(from),
        Cell::view(move || view! { <Elapsed from until/> }),
        run.created_by.map_or(Cell::Empty, Cell::Muted),
    ];
    Row::new(run.id, run.name, cells)
}

fn entry(experiment: Experiment) -> AnyView {
    let when = experiment.last_run_at.map(|at| view! { <RelativeTime at/> });
    view! {
        <li>
            <a href=format!("/experiments/{}", experiment.id)>
                <Glyph icon=Icon::FLASK_CONICAL/><b>{experiment.name}</b><span class="muted">{number::counted_at_least(experiment.run_count, experiment.run_count_is_least, "run", "runs")}</span><span class="push faint">{when}</span>
            </a>
        </li>
    }
    .into_any()
}
