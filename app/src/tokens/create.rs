use leptos::{callback::Callable, prelude::*, task::spawn_local};
use shared::{ErrorCode, Permission};

use super::{
    choice::{Life, Scopes, ScopesField},
    model::{self, Created, Wanted},
};
use crate::{
    api::{ApiError, use_api},
    kit::{Address, Button, ButtonKind, Callout, Dialog, Field, Tone, field, use_address},
};

/// What the reader has chosen so far.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    days: RwSignal<String>,
    scopes: Scopes,
}

impl Draft {
    /// What the address asks for, where another page of ours leads here for a token of its own: `?name=BI&scope=runs:read`. Unknown scopes are passed over.
    fn of(address: Address) -> Self {
        let chosen: Vec<&'static str> =
            untrack(|| address.all("scope")).iter().filter_map(|text| Permission::parse(text)).map(Permission::as_str).collect();
        Self {
            name: RwSignal::new(untrack(|| address.get("name")).unwrap_or_default()),
            days: RwSignal::new("90".to_owned()),
            scopes: Scopes::of(chosen),
        }
    }

    fn wanted(self) -> Wanted {
        Wanted {
            name: self.name.get_untracked().trim().to_owned(),
            scopes: self.scopes.wanted(),
            expires_in_days: self.days.get_untracked().parse().ok(),
        }
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
    let name = draft.name.get_untracked();
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
                Ok(created) => drop(on_created.try_run(created)),
                Err(error) if error.field.as_deref() == Some("name") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let nothing = Signal::derive(move || draft.scopes.is_nothing());
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
                <Life days=draft.days/>
            </div>
            <ScopesField scopes=draft.scopes everything=("Everything my roles allow", "Follows your roles when they change")/>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy disabled=nothing>"Create the token"</Button>
            </div>
        </form>
    }
    .into_any()
}
