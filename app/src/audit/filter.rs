//! Which entries are shown. The filter lives in the address: it can be shared, and before the app
//! is loaded the form around it asks the server.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use serde_json::{Map, Value};

use crate::kit::{Address, Clock, Command, Day, Glyph, Icon, late, moment, use_address, use_clock, use_command};

/// The parameters, as the address spells them.
const NAMES: [&str; 6] = ["actor", "action", "subject", "outcome", "from", "to"];

/// Whether the address asks for less than everything.
pub(super) fn is_set(address: Address) -> bool {
    NAMES.iter().any(|name| address.get(name).is_some())
}

/// The filter as the API reads it. Days are whole days in the zone that the address gives them, the last one included.
pub(super) fn input(address: Address) -> Value {
    of(|name| address.get(name))
}

fn of(get: impl Fn(&str) -> Option<String>) -> Value {
    let mut input = Map::new();
    for name in NAMES {
        let value = get(name).and_then(|value| match name {
            "outcome" => matches!(value.as_str(), "done" | "denied").then(|| value.to_uppercase()),
            "from" => Day::parse(&value).map(|day| moment::rfc3339(day.begins())),
            "to" => Day::parse(&value).map(|day| moment::rfc3339(day.ends())),
            _ => Some(value.trim().to_owned()).filter(|value| !value.is_empty()),
        });
        if let Some(value) = value {
            input.insert(name.to_owned(), Value::String(value));
        }
    }
    Value::Object(input)
}

/// A day that was chosen, as the address has it: the one that is there already stays as it is, in whatever zone; another one is the reader's.
#[cfg(feature = "hydrate")]
fn chosen(name: &str, date: &str, before: Option<&str>, clock: Clock) -> Option<String> {
    let before = before.and_then(Day::parse).filter(|day| day.date == date);
    let day = before.or_else(|| if name == "from" { Day::first(date, clock) } else { Day::last(date, clock) });
    day.map(|day| day.to_string())
}

/// The line of filters above the table.
#[component]
pub(super) fn FilterForm() -> impl IntoView {
    let (address, clock) = (use_address(), use_clock());
    let navigate = use_navigate();
    let first = NodeRef::<html::Input>::new();
    use_command(Command::key("/", "Table", "Filter", move || {
        if let Some(field) = first.get_untracked() {
            let _ = field.focus();
        }
    }));
    let go = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        navigate(&untrack(|| address_of(&event, address, clock)), NavigateOptions { scroll: false, ..Default::default() });
    };
    let value = move |name: &'static str| move || address.get(name).unwrap_or_default();
    let text = move |name: &'static str, label: &'static str, hint: &'static str| {
        view! {
            <label class="part">
                <span class="label">{label}</span>
                <input class="input" type="search" name=name placeholder=hint autocomplete="off" spellcheck="false" list=(name == "action").then_some("audit-actions") value=untrack(value(name)) prop:value=value(name)/>
            </label>
        }
    };
    let day = move |name: &'static str, label: &'static str| {
        let day = move || address.get(name).as_deref().and_then(Day::parse);
        let date = move || day().map(|day| day.date).unwrap_or_default();
        let zone = move || moment::zone(day().map_or_else(|| clock.offset(clock.now()), |day| day.offset));
        view! { <label class="part day"><span class="label">{label}" "<small>{zone}</small></span><input class="input" type="date" name=name value=untrack(date) prop:value=date/></label> }
    };
    let outcomes = [("", "Any"), ("done", "Done"), ("denied", "Denied")].map(|(key, words)| {
        let chosen = move || address.get("outcome").unwrap_or_default() == key;
        view! { <option value=key selected=untrack(chosen) prop:selected=chosen>{words}</option> }
    });
    view! {
        <form class="audit-filter" method="get" action="/audit" role="search" aria-label="Filter the entries" on:submit=go>
            <label class="part">
                <span class="label">"Actor"</span>
                <input node_ref=first class="input" type="search" name="actor" placeholder="E-mail address" autocomplete="off" spellcheck="false" value=untrack(value("actor")) prop:value=value("actor")/>
            </label>
            {text("action", "Action", "token or token.create")}
            {text("subject", "Subject", "Name or id")}
            <label class="part short"><span class="label">"Outcome"</span><select class="input" name="outcome">{outcomes.into_iter().collect_view()}</select></label>
            {day("from", "From")}
            {day("to", "To")}
            <div class="go">
                <button class="button" type="submit"><Glyph icon=Icon::SEARCH/>"Filter"</button>
                {move || is_set(address).then(|| view! { <a class="button quiet" href="/audit" data-noscroll><Glyph icon=Icon::X/>"Clear"</a> })}
            </div>
            {late(|| view! { <datalist id="audit-actions">{shared::audit::names().map(|action| view! { <option value=action></option> }).collect_view()}</datalist> })}
        </form>
    }
    .into_any()
}

/// The address a submitted form asks for: only what is filled in.
#[cfg(feature = "hydrate")]
fn address_of(event: &leptos::ev::SubmitEvent, address: Address, clock: Clock) -> String {
    use leptos_router::params::ParamsMap;
    use wasm_bindgen::JsCast;
    let form = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let mut query = ParamsMap::new();
    for name in NAMES {
        let field = form.as_ref().and_then(|form| form.query_selector(&format!("[name={name}]")).ok().flatten());
        let value =
            field.and_then(|field| js_sys::Reflect::get(&field, &"value".into()).ok()).and_then(|value| value.as_string()).unwrap_or_default();
        let value = value.trim();
        let value = if matches!(name, "from" | "to") {
            chosen(name, value, address.get(name).as_deref(), clock)
        } else {
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        if let Some(value) = value {
            query.insert(name, value);
        }
    }
    let text = query.to_query_string();
    if text.len() > 1 { format!("/audit{text}") } else { "/audit".to_owned() }
}

#[cfg(not(feature = "hydrate"))]
fn address_of(_: &leptos::ev::SubmitEvent, _: Address, _: Clock) -> String {
    "/audit".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_is_included_and_nonsense_is_left_out() {
        let given = |pairs: &'static [(&str, &str)]| of(move |name| pairs.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(
            given(&[("from", "2026-11-24"), ("to", "2026-11-24")]),
            serde_json::json!({ "from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z" })
        );
        assert_eq!(
            given(&[("from", "2026-11-24+01:00"), ("to", "2026-11-24-03:30")]),
            serde_json::json!({ "from": "2026-11-23T23:00:00Z", "to": "2026-11-25T03:30:00Z" })
        );
        assert_eq!(given(&[("from", "2026-02-31"), ("to", "soon"), ("outcome", "maybe"), ("actor", "  ")]), serde_json::json!({}));
        assert_eq!(given(&[("outcome", "denied"), ("actor", " a@b.example ")]), serde_json::json!({ "outcome": "DENIED", "actor": "a@b.example" }));
    }
}
