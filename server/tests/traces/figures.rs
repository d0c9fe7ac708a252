//! Figures of traces, how filters go together, and linked prompts.

use crate::support::{
    Actor,
    tracking::{INVALID, MISSING, ok, refused, run_in},
    world,
};
use serde_json::{Value, json};

use super::{
    export::{Span, export, send},
    info, shown, trace,
};

/// Six traces of a minute each: odd ones failed. Of each a span that costs something, one that does not, and a judgement.
async fn traces(script: &Actor) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..6_u64 {
        let (number, id) = trace();
        let cost = format!("{{\"input_cost\": 0.{n}, \"output_cost\": 1e-1, \"total_cost\": {n}}}");
        let attributes = [
            ("mlflow.spanType", "\"LLM\""),
            ("mlflow.llm.cost", cost.as_str()),
            ("mlflow.llm.model", if n < 3 { "\"tiny \\\"größe\\\"\"" } else { "large" }),
        ];
        let start = 1_767_323_045_000 + n * 60_000;
        let spans = [
            Span { trace: number, id: 1, parent: 0, name: "ask", start, end: start + 100, status: 0, attributes: &[] },
            Span { trace: number, id: 2, parent: 1, name: "model", start: start + 1, end: start + 1 + n, status: 1 + n % 2, attributes: &attributes },
        ];
        assert_eq!(send(script, "0", export(&spans)).await.status, 200);
        let tokens = match n {
            5 => "no JSON".to_owned(),
            n => format!("{{\"input_tokens\": {n}, \"output_tokens\": {}, \"total_tokens\": 1.5}}", 10 * n),
        };
        let metadata = json!({ "mlflow.trace.tokenUsage": tokens, "mlflow.trace.session": format!("s{}", n % 2), "k": n.to_string() });
        let more = json!({
            "request_time": format!("2026-01-02T03:{:02}:05.000Z", 4 + n), "execution_duration": format!("{n}s"),
            "state": if n % 2 == 0 { "OK" } else { "ERROR" }, "trace_metadata": metadata,
            "tags": { "mlflow.traceName": if n < 4 { "chat" } else { "batch" }, "team": "risk" },
        });
        ok(script, "POST", "traces", info(&id, "0", more)).await;
        let value = [json!(true), json!("yes"), json!(0.5), json!("größe"), json!("no"), json!({ "a": 1 })][usize::try_from(n).expect("few")].clone();
        let feedback = json!({ "assessment_name": "good", "feedback": { "value": value }, "source": { "source_type": "HUMAN", "source_id": "ada" } });
        ok(script, "POST", &format!("traces/{id}/assessments"), json!({ "assessment": feedback })).await;
        ids.push(id);
    }
    ids
}

fn question(view: &str, metric: &str, aggregations: &[&str], more: Value) -> Value {
    let aggregations: Vec<Value> = aggregations
        .iter()
        .map(|one| match one.strip_prefix('P') {
            Some(percent) => json!({ "aggregation_type": "PERCENTILE", "percentile_value": percent.parse::<f64>().expect("a number") }),
            None => json!({ "aggregation_type": one }),
        })
        .collect();
    let mut asked = json!({ "experiment_ids": ["0"], "view_type": view, "metric_name": metric, "aggregations": aggregations });
    asked.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    asked
}

/// The points: what divides them, and their values.
async fn figures(script: &Actor, view: &str, metric: &str, aggregations: &[&str], more: Value) -> Vec<(Value, Value)> {
    let found = ok(script, "POST", "traces/metrics", question(view, metric, aggregations, more)).await;
    let points = found["data_points"].as_array().cloned().unwrap_or_default();
    assert!(points.iter().all(|point| point["metric_name"] == metric), "{found}");
    points.into_iter().map(|point| (point["dimensions"].clone(), point["values"].clone())).collect()
}

#[tokio::test]
async fn c5_1a_figures_of_traces_are_counted_and_divided() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let ids = traces(&script).await;
    let none = Value::Null;
    let traces = async |metric, aggregations: &[&str], more| figures(&script, "TRACES", metric, aggregations, more).await;
    assert_eq!(traces("trace_count", &["COUNT"], json!({})).await, [(none.clone(), json!({ "COUNT": 6.0 }))]);
    assert_eq!(traces("session_count", &["COUNT"], json!({})).await, [(none.clone(), json!({ "COUNT": 2.0 }))]);
    let latency = json!({ "AVG": 2500.0, "MIN": 0.0, "MAX": 5000.0, "P50.0": 2500.0, "P90.0": 4500.0 });
    assert_eq!(traces("latency", &["AVG", "MIN", "MAX", "P50", "P90"], json!({})).await, [(none.clone(), latency)]);
    // Of text that is no JSON nothing is counted.
    assert_eq!(traces("output_tokens", &["SUM", "AVG"], json!({})).await, [(none.clone(), json!({ "SUM": 100.0, "AVG": 20.0 }))]);
    assert_eq!(traces("total_tokens", &["SUM"], json!({})).await, [], "a fraction is no count");
    let by = json!({ "dimensions": ["trace_name", "trace_status"] });
    let of = |name: &str, status: &str, count: f64| (json!({ "trace_name": name, "trace_status": status }), json!({ "COUNT": count }));
    let divided = [of("batch", "ERROR", 1.0), of("batch", "OK", 1.0), of("chat", "ERROR", 2.0), of("chat", "OK", 2.0)];
    assert_eq!(traces("trace_count", &["COUNT"], by).await, divided);
    assert_eq!(traces("trace_count", &["COUNT"], json!({ "dimensions": ["trace_name"], "max_results": 1 })).await.len(), 1);
    let start = 1_767_323_045_000_i64;
    let timed = json!({ "time_interval_seconds": 120, "start_time_ms": start, "end_time_ms": (start + 300_000).to_string() });
    let at = |minute: u32, count: f64| (json!({ "time_bucket": format!("2026-01-02T03:{minute:02}:00+00:00") }), json!({ "COUNT": count }));
    assert_eq!(traces("trace_count", &["COUNT"], timed).await, [at(4, 2.0), at(6, 2.0), at(8, 2.0)]);
    assert_eq!(traces("trace_count", &["COUNT"], json!({ "end_time_ms": start + 60_000 })).await[0].1, json!({ "COUNT": 2.0 }));
    let run = run_in(&script, "0").await;
    ok(&script, "POST", "traces/link-to-run", json!({ "trace_ids": [ids[0]], "run_id": run })).await;
    for (filters, count) in [
        (json!(["trace.status = 'OK'"]), 3.0),
        (json!(["trace.status = 'OK'", "trace.tag.mlflow.traceName = 'chat'"]), 2.0),
        (json!(["trace.tag.`team` = 'risk'", "trace.metadata.k = '3'"]), 1.0),
        (json!([format!("trace.metadata.`mlflow.sourceRun` = '{run}'")]), 1.0),
        (json!(["trace.tag.none = 'x'"]), 0.0),
    ] {
        assert_eq!(traces("trace_count", &["COUNT"], json!({ "filters": filters })).await, [(none.clone(), json!({ "COUNT": count }))], "{filters}");
    }
}

#[tokio::test]
async fn c5_1a_figures_of_spans_and_assessments_are_counted_and_divided() {
    let organization = world().organization().await;
    let script = organization.script().await;
    traces(&script).await;
    let none = Value::Null;
    let spans = async |metric, aggregations: &[&str], more| figures(&script, "SPANS", metric, aggregations, more).await;
    let of = |name: &str, status: &str, count: f64| (json!({ "span_name": name, "span_status": status }), json!({ "COUNT": count }));
    let by = json!({ "dimensions": ["span_name", "span_status"] });
    assert_eq!(spans("span_count", &["COUNT"], by).await, [of("ask", "UNSET", 6.0), of("model", "ERROR", 3.0), of("model", "OK", 3.0)]);
    let slow = json!({ "filters": ["span.name = 'model'", "trace.status = 'OK'"] });
    assert_eq!(spans("latency", &["MAX", "AVG"], slow).await, [(none.clone(), json!({ "MAX": 4.0, "AVG": 2.0 }))]);
    assert_eq!(spans("total_cost", &["SUM", "P50"], json!({})).await, [(none.clone(), json!({ "SUM": 15.0, "P50.0": 2.5 }))]);
    assert_eq!(spans("output_cost", &["MAX"], json!({ "filters": ["span.status = 'UNSET'"] })).await, [], "what costs nothing has no cost");
    let models = spans("total_cost", &["SUM"], json!({ "dimensions": ["span_model_name"] })).await;
    let of = |name: &str, sum: f64| (json!({ "span_model_name": name }), json!({ "SUM": sum }));
    assert_eq!(models, [of("tiny \"größe\"", 3.0), of("large", 12.0)]);
    let start = 1_767_323_045_000_i64;
    let timed = json!({ "time_interval_seconds": 3600, "start_time_ms": start, "end_time_ms": start + 60_000 });
    let found = spans("input_cost", &["MAX"], timed).await;
    assert_eq!(found, [(json!({ "time_bucket": "2026-01-02T03:00:00+00:00" }), json!({ "MAX": 0.0 }))], "the second one began a millisecond later");

    let assessments = async |metric, aggregations: &[&str], more| figures(&script, "ASSESSMENTS", metric, aggregations, more).await;
    let counted = assessments("assessment_count", &["COUNT"], json!({ "dimensions": ["assessment_value", "assessment_name"] })).await;
    let values: Vec<&str> = counted.iter().filter_map(|(by, _)| by["assessment_value"].as_str()).collect();
    assert_eq!(values, ["\"gr\\u00f6\\u00dfe\"", "\"no\"", "\"yes\"", "0.5", "true", "{\"a\": 1}"]);
    let value = json!({ "AVG": 0.625, "MIN": 0.0, "MAX": 1.0 });
    assert_eq!(assessments("assessment_value", &["AVG", "MIN", "MAX"], json!({})).await, [(none.clone(), value)]);
    let only = json!({ "filters": ["assessment.name = 'good'", "assessment.type = 'expectation'"] });
    assert_eq!(assessments("assessment_count", &["COUNT"], only).await, [(none, json!({ "COUNT": 0.0 }))]);
}

#[tokio::test]
async fn t34_t36_questions_that_make_no_sense_are_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let of = |view: &str, metric: &str, aggregation: &str, more: Value| question(view, metric, &[aggregation], more);
    let counted = |more: Value| of("TRACES", "trace_count", "COUNT", more);
    for wrong in [
        json!({}),
        counted(json!({ "experiment_ids": [] })),
        counted(json!({ "view_type": "RUNS" })),
        counted(json!({ "view_type": 9 })),
        counted(json!({ "metric_name": "" })),
        counted(json!({ "metric_name": "trace_count; select pg_sleep(5)" })),
        counted(json!({ "aggregations": [] })),
        counted(json!({ "aggregations": [{ "aggregation_type": "MEDIAN" }] })),
        counted(json!({ "aggregations": [{ "aggregation_type": "PERCENTILE" }] })),
        counted(json!({ "aggregations": [{ "aggregation_type": "COUNT", "percentile_value": 5 }] })),
        counted(json!({ "aggregations": vec![json!({ "aggregation_type": "COUNT" }); 101] })),
        of("TRACES", "latency", "P101", json!({})),
        of("TRACES", "latency", "SUM", json!({})),
        of("SPANS", "trace_count", "COUNT", json!({})),
        of("TRACES", "latency", "AVG", json!({ "dimensions": ["trace_status"] })),
        counted(json!({ "dimensions": ["span_name"] })),
        counted(json!({ "dimensions": ["trace_name\" desc; --"] })),
        counted(json!({ "filters": ["span.name = 'x'"] })),
        counted(json!({ "filters": ["trace.status != 'OK'"] })),
        counted(json!({ "filters": ["trace.status = 'OK' OR 1=1 --"] })),
        counted(json!({ "filters": ["trace.status = 'OK' AND trace.status = 'OK'"] })),
        counted(json!({ "time_interval_seconds": 60 })),
        counted(json!({ "time_interval_seconds": -60, "start_time_ms": 0, "end_time_ms": 1 })),
        counted(json!({ "time_interval_seconds": i64::MAX, "start_time_ms": 0, "end_time_ms": 1 })),
        counted(json!({ "max_results": -1 })),
    ] {
        assert_eq!(refused(&script, "POST", "traces/metrics", wrong.clone()).await, (400, INVALID.to_owned()), "{wrong}");
    }
    let extremes = json!({ "start_time_ms": i64::MIN, "end_time_ms": i64::MAX, "experiment_ids": ["0", "none", "999"] });
    for (view, metric) in [("TRACES", "trace_count"), ("SPANS", "span_count"), ("ASSESSMENTS", "assessment_count")] {
        let found = figures(&script, view, metric, &["COUNT"], extremes.clone()).await;
        assert_eq!(found, [(Value::Null, json!({ "COUNT": 0.0 }))]);
    }
    assert_eq!(figures(&script, "SPANS", "total_cost", &["SUM"], extremes).await, []);
}

#[tokio::test]
async fn c5_1a_two_filters_go_together_as_their_counts_say() {
    let organization = world().organization().await;
    let script = organization.script().await;
    traces(&script).await;
    let ask = async |first: &str, second: &str, base: Value| {
        let asked = json!({ "experiment_ids": ["0"], "filter_string1": first, "filter_string2": second, "base_filter": base });
        ok(&script, "POST", "traces/calculate-filter-correlation", asked).await
    };
    let counts =
        |found: &Value| ["filter1_count", "filter2_count", "joint_count", "total_count"].map(|field| found[field].as_i64().expect("a count"));
    let near = |value: &Value, expected: f64| (value.as_f64().expect("a number") - expected).abs() < 1e-9;
    let found = ask("trace.status = 'OK'", "name = 'chat'", Value::Null).await;
    assert_eq!(counts(&found), [3, 4, 2, 6]);
    assert!(near(&found["npmi"], 0.0), "{found}");
    let found = ask("execution_time < 2000", "execution_time > 3000 OR name = 'none'", Value::Null).await;
    assert_eq!((counts(&found), &found["npmi"]), ([2, 2, 0, 6], &json!(-1.0)));
    let found = ask("trace.status = 'OK'", "name = 'chat'", json!("name = 'chat'")).await;
    assert_eq!(counts(&found), [2, 4, 2, 4]);
    let found = ask("name = 'none'", "name = 'chat'", Value::Null).await;
    assert_eq!((counts(&found), found.get("npmi"), found.get("npmi_smoothed")), ([0, 4, 0, 6], None, None));
    for wrong in [
        json!({ "experiment_ids": ["0"], "filter_string1": "", "filter_string2": "name = 'a'" }),
        json!({ "experiment_ids": ["0"], "filter_string1": "name = 'a'" }),
        json!({ "filter_string1": "name = 'a'", "filter_string2": "name = 'a'" }),
        json!({ "experiment_ids": ["0"], "filter_string1": "name = 'a'", "filter_string2": "nothing = 'a'" }),
        json!({ "experiment_ids": ["0"], "filter_string1": "name = 'a'", "filter_string2": "name = 'a'", "base_filter": "1=1" }),
        json!({ "experiment_ids": ["0"], "filter_string1": "name RLIKE '('", "filter_string2": "name = 'a'" }),
    ] {
        let answer = refused(&script, "POST", "traces/calculate-filter-correlation", wrong.clone()).await;
        assert_eq!(answer, (400, INVALID.to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn c5_1a_prompts_are_linked_to_a_trace_once_and_find_it() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, id) = trace();
    ok(&script, "POST", "traces", info(&id, "0", json!({}))).await;
    let link = |prompts: Value| json!({ "trace_id": id, "prompt_versions": prompts });
    for _ in 0..2 {
        let both = json!([{ "name": "greeting", "version": "1" }, { "name": "farewell", "version": "12" }]);
        assert_eq!(ok(&script, "POST", "traces/link-prompts", link(both)).await, json!({}));
    }
    let text = r#"[{"name": "greeting", "version": "1"}, {"name": "farewell", "version": "12"}]"#;
    assert_eq!(shown(&script, &id).await["tags"]["mlflow.linkedPrompts"], text);
    for (filter, count) in [("prompt = 'greeting/1'", 1), ("prompt = 'farewell/1'", 0), ("prompt = 'greeting'", 0), ("prompt = 'none/1'", 0)] {
        let asked = json!({ "locations": [{ "mlflow_experiment": { "experiment_id": "0" } }], "filter": filter });
        let found = ok(&script, "POST", "traces/search", asked).await;
        assert_eq!(found["traces"].as_array().map_or(0, Vec::len), count, "{filter}");
    }
    let query = "{ auditEntries(filter: { action: \"trace.link_prompts\" }) { totalCount } }";
    assert_eq!(organization.owner.graphql(query, Value::Null).await["data"]["auditEntries"]["totalCount"], 1);
    let one = json!([{ "name": "greeting", "version": "1" }]);
    let long = json!([{ "name": "x".repeat(8_000), "version": "1" }]);
    for wrong in [json!([]), Value::Null, json!([{ "name": "a" }]), json!([{ "name": "a", "version": "latest" }]), long] {
        assert_eq!(refused(&script, "POST", "traces/link-prompts", link(wrong.clone())).await, (400, INVALID.to_owned()), "{wrong:.80}");
    }
    let absent = json!({ "trace_id": trace().1, "prompt_versions": one });
    assert_eq!(refused(&script, "POST", "traces/link-prompts", absent).await, (404, MISSING.to_owned()));
    ok(&script, "PATCH", &format!("traces/{id}/tags"), json!({ "key": "mlflow.linkedPrompts", "value": "no list" })).await;
    assert_eq!(refused(&script, "POST", "traces/link-prompts", link(one)).await, (400, INVALID.to_owned()));
}
