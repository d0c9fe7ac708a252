//! What an address is to anybody is not told by what a request does for it either. Counted, not timed: passwords that are hashed, transactions with their
//! statements, jobs that are asked for.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    support::{PASSWORD, World},
    telemetry::counted::Counted,
};

fn unknown() -> String {
    format!("nobody-{}@example.com", Uuid::now_v7().simple())
}

/// What only a known address has, a link to choose another password, is made by the job that each of them asks for: after the answer, by a worker.
#[tokio::test]
async fn t12_t61_a_known_address_costs_what_an_unknown_one_costs() {
    let world = World::alone(&[]).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let known = [theirs.owner.email.clone(), theirs.member("viewer").await.email];
    let counted = Counted::on(&world.database());
    let (visitor, owner) = (counted.server.visitor(), ours.owner.at_process(&counted.server));
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    let request = |way: &str, email: &str| match way {
        "/forgot-password" => visitor.filled(way, &[("email", email)]),
        "/sign-up" => visitor.filled(way, &[("organization", "Team"), ("name", "Ada"), ("email", email), ("password", PASSWORD)]),
        _ => owner.request(Method::POST, "/graphql").json(&json!({ "query": invite, "variables": { "email": email } })),
    };
    let mut asked = Vec::new();
    for (way, status, hashed, job) in [
        ("/forgot-password", 303, 0, "password.mail_reset"),
        ("/sign-up", 303, 1, "mail.send"),
        // Who invites is a member elsewhere: there the addresses are known, not here.
        ("inviteMember", 200, 0, "mail.send"),
    ] {
        let mut traces = Vec::new();
        // What a server does once it has done with the first.
        for email in [unknown(), unknown(), known[0].clone(), known[1].clone()] {
            let before = counted.server.hashes().await;
            let (answer, trace) = counted.send(&visitor, request(way, &email)).await;
            let hashes = counted.server.hashes().await - before;
            assert_eq!((answer.status, hashes), (status, hashed), "{way} {email}: {}", answer.text());
            assert!(answer.json()["errors"].is_null(), "{way} {email}: {}", answer.text());
            traces.push((email, trace));
        }
        asked.push((way, job, traces));
    }
    let costs = counted.end().await;
    for (way, job, traces) in asked {
        let expected = costs.of(&traces[1].1);
        assert!(costs.statements(&traces[1].1) > 1, "{way}: {expected:?}");
        for (email, trace) in &traces[1..] {
            assert_eq!((costs.of(trace), costs.jobs(trace)), (expected.clone(), vec![job]), "{way} {email}");
        }
    }
}
