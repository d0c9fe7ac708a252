//! Turns key presses into commands. Plain keys are left alone while the reader types, and while a
//! dialog or a menu is open.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::command::{Commands, run};

/// How long the second key of `g e` may take, in milliseconds.
const SEQUENCE_MS: f64 = 1200.0;

/// Listens for as long as the component lives.
pub(super) fn listen(commands: Commands) {
    if is_server() {
        return;
    }
    let pending = StoredValue::new((String::new(), 0.0_f64));
    let listener = window_event_listener(ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let Some(key) = spelling(&event) else { return };
        let (first, at) = pending.get_value();
        let now = event.time_stamp();
        let sequence = if first.is_empty() || now - at > SEQUENCE_MS { key.clone() } else { format!("{first} {key}") };
        pending.set_value((String::new(), 0.0));
        let all = commands.all();
        let chosen = all.iter().find(|command| command.keys == sequence).or_else(|| all.iter().find(|command| command.keys == key));
        if let Some(command) = chosen {
            event.prevent_default();
            run(command);
        } else if all.iter().any(|command| command.keys.split_once(' ').is_some_and(|(start, _)| start == key)) {
            pending.set_value((key, now));
        }
    });
    on_cleanup(move || listener.remove());
}

/// The key as commands spell it, or `None` when it is not for us.
fn spelling(event: &web_sys::KeyboardEvent) -> Option<String> {
    let key = event.key();
    let key = if key.len() == 1 { key.to_lowercase() } else { key };
    if event.ctrl_key() || event.meta_key() {
        return Some(format!("mod+{key}"));
    }
    (!event.alt_key() && !is_typing(event) && !something_is_open()).then_some(key)
}

fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return false };
    let own = target.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable], [data-keys]");
    own.ok().flatten().is_some()
}

fn something_is_open() -> bool {
    document().query_selector("dialog[open], :popover-open").ok().flatten().is_some()
}
