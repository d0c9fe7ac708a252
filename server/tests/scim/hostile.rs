//! What no directory sends.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor;

use super::directory::{Directory, filter, fresh};

#[tokio::test]
async fn t46_what_is_malformed_is_refused_in_the_words_of_the_protocol() {
    let directory = Directory::connected().await;
    let (ada, email) = directory.user("Ada").await;
    let group = directory.group("ML", &[&ada]).await;
    let long = "x".repeat(300);
    for (method, path, body, status, word) in [
        ("POST", "Users".to_owned(), json!({}), 400, "invalidValue"),
        ("POST", "Users".into(), json!([]), 400, "invalidSyntax"),
        ("POST", "Users".into(), json!("text"), 400, "invalidSyntax"),
        ("POST", "Users".into(), json!({ "userName": "nobody" }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": [] }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": { "a": 1 } }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": format!("{long}@example.com") }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": "a\u{0}b@example.com" }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "displayName": "a\u{0}b" }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "externalId": long }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "name": "Ada" }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "name": { "givenName": [1] } }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "active": "perhaps" }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "emails": [[]] }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "emails": [{ "value": "nobody" }] }), 400, "invalidValue"),
        ("POST", "Users".into(), json!({ "schemas": ["urn:other"], "userName": fresh("x") }), 400, "invalidSyntax"),
        ("POST", "Users".into(), json!({ "userName": fresh("x"), "emails": [{ "value": email }] }), 409, "uniqueness"),
        ("PUT", format!("Users/{ada}"), json!({ "displayName": "x" }), 400, "invalidValue"),
        ("PATCH", format!("Users/{ada}"), json!({}), 400, "invalidSyntax"),
        ("PATCH", format!("Users/{ada}"), json!({ "Operations": [] }), 400, "invalidSyntax"),
        ("PATCH", format!("Users/{ada}"), json!({ "Operations": [{ "op": "replace", "path": "name", "value": 5 }] }), 400, "invalidValue"),
        ("PATCH", format!("Users/{ada}"), json!({ "Operations": [{ "op": "replace", "path": long.repeat(3), "value": 5 }] }), 400, "invalidPath"),
        (
            "PATCH",
            format!("Users/{ada}"),
            json!({ "Operations": [{ "op": "replace", "path": "displayName\u{0}", "value": "x" }] }),
            400,
            "invalidPath",
        ),
        ("PATCH", format!("Users/{ada}"), json!({ "Operations": [{ "op": "replace", "path": "__proto__", "value": "x" }] }), 400, "invalidPath"),
        ("POST", "Groups".into(), json!({}), 400, "invalidValue"),
        ("POST", "Groups".into(), json!({ "displayName": "a\u{0}" }), 400, "invalidValue"),
        ("POST", "Groups".into(), json!({ "displayName": "x", "members": [{ "value": "' or 1=1" }] }), 400, "invalidValue"),
        ("POST", "Groups".into(), json!({ "displayName": "x", "members": "everybody" }), 400, "invalidValue"),
        (
            "PATCH",
            format!("Groups/{group}"),
            json!({ "Operations": [{ "op": "add", "path": "members[value eq 5]", "value": 1 }] }),
            400,
            "invalidValue",
        ),
        ("PATCH", format!("Groups/{group}"), json!({ "Operations": [{ "op": "add", "path": "owners", "value": 1 }] }), 400, "invalidPath"),
        ("GET", "Users/..%2f..%2fetc".into(), Value::Null, 404, ""),
        ("GET", "Users/%00".into(), Value::Null, 404, ""),
        ("GET", format!("Users/{group}"), Value::Null, 404, ""),
        ("GET", format!("Groups/{ada}"), Value::Null, 404, ""),
        ("GET", "Users?count=many".into(), Value::Null, 400, "invalidValue"),
        ("GET", "Users?filter=%00".into(), Value::Null, 400, "invalidValue"),
    ] {
        assert_eq!(directory.refused(method, &path, body.clone()).await, (status, word.to_owned()), "{method} {path} {body:.200}");
    }
    for wrong in [
        "userName co \"a\"",
        "userName eq",
        "userName eq \"a\" or active eq true",
        "password eq \"a\"",
        "((((((",
        "userName eq \"a\\u0000\"",
        &"[".repeat(1_900),
    ] {
        for kind in ["Users", "Groups"] {
            let found = directory.refused("GET", &format!("{kind}?filter={}", filter(wrong)), Value::Null).await;
            assert_eq!(found, (400, "invalidFilter".into()), "{kind} {wrong:.60}");
        }
    }
    let shown = directory.expect(200, "GET", &format!("Users/{ada}"), Value::Null).await;
    assert_eq!((&shown["userName"], &shown["displayName"]), (&json!(email), &json!("Ada")), "nothing of it was written");
}

#[tokio::test]
async fn t47_bodies_are_bounded_in_kind_size_and_depth() {
    let directory = Directory::connected().await;
    let send = async |kind: &str, body: String| {
        let request = directory.script.request(Method::POST, "/scim/v2/Users").header("content-type", kind.to_owned()).body(body);
        directory.script.send(request).await
    };
    let user = json!({ "userName": fresh("Ada") }).to_string();
    for (kind, body, status) in [
        ("text/plain", user.clone(), 415),
        ("application/x-www-form-urlencoded", "userName=a".into(), 415),
        ("application/scim+json", String::new(), 400),
        ("application/scim+json", "{".into(), 400),
        ("application/scim+json", "\u{feff}{}".into(), 400),
        ("application/scim+json", format!("{{\"name\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), 400),
        ("application/scim+json", format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(50_000), "}".repeat(50_000)), 400),
        ("application/scim+json", format!("{{\"displayName\":\"{}\"}}", "x".repeat(5 << 20)), 413),
        ("application/json; charset=utf-8", user, 201),
    ] {
        let started = Instant::now();
        let answer = send(kind, body).await;
        assert_eq!(answer.status, status, "{kind}: {:.300}", answer.text());
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn t47_ten_thousand_members_come_and_go_in_one_request() {
    let directory = Directory::connected().await;
    let (ada, _) = directory.user("Ada").await;
    let group = directory.group("Everybody", &[&ada]).await;
    directory.map(&group, json!("ops")).await;
    let tenant = directory.organization.tenant().await;
    let mut tamperer = directory.organization.tamperer().await;
    let people = format!(
        "with made as (insert into public.people (id, email, name, password_hash, created_at) \
            select gen_random_uuid(), 'crowd-' || n || '-{tenant}@example.com', 'Crowd ' || n, '', now() from generate_series(1, 10000) n returning id) \
        insert into public.memberships (id, tenant_id, person_id, roles, joined_at) \
            select gen_random_uuid(), '{tenant}', id, array['viewer'], now() from made returning id"
    );
    let rows = tamperer.fetch_all(sqlx::AssertSqlSafe(people)).await.expect("a crowd");
    let crowd: Vec<String> = rows.iter().map(|row| shared::ids::MemberId::from_uuid(sqlx::Row::get(row, 0)).to_string()).collect();
    let members: Vec<Value> = crowd.iter().map(|id| json!({ "value": id })).collect();
    let at = format!("Groups/{group}");
    let roles = async |id: &str| {
        let sql = format!("select roles from public.memberships where id = '{}'", id.parse::<shared::ids::MemberId>().expect("an id").uuid());
        let mut tamperer = directory.organization.tamperer().await;
        let row = tamperer.fetch_one(sqlx::AssertSqlSafe(sql)).await.expect("a member");
        sqlx::Row::get::<Vec<String>, _>(&row, 0)
    };
    for (operations, role) in [
        (json!([{ "op": "add", "path": "members", "value": members }]), "ops"),
        (json!([{ "op": "remove", "path": "members", "value": members }]), "viewer"),
        (Value::Array(members.iter().map(|member| json!({ "op": "add", "path": "members", "value": [member] })).collect()), "ops"),
        (json!([{ "op": "replace", "path": "members", "value": [{ "value": ada }] }]), "viewer"),
    ] {
        let started = Instant::now();
        directory.patch(&at, operations).await;
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        assert_eq!(roles(&crowd[7_000]).await, [role]);
    }
    assert_eq!(roles(&ada).await, ["ops"]);
    let started = Instant::now();
    let page = directory.expect(200, "GET", "Users?startIndex=9900&count=200", Value::Null).await;
    assert_eq!((&page["totalResults"], page["Resources"].as_array().map(Vec::len)), (&json!(10_002), Some(103)));
    let by_name = format!("Users?filter={}", filter(&format!("userName eq \"crowd-77-{tenant}@example.com\"")));
    assert_eq!(directory.expect(200, "GET", &by_name, Value::Null).await["totalResults"], 1);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let many: Vec<Value> = (0..20_001).map(|_| json!({ "value": format!("mem_{}", uuid::Uuid::now_v7().simple()) })).collect();
    assert_eq!(directory.refused("PATCH", &at, json!({ "Operations": [{ "op": "add", "path": "members", "value": many }] })).await.0, 413);
    let one_too_many: Vec<Value> =
        crowd.iter().map(|id| json!({ "value": id })).chain([json!({ "value": format!("mem_{}", uuid::Uuid::now_v7().simple()) })]).collect();
    assert_eq!(directory.refused("PATCH", &at, json!({ "Operations": [{ "op": "add", "path": "members", "value": one_too_many }] })).await.0, 400);
    let whole = directory.expect(200, "GET", &at, Value::Null).await;
    assert_eq!(whole["members"].as_array().map(Vec::len), Some(1), "all of it or nothing");
}
