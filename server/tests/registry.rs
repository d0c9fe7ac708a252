//! Logged models and the registry, by MLflow's protocol: what the client relies on, and what it must not be able to do.

use crate::support::{Actor, world};
use reqwest::Method;
use serde_json::{Value, json};

async fn ok(script: &Actor, method: &str, path: &str, body: Value) -> Value {
    let answer = script.mlflow(method, path, body.clone()).await;
    assert_eq!(answer.status, 200, "{method} {path} {body}: {}", answer.text());
    answer.json()
}

async fn refused(script: &Actor, method: &str, path: &str, body: Value) -> (u16, String) {
    let answer = script.mlflow(method, path, body.clone()).await;
    assert!((400..500).contains(&answer.status), "{method} {path} {body}: {} {}", answer.status, answer.text());
    (answer.status, answer.json()["error_code"].as_str().unwrap_or_default().to_owned())
}

async fn run(script: &Actor) -> String {
    let answer = ok(script, "POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
    answer["run"]["info"]["run_id"].as_str().expect("an id").to_owned()
}

async fn logged_model(script: &Actor, run: &str) -> String {
    let answer = ok(
        script,
        "POST",
        "logged-models",
        json!({ "experiment_id": "0", "name": "model", "source_run_id": run, "params": [{ "key": "alpha", "value": "1" }] }),
    )
    .await;
    answer["model"]["info"]["model_id"].as_str().expect("an id").to_owned()
}

async fn put(script: &Actor, path: &str, body: &str) -> u16 {
    script.send(script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{path}")).body(body.to_owned())).await.status
}

const INVALID: &str = "INVALID_PARAMETER_VALUE";
const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";

#[tokio::test]
async fn c5_1b_a_model_is_logged_registered_and_loaded() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let id = logged_model(&script, &run).await;
    assert!(id.len() == 34 && id.starts_with("m-"));
    ok(&script, "POST", "runs/outputs", json!({ "run_id": run, "models": [{ "model_id": id, "step": 0 }] })).await;
    let model = ok(&script, "GET", &format!("logged-models/{id}"), Value::Null).await;
    let info = &model["model"]["info"];
    assert_eq!(info["status"], "LOGGED_MODEL_PENDING");
    let root = info["artifact_uri"].as_str().expect("a URI").strip_prefix("mlflow-artifacts:/").expect("the proxy's scheme").to_owned();
    assert_eq!(root, format!("0/models/{id}/artifacts"));
    assert_eq!(put(&script, &format!("{root}/MLmodel"), "flavors: {}").await, 200);
    let model = ok(&script, "PATCH", &format!("logged-models/{id}"), json!({ "model_id": id, "status": "LOGGED_MODEL_READY" })).await;
    assert_eq!(model["model"]["info"]["status"], "LOGGED_MODEL_READY");

    let name = "fraud detector";
    ok(&script, "POST", "registered-models/create", json!({ "name": name })).await;
    assert_eq!(refused(&script, "POST", "registered-models/create", json!({ "name": name })).await, (400, "RESOURCE_ALREADY_EXISTS".into()));
    let version = ok(&script, "POST", "model-versions/create", json!({ "name": name, "source": format!("models:/{id}"), "model_id": id })).await;
    let version = &version["model_version"];
    assert_eq!(
        (version["version"].as_str(), version["status"].as_str(), version["run_id"].as_str(), version["current_stage"].as_str()),
        (Some("1"), Some("READY"), Some(run.as_str()), Some("None"))
    );
    let uri = ok(&script, "GET", "model-versions/get-download-uri?name=fraud%20detector&version=1", Value::Null).await;
    assert_eq!(uri["artifact_uri"], format!("mlflow-artifacts:/{root}"));
    let tags = &ok(&script, "GET", &format!("logged-models/{id}"), Value::Null).await["model"]["info"]["tags"];
    assert_eq!(tags[0]["key"], "mlflow.modelVersions");

    let found =
        ok(&script, "POST", "logged-models/search", json!({ "experiment_ids": ["0", "12345"], "filter": "name = 'model' AND params.alpha = '1'" }))
            .await;
    assert_eq!(found["models"][0]["info"]["model_id"], id.as_str());
    assert_eq!(ok(&script, "POST", "logged-models/search", json!({ "experiment_ids": ["0"], "filter": "name = 'other'" })).await, json!({}));

    let shown = organization
        .owner
        .graphql("query($run: ID!) { run(id: $run) { loggedModels { mlflowId name status } } registeredModels { totalCount nodes { name versions { version stage source run { mlflowId } } } } }", json!({ "run": run }))
        .await;
    assert_eq!(shown["data"]["run"]["loggedModels"][0], json!({ "mlflowId": id, "name": "model", "status": "ready" }), "{shown}");
    assert_eq!(
        shown["data"]["registeredModels"]["nodes"][0]["versions"][0],
        json!({ "version": 1, "stage": "development", "source": format!("models:/{id}"), "run": { "mlflowId": run } }),
        "{shown}"
    );
}

#[tokio::test]
async fn c5_1b_a_version_number_is_never_given_twice() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    ok(&script, "POST", "registered-models/create", json!({ "name": "m", "tags": [{ "key": "team", "value": "risk" }], "description": "d" })).await;
    let create = json!({ "name": "m", "source": format!("runs:/{run}/model"), "run_id": run });
    for expected in ["1", "2", "3"] {
        assert_eq!(ok(&script, "POST", "model-versions/create", create.clone()).await["model_version"]["version"], expected);
    }
    ok(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "3" })).await;
    ok(&script, "DELETE", "model-versions/delete", json!({ "name": "m", "version": "3" })).await;
    assert_eq!(refused(&script, "GET", "registered-models/alias?name=m&alias=champion", Value::Null).await, (400, INVALID.into()));
    assert_eq!(ok(&script, "POST", "model-versions/create", create.clone()).await["model_version"]["version"], "4");
    let all = futures::future::join_all((0..8).map(|_| ok(&script, "POST", "model-versions/create", create.clone()))).await;
    let mut numbers: Vec<u32> = all.iter().map(|v| v["model_version"]["version"].as_str().expect("text").parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (5..13).collect::<Vec<_>>(), "also when many are made at once");
    let copied = ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": "models:/m/1" })).await;
    assert_eq!((copied["model_version"]["version"].as_str(), copied["model_version"]["run_id"].as_str()), (Some("13"), Some(run.as_str())));
}

#[tokio::test]
async fn stages_aliases_tags_and_searches_answer_as_the_client_expects() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    for _ in 0..3 {
        ok(
            &script,
            "POST",
            "model-versions/create",
            json!({ "name": "m", "source": format!("mlflow-artifacts:/0/{run}/artifacts/model"), "run_id": run }),
        )
        .await;
    }
    for version in ["1", "2"] {
        let moved = ok(
            &script,
            "POST",
            "model-versions/transition-stage",
            json!({ "name": "m", "version": version, "stage": "production", "archive_existing_versions": true }),
        )
        .await;
        assert_eq!(moved["model_version"]["current_stage"], "Production");
    }
    let latest = ok(&script, "POST", "registered-models/get-latest-versions", json!({ "name": "m" })).await;
    let mut stages: Vec<(&str, &str)> = latest["model_versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|v| (v["current_stage"].as_str().expect("text"), v["version"].as_str().expect("text")))
        .collect();
    stages.sort_unstable();
    assert_eq!(stages, [("Archived", "1"), ("None", "3"), ("Production", "2")]);
    assert_eq!(
        ok(&script, "GET", "registered-models/get-latest-versions?name=m&stages=Production", Value::Null).await["model_versions"][0]["version"],
        "2"
    );
    for (body, code) in [
        (json!({ "name": "m", "version": "1", "stage": "Live", "archive_existing_versions": false }), INVALID),
        (json!({ "name": "m", "version": "1", "stage": "None", "archive_existing_versions": true }), INVALID),
        (json!({ "name": "m", "version": "9", "stage": "Staging", "archive_existing_versions": false }), MISSING),
        (json!({ "name": "m", "version": "x", "stage": "Staging", "archive_existing_versions": false }), INVALID),
    ] {
        assert_eq!(refused(&script, "POST", "model-versions/transition-stage", body.clone()).await.1, code, "{body}");
    }

    ok(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "1" })).await;
    ok(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "2" })).await;
    assert_eq!(
        ok(&script, "GET", "registered-models/alias?name=m&alias=champion", Value::Null).await["model_version"]["aliases"],
        json!(["champion"])
    );
    assert_eq!(ok(&script, "GET", "registered-models/alias?name=m&alias=latest", Value::Null).await["model_version"]["version"], "3");
    assert_eq!(refused(&script, "GET", "registered-models/alias?name=m&alias=absent", Value::Null).await, (400, INVALID.into()));
    for alias in ["latest", "v1", "a b", "", "a/b"] {
        assert_eq!(
            refused(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": alias, "version": "1" })).await,
            (400, INVALID.into()),
            "{alias:?}"
        );
    }
    ok(&script, "DELETE", "registered-models/alias", json!({ "name": "m", "alias": "absent" })).await;

    ok(&script, "POST", "model-versions/set-tag", json!({ "name": "m", "version": "2", "key": "quality", "value": "good" })).await;
    ok(&script, "POST", "registered-models/set-tag", json!({ "name": "m", "key": "team", "value": "risk" })).await;
    let found = ok(&script, "GET", "model-versions/search?filter=name%3D%27m%27%20and%20tags.quality%3D%27good%27&max_results=10", Value::Null).await;
    assert_eq!(found["model_versions"].as_array().map(Vec::len), Some(1));
    let found = ok(&script, "GET", "model-versions/search?filter=name%3D%27m%27&order_by=version_number%20ASC&max_results=2", Value::Null).await;
    assert_eq!((found["model_versions"][0]["version"].as_str(), found["model_versions"].as_array().map(Vec::len)), (Some("1"), Some(2)));
    let token = found["next_page_token"].as_str().expect("a token").replace('=', "%3D");
    let rest = ok(
        &script,
        "GET",
        &format!("model-versions/search?filter=name%3D%27m%27&order_by=version_number%20ASC&max_results=2&page_token={token}"),
        Value::Null,
    )
    .await;
    assert_eq!((rest["model_versions"][0]["version"].as_str(), rest["next_page_token"].is_null()), (Some("3"), true));
    let found = ok(&script, "GET", "registered-models/search?filter=tags.team%3D%27risk%27", Value::Null).await;
    assert_eq!(found["registered_models"][0]["name"], "m");
    ok(&script, "POST", "registered-models/create", json!({ "name": "p", "tags": [{ "key": "mlflow.prompt.is_prompt", "value": "true" }] })).await;
    assert_eq!(
        ok(&script, "GET", "registered-models/search", Value::Null).await["registered_models"].as_array().map(Vec::len),
        Some(1),
        "prompts are hidden"
    );

    ok(&script, "POST", "registered-models/rename", json!({ "name": "m", "new_name": "n" })).await;
    assert_eq!(refused(&script, "GET", "registered-models/get?name=m", Value::Null).await, (404, MISSING.into()));
    assert_eq!(
        ok(&script, "GET", "registered-models/get?name=n", Value::Null).await["registered_model"]["latest_versions"].as_array().map(Vec::len),
        Some(3)
    );
    ok(&script, "DELETE", "registered-models/delete", json!({ "name": "n" })).await;
    assert_eq!(refused(&script, "GET", "model-versions/get?name=n&version=1", Value::Null).await, (404, MISSING.into()));
}

#[tokio::test]
async fn t21_a_version_is_made_only_from_files_of_this_organization() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let stranger = world().organization().await.script().await;
    let (own, other, foreign) = (run(&script).await, run(&script).await, run(&stranger).await);
    let foreign_model = logged_model(&stranger, &foreign).await;
    let (own_model, other_model) = (logged_model(&script, &own).await, logged_model(&script, &other).await);
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    let sources = [
        "file:///etc".to_owned(),
        "/etc".into(),
        "http:///#/../../".into(),
        "http://169.254.169.254/".into(),
        "mlflow-artifacts:/../x".into(),
        "s3://b/../c".into(),
        "s3://b/c".into(),
        "dbfs:/".into(),
        "../x".into(),
        format!("runs:/{foreign}/model"),
        format!("mlflow-artifacts:/0/{foreign}/artifacts/model"),
        format!("models:/{foreign_model}"),
        "models:/absent/1".into(),
        format!("runs:/{own}/../../x"),
        format!("runs:/{other}/model"),
        format!("mlflow-artifacts:/0/{other}/artifacts"),
        format!("mlflow-artifacts:/0/{own}/artifacts/../../x"),
        format!("mlflow-artifacts://h/0/{own}/artifacts"),
    ];
    for source in &sources {
        for tags in [json!([]), json!([{ "key": "mlflow.prompt.is_prompt", "value": "true" }])] {
            let body = json!({ "name": "m", "source": source, "run_id": own, "tags": tags });
            assert_eq!(refused(&script, "POST", "model-versions/create", body).await, (400, INVALID.into()), "{source}");
        }
    }
    let crossed = json!({ "name": "m", "source": format!("models:/{own_model}"), "model_id": other_model });
    assert_eq!(refused(&script, "POST", "model-versions/create", crossed).await, (400, INVALID.into()));
    let crossed = json!({ "name": "m", "source": format!("runs:/{own}/model"), "run_id": own, "model_id": foreign_model });
    assert_eq!(refused(&script, "POST", "model-versions/create", crossed).await, (404, MISSING.into()));
    let crossed = json!({ "name": "m", "source": format!("models:/{own_model}"), "run_id": foreign });
    assert_eq!(refused(&script, "POST", "model-versions/create", crossed).await, (404, MISSING.into()));
    assert_eq!(ok(&script, "GET", "model-versions/search", Value::Null).await, json!({}));
    assert_eq!(ok(&script, "GET", "registered-models/get?name=m", Value::Null).await["registered_model"]["latest_versions"], Value::Null);
}

#[tokio::test]
async fn t22_where_artifacts_lie_is_the_servers_choice() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for location in ["http://169.254.169.254/", "file:///etc", "/etc", "s3://b/c", "mlflow-artifacts:/0/x", "dbfs:/x"] {
        assert_eq!(
            refused(&script, "POST", "experiments/create", json!({ "name": format!("e {location}"), "artifact_location": location })).await,
            (400, INVALID.into()),
            "{location}"
        );
    }
}

#[tokio::test]
async fn t27_the_files_of_a_registered_version_never_change() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let id = logged_model(&script, &run).await;
    let (model, folder) = (format!("0/models/{id}/artifacts"), format!("0/{run}/artifacts"));
    for path in [format!("{model}/model.pkl"), format!("{folder}/model/model.pkl"), format!("{folder}/other.txt")] {
        assert_eq!(put(&script, &path, "approved").await, 200);
    }
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": format!("models:/{id}"), "model_id": id })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": format!("runs:/{run}/model"), "run_id": run })).await;
    for path in [format!("{model}/model.pkl"), format!("{model}/new.txt"), format!("{folder}/model/model.pkl"), format!("{folder}/model/new.txt")] {
        assert_eq!(put(&script, &path, "swapped").await, 409, "{path}");
    }
    for path in [&model, &folder, &format!("{folder}/model"), &format!("{model}/model.pkl")] {
        let answer = script.send(script.request(Method::DELETE, &format!("/api/2.0/mlflow-artifacts/artifacts/{path}"))).await;
        assert_eq!(answer.status, 409, "{path}");
    }
    assert_eq!(put(&script, &format!("{model}/model.pkl"), "approved").await, 200, "the same bytes again are no change");
    assert_eq!(put(&script, &format!("{folder}/other.txt"), "changed").await, 200);
}

#[tokio::test]
async fn t46_names_that_cannot_be_stored_are_refused() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for name in ["", " ", "a/b", "a:b", "..", "a\u{0}b", "a\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(257)] {
        assert_eq!(refused(&script, "POST", "registered-models/create", json!({ "name": name })).await, (400, INVALID.into()), "{name:?}");
        if !name.is_empty() {
            assert_eq!(
                refused(&script, "POST", "logged-models", json!({ "experiment_id": "0", "name": format!("{name}/") })).await,
                (400, INVALID.into()),
                "{name:?}"
            );
        }
    }
    assert_eq!(refused(&script, "POST", "logged-models", json!({ "experiment_id": "absent", "name": "m" })).await, (404, MISSING.into()));
    assert_eq!(refused(&script, "GET", "logged-models/m-00000000000000000000000000000000", Value::Null).await, (404, MISSING.into()));
}

#[tokio::test]
async fn t46_no_name_looks_like_another_and_two_spellings_are_one() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    ok(&script, "POST", "registered-models/create", json!({ "name": "fraud_detector" })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "fraud_detector", "source": format!("runs:/{run}"), "run_id": run })).await;
    for name in ["fr\u{430}ud_detector", "fraud\u{ad}_detector", "fraud\u{61c}_detector", "fraud\u{180e}_detector"] {
        for (path, body) in [
            ("registered-models/create", json!({ "name": name })),
            ("registered-models/rename", json!({ "name": "fraud_detector", "new_name": name })),
            ("registered-models/alias", json!({ "name": "fraud_detector", "alias": name, "version": "1" })),
            ("experiments/create", json!({ "name": name })),
        ] {
            assert_eq!(refused(&script, "POST", path, body).await, (400, INVALID.into()), "{path} {name:?}");
        }
    }
    for path in ["registered-models/create", "experiments/create"] {
        ok(&script, "POST", path, json!({ "name": "fraude\u{301}" })).await;
        let again = refused(&script, "POST", path, json!({ "name": "fraud\u{e9}" })).await;
        assert_eq!(again, (400, "RESOURCE_ALREADY_EXISTS".into()), "{path}");
    }
}

#[tokio::test]
async fn t46_text_that_no_database_keeps_is_refused_everywhere() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    let logged = logged_model(&script, &run).await;
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": format!("runs:/{run}"), "run_id": run })).await;
    let nul = "a\u{0}b";
    for (method, path, body) in [
        ("POST", "registered-models/create".to_owned(), json!({ "name": "other", "description": nul })),
        ("POST", "registered-models/create".into(), json!({ "name": "other", "tags": [{ "key": "k", "value": nul }] })),
        ("PATCH", "registered-models/update".into(), json!({ "name": "m", "description": nul })),
        ("POST", "registered-models/set-tag".into(), json!({ "name": "m", "key": "k", "value": nul })),
        ("POST", "registered-models/set-tag".into(), json!({ "name": "m", "key": nul, "value": "v" })),
        ("POST", "registered-models/alias".into(), json!({ "name": "m", "alias": nul, "version": "1" })),
        ("POST", "model-versions/create".into(), json!({ "name": "m", "source": format!("runs:/{run}"), "description": nul })),
        ("POST", "model-versions/create".into(), json!({ "name": "m", "source": format!("runs:/{run}"), "run_link": nul })),
        ("PATCH", "model-versions/update".into(), json!({ "name": "m", "version": "1", "description": nul })),
        ("POST", "model-versions/set-tag".into(), json!({ "name": "m", "version": "1", "key": "k", "value": nul })),
        ("POST", "logged-models".into(), json!({ "experiment_id": "0", "name": "n", "model_type": nul })),
        ("POST", "logged-models".into(), json!({ "experiment_id": "0", "name": "n", "params": [{ "key": "k", "value": nul }] })),
        ("PATCH", format!("logged-models/{logged}/tags"), json!({ "tags": [{ "key": "k", "value": nul }] })),
        ("POST", format!("logged-models/{logged}/params"), json!({ "params": [{ "key": "k", "value": nul }] })),
        ("POST", "experiments/set-experiment-tag".into(), json!({ "experiment_id": "0", "key": "k", "value": nul })),
        ("POST", "workspaces".into(), json!({ "name": "team-b", "description": nul })),
    ] {
        let (status, code) = refused(&script, method, &path, body.clone()).await;
        assert_eq!((status, code.as_str()), (400, INVALID), "{method} {path} {body}");
    }
    assert_eq!(refused(&script, "GET", "registered-models/get?name=other", Value::Null).await.1, MISSING);
    let folder = format!("/api/2.0/mlflow-artifacts/mpu/create/0/{run}/artifacts");
    let answer = script.send(script.request(Method::POST, &folder).json(&json!({ "path": nul, "num_parts": 1 }))).await;
    assert_eq!((answer.status, answer.json()["error_code"].as_str()), (400, Some(INVALID)));
}

#[tokio::test]
async fn c7_3_every_change_of_the_registry_has_one_audit_entry() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run(&script).await;
    ok(&script, "POST", "registered-models/create", json!({ "name": "m" })).await;
    ok(&script, "POST", "model-versions/create", json!({ "name": "m", "source": format!("runs:/{run}/x"), "run_id": run })).await;
    ok(&script, "PATCH", "model-versions/update", json!({ "name": "m", "version": "1", "description": "d" })).await;
    ok(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": "a", "version": "1" })).await;
    refused(&script, "POST", "registered-models/alias", json!({ "name": "m", "alias": "a", "version": "7" })).await;
    ok(&script, "DELETE", "registered-models/delete", json!({ "name": "m" })).await;
    let answer = organization.owner.graphql("{ auditEntries(first: 50) { nodes { action } } }", Value::Null).await;
    let actions: Vec<&str> = answer["data"]["auditEntries"]["nodes"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|e| e["action"].as_str())
        .filter(|a| a.starts_with("registered_model") || a.starts_with("model_version"))
        .collect();
    assert_eq!(
        actions,
        ["registered_model.remove", "registered_model.set_alias", "model_version.update", "model_version.create", "registered_model.create"]
    );
}
