//! What every form for a token asks: how long it lives, and what it may do.

use leptos::prelude::*;
use shared::Permission;

use super::list::counted;
use crate::{
    frame::use_viewer,
    kit::{Select, moment, use_clock},
    members::rights,
};

const LIVES: [(&str, &str); 5] = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No expiry")];
const DAY: f64 = 24.0 * 3_600_000.0;

/// What a token is to be allowed.
#[derive(Clone, Copy)]
pub(crate) struct Scopes {
    /// Whether only some permissions are wanted.
    narrow: RwSignal<bool>,
    chosen: RwSignal<Vec<&'static str>>,
}

impl Scopes {
    /// These, or everything when there are none.
    pub(crate) fn of(chosen: Vec<&'static str>) -> Self {
        Self { narrow: RwSignal::new(!chosen.is_empty()), chosen: RwSignal::new(chosen) }
    }

    /// As the API takes them.
    pub(crate) fn wanted(self) -> Vec<String> {
        if self.narrow.get_untracked() { self.chosen.get_untracked().into_iter().map(str::to_owned).collect() } else { vec!["*".to_owned()] }
    }

    /// Whether a choice is wanted and none is made.
    pub(crate) fn is_nothing(self) -> bool {
        self.narrow.get() && self.chosen.with(Vec::is_empty)
    }
}

/// How long a token lives, and the day it will end, in the reader's zone.
#[component]
pub(crate) fn Life(
    /// In days; empty: it does not expire.
    days: RwSignal<String>,
) -> impl IntoView {
    let clock = use_clock();
    let lives = LIVES.map(|(days, words)| (days.to_owned(), words.to_owned())).to_vec();
    let value = days.get_untracked();
    let words = move || match days.with(|days| days.parse::<f64>()) {
        Ok(days) => {
            let at = clock.now() + days * DAY;
            let exact = moment::exact(at, clock.offset(at));
            format!("Ends on {}", exact.split(',').next().unwrap_or_default())
        }
        Err(_) => "Works until you revoke it".to_owned(),
    };
    view! {
        <div class="life">
            <Select name="token-life" label="Expires after" options=lives value bind=days/>
            <p class="faint xs" aria-live="polite">{words}</p>
        </div>
    }
    .into_any()
}

/// Everything that roles allow, or a choice of what the reader may do, by noun.
#[component]
pub(crate) fn ScopesField(
    scopes: Scopes,
    /// The words for everything, and what that means.
    everything: (&'static str, &'static str),
) -> impl IntoView {
    let narrow = scopes.narrow.get_untracked();
    let own = use_viewer().with_untracked(|viewer| Permission::ALL.iter().copied().filter(|permission| viewer.may(*permission)).collect::<Vec<_>>());
    let groups = rights::by_noun(own.into_iter()).into_iter().map(|(noun, permissions)| group(noun, permissions, scopes)).collect_view();
    let radio = move |own: bool, title: &'static str, about: &'static str| {
        view! {
            <label class="choice">
                <input class="check round" type="radio" name="token-scopes" checked=own == narrow prop:checked=move || scopes.narrow.get() == own on:change=move |_| scopes.narrow.set(own)/>
                <span><b>{title}</b><small>{about}</small></span>
            </label>
        }
    };
    let count = move || scopes.chosen.with(|chosen| if chosen.is_empty() { "Choose at least one".to_owned() } else { counted(chosen.len()) });
    view! {
        <fieldset class="scopes-field">
            <legend class="label">"What it may do"</legend>
            {radio(false, everything.0, everything.1)}
            {radio(true, "Only what I choose", "For a job that does one thing")}
            <div class="scope-groups" hidden=move || !scopes.narrow.get()>
                {groups}
                <p class="faint xs" aria-live="polite">{count}</p>
            </div>
        </fieldset>
    }
    .into_any()
}

fn group(noun: &'static str, permissions: Vec<Permission>, scopes: Scopes) -> AnyView {
    let boxes = permissions.into_iter().map(|permission| {
        let name = permission.as_str();
        let change = move |event| {
            let on = event_target_checked(&event);
            scopes.chosen.update(|chosen| {
                chosen.retain(|own| *own != name);
                if on {
                    chosen.push(name);
                }
            });
        };
        view! { <label class="choice"><input class="check" type="checkbox" prop:checked=move || scopes.chosen.with(|chosen| chosen.contains(&name)) on:change=change/><span>{rights::words(permission)}</span></label> }
    });
    view! { <div class="scope-group" role="group" aria-label=noun><span class="noun">{noun}</span><div>{boxes.collect_view()}</div></div> }.into_any()
}
