use leptos::{callback::Callable, ev, prelude::*, task::spawn_local};

use crate::kit::{Button, ButtonKind, Dialog, Field, Saving, TextArea, field, use_toasts};

/// Asks what a template is called and what it is good for. What was typed stays when the server refuses it.
#[component]
pub fn TemplateDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The heading.
    #[prop(into)]
    title: String,
    /// What the button says.
    #[prop(into)]
    save: String,
    /// What the fields hold when it opens: the name and the description.
    #[prop(into)]
    value: Signal<(String, String)>,
    /// Saves; the dialog closes when it is done.
    #[prop(into)]
    on_save: Callback<(String, String), Saving>,
) -> impl IntoView {
    let (name, about) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (wrong_name, wrong_about) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let busy = RwSignal::new(false);
    let toasts = use_toasts();
    // The fields are made anew with what they begin with.
    let opened = RwSignal::new(0_u32);
    Effect::new(move || {
        if open.get() {
            let (first, second) = value.get_untracked();
            name.set(first);
            about.set(second);
            wrong_name.set(None);
            wrong_about.set(None);
            opened.update(|count| *count += 1);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Err(refused) = field::name(name.get_untracked().trim()) {
            return wrong_name.set(Some(refused));
        }
        busy.set(true);
        spawn_local(async move {
            let saved = on_save.run((name.get_untracked().trim().to_owned(), about.get_untracked().trim().to_owned())).await;
            busy.try_set(false);
            match saved {
                Ok(()) => drop(open.try_set(false)),
                Err(refused) if refused.field.as_deref() == Some("description") => drop(wrong_about.try_set(Some(refused.message))),
                Err(refused) if refused.reference.is_none() => drop(wrong_name.try_set(Some(refused.message))),
                Err(refused) => toasts.fail(&refused),
            }
        });
    };
    let save = StoredValue::new(save);
    let fields = move || {
        opened.track();
        let first = name.get_untracked();
        view! {
            <Field name="template-name" label="Name" value=first bind=name error=wrong_name rule=field::name as field::Rule autofocus=true/>
            <TextArea name="template-description" label="What it is good for" bind=about rows=3 error=wrong_about placeholder="When to start from it, what to change"/>
        }
    };
    view! {
        <Dialog open title class="narrow">
            <form class="stack" on:submit=submit>
                {fields}
                <p class="row end">
                    <Button on_press=move || open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary busy>{save.get_value()}</Button>
                </p>
            </form>
        </Dialog>
    }
    .into_any()
}
