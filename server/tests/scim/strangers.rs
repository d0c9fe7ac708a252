//! What a directory may not: learn of people elsewhere, change them, or be somebody without a bearer token of its own.

use reqwest::Method;
use serde_json::{Value, json};

use super::directory::{Directory, call, fresh, id};
use crate::support::{Actor, PASSWORD, world};

const VIEWER: &str = "{ viewer { id name email roles organization { id } organizations { id } } }";

async fn viewer(actor: &Actor) -> Value {
    actor.graphql(VIEWER, Value::Null).await["data"]["viewer"].clone()
}

/// What of an answer does not depend on whom it is about.
fn shape(answer: &str, email: &str, id: &str) -> String {
    let mut body: Value = serde_json::from_str(&answer.replace(email, "EMAIL").replace(id, "ID")).expect("JSON");
    body["meta"]["created"] = Value::Null;
    body["meta"]["lastModified"] = Value::Null;
    body["meta"]["version"] = Value::Null;
    body.to_string()
}

#[tokio::test]
async fn c7_1b_whether_an_address_has_an_account_elsewhere_is_not_told() {
    let directory = Directory::of_no_domain().await;
    let elsewhere = world().organization().await.owner;
    let before = viewer(&elsewhere).await;
    let mut shapes = Vec::new();
    for email in [elsewhere.email.clone(), fresh("Nobody")] {
        let answer = directory.call("POST", "Users", json!({ "userName": email, "displayName": "Renamed By Them" })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let own = id(&answer.json());
        let read = directory.call("GET", &format!("Users/{own}"), Value::Null).await;
        let changed = directory
            .call("PATCH", &format!("Users/{own}"), json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "Again" }] }))
            .await;
        assert!(directory.member(&own).await.is_null(), "nobody is made a member who has not agreed");
        let text = |answer: String| shape(&answer, &email, &own);
        shapes.push((text(answer.text()), text(read.text()), text(changed.text())));
    }
    assert_eq!(shapes[0], shapes[1]);
    let invited = directory.organization.owner.graphql("{ invitations { totalCount } }", Value::Null).await;
    assert_eq!(invited["data"]["invitations"]["totalCount"], 2);
    assert_eq!(viewer(&elsewhere).await, before, "nothing of them has changed");
    assert!(Actor::sign_in(world(), &elsewhere.email, PASSWORD).await.email == elsewhere.email);
}

#[tokio::test]
async fn c7_1b_who_agrees_is_whom_the_directory_asked_for() {
    let directory = Directory::of_no_domain().await;
    let elsewhere = world().organization().await.owner;
    let made =
        directory.expect(201, "POST", "Users", json!({ "userName": elsewhere.email, "displayName": "Named By Them", "externalId": "00u7" })).await;
    let own = id(&made);
    let group = directory.group("ML", &[&own]).await;
    directory.map(&group, json!("data_scientist")).await;
    // Deactivated, the link is worth nothing; active again, another one is.
    let at = format!("Users/{own}");
    let dead = world().link_to(&elsewhere.email).await;
    directory.patch(&at, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    let token = |link: &str| link.split("token=").nth(1).expect("a token").to_owned();
    let taken = world().anonymous().form("/invitation", &[("token", &token(&dead)), ("name", ""), ("password", PASSWORD)]).await;
    assert_eq!(taken.status, 422, "{}", taken.text());
    directory.patch(&at, json!([{ "op": "replace", "path": "active", "value": true }])).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut link = dead.clone();
    while link == dead {
        assert!(std::time::Instant::now() < deadline, "no other link");
        link = world().link_to(&elsewhere.email).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let browser = world().anonymous();
    let accepted = browser.form("/invitation", &[("token", &token(&link)), ("name", ""), ("password", PASSWORD)]).await;
    assert_eq!(accepted.status, 303, "{}", accepted.text());
    let there = viewer(&browser).await;
    assert_eq!((&there["id"], &there["roles"], &there["name"]), (&json!(own), &json!(["data_scientist"]), &json!("Olive Owner")));
    let shown = directory.expect(200, "GET", &at, Value::Null).await;
    assert_eq!((&shown["externalId"], &shown["displayName"], &shown["active"]), (&json!("00u7"), &json!("Named By Them"), &json!(true)));
    directory.patch(&at, json!([{ "op": "replace", "path": "displayName", "value": "Renamed" }])).await;
    assert_eq!(viewer(&elsewhere).await["name"], "Olive Owner", "a person's name is their own");
    // What the directory ends is its own organization, and nothing of the other.
    directory.patch(&at, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    assert!(viewer(&browser).await.is_null());
    assert_eq!(viewer(&elsewhere).await["organizations"].as_array().map(Vec::len), Some(1));
    directory.expect(204, "DELETE", &at, Value::Null).await;
    assert!(!viewer(&elsewhere).await.is_null());
}

#[tokio::test]
async fn c7_1b_of_its_own_domain_an_organization_makes_members_and_changes_no_person() {
    let directory = Directory::connected().await;
    let elsewhere = world().organization().await.owner;
    let made = directory
        .expect(201, "POST", "Users", json!({ "userName": elsewhere.email, "displayName": "Named By Them", "password": "theirs now, says who" }))
        .await;
    let own = id(&made);
    assert_eq!(directory.member(&own).await["roles"], json!(["viewer"]));
    for change in [
        json!([{ "op": "replace", "path": "displayName", "value": "Renamed" }]),
        json!([{ "op": "replace", "path": "userName", "value": fresh("Mallory") }]),
        json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": fresh("Mallory") }]),
        json!([{ "op": "replace", "value": { "password": "theirs now, says who" } }]),
    ] {
        directory.patch(&format!("Users/{own}"), change).await;
    }
    let person = viewer(&Actor::sign_in(world(), &elsewhere.email, PASSWORD).await).await;
    assert_eq!((&person["name"], &person["email"]), (&json!("Olive Owner"), &json!(elsewhere.email)));
    // A domain that the organization does not admit is refused, whoever has an address there.
    for email in ["someone@elsewhere.test", "other@sub.example.com"] {
        assert_eq!(directory.refused("POST", "Users", json!({ "userName": email })).await, (400, "invalidValue".into()));
    }
}

#[tokio::test]
async fn c7_1b_ids_of_another_organization_are_ids_of_nobody() {
    let (ours, theirs) = (Directory::connected().await, Directory::connected().await);
    let (user, email) = theirs.user("CANARY").await;
    let group = theirs.group("CANARY", &[&user]).await;
    let own = ours.group("Own", &[]).await;
    let absent = |id: &str| format!("{}_{}", id.split('_').next().unwrap_or_default(), uuid::Uuid::now_v7().simple());
    let operations = json!({ "Operations": [{ "op": "replace", "path": "externalId", "value": "x" }] });
    for (kind, foreign) in [("Users", &user), ("Groups", &group)] {
        let (named, whole) = if kind == "Users" { ("userName", fresh("Eve")) } else { ("displayName", "Eve".to_owned()) };
        for (method, body) in [("GET", Value::Null), ("PUT", json!({ named: whole })), ("PATCH", operations.clone()), ("DELETE", Value::Null)] {
            let mut found = Vec::new();
            for id in [foreign.clone(), absent(foreign)] {
                let answer = ours.call(method, &format!("{kind}/{id}"), body.clone()).await;
                found.push((answer.status, answer.text().replace(&id, "ID")));
            }
            assert_eq!(found[0], found[1], "{method} {kind}");
            assert_eq!(found[0].0, 404, "{method} {kind}: {}", found[0].1);
        }
    }
    for id in [user.clone(), absent(&user)] {
        let add = json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id }] }] });
        assert_eq!(ours.refused("PATCH", &format!("Groups/{own}"), add).await, (400, "invalidValue".into()));
    }
    let (users, groups) = (ours.call("GET", "Users", Value::Null).await.text(), ours.call("GET", "Groups", Value::Null).await.text());
    let all = format!("{users}{groups}");
    assert!(!all.contains("CANARY") && !all.contains(&email), "{all}");
    let by_mail =
        ours.expect(200, "GET", &format!("Users?filter={}", super::directory::filter(&format!("userName eq \"{email}\""))), Value::Null).await;
    assert_eq!(by_mail["totalResults"], 0);
    let log = ours.organization.owner.graphql("{ auditEntries(first: 50) { nodes { action subjectId } } }", Value::Null).await.to_string();
    assert!(log.contains("authorization.unknown_id") && log.contains(&user) && log.contains(&group), "{log}");
    assert_eq!(theirs.member(&user).await["email"], email.as_str());
}

#[tokio::test]
async fn c7_1b_a_directory_is_known_by_its_token_alone() {
    let directory = Directory::connected().await;
    let organization = &directory.organization;
    let secret = directory.script.secret().to_owned();
    let ask = async |actor: &Actor, header: Option<String>| {
        let request = actor.request(Method::GET, "/scim/v2/Users");
        actor.send(header.into_iter().fold(request, |request, value| request.header("authorization", value))).await
    };
    let nobody = world().anonymous();
    let basic = base64(&format!("scim:{secret}"));
    for (actor, header) in [
        (&organization.owner, None),
        (&nobody, None),
        (&nobody, Some("Bearer nonsense".to_owned())),
        (&nobody, Some(format!("Basic {basic}"))),
        (&nobody, Some(format!("Token {secret}"))),
    ] {
        let answer = ask(actor, header.clone()).await;
        assert_eq!((answer.status, answer.json()["status"].as_str()), (401, Some("401")), "{header:?}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"assay\"");
    }
    assert_eq!(ask(&nobody, Some(format!("bearer {secret}"))).await.status, 200);
    let narrow = organization.owner.token(&["members:write", "members:read", "runs:read"]).await;
    let viewer = organization.member("viewer").await.token(&["*"]).await;
    for script in [&narrow, &viewer] {
        for (method, path) in [("GET", "Users"), ("POST", "Users"), ("GET", "ServiceProviderConfig"), ("DELETE", "Nothing")] {
            let answer = call(script, method, path, Value::Null).await;
            assert_eq!((answer.status, answer.json()["status"].as_str()), (403, Some("403")), "{method} {path}: {}", answer.text());
        }
    }
    let admin = organization.member("admin").await.token(&["scim:write"]).await;
    assert_eq!(call(&admin, "GET", "Users", Value::Null).await.status, 200);
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
