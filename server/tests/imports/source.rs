//! A tracking server with something of everything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, tracking::ok};

pub struct Source {
    pub script: Actor,
    pub experiment: String,
    experiment_id: String,
    /// Two that have ended, one that runs.
    pub runs: Vec<String>,
    pub model: String,
    pub logged_model: String,
}

impl Source {
    /// Logs an experiment with three runs, files, a dataset, a logged model and a registered model.
    pub async fn fill(script: &Actor) -> Self {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let experiment = format!("experiment-{unique}");
        let tags = json!([{ "key": "team", "value": "fraud" }]);
        let made = ok(script, "POST", "experiments/create", json!({ "name": experiment, "tags": tags })).await;
        let experiment_id = made["experiment_id"].as_str().expect("an id").to_owned();
        let mut source = Self {
            script: script.clone(),
            experiment,
            experiment_id,
            runs: Vec::new(),
            model: format!("model-{unique}"),
            logged_model: String::new(),
        };
        for (place, steps) in [1_200, 3, 40].into_iter().enumerate() {
            let run = source.run(&format!("run {place}"), steps).await;
            source.runs.push(run);
        }
        for run in &source.runs[..2] {
            ok(script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED", "end_time": 1_700_000_001_000_i64 })).await;
        }
        source.files_and_models().await;
        source
    }

    /// A run with a param, a tag, a dataset and two series; its id.
    pub async fn run(&self, name: &str, steps: i64) -> String {
        let script = &self.script;
        let body = json!({ "experiment_id": self.experiment_id, "run_name": name, "start_time": 1_700_000_000_000_i64, "user_id": "ada", "tags": [{ "key": "t\u{fc}", "value": "\u{1F600}" }] });
        let run = ok(script, "POST", "runs/create", body).await["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
        let point =
            |key: &str, step: i64, value: Value| json!({ "key": key, "value": value, "timestamp": 1_700_000_000_000_i64 + step, "step": step });
        let mut points: Vec<Value> = (0..steps).map(|step| point("loss", step, json!(1.0 / (step as f64 + 1.5)))).collect();
        points.extend([point("odd", -3, json!("NaN")), point("odd", 0, json!("Infinity")), point("odd", 7, json!(5e-324))]);
        for some in points.chunks(1_000) {
            ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": some })).await;
        }
        ok(
            script,
            "POST",
            "runs/log-batch",
            json!({ "run_id": run, "params": [{ "key": "rate", "value": "0.1" }, { "key": "depth/max", "value": "7" }] }),
        )
        .await;
        let dataset = json!({ "name": "iris", "digest": "abc", "source_type": "local", "source": "{}", "schema": "{\"a\":1}", "profile": "{}" });
        let datasets = json!([{ "dataset": dataset, "tags": [{ "key": "mlflow.data.context", "value": "training" }] }]);
        ok(script, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": datasets })).await;
        run
    }

    async fn put(&self, path: &str, body: &'static str) {
        let answer = self.script.send(self.script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{path}")).body(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }

    async fn files_and_models(&mut self) {
        let (script, run) = (self.script.clone(), self.runs[0].clone());
        self.put(&format!("{}/{run}/artifacts/plots/a.txt", self.experiment_id), "a file").await;
        let body =
            json!({ "experiment_id": self.experiment_id, "name": "clf", "source_run_id": run, "params": [{ "key": "p", "value": "1" }], "tags": [] });
        let model = ok(&script, "POST", "logged-models", body).await["model"]["info"]["model_id"].as_str().expect("an id").to_owned();
        self.put(&format!("{}/models/{model}/artifacts/MLmodel", self.experiment_id), "flavors: {}").await;
        ok(&script, "PATCH", &format!("logged-models/{model}"), json!({ "status": "LOGGED_MODEL_READY" })).await;
        ok(&script, "POST", "runs/outputs", json!({ "run_id": run, "models": [{ "model_id": model, "step": 4 }] })).await;
        let metric = json!([{ "key": "auc", "value": 0.9, "timestamp": 1_700_000_000_500_i64, "step": 4, "model_id": model }]);
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metric })).await;
        ok(
            &script,
            "POST",
            "registered-models/create",
            json!({ "name": self.model, "description": "finds fraud", "tags": [{ "key": "a", "value": "b" }] }),
        )
        .await;
        for description in ["first", "second"] {
            let version = json!({ "name": self.model, "source": format!("models:/{model}"), "description": description, "tags": [{ "key": "k", "value": description }] });
            ok(&script, "POST", "model-versions/create", version).await;
        }
        ok(&script, "DELETE", "model-versions/delete", json!({ "name": self.model, "version": "1" })).await;
        ok(&script, "POST", "registered-models/alias", json!({ "name": self.model, "alias": "champion", "version": "2" })).await;
        let stage = json!({ "name": self.model, "version": "2", "stage": "Staging", "archive_existing_versions": false });
        ok(&script, "POST", "model-versions/transition-stage", stage).await;
        self.logged_model = model;
    }
}

/// Fails unless two runs are the same but for where their experiment and files are.
pub fn same_run(one: &Value, other: &Value) {
    for part in ["run_id", "run_name", "user_id", "status", "start_time", "end_time", "lifecycle_stage"] {
        assert_eq!(one["info"][part], other["info"][part], "{part}");
    }
    let sorted = |run: &Value, part: &str| {
        let mut list = run["data"][part].as_array().cloned().unwrap_or_default();
        list.sort_by_key(|item| item["key"].to_string());
        list
    };
    for part in ["params", "tags", "metrics"] {
        assert_eq!(sorted(one, part), sorted(other, part), "{part}");
    }
    for part in ["inputs", "outputs"] {
        assert_eq!(one[part], other[part], "{part}");
    }
}
