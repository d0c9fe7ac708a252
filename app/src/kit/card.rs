use leptos::prelude::*;

use super::{Glyph, Icon, Tone};

/// A framed part of a page.
#[component]
pub fn Card(
    /// Its heading.
    #[prop(optional, into)]
    title: Option<String>,
    /// After the heading: a count, a chip, a legend.
    #[prop(optional, into)]
    beside: ViewFn,
    /// At the right end of the head: small buttons, one line of context.
    #[prop(optional, into)]
    actions: ViewFn,
    /// Whether the content reaches the frame: a table, a list.
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let head = title.map(|title| view! { <header><h2>{title}</h2>{beside.run()}<div class="right">{actions.run()}</div></header> });
    let class = if flush { "content" } else { "body" };
    view! { <section class="card">{head}<div class=class>{children()}</div></section> }.into_any()
}

/// A number that stands for itself, with what it is compared to.
#[component]
pub fn Stat(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The number with its unit.
    #[prop(into)]
    value: Signal<String>,
    /// The difference, the interval, the best so far.
    #[prop(optional, into)]
    note: MaybeProp<String>,
    /// The colour of the note.
    #[prop(optional)]
    tone: Tone,
) -> impl IntoView {
    view! {
        <div class="stat">
            <span class="label">{label}</span>
            <span class="value">{move || value.get()}</span>
            <span class=format!("note {}", tone.class())>{move || note.get()}</span>
        </div>
    }
    .into_any()
}

/// Something to know before reading on.
#[component]
pub fn Callout(
    /// How serious it is.
    #[prop(optional)]
    tone: Tone,
    /// Before the text; by the tone when not given.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// The text; its beginning in bold.
    children: Children,
) -> impl IntoView {
    let icon = icon.unwrap_or(match tone {
        Tone::Good => Icon::CIRCLE_CHECK,
        Tone::Warn => Icon::TRIANGLE_ALERT,
        Tone::Bad => Icon::CIRCLE_ALERT,
        _ => Icon::INFO,
    });
    view! { <div class=format!("callout {}", tone.class()) role=(tone == Tone::Bad).then_some("alert")><Glyph icon/><div>{children()}</div></div> }
        .into_any()
}

/// Names and values under each other.
#[component]
pub fn Facts(
    /// Pairs of [`Fact`].
    children: Children,
) -> impl IntoView {
    view! { <dl class="pairs">{children()}</dl> }.into_any()
}

/// One name and its value.
#[component]
pub fn Fact(
    /// The name.
    #[prop(into)]
    label: String,
    /// The value.
    children: Children,
) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd>{children()}</dd></div> }.into_any()
}
