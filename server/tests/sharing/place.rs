//! A restricted project, and all that can be asked of it.

use serde_json::{Value, json};

use crate::support::{Actor, Organization};

/// Asks; fails unless it is answered without an error.
pub async fn ask(actor: &Actor, query: &str) -> Value {
    let answer = actor.graphql(query, Value::Null).await;
    assert!(answer["errors"].is_null(), "{query}: {answer}");
    answer["data"].clone()
}

/// The code that a query is refused with.
pub async fn code(actor: &Actor, query: &str) -> String {
    Actor::code(&actor.graphql(query, Value::Null).await).to_owned()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// A restricted project with one of everything in it.
pub struct Place {
    pub project: String,
    pub slug: String,
    pub experiment: String,
    pub run: String,
    pub thread: String,
    pub model: String,
}

impl Place {
    pub async fn of(organization: &Organization<'_>) -> Self {
        let owner = &organization.owner;
        let project = ask(owner, "mutation { createProject(name: \"Vault\") { id slug } }").await["createProject"].clone();
        let (project, slug) = (text(&project["id"]), text(&project["slug"]));
        let script = organization.script().await;
        let inside = async |method: &str, path: &str, body: Value| {
            let request = script.request(method.parse().expect("a method"), &format!("/api/2.0/mlflow/{path}")).header("x-mlflow-workspace", &slug);
            let answer = script.send(request.json(&body)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.json()
        };
        let experiment = text(&inside("POST", "experiments/create", json!({ "name": "CANARY" })).await["experiment_id"]);
        let run = inside("POST", "runs/create", json!({ "experiment_id": experiment, "run_name": "CANARY" })).await;
        let run = text(&run["run"]["info"]["run_id"]);
        inside("POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 1 })).await;
        inside("POST", "runs/set-tag", json!({ "run_id": run, "key": "team", "value": "CANARY" })).await;
        inside("POST", "experiments/set-experiment-tag", json!({ "experiment_id": experiment, "key": "team", "value": "CANARY" })).await;
        inside("POST", "registered-models/create", json!({ "name": "CANARY" })).await;
        let file = script.request(reqwest::Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/CANARY.txt"));
        assert_eq!(script.send(file.header("x-mlflow-workspace", &slug).body("CANARY")).await.status, 200);
        let start = format!("mutation {{ startThread(input: {{ about: \"run_{run}\", body: \"CANARY\" }}) {{ id }} }}");
        let thread = text(&ask(owner, &start).await["startThread"]["id"]);
        ask(owner, &format!("mutation {{ setProjectAccess(id: \"{project}\", access: RESTRICTED) }}")).await;
        Self { project, slug, experiment, run, thread, model: "CANARY".into() }
    }

    pub async fn give(&self, by: &Actor, member: &Actor, role: &str) -> Value {
        let query =
            "mutation($project: ID!, $member: ID!, $role: String!) { setProjectMember(project: $project, member: $member, role: $role) { id role } }";
        by.graphql(query, json!({ "project": self.project, "member": member_id(member).await, "role": role })).await
    }

    pub async fn take(&self, by: &Actor, member: &Actor) -> Value {
        let query = "mutation($project: ID!, $member: ID!) { removeProjectMember(project: $project, member: $member) }";
        by.graphql(query, json!({ "project": self.project, "member": member_id(member).await })).await
    }

    /// Everything that can be read of it, each with a query that shows the canary to whom may see it.
    pub fn reads(&self) -> Vec<String> {
        let Self { project, experiment, run, thread, .. } = self;
        vec![
            "{ projects { name experiments: slug } experiments { nodes { name tags { value } } } }".to_owned(),
            format!("{{ experiments(project: \"{project}\") {{ nodes {{ name }} }} }}"),
            format!("{{ experiment(id: \"exp_{experiment}\") {{ name runs {{ nodes {{ name tags {{ value }} }} }} }} }}"),
            format!("{{ run(id: \"run_{run}\") {{ name tags {{ value }} metrics {{ key }} artifacts {{ name }} }} }}"),
            format!("{{ runCurves(runs: [\"run_{run}\"], key: \"loss\") {{ total run }} }}"),
            format!("{{ comparison(of: {{ runs: [\"run_{run}\"] }}) {{ groups {{ name }} metrics {{ key }} }} }}"),
            format!("{{ threads(about: \"run_{run}\") {{ nodes {{ comments {{ body }} }} }} }}"),
            format!("{{ thread(id: \"{thread}\") {{ comments {{ body }} }} }}"),
            "{ registeredModels { nodes { name } } }".to_owned(),
            "{ search(text: \"CANARY\") { title } }".to_owned(),
        ]
    }

    /// Everything that can be changed of it.
    pub fn writes(&self) -> Vec<String> {
        let Self { project, experiment, run, thread, .. } = self;
        vec![
            format!("mutation {{ createExperiment(name: \"x\", projectId: \"{project}\") {{ id }} }}"),
            format!("mutation {{ renameExperiment(id: \"exp_{experiment}\", name: \"x\") {{ id }} }}"),
            format!("mutation {{ removeExperiment(id: \"exp_{experiment}\") {{ id }} }}"),
            format!("mutation {{ renameRun(id: \"run_{run}\", name: \"x\") {{ id }} }}"),
            format!("mutation {{ noteRun(id: \"run_{run}\", note: \"x\") {{ id }} }}"),
            format!("mutation {{ setRunTag(id: \"run_{run}\", key: \"k\", value: \"x\") {{ id }} }}"),
            format!("mutation {{ removeRunTag(id: \"run_{run}\", key: \"team\") {{ id }} }}"),
            format!("mutation {{ removeRuns(ids: [\"run_{run}\"]) {{ id }} }}"),
            format!("mutation {{ startThread(input: {{ about: \"run_{run}\", body: \"x\" }}) {{ id }} }}"),
            format!("mutation {{ replyToThread(id: \"{thread}\", body: \"x\") {{ id }} }}"),
            format!("mutation {{ resolveThread(id: \"{thread}\") {{ id }} }}"),
            format!("mutation {{ setProjectAccess(id: \"{project}\", access: OPEN) }}"),
            format!("mutation {{ shareExperiment(id: \"exp_{experiment}\") }}"),
        ]
    }

    /// What training code tries.
    pub fn logs(&self) -> Vec<(&'static str, Value)> {
        let Self { experiment, run, model, .. } = self;
        vec![
            ("runs/create", json!({ "experiment_id": experiment })),
            ("runs/log-metric", json!({ "run_id": run, "key": "loss", "value": 1, "timestamp": 2, "step": 2 })),
            ("runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })),
            ("runs/log-batch", json!({ "run_id": run, "params": [{ "key": "q", "value": "1" }] })),
            ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": "x" })),
            ("runs/delete-tag", json!({ "run_id": run, "key": "team" })),
            ("runs/update", json!({ "run_id": run, "status": "FINISHED" })),
            ("runs/delete", json!({ "run_id": run })),
            ("experiments/set-experiment-tag", json!({ "experiment_id": experiment, "key": "k", "value": "x" })),
            ("experiments/delete-experiment-tag", json!({ "experiment_id": experiment, "key": "team" })),
            ("experiments/delete", json!({ "experiment_id": experiment })),
            ("registered-models/set-tag", json!({ "name": model, "key": "k", "value": "x" })),
            ("model-versions/create", json!({ "name": model, "source": format!("runs:/{run}"), "run_id": run })),
            ("logged-models", json!({ "experiment_id": experiment, "name": "m" })),
        ]
    }

    /// Calls the protocol in the project.
    pub async fn call(&self, script: &Actor, path: &str, body: &Value) -> (u16, String) {
        let request = script.request(reqwest::Method::POST, &format!("/api/2.0/mlflow/{path}")).header("x-mlflow-workspace", &self.slug);
        let answer = script.send(request.json(body)).await;
        (answer.status, text(&answer.json()["error_code"].as_str().unwrap_or_default().into()))
    }
}

pub async fn member_id(member: &Actor) -> String {
    text(&ask(member, "{ viewer { id } }").await["viewer"]["id"])
}
