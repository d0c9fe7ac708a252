//! Names of an organization's things, for asking in the name of another.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Actor, Organization, actor::Answer};

/// Names of one organization's things, by the placeholder that stands for them.
pub struct Names(pub BTreeMap<&'static str, String>);

impl Names {
    /// One thing of every kind, all of them full of `CANARY`.
    pub async fn of(script: &Actor) -> Self {
        let made = async |path: &str, body: Value| {
            let answer = script.mlflow("POST", path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.json()
        };
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        let unique = uuid::Uuid::now_v7().simple();
        let (title, model) = (format!("CANARY-experiment-{unique}"), format!("CANARY-model-{unique}"));
        let experiment = id(&made("experiments/create", json!({ "name": title })).await["experiment_id"]);
        let tags = json!([{ "key": "k", "value": "CANARY" }]);
        let run = made("runs/create", json!({ "experiment_id": experiment, "run_name": "CANARY-run", "start_time": 1, "tags": tags })).await;
        let run = id(&run["run"]["info"]["run_id"]);
        made("runs/log-metric", json!({ "run_id": run, "key": "CANARY", "value": 1, "timestamp": 1 })).await;
        let logged = made("logged-models", json!({ "experiment_id": experiment, "name": "CANARY-logged", "source_run_id": run, "tags": tags })).await;
        let logged = id(&logged["model"]["info"]["model_id"]);
        for root in [format!("{experiment}/{run}/artifacts"), format!("{experiment}/models/{logged}/artifacts")] {
            let file = script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{root}/CANARY.txt")).body("CANARY");
            assert_eq!(script.send(file).await.status, 200);
        }
        made("registered-models/create", json!({ "name": model, "tags": tags })).await;
        made("model-versions/create", json!({ "name": model, "source": format!("runs:/{run}"), "run_id": run, "tags": tags })).await;
        made("registered-models/alias", json!({ "name": model, "alias": "champion", "version": "1" })).await;
        let upload = script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/{experiment}/models/{logged}/artifacts"));
        let upload = script.send(upload.json(&json!({ "path": "parts", "num_parts": 1 }))).await;
        assert_eq!(upload.status, 200, "{}", upload.text());
        let upload = id(&upload.json()["upload_id"]);
        let trace = format!("tr-{unique}");
        let place = json!({ "mlflow_experiment": { "experiment_id": experiment } });
        let info = json!({ "trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "tags": { "k": "CANARY" } });
        made("traces", json!({ "trace": { "trace_info": info } })).await;
        let assessment = json!({ "assessment": { "assessment_name": "CANARY", "feedback": { "value": "CANARY" } } });
        let assessment = id(&made(&format!("traces/{trace}/assessments"), assessment).await["assessment"]["assessment_id"]);
        let project = format!("canary-{unique}");
        let answer = script.mlflow("POST", "workspaces", json!({ "name": project, "description": "CANARY" })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        Self(BTreeMap::from([
            ("$experiment", experiment),
            ("$run", run),
            ("$logged", logged),
            ("$model", model),
            ("$title", title),
            ("$upload", upload),
            ("$trace", trace),
            ("$assessment", assessment),
            ("$project", project),
        ]))
    }

    /// Names of nothing, of the same shape.
    pub fn absent() -> Self {
        let fresh = || uuid::Uuid::now_v7().simple().to_string();
        Self(BTreeMap::from([
            ("$experiment", fresh()),
            ("$run", fresh()),
            ("$logged", format!("m-{}", fresh())),
            ("$model", fresh()),
            ("$title", fresh()),
            ("$upload", fresh()),
            ("$trace", format!("tr-{}", fresh())),
            ("$assessment", format!("a-{}", fresh())),
            ("$project", format!("canary-{}", fresh())),
        ]))
    }

    /// A text with the names in the place of their placeholders; `$fresh` is a new one each time.
    pub fn fill(&self, text: &str) -> String {
        let text = text.replace("$fresh", &uuid::Uuid::now_v7().simple().to_string());
        self.0.iter().fold(text, |text, (placeholder, name)| text.replace(placeholder, name))
    }

    /// What remains of an answer when the caller's own words are taken out of it.
    pub fn shape(&self, answer: &Answer) -> (u16, String, String) {
        let text = self.0.iter().fold(answer.text(), |text, (placeholder, name)| text.replace(name.trim_start_matches("m-"), placeholder));
        (answer.status, answer.header("content-type").to_owned(), text)
    }
}

/// Calls with the fields in the query and, where the method has one, in the body.
pub async fn ask(actor: &Actor, method: &str, path: &str, input: &str) -> Answer {
    let fields: Value = serde_json::from_str(input).expect("JSON");
    let query: Vec<(String, String)> = fields
        .as_object()
        .expect("an object")
        .iter()
        .flat_map(|(name, value)| {
            let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            list.into_iter().map(|value| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        })
        .collect();
    let request = actor.request(method.parse().expect("a method"), path).query(&query);
    let has_body = !matches!(method, "GET" | "HEAD");
    actor.send(if has_body { request.json(&fields) } else { request }).await
}

/// What an organization holds, for comparing before and after.
pub async fn state(organization: &Organization<'_>, script: &Actor, names: &Names) -> Vec<String> {
    let mut state = Vec::new();
    for (method, path, input) in [
        ("GET", "experiments/get", r#"{"experiment_id":"$experiment"}"#),
        ("POST", "runs/search", r#"{"experiment_ids":["$experiment","0"],"run_view_type":"ALL"}"#),
        ("GET", "metrics/get-history", r#"{"run_id":"$run","metric_key":"m"}"#),
        ("POST", "logged-models/search", r#"{"experiment_ids":["$experiment","0"]}"#),
        ("GET", "registered-models/search", "{}"),
        ("GET", "model-versions/search", "{}"),
        ("GET", "artifacts/list", r#"{"run_id":"$run"}"#),
    ] {
        let answer = ask(script, method, &format!("/api/2.0/mlflow/{path}"), &names.fill(input)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        state.push(answer.text());
    }
    let query = "{ projects { id name } experiments(first: 200) { totalCount } auditEntries(filter: { outcome: DONE }) { totalCount } }";
    state.push(organization.owner.graphql(query, Value::Null).await.to_string());
    state
}
