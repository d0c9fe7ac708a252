use leptos::prelude::*;

use super::model::{Summary, host, state_words};
use crate::{
    api::Connection,
    kit::{Cell, Column, Pager, Row, Table},
};

/// Earlier imports; nothing where there are none.
pub(super) fn list(imports: Connection<Summary>) -> AnyView {
    if imports.nodes.is_empty() {
        return ().into_any();
    }
    let (shown, total, next) = (imports.nodes.len(), imports.total_count, imports.next());
    let columns = vec![
        Column::text("source", "From"),
        Column::text("state", "State"),
        Column::number("runs", "Runs taken"),
        Column::number("unchanged", "Unchanged"),
        Column::number("failed", "Not taken"),
        Column::text("by", "Started by"),
        Column::text("created", "Started"),
    ];
    let rows = imports.nodes.into_iter().map(row).collect::<Vec<_>>();
    view! {
        <section class="past-imports">
            <h2>"Imports"</h2>
            <Table label="Imports" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
            <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("import", "imports") keys=vec![("j", ""), ("k", "move"), ("Enter", "open")]/>
        </section>
    }
    .into_any()
}

fn row(import: Summary) -> Row {
    let (tone, state) = state_words(&import.state);
    let runs = || import.counts.iter().filter(|count| count.kind == "RUN");
    let name = host(&import.source);
    let cells = vec![
        Cell::Link(name.clone(), format!("/import/{}", import.id)),
        Cell::State(tone, state.to_owned()),
        Cell::Number(runs().map(|count| count.taken).sum::<i64>() as f64),
        Cell::Number(runs().map(|count| count.unchanged).sum::<i64>() as f64),
        Cell::Number(import.counts.iter().map(|count| count.failed).sum::<i64>() as f64),
        Cell::Text(import.started_by.clone()),
        Cell::Time(import.created_at),
    ];
    Row::new(import.id, name, cells)
}
