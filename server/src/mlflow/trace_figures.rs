//! `traces/*` of the protocol that says something of many traces: figures, how two filters go together, and the prompts of a trace.

use actix_web::{http::Method, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::Permission;

use super::{
    Answer, Call, Endpoint, Error,
    experiments::limit,
    traces::trace_id,
    wire::{Double, Empty, Int, List, Named, Names, Text, required, text},
};
use crate::features::{
    experiments::ExperimentRef,
    traces::{self, Aggregate, MetricsQuery, Point, View},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/traces/metrics", Permission::RunsRead, || web::to(metrics)),
    Endpoint::new(Method::POST, "mlflow/traces/calculate-filter-correlation", Permission::RunsRead, || web::to(correlate)),
    Endpoint::new(Method::POST, "mlflow/traces/link-prompts", Permission::RunsWrite, || web::to(link_prompts)),
];

impl Names for View {
    const FIRST: i64 = 1;
    const ALL: &'static [(&'static str, Self)] = &[("TRACES", View::Traces), ("SPANS", View::Spans), ("ASSESSMENTS", View::Assessments)];
}

#[derive(Clone, Copy)]
enum Kind {
    Plain(Aggregate),
    Percentile,
}

impl Names for Kind {
    const FIRST: i64 = 1;
    const ALL: &'static [(&'static str, Self)] = &[
        ("COUNT", Kind::Plain(Aggregate::Count)),
        ("SUM", Kind::Plain(Aggregate::Sum)),
        ("AVG", Kind::Plain(Aggregate::Average)),
        ("PERCENTILE", Kind::Percentile),
        ("MIN", Kind::Plain(Aggregate::Least)),
        ("MAX", Kind::Plain(Aggregate::Greatest)),
    ];
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metrics {
    #[serde(alias = "experimentIds")]
    experiment_ids: List<Text>,
    #[serde(alias = "viewType")]
    view_type: Named<View>,
    #[serde(alias = "metricName")]
    metric_name: Option<Text>,
    aggregations: List<AggregationBody>,
    dimensions: List<Text>,
    filters: List<Text>,
    #[serde(alias = "timeIntervalSeconds")]
    time_interval_seconds: Option<Int>,
    #[serde(alias = "startTimeMs")]
    start_time_ms: Option<Int>,
    #[serde(alias = "endTimeMs")]
    end_time_ms: Option<Int>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AggregationBody {
    #[serde(alias = "aggregationType")]
    aggregation_type: Named<Kind>,
    #[serde(alias = "percentileValue")]
    percentile_value: Option<Double>,
}

fn aggregate(body: AggregationBody) -> Result<Aggregate, Error> {
    match (body.aggregation_type.0, body.percentile_value) {
        (None, _) => Err(Error::required("aggregation_type")),
        (Some(Kind::Plain(plain)), None) => Ok(plain),
        (Some(Kind::Plain(plain)), Some(_)) => {
            Err(Error::invalid(format!("Percentile value is only allowed for PERCENTILE aggregation type, got {}", plain.kind())))
        }
        (Some(Kind::Percentile), None) => Err(Error::invalid("Percentile value is required for PERCENTILE aggregation")),
        (Some(Kind::Percentile), Some(Double(percent))) if (0.0..=100.0).contains(&percent) => Ok(Aggregate::Percentile(percent)),
        (Some(Kind::Percentile), Some(Double(percent))) => {
            Err(Error::invalid(format!("Percentile value must be between 0 and 100, got {percent:?}")))
        }
    }
}

/// A list that is not empty.
fn some<T>(field: &str, list: List<T>) -> Result<Vec<T>, Error> {
    if list.0.is_empty() { Err(Error::required(field)) } else { Ok(list.0) }
}

/// An id that is none has no traces.
fn experiments(list: List<Text>) -> Result<Vec<ExperimentRef>, Error> {
    Ok(some("experiment_ids", list)?.iter().filter_map(|id| ExperimentRef::parse(id).ok()).collect())
}

/// There is one page, as in MLflow: what does not fit is left out, and no token goes on.
async fn metrics(Call { scope, input }: Call<Metrics>) -> Answer<Value> {
    let query = MetricsQuery {
        experiments: experiments(input.experiment_ids)?,
        view: input.view_type.0.ok_or_else(|| Error::required("view_type"))?,
        metric: required("metric_name", input.metric_name)?,
        aggregates: some("aggregations", input.aggregations)?.into_iter().map(aggregate).collect::<Result<_, _>>()?,
        dimensions: input.dimensions.strings(),
        filters: input.filters.strings(),
        // Zero divides nothing.
        interval: input.time_interval_seconds.map(|seconds| seconds.0).filter(|seconds| *seconds != 0),
        from_ms: input.start_time_ms.map(|time| time.0),
        to_ms: input.end_time_ms.map(|time| time.0),
        limit: limit(input.max_results, 1_000, 50_000)?,
    };
    let found = traces::metrics(scope.grant()?, &query).await?;
    if found.is_empty() {
        return Ok(web::Json(json!({})));
    }
    Ok(web::Json(json!({ "data_points": found.iter().map(|point| show(&query.metric, point)).collect::<Vec<_>>() })))
}

fn show(metric: &str, point: &Point) -> Value {
    let dimensions: Map<String, Value> = point.dimensions.iter().map(|(name, text)| ((*name).to_owned(), text.as_str().into())).collect();
    let values: Map<String, Value> = point.values.iter().map(|(label, value)| (label.clone(), json!(Double(*value)))).collect();
    let mut shown = json!({ "metric_name": metric, "values": values });
    if !dimensions.is_empty() {
        shown["dimensions"] = dimensions.into();
    }
    shown
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Correlate {
    #[serde(alias = "experimentIds")]
    experiment_ids: List<Text>,
    #[serde(alias = "filterString1")]
    filter_string1: Option<Text>,
    #[serde(alias = "filterString2")]
    filter_string2: Option<Text>,
    #[serde(alias = "baseFilter")]
    base_filter: Option<Text>,
}

async fn correlate(Call { scope, input }: Call<Correlate>) -> Answer<Value> {
    let experiments = experiments(input.experiment_ids)?;
    let (first, second) = (required("filter_string1", input.filter_string1)?, required("filter_string2", input.filter_string2)?);
    let found = traces::correlate(scope.grant()?, &experiments, &text(input.base_filter), (&first, &second)).await?;
    let mut shown = json!({ "filter1_count": found.first, "filter2_count": found.second, "joint_count": found.both, "total_count": found.total });
    for (field, value) in [("npmi", found.npmi), ("npmi_smoothed", found.npmi_smoothed)] {
        if let Some(value) = value {
            shown[field] = value.into();
        }
    }
    Ok(web::Json(shown))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkPrompts {
    #[serde(alias = "traceId")]
    trace_id: Option<Text>,
    #[serde(alias = "promptVersions")]
    prompt_versions: List<PromptBody>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptBody {
    name: Option<Text>,
    version: Option<Text>,
}

async fn link_prompts(Call { scope, input }: Call<LinkPrompts>) -> Answer<Empty> {
    let id = trace_id(input.trace_id)?;
    let read = |prompt: PromptBody| {
        let version = required("version", prompt.version)?;
        let number = version.parse().map_err(|_| Error::invalid("Invalid value for parameter 'version' supplied: not a number"))?;
        Ok::<_, Error>((required("name", prompt.name)?, number))
    };
    let prompts = some("prompt_versions", input.prompt_versions)?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    traces::link_prompts(scope.grant()?, id, &prompts).await?;
    Ok(web::Json(Empty {}))
}
