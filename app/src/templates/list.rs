use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::data::Listed;
use crate::{
    api::{Connection, Operation, use_query},
    frame::{project_fact, use_project_id},
    kit::{Cell, Column, Empty, Icon, Page, Pager, Row, Table, loaded, number, use_address},
};

const TEMPLATES: Operation = Operation(include_str!("templates.graphql"));
const FIRST: usize = 50;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    templates: Connection<Listed>,
}

/// The page at `/templates`.
#[component]
pub fn TemplatesPage() -> impl IntoView {
    let address = use_address();
    let project = StoredValue::new(use_project_id());
    let query = use_query::<_, Data>(TEMPLATES, move || json!({ "first": FIRST, "after": address.get("after"), "project": project.get_value() }));
    let facts = || view! { <span>"Runs and experiments that the team starts from"</span>{project_fact()} };
    view! { <Page title="Templates" facts=facts>{loaded(query, |data: Data| list(data.templates))}</Page> }.into_any()
}

fn list(templates: Connection<Listed>) -> AnyView {
    if templates.nodes.is_empty() {
        let action = || view! { <p class="row"><a class="button" href="/experiments">"Go to experiments"</a></p> };
        return view! {
            <Empty icon=Icon::COPY title="No templates yet" action=action>"Open a run that has finished well, or an experiment, and choose "<b>"Mark as template"</b>" in its menu. Colleagues then start from it, and what they start is listed with it."</Empty>
        }
        .into_any();
    }
    let (shown, total, next) = (templates.nodes.len(), templates.total_count, templates.next());
    let columns = vec![
        Column::text("name", "Name"),
        Column::text("about", "What it is good for"),
        Column::text("kind", "Kind"),
        Column::text("experiment", "Experiment"),
        Column::number("started", "Started from it"),
        Column::text("by", "By"),
        Column::text("created", "Created"),
    ];
    let rows = templates.nodes.into_iter().map(row).collect::<Vec<_>>();
    view! {
        <Table label="Templates" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("template", "templates") keys=vec![("j", ""), ("k", "move"), ("Enter", "open")]/>
    }
    .into_any()
}

fn row(template: Listed) -> Row {
    let muted = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Muted(text) };
    let (kind, experiment) = (if template.experiment.is_some() { "experiment" } else { "run" }, template.experiment_name());
    let cells = vec![
        Cell::Link(template.name.clone(), format!("/templates/{}", template.id)),
        muted(template.description),
        Cell::Muted(kind.into()),
        experiment.map_or(Cell::Empty, Cell::Text),
        Cell::Measure(template.started_count as f64, number::count(template.started_count)),
        muted(template.created_by.unwrap_or_default()),
        Cell::Time(template.created_at),
    ];
    Row::new(template.id, template.name, cells)
}
