//! One tag for all selected runs.

use leptos::{callback::Callable, ev, prelude::*, task::spawn_local};
use serde_json::{Value, json};

use super::removal::Removal;
use crate::{
    api::{Operation, use_api},
    kit::{Button, ButtonKind, Dialog, Field, field, number, use_toasts},
};

const SET: Operation = Operation(include_str!("set_tag_of_runs.graphql"));

/// Asks for a key and a value. What was typed stays until the server has taken it.
#[component]
pub(super) fn TagDialog(open: RwSignal<bool>, removal: Removal) -> impl IntoView {
    let title = Signal::derive(move || format!("Tag {}", number::counted(removal.selected.with(Vec::len) as i64, "run", "runs")));
    view! { <Dialog open title class="narrow">{move || view! { <Form open removal/> }}</Dialog> }.into_any()
}

#[component]
fn Form(open: RwSignal<bool>, removal: Removal) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (key, value) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let refused = RwSignal::new(None::<String>);
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (name, text) = (key.get_untracked().trim().to_owned(), value.get_untracked().trim().to_owned());
        if let Err(why) = field::key(&name) {
            return refused.set(Some(why));
        }
        let (api, ids) = (api.clone(), removal.selected.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let answer = api.query::<Value>(SET, json!({ "ids": ids, "key": name, "value": text })).await;
            busy.try_set(false);
            match answer {
                Ok(_) => {
                    open.try_set(false);
                    toasts.say(format!("Tag {name} was set on {}.", number::counted(ids.len() as i64, "run", "runs")));
                    let _ = removal.again.try_run(());
                }
                Err(error) if error.field.is_some() => drop(refused.try_set(Some(error.message))),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <form on:submit=save>
            <Field name="tag-key" label="Key" autofocus=true bind=key error=refused rule=field::key as field::Rule/>
            <Field name="tag-value" label="Value" hint="Runs that have the tag get the new value." required=false bind=value/>
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy>"Set the tag"</Button>
            </div>
        </form>
    }
    .into_any()
}
