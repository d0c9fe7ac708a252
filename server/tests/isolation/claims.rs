//! What a request says of its organization counts for nothing: the credential says it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Actor, names::Names, world};

/// Where the other organization is named, as `$id` or as its project, `$project`: a header, or what stands in the path. Empty: nothing there.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("X-Tenant-Id", "$id", ""),
    ("X-Organization", "$id", ""),
    ("X-Organization-Id", "$id", ""),
    ("X-MLFLOW-WORKSPACE", "$project", ""),
    ("X-Forwarded-Host", "$id.example", ""),
    ("Forwarded", "host=$id.example", ""),
    ("Host", "$id.example", ""),
    ("Host", "$id.127.0.0.1", ""),
    ("Cookie", "organization=$id; tenant=$id", ""),
    ("", "", "?tenant=$id"),
    ("", "", "?organization=$id&tenant_id=$id"),
    ("", "", "/../t/$id/graphql"),
];

/// Fields beside the query.
const BODIES: &[&str] = &["tenant", "tenantId", "organization", "organizationId", "extensions"];

const WHO: &str = "{ viewer { organization { id } } projects { id name } experiments { nodes { name } } }";

/// The answer is of the caller's own organization, or a refusal; never a byte of the other.
async fn stays(actor: &Actor, what: &str, own: &str, request: RequestBuilder) {
    let answer = actor.send(request).await;
    assert!(!answer.text().contains("CANARY"), "{what}: {}", answer.text());
    // A cookie of one's own making comes instead of the session's.
    if what.starts_with("Cookie") && Actor::code(&answer.json()) == "UNAUTHENTICATED" {
        return;
    }
    if answer.status == 200 {
        assert_eq!(answer.json()["data"]["viewer"]["organization"]["id"], own, "{what}: {}", answer.text());
    } else {
        assert!(matches!(answer.status, 400 | 403 | 404 | 405), "{what}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn t04_the_organization_comes_from_the_credential_alone() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let names = Names::of(&theirs.script().await).await;
    let (own, id) = (format!("org_{}", ours.tenant().await.simple()), theirs.tenant().await);
    let fill = |text: &str| text.replace("$id", &format!("org_{}", id.simple())).replace("$project", &names.0["$project"]);
    for actor in [ours.owner.clone(), ours.script().await] {
        for (header, value, path) in CLAIMS {
            let request = actor.request(Method::POST, &format!("/graphql{}", fill(path))).json(&json!({ "query": WHO }));
            let request = if header.is_empty() { request } else { request.header(*header, fill(value)) };
            stays(&actor, &format!("{header} {value} {path}"), &own, request).await;
        }
        for name in BODIES {
            for claimed in [json!(id), json!(format!("org_{}", id.simple())), json!({ "tenant": id })] {
                let body = json!({ "query": WHO, *name: claimed, "variables": { *name: claimed } });
                stays(&actor, name, &own, actor.request(Method::POST, "/graphql").json(&body)).await;
            }
        }
        // Under another name the server is not there at all.
        let elsewhere = actor.request(Method::POST, "/graphql").header("host", "evil.example").json(&json!({ "query": WHO }));
        assert_eq!(actor.send(elsewhere).await.status, 400);
        // What was claimed has not moved the credential.
        let seen = actor.graphql(WHO, Value::Null).await;
        assert_eq!(seen["data"]["viewer"]["organization"]["id"], own.as_str());
    }
}

#[tokio::test]
async fn t04_a_project_of_another_organization_is_no_workspace() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let (script, absent) = (ours.script().await, Names::absent());
    let (own, foreign) = (Names::of(&script).await, Names::of(&theirs.script().await).await);
    let ask = async |path: &str, project: &str, input: &Value| {
        script.send(script.request(Method::POST, &format!("/api/2.0/mlflow/{path}")).header("X-MLFLOW-WORKSPACE", project).json(input)).await
    };
    let placed = ask("experiments/create", &own.0["$project"], &json!({ "name": "placed" })).await.json()["experiment_id"].clone();
    let calls = [
        ("experiments/search", json!({ "max_results": 9 })),
        ("experiments/create", json!({ "name": "claimed" })),
        ("runs/create", json!({ "experiment_id": placed, "start_time": 1 })),
        ("runs/log-metric", json!({ "run_id": own.0["$run"], "key": "claimed", "value": 1, "timestamp": 1 })),
        ("registered-models/create", json!({ "name": "claimed" })),
    ];
    for (path, input) in calls {
        let asked = async |names: &Names| names.shape(&ask(path, &names.0["$project"], &input).await);
        let (of_theirs, of_nobody) = (asked(&foreign).await, asked(&absent).await);
        assert_eq!(of_theirs, of_nobody, "{path}");
        assert!(of_theirs.0 == 404 && of_theirs.2.contains("RESOURCE_DOES_NOT_EXIST"), "{path}: {of_theirs:?}");
        // With a project of one's own the same call passes.
        let of_ours = asked(&own).await;
        assert_eq!(of_ours.0, 200, "{path}: {}", of_ours.2);
    }
    let query = "{ experiments(first: 200) { nodes { name } } registeredModels { nodes { name } } }";
    for organization in [&ours, &theirs] {
        let held = organization.owner.graphql(query, Value::Null).await.to_string();
        assert_eq!(held.matches("claimed").count(), if std::ptr::eq(organization, &ours) { 2 } else { 0 }, "{held}");
    }
}
