//! Traces by MLflow's protocol and by OpenTelemetry's: spans, whole traces, tags, assessments, searches.

mod export;
mod figures;
mod patterns;

use crate::support::{
    Actor, World,
    tracking::{INVALID, MISSING, ok, refused, run_in},
    world,
};
use export::{Span, export, send};
use reqwest::Method;
use serde_json::{Value, json};

pub fn trace() -> (u128, String) {
    let id = uuid::Uuid::new_v4();
    (id.as_u128(), format!("tr-{}", id.simple()))
}

pub fn info(id: &str, experiment: &str, more: Value) -> Value {
    let mut info = json!({
        "trace_id": id,
        "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } },
        "request_time": "2026-01-02T03:04:05.678Z", "execution_duration": "1.250s", "state": "OK",
    });
    info.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    json!({ "trace": { "trace_info": info } })
}

async fn shown(script: &Actor, id: &str) -> Value {
    ok(script, "GET", &format!("traces/{id}"), Value::Null).await["trace"]["trace_info"].clone()
}

#[tokio::test]
async fn spans_make_a_trace_and_what_the_client_says_of_it_wins() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (number, id) = trace();
    let root = |end, status| Span {
        trace: number,
        id: 1,
        parent: 0,
        name: "answer",
        start: 1_000,
        end,
        status,
        attributes: &[("mlflow.spanInputs", "{\"q\": \"größe?\"}"), ("mlflow.spanOutputs", "\"42\""), ("mlflow.traceTag.team", "\"risk\"")],
    };
    let child = Span {
        trace: number,
        id: 2,
        parent: 1,
        name: "look up",
        start: 1_010,
        end: 1_020,
        status: 1,
        attributes: &[("mlflow.spanType", "\"RETRIEVER\"")],
    };
    assert_eq!(send(&script, "0", export(&[child])).await.status, 200);
    let early = shown(&script, &id).await;
    assert_eq!((early["state"].as_str(), early["tags"]["mlflow.trace.spansLocation"].as_str()), (Some("IN_PROGRESS"), Some("TRACKING_STORE")));
    assert_eq!(send(&script, "0", export(&[root(2_250, 1)])).await.status, 200);
    let found = shown(&script, &id).await;
    assert_eq!(found["request_time"], "1970-01-01T00:00:01.000Z");
    assert_eq!((found["execution_duration"].as_str(), found["state"].as_str()), (Some("1.250s"), Some("OK")));
    assert_eq!((found["tags"]["mlflow.traceName"].as_str(), found["tags"]["team"].as_str()), (Some("answer"), Some("risk")));
    assert_eq!((found["request_preview"].as_str(), found["response_preview"].as_str()), (Some("{\"q\": \"größe?\"}"), Some("\"42\"")));

    let said = info(&id, "0", json!({ "tags": { "mlflow.traceName": "said" }, "trace_metadata": { "k": "v" }, "state": "ERROR" }));
    let made = ok(&script, "POST", "traces", said).await;
    assert_eq!(made["trace"]["trace_info"]["state"], "ERROR");
    assert_eq!(send(&script, "0", export(&[root(9_000, 1)])).await.status, 200, "once more");
    let found = shown(&script, &id).await;
    assert_eq!((found["request_time"].as_str(), found["state"].as_str()), (Some("2026-01-02T03:04:05.678Z"), Some("ERROR")));
    assert_eq!((found["tags"]["mlflow.traceName"].as_str(), found["trace_metadata"]["k"].as_str()), (Some("said"), Some("v")));

    let whole = ok(&script, "GET", &format!("traces/get?trace_id={id}"), Value::Null).await;
    let spans = whole["trace"]["spans"].as_array().expect("spans");
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["answer", "look up"]);
    assert_eq!((spans[0]["end_time_unix_nano"].as_str(), spans[1]["parent_span_id"].as_str()), (Some("9000000000"), Some("AAAAAAAAAAE=")));
    let batch = ok(&script, "GET", &format!("traces/batchGet?trace_ids={id}&trace_ids=tr-unknown"), Value::Null).await;
    assert_eq!(batch["traces"].as_array().map(Vec::len), Some(1));
    let infos = ok(&script, "POST", "traces/batchGetInfos", json!({ "trace_ids": [id], "experiment_ids": ["0"] })).await;
    assert_eq!(infos["trace_infos"][0]["trace_id"], id.as_str());
    assert_eq!(ok(&script, "POST", "traces/batchGetInfos", json!({ "trace_ids": [id], "experiment_ids": ["7"] })).await, json!({}));
}

#[tokio::test]
async fn traces_are_searched_ordered_and_paged() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let mut ids = Vec::new();
    for n in 0..6_u64 {
        let (number, id) = trace();
        let kind = [("mlflow.spanType", if n % 2 == 0 { "LLM" } else { "TOOL" }), ("text", "hello größe")];
        let span = Span { trace: number, id: 1, parent: 0, name: "step", start: 1_000 + n, end: 0, status: 0, attributes: &kind };
        assert_eq!(send(&script, "0", export(&[span])).await.status, 200);
        let time = format!("2026-01-02T03:04:05.{n:03}Z");
        let mut more = json!({ "request_time": time, "execution_duration": format!("{n}s"), "tags": { "mlflow.traceName": format!("trace {n}") } });
        if n < 2 {
            more["trace_metadata"] = json!({ "mlflow.sourceRun": run });
        }
        if n == 5 {
            more["state"] = "ERROR".into();
        }
        ok(&script, "POST", "traces", info(&id, "0", more)).await;
        ids.push(id);
    }
    ok(&script, "POST", "traces/link-to-run", json!({ "trace_ids": [ids[3]], "run_id": run })).await;
    let feedback = json!({ "assessment_name": "correct", "feedback": { "value": true }, "source": { "source_type": "HUMAN", "source_id": "ada" } });
    ok(&script, "POST", &format!("traces/{}/assessments", ids[4]), json!({ "assessment": feedback })).await;
    let search = async |filter: &str, order: Value, most: i64| {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let asked = json!({ "locations": [{ "mlflow_experiment": { "experiment_id": "0" } }, { "mlflow_experiment": { "experiment_id": "none" } }],
                "filter": filter, "order_by": order, "max_results": most, "page_token": token });
            let answer = ok(&script, "POST", "traces/search", asked).await;
            let places = answer["traces"].as_array().cloned().unwrap_or_default();
            found.extend(places.iter().map(|one| ids.iter().position(|id| one["trace_id"] == id.as_str()).expect("known")));
            token = answer["next_page_token"].clone();
            if token.is_null() {
                return found;
            }
        }
    };
    for most in [1, 4, 100] {
        assert_eq!(search("", json!([]), most).await, [5, 4, 3, 2, 1, 0]);
        assert_eq!(search("", json!(["timestamp_ms ASC"]), most).await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(search("", json!(["execution_time"]), most).await, [0, 1, 2, 3, 4, 5]);
        assert_eq!(search("", json!(["status", "name DESC"]), most).await, [5, 4, 3, 2, 1, 0]);
    }
    for (filter, expected) in [
        ("trace.status = 'ERROR'".to_owned(), vec![5]),
        ("attributes.name IN ('trace 1', 'trace 2')".to_owned(), vec![2, 1]),
        ("execution_time_ms > 3000".to_owned(), vec![5, 4]),
        (format!("run_id = '{run}'"), vec![3, 1, 0]),
        ("span.type = 'TOOL' AND NOT status = 'ERROR'".to_owned(), vec![3, 1]),
        ("trace.text LIKE '%größe%' AND timestamp < 1767323045002".to_owned(), vec![1, 0]),
        ("feedback.correct = 'true'".to_owned(), vec![4]),
        ("metadata.`mlflow.sourceRun` IS NULL AND feedback.correct IS NULL".to_owned(), vec![5, 3, 2]),
        (format!("request_id = '{}' OR trace_id = 'tr-x'", ids[2]), vec![2]),
        ("tags.x = '1' OR expectation.x = '1'".to_owned(), vec![]),
    ] {
        assert_eq!(search(&filter, json!([]), 100).await, expected, "{filter}");
    }
    for wrong in ["trace.text RLIKE 'a'", "nothing = 'x'", "status > 'OK'", "name = 'a' OR 1=1 --"] {
        let asked = json!({ "locations": [{ "mlflow_experiment": { "experiment_id": "0" } }], "filter": wrong });
        assert_eq!(refused(&script, "POST", "traces/search", asked).await, (400, INVALID.into()), "t34 {wrong}");
    }
    assert_eq!(ok(&script, "POST", "traces/search", json!({})).await, json!({}));

    let removed = ok(&script, "POST", "traces/delete-traces", json!({ "experiment_id": "0", "request_ids": [ids[0], "nothing"] })).await;
    assert_eq!(removed["traces_deleted"], 1);
    let removed = json!({ "experiment_id": "0", "max_timestamp_millis": 1_767_323_045_004_i64, "max_traces": 2 });
    assert_eq!(ok(&script, "POST", "traces/delete-traces", removed).await["traces_deleted"], 2, "the oldest");
    assert_eq!(search("", json!([]), 100).await, [5, 4, 3]);
    assert_eq!(refused(&script, "POST", "traces/delete-traces", json!({ "experiment_id": "0" })).await, (400, INVALID.into()));
}

#[tokio::test]
async fn tags_and_assessments_are_kept_changed_and_removed() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (_, id) = trace();
    ok(&script, "POST", "traces", info(&id, "0", json!({}))).await;
    ok(&script, "PATCH", &format!("traces/{id}/tags"), json!({ "request_id": id, "key": "team", "value": "risk" })).await;
    assert_eq!(shown(&script, &id).await["tags"]["team"], "risk");
    ok(&script, "DELETE", &format!("traces/{id}/tags"), json!({ "key": "team" })).await;
    assert_eq!(refused(&script, "DELETE", &format!("traces/{id}/tags"), json!({ "key": "team" })).await, (404, MISSING.into()));
    assert_eq!(refused(&script, "PATCH", &format!("traces/{id}/tags"), json!({ "key": "../x", "value": "" })).await, (400, INVALID.into()));

    let path = format!("traces/{id}/assessments");
    let write = async |body: Value| ok(&script, "POST", &path, json!({ "assessment": body })).await["assessment"].clone();
    let first = write(json!({ "assessmentName": "tone", "feedback": { "value": "kind" }, "source": { "source_type": "LLM_JUDGE", "source_id": "m" }, "metadata": { "a": "b" } })).await;
    assert_eq!(
        (first["assessment_name"].as_str(), first["valid"].as_bool(), first["trace_id"].as_str()),
        (Some("tone"), Some(true), Some(id.as_str()))
    );
    let first_id = first["assessment_id"].as_str().expect("an id").to_owned();
    let one = format!("{path}/{first_id}");
    let change =
        json!({ "assessment": { "rationale": "because", "feedback": { "value": "rude" }, "source": {} }, "update_mask": "rationale,feedback" });
    let changed = ok(&script, "PATCH", &one, change).await["assessment"].clone();
    assert_eq!(
        (changed["rationale"].as_str(), &changed["feedback"], &changed["source"]),
        (Some("because"), &json!({ "value": "rude" }), &first["source"])
    );
    let second = write(json!({ "assessment_name": "tone", "feedback": { "value": "fine" }, "overrides": first_id })).await;
    assert_eq!(ok(&script, "GET", &one, Value::Null).await["assessment"]["valid"], false);
    ok(&script, "DELETE", &format!("{path}/{}", second["assessment_id"].as_str().expect("an id")), json!({})).await;
    assert_eq!(ok(&script, "GET", &one, Value::Null).await["assessment"]["valid"], true);
    assert_eq!(shown(&script, &id).await["assessments"].as_array().map(Vec::len), Some(1));
    for wrong in [
        json!({ "assessment_name": "x" }),
        json!({ "feedback": { "value": 1 } }),
        json!({ "assessment_name": "x", "feedback": {}, "expectation": {} }),
        json!({ "assessment_name": "x", "feedback": 1 }),
        json!({ "assessment_name": "x", "feedback": { "value": 1 }, "metadata": { "a": 1 } }),
    ] {
        assert_eq!(refused(&script, "POST", &path, json!({ "assessment": wrong })).await, (400, INVALID.into()), "{wrong}");
    }
    assert_eq!(refused(&script, "PATCH", &one, json!({ "assessment": {}, "update_mask": "trace_id" })).await, (400, INVALID.into()));
    assert_eq!(refused(&script, "GET", &format!("{path}/a-unknown"), Value::Null).await, (404, MISSING.into()));
    let actions = ["trace.tag", "trace.untag", "trace.assess", "trace.reassess", "trace.remove_assessment"];
    let query = "query($action: String!) { auditEntries(filter: { action: $action }) { totalCount } }";
    for (action, count) in actions.into_iter().zip([1, 1, 2, 1, 1]) {
        let answer = organization.owner.graphql(query, json!({ "action": action })).await;
        assert_eq!(answer["data"]["auditEntries"]["totalCount"], count, "{action}");
    }
}

#[tokio::test]
async fn t25_t47_what_is_no_export_is_refused_and_nothing_is_kept() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (number, id) = trace();
    let span = || Span { trace: number, id: 1, parent: 0, name: "s", start: 1, end: 2, status: 1, attributes: &[] };
    for body in [Vec::new(), b"{}".to_vec(), vec![0xff; 100], export(&[]), [export(&[span()]), vec![0x0a]].concat()] {
        assert_eq!(send(&script, "0", body.clone()).await.status, 400, "{body:?}");
    }
    let json = script.request(Method::POST, "/v1/traces").header("x-mlflow-experiment-id", "0").json(&json!({}));
    assert_eq!(script.send(json).await.status, 400);
    for experiment in ["", "none", "0190aaaabbbb7ccc8dddeeeeffff0001"] {
        let status = send(&script, experiment, export(&[span()])).await.status;
        assert!(matches!(status, 400 | 404), "{experiment}: {status}");
    }
    let flat = vec![0; 20 * 1024 * 1024];
    assert_eq!(send(&script, "0", flat).await.status, 413);
    let viewer = organization.member("viewer").await.token(&["*"]).await;
    assert_eq!(send(&viewer, "0", export(&[span()])).await.status, 403);
    let stranger = world().organization().await.script().await;
    assert_eq!(send(&stranger, "0", export(&[span()])).await.status, 200, "its own trace of the same id");
    assert_eq!(refused(&script, "GET", &format!("traces/{id}"), Value::Null).await, (404, MISSING.into()));
    for wrong in
        [json!({ "trace_id": "x" }), json!({ "request_time": "now" }), json!({ "execution_duration": "-1s" }), json!({ "tags": { "../x": "" } })]
    {
        let (status, _) = refused(&script, "POST", "traces", info(&id, "0", wrong.clone())).await;
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
    }
}

#[tokio::test]
async fn c7_1d_spans_that_come_an_hour_after_their_trace_are_entered() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let script = organization.script().await;
    let (number, id) = trace();
    let span = |id, name| Span { trace: number, id, parent: 0, name, start: 1_000, end: 2_000, status: 1, attributes: &[] };
    let entered = async || {
        let query = "{ auditEntries(filter: { action: \"trace\" }) { nodes { action subjectKind detail } } }";
        organization.owner.graphql(query, Value::Null).await["data"]["auditEntries"]["nodes"].clone()
    };
    for minutes in [0, 59] {
        replica.clock.advance(chrono::TimeDelta::minutes(minutes));
        assert_eq!(send(&script, "0", export(&[span(1, "answer")])).await.status, 200);
    }
    assert_eq!(entered().await, json!([]), "taking it in");
    replica.clock.advance(chrono::TimeDelta::minutes(2));
    // Of the two traces of this call one is new.
    let new = Span { trace: trace().0, ..span(1, "other") };
    assert_eq!(send(&script, "0", export(&[span(1, "rewritten"), new])).await.status, 200);
    let detail = json!({ "traces": 1, "first": [id] }).to_string();
    assert_eq!(entered().await, json!([{ "action": "trace.log_spans", "subjectKind": "experiment", "detail": detail }]));
}

#[tokio::test]
async fn t05_traces_are_linked_only_to_a_run_that_is_there_whichever_traces_are_named() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let own = run_in(&script, "0").await;
    let foreign = run_in(&world().organization().await.script().await, "0").await;
    let (_, id) = trace();
    ok(&script, "POST", "traces", info(&id, "0", json!({}))).await;
    let (_, absent) = trace();
    let fresh = || uuid::Uuid::now_v7().simple().to_string();
    for ids in [json!([]), json!([absent]), json!(["x"]), json!([id]), json!([id, absent]), Value::Null] {
        for run in [fresh(), foreign.clone(), "x".to_owned()] {
            let body = json!({ "trace_ids": ids, "run_id": run });
            assert_eq!(refused(&script, "POST", "traces/link-to-run", body.clone()).await, (404, MISSING.to_owned()), "{body}");
        }
        let body = json!({ "trace_ids": ids, "run_id": own });
        assert_eq!(ok(&script, "POST", "traces/link-to-run", body).await, json!({}), "{ids}");
        assert_eq!(refused(&script, "POST", "traces/link-to-run", json!({ "trace_ids": ids })).await, (400, INVALID.to_owned()), "{ids}");
    }
    let filter = format!("run_id = '{foreign}'");
    for (filter, count) in [(filter, None), (format!("run_id = '{own}'"), Some(1))] {
        let asked = json!({ "locations": [{ "mlflow_experiment": { "experiment_id": "0" } }], "filter": filter });
        let found = ok(&script, "POST", "traces/search", asked).await;
        assert_eq!(found["traces"].as_array().map(Vec::len), count, "{filter}: {found}");
    }
}

#[tokio::test]
async fn the_pages_show_what_a_request_went_through() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let (number, id) = trace();
    let attributes = [("mlflow.spanInputs", "{\"question\": \"which card\"}"), ("mlflow.spanOutputs", "\"gold\""), ("mlflow.spanType", "\"CHAIN\"")];
    let spans = [
        Span { trace: number, id: 1, parent: 0, name: "answer", start: 1_000, end: 1_400, status: 2, attributes: &attributes },
        Span { trace: number, id: 2, parent: 1, name: "retrieve", start: 1_100, end: 1_150, status: 1, attributes: &[("top_k", "5")] },
    ];
    let request = script
        .request(Method::POST, "/v1/traces")
        .header("content-type", "application/x-protobuf")
        .header("x-mlflow-experiment-id", "0")
        .header("x-mlflow-run-id", &run);
    assert_eq!(script.send(request.body(export(&spans))).await.status, 200);
    let query = "query($id: ID!) { trace(id: $id) { name state duration requestPreview experiment { mlflowId } \
        spans { id parentId name kind status offset duration inputs outputs attributes { key value } } } }";
    let found = organization.owner.graphql(query, json!({ "id": id })).await["data"]["trace"].clone();
    assert_eq!(
        (&found["name"], &found["state"], &found["duration"], &found["experiment"]["mlflowId"]),
        (&json!("answer"), &json!("ERROR"), &json!(400), &json!("0"))
    );
    let span = |at: usize| found["spans"][at].clone();
    assert_eq!(
        (&span(0)["kind"], &span(0)["status"], &span(0)["inputs"], &span(0)["outputs"]),
        (&json!("CHAIN"), &json!("ERROR"), &json!("{\"question\": \"which card\"}"), &json!("\"gold\""))
    );
    assert_eq!((&span(1)["parentId"], &span(1)["offset"], &span(1)["duration"]), (&span(0)["id"], &json!(100.0), &json!(50.0)));
    assert_eq!(span(1)["attributes"], json!([{ "key": "top_k", "value": "5" }]));

    let experiment =
        organization.owner.graphql("{ experiments { nodes { id mlflowId } } }", Value::Null).await["data"]["experiments"]["nodes"][0]["id"].clone();
    let experiment = experiment.as_str().expect("an id");
    for (filter, shown) in
        [("", true), ("status%20%3D%20%27ERROR%27", true), ("status%20%3D%20%27OK%27", false), ("execution_time%20%3E%20500", false), ("answ", true)]
    {
        let page = organization.owner.get(&format!("/experiments/{experiment}/traces?filter={filter}")).await;
        assert_eq!((page.status, page.text().contains(&format!("/traces/{id}"))), (200, shown), "{filter}");
    }
    let page = organization.owner.get(&format!("/traces/{id}")).await.text();
    assert!(["retrieve", "which card", "400 ms", "It failed."].iter().all(|words| page.contains(words)), "{page}");
    let page = organization.owner.get(&format!("/traces/{id}?span=0000000000000002")).await.text();
    assert!(page.contains("top_k") && !page.contains("It failed."), "{page}");
    let counted = organization.owner.graphql("query($id: ID!) { run(id: $id) { traceCount } }", json!({ "id": run })).await;
    let page = organization.owner.get(&format!("/runs/{run}")).await.text();
    let linked = counted["data"]["run"]["traceCount"].as_i64().expect("a number");
    assert_eq!(page.contains("/traces?filter=run_id"), linked > 0, "{counted}");
}
