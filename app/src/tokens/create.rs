use leptos::{callback::Callable, prelude::*, task::spawn_local};
use shared::{ErrorCode, Permission};

use super::{
    list::counted,
    model::{self, Created, Wanted},
};
use crate::{
    api::{ApiError, use_api},
    frame::use_viewer,
    kit::{Address, Button, ButtonKind, Callout, Dialog, Field, Select, Tone, field, moment, use_address, use_clock},
    members::rights,
};

const LIVES: [(&str, &str); 5] = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No expiry")];
const DAY: f64 = 24.0 * 3_600_000.0;

/// What the reader has chosen so far.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    days: RwSignal<String>,
    /// Whether only some permissions are wanted.
    narrow: RwSignal<bool>,
    chosen: RwSignal<Vec<&'static str>>,
}

impl Draft {
    /// What the address asks for, where another page of ours leads here for a token of its own: `?name=BI&scope=runs:read`. Unknown scopes are passed over.
    fn of(address: Address) -> Self {
        let chosen: Vec<&'static str> =
            untrack(|| address.all("scope")).iter().filter_map(|text| Permission::parse(text)).map(Permission::as_str).collect();
        Self {
            name: RwSignal::new(untrack(|| address.get("name")).unwrap_or_default()),
            days: RwSignal::new("90".to_owned()),
            narrow: RwSignal::new(!chosen.is_empty()),
            chosen: RwSignal::new(chosen),
        }
    }

    fn wanted(self) -> Wanted {
        let scopes =
            if self.narrow.get_untracked() { self.chosen.get_untracked().into_iter().map(str::to_owned).collect() } else { vec!["*".to_owned()] };
        Wanted { name: self.name.get_untracked().trim().to_owned(), scopes, expires_in_days: self.days.get_untracked().parse().ok() }
    }
}

/// Asks for a name, a life and what the token may do.
#[component]
pub(super) fn Create(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Receives the new token.
    #[prop(into)]
    on_created: Callback<Created>,
) -> impl IntoView {
    // A new form after each token.
    let round = RwSignal::new(0_u32);
    let on_created = Callback::new(move |token| {
        open.set(false);
        round.update(|round| *round += 1);
        on_created.run(token);
    });
    view! {
        <Dialog open title=Signal::stored("Create a token".to_owned()) id="create-token">
            {move || {
                round.track();
                view! { <Form open on_created/> }
            }}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Form(open: RwSignal<bool>, on_created: Callback<Created>) -> impl IntoView {
    let draft = Draft::of(use_address());
    let (name, narrow) = (draft.name.get_untracked(), draft.narrow.get_untracked());
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let refused = RwSignal::new(None::<ApiError>);
    let api = use_api();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, wanted) = (api.clone(), draft.wanted());
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = model::create(api, wanted).await;
            busy.try_set(false);
            match answer {
                Ok(created) => on_created.run(created),
                Err(error) if error.field.as_deref() == Some("name") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let lives = LIVES.map(|(days, words)| (days.to_owned(), words.to_owned())).to_vec();
    let nothing = Signal::derive(move || draft.narrow.get() && draft.chosen.with(Vec::is_empty));
    let note = move || {
        refused.get().map(|error| {
            // What is forbidden to somebody who sees this form is to make a token long after signing in.
            let again = (error.code == ErrorCode::Forbidden).then(|| view! { " "<a href="/sign-in?next=/tokens" rel="external">"Sign in again"</a> });
            view! { <Callout tone=Tone::Bad><strong>"No token was created. "</strong>{error.message}{again}</Callout> }
        })
    };
    view! {
        <form class="new-token" method="post" on:submit=submit>
            {note}
            <div class="two">
                <Field name="token-name" label="Name" hint="Where it will be used: laptop, nightly training." autofocus=true value=name bind=draft.name error=wrong rule=field::name as field::Rule/>
                <div class="life"><Select name="token-life" label="Expires after" options=lives value="90" bind=draft.days/><Ends days=draft.days/></div>
            </div>
            <Scopes draft narrow/>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy disabled=nothing>"Create the token"</Button>
            </div>
        </form>
    }
    .into_any()
}

/// The day the token will end, in the reader's zone.
#[component]
fn Ends(days: RwSignal<String>) -> impl IntoView {
    let clock = use_clock();
    let words = move || match days.with(|days| days.parse::<f64>()) {
        Ok(days) => {
            let at = clock.now() + days * DAY;
            let exact = moment::exact(at, clock.offset(at));
            format!("Ends on {}", exact.split(',').next().unwrap_or_default())
        }
        Err(_) => "Works until you revoke it".to_owned(),
    };
    view! { <p class="faint xs" aria-live="polite">{words}</p> }.into_any()
}

/// Everything the reader's roles allow, or a choice of it, by noun.
#[component]
fn Scopes(draft: Draft, narrow: bool) -> impl IntoView {
    let own = use_viewer().with_untracked(|viewer| Permission::ALL.iter().copied().filter(|permission| viewer.may(*permission)).collect::<Vec<_>>());
    let groups = rights::by_noun(own.into_iter()).into_iter().map(|(noun, permissions)| group(noun, permissions, draft)).collect_view();
    let radio = move |own: bool, title: &'static str, about: &'static str| {
        view! {
            <label class="choice">
                <input class="check round" type="radio" name="token-scopes" checked=own == narrow prop:checked=move || draft.narrow.get() == own on:change=move |_| draft.narrow.set(own)/>
                <span><b>{title}</b><small>{about}</small></span>
            </label>
        }
    };
    let count = move || draft.chosen.with(|chosen| if chosen.is_empty() { "Choose at least one".to_owned() } else { counted(chosen.len()) });
    view! {
        <fieldset class="scopes-field">
            <legend class="label">"What it may do"</legend>
            {radio(false, "Everything my roles allow", "Follows your roles when they change")}
            {radio(true, "Only what I choose", "For a job that does one thing")}
            <div class="scope-groups" hidden=move || !draft.narrow.get()>
                {groups}
                <p class="faint xs" aria-live="polite">{count}</p>
            </div>
        </fieldset>
    }
    .into_any()
}

fn group(noun: &'static str, permissions: Vec<Permission>, draft: Draft) -> AnyView {
    let boxes = permissions.into_iter().map(|permission| {
        let name = permission.as_str();
        let change = move |event| {
            let on = event_target_checked(&event);
            draft.chosen.update(|chosen| {
                chosen.retain(|own| *own != name);
                if on {
                    chosen.push(name);
                }
            });
        };
        view! { <label class="choice"><input class="check" type="checkbox" prop:checked=move || draft.chosen.with(|chosen| chosen.contains(&name)) on:change=change/><span>{rights::words(permission)}</span></label> }
    });
    view! { <div class="scope-group" role="group" aria-label=noun><span class="noun">{noun}</span><div>{boxes.collect_view()}</div></div> }.into_any()
}
