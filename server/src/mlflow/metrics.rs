//! What logs and reads metrics.

use actix_web::{HttpResponse, http::Method, web};
use serde::{Deserialize, Serialize};
use shared::{Permission, ids::RunId};

use super::{
    Answer, Call, Endpoint, Error, LogCall,
    experiments::{limit, pairs},
    page_token,
    runs::{model_id, run_id},
    wire::{Double, Empty, Int, List, Pair, Text, filled, present, required, text},
};
use crate::features::{
    logged_models::Dataset,
    metrics::{self, Measurement, Point},
    page::Listing,
    runs::{Act, Batch, Link},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/runs/log-metric", Permission::RunsWrite, || web::to(log_metric)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow/runs/log-batch", Permission::RunsWrite, || web::to(log_batch)).for_jobs(),
    Endpoint::new(Method::GET, "mlflow/metrics/get-history", Permission::RunsRead, || web::to(history)),
    Endpoint::new(Method::GET, "mlflow/metrics/get-history-bulk", Permission::RunsRead, || web::to(bulk)),
    Endpoint::new(Method::GET, "mlflow/metrics/get-history-bulk-interval", Permission::RunsRead, || web::to(interval)),
];

/// A point as the protocol shows it.
#[derive(Serialize)]
pub(super) struct WireMetric<'a> {
    pub key: &'a str,
    pub value: Double,
    pub timestamp: i64,
    pub step: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetricBody {
    // Of a single metric; a batch names its run once.
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    #[serde(alias = "runUuid")]
    run_uuid: Option<Text>,
    key: Option<Text>,
    value: Option<Double>,
    timestamp: Option<Int>,
    step: Option<Int>,
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    #[serde(alias = "datasetName")]
    dataset_name: Option<Text>,
    #[serde(alias = "datasetDigest")]
    dataset_digest: Option<Text>,
}

fn add(batch: &mut Batch, body: MetricBody) -> Result<(), Error> {
    let point =
        Point { value: present("value", body.value)?.0, at_ms: present("timestamp", body.timestamp)?.0, step: body.step.unwrap_or_default().0 };
    if let Some(model) = filled(body.model_id) {
        let dataset = Dataset { name: text(body.dataset_name), digest: text(body.dataset_digest) };
        batch.links.push(Link { metric: batch.metrics.len(), model: model_id(Some(Text(model)))?, dataset });
    }
    batch.metrics.push(Measurement { key: required("key", body.key)?, point });
    Ok(())
}

async fn log_metric(call: LogCall<MetricBody>) -> Answer<Empty> {
    let (mut input, call) = call.split();
    let mut batch = Batch::of(run_id(input.run_id.take(), input.run_uuid.take())?);
    add(&mut batch, input)?;
    call.write(Act::log(batch)?).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LogBatch {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    metrics: List<MetricBody>,
    params: List<Pair>,
    tags: List<Pair>,
}

async fn log_batch(call: LogCall<LogBatch>) -> Answer<Empty> {
    let (input, call) = call.split();
    let mut batch = Batch::of(run_id(input.run_id, None)?);
    batch.params = pairs(input.params)?;
    batch.tags = pairs(input.tags)?;
    batch.metrics.reserve(input.metrics.0.len());
    input.metrics.0.into_iter().try_for_each(|metric| add(&mut batch, metric))?;
    call.write(Act::log(batch)?).await?;
    Ok(web::Json(Empty {}))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GetHistory {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    #[serde(alias = "runUuid")]
    run_uuid: Option<Text>,
    #[serde(alias = "metricKey")]
    metric_key: Option<Text>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
}

#[derive(Serialize)]
struct History<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    metrics: &'a [WireMetric<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

async fn history(Call { scope, input }: Call<GetHistory>) -> Result<HttpResponse, Error> {
    let key = required("metric_key", input.metric_key)?;
    let run = run_id(input.run_id, input.run_uuid);
    // A token holds the number of points before its page; points that come later with earlier times move it, as in MLflow.
    let list = Listing::of(&scope, &format!("history {} {key}", run.as_ref().map_or_else(|_| String::new(), RunId::to_string)));
    let start = page_token::offset(&list, input.page_token)?;
    let most = input.max_results.map(|_| limit(input.max_results, 0, i64::from(i32::MAX))).transpose()?;
    let points = match run {
        Ok(run) => metrics::history(scope.grant()?, run, &key).await?,
        // An unknown run has no history; that is no error in MLflow.
        Err(error) if error.code == super::Code::ResourceDoesNotExist => Vec::new(),
        Err(error) => return Err(error),
    };
    let rest = usize::try_from(start).ok().and_then(|start| points.get(start..)).unwrap_or_default();
    let page = &rest[..rest.len().min(most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX))];
    let next_page_token = page_token::next(&list, page.len() < rest.len(), start, page.len());
    let wire: Vec<WireMetric<'_>> =
        page.iter().map(|point| WireMetric { key: &key, value: Double(point.value), timestamp: point.at_ms, step: point.step }).collect();
    let mut body = Vec::with_capacity(64 + wire.len() * (key.len() + 80));
    serde_json::to_writer(&mut body, &History { metrics: &wire, next_page_token }).map_err(crate::fault::Fault::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Runs of one call for many histories.
const BULK_RUNS: usize = 100;
/// Points of all runs together.
const BULK_POINTS: i64 = 25_000;
/// Points of each run in an interval.
const INTERVAL_POINTS: i64 = 2_500;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bulk {
    #[serde(alias = "runId")]
    run_id: List<Text>,
    #[serde(alias = "runIds")]
    run_ids: List<Text>,
    #[serde(alias = "metricKey")]
    metric_key: Option<Text>,
    #[serde(alias = "startStep")]
    start_step: Option<Int>,
    #[serde(alias = "endStep")]
    end_step: Option<Int>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
}

/// The runs a call names, each once and in the order of their ids. What is no id is no run, which has no history.
fn runs_of(field: &str, list: List<Text>) -> Result<Vec<RunId>, Error> {
    if list.0.is_empty() {
        return Err(Error::required(field));
    }
    if list.0.len() > BULK_RUNS {
        return Err(Error::invalid(format!("Invalid value for parameter '{field}' supplied: name at most {BULK_RUNS} runs, got {}.", list.0.len())));
    }
    let runs: std::collections::BTreeSet<RunId> = list.0.iter().filter_map(|id| id.parse().ok()).collect();
    Ok(runs.into_iter().collect())
}

#[derive(Serialize)]
struct RunMetric<'a> {
    #[serde(flatten)]
    metric: WireMetric<'a>,
    run_id: String,
}

/// The first points of all runs, run by run.
fn all(key: &str, series: &[(RunId, Vec<Point>)], most: usize) -> serde_json::Value {
    let points = series.iter().flat_map(|(run, points)| points.iter().map(move |point| (run, point)));
    let list: Vec<RunMetric<'_>> = points
        .take(most)
        .map(|(run, point)| RunMetric {
            metric: WireMetric { key, value: Double(point.value), timestamp: point.at_ms, step: point.step },
            run_id: run.hex(),
        })
        .collect();
    if list.is_empty() { serde_json::json!({}) } else { serde_json::json!({ "metrics": list }) }
}

async fn bulk(Call { scope, input }: Call<Bulk>) -> Answer<serde_json::Value> {
    let runs = runs_of("run_id", input.run_id)?;
    let key = required("metric_key", input.metric_key)?;
    let most = limit(input.max_results, BULK_POINTS, i64::MAX)?.min(BULK_POINTS.unsigned_abs());
    let series = metrics::histories(scope.grant()?, &runs, &key).await?;
    Ok(web::Json(all(&key, &series, usize::try_from(most).unwrap_or(usize::MAX))))
}

async fn interval(Call { scope, input }: Call<Bulk>) -> Answer<serde_json::Value> {
    let runs = runs_of("run_ids", input.run_ids)?;
    let key = required("metric_key", input.metric_key)?;
    let most = usize::try_from(limit(input.max_results, INTERVAL_POINTS, INTERVAL_POINTS)?).unwrap_or(usize::MAX);
    let steps = match (input.start_step, input.end_step) {
        (None, None) => (i64::MIN, i64::MAX),
        (Some(Int(start)), Some(Int(end))) if start <= end => (start, end),
        (Some(_), Some(_)) => return Err(Error::invalid("end_step must be greater than start_step.")),
        _ => return Err(Error::invalid("If either start step or end step are specified, both must be specified.")),
    };
    let mut series = metrics::histories(scope.grant()?, &runs, &key).await?;
    for (_, points) in &mut series {
        points.retain(|point| (steps.0..=steps.1).contains(&point.step));
        metrics::thin(points, most);
    }
    Ok(web::Json(all(&key, &series, usize::MAX)))
}
