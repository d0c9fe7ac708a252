//! Form fields. They are plain inputs with a name: a form around them can be posted without the
//! app. What was typed is never overwritten.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A rule of the server: says what is wrong with a text. Make one from the `shared` fields:
/// `rule(|text| shared::field::Email::parse(text).map(drop))`.
pub type Rule = fn(&str) -> Result<(), String>;

/// E-mail addresses.
pub fn email(text: &str) -> Result<(), String> {
    shared::field::Email::parse(text).map(drop).map_err(|refused| refused.0)
}

/// Names of people, organizations, tokens, projects.
pub fn name(text: &str) -> Result<(), String> {
    shared::field::DisplayName::parse(text).map(drop).map_err(|refused| refused.0)
}

/// New passwords.
pub fn new_password(text: &str) -> Result<(), String> {
    shared::field::Password::choose(text).map(drop).map_err(|refused| refused.0)
}

/// Passwords to sign in with, and other fields that only must not be empty.
pub fn filled(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("Fill in this field.".to_owned()) } else { Ok(()) }
}

/// A line of text. Checked when the reader leaves it, and while they put it right.
#[component]
pub fn Field(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// What to type.
    #[prop(into)]
    label: String,
    /// Below the label: what it is for.
    #[prop(optional, into)]
    hint: Option<String>,
    /// `text`, `email`, `password`, `number`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// Receives what is typed.
    #[prop(optional, into)]
    bind: Option<RwSignal<String>>,
    /// What the server said about it.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// The server's rule.
    #[prop(optional, into)]
    rule: Option<Rule>,
    /// What the browser may fill in; `off` when nothing.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it is where the reader begins.
    #[prop(optional)]
    autofocus: bool,
    /// Whether the form needs it.
    #[prop(default = true)]
    required: bool,
) -> impl IntoView {
    let own = RwSignal::new(None::<Result<(), String>>);
    let message = move || match own.get() {
        Some(checked) => checked.err(),
        None => error.get(),
    };
    let check = move |text: &str| {
        if let Some(rule) = rule {
            own.set(Some(rule(text)));
        }
    };
    let typed = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        if message().is_some() {
            check(&text);
        }
        if let Some(bind) = bind {
            bind.set(text);
        }
    };
    let left = move |event: leptos::ev::FocusEvent| {
        let text = event_target_value(&event);
        if !text.is_empty() {
            check(&text);
        }
    };
    let id = format!("field-{name}");
    let (error_id, hint_id) = (format!("{id}-error"), format!("{id}-hint"));
    let described = {
        let (error_id, hint_id) = (error_id.clone(), hint.as_ref().map(|_| hint_id.clone()));
        move || {
            let error = message().map(|_| error_id.clone());
            let ids: Vec<String> = hint_id.clone().into_iter().chain(error).collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        }
    };
    let shown = RwSignal::new(false);
    let kind_now = move || if shown.get() { "text" } else { kind };
    let reveal = (kind == "password").then(|| {
        view! {
            <button class="reveal" type="button" aria-pressed=move || shown.get().to_string() aria-label="Show the password" title="Show the password" on:click=move |_| shown.update(|shown| *shown = !*shown)>
                <Glyph icon=Icon::EYE/>
            </button>
        }
    });
    view! {
        <div class="field" class:wrong=move || message().is_some()>
            <label class="label" for=id.clone()>{label}{(!required).then(|| view! { <small>" optional"</small> })}</label>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <div class="box">
                <input
                    class="input" id=id name=name type=kind_now value=value autocomplete=autocomplete autofocus=autofocus required=required spellcheck="false"
                    aria-invalid=move || message().map(|_| "true") aria-describedby=described on:input=typed on:blur=left
                />
                {reveal}
            </div>
            <p class="error" id=error_id aria-live="polite">{move || message().map(|message| view! { <Glyph icon=Icon::CIRCLE_ALERT/>{message} })}</p>
        </div>
    }
    .into_any()
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// What to type.
    #[prop(into)]
    label: String,
    /// What it holds, in both directions.
    bind: RwSignal<String>,
    /// How many lines are seen.
    #[prop(default = 4)]
    rows: u32,
    /// Shown while it is empty.
    #[prop(optional, into)]
    placeholder: String,
    /// Whether the label is only read aloud.
    #[prop(optional)]
    compact: bool,
) -> impl IntoView {
    let id = format!("field-{name}");
    view! {
        <div class="field" class:compact=compact>
            <label class=if compact { "hidden" } else { "label" } for=id.clone()>{label}</label>
            <textarea class="input" id=id name=name rows=rows placeholder=placeholder prop:value=move || bind.get() on:input=move |event| bind.set(event_target_value(&event))>{bind.get_untracked()}</textarea>
        </div>
    }
    .into_any()
}

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
) -> impl IntoView {
    let id = format!("field-{name}");
    let choices = options
        .into_iter()
        .map(|(option, words)| {
            let chosen = option == value;
            view! { <option value=option selected=chosen>{words}</option> }
        })
        .collect_view();
    let changed = move |event| {
        let chosen = event_target_value(&event);
        if let Some(bind) = bind {
            bind.set(chosen.clone());
        }
        if let Some(on_change) = on_change {
            leptos::callback::Callable::run(&on_change, chosen);
        }
    };
    view! {
        <div class="field" class:compact=compact>
            <label class=if compact { "hidden" } else { "label" } for=id.clone()>{label}</label>
            <select class="input" id=id name=name on:change=changed>{choices}</select>
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
