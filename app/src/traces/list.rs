use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::data::{self, Listed};
use crate::{
    api::{ApiError, Connection, Operation, use_query},
    experiments::filter,
    kit::{Address, Cell, CodeBlock, Column, Crumb, Empty, Failure, FilterField, Icon, Page, Pager, Row, Shape, Table, steady_as, use_address},
};

const TRACES: Operation = Operation(include_str!("traces.graphql"));
const FIRST: usize = 50;
/// Characters of what was asked that a line shows.
const ASKED: usize = 120;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    experiment: Option<Of>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Of {
    id: String,
    name: String,
    traces: Connection<Listed>,
}

/// The traces of an experiment, at `/experiments/:id/traces`.
#[component]
pub fn TracesPage() -> impl IntoView {
    let params = use_params_map();
    let address = use_address();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = use_query::<_, Data>(TRACES, move || {
        let filter = address.get("filter").map(|text| filter(&text));
        json!({ "id": id.get(), "first": FIRST, "after": address.get("after"), "filter": filter })
    });
    let words = ["name", "status", "execution_time", "timestamp", "run_id", "span.name", "span.type", "span.status", "trace.text"];
    let words: Signal<Vec<String>> = Signal::stored(words.map(str::to_owned).to_vec());
    steady_as(Shape::Listed, query, move |held| {
        let Some((id, name)) = held.with_untracked(|data| data.experiment.as_ref().map(|of| (of.id.clone(), of.name.clone()))) else {
            let error = ApiError::absent("There is no experiment at this address, or it belongs to another organization.");
            return view! { <Failure error/> }.into_any();
        };
        let crumbs = vec![Crumb::new("Experiments", "/experiments"), Crumb::new(name, format!("/experiments/{id}"))];
        let rows = move || held.get().experiment.map(|of| list(of.traces, address));
        view! {
            <Page title="Traces" crumbs facts=|| view! { <span>"What single requests to models and agents went through"</span> }>
                <div class="toolbar">
                    <FilterField label="Filter traces" placeholder="status = 'ERROR', execution_time > 1000, span.type = 'LLM'" words/>
                    <div class="tools">{errors(address)}</div>
                </div>
                {rows}
            </Page>
        }
        .into_any()
    })
}

/// The filter that people want most.
fn errors(address: Address) -> AnyView {
    const ERRORS: &str = "status = 'ERROR'";
    let only = move || address.get("filter").as_deref() == Some(ERRORS);
    let href = move || address.with_each(&[("filter", (!only()).then(|| ERRORS.to_owned())), ("after", None)]);
    view! { <a class="button" href=href aria-current=move || only().then_some("true")>{move || if only() { "Show all" } else { "Only errors" }}</a> }
        .into_any()
}

fn list(traces: Connection<Listed>, address: Address) -> AnyView {
    if traces.nodes.is_empty() {
        return nothing(untrack(|| address.get("filter")).is_some());
    }
    let (shown, total, next) = (traces.nodes.len(), traces.total_count, traces.next());
    let columns = vec![
        Column::text("name", "Name"),
        Column::text("state", "State"),
        Column::number("duration", "Took"),
        Column::text("began", "Began"),
        Column::text("asked", "Asked"),
    ];
    let rows = traces.nodes.into_iter().map(row).collect::<Vec<_>>();
    view! {
        <Table label="Traces" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("trace", "traces") keys=vec![("j", ""), ("k", "move"), ("Enter", "open"), ("/", "filter")]/>
    }
    .into_any()
}

fn row(trace: Listed) -> Row {
    let (tone, word) = data::state(&trace.state);
    let name = trace.name.unwrap_or_else(|| trace.id.clone());
    let asked = trace.request_preview.map(|text| text.chars().take(ASKED).collect::<String>()).filter(|text| !text.is_empty());
    let cells = vec![
        Cell::Link(name.clone(), format!("/traces/{}", trace.id)),
        Cell::State(tone, word.to_owned()),
        trace.duration.map_or(Cell::Empty, |ms| Cell::Measure(ms as f64, data::lasting(ms as f64))),
        Cell::Time(trace.started_at),
        asked.map_or(Cell::Empty, Cell::Muted),
    ];
    Row::new(trace.id, name, cells)
}

fn nothing(filtered: bool) -> AnyView {
    if filtered {
        let action = || view! { <p class="row"><a class="button" href="?">"Show all traces"</a></p> };
        return view! { <Empty icon=Icon::SEARCH title="No trace fits the filter" action=action>"A plain word looks in names. Times are milliseconds: "<code>"execution_time > 1000"</code>"."</Empty> }.into_any();
    }
    let code = "import mlflow\n\n@mlflow.trace\ndef answer(question):\n    return model.predict(question)\n\nanswer(\"Which card was used?\")\n";
    let action = move || view! { <CodeBlock code=Signal::stored(code.to_owned()) label="Python"/> };
    view! { <Empty icon=Icon::SCROLL_TEXT title="No traces yet" action=action>"A trace shows the steps of one request with their times, inputs and outputs. Anything that speaks MLflow tracing or OpenTelemetry appears here."</Empty> }.into_any()
}
