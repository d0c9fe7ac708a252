//! Tables: dense, sortable by links, walked with the keyboard, selected with shift.

mod cell;
mod chooser;
mod head;
mod pager;
mod row;

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

pub use cell::{Better, Cell, Column, Kind, Row};
pub use chooser::{Choice, ColumnChooser};
pub use pager::Pager;

use super::{Command, use_address, use_command};

/// What the rows share: where the keyboard stands, what is selected.
#[derive(Clone, Copy)]
struct Shared {
    cursor: RwSignal<Option<usize>>,
    selected: Option<RwSignal<Vec<String>>>,
    /// Where a range begins that shift completes.
    anchor: StoredValue<Option<usize>>,
    ids: StoredValue<Vec<String>>,
}

/// A table in a frame that scrolls by itself. The first column stays in sight; the head stays
/// under the top edge. `?sort=` of the address decides which column is marked; the rows come in
/// that order from the page.
#[component]
pub fn Table(
    /// What it lists, for a screen reader: "Runs".
    #[prop(into)]
    label: String,
    /// The columns, the one that names the row first.
    #[prop(into)]
    columns: Signal<Vec<Column>>,
    /// The rows in their order.
    #[prop(into)]
    rows: Signal<Vec<Row>>,
    /// Ids of the selected rows; with it every row has a checkbox.
    #[prop(optional, into)]
    selected: Option<RwSignal<Vec<String>>>,
    /// The order when the address names none.
    #[prop(optional, into)]
    sort: Option<super::Sort>,
    /// Whether `J`, `K`, `X` and Enter work on it; at most one table of a page.
    #[prop(optional)]
    keys: bool,
) -> impl IntoView {
    let address = use_address();
    let sort = Memo::new(move |_| address.sort().or_else(|| sort.clone()));
    let shared = Shared { cursor: RwSignal::new(None), selected, anchor: StoredValue::new(None), ids: StoredValue::new(Vec::new()) };
    let node = NodeRef::<html::Tbody>::new();
    if keys {
        walk(shared, rows, node);
    }
    let body = move || {
        let (columns, rows) = (columns.get(), rows.get());
        shared.ids.set_value(rows.iter().map(|row| row.id.clone()).collect());
        let looks = cell::Looks::of(&columns, &rows, sort.get().as_ref());
        rows.into_iter().enumerate().map(|(at, each)| row::row(at, each, &columns, &looks, shared)).collect_view()
    };
    view! {
        <div class="sheet" role="region" aria-label=label.clone() tabindex="0">
            <table class="table" class:selectable=selected.is_some() class:walked=move || shared.cursor.get().is_some()>
                <caption class="hidden">{label.clone()}</caption>
                <thead><tr>{move || head::head(&columns.get(), sort.get().as_ref(), address, shared)}</tr></thead>
                <tbody node_ref=node>{body}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// `J` and `K` move, `X` selects, Enter opens, Escape lets go.
fn walk(shared: Shared, rows: Signal<Vec<Row>>, node: NodeRef<html::Tbody>) {
    let step = move |by: isize| {
        let last = rows.with_untracked(Vec::len) as isize - 1;
        if last >= 0 {
            let at = shared.cursor.get_untracked().map_or(if by > 0 { 0 } else { last }, |at| (at as isize + by).clamp(0, last));
            shared.cursor.set(Some(at as usize));
            show(node, at as usize);
        }
    };
    use_command(Command::key("j", "Table", "Next row", move || step(1)));
    use_command(Command::key("k", "Table", "Previous row", move || step(-1)));
    use_command(Command::key("Enter", "Table", "Open the row", move || open(node, shared.cursor.get_untracked())));
    if shared.selected.is_some() {
        use_command(Command::key("x", "Table", "Select the row", move || {
            if let Some(at) = shared.cursor.get_untracked() {
                row::toggle(shared, at, false);
            }
        }));
    }
    use_command(Command::key("Escape", "Table", "Leave the rows, select nothing", move || {
        shared.cursor.set(None);
        if let Some(selected) = shared.selected {
            selected.set(Vec::new());
        }
    }));
}

fn line(node: NodeRef<html::Tbody>, at: usize) -> Option<web_sys::Element> {
    node.get_untracked()?.query_selector(&format!("tr:nth-child({})", at + 1)).ok().flatten()
}

fn show(node: NodeRef<html::Tbody>, at: usize) {
    if let Some(line) = line(node, at) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        line.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Follows the link of a row, as a click would. Without a row under the keyboard the focused
/// element is pressed, which is what Enter does anyway.
fn open(node: NodeRef<html::Tbody>, at: Option<usize>) {
    let link = match at {
        Some(at) => line(node, at).and_then(|line| line.query_selector("a[href]").ok().flatten()),
        None => document().active_element(),
    };
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
        link.click();
    }
}
