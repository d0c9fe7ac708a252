//! Form fields. They are plain inputs with a name: a form around them can be posted without the
//! app. What was typed is never overwritten.

use leptos::{html, prelude::*};

use super::{Glyph, Icon};

pub use super::rule::*;

/// What is said about what a field holds: by its rule once the reader has left it, until then by the server.
#[derive(Clone, Copy)]
struct Check {
    rule: Option<Rule>,
    required: bool,
    said: MaybeProp<String>,
    own: RwSignal<Option<Result<(), String>>>,
    /// Whether something was typed: what is empty because nobody came to it yet is not flagged.
    touched: StoredValue<bool>,
}

impl Check {
    fn new(rule: Option<Rule>, required: bool, said: MaybeProp<String>) -> Self {
        let own = RwSignal::new(None);
        // What the server says of a text is news, also of one that the rule let pass.
        Effect::new(move |_| {
            if said.get().is_some() {
                own.set(None);
            }
        });
        Self { rule, required, said, own, touched: StoredValue::new(false) }
    }

    fn message(self) -> Option<String> {
        match self.own.get() {
            Some(checked) => checked.err(),
            None => self.said.get(),
        }
    }

    /// Follows the reader who puts it right.
    fn typed(self, text: &str) {
        self.touched.set_value(true);
        if untrack(|| self.message().is_some()) {
            self.check(text);
        }
    }

    fn left(self, text: &str) {
        if self.touched.get_value() || !text.is_empty() {
            self.check(text);
        }
    }

    fn check(self, text: &str) {
        if text.trim().is_empty() && !self.required {
            self.own.set(Some(Ok(())));
        } else if let Some(rule) = self.rule.or(self.required.then_some(filled as Rule)) {
            self.own.set(Some(rule(text)));
        }
    }

    fn line(self, id: String) -> AnyView {
        view! { <p class="error" id=id aria-live="polite">{move || self.message().map(|message| view! { <Glyph icon=Icon::CIRCLE_ALERT/>{message} })}</p> }.into_any()
    }
}

/// Shows in a textarea what a signal holds, and before that takes over what was typed while the app was not here.
pub(crate) fn both_ways(area: NodeRef<html::Textarea>, text: RwSignal<String>) {
    Effect::new(move |is_here: Option<bool>| {
        let wanted = text.get();
        let Some(area) = area.get() else { return false };
        let held = area.value();
        if is_here != Some(true) && area.default_value().is_ok_and(|first| first != held) {
            text.set(held);
        } else if held != wanted {
            area.set_value(&wanted);
        }
        true
    });
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
    let check = Check::new(rule, required, error);
    let input = NodeRef::<html::Input>::new();
    if let Some(bind) = bind {
        // What was typed, or filled in by the browser, while the app was not here.
        Effect::new(move |_: Option<()>| {
            if let Some(input) = input.get().filter(|input| input.value() != input.default_value()) {
                bind.set(input.value());
            }
        });
    }
    let message = move || check.message();
    let typed = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        check.typed(&text);
        if let Some(bind) = bind {
            bind.set(text);
        }
    };
    let left = move |event: leptos::ev::FocusEvent| check.left(&event_target_value(&event));
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
                    node_ref=input class="input" id=id name=name type=kind_now value=value autocomplete=autocomplete autofocus=autofocus required=required spellcheck="false"
                    aria-invalid=move || message().map(|_| "true") aria-describedby=described on:input=typed on:blur=left
                />
                {reveal}
            </div>
            {check.line(error_id)}
        </div>
    }
    .into_any()
}

/// Several lines of text; empty is a value. Checked when the reader leaves it, and while they put it right.
#[component]
pub fn TextArea(
    /// The name in the form.
    #[prop(into)]
    name: String,
    /// What to type.
    #[prop(into)]
    label: String,
    /// Below the label: what it is for.
    #[prop(optional, into)]
    hint: ViewFn,
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
    /// What the server said about it.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// The server's rule.
    #[prop(optional, into)]
    rule: Option<Rule>,
) -> impl IntoView {
    let check = Check::new(rule, false, error);
    let area = NodeRef::<html::Textarea>::new();
    both_ways(area, bind);
    let id = format!("field-{name}");
    let error_id = format!("{id}-error");
    let described = {
        let error_id = error_id.clone();
        move || check.message().map(|_| error_id.clone())
    };
    let typed = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        check.typed(&text);
        bind.set(text);
    };
    let left = move |event: leptos::ev::FocusEvent| check.left(&event_target_value(&event));
    view! {
        <div class="field" class:compact=compact class:wrong=move || check.message().is_some()>
            <label class=if compact { "hidden" } else { "label" } for=id.clone()>{label}</label>
            {hint.run()}
            <textarea
                node_ref=area class="input" id=id name=name rows=rows placeholder=placeholder aria-invalid=move || check.message().map(|_| "true")
                aria-describedby=described on:input=typed on:blur=left
            >{bind.get_untracked()}</textarea>
            {check.line(error_id)}
        </div>
    }
    .into_any()
}
