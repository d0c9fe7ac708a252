//! Every route outside the MLflow protocol, as everybody. Routes come from the tables that they are mounted from (`tests/architecture.rs` keeps others from
//! being mounted), each with its policy.

use serde_json::{Value, json};
use server::http::routes::{Route, Who, routes};
use shared::{Permission, Role};

use super::{MUTATIONS, Policy, QUERIES, fixture::Fixture, narrow_tokens, roles::may};
use crate::support::{Actor, PASSWORD, actor::Answer, world};

/// How a route is asked: what stands for its path and query, and the form. A route that is missing here is asked with an empty form.
const ASKED: &[(&str, &str, &str)] = &[
    ("/pkg/{file:.*}", "/pkg/absent.js", ""),
    ("/graphql/stream", "/graphql/stream?query=x", ""),
    ("/sso/begin/{organization}", "/sso/begin/absent", ""),
    ("/artifacts/runs/{id}/{path:.*}", "/artifacts/runs/$run/CANARY.txt", ""),
    ("/artifacts/models/{id}/{path:.*}", "/artifacts/models/$absentrun/CANARY.txt", ""),
    ("/exports/{id}", "/exports/xpt_$absentimport", ""),
    ("/compare/report", "/compare/report?format=csv&run=$run", ""),
    ("/experiments/{id}/table.csv", "/experiments/$experiment/table.csv", ""),
    ("/experiments/{id}/table.parquet", "/experiments/$experiment/table.parquet", ""),
    ("/experiments/{id}/table.arrow", "/experiments/$experiment/table.arrow", ""),
    ("/runs/{id}/reproduce.sh", "/runs/$run/reproduce.sh", ""),
    ("/end-session", "/end-session", "session=ses_$absentsession"),
    ("/scim/v2/ResourceTypes/{id}", "/scim/v2/ResourceTypes/User", ""),
    ("/scim/v2/Schemas/{id}", "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", ""),
    ("/scim/v2/Users/{id}", "/scim/v2/Users/mem_$absentmember", ""),
    ("/scim/v2/Groups/{id}", "/scim/v2/Groups/grp_$absentmember", ""),
    ("/scim/v2/{rest:.*}", "/scim/v2/nothing", ""),
];

/// These end what they are asked with.
const LEAVING: [&str; 2] = ["/sign-out", "/sign-out-everywhere"];

async fn ask(actor: &Actor, route: &Route, fixture: &Fixture) -> Answer {
    // A directory is known by a token alone.
    let script =
        if route.path.starts_with("/scim/") && actor.secret().is_empty() && !actor.email.is_empty() { Some(actor.token(&["*"]).await) } else { None };
    let actor = script.as_ref().unwrap_or(actor);
    let (path, form) = ASKED.iter().find(|(pattern, ..)| *pattern == route.path).map_or((route.path, ""), |(_, path, form)| (path, form));
    let path = fixture.fill(path);
    assert!(!path.contains('{'), "{path}: nothing stands for its parameters");
    // PUT is no row's own: it reaches those that take every other method.
    let method = route.method.as_ref().map_or("PUT", |method| method.as_str()).parse().expect("a method");
    let request = actor.request(method, &path).header("content-type", "application/x-www-form-urlencoded");
    actor.send(if route.method.as_ref().is_some_and(|method| method.as_str() == "POST") { request.body(fixture.fill(form)) } else { request }).await
}

fn check(whom: &str, route: &Route, answer: &Answer, may: impl Fn(Permission) -> bool) {
    let allowed = match route.who {
        Who::Public | Who::Loopback | Who::SignedIn => true,
        Who::Needs(permission) => may(permission),
    };
    let method = route.method.as_ref().map_or("*", |method| method.as_str());
    assert!(answer.status < 500, "{whom} {method} {}: {} {}", route.path, answer.status, answer.text());
    assert_eq!(answer.status != 403, allowed, "{whom} {method} {}: {} {}", route.path, answer.status, answer.text());
    let turned_away = answer.status == 401 || answer.header("location").starts_with("/sign-in");
    assert!(!turned_away || matches!(route.path, "/sign-in") || LEAVING.contains(&route.path), "{whom} {method} {}: {}", route.path, answer.status);
}

#[tokio::test]
async fn c7_1a_c7_1b_every_route_answers_each_role_as_its_row_says() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    // Before the owner has signed out.
    let mut actors = Vec::new();
    for role in Role::ALL {
        actors.push((role, if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await }));
    }
    for (role, actor) in actors {
        let leaves = |route: &&Route| LEAVING.contains(&route.path);
        for route in routes().filter(|route| !leaves(route)).chain(routes().filter(leaves)) {
            let own = if LEAVING.contains(&route.path) { Actor::sign_in(world(), &actor.email, PASSWORD).await } else { actor.clone() };
            check(role.as_str(), route, &ask(&own, route, &fixture).await, |permission| may(*role, permission));
            if LEAVING.contains(&route.path) {
                assert_eq!(Actor::code(&own.graphql("{ viewer { id } }", Value::Null).await), "UNAUTHENTICATED", "{}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn t15_each_scope_alone_opens_only_the_routes_it_names() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    for (scope, script) in narrow_tokens(&organization).await {
        // Signing out ends a session, and founding an organization is for people: a token has neither.
        for route in routes().filter(|route| route.who != Who::SignedIn) {
            check(scope.as_str(), route, &ask(&script, route, &fixture).await, |permission| permission == scope);
        }
    }
}

#[tokio::test]
async fn t16_no_route_takes_a_job_token() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let job = organization.owner.job_token(&fixture.0["run"]).await;
    for route in routes().filter(|route| matches!(route.who, Who::SignedIn | Who::Needs(_))) {
        let answer = ask(&job, route, &fixture).await;
        let turned_away = answer.status == 401 || answer.header("location").starts_with("/sign-in");
        assert!(turned_away, "{}: {} {}", route.path, answer.status, answer.text());
    }
    for (field, policy, query) in QUERIES.iter().chain(MUTATIONS).filter(|(_, policy, _)| *policy != Policy::Public) {
        let answer = job.graphql(&fixture.fill(query), Value::Null).await;
        assert_eq!(Actor::code(&answer), "UNAUTHENTICATED", "{field} {policy:?}: {answer}");
    }
}

#[tokio::test]
async fn c7_1b_every_route_turns_nobody_away_and_shows_a_stranger_nothing() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let (nobody, stranger) = (world().anonymous(), world().organization().await.owner);
    for route in routes() {
        let method = route.method.as_ref().map_or("*", |method| method.as_str());
        let answer = ask(&nobody, route, &fixture).await;
        let turned_away = answer.status == 401 || answer.header("location").starts_with("/sign-in");
        // Signing in with nothing typed is refused with the same status.
        let public = matches!(route.who, Who::Public | Who::Loopback);
        assert!(turned_away != public || route.path == "/sign-in", "{method} {}: {} {}", route.path, answer.status, answer.text());
        if LEAVING.contains(&route.path) {
            continue;
        }
        let answer = ask(&stranger, route, &fixture).await;
        let text = answer.text().replace("CANARY.txt", "");
        assert!(!text.contains("CANARY"), "{method} {}: {text}", route.path);
        if ASKED.iter().any(|(pattern, path, _)| *pattern == route.path && path.contains("$run")) {
            assert_eq!(answer.status, 404, "{method} {}: {text}", route.path);
        }
    }
}

#[tokio::test]
async fn c7_1b_every_route_enters_a_refusal() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let mut count = 0;
    for route in routes() {
        let Who::Needs(permission) = route.who else { continue };
        if may(Role::Viewer, permission) {
            continue;
        }
        let viewer = organization.member("viewer").await;
        assert_eq!(ask(&viewer, route, &fixture).await.status, 403, "{}", route.path);
        let log = "query($filter: AuditFilter) { auditEntries(filter: $filter) { nodes { subjectName } } }";
        let filter = json!({ "filter": { "action": "authorization.denied", "outcome": "DENIED", "actor": viewer.email } });
        let entries = organization.owner.graphql(log, filter).await["data"]["auditEntries"]["nodes"].clone();
        assert_eq!(entries, json!([{ "subjectName": permission.as_str() }]), "{}", route.path);
        count += 1;
    }
    assert!(count >= 3, "only {count} routes were refused");
}
