//! Rows and columns of the run table.

use leptos::prelude::*;

use super::{
    columns::Shows,
    rows::{Held, Line},
    sheet::Sheet,
};
use crate::{
    kit::{Cell, Column, Elapsed, Row, moment, run_tone},
    runs::colour,
};

/// The columns, the run's name first.
pub(super) fn columns(sheet: &Sheet) -> Vec<Column> {
    let name = Column::text("name", "Run").sortable();
    let mut place = 0;
    let rest = sheet.columns.iter().map(|shows| {
        let numeric = !matches!(shows, Shows::Own(_)) && {
            place += 1;
            is_numeric(&sheet.rows, place - 1)
        };
        shows.column(numeric)
    });
    std::iter::once(name).chain(rest).collect()
}

/// Whether a column of texts holds nothing but numbers: those are set like numbers.
fn is_numeric(rows: &[Line], place: usize) -> bool {
    let mut texts = rows
        .iter()
        .filter_map(|row| match row.values.get(place) {
            Some(Held::Text(text)) => Some(text),
            _ => None,
        })
        .peekable();
    texts.peek().is_some() && texts.all(|text| text.parse::<f64>().is_ok())
}

/// The rows, cells in the order of the columns.
pub(super) fn rows(sheet: &Sheet) -> Vec<Row> {
    sheet.rows.iter().map(|line| row(line, &sheet.columns)).collect()
}

fn row(line: &Line, columns: &[Shows]) -> Row {
    let mut values = line.values.iter();
    let mut cells = vec![Cell::Link(line.name.clone(), format!("/runs/{}", line.id))];
    cells.extend(columns.iter().map(|shows| match shows {
        Shows::Own(key) => own(line, key),
        _ => held(values.next()),
    }));
    Row { series: Some(colour(&line.id)), ..Row::new(&line.id, &line.name, cells) }
}

fn own(line: &Line, key: &str) -> Cell {
    let (started, ended) = (line.started, line.ended);
    match key {
        "status" => Cell::State(run_tone(&line.status), line.status.to_lowercase()),
        "started" => Cell::Time(started),
        "duration" if line.status == "RUNNING" => Cell::view(move || view! { <Elapsed from=started until=ended/> }),
        "duration" => ended.map_or(Cell::Empty, |ended| Cell::Measure(ended.0 - started.0, moment::duration(ended.0 - started.0))),
        "by" => line.by.clone().map_or(Cell::Empty, Cell::Muted),
        "dataset" => line.dataset.clone().map_or(Cell::Empty, |(name, digest)| {
            Cell::view(
                move || view! { <span class="muted">{name.clone()}" "<code class="faint">{digest.chars().take(8).collect::<String>()}</code></span> },
            )
        }),
        _ => Cell::Empty,
    }
}

fn held(value: Option<&Held>) -> Cell {
    match value {
        Some(Held::Number([value])) => Cell::Number(value.0),
        Some(Held::Text(text)) => match text.parse::<f64>() {
            Ok(value) => Cell::Measure(value, text.clone()),
            Err(_) => Cell::Code(text.clone()),
        },
        Some(Held::Nothing(())) | None => Cell::Empty,
    }
}
