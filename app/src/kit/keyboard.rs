//! Turns key presses into commands. Plain keys are left alone while the reader types, and while a
//! dialog or a menu is open.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::command::{Commands, run};
use crate::visit::{remember, use_cookie};

/// How long the second key of `g e` may take, in milliseconds.
const SEQUENCE_MS: f64 = 1200.0;

/// The cookie that says that single keys are off.
const COOKIE: &str = "keys";

/// Whether keys without Ctrl or Cmd do anything. Who speaks to the computer, or trembles, turns them off.
#[derive(Clone, Copy)]
struct SingleKeys(RwSignal<bool>);

/// Reads the choice where the page begins, so that the server and the browser see the same.
pub(super) fn provide_single_keys() {
    provide_context(SingleKeys(RwSignal::new(use_cookie(COOKIE).is_none())));
}

/// Turns single keys on and off, at once and for the next visits. Without the app they do nothing, and neither does it.
#[component]
pub fn SingleKeysSwitch() -> impl IntoView {
    let on = use_context::<SingleKeys>().map_or_else(|| RwSignal::new(true), |keys| keys.0);
    let choices = [(true, "On"), (false, "Off")].map(|(choice, words)| {
        let choose = move |_| {
            on.set(choice);
            remember(COOKIE, (!choice).then_some("off"));
        };
        view! { <button type="button" aria-pressed=move || (on.get() == choice).to_string() on:click=choose>{words}</button> }
    });
    view! { <div class="segments" role="group" aria-label="Shortcuts of a single key">{choices.into_iter().collect_view()}</div> }
}

/// Listens for as long as the component lives.
pub(super) fn listen(commands: Commands) {
    if is_server() {
        return;
    }
    let single = use_context::<SingleKeys>();
    let pending = StoredValue::new((String::new(), 0.0_f64));
    let listener = window_event_listener(ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let Some(key) = spelling(&event) else { return };
        if !key.starts_with("mod+") && single.is_some_and(|single| !single.0.get_untracked()) {
            return;
        }
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
    let letter = key.len() == 1 && key.chars().all(char::is_alphabetic);
    let key = if letter { key.to_lowercase() } else { key };
    if event.ctrl_key() || event.meta_key() {
        return Some(format!("mod+{key}"));
    }
    if event.alt_key() || is_typing(event) || (key == "Enter" && is_pressing(event)) || something_is_open() {
        return None;
    }
    // Of other keys shift is part of what they write: `?`.
    Some(if letter && event.shift_key() { format!("shift+{key}") } else { key })
}

fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    within(event, "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable], [data-keys]")
}

/// Whether Enter presses what has the focus. Only in the rows of a table the keyboard's own row goes before a link: it is where the reader stands.
fn is_pressing(event: &web_sys::KeyboardEvent) -> bool {
    within(event, "button, summary") || (within(event, "a[href]") && !within(event, "tbody"))
}

fn within(event: &web_sys::KeyboardEvent, what: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest(what).ok().flatten().is_some())
}

fn something_is_open() -> bool {
    document().query_selector("dialog[open], :popover-open").ok().flatten().is_some()
}
