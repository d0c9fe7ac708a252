use std::{future::Future, pin::Pin};

use leptos::{callback::Callable, ev, html, prelude::*, task::spawn_local};

use super::{Button, ButtonKind, Dialog, Glyph, Icon, Rule, field, use_toasts};
use crate::api::ApiError;

/// The work of saving a name; ends with why it was refused.
pub type Saving = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// Asks for one name: to create or to rename something. What was typed stays when the server
/// refuses it, with the server's words under the field.
#[component]
pub fn NameDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The heading.
    #[prop(into)]
    title: String,
    /// What the field is called.
    #[prop(into)]
    label: String,
    /// What the button says.
    #[prop(into)]
    save: String,
    /// What the field is for.
    #[prop(optional, into)]
    hint: Option<String>,
    /// The server's rule for it.
    #[prop(default = field::name)]
    rule: Rule,
    /// What it holds when it opens.
    #[prop(optional, into)]
    value: Signal<String>,
    /// Saves; the dialog closes when it is done.
    #[prop(into)]
    on_save: Callback<String, Saving>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let node = NodeRef::<html::Input>::new();
    let toasts = use_toasts();
    Effect::new(move || {
        if open.get() {
            text.set(value.get_untracked());
            error.set(None);
            if let Some(field) = node.get_untracked() {
                field.set_value(&value.get_untracked());
                field.select();
            }
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Err(refused) = rule(text.get_untracked().trim()) {
            return error.set(Some(refused));
        }
        busy.set(true);
        spawn_local(async move {
            let saved = on_save.run(text.get_untracked().trim().to_owned()).await;
            busy.try_set(false);
            match saved {
                Ok(()) => drop(open.try_set(false)),
                Err(refused) if refused.field.is_some() || refused.reference.is_none() => drop(error.try_set(Some(refused.message))),
                Err(refused) => {
                    error.try_set(Some(refused.message.clone()));
                    toasts.fail(&refused);
                }
            }
        });
    };
    let typed = move |event| {
        let now = event_target_value(&event);
        if error.with_untracked(Option::is_some) {
            error.set(rule(now.trim()).err());
        }
        text.set(now);
    };
    // Who has not typed yet is not told off for the empty field, nor who leaves it to cancel.
    let left = move |_| {
        text.with_untracked(|now| {
            if !now.is_empty() {
                error.set(rule(now.trim()).err())
            }
        })
    };
    let (label, save) = (StoredValue::new(label), StoredValue::new(save));
    let id = format!("name-{}", save.get_value().to_lowercase().replace(' ', "-"));
    view! {
        <Dialog open title class="narrow">
            <form on:submit=submit>
                <div class="field" class:wrong=move || error.get().is_some()>
                    <label class="label" for=id.clone()>{label.get_value()}</label>
                    {hint.clone().map(|hint| view! { <p class="hint">{hint}</p> })}
                    <input node_ref=node class="input" id=id.clone() type="text" autocomplete="off" spellcheck="false" autofocus aria-invalid=move || error.get().map(|_| "true") on:input=typed on:blur=left/>
                    <p class="error" aria-live="polite">{move || error.get().map(|message| view! { <Glyph icon=Icon::CIRCLE_ALERT/>{message} })}</p>
                </div>
                <p class="row end">
                    <Button on_press=move || open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary busy>{save.get_value()}</Button>
                </p>
            </form>
        </Dialog>
    }
    .into_any()
}
