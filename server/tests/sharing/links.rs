//! Links that show one experiment, or one run, to whoever has them.

use super::place::{Place, ask, code};
use crate::support::{
    Actor, World,
    actor::Answer,
    database_url,
    tracking::{ok, run_in},
    world,
};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, Row};

/// Makes a link; its secret and its id.
async fn link(actor: &Actor, shows: &str, days: i32) -> (String, String) {
    let mutation = format!(
        "mutation {{ createLink(input: {{ shows: {{ {shows} }}, label: \"For the customer\", expiresInDays: {days} }}) {{ url link {{ id }} }} }}"
    );
    let made = ask(actor, &mutation).await["createLink"].clone();
    let url = made["url"].as_str().unwrap_or_else(|| panic!("{made}"));
    (url.rsplit('/').next().expect("a secret").to_owned(), made["link"]["id"].as_str().expect("an id").to_owned())
}

/// Asks as whoever has the link.
async fn by_link(world: &World, secret: &str, query: &str) -> Value {
    let visitor = Actor::anonymous(world);
    let request = visitor.request(Method::POST, "/graphql").header("authorization", format!("Link {secret}")).json(&json!({ "query": query }));
    visitor.send(request).await.json()
}

async fn page(world: &World, path: &str) -> Answer {
    Actor::anonymous(world).get(path).await
}

/// A project with an experiment, in which everything is called CANARY, and another experiment that is not shown.
async fn beside(script: &Actor) -> (String, String) {
    let made = ok(script, "POST", "experiments/create", json!({ "name": "UNSHOWN" })).await;
    let experiment = made["experiment_id"].as_str().expect("an id").to_owned();
    let run = run_in(script, &experiment).await;
    ok(script, "POST", "runs/log-parameter", json!({ "run_id": run, "key": "UNSHOWN", "value": "UNSHOWN" })).await;
    (experiment, run)
}

#[tokio::test]
async fn c5_2d_a_link_shows_its_experiment_and_nothing_else() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let (unshown, hidden) = beside(&organization.script().await).await;
    let (secret, _) = link(&organization.owner, &format!("experiment: \"{}\"", place.experiment), 7).await;

    let shown = by_link(
        world(),
        &secret,
        "{ openedLink { organization runId experiment { id name runs { nodes { id params { key } metrics { key value } } } } } }",
    )
    .await;
    assert!(shown["errors"].is_null() && shown.to_string().contains(&place.run), "{shown}");
    assert!(shown["data"]["openedLink"]["runId"].is_null());
    let whole = by_link(
        world(),
        &secret,
        &format!("{{ run(id: \"run_{}\") {{ name series(keys: [\"loss\"]) {{ total values }} datasets {{ name }} }} }}", place.run),
    )
    .await;
    assert!(whole["errors"].is_null(), "{whole}");
    assert!(whole["data"]["run"]["series"][0]["total"].as_i64() > Some(0), "{whole}");

    // Lists hold what it shows alone; what is named by its id is not there.
    for query in [
        "{ experiments { nodes { id name } totalCount } }".to_owned(),
        "{ search(text: \"UNSHOWN\") { id title } }".to_owned(),
        format!("{{ experiment(id: \"{unshown}\") {{ name }} }}"),
        format!("{{ run(id: \"run_{hidden}\") {{ name params {{ key }} }} }}"),
        format!("{{ runTable(experiments: [\"{unshown}\"]) {{ rows }} }}"),
        format!("{{ runCurves(runs: [\"run_{hidden}\"], key: \"loss\") {{ total }} }}"),
        format!("{{ comparison(of: {{ runs: [\"run_{hidden}\"] }}) {{ groups {{ name }} }} }}"),
    ] {
        let answer = by_link(world(), &secret, &query).await;
        let named = answer["data"]["search"].as_array().is_none_or(|found| found.iter().all(|one| one["id"] != unshown.as_str()));
        assert!(named && !answer["data"].to_string().contains("UNSHOWN"), "{query}: {answer}");
    }
    // Of the shown experiment there is no more than what a link is for.
    for query in [
        format!("{{ threads(about: \"run_{}\") {{ nodes {{ id }} }} }}", place.run),
        format!("{{ run(id: \"run_{}\") {{ artifacts {{ path }} }} }}", place.run),
        "{ members { nodes { email } } }".to_owned(),
        "{ projects { name } }".to_owned(),
        "{ auditEntries { nodes { actor } } }".to_owned(),
        format!("{{ links(experiment: \"{}\") {{ totalCount }} }}", place.experiment),
    ] {
        let answer = by_link(world(), &secret, &query).await;
        assert_eq!(Actor::code(&answer), "FORBIDDEN", "{query}: {answer}");
    }
    for query in
        ["{ templates { nodes { id } } }".to_owned(), format!("{{ experiment(id: \"{}\") {{ traces {{ nodes {{ id }} }} }} }}", place.experiment)]
    {
        let answer = by_link(world(), &secret, &query).await;
        assert!(answer["errors"].is_null() && !answer.to_string().contains("\"id\""), "{query}: {answer}");
    }
    for mutation in place.writes() {
        let answer = by_link(world(), &secret, &mutation).await;
        assert_eq!(Actor::code(&answer), "FORBIDDEN", "{mutation}: {answer}");
    }
    let visitor = Actor::anonymous(world());
    let file = format!("/artifacts/runs/run_{}/CANARY.txt", place.run);
    for path in ["/api/2.0/mlflow/experiments/search?max_results=10", "/graphql/stream?query=x", &file] {
        let answer = visitor.send(visitor.request(Method::GET, path).header("authorization", format!("Link {secret}"))).await;
        assert_eq!(answer.status, 401, "{path}: a link is for its pages: {}", answer.text());
    }

    let opened = page(world(), &format!("/shared/{secret}")).await;
    assert!(opened.status == 200 && opened.text().contains("CANARY") && !opened.text().contains("UNSHOWN"), "{}", opened.status);
    assert!(opened.text().contains("noindex") && opened.header("cache-control").contains("no-store"), "{:?}", opened.headers);
    assert!(opened.header("referrer-policy").contains("origin") || opened.header("referrer-policy") == "no-referrer", "{:?}", opened.headers);
    let run = page(world(), &format!("/shared/{secret}/runs/run_{}", place.run)).await;
    assert!(run.status == 200 && run.text().contains("CANARY"), "{}", run.status);
    assert_eq!(page(world(), &format!("/shared/{secret}/runs/run_{hidden}")).await.status, 404);
}

#[tokio::test]
async fn c5_2d_c7_1c_a_link_ends_when_it_expires_or_is_revoked_on_every_replica() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let replica = World::replica(&[]);
    let (revoked, id) = link(&organization.owner, &format!("experiment: \"{}\"", place.experiment), 7).await;
    let (expiring, _) = link(&organization.owner, &format!("run: \"run_{}\"", place.run), 1).await;
    let opened = "{ openedLink { runId } }";
    for (secret, server) in [(&revoked, world()), (&revoked, &replica), (&expiring, &replica)] {
        assert!(by_link(server, secret, opened).await["errors"].is_null());
    }
    ask(&organization.owner, &format!("mutation {{ revokeLink(id: \"{id}\") {{ id }} }}")).await;
    for server in [world(), &replica] {
        assert_eq!(Actor::code(&by_link(server, &revoked, opened).await), "UNAUTHENTICATED");
        let closed = page(server, &format!("/shared/{revoked}")).await;
        assert!(closed.status == 404 && closed.text().contains("was revoked") && !closed.text().contains("CANARY"), "{}", closed.status);
    }
    assert_eq!(code(&organization.owner, &format!("mutation {{ revokeLink(id: \"{id}\") {{ id }} }}")).await, "NOT_FOUND", "once");
    replica.clock.advance(TimeDelta::hours(25));
    assert_eq!(Actor::code(&by_link(&replica, &expiring, opened).await), "UNAUTHENTICATED");
    for secret in ["x", "x%2F..", &"A".repeat(43), &"A".repeat(5_000)] {
        assert_eq!(page(world(), &format!("/shared/{secret}")).await.status, 404, "{secret}");
    }

    let log = ask(&organization.owner, "{ auditEntries { nodes { action subjectName actor } } }").await.to_string();
    assert!(log.contains("link.create") && log.contains("link.revoke") && !log.contains(&revoked), "{log}");
}

#[tokio::test]
async fn c5_2d_a_link_to_a_run_shows_that_run_alone_and_nothing_once_it_is_removed() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let script = organization.script().await;
    let (_, other) = beside(&script).await;
    let request = script.request(Method::POST, "/api/2.0/mlflow/runs/create").header("x-mlflow-workspace", &place.slug);
    let sibling = script.send(request.json(&json!({ "experiment_id": place.experiment }))).await.json()["run"]["info"]["run_id"].clone();
    let sibling = sibling.as_str().expect("an id").to_owned();
    let (secret, _) = link(&organization.owner, &format!("run: \"run_{}\"", place.run), 7).await;
    let opened = "{ openedLink { runId experiment { name runs { nodes { id } totalCount } } } }";
    let shown = by_link(world(), &secret, opened).await;
    assert!(shown.to_string().contains(&place.run) && !shown.to_string().contains(sibling.as_str()), "{shown}");
    for hidden in [sibling, other] {
        let answer = by_link(world(), &secret, &format!("{{ run(id: \"run_{hidden}\") {{ name }} }}")).await;
        assert_eq!(Actor::code(&answer), "NOT_FOUND", "{answer}");
    }
    assert!(page(world(), &format!("/shared/{secret}")).await.text().contains("CANARY"));

    ask(&organization.owner, &format!("mutation {{ removeRuns(ids: [\"run_{}\"]) {{ id }} }}", place.run)).await;
    let gone = by_link(world(), &secret, &format!("{{ run(id: \"run_{}\") {{ name }} }}", place.run)).await;
    assert_eq!(Actor::code(&gone), "NOT_FOUND", "{gone}");
    assert_eq!(page(world(), &format!("/shared/{secret}")).await.status, 404);
}

#[tokio::test]
async fn c5_2d_nobody_makes_a_link_to_what_they_could_not_share() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let shows = format!("experiment: \"{}\"", place.experiment);
    let make = |shows: &str, label: &str, days: i64| {
        format!("mutation {{ createLink(input: {{ shows: {{ {shows} }}, label: \"{label}\", expiresInDays: {days} }}) {{ url }} }}")
    };
    for role in ["data_scientist", "viewer", "compliance", "finance"] {
        assert_eq!(code(&organization.member(role).await, &make(&shows, "x", 7)).await, "FORBIDDEN", "{role}");
    }
    // Somebody who may share elsewhere, but not see this project.
    let engineer = organization.member("ml_engineer").await;
    assert_eq!(code(&engineer, &make(&shows, "x", 7)).await, "NOT_FOUND");
    place.give(&organization.owner, &engineer, "viewer").await;
    assert_eq!(code(&engineer, &make(&shows, "x", 7)).await, "FORBIDDEN", "seeing it is not sharing it");
    let (_, id) = link(&organization.owner, &shows, 7).await;
    assert_eq!(code(&engineer, &format!("mutation {{ revokeLink(id: \"{id}\") {{ id }} }}")).await, "FORBIDDEN");
    let stranger = world().organization().await;
    for mutation in [make(&shows, "x", 7), format!("mutation {{ revokeLink(id: \"{id}\") {{ id }} }}")] {
        assert_eq!(code(&stranger.owner, &mutation).await, "NOT_FOUND");
    }
    for (label, days) in [("", 7), ("x", 0), ("x", 366), ("x", -1)] {
        assert_eq!(code(&organization.owner, &make(&shows, label, days)).await, "INVALID", "{label} {days}");
    }
    ask(&organization.owner, &format!("mutation {{ removeExperiment(id: \"{}\") {{ id }} }}", place.experiment)).await;
    assert_eq!(code(&organization.owner, &make(&shows, "x", 7)).await, "CONFLICT");
}

/// A table that comes later shows nothing to whoever comes by a link, until somebody decides what: rows are seen by what a policy says, and the one that every
/// table has is not for links.
#[tokio::test]
async fn r16_every_table_is_closed_to_links_unless_it_says_what_it_shows() {
    const SHOWN: [&str; 9] =
        ["datasets", "experiments", "latest_metrics", "metric_batches", "metric_chunks", "run_datasets", "run_params", "run_tags", "runs"];
    let organization = world().organization().await;
    let database = sqlx::PgPool::connect(&database_url()).await.expect("the database");
    let tenant = ask(&organization.owner, "{ viewer { organization { id } } }").await["viewer"]["organization"]["id"]
        .as_str()
        .expect("an id")
        .replace("org_", "t_");
    let sql = "select c.relname::text, c.relrowsecurity and c.relforcerowsecurity, \
        array(select p.polname::text from pg_policy p where p.polrelid = c.oid and p.polpermissive \
            and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role('assay_link', r, 'usage'))) \
        from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by 1";
    let rows = database.fetch_all(sqlx::query(sql).bind(&tenant)).await.expect("the catalog");
    let tables: Vec<(String, bool, Vec<String>)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert!(tables.len() > 40 && tables.iter().all(|(_, gated, _)| *gated), "{tables:?}");
    let shown: Vec<&str> = tables.iter().filter(|(_, _, policies)| !policies.is_empty()).map(|(table, ..)| table.as_str()).collect();
    assert_eq!(shown, SHOWN);
    assert!(tables.iter().all(|(_, _, policies)| policies.iter().all(|name| name == "link_see")), "{tables:?}");
    let writes = "select count(*) from information_schema.role_table_grants where grantee = 'assay_link' and privilege_type <> 'SELECT'";
    assert_eq!(database.fetch_one(writes).await.expect("the catalog").get::<i64, _>(0), 0);
}
