use leptos::prelude::*;

use super::model::Entry;
use crate::kit::{Address, Card, Chip, CodeBlock, Copyable, Fact, Facts, Glyph, Icon, Tone, moment, number, shortened, use_clock};

/// Everything about one entry, beside the table.
#[component]
pub(super) fn Details(
    /// The entry.
    entry: Entry,
    /// The hash of the entry before it, if there is one.
    before: Option<String>,
    /// The present address.
    address: Address,
) -> impl IntoView {
    let clock = use_clock();
    let at = entry.moment().0;
    let only = move |name: &'static str, value: String| {
        let title = format!("Only entries with this {name}");
        view! { <a class="only" href=move || address.with(name, Some(&value)) data-noscroll title=title.clone() aria-label=title.clone()><Glyph icon=Icon::SEARCH/></a> }
    };
    let close = move || without_entry(address);
    let outcome = if entry.is_denied() {
        view! { <Chip tone=Tone::Bad dot=true>"denied"</Chip> }
    } else {
        view! { <Chip tone=Tone::Good dot=true>"done"</Chip> }
    };
    let detail = entry.pretty_detail().map(|detail| view! { <CodeBlock code=Signal::stored(detail) label="Detail"/> });
    let title = format!("Entry {}", number::count(entry.sequence));
    let copy = |text: &str, what: &'static str| view! { <Copyable shown=shortened(text) text=text.to_owned() what/> };
    let when = view! { <time datetime=entry.at.clone()>{move || moment::exact(at, clock.offset(at))}</time> };
    let actor = view! { <span class="with-only"><span>{entry.actor.clone()}</span>{only("actor", entry.actor.clone())}</span> };
    let action = view! { <span class="with-only"><code>{entry.action.clone()}</code>{only("action", entry.action.clone())}</span> };
    let subject = view! { <span class="with-only"><span>{entry.subject_noun()}" "<b>{entry.subject_name.clone()}</b></span>{only("subject", entry.subject_id.clone())}</span> };
    let (subject_id, request, hash) =
        (copy(&entry.subject_id, "the subject's id"), copy(&entry.request_id, "the request's id"), copy(&entry.hash, "the hash"));
    let before = before.map(|hash| view! { <div><dt>"Hash before"</dt><dd>{copy(&hash, "the hash before")}</dd></div> });
    let from = entry.address.map(|from| view! { <div><dt>"Address"</dt><dd><code>{from}</code></dd></div> });
    let by_way_of = kind_words(&entry.actor_kind);
    view! {
        <div class="entry stack">
            <Card title=title actions=move || view! { <a class="button quiet small square" href=close data-noscroll aria-label="Close the entry" title="Close the entry"><Glyph icon=Icon::X/></a> }>
                <Facts>
                    <Fact label="Outcome">{outcome}</Fact>
                    <Fact label="When">{when}</Fact>
                    <Fact label="Actor">{actor}</Fact>
                    <Fact label="By way of">{by_way_of}</Fact>
                    <Fact label="Action">{action}</Fact>
                    <Fact label="Subject">{subject}</Fact>
                    <Fact label="Subject id">{subject_id}</Fact>
                    <Fact label="Request">{request}</Fact>
                    {from}
                    <Fact label="Hash">{hash}</Fact>
                    {before}
                </Facts>
            </Card>
            {detail}
        </div>
    }
    .into_any()
}

/// How the actor acted, in words.
pub(super) fn kind_words(kind: &str) -> String {
    match kind {
        "member" => "browser",
        "token" => "API token",
        "service" => "service account",
        "job" => "background job",
        "job_token" => "job token",
        "operator" => "command on the server",
        "support" => "support access",
        "anonymous" => "not signed in",
        other => other,
    }
    .to_owned()
}

/// The address that shows an entry, on the same page of the list.
pub(super) fn with_entry(address: Address, sequence: i64) -> String {
    address_of(address, Some(sequence))
}

fn without_entry(address: Address) -> String {
    address_of(address, None)
}

fn address_of(address: Address, entry: Option<i64>) -> String {
    let escape = leptos_router::location::Url::escape;
    let pairs = address.rest(&["entry"]).into_iter().chain(entry.map(|entry| ("entry".to_owned(), entry.to_string())));
    let query = pairs.map(|(name, value)| format!("{}={}", escape(&name), escape(&value))).collect::<Vec<_>>().join("&");
    if query.is_empty() { "/audit".to_owned() } else { format!("/audit?{query}") }
}
