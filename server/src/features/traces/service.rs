//! Logging traces, tagging and judging them, removing them.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use shared::{
    ids::{ExperimentId, RunId},
    limits::PAIRS_MAX,
};
use uuid::Uuid;

use super::{
    Assessment, ReadTraces, Span, State, Trace, TraceError, TraceId, WriteTraces,
    model::{self, NAME_TAG},
    repo::{self, Gathered},
};
use crate::{
    access::{
        Connection, Grant, Sql, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::experiments::ExperimentRef,
};

/// The tag by which clients know that spans are kept beside the trace and not in a file.
const SPANS_TAG: (&str, &str) = ("mlflow.trace.spansLocation", "TRACKING_STORE");
/// How long a trace is being taken in: until then after its first part arrived, what arrives is telemetry; what is written to it later has an entry.
const INTAKE: TimeDelta = TimeDelta::hours(1);
/// Traces that an entry names; of more it says the number.
const NAMED_MAX: usize = 100;
/// Most traces of one request.
pub const IDS_MAX: usize = 1_000;
/// Most traces that one removal takes.
const REMOVED_MAX: i64 = 10_000;
/// Longest assessment, in bytes of its JSON.
const ASSESSMENT_MAX: usize = 1_000_000;

async fn placed<C: Connection>(tx: &C, experiment: ExperimentRef) -> Result<(ExperimentId, bool), Fault> {
    match repo::experiment(tx, experiment).await? {
        None => Err(TraceError::NoExperiment(experiment.to_string()).into()),
        Some((_, _, true)) => Err(TraceError::ExperimentRemoved(experiment.to_string()).into()),
        Some((id, is_default, false)) => Ok((id, is_default)),
    }
}

fn missing(id: TraceId) -> Fault {
    TraceError::Missing(id.to_string()).into()
}

pub(super) async fn lock(tx: &WriteTx, id: TraceId) -> Result<String, Fault> {
    repo::lock(tx, id).await?.ok_or_else(|| missing(id))
}

pub(super) fn entry(action: &'static str, id: TraceId, name: &str) -> Entry {
    Entry::new(action, Subject::new("trace", id, name))
}

fn named(ids: &[TraceId]) -> Vec<String> {
    ids.iter().take(NAMED_MAX).map(TraceId::to_string).collect()
}

/// Keeps what a client says of a trace as a whole, with the assessments it brings. It is entered when it brings some, or comes late.
///
/// # Errors
/// `Invalid` for what breaks a rule; `NotFound` for the experiment; `Conflict` for a removed one, or when the trace belongs to another.
pub async fn start(grant: Grant<'_, WriteTraces>, experiment: ExperimentRef, mut trace: Trace) -> Result<Trace, Fault> {
    trace.settle()?;
    let tx = grant.begin().await?;
    (trace.experiment_id, trace.in_default) = placed(&tx, experiment).await?;
    trace.tags.retain(|(key, _)| key != SPANS_TAG.0);
    trace.tags.push((SPANS_TAG.0.to_owned(), SPANS_TAG.1.to_owned()));
    let first = repo::start(&tx, &trace).await?.ok_or_else(|| TraceError::Elsewhere(trace.id.to_string()))?;
    let brought = std::mem::take(&mut trace.assessments);
    let entered = first < tx.now() - INTAKE || !brought.is_empty();
    let detail = json!({ "assessments": brought.len() });
    for assessment in brought {
        keep(&tx, &Assessment { trace: trace.id, ..assessment }).await?;
    }
    let made = repo::load(&tx, &[trace.id]).await?.pop().ok_or_else(|| missing(trace.id))?;
    if entered {
        let name = made.tags.iter().find(|(key, _)| key == NAME_TAG).map_or("", |(_, value)| value);
        tx.commit(entry("trace.log", made.id, name).detail(detail)).await?;
    } else {
        tx.commit_telemetry().await?;
    }
    Ok(made)
}

/// Keeps spans, and what follows from them of traces that nobody described yet. Spans may come twice, and before their trace. `run` is the run in which
/// they arose. Spans of traces that are there already for longer than [`INTAKE`] are entered.
///
/// # Errors
/// `NotFound` for the experiment; `Conflict` for a removed one.
pub async fn log_spans(grant: Grant<'_, WriteTraces>, experiment: ExperimentRef, run: Option<RunId>, spans: &[Span]) -> Result<(), Fault> {
    let mut by_trace: BTreeMap<TraceId, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        by_trace.entry(span.trace).or_default().push(span);
    }
    let traces: Vec<Gathered> = by_trace.into_iter().map(|(id, spans)| gather(id, &spans)).collect();
    let tx = grant.begin().await?;
    let (experiment, _) = placed(&tx, experiment).await?;
    let since = tx.now() - INTAKE;
    let late = repo::log_spans(&tx, experiment, run.map(RunId::hex).as_deref(), &traces, spans, since).await?;
    if late.is_empty() {
        return tx.commit_telemetry().await;
    }
    let entry = Entry::new("trace.log_spans", Subject::new("experiment", experiment, ""));
    tx.commit(entry.detail(json!({ "traces": late.len(), "first": named(&late) }))).await
}

/// What spans say of their trace: the root names it, and its end is the trace's.
fn gather(id: TraceId, spans: &[&Span]) -> Gathered {
    let root = spans.iter().find(|span| span.parent.is_none());
    let state = match root.map(|root| (root.end_ns, root.status)) {
        None | Some((None, _)) => State::InProgress,
        Some((Some(_), State::Error)) => State::Error,
        Some((Some(_), _)) => State::Ok,
    };
    let mut tags = vec![(SPANS_TAG.0.to_owned(), SPANS_TAG.1.to_owned())];
    // A tag that breaks a rule, or is one too many, costs the tag, not the span that carries it.
    for (key, value) in root.map(|root| root.trace_tags.as_slice()).unwrap_or_default().iter().take(PAIRS_MAX) {
        let mut value = value.trim_matches('"').replace('\0', "\u{fffd}");
        if model::check_pair(key, &mut value).is_ok() {
            tags.push((key.clone(), value));
        }
    }
    let named = tags.iter().any(|(key, _)| key == NAME_TAG);
    Gathered {
        id,
        request_ms: spans.iter().map(|span| span.start_ns / 1_000_000).min().unwrap_or_default(),
        ended_ms: spans.iter().filter_map(|span| span.end_ns).map(|end| end / 1_000_000).max(),
        state,
        request_preview: root.and_then(|root| root.inputs.clone()),
        response_preview: root.and_then(|root| root.outputs.clone()),
        name: root.filter(|_| !named).map(|root| root.name.clone()),
        tags,
    }
}

/// One trace.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadTraces>, id: TraceId) -> Result<Trace, Fault> {
    repo::load(grant.read().await?, &[id]).await?.pop().ok_or_else(|| missing(id))
}

/// Several traces, in the order asked; absent ones are left out.
///
/// # Errors
/// `LimitExceeded`.
pub async fn get_many(grant: Grant<'_, ReadTraces>, ids: &[TraceId]) -> Result<Vec<Trace>, Fault> {
    bounded(ids)?;
    repo::load(grant.read().await?, ids).await
}

/// The spans of several traces in protobuf's JSON, by start.
///
/// # Errors
/// `LimitExceeded`.
pub async fn spans(grant: Grant<'_, ReadTraces>, ids: &[TraceId]) -> Result<HashMap<TraceId, Vec<String>>, Fault> {
    bounded(ids)?;
    let mut all: HashMap<TraceId, Vec<String>> = HashMap::new();
    for (id, span) in repo::spans(grant.read().await?, ids).await? {
        all.entry(id).or_default().push(span);
    }
    Ok(all)
}

/// How many traces arose in each of several runs.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn run_counts(grant: Grant<'_, ReadTraces>, runs: &[RunId]) -> Result<HashMap<RunId, i64>, Fault> {
    Ok(repo::run_counts(grant.read().await?, runs).await?.into_iter().collect())
}

fn bounded(ids: &[TraceId]) -> Result<(), TraceError> {
    if ids.len() > IDS_MAX { Err(TraceError::TooMany { what: "traces", most: IDS_MAX, got: ids.len() }) } else { Ok(()) }
}

/// Sets a tag.
///
/// # Errors
/// `NotFound`; `Invalid` for the key.
pub async fn set_tag(grant: Grant<'_, WriteTraces>, id: TraceId, key: &str, value: &str) -> Result<(), Fault> {
    let mut value = value.to_owned();
    model::check_pair(key, &mut value)?;
    let tx = grant.begin().await?;
    let name = lock(&tx, id).await?;
    repo::set_tags(&tx, &[(id, key, &value)], true).await?;
    tx.commit(entry("trace.tag", id, &name).detail(json!({ "key": key }))).await
}

/// Removes a tag.
///
/// # Errors
/// `NotFound` for the trace or the tag.
pub async fn remove_tag(grant: Grant<'_, WriteTraces>, id: TraceId, key: &str) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let name = lock(&tx, id).await?;
    if !repo::remove_tag(&tx, id, key).await? {
        return Err(TraceError::NoTag(key.chars().take(250).collect(), id.to_string()).into());
    }
    tx.commit(entry("trace.untag", id, &name).detail(json!({ "key": key }))).await
}

/// Which traces are to be removed.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    pub ids: Vec<TraceId>,
    /// The oldest ones, up to this time.
    pub until_ms: Option<i64>,
    pub most: Option<i64>,
}

/// Removes traces of an experiment for good; how many there were.
///
/// # Errors
/// `Invalid` unless either ids or a time is given; `NotFound` for the experiment.
pub async fn remove(grant: Grant<'_, WriteTraces>, experiment: ExperimentRef, removal: &Removal) -> Result<u64, Fault> {
    bounded(&removal.ids)?;
    let most = removal.most.unwrap_or(REMOVED_MAX);
    if removal.ids.is_empty() == removal.until_ms.is_none() || most < 1 {
        return Err(TraceError::Removal.into());
    }
    let tx = grant.begin().await?;
    let (experiment, ..) = repo::experiment(&tx, experiment).await?.ok_or_else(|| TraceError::NoExperiment(experiment.to_string()))?;
    let ids = repo::doomed(&tx, experiment, &removal.ids, removal.until_ms, most.min(REMOVED_MAX)).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let removed = repo::remove(&tx, &ids).await?;
    let entry = Entry::new("trace.remove", Subject::new("experiment", experiment, "")).detail(json!({ "traces": removed, "first": named(&ids) }));
    tx.commit(entry).await?;
    Ok(removed)
}

/// Ties traces to a run. Absent traces, and those that are tied to it already, are left out.
///
/// # Errors
/// `NotFound` for the run; `LimitExceeded`.
pub async fn link(grant: Grant<'_, WriteTraces>, ids: &[TraceId], run: RunId) -> Result<(), Fault> {
    if ids.len() > 100 {
        return Err(TraceError::TooMany { what: "traces", most: 100, got: ids.len() }.into());
    }
    let tx = grant.begin().await?;
    let name = repo::run_name(&tx, run).await?.ok_or_else(|| TraceError::NoRun(run.hex()))?;
    let linked = repo::link(&tx, ids, run).await?;
    if linked.is_empty() {
        return Ok(());
    }
    tx.commit(Entry::new("trace.link", Subject::new("run", run, &name)).detail(json!({ "traces": linked.len(), "first": named(&linked) }))).await
}

async fn keep(tx: &WriteTx, one: &Assessment) -> Result<(), Fault> {
    if one.data.to_string().len() > ASSESSMENT_MAX {
        return Err(TraceError::Long("assessment", ASSESSMENT_MAX).into());
    }
    if one.name().is_empty() || one.name().chars().count() > 250 || one.name().contains('\0') {
        return Err(TraceError::Key("An assessment's name has 1 to 250 characters.".to_owned()).into());
    }
    let (kind, value) = one.value()?;
    repo::put_assessment(tx, one, kind, &value).await
}

/// Writes an assessment of a trace. It may say that it overrides another, which is not valid any more then.
///
/// # Errors
/// `NotFound` for the trace or for the one it overrides; `Invalid`.
pub async fn assess(grant: Grant<'_, WriteTraces>, id: TraceId, data: Map<String, Value>) -> Result<Assessment, Fault> {
    let tx = grant.begin().await?;
    let name = lock(&tx, id).await?;
    let made = complete(id, data, &tx_now(&tx));
    if let Some(overridden) = made.data["overrides"].as_str().filter(|overridden| !overridden.is_empty()) {
        let mut before = find(&tx, id, overridden).await?;
        before.data["valid"] = false.into();
        keep(&tx, &before).await?;
    }
    keep(&tx, &made).await?;
    let entry = entry("trace.assess", id, &name);
    tx.commit(entry.detail(json!({ "assessment": Assessment::shown_id(made.id), "name": made.name() }))).await?;
    Ok(made)
}

fn tx_now(tx: &WriteTx) -> String {
    tx.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// An assessment with what the server gives it: an id, times where the client has none, and that it is valid.
pub fn complete(trace: TraceId, mut data: Map<String, Value>, now: &str) -> Assessment {
    let id = Uuid::now_v7();
    data.insert("assessment_id".into(), Assessment::shown_id(id).into());
    data.insert("trace_id".into(), trace.to_string().into());
    data.insert("valid".into(), true.into());
    for time in ["create_time", "last_update_time"] {
        data.entry(time).or_insert_with(|| now.into());
    }
    Assessment { id, trace, data: Value::Object(data) }
}

async fn find<C: Connection>(tx: &C, trace: TraceId, id: &str) -> Result<Assessment, Fault> {
    let missing = || TraceError::NoAssessment(id.chars().take(64).flat_map(char::escape_debug).collect(), trace.to_string());
    let known = Assessment::parse_id(id).ok_or_else(missing)?;
    Ok(repo::find_assessment(tx, trace, known).await?.ok_or_else(missing)?)
}

/// One assessment.
///
/// # Errors
/// `NotFound`.
pub async fn assessment(grant: Grant<'_, ReadTraces>, trace: TraceId, id: &str) -> Result<Assessment, Fault> {
    find(grant.read().await?, trace, id).await
}

/// Changes fields of an assessment.
///
/// # Errors
/// `NotFound`; `Invalid`.
pub async fn reassess(grant: Grant<'_, WriteTraces>, trace: TraceId, id: &str, changes: Map<String, Value>) -> Result<Assessment, Fault> {
    let tx = grant.begin().await?;
    let name = lock(&tx, trace).await?;
    let mut found = find(&tx, trace, id).await?;
    let now = tx_now(&tx);
    if let Some(data) = found.data.as_object_mut() {
        data.extend(changes);
        data.insert("last_update_time".into(), now.into());
    }
    keep(&tx, &found).await?;
    tx.commit(entry("trace.reassess", trace, &name).detail(json!({ "assessment": id, "name": found.name() }))).await?;
    Ok(found)
}

/// Removes an assessment. One that it overrode is valid again.
///
/// # Errors
/// `NotFound`.
pub async fn remove_assessment(grant: Grant<'_, WriteTraces>, trace: TraceId, id: &str) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let name = lock(&tx, trace).await?;
    let found = find(&tx, trace, id).await?;
    repo::remove_assessment(&tx, trace, found.id).await?;
    if let Some(overridden) = found.data["overrides"].as_str().and_then(Assessment::parse_id)
        && let Some(mut before) = repo::find_assessment(&tx, trace, overridden).await?
    {
        before.data["valid"] = true.into();
        keep(&tx, &before).await?;
    }
    tx.commit(entry("trace.remove_assessment", trace, &name).detail(json!({ "assessment": id, "name": found.name() }))).await
}
