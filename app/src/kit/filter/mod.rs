//! The filter of a list: one text field that colours what is typed and completes names and
//! operators. A plain
//! GET form around it, so that it works without the app; with the app it only changes the address.

mod tokens;

use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{Command, Glyph, Icon, use_address, use_command};
use tokens::{operators, painted, place_at};

/// More names than this are no help.
const OFFERED: usize = 8;

/// The field. Its text is `?filter=` of the address.
#[component]
pub fn FilterField(
    /// What it filters: "Filter runs".
    #[prop(into)]
    label: String,
    /// An example, shown while it is empty.
    #[prop(into)]
    placeholder: String,
    /// Names that complete: `metrics.auc`, `params.model`.
    #[prop(optional, into)]
    words: Signal<Vec<String>>,
    /// How many things pass: "1 284 of 9 731".
    #[prop(optional, into)]
    found: MaybeProp<String>,
    /// Why the server did not take the text.
    #[prop(optional, into)]
    error: MaybeProp<String>,
) -> impl IntoView {
    let address = use_address();
    let node = NodeRef::<html::Input>::new();
    let paint = NodeRef::<html::Span>::new();
    let start = untrack(|| address.get("filter")).unwrap_or_default();
    let text = RwSignal::new(start.clone());
    let offers = RwSignal::new(Vec::<String>::new());
    let cursor = RwSignal::new(0_usize);
    // Whether an offer was chosen with the arrows: Enter takes it then, and filters otherwise.
    let chosen = RwSignal::new(false);
    let ready = RwSignal::new(false);
    Effect::new(move || {
        ready.set(true);
        // The address may change by other ways: back, a link, a cleared filter.
        let asked = address.get("filter").unwrap_or_default();
        if let Some(node) = node.get_untracked()
            && node.value() != asked
        {
            node.set_value(&asked);
        }
        text.set(asked);
    });
    use_command(Command::key("/", "Table", "Filter", move || {
        if let Some(node) = node.get_untracked() {
            let _ = node.focus();
            node.select();
        }
    }));
    let navigate = use_navigate();
    let submit = move |value: String| {
        offers.set(Vec::new());
        navigate(
            &untrack(|| address.with("filter", Some(value.trim()).filter(|value| !value.is_empty()))),
            NavigateOptions { scroll: false, ..Default::default() },
        );
    };
    let clear = {
        let submit = submit.clone();
        move |_| submit(String::new())
    };
    let follow = move || {
        let (Some(node), Some(paint)) = (node.get_untracked(), paint.get_untracked()) else { return };
        paint.set_scroll_left(node.scroll_left());
    };
    let offer = move |value: &str, caret: usize| {
        offers.set(words.with_untracked(|words| offered(value, caret, words)));
        cursor.set(0);
        chosen.set(false);
    };
    let typed = move |event| {
        let value = event_target_value(&event);
        offer(&value, caret(node).unwrap_or(value.len()));
        text.set(value);
        follow();
    };
    let take = move |at: usize| {
        let Some(taken) = offers.with_untracked(|offers| offers.get(at).cloned()) else { return };
        let Some(node) = node.get_untracked() else { return };
        let value = node.value();
        let place = place_at(&value, caret_of(&node).unwrap_or(value.len()));
        let (before, after) = (&value[..place.from], &value[place.from + place.typed.len()..]);
        let taken = if place.after.is_none() { quoted(taken) } else { taken };
        let begun = format!("{before}{taken} ");
        let new = format!("{begun}{}", after.trim_start());
        node.set_value(&new);
        let end = begun.encode_utf16().count() as u32;
        let _ = node.set_selection_range(end, end);
        let _ = node.focus();
        // A name is followed by an operator.
        offer(&new, begun.len());
        text.set(new);
        follow();
    };
    let keyed = {
        let submit = submit.clone();
        move |event: ev::KeyboardEvent| {
            let count = offers.with_untracked(Vec::len);
            match event.key().as_str() {
                "ArrowDown" | "ArrowUp" if count > 0 => {
                    let by = if event.key() == "ArrowUp" { count - 1 } else { 1 };
                    cursor.update(|at| *at = (*at + by) % count);
                    chosen.set(true);
                }
                "Tab" if count > 0 && !event.shift_key() => take(cursor.get_untracked()),
                "Enter" if count > 0 && chosen.get_untracked() => take(cursor.get_untracked()),
                "Escape" if count > 0 => offers.set(Vec::new()),
                "Escape" => drop(node.get_untracked().map(|node| node.blur())),
                "Enter" => submit(node.get_untracked().map(|node| node.value()).unwrap_or_default()),
                _ => return,
            }
            event.prevent_default();
        }
    };
    let rest = untrack(|| address.rest(&["filter", "after"]))
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    let list = move || {
        offers.get().into_iter().enumerate().map(|(at, offer)| {
            // Before the field loses the focus.
            let press = move |event: ev::PointerEvent| {
                event.prevent_default();
                take(at);
            };
            view! { <div role="option" id=format!("offer-{at}") aria-selected=move || (cursor.get() == at).to_string() on:pointerdown=press><code>{offer}</code></div> }
        })
        .collect_view()
    };
    let is_open = move || offers.with(|offers| !offers.is_empty());
    view! {
        <form class="filter grow" method="get" role="search" on:submit=move |event| { event.prevent_default(); submit(node.get_untracked().map(|node| node.value()).unwrap_or_default()); }>
            {rest}
            <div class="box" class:wrong=move || error.get().is_some() class:ready=move || ready.get()>
                <Glyph icon=Icon::SEARCH/>
                <span class="layers">
                    <span class="paint" node_ref=paint aria-hidden="true">{move || text.with(|text| painted(text))}</span>
                    <input
                        node_ref=node type="text" name="filter" value=start placeholder=placeholder aria-label=label autocomplete="off" autocapitalize="off" spellcheck="false"
                        role="combobox" aria-expanded=move || is_open().to_string() aria-controls="offers" aria-autocomplete="list"
                        aria-activedescendant=move || is_open().then(|| format!("offer-{}", cursor.get()))
                        on:input=typed on:keydown=keyed on:scroll=move |_| follow() on:blur=move |_| offers.set(Vec::new())
                    />
                </span>
                <span class="found">{move || found.get()}</span>
                <button class="clear" type="button" aria-label="Clear the filter" title="Clear the filter" hidden=move || text.with(String::is_empty) on:click=clear><Glyph icon=Icon::X/></button>
            </div>
            <div class="offers" id="offers" role="listbox" aria-label="What can follow" hidden=move || !is_open()>{list}</div>
            <p class="error" aria-live="polite">{move || error.get()}</p>
        </form>
    }
    .into_any()
}

/// What can be typed at the caret: names that hold the word there, or the operators of the name before it.
fn offered(text: &str, caret: usize, names: &[String]) -> Vec<String> {
    let place = place_at(text, caret);
    let typed = place.typed.to_lowercase();
    match place.after {
        Some(name) if !names.is_empty() => {
            let fits = |operator: &&&str| operator.to_lowercase().starts_with(&typed) && operator.to_lowercase() != typed;
            operators(name).iter().filter(fits).map(|operator| (*operator).to_owned()).collect()
        }
        None if !typed.is_empty() => {
            let fits = |name: &&String| name.to_lowercase().contains(&typed) && name.to_lowercase() != typed;
            names.iter().filter(fits).take(OFFERED).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// A name with what it needs around it to be one.
fn quoted(name: String) -> String {
    if name.contains(|c: char| !c.is_ascii_alphanumeric() && !"._".contains(c)) { name.replacen('.', ".`", 1) + "`" } else { name }
}

fn caret(node: NodeRef<html::Input>) -> Option<usize> {
    node.get_untracked().and_then(|node| caret_of(&node))
}

/// Where the caret stands, in bytes of the text (the browser counts UTF-16 units).
fn caret_of(node: &web_sys::HtmlInputElement) -> Option<usize> {
    let units = node.selection_start().ok().flatten()? as usize;
    let value = node.value();
    let mut seen = 0;
    Some(
        value
            .char_indices()
            .find(|(_, c)| {
                let here = seen;
                seen += c.len_utf16();
                here >= units
            })
            .map_or(value.len(), |(at, _)| at),
    )
}
