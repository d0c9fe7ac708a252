//! Whether it was done before.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::model;
use crate::{
    api::{Answer, MetricValue, Moment, Operation, ask, use_api},
    kit::{Callout, Icon, RelativeTime, Tone, arrived, number, steady},
};

const SIMILAR: Operation = Operation(include_str!("similar.graphql"));
/// What the server counts to.
const COUNTED: i64 = 200;
/// Runs that a comparison takes along.
const COMPARED: usize = 5;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Similar {
    same_count: i64,
    best: Option<Best>,
    same: Vec<Same>,
    near: Vec<Near>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Best {
    key: String,
    value: MetricValue,
    run: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Same {
    same_data: Option<bool>,
    same_commit: Option<bool>,
    run: Option<Named>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Near {
    differences: Vec<Difference>,
    run: Option<Named>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    id: String,
    name: String,
    started_at: Moment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Difference {
    key: String,
    here: Option<String>,
    there: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    similar: Similar,
}

type Query = Answer<Similar>;

/// Runs like the run of the page; nothing while another tab than the first is open. The page asks, not the tab, for the reason that
/// [`super::artifacts::Files`] gives.
#[derive(Clone, Copy)]
pub(super) struct Done(Query);

impl Done {
    /// Asks while the first tab is open, and provides the answer to it.
    pub fn provide(id: Memo<String>) -> Self {
        let (api, path) = (use_api(), use_location().pathname);
        let wish = Memo::new(move |_| path.with(|path| path.trim_end_matches('/').rsplit('/').next() == Some(&*id.get())).then(|| id.get()));
        let query: Query = ask(
            move || wish.get(),
            move |wish| {
                let api = api.clone();
                async move {
                    let Some(id) = wish else { return Ok(Similar::default()) };
                    model::part::<Data>(&api, SIMILAR, json!({ "id": id })).await.map(|data| data.similar)
                }
            },
        );
        let done = Self(query);
        provide_context(done);
        done
    }

    /// Waits for the answer.
    pub async fn arrived(self) {
        arrived(self.0).await;
    }
}

/// Says that runs like it have finished already, with what came out.
#[component]
pub(super) fn DoneBefore(
    /// The run's id.
    id: String,
) -> impl IntoView {
    let Done(query) = expect_context();
    let id = StoredValue::new(id);
    steady(query, move |held| (move || told(held.get(), &id.get_value())).into_any())
}

fn told(found: Similar, id: &str) -> Option<AnyView> {
    if found.same_count == 0 && found.near.is_empty() {
        return None;
    }
    let compared: Vec<String> = found
        .same
        .iter()
        .filter_map(|same| same.run.as_ref())
        .chain(found.near.iter().filter_map(|near| near.run.as_ref()))
        .map(|run| run.id.clone())
        .collect();
    let compare = compared.iter().take(COMPARED).fold(format!("/compare?run={id}"), |path, other| format!("{path}&run={other}"));
    let words = words(&found);
    let best = found.best.clone().filter(|_| found.same_count > 0).map(|best| {
        view! { <span>"; best "<code>{best.key}</code>" "<span class="num">{number::number(best.value.0)}</span></span> }
    });
    // What is folded out holds the ways on: a summary is itself pressed.
    let to_best = found.best.as_ref().filter(|_| found.same_count > 0).map(|best| {
        view! { <a class="link" href=format!("/runs/{}", best.run)>"Open the best"</a>" \u{00B7} " }
    });
    let same = found.same.iter().filter_map(|same| Some((same.run.clone()?, likeness(same)))).map(|(run, words)| line(run, words)).collect_view();
    let near = found
        .near
        .iter()
        .filter_map(|near| Some((near.run.clone()?, differing(&near.differences))))
        .map(|(run, words)| line(run, words))
        .collect_view();
    Some(
        view! {
            <Callout tone=Tone::Info icon=Icon::COPY>
                <details class="done-before">
                    <summary><b>{words}</b>{best}"."</summary>
                    <ul class="lines">{same}{near}</ul>
                    <p>{to_best}<a class="link" href=compare>"Compare with them"</a></p>
                </details>
            </Callout>
        }
        .into_any(),
    )
}

fn words(found: &Similar) -> String {
    match found.same_count {
        0 if found.near.len() == 1 => "1 finished run differs in no more than two params".into(),
        0 => format!("{} finished runs differ in no more than two params", found.near.len()),
        count if count >= COUNTED => format!("{COUNTED} or more runs with the same params already finished"),
        count => format!("{} with the same params already finished", number::counted(count, "run", "runs")),
    }
}

fn likeness(same: &Same) -> String {
    match (same.same_data, same.same_commit) {
        (Some(true), Some(true)) => "same data and commit".into(),
        (Some(true), _) => "same data".into(),
        (Some(false), _) => "other data".into(),
        (None, Some(true)) => "same commit".into(),
        _ => String::new(),
    }
}

fn differing(all: &[Difference]) -> String {
    let value = |value: &Option<String>| value.as_ref().map_or_else(|| "\u{2013}".to_owned(), |value| value.chars().take(40).collect());
    all.iter().map(|one| format!("{}: {} instead of {}", one.key, value(&one.there), value(&one.here))).collect::<Vec<_>>().join(", ")
}

fn line(run: Named, words: String) -> AnyView {
    view! { <li><a class="link" href=format!("/runs/{}", run.id)>{run.name}</a><span class="muted">{words}</span><small class="faint"><RelativeTime at=run.started_at/></small></li> }.into_any()
}
