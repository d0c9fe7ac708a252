//! A table under the keyboard.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::{Row, Shared, row::toggle, window::Window};
use crate::kit::{Command, use_command};

/// `J` and `K` move, with shift they select what they pass; `X` selects, with shift up to the row; Enter opens, Escape lets go.
pub(super) fn walk(shared: Shared, window: Window, body: NodeRef<html::Tbody>) {
    let key = |keys, label: &'static str, run: Box<dyn Fn() + Send + Sync>| use_command(Command::key(keys, "Table", label, run));
    key("j", "Next row", Box::new(move || step(shared, window, body, 1)));
    key("k", "Previous row", Box::new(move || step(shared, window, body, -1)));
    key("Enter", "Open the row", Box::new(move || open(line(window, body, shared.cursor.get_untracked()))));
    if shared.selected.is_some() {
        let pick = move |range| {
            if let Some(at) = shared.cursor.get_untracked() {
                toggle(shared, at, range);
            }
        };
        key("x", "Select the row", Box::new(move || pick(false)));
        key("shift+x", "Select all rows up to this one", Box::new(move || pick(true)));
        key("shift+j", "Select downwards", Box::new(move || extend(shared, window, body, 1)));
        key("shift+k", "Select upwards", Box::new(move || extend(shared, window, body, -1)));
    }
    let leave = move || {
        shared.cursor.set(None);
        if let Some(selected) = shared.selected {
            selected.set(Vec::new());
        }
    };
    key("Escape", if shared.selected.is_some() { "Leave the rows, select nothing" } else { "Leave the rows" }, Box::new(leave));
}

/// Keeps the keyboard on its row, and the rows in sight where they are, when rows come and go.
pub(super) fn follow(shared: Shared, window: Window, rows: Signal<Vec<Row>>) {
    Effect::new(move |before: Option<Vec<String>>| {
        let ids: Vec<String> = rows.with(|rows| rows.iter().map(|row| row.id.clone()).collect());
        if let Some(before) = before.filter(|before| *before != ids) {
            let moved = |at: usize| before.get(at).and_then(|id| ids.iter().position(|own| own == id));
            if let Some(at) = shared.cursor.get_untracked() {
                shared.cursor.set(moved(at).or_else(|| ids.len().checked_sub(1).map(|last| last.min(at))));
            }
            shared.anchor.update_value(|anchor| *anchor = anchor.and_then(moved));
            window.keep_still(&before, &ids);
        }
        ids
    });
}

fn step(shared: Shared, window: Window, body: NodeRef<html::Tbody>, by: isize) {
    let last = shared.ids.with_value(Vec::len) as isize - 1;
    if last < 0 {
        return;
    }
    let at = shared.cursor.get_untracked().map_or(if by > 0 { 0 } else { last }, |at| (at as isize + by).clamp(0, last)) as usize;
    shared.cursor.set(Some(at));
    if untrack(|| window.is_long()) {
        window.show(at);
    }
    show(line(window, body, Some(at)));
}

/// Moves, and selects all rows from where shift was first pressed to here.
fn extend(shared: Shared, window: Window, body: NodeRef<html::Tbody>, by: isize) {
    let (Some(selected), before) = (shared.selected, shared.cursor.get_untracked()) else { return };
    step(shared, window, body, by);
    let Some(now) = shared.cursor.get_untracked() else { return };
    let before = before.unwrap_or(now);
    // A range goes on from the row it began at while that row is selected, else it begins here.
    let begun = shared
        .anchor
        .get_value()
        .filter(|at| shared.ids.with_value(|ids| ids.get(*at).is_some_and(|id| selected.with_untracked(|all| all.contains(id)))));
    let from = begun.unwrap_or(before);
    shared.anchor.set_value(Some(from));
    let range = |to: usize| shared.ids.with_value(|ids| ids.get(from.min(to)..=from.max(to)).unwrap_or_default().to_vec());
    let (left, kept) = (range(before), range(now));
    selected.update(|selected| {
        selected.retain(|id| !left.contains(id) && !kept.contains(id));
        selected.extend(kept);
    });
}

fn line(window: Window, body: NodeRef<html::Tbody>, at: Option<usize>) -> Option<web_sys::Element> {
    let place = window.place(at?)?;
    body.get_untracked()?.query_selector(&format!("tr:nth-child({place})")).ok().flatten()
}

fn show(line: Option<web_sys::Element>) {
    if let Some(line) = line {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        line.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Follows the link of a row, as a click would; a row without one opens its menu. Without a row under the keyboard the focused element is pressed, which
/// is what Enter does anyway.
fn open(line: Option<web_sys::Element>) {
    let target = match line {
        Some(line) => ["a[href]", "button[popovertarget]"].iter().find_map(|what| line.query_selector(what).ok().flatten()),
        None => document().active_element(),
    };
    if let Some(target) = target.and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) {
        // A menu is read on from its button.
        if target.tag_name() == "BUTTON" {
            let _ = target.focus();
        }
        target.click();
    }
}
