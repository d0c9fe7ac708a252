use leptos::{prelude::*, task::spawn_local};
use shared::Role;

use super::{
    TeamQuery,
    model::{self, use_changes},
};
use crate::{
    api::use_api,
    frame::use_viewer,
    kit::{Button, ButtonKind, Callout, Dialog, Field, Select, Tone, field, use_toasts},
};

/// Invites an address: its mail holds a link that works for seven days.
#[component]
pub(super) fn Invite(open: RwSignal<bool>) -> impl IntoView {
    // A new form after each invitation.
    let round = RwSignal::new(0);
    // What the organization made itself comes with the app, as its names are asked for by the page around.
    let own = RwSignal::new(Vec::<model::Role>::new());
    if let Some(team) = use_context::<TeamQuery>() {
        Effect::new(move |_: Option<()>| {
            let roles = team.get().and_then(Result::ok).map(|team| team.roles).unwrap_or_default();
            let roles: Vec<_> = roles.into_iter().filter(|role| !role.is_built_in).collect();
            if own.with_untracked(|own| *own != roles) {
                own.set(roles);
            }
        });
    }
    view! {
        <Dialog open title=Signal::stored("Invite a member".to_owned()) id="invite" class="narrow">
            {move || {
                round.track();
                view! { <Form open round own=own.get()/> }
            }}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Form(open: RwSignal<bool>, round: RwSignal<u32>, own: Vec<model::Role>) -> impl IntoView {
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    let owns = use_viewer().with_untracked(|viewer| viewer.roles.iter().any(|role| role == Role::Owner.as_str()));
    let built_in = Role::ALL.iter().map(|role| (role.as_str().to_owned(), role.title().to_owned()));
    let purposes: Vec<(String, String)> = own.iter().map(|role| (role.name.clone(), role.description.clone())).collect();
    let roles = built_in
        .chain(own.into_iter().map(|role| (role.name, role.title)))
        .filter(|(name, _)| owns || name != Role::Owner.as_str())
        .collect::<Vec<_>>();
    let first = Role::DataScientist.as_str();
    let email = RwSignal::new(String::new());
    let role = RwSignal::new(first.to_owned());
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let refused = RwSignal::new(None::<String>);
    let purpose = move || {
        role.with(|role| match Role::parse(role) {
            Some(role) => Some(role.description().to_owned()),
            None => purposes.iter().find(|(name, _)| name == role).map(|(_, purpose)| purpose.clone()),
        })
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let api = api.clone();
        let (to, role) = (email.get_untracked().trim().to_owned(), role.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let answer = model::invite(api, to.clone(), role).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    open.set(false);
                    toasts.say(format!("An invitation is on its way to {to}."));
                    changes.happened();
                    round.update(|round| *round += 1);
                }
                Err(error) if error.field.as_deref() == Some("email") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error.message))),
            }
        });
    };
    let note = move || refused.get().map(|why| view! { <Callout tone=Tone::Bad><strong>"Nobody was invited. "</strong>{why}</Callout> });
    view! {
        <form method="post" on:submit=send>
            {note}
            <Field name="email" label="E-mail" kind="email" autofocus=true bind=email error=wrong rule=field::email as field::Rule/>
            <div class="stack tight">
                <Select name="role" label="Role" options=roles value=first bind=role/>
                <p class="faint xs" aria-live="polite">{purpose}</p>
            </div>
            <p class="faint xs">"The mail holds a link that works once, for seven days. You can change the role afterwards."</p>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy>"Send the invitation"</Button>
            </div>
        </form>
    }
    .into_any()
}
