use leptos::{ev, prelude::*, tachys::html::attribute::custom::custom_attribute};

use super::{Cell, Column, Row, Shared, cell::Looks, head};
use crate::kit::{CopyButton, RelativeTime, escape::escaped};

/// `long`: of a table that has only some of its rows, each says which one it is.
pub(super) fn row(at: usize, row: Row, columns: &[Column], looks: &Looks, long: bool, shared: Shared) -> AnyView {
    let Row { id, label, cells, series } = row;
    let selected = {
        let id = id.clone();
        move || shared.selected.map(|selected| selected.with(|selected| selected.contains(&id)))
    };
    let is_selected = selected.clone();
    let pick = shared.selected.map(|_| {
        let (checked, label) = (selected.clone(), label.clone());
        // The box follows the signal: shift decides what a click means.
        let press = move |event: ev::MouseEvent| toggle(shared, at, event.shift_key());
        let check = move || {
            let (checked, label) = (checked.clone(), format!("Select {label}"));
            shared.alive.get().then(|| view! { <label><input class="check" type="checkbox" aria-label=label prop:checked=move || checked().unwrap_or(false) on:click=press/></label> })
        };
        view! { <td class="pick">{check}</td> }
    });
    let cells =
        cells.into_iter().zip(columns).enumerate().map(|(column, (content, about))| cell(column, content, about, looks, series)).collect_view();
    let more = shared.menu.map(|menu| {
        let dots = move || {
            let (id, label) = (id.clone(), format!("More for {label}"));
            let open = move |_| leptos::callback::Callable::run(&menu.on_open, id.clone());
            shared.alive.get().then(|| view! { <button class="dots" popovertarget=menu.id aria-label=label on:click=open></button> })
        };
        view! { <td class="more">{dots}</td> }
    });
    // Before there are boxes no row can be selected.
    let marked = move || is_selected().filter(|selected| *selected || shared.alive.get()).map(|selected| selected.to_string());
    let here = custom_attribute("class", move || (shared.cursor.get() == Some(at)).then_some("here"));
    view! {
        <tr aria-rowindex=long.then_some(at + 2) aria-selected={marked} {..here}>{pick}{cells}{more}</tr>
    }
    .into_any()
}

/// Stands for rows that are not there.
pub(super) fn gap(rows: usize, columns: usize) -> AnyView {
    let height = custom_attribute("height", (rows * 36).to_string());
    view! { <tr aria-hidden="true"><td class="gap" colspan={columns} {..height}></td></tr> }.into_any()
}

fn cell(at: usize, content: Cell, column: &Column, looks: &Looks, series: Option<u8>) -> AnyView {
    let value = content.value();
    let best = value.is_some_and(|value| looks.is_best(at, value));
    // There may be more rows than those here.
    let title = best.then_some("Best of those shown");
    let bar = value.and_then(|value| looks.bar(at, value));
    let own = match &content {
        Cell::Code(_) => "raw",
        Cell::Time(_) => "muted",
        // The dash is the style sheet's.
        Cell::Empty => "none",
        _ => "",
    };
    let kind = if own == "raw" && at > 0 { String::new() } else { head::class(at, column) };
    let class = [kind.as_str(), own, if best { "best" } else { "" }, if bar.is_some() { "barred" } else { "" }];
    let class = class.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let class = custom_attribute("class", (!class.is_empty()).then_some(class));
    let dot = series.filter(|_| at == 0).map(|series| format!("dot s{series}"));
    match (drawn(at, &content, looks, bar), at) {
        (Some(html), 0) => {
            let dot = dot.map(|dot| format!("<i class=\"{dot}\"></i>")).unwrap_or_default();
            view! { <th scope="row" inner_html={dot + &html} {..class}></th> }.into_any()
        }
        (Some(html), _) => view! { <td title=title inner_html={html} {..class}></td> }.into_any(),
        (None, 0) => view! { <th scope="row" {..class}>{dot.map(|dot| view! { <i class=dot></i> })}{made(content)}</th> }.into_any(),
        (None, _) => view! { <td title={title} {..class}>{made(content)}</td> }.into_any(),
    }
}

/// What stands still in a cell, as HTML: nothing of it has to be found again when the page comes alive, so that a table of hundreds of cells does not carry
/// the marks by which views are found.
fn drawn(at: usize, content: &Cell, looks: &Looks, bar: Option<f64>) -> Option<String> {
    let number = |text: String| match bar {
        Some(percent) => format!(
            "<svg class=\"bar\" aria-hidden=\"true\"><rect width=\"{percent}%\" height=\"100%\" rx=\"3\"/></svg><span class=\"value\">{text}</span>"
        ),
        None => text,
    };
    Some(match content {
        Cell::Empty => String::new(),
        Cell::Text(text) => format!("<span class=\"text\">{}</span>", escaped(text)),
        Cell::Muted(text) => format!("<span class=\"text muted\">{}</span>", escaped(text)),
        Cell::Code(text) => escaped(text),
        Cell::Number(value) => number(escaped(&looks.write(at, *value))),
        Cell::Measure(_, text) => number(escaped(text)),
        Cell::State(tone, word) => format!("<span class=\"chip {}\"><i></i>{}</span>", tone.class(), escaped(word)),
        Cell::Link(text, href) => format!("<a class=\"name\" href=\"{}\">{}</a>", escaped(href), escaped(text)),
        Cell::Mono(_) | Cell::Time(_) | Cell::View(_) => return None,
    })
}

/// What moves or can be pressed.
fn made(content: Cell) -> AnyView {
    match content {
        Cell::Mono(text) => {
            view! { <span class="copyable"><code title=text.clone()>{text.clone()}</code><CopyButton text what="the value"/></span> }.into_any()
        }
        Cell::Time(at) => view! { <RelativeTime at/> }.into_any(),
        Cell::View(view) => view.run(),
        _ => ().into_any(),
    }
}

/// Selects or lets go of a row; with shift everything from the last one pressed.
pub(super) fn toggle(shared: Shared, at: usize, range: bool) {
    let Some(selected) = shared.selected else { return };
    let ids = shared.ids.get_value();
    let Some(id) = ids.get(at) else { return };
    let on = !selected.with_untracked(|selected| selected.contains(id));
    let from = shared.anchor.get_value().filter(|_| range).unwrap_or(at);
    let range = &ids[from.min(at)..=from.max(at).min(ids.len() - 1)];
    selected.update(|selected| {
        selected.retain(|other| !range.contains(other));
        if on {
            selected.extend(range.iter().cloned());
        }
    });
    shared.anchor.set_value(Some(at));
}
