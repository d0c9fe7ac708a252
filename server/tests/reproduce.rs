//! What a run ran in and the commands that run it again, from outside.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::support::{
    Actor,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};

/// Texts that a shell would take for more than text.
const HOSTILE: [&str; 7] = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "a\ntouch pwned\n",
    "\"; touch pwned; \"",
    "--upload-pack=touch pwned",
    "\\'$(touch pwned)\\",
];

async fn put(script: &Actor, experiment: &str, owner: &str, path: &str, body: &str) {
    let address = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{owner}/artifacts/{path}");
    let answer = script.send(script.request(reqwest::Method::PUT, &address).body(body.to_owned())).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
}

async fn tag(script: &Actor, run: &str, tags: Value) {
    let pairs: Vec<Value> = tags.as_object().expect("tags").iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "tags": pairs })).await;
}

async fn told(actor: &Actor, run: &str, fields: &str) -> Value {
    let answer = actor.graphql(&format!("query($id: ID!) {{ run(id: $id) {{ {fields} }} }}"), json!({ "id": run })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["run"].clone()
}

async fn script_of(actor: &Actor, run: &str) -> String {
    let answer = actor.get(&format!("/runs/{run}/reproduce.sh")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-disposition"), "attachment; filename=reproduce.sh");
    answer.text()
}

#[tokio::test]
async fn c5_1c_a_run_tells_what_it_ran_in() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    let run = run_in(&script, &experiment).await;
    tag(&script, &run, json!({
        "assay.environment": "1", "assay.environment.python": "3.12.4", "assay.environment.os": "Linux-6.1", "assay.environment.memory": "8589934592",
        "assay.environment.gpu": "[\"L4, 23034 MiB, 550.54\"]", "assay.environment.command": "[\"-m\", \"churn.train\", \"--depth\", \"3\"]",
        "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567", "mlflow.source.git.branch": "main",
    })).await;
    put(&script, &experiment, &run, "environment/requirements.txt", "# Python 3.12.4\nmlflow==3.17.2\nnumpy==2.4.6\n").await;
    let fields = "environment { captured commit branch remote python os memory gpus command lockIsWhole packages { name version } lock { path digest url } diff { path } }";
    let found = told(&organization.owner, &run, fields).await["environment"].clone();
    assert_eq!(found["commit"], "0123456789abcdef0123456789abcdef01234567");
    assert_eq!((&found["python"], &found["memory"], &found["remote"]), (&json!("3.12.4"), &json!(8_589_934_592_i64), &Value::Null));
    assert_eq!((&found["gpus"], &found["command"]), (&json!(["L4, 23034 MiB, 550.54"]), &json!(["-m", "churn.train", "--depth", "3"])));
    assert_eq!(found["packages"], json!([{ "name": "mlflow", "version": "3.17.2" }, { "name": "numpy", "version": "2.4.6" }]));
    assert_eq!((&found["captured"], &found["lockIsWhole"], &found["diff"]), (&json!(true), &json!(true), &Value::Null));
    assert_eq!(organization.owner.get(found["lock"]["url"].as_str().expect("an address")).await.text().lines().count(), 3);

    // A reader of runs who sees no artifacts is told the rest, and that something is left out.
    let finance = organization.member("finance").await;
    assert_eq!(
        Actor::code(&finance.graphql("query($id: ID!) { run(id: $id) { environment { lock { path } } } }", json!({ "id": run })).await),
        "FORBIDDEN"
    );
    let seen = told(&finance, &run, "environment { python } reproduction { script gaps { what } }").await;
    assert_eq!(seen["environment"]["python"], "3.12.4");
    assert!(!seen["reproduction"]["script"].as_str().expect("a text").contains("requirements.txt"), "{seen}");
    assert!(seen["reproduction"]["gaps"].to_string().contains("your role does not show artifacts"), "{seen}");
    assert_eq!(finance.get(&format!("/runs/{run}/reproduce")).await.status, 200);
}

#[tokio::test]
async fn c5_1c_what_a_model_needs_is_known_without_the_module() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    let run = run_in(&script, &experiment).await;
    let model = ok(&script, "POST", "logged-models", json!({ "experiment_id": experiment, "name": "forest", "source_run_id": run })).await;
    let model = model["model"]["info"]["model_id"].as_str().expect("an id").to_owned();
    put(&script, &experiment, &format!("models/{model}"), "requirements.txt", "mlflow==3.17.2\nscikit-learn==1.9.1\n").await;
    let found = told(&organization.owner, &run, "environment { captured lockIsWhole packages { name } } reproduction { gaps { what how } }").await;
    assert_eq!((&found["environment"]["captured"], &found["environment"]["lockIsWhole"]), (&json!(false), &json!(false)));
    assert_eq!(found["environment"]["packages"], json!([{ "name": "mlflow" }, { "name": "scikit-learn" }]));
    let gaps = found["reproduction"]["gaps"].to_string();
    for gap in
        ["The code:", "only those that the logged model needs", "The command with its arguments", "Python's version", "assay_environment.capture()"]
    {
        assert!(gaps.contains(gap), "{gap}: {gaps}");
    }
}

/// A program that writes down its arguments and then does as `more` says.
fn stand_in(folder: &Path, name: &str, more: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\nprintf '%s\\0' {name} \"$@\" >> \"$NOTES\"\n{more}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
}

#[tokio::test]
async fn c5_1d_whatever_a_run_logged_stays_text_in_its_commands() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    for hostile in HOSTILE {
        let named = json!({ "experiment_id": experiment, "start_time": 1, "run_name": hostile.replace('\n', " "), "user_id": hostile });
        let run = ok(&script, "POST", "runs/create", named).await["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
        tag(&script, &run, json!({
            "assay.environment": "1", "assay.environment.python": hostile, "assay.environment.directory": hostile, "assay.environment.os": hostile,
            "assay.environment.untracked": json!([hostile]).to_string(), "assay.environment.command": json!(["train.py", hostile, "--label"]).to_string(),
            "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567", "mlflow.source.git.branch": hostile,
            "mlflow.source.git.repoURL": hostile, "mlflow.source.name": hostile,
        })).await;
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "params": [{ "key": "p", "value": hostile }] })).await;
        let dataset = |name: &str, kind: &str, source: Value| json!({ "dataset": { "name": name, "digest": "d", "source_type": kind, "source": source.to_string() } });
        let datasets = [
            dataset(hostile, "http", json!({ "url": format!("https://data.example.com/{hostile}") })),
            dataset("stored", "s3", json!({ "uri": format!("s3://{hostile}") })),
            dataset("local", "local", json!({ "uri": hostile })),
            dataset("odd", hostile, json!(hostile)),
        ];
        ok(&script, "POST", "runs/log-inputs", json!({ "run_id": run, "datasets": datasets })).await;

        // The shell is real; what it would call is not.
        let folder = tempfile_folder();
        let notes = folder.join("notes");
        // Where the command is to run is there, whatever it is called.
        for (name, more) in [("git", "mkdir -p \"$PWD/code/$FOLDER\""), ("curl", ""), ("python", "")] {
            stand_in(&folder, name, more);
        }
        let text = script_of(&organization.owner, &run).await;
        let done = Command::new("sh")
            .arg("-c")
            .arg(&text)
            .current_dir(&folder)
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .env("NOTES", &notes)
            .env("FOLDER", hostile.trim())
            .env("REPRODUCE_PYTHON", folder.join("python"))
            .env("MLFLOW_TRACKING_TOKEN", "t")
            .output()
            .expect("sh runs");
        assert!(done.status.success(), "{hostile:?}: {}\n{text}", String::from_utf8_lossy(&done.stderr));
        let written = fs::read_to_string(&notes).expect("notes");
        let words: Vec<&str> = written.split('\0').collect();
        for expected in [&["python", "train.py", hostile, "--label"][..], &["--", hostile.trim(), "code"]] {
            assert!(words.windows(expected.len()).any(|window| window == expected), "{expected:?}: {words:?}");
        }
        assert!(!finds(&folder, "pwned"), "{hostile:?} was run:\n{text}");
        // And the page shows it.
        assert_eq!(organization.owner.get(&format!("/runs/{run}/reproduce")).await.status, 200, "{hostile:?}");
    }
}

fn tempfile_folder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("assay-reproduce-{}", uuid::Uuid::now_v7().simple()));
    fs::create_dir(&folder).expect("a folder");
    folder
}

fn finds(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).expect("a folder").flatten().any(|entry| entry.file_name() == name || entry.path().is_dir() && finds(&entry.path(), name))
}

#[tokio::test]
async fn c5_1d_the_module_is_for_everybody_and_the_script_for_who_may_read_the_run() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let module = world().anonymous().get("/assay_environment.py").await;
    assert_eq!((module.status, module.header("content-disposition")), (200, "attachment; filename=assay_environment.py"));
    assert_eq!(module.text(), server::features::environment::MODULE);
    assert_eq!(world().anonymous().get(&format!("/runs/{run}/reproduce.sh")).await.status, 401);
    assert_eq!(world().organization().await.owner.get(&format!("/runs/{run}/reproduce.sh")).await.status, 404);
    let text = script_of(&organization.owner, &run).await;
    assert!(text.starts_with("#!/bin/sh\n") && text.contains("# Missing: The code: "), "{text}");
}

#[tokio::test]
async fn c5_1c_what_two_runs_ran_in_is_held_against_each_other() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let experiment = experiment(&script).await;
    let mut runs = Vec::new();
    for (python, lock) in [("3.11.2", "mlflow==3.17.2\nnumpy==2.3.0\n"), ("3.12.4", "mlflow==3.17.2\nnumpy==2.4.6\ntorch==2.9.0\n")] {
        let run = run_in(&script, &experiment).await;
        tag(&script, &run, json!({ "assay.environment": "1", "assay.environment.python": python, "assay.environment.os": "Linux" })).await;
        put(&script, &experiment, &run, "environment/requirements.txt", lock).await;
        let metrics = json!([{ "key": "accuracy", "value": 0.9, "timestamp": 1 }]);
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
        runs.push(format!("run_{run}"));
    }
    let ask = "query($runs: [ID!]!) { environmentDifferences(runs: $runs) { name isPackage values } }";
    let found = organization.owner.graphql(ask, json!({ "runs": runs })).await;
    let expected = json!([
        { "name": "Python", "isPackage": false, "values": ["3.11.2", "3.12.4"] },
        { "name": "numpy", "isPackage": true, "values": ["2.3.0", "2.4.6"] },
        { "name": "torch", "isPackage": true, "values": [null, "2.9.0"] },
    ]);
    assert_eq!(found["data"]["environmentDifferences"], expected, "{found}");
    let seen = organization.member("finance").await.graphql(ask, json!({ "runs": runs })).await;
    assert_eq!(seen["data"]["environmentDifferences"], json!([expected[0]]), "no artifacts, no packages");
    let page = organization.owner.get(&format!("/compare?run={}&run={}", runs[0], runs[1])).await.text();
    assert!(page.contains("Environments that differ") && page.contains("2.9.0"), "{page}");
    let many: Vec<&String> = runs.iter().cycle().take(7).collect();
    assert_eq!(Actor::code(&organization.owner.graphql(ask, json!({ "runs": many })).await), "LIMIT_EXCEEDED");
}
