//! What loggers send shares transactions with others' requests: each is refused from the moment on in which its rights end, and no other with it.

use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    actor::Answer,
    tracking::{get, history, run_in},
    world,
};

/// What a logger sends all the time.
fn calls(run: &str, step: i64) -> [(&'static str, Value); 4] {
    let point = json!({ "key": "m", "value": step, "timestamp": step, "step": step });
    let mut one = point.clone();
    one["run_id"] = json!(run);
    [
        ("runs/log-metric", one),
        ("runs/log-batch", json!({ "run_id": run, "metrics": [point], "tags": [{ "key": "t", "value": step.to_string() }] })),
        ("runs/log-parameter", json!({ "run_id": run, "key": format!("p{step}"), "value": "1" })),
        ("runs/set-tag", json!({ "run_id": run, "key": "t", "value": step.to_string() })),
    ]
}

/// Sends all of it, by both servers, together with somebody's whose rights go on: their requests come into the same transactions.
async fn rush(logger: &Actor, run: &str, other: &Actor, other_run: &str, replica: &World, step: i64) -> (Vec<u16>, Vec<u16>) {
    let send = |actor: Actor, path: &'static str, body: Value| async move { actor.mlflow("POST", path, body).await };
    let mut sent = Vec::new();
    for server in [world(), replica] {
        for (at, (actor, run)) in [(logger, run), (other, other_run)].into_iter().enumerate() {
            sent.extend(calls(run, step).into_iter().map(|(path, body)| (at, send(actor.at(server), path, body))));
        }
    }
    let (whose, sent): (Vec<usize>, Vec<_>) = sent.into_iter().unzip();
    let answers: Vec<Answer> = futures::future::join_all(sent).await;
    let statuses = |of: usize| -> Vec<u16> { whose.iter().zip(&answers).filter(|(at, _)| **at == of).map(|(_, answer)| answer.status).collect() };
    (statuses(0), statuses(1))
}

#[tokio::test]
async fn t13_c7_1c_a_logger_whose_rights_end_logs_nothing_more_on_any_replica() {
    let (organization, replica) = (world().organization().await, World::replica(&[]));
    let other = organization.script().await;
    let other_run = run_in(&other, "0").await;
    let member = organization.member("data_scientist").await;
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = members["data"]["members"]["nodes"].as_array().expect("members").clone();
    let id = nodes.iter().find(|node| node["email"] == member.email.as_str()).and_then(|node| node["id"].as_str()).expect("the member").to_owned();
    let become_a = async |role: &str| {
        let change = "mutation($id: ID!, $roles: [String!]!) { updateMemberRoles(id: $id, roles: $roles) { id } }";
        let answer = organization.owner.graphql(change, json!({ "id": id, "roles": [role] })).await;
        assert!(answer["errors"].is_null(), "{answer}");
    };
    let revoke = async || {
        let tokens = member.graphql("{ tokens { nodes { id } } }", Value::Null).await;
        let token = tokens["data"]["tokens"]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
        let answer = member.graphql(&format!("mutation {{ revokeToken(id: \"{token}\") {{ id }} }}"), Value::Null).await;
        assert!(answer["errors"].is_null(), "{answer}");
    };
    let logger = member.token(&["*"]).await;
    let run = run_in(&logger, "0").await;
    for (step, status) in [(1, 403), (2, 401)] {
        assert_eq!(rush(&logger, &run, &other, &other_run, &replica, 10 * step).await, (vec![200; 8], vec![200; 8]));
        let before = (get(&other, &run).await, history(&other, &run, "m").await);
        if status == 403 {
            become_a("viewer").await;
        } else {
            revoke().await;
        }
        assert_eq!(rush(&logger, &run, &other, &other_run, &replica, 10 * step + 1).await, (vec![status; 8], vec![200; 8]));
        assert_eq!((get(&other, &run).await, history(&other, &run, "m").await), before, "nothing was written");
        become_a("data_scientist").await;
    }
}
