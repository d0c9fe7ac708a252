//! One tag for all selected runs.

use leptos::{callback::Callable, ev, prelude::*, task::spawn_local};
use serde_json::{Value, json};

use super::{removal::Removal, steps::StepsShown};
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
        if removal.busy.get_untracked() {
            return;
        }
        let (api, ids) = (api.clone(), removal.selected.get_untracked());
        busy.set(true);
        removal.busy.set(true);
        spawn_local(async move {
            let set = async |step: Vec<String>| api.query::<Value>(SET, json!({ "ids": step, "key": name, "value": text })).await.map(drop);
            let (done, answer) = removal.steps.walk("Tagging", &ids, set).await;
            busy.try_set(false);
            removal.busy.try_set(false);
            if done > 0 {
                let of = if done < ids.len() { format!(" of {}", number::count(ids.len() as i64)) } else { String::new() };
                toasts.say(format!("Tag {name} was set on {}{of}.", number::counted(done as i64, "run", "runs")));
                let _ = removal.again.try_run(());
            }
            if done < ids.len() {
                removal.let_go(&ids[..done]);
            }
            match answer {
                Ok(()) if done == ids.len() => drop(open.try_set(false)),
                Ok(()) => {}
                Err(error) if error.field.is_some() => drop(refused.try_set(Some(error.message))),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <form on:submit=save>
            <Field name="tag-key" label="Key" autofocus=true bind=key error=refused rule=field::key as field::Rule/>
            <Field name="tag-value" label="Value" hint="Runs that have the tag get the new value." required=false bind=value/>
            {move || removal.steps.shows().then(|| view! { <StepsShown steps=removal.steps/> })}
            <div class="row end">
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy>"Set the tag"</Button>
            </div>
        </form>
    }
    .into_any()
}
