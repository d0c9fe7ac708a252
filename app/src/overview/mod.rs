//! The first page: what the team has done lately, or how to begin.

mod begin;
mod fragment;
mod recent;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{MetricValue, Moment, Operation, use_query},
    frame::{project_fact, use_project_id, use_viewer},
    kit::{Page, loaded},
};

const OVERVIEW: Operation = Operation(include_str!("overview.graphql"));

#[derive(Clone, Serialize, Deserialize)]
struct Overviewed {
    experiments: Experiments,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Experiments {
    total_count: i64,
    nodes: Vec<Experiment>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Experiment {
    id: String,
    name: String,
    run_count: i64,
    run_count_is_least: bool,
    last_run_at: Option<Moment>,
    runs: Runs,
}

#[derive(Clone, Serialize, Deserialize)]
struct Runs {
    nodes: Vec<Run>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    id: String,
    name: String,
    status: String,
    started_at: Moment,
    ended_at: Option<Moment>,
    created_by: Option<String>,
    metrics: Vec<Metric>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Metric {
    key: String,
    value: MetricValue,
}

/// The page at `/`.
#[component]
pub fn Overview() -> impl IntoView {
    fragment::follow();
    let project = use_project_id();
    let data = use_query::<_, Overviewed>(OVERVIEW, move || json!({ "project": project }));
    let title = Signal::derive(|| "Overview".to_owned());
    let organization = use_viewer().with_untracked(|viewer| viewer.organization.name.clone());
    let facts = move || view! { <span>{organization.clone()}</span>{project_fact()} };
    view! {
        <Page title facts=facts>
            {loaded(data, |data: Overviewed| {
                if data.experiments.nodes.iter().all(|experiment| experiment.run_count == 0) { begin::begin() } else { recent::recent(data.experiments) }
            })}
        </Page>
    }
    .into_any()
}
