use leptos::{prelude::*, task::spawn_local};

use super::model::{self, Account, Draft};
use crate::{
    api::use_api,
    kit::{Button, ButtonKind, Callout, Dialog, Field, TextArea, Tone, field, use_toasts},
    members::{model::use_changes, roles::Choices},
};

/// Which account is edited.
#[derive(Clone, PartialEq)]
pub(super) enum Edited {
    New,
    Known(Account),
}

/// Makes a service account, or changes one.
#[component]
pub(super) fn Edit(edited: RwSignal<Option<Edited>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || {
        if edited.with(Option::is_some) {
            open.set(true);
        }
    });
    let title = Signal::derive(move || {
        edited.with(|edited| match edited {
            Some(Edited::Known(account)) => format!("Change {}", account.name),
            _ => "New service account".to_owned(),
        })
    });
    view! { <Dialog open title class="roles">{move || edited.get().map(|edited| form(edited, open))}</Dialog> }.into_any()
}

fn form(edited: Edited, open: RwSignal<bool>) -> AnyView {
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    let known = match edited {
        Edited::New => None,
        Edited::Known(account) => Some(account),
    };
    let id = known.as_ref().map(|account| account.id.clone());
    let name = RwSignal::new(known.as_ref().map(|account| account.name.clone()).unwrap_or_default());
    let description = RwSignal::new(known.as_ref().map(|account| account.description.clone()).unwrap_or_default());
    let chosen = RwSignal::new(known.map_or_else(|| vec![shared::Role::DataScientist.as_str().to_owned()], |account| account.roles));
    let (busy, wrong, refused) = (RwSignal::new(false), RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let is_new = id.is_none();
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, id) = (api.clone(), id.clone());
        let draft = Draft {
            name: name.get_untracked().trim().to_owned(),
            description: description.get_untracked().trim().to_owned(),
            roles: chosen.get_untracked(),
        };
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let called = draft.name.clone();
            let answer = model::save(api, id, draft).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    open.set(false);
                    toasts.say(if is_new { format!("{called} is made. Give it a token next.") } else { format!("{called} is this from now on.") });
                    changes.happened();
                }
                Err(error) if error.field.as_deref() == Some("name") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error.message))),
            }
        });
    };
    let note = move || refused.get().map(|why| view! { <Callout tone=Tone::Bad><strong>"Nothing was changed. "</strong>{why}</Callout> });
    let words = if is_new { "Make the service account" } else { "Save the changes" };
    let first = name.get_untracked();
    view! {
        <form class="stack" method="post" on:submit=send>
            {note}
            <Field name="account-name" label="Name" hint="What runs: nightly training, deploy pipeline." autofocus=true value=first bind=name error=wrong rule=field::name as field::Rule/>
            <TextArea name="account-description" label="What it is for" bind=description rows=2/>
            <div role="group" aria-label="Roles">
                <p class="s">"Its roles. Several add up; in single projects it can have others, as any member. You cannot give what you may not do yourself."</p>
                <Choices chosen member=RwSignal::new(None) services=true/>
            </div>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy disabled=Signal::derive(move || chosen.with(Vec::is_empty))>{words}</Button>
            </div>
        </form>
    }
    .into_any()
}
