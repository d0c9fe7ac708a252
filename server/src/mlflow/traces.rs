//! `traces/*` of the protocol: whole traces, their spans, tags and links. What was thought of them is in `assessments`.

use std::collections::{BTreeMap, HashMap};

use actix_web::{http::Method, web};
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::{Permission, ids::ExperimentId};

use super::{
    Answer, Call, Endpoint, Error,
    assessments::read as read_assessment,
    experiments::{experiment_ids, limit, reference},
    page_token,
    runs::run_id,
    wire::{Empty, Int, List, Text, filled, present, required, text},
};
use crate::{
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        page::Listing,
        traces::{self, Removal, State, Trace, TraceId, TraceQuery},
    },
};

const READ: Permission = Permission::RunsRead;
const WRITE: Permission = Permission::RunsWrite;

/// Whole words before the parameter that they would else be taken for.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/traces", WRITE, || web::to(start)),
    Endpoint::new(Method::GET, "mlflow/traces/get", READ, || web::to(get)),
    Endpoint::new(Method::GET, "mlflow/traces/batchGet", READ, || web::to(batch)),
    Endpoint::new(Method::POST, "mlflow/traces/batchGetInfos", READ, || web::to(batch_infos)),
    Endpoint::new(Method::POST, "mlflow/traces/search", READ, || web::to(search)),
    Endpoint::new(Method::POST, "mlflow/traces/delete-traces", WRITE, || web::to(delete)),
    Endpoint::new(Method::POST, "mlflow/traces/link-to-run", WRITE, || web::to(link)),
    Endpoint::new(Method::GET, "mlflow/traces/{trace_id}", READ, || web::to(info)),
    Endpoint::new(Method::PATCH, "mlflow/traces/{trace_id}/tags", WRITE, || web::to(set_tag)),
    Endpoint::new(Method::DELETE, "mlflow/traces/{trace_id}/tags", WRITE, || web::to(delete_tag)),
];

/// Reads the id of a trace.
pub(super) fn trace_id(value: Option<Text>) -> Result<TraceId, Error> {
    required("trace_id", value)?.parse().map_err(|error| Fault::from(error).into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Start {
    trace: Option<TraceBody>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TraceBody {
    #[serde(alias = "traceInfo")]
    trace_info: InfoBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InfoBody {
    #[serde(alias = "traceId")]
    trace_id: Option<Text>,
    #[serde(alias = "clientRequestId")]
    client_request_id: Option<Text>,
    #[serde(alias = "traceLocation")]
    trace_location: LocationBody,
    #[serde(alias = "requestPreview")]
    request_preview: Option<Text>,
    #[serde(alias = "responsePreview")]
    response_preview: Option<Text>,
    #[serde(alias = "requestTime")]
    request_time: Option<Text>,
    #[serde(alias = "executionDuration")]
    execution_duration: Option<Text>,
    state: Option<Text>,
    #[serde(alias = "traceMetadata")]
    trace_metadata: BTreeMap<String, Text>,
    tags: BTreeMap<String, Text>,
    assessments: List<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LocationBody {
    #[serde(alias = "mlflowExperiment")]
    mlflow_experiment: ExperimentBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExperimentBody {
    #[serde(alias = "experimentId")]
    experiment_id: Option<Text>,
}

/// A protobuf `Timestamp` in JSON, as milliseconds.
fn millis(field: &str, value: Option<Text>) -> Result<i64, Error> {
    let value = required(field, value)?;
    let time =
        DateTime::parse_from_rfc3339(&value).map_err(|_| Error::invalid(format!("Invalid value for parameter '{field}' supplied: not a time")))?;
    Ok(time.timestamp_millis())
}

/// A protobuf `Duration` in JSON, `1.5s`, as milliseconds.
fn duration(field: &str, value: Option<Text>) -> Result<Option<i64>, Error> {
    let Some(value) = filled(value) else { return Ok(None) };
    let seconds: Option<f64> = value.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
    let known = seconds.filter(|seconds| (0.0..=315_576_000_000.0).contains(seconds));
    known
        .map(|seconds| Some((seconds * 1_000.0).round() as i64))
        .ok_or_else(|| Error::invalid(format!("Invalid value for parameter '{field}' supplied: not a duration")))
}

fn pairs(map: BTreeMap<String, Text>) -> Vec<(String, String)> {
    map.into_iter().map(|(key, value)| (key, value.0)).collect()
}

async fn start(Call { scope, input }: Call<Start>) -> Answer<Value> {
    let body = present("trace", input.trace)?.trace_info;
    let id = trace_id(body.trace_id)?;
    let experiment = reference("experiment_id", body.trace_location.mlflow_experiment.experiment_id)?;
    let now = scope.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let trace = Trace {
        id,
        // The experiment's own id is looked up with it.
        experiment_id: ExperimentId::from_uuid(uuid::Uuid::nil()),
        in_default: false,
        request_ms: millis("request_time", body.request_time)?,
        duration_ms: duration("execution_duration", body.execution_duration)?,
        state: body.state.and_then(|state| State::parse(&state)).unwrap_or_default(),
        client_request_id: filled(body.client_request_id),
        request_preview: filled(body.request_preview),
        response_preview: filled(body.response_preview),
        metadata: pairs(body.trace_metadata),
        tags: pairs(body.tags),
        assessments: body
            .assessments
            .0
            .into_iter()
            .map(|data| Ok(traces::complete(id, read_assessment(data)?, &now)))
            .collect::<Result<_, Error>>()?,
    };
    let made = traces::start(scope.grant()?, experiment, trace).await?;
    Ok(web::Json(json!({ "trace": { "trace_info": show(&made) } })))
}

fn map(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()
}

fn show(trace: &Trace) -> Value {
    let experiment = trace.experiment_mlflow_id();
    let mut tags = map(&trace.tags);
    tags.insert("mlflow.artifactLocation".into(), format!("mlflow-artifacts:/{experiment}/traces/{}/artifacts", trace.id).into());
    let at = DateTime::from_timestamp_millis(trace.request_ms).unwrap_or_default();
    let mut shown = json!({
        "trace_id": trace.id.to_string(),
        "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } },
        "request_time": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "state": trace.state.as_str(),
        "trace_metadata": map(&trace.metadata),
        "tags": tags,
    });
    if let Some(ms) = trace.duration_ms {
        shown["execution_duration"] = format!("{}.{:03}s", ms / 1_000, (ms % 1_000).abs()).into();
    }
    for (field, value) in
        [("client_request_id", &trace.client_request_id), ("request_preview", &trace.request_preview), ("response_preview", &trace.response_preview)]
    {
        if let Some(value) = value {
            shown[field] = value.clone().into();
        }
    }
    if !trace.assessments.is_empty() {
        shown["assessments"] = trace.assessments.iter().map(|one| one.data.clone()).collect();
    }
    shown
}

/// A list under its name; an empty one is left out, as in all of the protocol.
fn listed(name: &str, list: Vec<Value>) -> Value {
    if list.is_empty() { json!({}) } else { json!({ name: list }) }
}

/// Traces with their spans.
fn whole(list: &[Trace], mut spans: HashMap<TraceId, Vec<String>>) -> Result<Vec<Value>, Error> {
    let read = |text: String| serde_json::from_str::<Value>(&text).map_err(|error| Error::from(Fault::internal(error)));
    let one = |trace: &Trace| {
        let spans = spans.remove(&trace.id).unwrap_or_default().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Error>(json!({ "trace_info": show(trace), "spans": spans }))
    };
    list.iter().map(one).collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ById {
    #[serde(alias = "traceId")]
    trace_id: Option<Text>,
    key: Option<Text>,
    value: Option<Text>,
}

async fn info(Call { scope, input }: Call<ById>) -> Answer<Value> {
    let found = traces::get(scope.grant()?, trace_id(input.trace_id)?).await?;
    Ok(web::Json(json!({ "trace": { "trace_info": show(&found) } })))
}

async fn get(Call { scope, input }: Call<ById>) -> Answer<Value> {
    let found = [traces::get(scope.grant()?, trace_id(input.trace_id)?).await?];
    let spans = traces::spans(scope.grant()?, &[found[0].id]).await?;
    Ok(web::Json(json!({ "trace": whole(&found, spans)?.pop() })))
}

async fn set_tag(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let (key, value) = (required("key", input.key)?, present("value", input.value)?);
    traces::set_tag(scope.grant()?, trace_id(input.trace_id)?, &key, &value).await?;
    Ok(web::Json(Empty {}))
}

async fn delete_tag(Call { scope, input }: Call<ById>) -> Answer<Empty> {
    let key = required("key", input.key)?;
    traces::remove_tag(scope.grant()?, trace_id(input.trace_id)?, &key).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Many {
    #[serde(alias = "traceIds")]
    trace_ids: List<Text>,
    #[serde(alias = "experimentIds")]
    experiment_ids: List<Text>,
    #[serde(alias = "runId")]
    run_id: Option<Text>,
}

/// The traces that a call names, those of its experiments only where it names any. What is no id is no trace.
async fn named(scope: &crate::access::Scope, input: &Many) -> Result<Vec<Trace>, Error> {
    let mut found = traces::get_many(scope.grant()?, &ids(&input.trace_ids)).await?;
    let within = experiment_ids(&input.experiment_ids)?;
    found.retain(|trace| within.is_empty() || within.contains(&trace.experiment_mlflow_id().as_str()));
    Ok(found)
}

fn ids(list: &List<Text>) -> Vec<TraceId> {
    list.0.iter().filter_map(|id| id.parse().ok()).collect()
}

async fn batch(Call { scope, input }: Call<Many>) -> Answer<Value> {
    let found = named(&scope, &input).await?;
    let spans = traces::spans(scope.grant()?, &found.iter().map(|trace| trace.id).collect::<Vec<_>>()).await?;
    Ok(web::Json(listed("traces", whole(&found, spans)?)))
}

async fn batch_infos(Call { scope, input }: Call<Many>) -> Answer<Value> {
    let found = named(&scope, &input).await?;
    Ok(web::Json(listed("trace_infos", found.iter().map(show).collect())))
}

async fn link(Call { scope, input }: Call<Many>) -> Answer<Empty> {
    traces::link(scope.grant()?, &ids(&input.trace_ids), run_id(input.run_id, None)?).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Search {
    locations: List<LocationBody>,
    filter: Option<Text>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
    #[serde(alias = "orderBy")]
    order_by: List<Text>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
}

async fn search(Call { scope, input }: Call<Search>) -> Answer<Value> {
    let list = Listing::of(&scope, "traces");
    let experiments = input.locations.0.into_iter().filter_map(|location| location.mlflow_experiment.experiment_id);
    let query = TraceQuery {
        // An id that is none has no traces.
        experiments: experiments.filter_map(|id| ExperimentRef::parse(&id).ok()).collect(),
        filter: text(input.filter),
        order: input.order_by.strings(),
        limit: limit(input.max_results, 100, 500)?,
        after: page_token::after(&list, input.page_token)?,
    };
    let found = traces::search(scope.grant()?, &query, false).await?;
    let mut answer = listed("traces", found.traces.iter().map(show).collect());
    if let Some(next) = &found.next {
        answer["next_page_token"] = list.cursor(next).into();
    }
    Ok(web::Json(answer))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delete {
    #[serde(alias = "experimentId")]
    experiment_id: Option<Text>,
    #[serde(alias = "maxTimestampMillis")]
    max_timestamp_millis: Option<Int>,
    #[serde(alias = "maxTraces")]
    max_traces: Option<Int>,
    #[serde(alias = "requestIds")]
    request_ids: List<Text>,
}

async fn delete(Call { scope, input }: Call<Delete>) -> Answer<Value> {
    let experiment = reference("experiment_id", input.experiment_id)?;
    let named = !input.request_ids.0.is_empty();
    let removal =
        Removal { ids: ids(&input.request_ids), until_ms: input.max_timestamp_millis.map(|time| time.0), most: input.max_traces.map(|most| most.0) };
    if named && removal.ids.is_empty() {
        return Ok(web::Json(json!({ "traces_deleted": 0 })));
    }
    let removed = traces::remove(scope.grant()?, experiment, &removal).await?;
    Ok(web::Json(json!({ "traces_deleted": removed })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_protobufs_json() {
        let read = |text: &str| duration("d", Some(Text(text.into())));
        assert_eq!(read("1.5s"), Ok(Some(1_500)));
        assert_eq!(read("0s"), Ok(Some(0)));
        for bad in ["1", "s", "-1s", "infs", "NaNs", "1e300s"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(millis("t", Some(Text("1970-01-01T00:00:01.250Z".into()))), Ok(1_250));
        assert!(millis("t", Some(Text("yesterday".into()))).is_err());
    }
}
