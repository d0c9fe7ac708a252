use leptos::prelude::*;

use super::{Glyph, Icon};

/// One of several choices.
#[component]
pub fn Select(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// What to choose.
    #[prop(into)]
    label: String,
    /// Value and words of each choice.
    options: Vec<(String, String)>,
    /// What is chosen at first.
    #[prop(optional, into)]
    value: String,
    /// Receives what is chosen.
    #[prop(optional, into)]
    bind: Option<RwSignal<String>>,
    /// Called with the choice.
    #[prop(optional, into)]
    on_change: Option<Callback<String>>,
    /// Whether the label is only read aloud.
    #[prop(optional)]
    compact: bool,
    /// What the server said about the choice, until another is made.
    #[prop(optional, into)]
    error: MaybeProp<String>,
) -> impl IntoView {
    let id = format!("field-{name}");
    let wrong = RwSignal::new(error.get_untracked());
    let error_id = format!("{id}-error");
    let described = {
        let error_id = error_id.clone();
        move || wrong.with(Option::is_some).then(|| error_id.clone())
    };
    let choices = options
        .into_iter()
        .map(|(option, words)| {
            let chosen = option == value;
            view! { <option value=option selected=chosen>{words}</option> }
        })
        .collect_view();
    let changed = move |event| {
        let chosen = event_target_value(&event);
        wrong.set(None);
        if let Some(bind) = bind {
            bind.set(chosen.clone());
        }
        if let Some(on_change) = on_change {
            leptos::callback::Callable::run(&on_change, chosen);
        }
    };
    view! {
        <div class="field" class:compact=compact class:wrong=move || wrong.with(Option::is_some)>
            <label class=if compact { "hidden" } else { "label" } for=id.clone()>{label}</label>
            <select class="input" id=id name=name aria-invalid=move || wrong.with(Option::is_some).then_some("true") aria-describedby=described on:change=changed>{choices}</select>
            <p class="error" id=error_id aria-live="polite">{move || wrong.get().map(|message| view! { <Glyph icon=Icon::CIRCLE_ALERT/>{message} })}</p>
        </div>
    }
    .into_any()
}

/// A choice that is on or off.
#[component]
pub fn Checkbox(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// Its value in the form when it is on.
    #[prop(default = "true".to_owned(), into)]
    value: String,
    /// Whether it is on at first.
    #[prop(optional)]
    checked: bool,
    /// Receives the choice.
    #[prop(optional, into)]
    bind: Option<RwSignal<bool>>,
    /// What it means.
    children: Children,
) -> impl IntoView {
    let changed = move |event| {
        if let Some(bind) = bind {
            bind.set(event_target_checked(&event));
        }
    };
    view! { <label class="choice"><input class="check" type="checkbox" name=name value=value checked=checked on:change=changed/><span>{children()}</span></label> }.into_any()
}
