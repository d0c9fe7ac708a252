//! The access log: every decision about who may do what, counted by the minute.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::Permission;

use super::{FIRST, entry::kind_words, forbidden, tabs};
use crate::{
    api::{Api, ApiError, Connection, Operation, use_api, use_query},
    frame::use_viewer,
    kit::{
        Address, Button, Cell, Column, Empty, Glyph, Icon, Page, Pager, Row, Table, Tabs, Tone, csv, loaded, moment, number, use_address, use_toasts,
    },
    members::rights,
};

const DECISIONS: Operation = Operation(include_str!("access_decisions.graphql"));
const HEAD: &str = "minute,actor,actor_kind,credential,permission,allowed,times\r\n";
/// The largest page the API gives.
const LARGEST: usize = 200;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    access_decisions: Connection<Decision>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    /// RFC 3339.
    minute: String,
    actor: String,
    actor_kind: String,
    credential: String,
    permission: String,
    allowed: bool,
    times: i64,
}

/// The filter of the address, as the API reads it.
fn input(address: Address) -> Value {
    let mut input = Map::new();
    for name in ["actor", "permission"] {
        if let Some(value) = address.get(name) {
            input.insert(name.to_owned(), json!(value.trim()));
        }
    }
    if let Some(outcome) = address.get("outcome") {
        input.insert("allowed".to_owned(), json!(outcome == "allowed"));
    }
    Value::Object(input)
}

/// The page at `/audit/access`.
#[component]
pub fn AccessLogPage() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::AuditRead)) {
        return forbidden();
    }
    let address = use_address();
    let query = use_query::<_, Data>(DECISIONS, move || json!({ "first": FIRST, "after": address.get("after"), "filter": input(address) }));
    let facts = || view! { <span>"Every decision about who may do what, by the minute; refusals stand in the audit log one by one"</span> };
    let actions = move || view! { <Export/> };
    view! {
        <Page title="Access log" facts=facts actions=actions>
            <Tabs tabs=Signal::stored(tabs()) label="Logs"/>
            {filter(address)}
            {loaded(query, move |data: Data| list(data.access_decisions, address))}
        </Page>
    }
    .into_any()
}

fn filter(address: Address) -> AnyView {
    let value = move |name: &'static str| untrack(move || address.get(name)).unwrap_or_default();
    let outcomes = [("", "Any"), ("allowed", "Allowed"), ("denied", "Denied")].map(|(key, words)| {
        let chosen = value("outcome") == key;
        view! { <option value=key selected=chosen>{words}</option> }
    });
    let permissions =
        Permission::ALL.iter().map(|permission| view! { <option value=permission.as_str()>{rights::words(*permission)}</option> }).collect_view();
    view! {
        <form class="audit-filter" method="get" action="/audit/access" role="search" aria-label="Filter the decisions">
            <label class="part"><span class="label">"Actor"</span><input class="input" type="search" name="actor" placeholder="E-mail address" autocomplete="off" spellcheck="false" value=value("actor")/></label>
            <label class="part"><span class="label">"Permission"</span><input class="input" type="search" name="permission" placeholder="runs or runs:write" list="permissions" autocomplete="off" spellcheck="false" value=value("permission")/></label>
            <label class="part short"><span class="label">"Outcome"</span><select class="input" name="outcome">{outcomes.into_iter().collect_view()}</select></label>
            <div class="go"><button class="button" type="submit"><Glyph icon=Icon::SEARCH/>"Filter"</button></div>
            <datalist id="permissions">{permissions}</datalist>
        </form>
    }
    .into_any()
}

fn list(decisions: Connection<Decision>, address: Address) -> AnyView {
    if decisions.nodes.is_empty() {
        let filtered = ["actor", "permission", "outcome"].iter().any(|name| address.get(name).is_some());
        let title = if filtered { "No decision fits the filter" } else { "No decisions yet" };
        return view! { <Empty icon=Icon::SHIELD_CHECK title=title>"Each time somebody asks for something, it is decided whether they may. Within seconds it is counted here."</Empty> }.into_any();
    }
    let (shown, total, next) = (decisions.nodes.len(), decisions.total_count, decisions.next());
    let columns = vec![
        Column::text("minute", "Minute"),
        Column::text("actor", "Actor"),
        Column::text("permission", "Asked for"),
        Column::text("outcome", "Outcome"),
        Column::number("times", "Times"),
        Column::mono("credential", "Session or token"),
    ];
    let rows: Vec<Row> = decisions.nodes.into_iter().map(row).collect();
    view! {
        <Table label="Decisions" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("decision", "decisions") keys=vec![("j", ""), ("k", "move")]/>
    }
    .into_any()
}

fn row(decision: Decision) -> Row {
    let (actor, kind) = (decision.actor.clone(), decision.actor_kind.clone());
    let (permission, words) = (decision.permission.clone(), rights::words_of(&decision.permission));
    let at = crate::api::Moment(moment::parse(&decision.minute).unwrap_or_default());
    let outcome = if decision.allowed { Cell::Muted("allowed".into()) } else { Cell::State(Tone::Bad, "denied".into()) };
    let id = format!("{}{}{}{}", decision.minute, decision.credential, decision.permission, decision.allowed);
    let cells = vec![
        Cell::Time(at),
        Cell::view(
            move || view! { <span class="text">{actor.clone()}</span>{(kind != "member").then(|| view! { " "<span class="faint">{kind_words(&kind)}</span> })} },
        ),
        Cell::view(move || view! { <span class="right-of"><span>{words.clone()}</span>" "<code>{permission.clone()}</code></span> }),
        outcome,
        Cell::Text(number::count(decision.times)),
        Cell::Mono(decision.credential),
    ];
    Row::new(id.clone(), id, cells)
}

/// Saves every decision that passes the filter as CSV.
#[component]
fn Export() -> impl IntoView {
    let (api, toasts, address) = (use_api(), use_toasts(), use_address());
    let busy = RwSignal::new(false);
    let press = move || {
        let (api, filter) = (api.clone(), untrack(|| input(address)));
        busy.set(true);
        spawn_local(async move {
            match collect(&api, &filter).await {
                Ok((text, count)) => {
                    csv::save("access-log.csv", &text);
                    toasts.say(format!("{} saved.", number::counted(count, "line", "lines")));
                }
                Err(error) => toasts.fail(&error),
            }
            busy.try_set(false);
        });
    };
    view! { <Button icon=Icon::DOWNLOAD busy on_press=press>"Export"</Button> }.into_any()
}

async fn collect(api: &Api, filter: &Value) -> Result<(String, i64), ApiError> {
    let (mut text, mut count, mut after) = (HEAD.to_owned(), 0, None::<String>);
    loop {
        let page = api.query::<Data>(DECISIONS, json!({ "first": LARGEST, "after": after, "filter": filter })).await?.access_decisions;
        for decision in &page.nodes {
            let (allowed, times) = (decision.allowed.to_string(), decision.times.to_string());
            csv::line(
                &mut text,
                [decision.minute.as_str(), &decision.actor, &decision.actor_kind, &decision.credential, &decision.permission, &allowed, &times],
            );
            count += 1;
        }
        after = page.next();
        if after.is_none() {
            return Ok((text, count));
        }
    }
}
