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

#[tokio::test]
async fn c5_2d_c7_1c_a_logger_is_shut_out_of_a_project_from_the_moment_on_in_which_it_is_restricted() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let made = owner.graphql("mutation { createProject(name: \"Vault\") { id slug } }", Value::Null).await["data"]["createProject"].clone();
    let logger = organization.member("data_scientist").await.token(&["*"]).await;
    let inside = async |path: &str, body: Value| {
        let request = logger.request(reqwest::Method::POST, &format!("/api/2.0/mlflow/{path}"));
        logger.send(request.header("x-mlflow-workspace", made["slug"].as_str().expect("a slug")).json(&body)).await
    };
    let experiment = inside("experiments/create", json!({ "name": "e" })).await.json()["experiment_id"].clone();
    let run = inside("runs/create", json!({ "experiment_id": experiment })).await.json()["run"]["info"]["run_id"].clone();
    let run = run.as_str().expect("an id");
    for (step, access, status) in [(1, "OPEN", 200), (2, "RESTRICTED", 404), (3, "OPEN", 200)] {
        let change = format!("mutation {{ setProjectAccess(id: {}, access: {access}) }}", made["id"]);
        let changed = owner.graphql(&change, Value::Null).await;
        assert!(changed["errors"].is_null(), "{changed}");
        for again in 0..2 {
            for (path, body) in calls(run, 10 * step + again) {
                let answer = inside(path, body).await;
                assert_eq!(answer.status, status, "{access}: {path}: {}", answer.text());
            }
        }
    }
    let script = organization.script().await;
    let steps: Vec<Value> = history(&script, run, "m").await.iter().map(|point| point["step"].clone()).collect();
    assert_eq!(steps, [10, 11, 30, 31], "what was refused was not written");
}
