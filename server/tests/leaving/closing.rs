//! Closing an organization stops every way in at once, on every replica; an owner brings it back as it was.

use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CLOSE, close, look, name, start, token};
use crate::support::{
    Actor, Organization, PASSWORD, World,
    process::Database,
    tracking::{ok, run_in},
};

/// One caller of every kind.
struct Callers {
    member: Actor,
    script: Actor,
    directory: Actor,
    link: String,
}

impl Callers {
    /// The statuses of what each of them asks at a server.
    async fn ask(&self, world: &World, owner: &Actor) -> Vec<(&'static str, bool)> {
        let viewer = async |actor: &Actor| actor.at(world).graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].is_string();
        let shared = world.anonymous();
        let shared = shared.request(Method::POST, "/graphql").header("authorization", format!("Link {}", self.link));
        let shared = world.anonymous().send(shared.json(&json!({ "query": "{ experiments { nodes { id } } }" }))).await.json();
        vec![
            ("the owner", viewer(owner).await),
            ("a member", viewer(&self.member).await),
            ("a script", viewer(&self.script).await),
            ("the protocol", self.script.at(world).mlflow("GET", "experiments/get?experiment_id=0", Value::Null).await.status == 200),
            ("a directory", self.directory.at(world).get("/scim/v2/Users").await.status == 200),
            ("a page", self.member.at(world).get("/experiments").await.status == 200),
            ("a link", shared["data"]["experiments"]["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty())),
        ]
    }
}

#[tokio::test]
async fn closing_stops_every_way_in_at_once_on_every_replica_without_redis() {
    let database = Database::create().await;
    let (world, replica) = (World::beside(&database, &["--redis-url="]), World::beside(&database, &["--redis-url="]));
    let organization = world.organization().await;
    let canary = world.organization().await;
    // Before anything is closed: invited while jobs run.
    let invited = organization.owner.graphql("mutation { inviteMember(email: \"mia@example.com\", role: \"viewer\") { id } }", Value::Null).await;
    assert!(invited["errors"].is_null(), "{invited}");
    world.drain().await;
    let invitation = token(&world, "mia@example.com").await;
    let member = invite(&world, &organization, "viewer").await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let link = format!("mutation {{ createLink(input: {{ shows: {{ run: \"{run}\" }}, label: \"l\", expiresInDays: 30 }}) {{ url }} }}");
    let link = organization.owner.graphql(&link, Value::Null).await["data"]["createLink"]["url"].as_str().expect("an address").to_owned();
    let callers = Callers {
        member,
        directory: organization.owner.token(&["scim:write"]).await,
        link: link.rsplit('/').next().expect("a secret").to_owned(),
        script,
    };
    for server in [&world, &replica] {
        for (who, enters) in callers.ask(server, &organization.owner).await {
            assert!(enters, "{who} before");
        }
    }
    // Somebody listens at the other server, and a job waits.
    let query = [
        ("query", "subscription($of: [ID!]!) { changes(of: $of) { of } }".to_owned()),
        ("variables", json!({ "of": [format!("run_{run}")] }).to_string()),
    ];
    let listening = callers.member.at(&replica).request(Method::GET, "/graphql/stream").query(&query).send().await.expect("answers");
    assert_eq!(listening.status(), 200);
    let mut listening = Box::pin(listening.bytes_stream());
    let export = start(&organization).await;

    let closed = close(&organization).await;
    assert!(closed["eraseAt"].as_str().is_some(), "{closed}");
    for server in [&replica, &world] {
        for (who, enters) in callers.ask(server, &organization.owner).await {
            assert!(!enters, "{who} enters what is closed");
        }
    }
    // The stream says so and ends by itself.
    let ends = async { while listening.next().await.is_some_and(|part| part.is_ok()) {} };
    tokio::time::timeout(Duration::from_secs(20), ends).await.expect("the stream ends");
    let refused = replica.anonymous().form("/sign-in", &[("email", &organization.owner.email), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    let joined = replica.anonymous().form("/invitation", &[("token", &invitation), ("name", "Mia"), ("password", PASSWORD)]).await;
    assert!((400..500).contains(&joined.status), "{}", joined.text());
    world.drain().await;
    let mut owner = organization_connection(&database, &organization.owner.email).await;
    let state: (String, i32, String) =
        sqlx::query_as("select e.state, j.attempt, j.state from exports e, public.jobs j where j.kind = 'export.step'")
            .fetch_one(&mut owner)
            .await
            .expect("a job");
    assert_eq!((state.0.as_str(), state.1, state.2.as_str()), ("running", 0, "queued"), "its jobs wait");
    // Nobody else notices.
    assert!(canary.owner.graphql("{ viewer { id } }", Value::Null).await["errors"].is_null());

    // An owner brings it back: everybody is where they were, and the work goes on.
    let secret = token(&world, &organization.owner.email).await;
    let answer = world.anonymous().form("/restore", &[("token", &secret)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/restore?done=1"), "{}", answer.text());
    for server in [&replica, &world] {
        for (who, enters) in callers.ask(server, &organization.owner).await {
            assert!(enters, "{who} after it was restored");
        }
    }
    world.drain().await;
    assert_eq!(look(&organization, &export).await["state"], "DONE");
    let again = world.anonymous().form("/restore", &[("token", &secret)]).await;
    assert_eq!(again.status, 422, "a link works once");
    let log = organization.owner.graphql("{ auditEntries(filter: { action: \"organization\" }) { nodes { action actor } } }", Value::Null).await;
    let nodes = log["data"]["auditEntries"]["nodes"].as_array().expect("entries").clone();
    let actions: Vec<&str> = nodes.iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["organization.restore", "organization.close", "organization.create"]);
    assert!(nodes.iter().all(|entry| entry["actor"] == organization.owner.email.as_str()), "{nodes:?}");
    let verified = organization.owner.graphql("{ auditVerification { finding } }", Value::Null).await;
    assert!(verified["data"]["auditVerification"]["finding"].is_null(), "{verified}");
}

/// A member of an organization whose server has no worker.
pub async fn invite(world: &World, organization: &Organization<'_>, role: &str) -> Actor {
    let email = format!("{role}-{}@example.com", uuid::Uuid::now_v7().simple());
    let mutation = "mutation($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }";
    let invited = organization.owner.graphql(mutation, json!({ "email": email, "role": role })).await;
    assert!(invited["errors"].is_null(), "{invited}");
    world.drain().await;
    Actor::accept_invitation(world, &world.link_to(&email).await, "Mia Member", PASSWORD).await
}

/// A connection with the owner's rights in the schema of an organization whose owner cannot be asked.
async fn organization_connection(database: &Database, email: &str) -> sqlx::PgConnection {
    let mut connection = database.connect().await;
    let sql = "select set_config('search_path', 't_' || replace(m.tenant_id::text, '-', '') || ',public', false), set_config('app.tenant_id', m.tenant_id::text, false) \
        from public.memberships m join public.people p on p.id = m.person_id where p.email = $1";
    sqlx::query(sql).bind(email).execute(&mut connection).await.expect("enters");
    connection
}

#[tokio::test]
async fn only_an_owner_who_types_the_name_and_signed_in_lately_closes_it() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let own = name(&organization.owner).await;
    let refused = async |actor: &Actor, name: &str| {
        let answer = actor.graphql(CLOSE, json!({ "name": name })).await;
        (Actor::code(&answer).to_owned(), answer["errors"][0]["extensions"]["field"].as_str().unwrap_or_default().to_owned())
    };
    for wrong in ["", "Team", &own.to_uppercase(), &format!("{own}!")] {
        assert_eq!(refused(&organization.owner, wrong).await, ("INVALID".into(), "name".into()), "{wrong}");
    }
    let admin = invite(&world, &organization, "admin").await;
    assert_eq!(refused(&admin, &own).await.0, "FORBIDDEN");
    assert_eq!(Actor::code(&admin.graphql("{ organizationContents { runs } }", Value::Null).await), "FORBIDDEN");
    assert_eq!(refused(&organization.script().await, &own).await.0, "FORBIDDEN", "a token outlives whoever finds it");
    world.clock.advance(TimeDelta::minutes(61));
    assert_eq!(refused(&organization.owner, &own).await.0, "FORBIDDEN", "a browser that was left open");
    assert!(organization.owner.graphql("{ viewer { id } }", Value::Null).await["errors"].is_null(), "nothing was closed");
    let fresh = Actor::sign_in(&world, &organization.owner.email, PASSWORD).await;
    let held = fresh.graphql("{ organizationContents { members projects experiments runs files bytes tokens } }", Value::Null).await;
    let held = &held["data"]["organizationContents"];
    assert_eq!((&held["members"], &held["projects"], &held["experiments"]), (&json!(2), &json!(1), &json!(1)), "{held}");
    let closed = fresh.graphql(CLOSE, json!({ "name": format!(" {own} ") })).await;
    assert!(closed["errors"].is_null(), "{closed}");
}

#[tokio::test]
async fn only_owners_of_the_moment_restore_it_and_a_second_closing_has_its_own_end() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let second = invite(&world, &organization, "admin").await;
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = members["data"]["members"]["nodes"].as_array().expect("members").clone();
    let id = nodes.iter().find(|node| node["email"] == second.email.as_str()).expect("the member")["id"].as_str().expect("an id").to_owned();
    let roles = "mutation($id: ID!, $roles: [String!]!) { updateMemberRoles(id: $id, roles: $roles) { id } }";
    let answer = organization.owner.graphql(roles, json!({ "id": id, "roles": ["owner"] })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    close(&organization).await;
    world.drain().await;
    let links = [token(&world, &organization.owner.email).await, token(&world, &second.email).await];
    assert_ne!(links[0], links[1], "each owner has their own");
    for forged in ["", "x", &"A".repeat(43)] {
        assert_eq!(world.anonymous().form("/restore", &[("token", forged)]).await.status, 422);
    }
    // Whoever is no owner any more has a link that is worth nothing.
    let mut connection = world.connect().await;
    let demote = "update public.memberships m set roles = '{viewer}' from public.people p where p.id = m.person_id and p.email = $1";
    sqlx::query(demote).bind(&second.email).execute(&mut connection).await.expect("changes");
    assert_eq!(world.anonymous().form("/restore", &[("token", &links[1])]).await.status, 422);
    let page = world.anonymous().get(&format!("/restore?token={}", links[0])).await;
    assert!(page.status == 200 && page.text().contains("Restore the organization"));
    assert_eq!(world.anonymous().form("/restore", &[("token", &links[0])]).await.status, 303);
    // Restored on the first day, closed again on the tenth: the first end passes without effect.
    world.clock.advance(TimeDelta::days(10));
    let owner = Actor::sign_in(&world, &organization.owner.email, PASSWORD).await;
    let own = name(&owner).await;
    assert!(owner.graphql(CLOSE, json!({ "name": own })).await["errors"].is_null());
    world.clock.advance(TimeDelta::days(5));
    world.drain().await;
    let fresh = token(&world, &owner.email).await;
    assert_eq!(world.anonymous().form("/restore", &[("token", &fresh)]).await.status, 303, "it is there on day fifteen");
    assert!(owner.graphql("{ viewer { id } }", Value::Null).await["errors"].is_null());
    let owner = Actor::sign_in(&world, &organization.owner.email, PASSWORD).await;
    let runs = ok(&owner.token(&["*"]).await, "POST", "runs/search", json!({ "experiment_ids": ["0"] })).await;
    assert!(runs.is_object());
}
