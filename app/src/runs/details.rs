//! What a run is: ids, source, datasets, logged models.

use leptos::prelude::*;

use super::{model::Run, open::Open};
use crate::kit::{Card, Chip, Copyable, Elapsed, Fact, Facts, RelativeTime, Tone, number, shortened};

/// Ids, times, and where it came from.
#[component]
pub(super) fn Details(open: Open) -> impl IntoView {
    let run = open.run;
    let facts = Memo::new(move |_| run.with(Told::of));
    let body = move || {
        let told = facts.get();
        let source = told
            .source
            .map(|source| view! { <Fact label="Source"><Copyable text=source.clone() shown=short_path(&source) what="the source"/></Fact> });
        let commit = told
            .commit
            .map(|commit| view! { <Fact label="Commit"><Copyable text=commit.clone() shown=start_of(&commit, 8) what="the commit"/></Fact> });
        let branch = told.branch.map(|branch| view! { <Fact label="Branch"><code>{branch}</code></Fact> });
        let parent = told.parent.map(
            |parent| view! { <Fact label="Parent run"><a class="link" href=format!("/runs/{parent}")><code>{shortened(&parent)}</code></a></Fact> },
        );
        let href = format!("/experiments/{}/traces?filter=run_id%20%3D%20%27{}%27", told.experiment.0, told.mlflow_id);
        let traces = (told.traces > 0).then(|| view! { <Fact label="Traces"><a class="link" href=href>{number::count(told.traces)}</a></Fact> });
        view! {
            <Facts>
                <Fact label="Run id"><Copyable text=told.id.clone() shown=shortened(&told.id) what="the run id"/></Fact>
                <Fact label="MLflow id"><Copyable text=told.mlflow_id.clone() shown=shortened(&told.mlflow_id) what="the MLflow id"/></Fact>
                <Fact label="Experiment"><a class="link" href=format!("/experiments/{}", told.experiment.0)>{told.experiment.1}</a></Fact>
                <Fact label="Started"><RelativeTime at=told.started/></Fact>
                {told.ended.map(|at| view! { <Fact label="Ended"><RelativeTime at/></Fact> })}
                {(told.running || told.ended.is_some()).then(|| view! { <Fact label="Duration"><Elapsed from=told.started until=told.ended/></Fact> })}
                {told.user.map(|user| view! { <Fact label="User">{user}{told.is_by_service.then(|| view! { " "<Chip>"service account"</Chip> })}</Fact> })}
                {source}{commit}{branch}{parent}{traces}
            </Facts>
        }
        .into_any()
    };
    view! { <Card title="Details">{body}</Card> }.into_any()
}

#[derive(Clone, PartialEq)]
struct Told {
    id: String,
    mlflow_id: String,
    experiment: (String, String),
    started: crate::api::Moment,
    ended: Option<crate::api::Moment>,
    running: bool,
    user: Option<String>,
    is_by_service: bool,
    source: Option<String>,
    commit: Option<String>,
    branch: Option<String>,
    parent: Option<String>,
    traces: i64,
}

impl Told {
    fn of(run: &Run) -> Self {
        let tag = |key: &str| run.tag(key).map(str::to_owned);
        Self {
            id: run.id.clone(),
            mlflow_id: run.mlflow_id.clone(),
            experiment: (run.experiment.id.clone(), run.experiment.name.clone()),
            started: run.started_at,
            ended: run.ended_at,
            running: run.is_running(),
            user: run.created_by.clone().or_else(|| run.user.clone()),
            is_by_service: run.is_by_service,
            source: tag("mlflow.source.name"),
            commit: tag("mlflow.source.git.commit"),
            branch: tag("mlflow.source.git.branch"),
            parent: tag("mlflow.parentRunId"),
            traces: run.trace_count,
        }
    }
}

/// The first characters of a digest.
fn start_of(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}

/// The file's name at the end of a path.
fn short_path(path: &str) -> String {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path).to_owned()
}

/// What it read.
#[component]
pub(super) fn Datasets(run: RwSignal<Run>) -> impl IntoView {
    let datasets = Memo::new(move |_| run.with(|run| run.datasets.clone()));
    move || {
        let datasets = datasets.get();
        (!datasets.is_empty()).then(|| {
            let lines = datasets
                .into_iter()
                .map(|dataset| {
                    view! {
                        <li>
                            <span class="name">{dataset.name}</span>
                            <Copyable text=dataset.digest.clone() shown=start_of(&dataset.digest, 12) what="the digest"/>
                            {dataset.context.filter(|context| !context.is_empty()).map(|context| view! { <Chip>{context}</Chip> })}
                        </li>
                    }
                })
                .collect_view();
            view! { <Card title="Datasets"><ul class="lines">{lines}</ul></Card> }.into_any()
        })
    }
}

/// What it made.
#[component]
pub(super) fn LoggedModels(run: RwSignal<Run>) -> impl IntoView {
    let models = Memo::new(move |_| run.with(|run| run.logged_models.clone()));
    move || {
        let models = models.get();
        (!models.is_empty()).then(|| {
            let count = number::count(models.len() as i64);
            let lines = models.into_iter().map(|model| {
                let tone = if model.status == "READY" { Tone::Good } else { Tone::Info };
                view! {
                    <li>
                        <span class="name">{model.name}</span>
                        <Copyable text=model.mlflow_id.clone() shown=shortened(&model.mlflow_id) what="the model id"/>
                        {model.model_type.filter(|kind| !kind.is_empty()).map(|kind| view! { <Chip>{kind}</Chip> })}
                        {(model.status != "READY").then(|| view! { <Chip tone dot=true>{model.status.to_lowercase()}</Chip> })}
                    </li>
                }
            })
            .collect_view();
            view! { <Card title="Logged models" beside=move || view! { <span class="count">{count.clone()}</span> }><ul class="lines">{lines}</ul></Card> }.into_any()
        })
    }
}
