//! Tables: dense, sortable by links, walked with the keyboard, selected with shift.

mod arrange;
mod cell;
mod chooser;
mod head;
mod pager;
mod row;
mod walk;
mod window;

use leptos::{html, prelude::*, tachys::html::attribute::custom::custom_attribute};
use wasm_bindgen::JsCast;

pub use arrange::{Arrange, Widths, moved};
pub use cell::{Better, Cell, Column, Kind, Row};
pub use chooser::{Choice, ColumnChooser, chosen_columns, with_columns};
pub use pager::Pager;

use super::{UnitCallback, late::use_alive, use_address};
use window::Window;

/// What the rows share: where the keyboard stands, what is selected.
#[derive(Clone, Copy)]
struct Shared {
    cursor: RwSignal<Option<usize>>,
    selected: Option<RwSignal<Vec<String>>>,
    /// Where a range begins that shift completes.
    anchor: StoredValue<Option<usize>>,
    ids: StoredValue<Vec<String>>,
    arrange: Option<Arrange>,
    /// The column that the keyboard moves, and whether its grip has the focus: it keeps it.
    moved: StoredValue<Option<(String, bool)>>,
    menu: Option<RowMenu>,
    /// Whether the app is here: boxes, grips and row menus do nothing without it and come with it. In a list of thirty rows they are a fifth of the page.
    alive: RwSignal<bool>,
}

/// One menu for all rows of a table, outside of it.
#[derive(Clone, Copy)]
pub struct RowMenu {
    /// The id of its popover.
    pub id: &'static str,
    /// It opens for the row of an id.
    pub on_open: Callback<String>,
}

/// A table in a frame that scrolls by itself. The first column stays in sight; the head stays
/// under the top edge. Of more than 200 rows only those in sight are there. `?sort=` of the address decides which column is marked; the rows come in
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
    /// Whether `J`, `K`, `X`, Enter and Escape work on it; at most one table of a page.
    #[prop(optional)]
    keys: bool,
    /// Whether other rows are on their way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Lets the reader make columns wider and move them.
    #[prop(optional)]
    arrange: Option<Arrange>,
    /// What opens from the end of each row.
    #[prop(optional)]
    menu: Option<RowMenu>,
    /// Called when the reader has scrolled near the last row; not while they have not scrolled.
    #[prop(optional, into)]
    on_end: Option<UnitCallback>,
) -> impl IntoView {
    let address = use_address();
    let sort = Memo::new(move |_| address.sort().or_else(|| sort.clone()));
    // Rows that come by themselves leave the head as it is: somebody may be dragging it.
    let columns = Memo::new(move |_| columns.get());
    let shared = Shared {
        cursor: RwSignal::new(None),
        selected,
        anchor: StoredValue::new(None),
        ids: StoredValue::new(Vec::new()),
        arrange,
        moved: StoredValue::new(None),
        menu,
        alive: use_alive(),
    };
    let (sheet, body) = (NodeRef::<html::Div>::new(), NodeRef::<html::Tbody>::new());
    let window = Window::of(sheet, Memo::new(move |_| rows.with(Vec::len)));
    if keys {
        walk::walk(shared, window, body);
    }
    walk::follow(shared, window, rows);
    let lines = move || {
        let (columns, rows) = (columns.get(), rows.get());
        shared.ids.set_value(rows.iter().map(|row| row.id.clone()).collect());
        let looks = cell::Looks::of(&columns, &rows, sort.get().as_ref());
        // Scrolling makes rows anew, not what all of them share.
        move || {
            let (long, range) = (window.is_long(), window.range());
            let range = range.start.min(rows.len())..range.end.min(rows.len());
            let across = columns.len() + usize::from(shared.selected.is_some()) + usize::from(shared.menu.is_some());
            let gap = |count: usize| long.then(|| row::gap(count, across));
            let (above, below) = (gap(range.start), gap(rows.len() - range.end));
            let lines = range.map(|at| row::row(at, rows[at].clone(), &columns, &looks, long, shared)).collect_view();
            view! { {above}{lines}{below} }.into_any()
        }
    };
    // The head counts as a row.
    let count = move || window.is_long().then(|| rows.with(Vec::len) + 1);
    let (pick, more) = (selected.is_some(), menu.is_some());
    let widths = move || arrange.and_then(|arrange| columns.with(|columns| arrange::group(columns, arrange, pick, more)));
    let width = custom_attribute("width", move || arrange.and_then(|arrange| columns.with(|columns| arrange::total(columns, arrange, pick, more))));
    let fixed = move || arrange.is_some_and(Arrange::is_set);
    keep_focus(shared, columns, sheet);
    let scrolled = move |_| {
        window.scrolled();
        if let Some(on_end) = on_end.filter(|_| window.is_near_end()) {
            on_end.run();
        }
    };
    view! {
        <div class="sheet" node_ref=sheet role="region" aria-label=label.clone() aria-busy=move || busy.get().then_some("true") tabindex="0" on:scroll=scrolled>
            <table class="table" class:selectable=selected.is_some() class:walked=move || shared.cursor.get().is_some() class:fixed=fixed aria-rowcount={count} {..width}>
                <caption class="hidden">{label.clone()}</caption>
                {widths}
                <thead><tr aria-rowindex=move || window.is_long().then_some(1)>{move || head::head(&columns.get(), sort.get().as_ref(), address, shared)}</tr></thead>
                <tbody node_ref=body>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A column that was moved with the keyboard keeps the focus.
fn keep_focus(shared: Shared, columns: Memo<Vec<Column>>, sheet: NodeRef<html::Div>) {
    Effect::new(move || {
        columns.track();
        let Some((key, grip)) = shared.moved.try_update_value(Option::take).flatten() else { return };
        request_animation_frame(move || {
            let heads = sheet.try_get_untracked().flatten().and_then(|sheet| sheet.query_selector_all("thead [data-key]").ok());
            let heads = heads.iter().flat_map(|heads| (0..heads.length()).filter_map(|at| heads.item(at)?.dyn_into::<web_sys::Element>().ok()));
            let head = heads.into_iter().find(|head| head.get_attribute("data-key").as_ref() == Some(&key));
            let own = head.and_then(|head| head.query_selector(if grip { ".grip" } else { "a, .grip" }).ok().flatten());
            if let Some(own) = own.and_then(|own| own.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = own.focus();
            }
        });
    });
}
