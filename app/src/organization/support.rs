use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::limits::SUPPORT_HOURS;

use crate::{
    api::{Answer, ApiError, Moment, Operation, use_api, use_query},
    kit::{Button, ButtonKind, Callout, Card, Chip, Field, Icon, RelativeTime, Select, Shape, Tone, number, steady_as, use_toasts},
};

const GRANTS: Operation = Operation(include_str!("support_grants.graphql"));
const GRANT: Operation = Operation(include_str!("grant_support.graphql"));
const END: Operation = Operation(include_str!("end_support.graphql"));
/// Older ones are found in the audit log.
const FIRST: usize = 10;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    support_grants: Grants,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grants {
    nodes: Vec<Grant>,
    total_count: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    reason: String,
    granted_by: String,
    granted_at: Moment,
    expires_at: Moment,
    ended_at: Option<Moment>,
    ended_by: Option<String>,
    is_open: bool,
    visits: Vec<Visit>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visit {
    operator: String,
    entered_at: Moment,
    opened_at: Option<Moment>,
    last_used_at: Option<Moment>,
    left_at: Option<Moment>,
}

type Query = Answer<Data>;

/// Letting the operator's support look, ending it, and who used it.
#[component]
pub(super) fn Support(
    /// Whether the reader may give it; who sees it may end it.
    gives: bool,
) -> impl IntoView {
    let query: Query = use_query(GRANTS, || json!({ "first": FIRST }));
    view! {
        <Card title="Support access">
            <p class="lead">"Whoever operates this installation can look into the organization only while you let them: at what a viewer reads, changing nothing. Owners are mailed when they enter, and each thing they read or are denied stands in the logs with their name and with who let them in."</p>
            {steady_as(Shape::Listed, query, move |data| shown(data, query, gives))}
        </Card>
    }
    .into_any()
}

fn shown(data: RwSignal<Data>, query: Query, gives: bool) -> AnyView {
    let (api, toasts) = (StoredValue::new(use_api()), use_toasts());
    let is_open = Memo::new(move |_| data.with(|data| data.support_grants.nodes.iter().any(|grant| grant.is_open)));
    let end = Callback::new(move |id: String| {
        spawn_local(async move {
            match api.get_value().query::<Value>(END, json!({ "id": id })).await {
                Ok(_) => toasts.say("Support access has ended."),
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
        });
    });
    let form = move || match (is_open.get(), gives) {
        (true, _) => ().into_any(),
        (false, true) => view! { <NewGrant query/> }.into_any(),
        (false, false) => view! { <p class="faint">"It is closed. Owners open it."</p> }.into_any(),
    };
    let list = move || data.with(|data| data.support_grants.nodes.iter().cloned().map(|grant| line(grant, end)).collect_view());
    let older = move || {
        data.with(|data| data.support_grants.total_count > FIRST)
            .then(|| view! { <p class="faint xs">"The newest are shown. The audit log has all of them."</p> })
    };
    view! {
        {form}
        <ul class="exports" aria-label="Support access that was given" aria-live="polite">{list}</ul>
        {older}
    }
    .into_any()
}

#[component]
fn NewGrant(query: Query) -> impl IntoView {
    let (api, toasts) = (StoredValue::new(use_api()), use_toasts());
    let (reason, hours) = (RwSignal::new(String::new()), RwSignal::new("4".to_owned()));
    let (wrong, refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(None::<ApiError>), RwSignal::new(false));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (words, life) = (reason.get_untracked(), hours.get_untracked().parse::<i32>().unwrap_or_default());
        wrong.set(None);
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            match api.get_value().query::<Value>(GRANT, json!({ "hours": life, "reason": words })).await {
                Ok(_) => {
                    toasts.say("Support access is open.");
                    query.refetch();
                }
                Err(error) if error.field.as_deref() == Some("reason") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    let lives = SUPPORT_HOURS.map(|hours| (hours.to_string(), number::counted(i64::from(hours), "hour", "hours"))).to_vec();
    view! {
        <form method="post" on:submit=submit>
            {move || refused.get().map(|error| view! { <Callout tone=Tone::Bad>{error.message}</Callout> })}
            <div class="two">
                <Field name="support-reason" label="What it is for" hint="It stands in the audit log." value=String::new() bind=reason error=wrong/>
                <Select name="support-hours" label="Ends after" options=lives value="4" bind=hours/>
            </div>
            <div class="row end"><Button kind=ButtonKind::Primary busy icon=Icon::SHIELD_CHECK>"Open support access"</Button></div>
        </form>
    }
    .into_any()
}

/// One grant: whether it is open, who gave it, who used it.
fn line(grant: Grant, end: Callback<String>) -> AnyView {
    let (tone, word) = if grant.is_open { (Tone::Warn, "Open") } else { (Tone::Plain, "Ended") };
    let over = match (grant.ended_at, grant.ended_by.clone()) {
        (Some(at), Some(by)) => view! { "Ended "<RelativeTime at/>{format!(" by {by}. ")} }.into_any(),
        _ if grant.is_open => view! { "Ends "<RelativeTime at=grant.expires_at/>". " }.into_any(),
        _ => ().into_any(),
    };
    let id = grant.id.clone();
    let act = grant.is_open.then(|| view! { <Button icon=Icon::X on_press=move || end.run(id.clone())>"End support access"</Button> });
    let unused = grant.visits.is_empty().then_some("Nobody entered by it.");
    let visits = grant.visits.into_iter().map(visited).collect_view();
    view! {
        <li>
            <div class="head">
                <Chip tone dot=true>{word}</Chip>
                <span><b>{grant.reason}</b>" opened "<RelativeTime at=grant.granted_at/>{format!(" by {}", grant.granted_by)}</span>
                <span class="right">{act}</span>
            </div>
            <small>{over}{unused}</small>
            {visits}
        </li>
    }
    .into_any()
}

/// One time that somebody of the operator entered.
fn visited(visit: Visit) -> AnyView {
    let looked = match (visit.opened_at, visit.last_used_at) {
        (None, _) => ", and did not look".into_any(),
        (Some(at), None) => view! { ", looked "<RelativeTime at/> }.into_any(),
        (_, Some(at)) => view! { ", last looked "<RelativeTime at/> }.into_any(),
    };
    let left = visit.left_at.map(|at| view! { ", left "<RelativeTime at/> });
    view! { <small>{visit.operator}" entered "<RelativeTime at=visit.entered_at/>{looked}{left}"."</small> }.into_any()
}
