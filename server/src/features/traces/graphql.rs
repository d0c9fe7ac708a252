//! Traces in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::ids::RunId;

use super::{Assessment, ShownEvent, ShownSpan, State, Trace as Domain, TraceId, TraceQuery, show};
use crate::{
    fault::Fault,
    features::{
        experiments::{
            ExperimentRef,
            graphql::{Experiment, Tag, experiment_of},
        },
        metrics::graphql::time,
        page::{Page, PageInfo},
        runs::graphql::{Run, run_of},
    },
    graphql::{Batch, batch, scope},
};

/// The tag that is a trace's name, and the metadata that names its run.
const NAME_TAG: &str = "mlflow.traceName";
const RUN_METADATA: &str = "mlflow.sourceRun";

/// Where a trace stands.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum TraceState {
    /// The client does not say.
    #[graphql(name = "UNKNOWN")]
    Unspecified,
    /// It ended as it should.
    Ok,
    /// It ended with an error.
    Error,
    /// It goes on, or its end was not logged.
    InProgress,
}

/// What one request to a model or an agent went through.
pub struct Trace(Domain);

impl Trace {
    fn pair(list: &[(String, String)], key: &str) -> Option<String> {
        list.iter().find(|(own, _)| own == key).map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    }
}

/// What one request to a model or an agent went through.
#[Object]
impl Trace {
    /// `tr-` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// As a rule the name of its first step; null: the client says none.
    async fn name(&self) -> Option<String> {
        Self::pair(&self.0.tags, NAME_TAG)
    }
    /// Where it stands.
    async fn state(&self) -> TraceState {
        self.0.state.into()
    }
    /// When the request came.
    async fn started_at(&self) -> DateTime<Utc> {
        time(self.0.request_ms)
    }
    /// Milliseconds; null while it goes on.
    async fn duration(&self) -> Option<i64> {
        self.0.duration_ms
    }
    /// The beginning of what was asked.
    async fn request_preview(&self) -> Option<&str> {
        self.0.request_preview.as_deref()
    }
    /// The beginning of what was answered.
    async fn response_preview(&self) -> Option<&str> {
        self.0.response_preview.as_deref()
    }
    /// Its tags, by key.
    async fn tags(&self) -> Vec<Tag> {
        self.0.tags.iter().cloned().map(Tag::from).collect()
    }
    /// What does not change once the trace is there.
    async fn metadata(&self) -> Vec<Tag> {
        self.0.metadata.iter().cloned().map(Tag::from).collect()
    }
    /// The experiment that it was logged to.
    async fn experiment(&self, ctx: &Context<'_>) -> Result<Option<Experiment>> {
        experiment_of(ctx, self.0.experiment_id).await.map(Some)
    }
    /// The run in which it arose.
    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        match Self::pair(&self.0.metadata, RUN_METADATA).and_then(|id| id.parse::<RunId>().ok()) {
            Some(run) => run_of(ctx, run).await,
            None => Ok(None),
        }
    }
    /// Its steps, by their start.
    #[graphql(complexity = "20 + child_complexity")]
    async fn spans(&self, ctx: &Context<'_>) -> Result<Option<Vec<TraceSpan>>> {
        let spans = batch(ctx)?.load_one(SpansOf(self.0.id)).await?.unwrap_or_default();
        Ok(Some(spans.iter().map(|span| TraceSpan(show(span), self.0.request_ms)).collect()))
    }
    /// What people, code and models think of it.
    async fn assessments(&self) -> Vec<TraceAssessment> {
        self.0.assessments.iter().filter_map(TraceAssessment::of).collect()
    }
}

/// A step of a trace.
pub struct TraceSpan(ShownSpan, i64);

/// Milliseconds from the beginning of a trace.
fn since(trace_ms: i64, ns: i64) -> f64 {
    (ns - trace_ms.saturating_mul(1_000_000)) as f64 / 1e6
}

/// A step of a trace.
#[Object]
impl TraceSpan {
    /// 16 hexadecimal characters; unique in its trace.
    async fn id(&self) -> &str {
        &self.0.id
    }
    /// The step that it is a part of; null: it is the first.
    async fn parent_id(&self) -> Option<&str> {
        self.0.parent.as_deref()
    }
    /// What the client calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// `LLM`, `TOOL`, `CHAIN`, …; null: the client says none.
    async fn kind(&self) -> Option<&str> {
        Some(self.0.kind.as_str()).filter(|kind| !kind.is_empty())
    }
    /// `OK`, `ERROR` or `UNSET`.
    async fn status(&self) -> &str {
        self.0.status
    }
    /// What the client says of an error.
    async fn message(&self) -> Option<&str> {
        Some(self.0.message.as_str()).filter(|message| !message.is_empty())
    }
    /// Milliseconds from the beginning of the trace.
    async fn offset(&self) -> f64 {
        since(self.1, self.0.start_ns)
    }
    /// Milliseconds; null while it goes on.
    async fn duration(&self) -> Option<f64> {
        self.0.end_ns.map(|end| (end - self.0.start_ns) as f64 / 1e6)
    }
    /// What it was given, as JSON.
    async fn inputs(&self) -> Option<&str> {
        self.0.inputs.as_deref()
    }
    /// What it gave, as JSON.
    async fn outputs(&self) -> Option<&str> {
        self.0.outputs.as_deref()
    }
    /// Other attributes: texts as they are, all else as JSON.
    async fn attributes(&self) -> Vec<Tag> {
        self.0.attributes.iter().cloned().map(Tag::from).collect()
    }
    /// What happened in it, in the order the client says.
    async fn events(&self) -> Vec<TraceEvent> {
        let shown = |event: &ShownEvent| TraceEvent {
            name: event.name.clone(),
            offset: since(self.1, event.at_ns),
            attributes: event.attributes.iter().cloned().map(Tag::from).collect(),
        };
        self.0.events.iter().map(shown).collect()
    }
}

/// Something that happened in a step: an exception as a rule.
#[derive(SimpleObject)]
pub struct TraceEvent {
    /// What happened: `exception`.
    name: String,
    /// Milliseconds from the beginning of the trace.
    offset: f64,
    /// What the client says of it: texts as they are, all else as JSON.
    attributes: Vec<Tag>,
}

/// A judgement about a trace.
#[derive(SimpleObject)]
pub struct TraceAssessment {
    /// What was judged: `correctness`.
    name: String,
    /// `feedback`, `expectation` or `issue`.
    kind: String,
    /// A text as it is, all else as JSON.
    value: String,
    /// Why, as whoever judged says.
    rationale: Option<String>,
    /// Who or what judged.
    source: Option<String>,
    /// False once another one says it overrides this one.
    valid: bool,
}

impl TraceAssessment {
    fn of(assessment: &Assessment) -> Option<Self> {
        let (kind, value) = assessment.value().ok()?;
        let text = |value: &serde_json::Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            name: assessment.name().to_owned(),
            kind: kind.as_str().to_owned(),
            value,
            rationale: text(&assessment.data["rationale"]),
            source: text(&assessment.data["source"]["source_id"]),
            valid: assessment.valid(),
        })
    }
}

/// A page of traces.
#[derive(SimpleObject)]
pub struct TraceConnection {
    nodes: Vec<Trace>,
    page_info: PageInfo,
    total_count: i64,
}

/// A page of an experiment's traces.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`; `Forbidden`.
pub async fn traces_of_experiment(
    ctx: &Context<'_>,
    experiment: ExperimentRef,
    page: &Page,
    filter: Option<String>,
    order: Option<Vec<String>>,
) -> Result<TraceConnection> {
    let query = TraceQuery {
        experiments: vec![experiment],
        filter: filter.unwrap_or_default(),
        order: order.unwrap_or_default(),
        limit: page.limit() as u64,
        after: page.after().map(str::to_owned),
    };
    let found = super::search(scope(ctx)?.grant()?, &query, true).await?;
    Ok(TraceConnection {
        page_info: page.info(found.next.as_deref()),
        total_count: found.total,
        nodes: found.traces.into_iter().map(Trace).collect(),
    })
}

/// How many traces arose in a run. Several runs of one request are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn trace_count_of_run(ctx: &Context<'_>, run: RunId) -> Result<i64> {
    Ok(batch(ctx)?.load_one(CountOf(run)).await?.unwrap_or_default())
}

#[derive(Default)]
pub struct TracesQuery;

#[Object]
impl TracesQuery {
    /// One trace.
    async fn trace(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Trace>> {
        let id: TraceId = id.parse().map_err(Fault::from)?;
        Ok(Some(Trace(super::get(scope(ctx)?.grant()?, id).await?)))
    }
}

/// Keys of what a request asks for of traces.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpansOf(TraceId);
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountOf(RunId);

impl Loader<SpansOf> for Batch {
    type Value = Vec<String>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[SpansOf]) -> Result<HashMap<SpansOf, Vec<String>>, Self::Error> {
        let ids: Vec<TraceId> = keys.iter().map(|SpansOf(id)| *id).collect();
        Ok(super::spans(self.scope().grant()?, &ids).await?.into_iter().map(|(id, spans)| (SpansOf(id), spans)).collect())
    }
}

impl Loader<CountOf> for Batch {
    type Value = i64;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[CountOf]) -> Result<HashMap<CountOf, i64>, Self::Error> {
        let runs: Vec<RunId> = keys.iter().map(|CountOf(run)| *run).collect();
        Ok(super::run_counts(self.scope().grant()?, &runs).await?.into_iter().map(|(run, count)| (CountOf(run), count)).collect())
    }
}
