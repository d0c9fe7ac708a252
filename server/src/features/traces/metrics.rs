//! Figures of traces, of their spans and of what was thought of them, as MLflow's `query_trace_metrics` asks for them: what may be asked, and asking it.

use std::collections::BTreeSet;

use super::{
    ReadTraces, TraceError,
    model::RUN_METADATA,
    repo::{self, Measured},
};
use crate::{
    access::{Grant, Sql},
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        filter::{self, Attribute, Check, Entity, Fields, Filter, Grammar, Ops, Test, Value},
    },
};

/// What the figures are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Traces,
    Spans,
    Assessments,
}

impl View {
    pub const ALL: [View; 3] = [Self::Traces, Self::Spans, Self::Assessments];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Spans => "SPANS",
            Self::Assessments => "ASSESSMENTS",
        }
    }
}

/// What becomes of the values of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    Count,
    Sum,
    Average,
    /// From 0 to 100; between two values it lies between them.
    Percentile(f64),
    Least,
    Greatest,
}

impl Aggregate {
    /// The name of its kind in the protocol.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Percentile(_) => "PERCENTILE",
            Self::Least => "MIN",
            Self::Greatest => "MAX",
        }
    }

    /// The name under which its value is answered: `P95.0`.
    pub fn label(self) -> String {
        if let Self::Percentile(percent) = self { format!("P{percent:?}") } else { self.kind().to_owned() }
    }
}

/// A question for figures.
#[derive(Clone, Debug)]
pub struct MetricsQuery {
    /// Without any, nothing is found. Those that do not exist have no traces.
    pub experiments: Vec<ExperimentRef>,
    pub view: View,
    pub metric: String,
    pub aggregates: Vec<Aggregate>,
    pub dimensions: Vec<String>,
    /// Each of one clause; all hold.
    pub filters: Vec<String>,
    /// The length of a period of time, each with its own figures, in seconds.
    pub interval: Option<i64>,
    /// Milliseconds since the epoch, both included.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub limit: u64,
}

/// The figures of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub dimensions: Vec<(&'static str, String)>,
    pub values: Vec<(String, f64)>,
}

/// The name of the dimension of time.
pub const BUCKET: &str = "time_bucket";
/// Most aggregates, and most filters, of one question.
const PARTS_MAX: usize = 100;
/// Longest period of time: a thousand years.
const INTERVAL_MAX: i64 = 31_556_952_000;

const COUNT: &[&str] = &["COUNT"];
const SPREAD: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE"];
const AMOUNT: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE", "SUM"];
const NAME: &[&str] = &["trace_name"];
const MODEL: &[&str] = &["span_model_name", "span_model_provider"];

/// A metric: its name, what may become of its values and what may divide them, both in the order of the alphabet.
type Metric = (&'static str, &'static [&'static str], &'static [&'static str]);

fn metrics_of(view: View) -> &'static [Metric] {
    match view {
        View::Traces => &[
            ("trace_count", COUNT, &["trace_name", "trace_status"]),
            ("session_count", COUNT, &[]),
            ("latency", SPREAD, NAME),
            ("input_tokens", AMOUNT, NAME),
            ("output_tokens", AMOUNT, NAME),
            ("total_tokens", AMOUNT, NAME),
            ("cache_read_input_tokens", AMOUNT, NAME),
            ("cache_creation_input_tokens", AMOUNT, NAME),
        ],
        View::Spans => &[
            ("span_count", COUNT, &["span_model_name", "span_model_provider", "span_name", "span_status", "span_type"]),
            ("latency", SPREAD, &["span_name", "span_status"]),
            ("input_cost", AMOUNT, MODEL),
            ("output_cost", AMOUNT, MODEL),
            ("total_cost", AMOUNT, MODEL),
        ],
        View::Assessments => {
            &[("assessment_count", COUNT, &["assessment_name", "assessment_value"]), ("assessment_value", SPREAD, &["assessment_name"])]
        }
    }
}

fn asked(message: String) -> Fault {
    TraceError::Asked(message).into()
}

/// A list of names as Python shows it.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("'{}'", shown(name))).collect();
    format!("[{}]", names.join(", "))
}

/// A caller's word in a message.
fn shown(word: &str) -> String {
    word.chars().take(64).flat_map(char::escape_debug).collect()
}

/// The metric that is asked for, and what divides it.
fn metric(query: &MetricsQuery) -> Result<(&'static str, Vec<&'static str>), Fault> {
    let all = metrics_of(query.view);
    let Some((name, kinds, dimensions)) = all.iter().find(|(name, ..)| *name == query.metric) else {
        return Err(asked(format!("metric_name must be one of {}, got '{}'", listed(all.iter().map(|metric| metric.0)), shown(&query.metric))));
    };
    let wrong: BTreeSet<&str> = query.aggregates.iter().map(|one| one.kind()).filter(|kind| !kinds.contains(kind)).collect();
    if !wrong.is_empty() {
        let known = listed(kinds.iter().copied());
        return Err(asked(format!("Found invalid aggregation_type(s): {}. Supported aggregation types: {known}", listed(wrong))));
    }
    let wrong: BTreeSet<&str> = query.dimensions.iter().map(String::as_str).filter(|one| !dimensions.contains(one)).collect();
    if !wrong.is_empty() {
        let known = listed(dimensions.iter().copied());
        return Err(asked(format!("Found invalid dimension(s): {}. Supported dimensions: {known}", listed(wrong))));
    }
    let mut chosen: Vec<&'static str> = Vec::new();
    for dimension in query.dimensions.iter().filter_map(|name| dimensions.iter().find(|one| **one == name.as_str())) {
        if !chosen.contains(dimension) {
            chosen.push(dimension);
        }
    }
    Ok((name, chosen))
}

const PAIRS: Fields = Fields::Any { value: Value::Text, ops: Ops::SAME, sortable: false };
const FIELDS: Fields = Fields::Known(&[Attribute::text("name", Ops::SAME), Attribute::text("type", Ops::SAME), Attribute::text("status", Ops::SAME)]);

/// What the filters of figures may name. No entity is meant when a field names none.
const GRAMMAR: Grammar = Grammar {
    entities: &[
        Entity { name: "", spellings: &[], fields: Fields::Known(&[]) },
        Entity { name: "trace", spellings: &["trace"], fields: PAIRS },
        Entity { name: "tag", spellings: &["trace.tag"], fields: PAIRS },
        Entity { name: "metadata", spellings: &["trace.metadata"], fields: PAIRS },
        Entity { name: "span", spellings: &["span"], fields: FIELDS },
        Entity { name: "assessment", spellings: &["assessment"], fields: FIELDS },
    ],
};

/// One filter: what it asks of the trace, in the terms of the search for traces, or of the row that is counted.
enum Clause {
    Trace(Test),
    Row(Test),
}

fn clause(text: &str, view: View) -> Result<Clause, Fault> {
    let Filter::Is(Test { entity, key, check }) = filter::parse(text, &GRAMMAR)? else {
        return Err(asked(format!("Invalid filter: '{}'. Expected one filter clause.", shown(text))));
    };
    if !matches!(check, Check::Text(..)) {
        return Err(asked(format!("Invalid filter: '{}'. Expected one filter clause.", shown(text))));
    }
    let (entity, key) = match (entity, key.split_once('.')) {
        ("trace", Some(("tag", key))) => ("tag", key.to_owned()),
        ("trace", Some(("metadata", key))) => ("metadata", key.to_owned()),
        _ => (entity, key),
    };
    let of = |entity, key: &str| Test { entity, key: key.to_owned(), check: check.clone() };
    match (entity, key.as_str()) {
        ("trace", "status") => Ok(Clause::Trace(of("attribute", "status"))),
        ("trace", key) => {
            let known = "Valid entities are ['status', 'tag', 'metadata']";
            Err(asked(format!("Invalid entity '{}' specified for view type 'trace'. {known}", shown(key))))
        }
        // The run in which it arose, or one it was tied to later.
        ("metadata", RUN_METADATA) => Ok(Clause::Trace(of("attribute", "run_id"))),
        ("tag" | "metadata", key) => Ok(Clause::Trace(of(entity, key))),
        ("span", key) if view == View::Spans => Ok(Clause::Row(of(entity, key))),
        ("assessment", "name" | "type") if view == View::Assessments => Ok(Clause::Row(of(entity, &key))),
        ("assessment", _) if view == View::Assessments => {
            Err(asked("Invalid entity 'status' specified for view type 'assessment'. Valid entities are ['name', 'type']".to_owned()))
        }
        _ => {
            let home = if entity == "span" { View::Spans } else { View::Assessments };
            Err(asked(format!("Filtering by {entity} is only supported for {} view type, got {}", home.as_str(), view.as_str())))
        }
    }
}

/// The figures that a question asks for: a point a group, by time and then by what divides them.
///
/// # Errors
/// `Invalid` in MLflow's sentences; `LimitExceeded`.
pub async fn metrics(grant: Grant<'_, ReadTraces>, query: &MetricsQuery) -> Result<Vec<Point>, Fault> {
    for (what, got) in [("aggregations", query.aggregates.len()), ("filters", query.filters.len())] {
        if got > PARTS_MAX {
            return Err(TraceError::TooMany { what, most: PARTS_MAX, got }.into());
        }
    }
    let (metric, dimensions) = metric(query)?;
    if let Some(interval) = query.interval {
        if query.from_ms.is_none() || query.to_ms.is_none() {
            return Err(asked("start_time_ms and end_time_ms are required if time_interval_seconds is set".to_owned()));
        }
        if !(1..=INTERVAL_MAX).contains(&interval) {
            return Err(asked(format!("time_interval_seconds must be from 1 to {INTERVAL_MAX}, got {interval}")));
        }
    }
    let (mut traces, mut rows) = (Vec::new(), Vec::new());
    for text in &query.filters {
        match clause(text, query.view)? {
            Clause::Trace(test) => traces.push(Filter::Is(test)),
            Clause::Row(test) => rows.push(test),
        }
    }
    if query.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let measured = Measured {
        experiments: &query.experiments,
        view: query.view,
        metric,
        aggregates: &query.aggregates,
        dimensions: &dimensions,
        traces: Filter::All(traces),
        rows,
        interval_ms: query.interval.map(|seconds| seconds * 1_000),
        period: (query.from_ms, query.to_ms),
        limit: query.limit,
    };
    let tx = grant.read().await?;
    tx.patience().await?;
    repo::points(tx, &measured).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t34_filters_are_clauses_of_the_views_they_are_for() {
        use View::{Assessments, Spans, Traces};
        for (view, good) in [
            (Traces, "trace.status = 'OK'"),
            (Spans, "trace.tag.team = 'risk'"),
            (Assessments, "trace.tag.`mlflow.traceName` = 'ask'"),
            (Traces, "trace.metadata.mlflow.sourceRun = \"x\""),
            (Spans, "span.type = 'LLM'"),
            (Assessments, "assessment.type = 'feedback'"),
        ] {
            assert!(clause(good, view).is_ok(), "{good}");
        }
        for (view, bad) in [
            (Traces, ""),
            (Traces, "status = 'OK'"),
            (Traces, "trace.status != 'OK'"),
            (Traces, "trace.status LIKE 'O%'"),
            (Traces, "trace.name = 'x'"),
            (Traces, "trace.tag = 'x'"),
            (Traces, "trace.status = 'OK' AND trace.status = 'OK'"),
            (Traces, "NOT trace.status = 'OK'"),
            (Traces, "span.type = 'LLM'"),
            (Spans, "assessment.name = 'x'"),
            (Assessments, "assessment.status = 'x'"),
            (Spans, "span.name = 'a' OR 1=1 --"),
        ] {
            assert!(clause(bad, view).is_err(), "{bad}");
        }
    }

    #[test]
    fn percentiles_are_named_as_python_shows_them() {
        assert_eq!([95.0, 99.9, 0.5].map(|percent| Aggregate::Percentile(percent).label()), ["P95.0", "P99.9", "P0.5"]);
    }
}
