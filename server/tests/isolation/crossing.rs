//! Two organizations side by side: what is one's own cannot be tied to what is the other's, and the
//! same names in both never meet.

use crate::support::{
    Actor, PASSWORD,
    names::{Names, ask, state},
    world,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Calls in the caller's own organization that point at one thing of another: what is the caller's
/// own is `$own…`.
const TIES: &[(&str, &str)] = &[
    ("runs/create", r#"{"experiment_id":"$experiment","start_time":1}"#),
    ("runs/log-inputs", r#"{"run_id":"$own_run","datasets":[{"dataset":{"name":"d","digest":"d"}}],"models":[{"model_id":"$logged"}]}"#),
    ("runs/outputs", r#"{"run_id":"$own_run","models":[{"model_id":"$own_logged","step":0},{"model_id":"$logged","step":1}]}"#),
    ("logged-models", r#"{"experiment_id":"$own_experiment","name":"m","source_run_id":"$run"}"#),
    ("logged-models", r#"{"experiment_id":"$experiment","name":"m","source_run_id":"$own_run"}"#),
    ("model-versions/create", r#"{"name":"$own_model","source":"models:/$logged","model_id":"$logged"}"#),
    ("model-versions/create", r#"{"name":"$own_model","source":"models:/$own_logged","run_id":"$run"}"#),
    ("model-versions/create", r#"{"name":"$own_model","source":"runs:/$run","run_id":"$own_run"}"#),
    ("model-versions/create", r#"{"name":"$model","source":"models:/$own_logged"}"#),
    ("traces/link-to-run", r#"{"trace_ids":["$own_trace"],"run_id":"$run"}"#),
    (
        "traces",
        r#"{"trace":{"trace_info":{"trace_id":"$own_trace","trace_location":{"mlflow_experiment":{"experiment_id":"$experiment"}},"request_time":"2026-01-01T00:00:00Z","state":"OK"}}}"#,
    ),
    ("traces/delete-traces", r#"{"experiment_id":"$experiment","request_ids":["$own_trace"]}"#),
];

/// What is passed over when it is unknown: a run keeps its own points whatever becomes of their model.
const PASSED_OVER: &[(&str, &str)] = &[
    ("runs/log-metric", r#"{"run_id":"$own_run","key":"CANARY-own","value":1,"timestamp":1,"model_id":"$logged"}"#),
    ("runs/log-batch", r#"{"run_id":"$own_run","metrics":[{"key":"CANARY-own","value":1,"timestamp":2,"model_id":"$logged"}]}"#),
    // A trace may be linked that is not there yet; only those that are, are tied.
    ("traces/link-to-run", r#"{"trace_ids":["$trace"],"run_id":"$own_run"}"#),
    ("traces/link-to-run", r#"{"trace_ids":["$own_trace","$trace"],"run_id":"$own_run"}"#),
    // A tag is text, whatever clients read in it.
    ("runs/set-tag", r#"{"run_id":"$own_run","key":"mlflow.parentRunId","value":"$run"}"#),
];

#[tokio::test]
async fn t05_what_is_own_cannot_be_tied_to_what_is_foreign() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let script = ours.script().await;
    let (own, foreign, absent) = (Names::of(&script).await, Names::of(&theirs.script().await).await, Names::absent());
    let with_own = |input: &str| own.fill(&input.replace("$own_", "$"));
    let tie = async |path: &str, input: &str, to: &Names| {
        let input = own.fill(&to.fill(input).replace("$own_", "$"));
        ask(&script, "POST", &format!("/api/2.0/mlflow/{path}"), &input).await
    };
    let (their_thread, our_thread) = (thread(&theirs.owner, &foreign).await, thread(&ours.owner, &own).await);
    let before = state(&ours, &script, &own).await;
    for (path, input) in TIES {
        let (of_theirs, of_nobody) = (tie(path, input, &foreign).await, tie(path, input, &absent).await);
        assert!(matches!(of_theirs.status, 400 | 404), "{path} {input}: {} {}", of_theirs.status, of_theirs.text());
        assert_eq!(foreign.shape(&of_theirs), absent.shape(&of_nobody), "{path} {input}");
    }
    let project = |answer: &Value| answer["data"]["projects"][0]["id"].as_str().expect("an id").to_owned();
    let their_project = project(&theirs.owner.graphql("{ projects { id } }", Value::Null).await);
    let our_project = project(&ours.owner.graphql("{ projects { id } }", Value::Null).await);
    let mixed = async |query: &str, id: &str| ours.owner.graphql(&query.replace("$id", id), Value::Null).await;
    let queries = [
        ("mutation { createExperiment(name: \"tied\", projectId: \"$id\") { id } }".to_owned(), their_project, our_project),
        (
            format!("mutation {{ saveComparison(name: \"tied\", of: {{ runs: [\"{}\", \"$id\"] }}) {{ id }} }}", own.0["$run"]),
            foreign.0["$run"].clone(),
            own.0["$run"].clone(),
        ),
        (format!("mutation {{ removeRuns(ids: [\"{}\", \"$id\"]) {{ id }} }}", own.0["$run"]), foreign.0["$run"].clone(), own.0["$run"].clone()),
        (format!("mutation {{ removeRuns(ids: [\"$id\", \"{}\"]) {{ id }} }}", own.0["$run"]), foreign.0["$run"].clone(), own.0["$run"].clone()),
        (format!("mutation {{ restoreRuns(ids: [\"{}\", \"$id\"]) {{ id }} }}", own.0["$run"]), foreign.0["$run"].clone(), own.0["$run"].clone()),
        (
            format!("{{ comparison(of: {{ runs: [\"{}\", \"$id\"] }}) {{ groups {{ name }} }} }}", own.0["$run"]),
            foreign.0["$run"].clone(),
            own.0["$run"].clone(),
        ),
        (
            format!(
                "{{ comparison(of: {{ groups: [{{ experiment: \"{}\" }}, {{ experiment: \"$id\" }}] }}) {{ groups {{ name }} }} }}",
                own.0["$experiment"]
            ),
            foreign.0["$experiment"].clone(),
            own.0["$experiment"].clone(),
        ),
        (
            format!("{{ runCurves(runs: [\"{}\", \"$id\"], key: \"CANARY\") {{ total }} }}", own.0["$run"]),
            foreign.0["$run"].clone(),
            own.0["$run"].clone(),
        ),
        (
            "mutation { startThread(input: { about: \"$id\", body: \"b\" }) { id } }".to_owned(),
            format!("run_{}", foreign.0["$run"]),
            format!("run_{}", own.0["$run"]),
        ),
        ("mutation { replyToThread(id: \"$id\", body: \"b\") { id } }".to_owned(), their_thread, our_thread),
    ];
    for (query, id, _) in &queries {
        let unknown = uuid::Uuid::now_v7().simple().to_string();
        let (of_theirs, of_nobody) = (mixed(query, id).await, mixed(query, &unknown).await);
        assert_eq!(Actor::code(&of_theirs), "NOT_FOUND", "{query}: {of_theirs}");
        let hex = id.rsplit('_').next().unwrap_or(id);
        let prefix = id.strip_suffix(hex).unwrap_or_default();
        assert_eq!(
            of_theirs.to_string().replace(id, "ID").replace(hex, "ID"),
            of_nobody.to_string().replace(&format!("{prefix}{unknown}"), "ID").replace(&unknown, "ID")
        );
    }
    assert_eq!(state(&ours, &script, &own).await, before, "nothing was written");
    let search = async |path: &str, other: &Names| {
        let input = json!({ "experiment_ids": [own.0["$experiment"], other.0["$experiment"]] }).to_string();
        ask(&script, "POST", &format!("/api/2.0/mlflow/{path}"), &input).await.text()
    };
    for path in ["runs/search", "logged-models/search"] {
        let found = search(path, &foreign).await;
        assert_eq!(found, search(path, &absent).await, "{path}");
        assert!(found.contains(&own.0["$run"]) && !found.contains(&foreign.0["$run"]), "{path}: {found}");
    }
    // Lists of runs, one's own and another's: those are read as if the other were not there at all.
    let read = async |path: &str, other: &Names| {
        let answer = ours.owner.get(&own.fill(&other.fill(path).replace("$own_", "$"))).await;
        let (status, kind, text) = other.shape(&answer);
        (status, kind, text.lines().filter(|line| !line.contains("reference")).collect::<Vec<_>>().join("\n"))
    };
    for (path, status) in [
        ("/compare/report?format=csv&run=$own_run&run=$run", 404),
        ("/compare/report?format=html&run=$run&run=$own_run", 404),
        ("/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=$own_run&run_id=$run&metric_key=CANARY", 200),
        ("/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=$own_run&run_ids=$run&metric_key=CANARY", 200),
    ] {
        let of_theirs = read(path, &foreign).await;
        assert_eq!(of_theirs, read(path, &absent).await, "{path}");
        assert_eq!(of_theirs.0, status, "{path}: {}", of_theirs.2);
        assert!(!of_theirs.2.contains(&foreign.0["$run"]), "{path}: {}", of_theirs.2);
    }
    let owner = theirs.script().await;
    let before = state(&theirs, &owner, &foreign).await;
    for (path, input) in PASSED_OVER {
        let (of_theirs, of_nobody) = (tie(path, input, &foreign).await, tie(path, input, &absent).await);
        assert_eq!((of_theirs.status, foreign.shape(&of_theirs)), (200, absent.shape(&of_nobody)), "{path}");
    }
    assert_eq!(state(&theirs, &owner, &foreign).await, before, "nothing of theirs has changed");
    // With own names the same calls pass: it is the foreign one that was refused.
    for (path, input) in TIES {
        let answer = ask(&script, "POST", &format!("/api/2.0/mlflow/{path}"), &with_own(input)).await;
        assert_eq!(answer.status, 200, "{path} {input}: {}", answer.text());
    }
    for (query, _, id) in &queries {
        let answer = mixed(query, id).await;
        assert!(answer["errors"].is_null(), "{query}: {answer}");
    }
}

/// The id of a thread about an organization's run.
async fn thread(owner: &Actor, names: &Names) -> String {
    let start = format!("mutation {{ startThread(input: {{ about: \"run_{}\", body: \"CANARY\" }}) {{ id }} }}", names.0["$run"]);
    owner.graphql(&start, Value::Null).await["data"]["startThread"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn t05_a_mention_reaches_nobody_in_another_organization() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let own = Names::of(&ours.script().await).await;
    let start = "mutation($input: StartThreadInput!) { startThread(input: $input) { comments { html } } }";
    let say = async |whom: &str| {
        let input = json!({ "input": { "about": format!("run_{}", own.0["$run"]), "body": format!("@{whom} look") } });
        ours.owner.graphql(start, input).await.to_string().replace(whom, "WHOM")
    };
    let nobody = format!("owner-{}@example.com", uuid::Uuid::now_v7().simple());
    let (of_theirs, of_nobody) = (say(&theirs.owner.email).await, say(&nobody).await);
    assert_eq!(of_theirs, of_nobody);
    assert!(of_theirs.contains("WHOM") && !of_theirs.contains("mention"), "{of_theirs}");
    let told = theirs.owner.graphql("{ notifications { totalCount unreadCount } }", Value::Null).await;
    assert_eq!(told["data"]["notifications"], json!({ "totalCount": 0, "unreadCount": 0 }));
    // A member of one's own is mentioned by the same words.
    let member = ours.member("viewer").await;
    assert!(say(&member.email).await.contains("mention"));
    assert_eq!(member.graphql("{ notifications { totalCount } }", Value::Null).await["data"]["notifications"]["totalCount"], 1);
}

/// Fills an organization with things whose names are the same everywhere and whose contents are not.
async fn namesakes(script: &Actor, canary: &str) {
    let made = async |path: &str, body: Value| {
        let answer = script.mlflow("POST", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    let tags = json!([{ "key": "canary", "value": canary }]);
    made("experiments/create", json!({ "name": "same", "tags": tags })).await;
    made("registered-models/create", json!({ "name": "same", "description": canary, "tags": tags })).await;
    let run = made("runs/create", json!({ "experiment_id": "0", "run_name": "same", "start_time": 1, "tags": tags })).await;
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let file = script.request(Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/same.txt")).body(canary.to_owned());
    assert_eq!(script.send(file).await.status, 200);
    made("model-versions/create", json!({ "name": "same", "source": format!("runs:/{run}"), "run_id": run })).await;
}

#[tokio::test]
async fn t10_t12_the_same_names_in_two_organizations_never_meet() {
    let mut sides = Vec::new();
    for n in 0..2 {
        let organization = world().organization().await;
        let (script, canary) = (organization.script().await, format!("CANARY-{n}-{}", uuid::Uuid::now_v7().simple()));
        namesakes(&script, &canary).await;
        sides.push((organization, script, canary));
    }
    let paths = [
        "/api/2.0/mlflow/experiments/get-by-name?experiment_name=same",
        "/api/2.0/mlflow/registered-models/get?name=same",
        "/api/2.0/mlflow/runs/search",
        "/model-versions/get-artifact?name=same&version=1&path=same.txt",
        "/models/same",
        "/experiments",
        "/graphql",
    ];
    let mut tags = vec![String::new(); paths.len()];
    for round in 0..6 {
        let (organization, script, canary) = &sides[round % 2];
        let other = &sides[(round + 1) % 2].2;
        for (path, tag) in paths.iter().zip(&mut tags) {
            let actor = if path.starts_with("/api") || path.starts_with("/model-versions") { script } else { &organization.owner };
            let request = match *path {
                "/graphql" => actor.request(Method::POST, path).json(&json!({ "query": "{ registeredModel(name: \"same\") { description } }" })),
                "/api/2.0/mlflow/runs/search" => actor.request(Method::POST, path).json(&json!({ "experiment_ids": ["0"] })),
                _ => actor.request(Method::GET, path),
            };
            // What a cache between the server and both of them would ask.
            let answer = actor.send(request.header("if-none-match", if tag.is_empty() { "\"x\"" } else { tag.as_str() })).await;
            assert_eq!(answer.status, 200, "{path}");
            let text = answer.text();
            assert!(!text.contains(other), "{path}: the other's {other}");
            assert!(text.contains(canary), "{path}: {text:.2000}");
            assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
            *tag = answer.header("etag").to_owned();
        }
    }
}

#[tokio::test]
async fn t10_rights_and_data_follow_the_session_from_one_organization_to_the_other() {
    let (first, second) = (world().organization().await, world().organization().await);
    let mut ids = Vec::new();
    for (organization, canary) in [(&first, "CANARY-first"), (&second, "CANARY-second")] {
        namesakes(&organization.script().await, canary).await;
        ids.push(format!("org_{}", organization.tenant().await.simple()));
    }
    // The owner of the second is a viewer in the first.
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    let invited = first.owner.graphql(invite, json!({ "email": second.owner.email })).await;
    assert!(invited["errors"].is_null(), "{invited}");
    let link = world().link_to(&second.owner.email).await;
    let both = Actor::accept_invitation(world(), &link, "", PASSWORD).await;
    let script = second.owner.token(&["*"]).await;
    for round in 0..6 {
        let (id, own, other) = if round % 2 == 0 { (&ids[0], "CANARY-first", "CANARY-second") } else { (&ids[1], "CANARY-second", "CANARY-first") };
        assert_eq!(both.form("/organization", &[("organization", id)]).await.status, 303);
        let seen = both.graphql("{ viewer { organization { id } } registeredModel(name: \"same\") { description } }", Value::Null).await;
        assert_eq!(seen["data"]["viewer"]["organization"]["id"], id.as_str());
        assert_eq!(seen["data"]["registeredModel"]["description"], own);
        let page = both.get("/models/same").await.text();
        assert!(page.contains(own) && !page.contains(other));
        let made = both.graphql("mutation($name: String!) { createProject(name: $name) { id } }", json!({ "name": format!("p{round}") })).await;
        assert_eq!(Actor::code(&made), if round % 2 == 0 { "FORBIDDEN" } else { "" }, "{made}");
        // A token stays where it was made.
        let named = script.mlflow("GET", "registered-models/get?name=same", Value::Null).await.json();
        assert_eq!(named["registered_model"]["description"], "CANARY-second");
    }
}
