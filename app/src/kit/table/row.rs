use leptos::{ev, prelude::*, tachys::html::attribute::custom::custom_attribute};

use super::{Cell, Column, Row, Shared, cell::Looks, head};
use crate::kit::{Chip, CopyButton, RelativeTime};

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
        view! {
            <td class="pick"><label><input class="check" type="checkbox" aria-label=format!("Select {label}") prop:checked=move || checked().unwrap_or(false) on:click=press/></label></td>
        }
    });
    let cells =
        cells.into_iter().zip(columns).enumerate().map(|(column, (content, about))| cell(column, content, about, looks, series)).collect_view();
    let more = shared.menu.map(|menu| {
        let open = move |_| leptos::callback::Callable::run(&menu.on_open, id.clone());
        view! { <td class="more"><button class="dots" popovertarget=menu.id aria-label=format!("More for {label}") on:click=open></button></td> }
    });
    view! {
        <tr aria-rowindex=long.then_some(at + 2) aria-selected=move || is_selected().map(|selected| selected.to_string()) class:here=move || shared.cursor.get() == Some(at)>{pick}{cells}{more}</tr>
    }
    .into_any()
}

/// Stands for rows that are not there.
pub(super) fn gap(rows: usize, columns: usize) -> AnyView {
    let height = custom_attribute("height", (rows * 36).to_string());
    view! { <tr aria-hidden="true"><td class="gap" colspan={columns} {..height}></td></tr> }.into_any()
}

fn cell(at: usize, content: Cell, column: &Column, looks: &Looks, series: Option<u8>) -> AnyView {
    let mut class = head::class(at, column);
    let value = content.value();
    let best = value.is_some_and(|value| looks.is_best(at, value));
    if best {
        class.push_str(" best");
    }
    // There may be more rows than those here.
    let title = best.then_some("Best of those shown");
    let bar = value.and_then(|value| looks.bar(at, value)).map(|percent| {
        class.push_str(" barred");
        view! { <svg class="bar" aria-hidden="true"><rect width=format!("{percent}%") height="100%" rx="3"></rect></svg> }
    });
    let dot = (at == 0).then_some(series).flatten().map(|series| view! { <i class=format!("dot s{series}")></i> });
    let inside = inside(at, content, looks);
    if at == 0 {
        view! { <th class=class scope="row">{dot}{inside}</th> }.into_any()
    } else {
        view! { <td class=class title=title>{bar}{inside}</td> }.into_any()
    }
}

fn inside(at: usize, content: Cell, looks: &Looks) -> AnyView {
    match content {
        Cell::Empty => view! { <span class="faint" aria-label="none">"\u{2013}"</span> }.into_any(),
        Cell::Text(text) => view! { <span class="text">{text}</span> }.into_any(),
        Cell::Muted(text) => view! { <span class="text muted">{text}</span> }.into_any(),
        Cell::Mono(text) => {
            view! { <span class="copyable"><code title=text.clone()>{text.clone()}</code><CopyButton text what="the value"/></span> }.into_any()
        }
        Cell::Number(value) => view! { <span class="value">{looks.write(at, value)}</span> }.into_any(),
        Cell::Measure(_, text) => view! { <span class="value">{text}</span> }.into_any(),
        Cell::Time(at) => view! { <span class="muted"><RelativeTime at/></span> }.into_any(),
        Cell::State(tone, word) => view! { <Chip tone dot=true>{word}</Chip> }.into_any(),
        Cell::Link(text, href) => view! { <a class="name" href=href>{text}</a> }.into_any(),
        Cell::View(view) => view.run(),
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
