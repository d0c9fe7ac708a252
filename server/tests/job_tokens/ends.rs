//! When a job token ends, and who makes one.

use super::{create, job, log, running};
use crate::support::{
    Actor, Organization, World,
    tracking::{ok, run_in},
    world,
};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

/// Asks as somebody who may; what is answered.
async fn act(actor: &Actor, mutation: &str) -> Value {
    let answer = actor.graphql(&format!("mutation {{ {mutation} }}"), Value::Null).await;
    assert!(answer["errors"].is_null(), "{mutation}: {answer}");
    answer["data"].clone()
}

/// The code that making a token is refused with.
async fn refusal(actor: &Actor, run: &str, hours: i32) -> String {
    Actor::code(&actor.graphql(&create(run, hours), Value::Null).await).to_owned()
}

#[tokio::test]
async fn t16_a_token_ends_with_its_run_for_good() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    for end in ["FINISHED", "FAILED", "KILLED"] {
        let (run, _) = running(&organization).await;
        let (id, job) = job(owner, &run, 24).await;
        assert_eq!(log(&job, &run).await, 200);
        ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": end })).await;
        assert_eq!(log(&job, &run).await, 401, "{end}");
        ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "RUNNING" })).await;
        assert_eq!(log(&job, &run).await, 401, "{end}: a run that goes on again has no token of before");
        let revoke = owner.graphql(&format!("mutation {{ revokeJobToken(id: \"{id}\") {{ id }} }}"), Value::Null).await;
        assert_eq!(Actor::code(&revoke), "NOT_FOUND");
    }
    let (run, experiment) = running(&organization).await;
    for (remove, restore) in [
        (format!("removeRuns(ids: [\"run_{run}\"]) {{ id }}"), format!("restoreRuns(ids: [\"run_{run}\"]) {{ id }}")),
        (format!("removeExperiment(id: \"{experiment}\") {{ id }}"), format!("restoreExperiment(id: \"{experiment}\") {{ id }}")),
    ] {
        let (_, job) = job(owner, &run, 24).await;
        assert_eq!(log(&job, &run).await, 200);
        act(owner, &remove).await;
        assert_eq!(log(&job, &run).await, 401, "{remove}");
        assert_eq!(refusal(owner, &run, 24).await, "CONFLICT", "{remove}");
        act(owner, &restore).await;
        assert_eq!(log(&job, &run).await, 401, "{restore}");
    }
}

#[tokio::test]
async fn t16_a_token_expires_and_is_revoked_on_every_replica_at_once() {
    let organization = world().organization().await;
    let (run, _) = running(&organization).await;
    let replica = World::replica(&[]);
    let (id, revoked) = job(&organization.owner, &run, 24).await;
    let (_, expiring) = job(&organization.owner, &run, 1).await;
    for job in [&revoked, &revoked.at(&replica), &expiring.at(&replica)] {
        assert_eq!(log(job, &run).await, 200);
    }
    act(&organization.owner, &format!("revokeJobToken(id: \"{id}\") {{ id }}")).await;
    for job in [&revoked, &revoked.at(&replica)] {
        assert_eq!(log(job, &run).await, 401);
    }
    assert_eq!(log(&expiring, &run).await, 200, "the other one goes on");
    replica.clock.advance(TimeDelta::minutes(61));
    assert_eq!(log(&expiring.at(&replica), &run).await, 401);
    let log = "{ auditEntries { nodes { action subjectName detail } } }";
    let log = organization.owner.graphql(log, Value::Null).await.to_string();
    assert!(log.contains("job_token.create") && log.contains("job_token.revoke") && !log.contains(revoked.secret()), "{log}");
}

#[tokio::test]
async fn t16_a_token_ends_with_the_right_of_who_made_it() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let (run, _) = running(&organization).await;
    let id_of = async |member: &Actor| {
        let found = owner.graphql("{ members { nodes { id email } } }", Value::Null).await["data"]["members"]["nodes"].clone();
        let own = found.as_array().into_iter().flatten().find(|one| one["email"] == member.email.as_str()).expect("a member").clone();
        own["id"].as_str().expect("an id").to_owned()
    };
    for (end, back) in [
        ("updateMemberRoles(id: \"$\", roles: [\"viewer\"]) { id }", Some("updateMemberRoles(id: \"$\", roles: [\"ml_engineer\"]) { id }")),
        ("removeMember(id: \"$\") { id }", None),
    ] {
        let member = organization.member("ml_engineer").await;
        let id = id_of(&member).await;
        let (_, job) = job(&member, &run, 24).await;
        assert_eq!(log(&job, &run).await, 200);
        act(owner, &end.replace('$', &id)).await;
        assert_eq!(log(&job, &run).await, 401, "{end}");
        if let Some(back) = back {
            act(owner, &back.replace('$', &id)).await;
            assert_eq!(log(&job, &run).await, 200, "{back}");
        }
    }
    closed_project(&organization).await;
}

/// A project that is closed to who made the token.
async fn closed_project(organization: &Organization<'_>) {
    let (owner, member) = (&organization.owner, organization.member("ml_engineer").await);
    let project = act(owner, "createProject(name: \"Vault\") { id slug }").await["createProject"].clone();
    let (project, slug) = (project["id"].as_str().expect("an id"), project["slug"].as_str().expect("a slug"));
    let script = organization.script().await;
    let inside = async |path: &str, body: Value| {
        let request = script.request(Method::POST, &format!("/api/2.0/mlflow/{path}")).header("x-mlflow-workspace", slug);
        script.send(request.json(&body)).await.json()
    };
    let experiment = inside("experiments/create", json!({ "name": "closed" })).await["experiment_id"].clone();
    let run = inside("runs/create", json!({ "experiment_id": experiment })).await["run"]["info"]["run_id"].clone();
    let run = run.as_str().expect("an id");
    let (_, job) = job(&member, run, 24).await;
    assert_eq!(log(&job, run).await, 200);
    act(owner, &format!("setProjectAccess(id: \"{project}\", access: RESTRICTED)")).await;
    assert_eq!(log(&job, run).await, 401, "the run is not there for its maker");
    assert_eq!(refusal(&member, run, 24).await, "NOT_FOUND");
    let members = owner.graphql("{ members { nodes { id email } } }", Value::Null).await["data"]["members"]["nodes"].clone();
    let own = members.as_array().into_iter().flatten().find(|one| one["email"] == member.email.as_str()).expect("a member")["id"].clone();
    act(owner, &format!("setProjectMember(project: \"{project}\", member: {own}, role: \"viewer\") {{ id }}")).await;
    assert_eq!(log(&job, run).await, 401, "seeing it is not logging to it");
    assert_eq!(refusal(&member, run, 24).await, "FORBIDDEN");
}

#[tokio::test]
async fn t15_t16_a_token_is_made_in_a_fresh_session_for_a_run_that_goes_on_and_for_a_week_at_most() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let (run, experiment) = running(&organization).await;
    for hours in [0, -1, 169, i32::MAX] {
        assert_eq!(refusal(owner, &run, hours).await, "INVALID", "{hours}");
    }
    let (_, job_of_a_week) = job(owner, &run, 168).await;
    let replica = World::replica(&[]);
    replica.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    assert_eq!(log(&job_of_a_week.at(&replica), &run).await, 200);
    replica.clock.advance(TimeDelta::minutes(1));
    assert_eq!(log(&job_of_a_week.at(&replica), &run).await, 401);

    assert_eq!(refusal(&organization.member("viewer").await, &run, 24).await, "FORBIDDEN");
    assert_eq!(refusal(&organization.script().await, &run, 24).await, "FORBIDDEN", "a token makes no token");
    assert_eq!(refusal(&world().organization().await.owner, &run, 24).await, "NOT_FOUND");
    let late = World::replica(&[]);
    late.clock.advance(TimeDelta::minutes(61));
    assert_eq!(refusal(&owner.at(&late), &run, 24).await, "FORBIDDEN", "the sign-in is an hour old");

    let script = organization.script().await;
    let ended = run_in(&script, &experiment).await;
    ok(&script, "POST", "runs/update", json!({ "run_id": ended, "status": "FAILED" })).await;
    assert_eq!(refusal(owner, &ended, 24).await, "CONFLICT");
    for _ in 0..19 {
        job(owner, &run, 1).await;
    }
    assert_eq!(refusal(owner, &run, 1).await, "LIMIT_EXCEEDED");
}
