//! What operators do for an organization whose storage is full, or must not become so.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, process::Database};

#[tokio::test]
async fn t25_an_operator_sees_what_an_organization_stores_and_says_what_it_may() {
    let database = Database::create().await;
    let world = World::beside(&database, &["--storage-quota=2kB"]);
    let organization = world.organization().await;
    let owner = &organization.owner;
    let viewer = owner.graphql("{ viewer { organization { slug } } storage { used quota } }", Value::Null).await;
    assert_eq!(viewer["data"]["storage"], json!({ "used": 0, "quota": 2_000 }), "what the server gives who is founded");
    let slug = viewer["data"]["viewer"]["organization"]["slug"].as_str().expect("a slug");
    let script = organization.script().await;
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json();
    let path = format!("/api/2.0/mlflow-artifacts/artifacts/0/{}/artifacts/a.bin", run["run"]["info"]["run_id"].as_str().expect("an id"));
    let put = async |size: usize| script.send(script.request(Method::PUT, &path).body(vec![7; size])).await.status;
    assert_eq!((put(2_001).await, put(1_500).await), (413, 200));

    let quota = |more: &[&str]| database.attempt(&[&["quota", slug], more].concat());
    for (more, said) in [
        (&[][..], format!("{slug} stores 1.5 kB of 2.0 kB.\n")),
        (&["--storage", "1.5GB"], format!("{slug} stores 1.5 kB of 1.5 GB.\n")),
        (&["--no-limit"], format!("{slug} stores 1.5 kB, without a limit.\n")),
        (&["--storage=1000"], format!("{slug} stores 1.5 kB of 1.0 kB.\n")),
    ] {
        assert_eq!(quota(more), (Some(0), said), "{more:?}");
    }
    assert_eq!(put(10).await, 413, "the running server knows at once");
    for (arguments, status, words) in [
        (vec!["quota", "nobody"], 1, "was not found"),
        (vec!["quota", "nobody", "--no-limit"], 1, "was not found"),
        (vec!["quota", slug, "--storage", "fifty"], 2, "Write a size as"),
        (vec!["quota", slug, "--storage", "1GB", "--no-limit"], 2, "cannot be used with"),
        (vec!["quota"], 2, "ORGANIZATION"),
    ] {
        let (found, said) = database.refused(&arguments);
        assert!(found == Some(status) && said.contains(words), "{arguments:?}: {said}");
    }
    let query = "{ auditEntries(filter: { action: \"storage.set_quota\" }) { nodes { actorKind actor subjectKind detail } } }";
    let entries = owner.graphql(query, Value::Null).await["data"]["auditEntries"]["nodes"].clone();
    let details: Vec<&str> = entries.as_array().expect("entries").iter().filter_map(|entry| entry["detail"].as_str()).collect();
    assert_eq!(details, [r#"{"before":null,"quota":1000}"#, r#"{"before":1500000000,"quota":null}"#, r#"{"before":2000,"quota":1500000000}"#]);
    assert_eq!((&entries[0]["actorKind"], &entries[0]["subjectKind"]), (&json!("operator"), &json!("organization")), "{entries}");
    assert_eq!(database.attempt(&["audit", "verify"]).0, Some(0), "the chain is whole with it");
}
