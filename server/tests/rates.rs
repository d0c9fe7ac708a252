//! Who asks without pause is turned away for a while, and nobody else.

use crate::support::{
    Actor, World,
    actor::Answer,
    tracking::{ok, run_in},
    world,
};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

/// Ten seconds' worth of each: 20 questions and 30 calls that log of one credential, 100 and 150 of an organization, 20 anonymous fields of an address.
const FEW: [&str; 4] = ["--asking-rate=2", "--logging-rate=3", "--anonymous-rate=2", "--behind-proxy=true"];

async fn asks(actor: &Actor) -> Answer {
    actor.mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await
}

/// Repeats a call until it is refused; how often it was served, and the refusal. Also for a bucket that is empty already: on a busy machine a call's worth flows
/// back between two calls.
async fn flood(call: impl AsyncFn() -> Answer) -> (usize, Answer) {
    for served in 0..1_000 {
        let answer = call().await;
        if answer.status == 429 {
            return (served, answer);
        }
    }
    panic!("it is never refused");
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (429, "5"), "{}", answer.text());
}

async fn graphql(actor: &Actor, query: &str, address: &str) -> Answer {
    let request = actor.request(Method::POST, "/graphql").header("x-forwarded-for", address).json(&json!({ "query": query }));
    actor.send(request).await
}

/// So many attempts in one request.
fn aliases(count: usize) -> String {
    let fields: String = (0..count).map(|n| format!("a{n}: viewer {{ id }} ")).collect();
    format!("{{ {fields} }}")
}

#[tokio::test]
async fn t52_a_flood_is_refused_on_each_edge_and_slows_no_other_organization() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let served = World::replica(&FEW);
    let (script, page, neighbour) = (organization.script().await.at(&served), organization.owner.at(&served), other.script().await.at(&served));
    let run = run_in(&script, "0").await;
    assert_eq!(asks(&neighbour).await.status, 200);

    let (before, refusal) = flood(async || asks(&script).await).await;
    assert!((19..40).contains(&before), "{before} were served");
    assert_refused(&refusal);
    assert_eq!(refusal.json()["error_code"], "REQUEST_LIMIT_EXCEEDED");
    let (_, refusal) = flood(async || graphql(&script, "{ viewer { id } }", "192.0.2.1").await).await;
    assert_refused(&refusal);
    assert_eq!(Actor::code(&refusal.json()), "TOO_MANY_REQUESTS", "in the form that the app shows: {}", refusal.text());

    // What logs has a limit of its own, and so has whoever else asks.
    let log = async || script.mlflow("POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 })).await;
    let (before, refusal) = flood(log).await;
    assert!((28..60).contains(&before), "{before} were served");
    assert_refused(&refusal);
    let (before, refusal) = flood(async || page.get("/experiments").await).await;
    assert!((19..60).contains(&before), "{before} were served");
    assert_refused(&refusal);
    assert_eq!(
        refusal.header("content-security-policy"),
        "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    );
    for path in ["/compare/report?format=pdf", &format!("/artifacts/runs/run_{run}/x")] {
        assert_refused(&flood(async || page.get(path).await).await.1);
    }
    assert_eq!(asks(&neighbour).await.status, 200, "another organization is served");

    served.clock.advance(TimeDelta::seconds(10));
    assert_eq!(asks(&script).await.status, 200, "and so is this one, a while later");
    ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 2 })).await;
}

#[tokio::test]
async fn t52_graphql_counts_fields_and_not_requests() {
    let organization = world().organization().await;
    let served = World::replica(&FEW);
    let script = organization.script().await.at(&served);
    assert_eq!(asks(&script).await.status, 200);
    let answer = graphql(&script, &aliases(18), "192.0.2.1").await;
    assert_eq!((answer.status, answer.json()["errors"].is_null()), (200, true), "{}", answer.text());
    assert_refused(&graphql(&script, &aliases(18), "192.0.2.1").await);
    served.clock.advance(TimeDelta::seconds(10));
    let batch: Vec<Value> = (0..2).map(|_| json!({ "query": aliases(15) })).collect();
    let ask = async || script.send(script.request(Method::POST, "/graphql").json(&batch)).await;
    assert_eq!(ask().await.status, 200, "more than a bucket holds empties it");
    assert_refused(&ask().await);

    let nobody = Actor::anonymous(&served);
    let public = "{ a: viewer { id } b: viewer { id } ...f } fragment f on Query { c: viewer { id } d: viewer { id } }";
    let (before, refusal) = flood(async || graphql(&nobody, public, "198.51.100.7").await).await;
    assert!((5..10).contains(&before), "{before} were served");
    assert_refused(&refusal);
    assert_eq!(graphql(&nobody, public, "198.51.100.8").await.status, 200, "another address is served");
    // A credential that nobody knows is nobody's.
    let forged = Actor::anonymous(&served).bearer(server::access::Secret::token().expose());
    assert_refused(&flood(async || graphql(&forged, public, "198.51.100.7").await).await.1);
}

#[tokio::test]
async fn t52_an_organization_has_a_limit_of_its_own() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let served = World::replica(&FEW);
    let neighbour = other.script().await.at(&served);
    assert_eq!(asks(&neighbour).await.status, 200);
    let mut scripts = Vec::new();
    for _ in 0..7 {
        let script = organization.script().await.at(&served);
        // Known from here on.
        assert_eq!(asks(&script).await.status, 200);
        scripts.push(script);
    }
    let mut statuses = Vec::new();
    for script in &scripts {
        statuses.push(graphql(script, &aliases(19), "192.0.2.1").await.status);
    }
    assert_eq!(statuses[..5], [200; 5], "{statuses:?}");
    assert_eq!(statuses[6], 429, "each token is within its own limit: {statuses:?}");
    assert_eq!(graphql(&neighbour, &aliases(15), "192.0.2.1").await.status, 200, "another organization is served");
}
