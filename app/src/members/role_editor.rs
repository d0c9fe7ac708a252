use leptos::{prelude::*, task::spawn_local};
use shared::Permission;

use super::{
    model::{self, Role, use_changes},
    rights,
};
use crate::{
    api::use_api,
    frame::use_viewer,
    kit::{Button, ButtonKind, Callout, ConfirmDialog, Dialog, Field, TextArea, Tone, field, use_toasts},
};

/// Which role is edited.
#[derive(Clone, PartialEq)]
pub(super) enum Edited {
    New,
    Known(Role),
}

/// Makes a role of the organization's own, or changes one.
#[component]
pub(super) fn RoleEditor(edited: RwSignal<Option<Edited>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || {
        if edited.with(Option::is_some) {
            open.set(true);
        }
    });
    let title = Signal::derive(move || {
        edited.with(|edited| match edited {
            Some(Edited::Known(role)) => format!("Change the role {}", role.title),
            _ => "New role".to_owned(),
        })
    });
    view! { <Dialog open title class="role-editor">{move || edited.get().map(|edited| form(edited, open))}</Dialog> }.into_any()
}

fn form(edited: Edited, open: RwSignal<bool>) -> AnyView {
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    let known = match edited {
        Edited::New => None,
        Edited::Known(role) => Some(role),
    };
    let name = known.as_ref().map(|role| role.name.clone());
    let title = RwSignal::new(known.as_ref().map(|role| role.title.clone()).unwrap_or_default());
    let description = RwSignal::new(known.as_ref().map(|role| role.description.clone()).unwrap_or_default());
    let chosen = RwSignal::new(known.map(|role| role.permissions).unwrap_or_default());
    let (busy, wrong, refused) = (RwSignal::new(false), RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let is_new = name.is_none();
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, name) = (api.clone(), name.clone());
        let input = (title.get_untracked().trim().to_owned(), description.get_untracked().trim().to_owned(), chosen.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let called = input.0.clone();
            let answer = model::save_role(api, name, input).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    open.set(false);
                    toasts.say(if is_new {
                        format!("The role {called} can be given from now on.")
                    } else {
                        format!("{called} allows this from now on.")
                    });
                    changes.happened();
                }
                Err(error) if error.field.as_deref() == Some("title") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error.message))),
            }
        });
    };
    let note = move || refused.get().map(|why| view! { <Callout tone=Tone::Bad><strong>"Nothing was changed. "</strong>{why}</Callout> });
    let words = if is_new { "Create the role" } else { "Change the role" };
    view! {
        <form method="post" on:submit=send>
            {note}
            <Field name="title" label="Name" hint="What people call it: Model reviewer" autofocus=true bind=title error=wrong rule=field::name as field::Rule/>
            <TextArea name="description" label="What it is for" bind=description rows=2/>
            <fieldset class="rights"><legend class="label">"It may"</legend>{choices(chosen)}</fieldset>
            <p class="faint xs">"Nobody gives a right they do not have themselves. What a project holds hangs on its experiments: whoever may do something with it also sees experiments."</p>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy disabled=Signal::derive(move || chosen.with(Vec::is_empty))>{words}</Button>
            </div>
        </form>
    }
    .into_any()
}

/// Every permission, by noun. Those the reader has not cannot be given.
fn choices(chosen: RwSignal<Vec<String>>) -> AnyView {
    let viewer = use_viewer().get_untracked();
    let choice = move |permission: Permission| {
        let name = permission.as_str();
        let on = move || chosen.with(|chosen| chosen.iter().any(|own| own == name));
        let change = move |event| {
            let on = event_target_checked(&event);
            chosen.update(|chosen| {
                chosen.retain(|own| own != name);
                if on {
                    chosen.push(name.to_owned());
                }
            });
        };
        let locked = !viewer.may(permission);
        view! { <label class="choice"><input class="check" type="checkbox" prop:checked=on disabled=locked on:change=change/><span>{rights::words(permission)}</span></label> }
    };
    rights::by_noun(Permission::ALL.iter().copied()).into_iter().flat_map(|(_, group)| group).map(choice).collect_view().into_any()
}

/// Asks before a role is removed.
#[component]
pub(super) fn RemoveRole(role: RwSignal<Option<Role>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    Effect::new(move || {
        if role.with(Option::is_some) {
            open.set(true);
        }
    });
    let title = Signal::derive(move || role.with(|role| role.as_ref().map(|role| format!("Remove the role {}?", role.title)).unwrap_or_default()));
    let go = Callback::new(move |()| {
        let Some(gone) = role.get_untracked() else { return };
        let api = api.clone();
        spawn_local(async move {
            match model::remove_role(api, gone.name).await {
                Ok(()) => {
                    toasts.say(format!("The role {} was removed.", gone.title));
                    changes.happened();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    view! {
        <ConfirmDialog open title confirm=Signal::stored("Remove the role".to_owned()) on_confirm=go>
            <p>"It can be removed once nobody has it: no member, nobody in a project, no open invitation. The audit log keeps what it allowed."</p>
        </ConfirmDialog>
    }
    .into_any()
}
