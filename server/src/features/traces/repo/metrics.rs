//! Figures of traces in one statement: the values of the rows that are asked for, and what becomes of them a group.
//!
//! What a client wrote as JSON into a text (tokens, costs) is read by patterns: a text that is no JSON has no value there, and stops no statement.

use chrono::{DateTime, SecondsFormat};
use sea_orm::{
    DbErr, QueryResult,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement},
};

use super::search::{column, matching, of};
use crate::{
    access::Connection,
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        filter::{Filter, Test, sql},
        traces::{
            metrics::{Aggregate, BUCKET, Point, View},
            model::NAME_TAG,
            python,
        },
    },
};

/// What is measured. `experiments` is not empty.
pub struct Measured<'q> {
    pub experiments: &'q [ExperimentRef],
    pub view: View,
    pub metric: &'static str,
    pub aggregates: &'q [Aggregate],
    pub dimensions: &'q [&'static str],
    /// What holds for the trace, and for the row of the view.
    pub traces: Filter,
    pub rows: Vec<Test>,
    pub interval_ms: Option<i64>,
    /// Milliseconds since the epoch, both included.
    pub period: (Option<i64>, Option<i64>),
    pub limit: u64,
}

impl Measured<'_> {
    /// Costs arise when their span does; all else is placed by its trace.
    fn by_span(&self) -> bool {
        self.view == View::Spans && self.metric.ends_with("_cost")
    }
}

/// A span in JSON, if it holds a word. It is JSON of our own making; only a NUL in it is more than the database can read.
const SPAN: &str =
    "(case when position($1 in trace_spans.data) > 0 and position('\\u0000' in trace_spans.data) = 0 then trace_spans.data::jsonb end)";
/// A number that surely fits.
const NUMBER: &str = "-?[0-9]{1,30}(?:\\.[0-9]{1,60})?(?:[eE][-+]?[0-9]{1,2})?";

/// A text attribute of a span.
fn attribute(key: &str) -> Expr {
    let found = format!(
        "jsonb_path_query_first({SPAN}, '$.attributes[*] ? (@.key == $key).value.string_value', jsonb_build_object('key', $1::text)) #>> '{{}}'"
    );
    Expr::cust_with_values(found, [key])
}

/// A cost of a span: one of several in a map, or in a text that is JSON.
fn cost(kind: &str) -> Expr {
    let found = format!(
        "coalesce(substring(jsonb_path_query_first({SPAN}, '$.attributes[*] ? (@.key == \"mlflow.llm.cost\").value.kvlist_value.values[*] ? (@.key == $key).value.*', \
            jsonb_build_object('key', $2::text)) #>> '{{}}' from '^{NUMBER}$'), \
        substring($3 from '\"' || $2 || '\": *({NUMBER}) *[,}}]'))::double precision"
    );
    const KEY: &str = "mlflow.llm.cost";
    Expr::cust_with_exprs(found, [Expr::val(KEY), Expr::val(kind), attribute(KEY)])
}

/// What an assessment says, as JSON.
const SAID: &str = "(case when position('\\u0000' in trace_assessments.data) = 0 then trace_assessments.data::jsonb -> trace_assessments.kind end)";

/// The values that are aggregated; rows without one are left out.
fn value(view: View, metric: &str) -> Expr {
    match (view, metric) {
        (View::Traces, "trace_count") => column("id"),
        (View::Traces, "session_count") => {
            Expr::cust("(select m.value from trace_metadata m where m.trace_id = traces.id and m.key = 'mlflow.trace.session')")
        }
        (View::Traces, "latency") => column("ended_ms").sub(column("request_ms")),
        (View::Traces, tokens) => Expr::cust_with_values(
            "(select substring(m.value from '\"' || $1 || '\": *\"?(-?[0-9]{1,18})(?:\\.0+)?\"? *[,}]')::bigint \
                from trace_metadata m where m.trace_id = traces.id and m.key = 'mlflow.trace.tokenUsage')",
            [tokens],
        ),
        (View::Spans, "span_count") => of("trace_spans", "span_id"),
        (View::Spans, "latency") => Expr::cust("(trace_spans.end_ns - trace_spans.start_ns) / 1000000"),
        (View::Spans, kind) => cost(kind),
        (View::Assessments, "assessment_count") => of("trace_assessments", "id"),
        (View::Assessments, _) => {
            let said = format!("{SAID} -> 'value'");
            Expr::cust(format!(
                "case jsonb_typeof({said}) when 'boolean' then ({said})::boolean::int::double precision \
                    when 'number' then ({said})::double precision \
                    when 'string' then case lower(btrim({SAID} ->> 'value')) when 'yes' then 1.0 when 'no' then 0.0 end end"
            ))
        }
    }
}

fn dimension(name: &str) -> Expr {
    match name {
        "trace_name" => Expr::cust_with_values("(select g.value from trace_tags g where g.trace_id = traces.id and g.key = $1)", [NAME_TAG]),
        "trace_status" => column("state"),
        "span_name" => of("trace_spans", "name"),
        "span_type" => of("trace_spans", "type"),
        "span_status" => span_status(),
        "span_model_name" => attribute("mlflow.llm.model"),
        "span_model_provider" => attribute("mlflow.llm.provider"),
        "assessment_name" => of("trace_assessments", "name"),
        _ => Expr::cust(format!("coalesce({SAID} -> 'serialized_value' ->> 'value', ({SAID} -> 'value')::text, 'null')")),
    }
}

/// In the words of OpenTelemetry.
fn span_status() -> Expr {
    Expr::cust("case trace_spans.status when 'STATE_UNSPECIFIED' then 'UNSET' else trace_spans.status end")
}

/// What a row of the view is asked.
fn holds(test: &Test) -> Expr {
    let asked = match (test.entity, test.key.as_str()) {
        ("span", "type") => of("trace_spans", "type"),
        ("span", "status") => span_status(),
        ("span", _) => of("trace_spans", "name"),
        (_, "type") => of("trace_assessments", "kind"),
        _ => of("trace_assessments", "name"),
    };
    sql::text(asked, &test.check)
}

/// Where the period of a row begins, in milliseconds.
fn bucket(view: View, interval_ms: i64) -> Expr {
    match view {
        // No span begins before the epoch.
        View::Spans => Expr::cust_with_values("trace_spans.start_ns / 1000000 / $1 * $2", [interval_ms; 2]),
        _ => Expr::cust_with_values("traces.request_ms - mod(mod(traces.request_ms, $1) + $2, $3)", [interval_ms; 3]),
    }
}

/// The rows that are measured: their values and what divides them.
fn rows<C: Connection>(tx: &C, measured: &Measured<'_>) -> SelectStatement {
    let mut select = matching(tx.reach(), measured.experiments, &measured.traces);
    match measured.view {
        View::Traces => {}
        View::Spans => {
            select.inner_join(Alias::new("trace_spans"), Expr::cust("trace_spans.trace_id = traces.id"));
        }
        View::Assessments => {
            select.inner_join(Alias::new("trace_assessments"), Expr::cust("trace_assessments.trace_id = traces.id and trace_assessments.valid"));
        }
    }
    for test in &measured.rows {
        select.and_where(holds(test));
    }
    let (from, to) = measured.period;
    let (start, end) = if measured.by_span() {
        let nanos = |ms: i64| ms.saturating_mul(1_000_000);
        let start = || of("trace_spans", "start_ns");
        (from.map(|from| start().gte(nanos(from))), to.map(|to| start().lt(nanos(to.saturating_add(1)))))
    } else {
        (from.map(|from| column("request_ms").gte(from)), to.map(|to| column("request_ms").lte(to)))
    };
    for bound in [start, end].into_iter().flatten() {
        select.and_where(bound);
    }
    select.expr_as(value(measured.view, measured.metric), Alias::new("value"));
    if let Some(interval) = measured.interval_ms {
        select.expr_as(bucket(measured.view, interval), Alias::new(BUCKET));
    }
    for name in measured.dimensions {
        select.expr_as(Expr::cust_with_exprs("($1) collate \"C\"", [dimension(name)]), Alias::new(*name));
    }
    select
}

fn aggregate(one: Aggregate, metric: &str) -> Expr {
    match one {
        Aggregate::Count if metric == "session_count" => Expr::cust("count(distinct q.value)::double precision"),
        Aggregate::Count => Expr::cust("count(q.value)::double precision"),
        Aggregate::Sum => Expr::cust("sum(q.value)::double precision"),
        Aggregate::Average => Expr::cust("avg(q.value)::double precision"),
        Aggregate::Least => Expr::cust("min(q.value)::double precision"),
        Aggregate::Greatest => Expr::cust("max(q.value)::double precision"),
        Aggregate::Percentile(percent) => {
            Expr::cust_with_values("percentile_cont($1) within group (order by q.value::double precision)", [percent / 100.0])
        }
    }
}

/// The figures, a point a group.
pub async fn points<C: Connection>(tx: &C, measured: &Measured<'_>) -> Result<Vec<Point>, Fault> {
    let mut select = Query::select();
    select.from_subquery(rows(tx, measured), Alias::new("q"));
    let named = |name: &'static str| Expr::col((Alias::new("q"), Alias::new(name)));
    select.and_where(named("value").is_not_null());
    for name in measured.interval_ms.map(|_| BUCKET).iter().chain(measured.dimensions) {
        select.expr(named(name)).and_where(named(name).is_not_null()).add_group_by([named(name)]);
        select.order_by_expr(named(name), Order::Asc);
    }
    for one in measured.aggregates {
        select.expr(aggregate(*one, measured.metric));
    }
    select.limit(measured.limit);
    let found = tx.query_all(&select).await?;
    Ok(found.iter().map(|row| point(row, measured)).collect::<Result<Vec<_>, DbErr>>()?.into_iter().flatten().collect())
}

/// One without a value is none, as in MLflow.
fn point(row: &QueryResult, measured: &Measured<'_>) -> Result<Option<Point>, DbErr> {
    let mut at = 0;
    let mut next = || {
        at += 1;
        at - 1
    };
    let mut point = Point { dimensions: Vec::new(), values: Vec::new() };
    if measured.interval_ms.is_some() {
        let began = DateTime::from_timestamp_millis(row.try_get_by_index(next())?).unwrap_or_default();
        point.dimensions.push((BUCKET, began.to_rfc3339_opts(SecondsFormat::Secs, false)));
    }
    for name in measured.dimensions {
        let Some(text) = shown(name, row.try_get_by_index(next())?) else { return Ok(None) };
        point.dimensions.push((name, text));
    }
    for one in measured.aggregates {
        if let Some(value) = row.try_get_by_index(next())? {
            point.values.push((one.label(), value));
        }
    }
    Ok(Some(point).filter(|point| !point.values.is_empty()))
}

/// A dimension as MLflow keeps it: the value of an assessment is Python's JSON, the words of a model are in JSON or plain.
fn shown(name: &str, text: String) -> Option<String> {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match name {
        "assessment_value" => Some(read(&text).map_or(text, |value| python::json(&value))),
        "span_model_name" | "span_model_provider" => {
            let plain = read(&text).unwrap_or(serde_json::Value::String(text));
            plain.as_str().map(|text| text.chars().take(500).collect())
        }
        _ => Some(text),
    }
}
