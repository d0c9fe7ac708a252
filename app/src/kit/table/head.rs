use leptos::{callback::Callable, ev, prelude::*};

use super::{Column, Kind, Shared, arrange};
use crate::kit::{Address, Glyph, Icon, Sort};
use wasm_bindgen::JsCast;

pub(super) fn head(columns: &[Column], sort: Option<&Sort>, address: Address, shared: Shared) -> AnyView {
    let all = shared.selected.map(|selected| select_all(selected, shared));
    let titles = columns.iter().enumerate().map(|(at, column)| title(at, column, sort, address, shared)).collect_view();
    let more = shared.menu.map(|_| view! { <td class="more"></td> });
    view! { {all}{titles}{more} }.into_any()
}

fn select_all(selected: RwSignal<Vec<String>>, shared: Shared) -> AnyView {
    let count = move || selected.with(|selected| shared.ids.with_value(|ids| ids.iter().filter(|id| selected.contains(id)).count()));
    let total = move || shared.ids.with_value(Vec::len);
    let every = move || count() > 0 && count() == total();
    let some = move || count() > 0 && count() < total();
    let change = move |event| {
        let on = event_target_checked(&event);
        selected.set(if on { shared.ids.get_value() } else { Vec::new() });
    };
    view! {
        <th class="pick" scope="col">
            {move || shared.alive.get().then(|| view! { <label><input class="check" type="checkbox" aria-label="Select all rows" prop:checked=every prop:indeterminate=some on:change=change/></label> })}
        </th>
    }
    .into_any()
}

fn title(at: usize, column: &Column, sort: Option<&Sort>, address: Address, shared: Shared) -> AnyView {
    let own = sort.filter(|sort| sort.key == column.key);
    let order = own.map(|sort| if sort.descending { "descending" } else { "ascending" });
    let class = class(at, column);
    let title = column.title.clone();
    if title.is_empty() {
        return view! { <td class=class></td> }.into_any(); // a column of row menus: there is no head to read out
    }
    if let Some(arrange) = shared.arrange {
        // The grip's own name is no part of the column's.
        let name = move || shared.alive.get().then(|| title.clone());
        let content = words(column, own, address, shared);
        let (key, first) = (column.key.clone(), at == 0);
        let press = move |event: ev::KeyboardEvent| {
            if let Some(right) = arrange::moves(&event).filter(|_| !first) {
                event.prevent_default();
                let own = (key.clone(), event.target().is_some_and(|target| is_grip(&target)));
                if arrange.on_move.run((key.clone(), right)) {
                    shared.moved.set_value(Some(own));
                }
            }
        };
        let own = column.clone();
        let grip = move || shared.alive.get().then(|| arrange::grip(&own, first, arrange));
        return view! { <th class=class scope="col" aria-sort=order aria-label=name data-key=column.key.clone() on:keydown=press>{content}{grip}</th> }.into_any();
    }
    let hint = (!column.sortable).then_some(title);
    view! { <th class=class scope="col" aria-sort=order title=hint>{words(column, own, address, shared)}</th> }.into_any()
}

fn is_grip(target: &web_sys::EventTarget) -> bool {
    target.dyn_ref::<web_sys::Element>().is_some_and(|element| element.class_list().contains("grip"))
}

/// What a head says; of a column that sorts it is a link.
fn words(column: &Column, own: Option<&Sort>, address: Address, shared: Shared) -> AnyView {
    let title = column.title.clone();
    if !column.sortable {
        return view! { <span>{title}</span> }.into_any();
    }
    // Numbers are most often wanted with the largest first.
    let next = Sort { key: column.key.clone(), descending: own.map_or(column.kind == Kind::Number, |sort| !sort.descending) };
    let arrow = own.map(|sort| view! { <Glyph icon=if sort.descending { Icon::ARROW_DOWN } else { Icon::ARROW_UP }/> });
    let named = title.clone();
    let hint = move || shared.alive.get().then(|| format!("Sort by {named}"));
    // The path is that of the page.
    let href = address.with("sort", Some(&next.as_param()));
    let href = href.find('?').map_or(href.as_str(), |at| &href[at..]).to_owned();
    view! { <a href=href title=hint data-noscroll="">{title}{arrow}</a> }.into_any()
}

/// The classes of a cell, in the head and below.
pub(super) fn class(at: usize, column: &Column) -> String {
    let kind = match column.kind {
        Kind::Text => "",
        Kind::Mono => "mono",
        Kind::Number => "n",
    };
    match (at, kind) {
        (0, "") => "first".to_owned(),
        (0, kind) => format!("first {kind}"),
        (_, kind) => kind.to_owned(),
    }
}
