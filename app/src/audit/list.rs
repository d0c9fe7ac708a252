use leptos::prelude::*;

use super::{
    entry::{Details, kind_words, with_entry},
    filter,
    model::{Data, Entry, One},
};
use crate::{
    api::Answer,
    kit::{Address, Cell, Column, Empty, Icon, Pager, Row, Table, loaded, number},
};

/// The entry that the address asks for, wherever in the log it stands.
pub(super) type Asked = Answer<One>;

/// The number of the entry that the address asks for.
pub(super) fn chosen(address: Address) -> Option<i64> {
    address.get("entry").and_then(|entry| entry.parse().ok())
}

/// The entries of a page, with one of them beside it when the address asks for it.
pub(super) fn list(data: Data, one: Asked, address: Address) -> AnyView {
    let entries = data.audit_entries;
    if entries.nodes.is_empty() {
        return nothing(address);
    }
    let (shown, total, next) = (entries.nodes.len(), entries.total_count, entries.next());
    let columns = vec![
        Column::text("sequence", "Entry"),
        Column::text("at", "When"),
        Column::text("actor", "Actor"),
        Column::text("action", "Action"),
        Column::text("subject", "Subject"),
        Column::text("outcome", "Outcome"),
        Column::text("address", "Address"),
    ];
    let rows = entries.nodes.iter().map(|entry| row(entry, address)).collect::<Vec<_>>();
    let nodes = StoredValue::new(entries.nodes);
    let chosen = Memo::new(move |_| chosen(address));
    let beside = move || chosen.get().map(|sequence| nodes.with_value(|nodes| details(nodes, one, sequence, address)));
    view! {
        <div class="audit" class:split=move || chosen.get().is_some()>
            <div class="sheet-and-foot">
                <Table label="Audit entries" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
                <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("entry", "entries") keys=vec![("j", ""), ("k", "move"), ("Enter", "open"), ("/", "filter")]/>
            </div>
            <aside>{beside}</aside>
        </div>
    }
    .into_any()
}

fn details(nodes: &[Entry], one: Asked, sequence: i64, address: Address) -> AnyView {
    let find = |sequence: i64| nodes.iter().find(|entry| entry.sequence == sequence).cloned();
    match find(sequence) {
        Some(entry) => view! { <Details entry before=find(sequence - 1).map(|before| before.hash) address/> }.into_any(),
        None => far(one, sequence, address),
    }
}

/// An entry that another page of the list holds, or that the filter leaves out.
fn far(one: Asked, sequence: i64, address: Address) -> AnyView {
    loaded(one, move |one: One| match one.audit_entry {
        Some(entry) if entry.sequence == sequence => view! { <Details entry before=one.before.map(|before| before.hash) address/> }.into_any(),
        Some(_) => ().into_any(),
        None => view! { <p class="muted s">{format!("There is no entry {}.", number::count(sequence))}</p> }.into_any(),
    })
}

fn row(entry: &Entry, address: Address) -> Row {
    let sequence = entry.sequence;
    let (actor, kind) = (entry.actor.clone(), entry.actor_kind.clone());
    let (noun, name) = (entry.subject_noun(), entry.subject().to_owned());
    let action = entry.action.clone();
    let current = move || (address.get("entry").is_some_and(|entry| entry == sequence.to_string())).then_some("true");
    let outcome = if entry.is_denied() { Cell::State(crate::kit::Tone::Bad, "denied".into()) } else { Cell::Muted("done".into()) };
    let cells = vec![
        Cell::view(
            move || view! { <a class="name" href=move || with_entry(address, sequence) data-noscroll aria-current=current>{number::count(sequence)}</a> },
        ),
        Cell::Time(entry.moment()),
        Cell::view(
            move || view! { <span class="text">{actor.clone()}</span>{(kind != "member").then(|| view! { " "<span class="faint">{kind_words(&kind)}</span> })} },
        ),
        Cell::view(move || view! { <code>{action.clone()}</code> }),
        Cell::view(move || view! { <span class="text"><span class="faint">{noun.clone()}</span>" "{name.clone()}</span> }),
        outcome,
        entry.address.clone().map_or(Cell::Empty, Cell::Muted),
    ];
    Row::new(sequence.to_string(), format!("entry {sequence}"), cells)
}

fn nothing(address: Address) -> AnyView {
    if filter::is_set(address) {
        let action = || view! { <p class="row"><a class="button" href="/audit">"Show all entries"</a></p> };
        return view! { <Empty icon=Icon::SEARCH title="No entry fits the filter" action=action>"Actor and subject are compared as a whole. An action can be a noun alone: "<code>"token"</code>" finds "<code>"token.create"</code>" and "<code>"token.revoke"</code>"."</Empty> }.into_any();
    }
    view! { <Empty icon=Icon::SCROLL_TEXT title="No entries yet">"Every change by a person or a script is entered here, and every attempt that was refused."</Empty> }.into_any()
}
