use leptos::prelude::*;

/// What a chip's colour says; the word in the chip says the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Says nothing.
    #[default]
    Plain,
    /// Done, within limits.
    Good,
    /// To be looked at.
    Warn,
    /// Failed.
    Bad,
    /// Under way.
    Info,
    /// Here: the current one.
    Gold,
}

impl Tone {
    /// The class of its colours.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Gold => "gold",
        }
    }
}

/// A word with a colour: a state, a stage, a role.
#[component]
pub fn Chip(
    /// Its colour.
    #[prop(optional, into)]
    tone: Signal<Tone>,
    /// Whether a dot stands before the word, for a state.
    #[prop(optional)]
    dot: bool,
    /// The word.
    children: Children,
) -> impl IntoView {
    view! { <span class=move || format!("chip {}", tone.get().class())>{dot.then(|| view! { <i></i> })}{children()}</span> }.into_any()
}

/// The state of a run as the API names it, as a chip: `RUNNING` reads "running".
#[component]
pub fn RunStatus(
    /// `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`.
    #[prop(into)]
    status: Signal<String>,
) -> impl IntoView {
    let tone = Signal::derive(move || status.with(|status| run_tone(status)));
    view! { <Chip tone dot=true>{move || status.get().to_lowercase()}</Chip> }
}

/// The colour of a run's state.
pub fn run_tone(status: &str) -> Tone {
    match status {
        "FINISHED" => Tone::Good,
        "RUNNING" => Tone::Info,
        "FAILED" => Tone::Bad,
        "KILLED" => Tone::Warn,
        _ => Tone::Plain,
    }
}
