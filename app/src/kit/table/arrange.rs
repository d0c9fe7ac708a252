//! Columns as the reader arranged them: how wide they are, in which order they stand.

use std::collections::BTreeMap;

use leptos::{callback::Callable, ev, prelude::*, tachys::html::attribute::custom::custom_attribute};
use wasm_bindgen::JsCast;

use super::{Column, Kind};

/// Widths of columns by their keys, in pixels.
pub type Widths = BTreeMap<String, u32>;

/// Narrowest and widest column, in pixels.
const NARROWEST: u32 = 48;
const WIDEST: u32 = 800;
/// What an arrow key adds.
const STEP: i32 = 16;
/// The boxes before the rows, and the menus after them.
const PICK: u32 = 40;
const MENU: u32 = 44;

/// Lets the reader arrange the columns of a table.
#[derive(Clone, Copy)]
pub struct Arrange {
    /// While it is empty every column is as wide as what it holds.
    pub widths: RwSignal<Widths>,
    /// The reader made a column wider or narrower.
    pub on_resize: Callback<()>,
    /// The reader moves a column of a key one place to the left or to the right; whether it went.
    pub on_move: Callback<(String, bool), bool>,
}

impl Arrange {
    /// Whether widths are set; tracks.
    pub fn is_set(self) -> bool {
        self.widths.with(|widths| !widths.is_empty())
    }

    /// Width of a column, in pixels; tracks.
    pub(super) fn width(self, column: &Column, first: bool) -> u32 {
        let usual = match column.kind {
            _ if first => 240,
            Kind::Number => 110,
            Kind::Text | Kind::Mono => 150,
        };
        self.widths.with(|widths| widths.get(&column.key).copied().unwrap_or(usual)).clamp(NARROWEST, WIDEST)
    }

    fn set(self, key: &str, width: i32) {
        let width = width.clamp(NARROWEST as i32, WIDEST as i32) as u32;
        self.widths.update(|widths| {
            widths.insert(key.to_owned(), width);
        });
    }

    /// Before the first width is changed all are what they are on the screen, so that nothing else moves. Then the width of one.
    fn begin(self, key: &str, grip: &web_sys::Element) -> i32 {
        let row = grip.closest("tr").ok().flatten();
        let heads = row.map(|row| row.children());
        for head in (0..heads.as_ref().map_or(0, web_sys::HtmlCollection::length)).filter_map(|at| heads.as_ref()?.item(at)) {
            if let Some(own) = head.get_attribute("data-key").filter(|own| !self.widths.with_untracked(|widths| widths.contains_key(own))) {
                self.set(&own, head.get_bounding_client_rect().width().round() as i32);
            }
        }
        self.widths.with_untracked(|widths| widths.get(key).copied().unwrap_or(NARROWEST)) as i32
    }
}

/// What makes the columns as wide as they are set; nothing while none is.
pub(super) fn group(columns: &[Column], arrange: Arrange, pick: bool, menu: bool) -> Option<AnyView> {
    let col = |width: u32| view! { <col {..custom_attribute("width", width.to_string())}/> }.into_any();
    arrange.is_set().then(|| {
        // The last one takes what the frame has to spare.
        let last = columns.len().saturating_sub(1);
        let own =
            columns.iter().enumerate().map(|(at, column)| if at == last { view! { <col/> }.into_any() } else { col(arrange.width(column, at == 0)) });
        view! { <colgroup>{pick.then(|| col(PICK))}{own.collect_view()}{menu.then(|| col(MENU))}</colgroup> }.into_any()
    })
}

/// Width of the whole table, in pixels.
pub(super) fn total(columns: &[Column], arrange: Arrange, pick: bool, menu: bool) -> Option<String> {
    let own: u32 = columns.iter().enumerate().map(|(at, column)| arrange.width(column, at == 0)).sum();
    arrange.is_set().then(|| (own + if pick { PICK } else { 0 } + if menu { MENU } else { 0 }).to_string())
}

/// The right edge of a head: dragged, or moved with the arrow keys.
pub(super) fn grip(column: &Column, first: bool, arrange: Arrange) -> AnyView {
    let key = StoredValue::new(column.key.clone());
    // Where the pointer was, and how wide the column.
    let start = StoredValue::new(None::<(i32, i32)>);
    let now = {
        let column = column.clone();
        move || arrange.width(&column, first)
    };
    let element = |event: &web_sys::Event| event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let down = move |event: ev::PointerEvent| {
        let Some(grip) = element(&event) else { return };
        event.prevent_default();
        let _ = grip.set_pointer_capture(event.pointer_id());
        start.set_value(Some((event.client_x(), arrange.begin(&key.get_value(), &grip))));
    };
    let drag = move |event: ev::PointerEvent| {
        if let Some((from, width)) = start.get_value() {
            arrange.set(&key.get_value(), width + event.client_x() - from);
        }
    };
    let up = move |_: ev::PointerEvent| {
        if start.try_update_value(Option::take).flatten().is_some() {
            arrange.on_resize.run(());
        }
    };
    let press = move |event: ev::KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowLeft" => -STEP,
            "ArrowRight" => STEP,
            _ => return,
        };
        // With Ctrl the whole column moves: that is the head's to do.
        if let Some(grip) = element(&event).filter(|_| !event.ctrl_key() && !event.alt_key()) {
            event.prevent_default();
            let width = arrange.begin(&key.get_value(), &grip);
            arrange.set(&key.get_value(), width + by);
            arrange.on_resize.run(());
        }
    };
    let label = format!("Width of {}", column.title);
    view! {
        <span
            class="grip" role="separator" aria-orientation="vertical" aria-label=label title="Drag, or use the arrow keys" tabindex="0"
            aria-valuemin=NARROWEST.to_string() aria-valuemax=WIDEST.to_string() aria-valuenow=move || now().to_string()
            on:pointerdown=down on:pointermove=drag on:pointerup=up on:pointercancel=up on:keydown=press
        ></span>
    }
    .into_any()
}

/// Ctrl, Shift and an arrow on a head: its column, and whether it goes to the right.
pub(super) fn moves(event: &ev::KeyboardEvent) -> Option<bool> {
    match event.key().as_str() {
        "ArrowLeft" if event.ctrl_key() && event.shift_key() => Some(false),
        "ArrowRight" if event.ctrl_key() && event.shift_key() => Some(true),
        _ => None,
    }
}

/// Moves a key one place; `None` when it stands at that end already.
pub fn moved(keys: &[String], key: &str, right: bool) -> Option<Vec<String>> {
    let at = keys.iter().position(|own| own == key)?;
    let to = if right { at + 1 } else { at.checked_sub(1)? };
    let mut keys = keys.to_vec();
    (to < keys.len()).then(|| {
        keys.swap(at, to);
        keys
    })
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn a_column_moves_by_one_and_not_beyond_the_ends() {
        let keys = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(moved(&keys, "a", true), Some(["b", "a", "c"].map(str::to_owned).to_vec()));
        assert_eq!(moved(&keys, "c", false), Some(["a", "c", "b"].map(str::to_owned).to_vec()));
        assert_eq!([moved(&keys, "a", false), moved(&keys, "c", true), moved(&keys, "x", true)], [None, None, None]);
    }
}
