//! One step of a trace: what it was given, what it gave, what went wrong.

use leptos::prelude::*;

use super::data::{Event, Span, lasting};
use crate::{
    experiments::Tag,
    kit::{Callout, Card, CodeBlock, Copyable, Fact, Facts, Tone},
};

/// Longest value that stands in one line.
const SHORT: usize = 160;

/// Everything that is known of a step.
pub(super) fn shown(span: Span) -> AnyView {
    let bad = (span.status == "ERROR").then(|| {
        let words = span.message.clone().unwrap_or_else(|| "No message was logged.".into());
        view! { <Callout tone=Tone::Bad><b>"It failed. "</b><span class="wrap">{words}</span></Callout> }
    });
    let io = |label: &'static str, text: &Option<String>| text.clone().map(|text| view! { <CodeBlock code=Signal::stored(pretty(&text)) label/> });
    let (long, short): (Vec<Tag>, Vec<Tag>) = span.attributes.iter().cloned().partition(|tag| tag.value.len() > SHORT || tag.value.contains('\n'));
    let long = long.into_iter().map(|tag| view! { <CodeBlock code=Signal::stored(pretty(&tag.value)) label=tag.key/> }).collect_view();
    let facts = short.into_iter().map(|tag| view! { <Fact label=tag.key><Copyable text=tag.value what="the value"/></Fact> }).collect_view();
    let events = span.events.iter().map(event).collect_view();
    let took = span.duration.map_or_else(|| "goes on".to_owned(), lasting);
    view! {
        <Card title=span.name.clone()>
            <div class="stack step">
                {bad}
                <Facts>
                    {span.kind.clone().map(|kind| view! { <Fact label="Type">{kind}</Fact> })}
                    <Fact label="Began">{format!("after {}", lasting(span.offset.max(0.0)))}</Fact>
                    <Fact label="Took">{took}</Fact>
                    <Fact label="Span id"><Copyable text=span.id.clone() what="the span id"/></Fact>
                    {facts}
                </Facts>
                {io("Inputs", &span.inputs)}
                {io("Outputs", &span.outputs)}
                {long}
                {events}
            </div>
        </Card>
    }
    .into_any()
}

fn event(event: &Event) -> AnyView {
    let text: String = event.attributes.iter().map(|Tag { key, value }| format!("{key}: {value}\n")).collect();
    let head = format!("{} after {}", event.name, lasting(event.offset.max(0.0)));
    if text.is_empty() {
        view! { <p class="s muted">{head}</p> }.into_any()
    } else {
        view! { <CodeBlock code=Signal::stored(text) label=head/> }.into_any()
    }
}

/// JSON in lines; any other text as it is.
fn pretty(text: &str) -> String {
    if text.starts_with(['{', '[']) { crate::runs::pretty(text) } else { text.to_owned() }
}
