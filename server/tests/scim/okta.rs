//! What Okta does: it looks for a user, makes or links them, changes and deactivates them, and pushes groups.

use serde_json::{Value, json};

use super::directory::{Directory, filter, fresh, id};
use crate::support::{Actor, PASSWORD, world};

#[tokio::test]
async fn c7_1a_okta_finds_makes_changes_and_deactivates_users() {
    let directory = Directory::connected().await;
    let email = fresh("Grace");
    let by_name = format!("Users?filter={}&startIndex=1&count=100", filter(&format!("userName eq \"{email}\"")));
    let nothing = directory.expect(200, "GET", &by_name, Value::Null).await;
    assert_eq!((&nothing["totalResults"], &nothing["Resources"]), (&json!(0), &json!([])));

    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": email, "externalId": "00u1", "active": true, "password": "never looked at",
        "name": { "givenName": "Grace", "familyName": "Hopper" }, "displayName": "Grace Hopper", "locale": "en-US", "groups": [],
        "emails": [{ "primary": true, "value": email, "type": "work" }],
    });
    let answer = directory.call("POST", "Users", body.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    let grace = id(&made);
    assert_eq!(answer.header("location"), made["meta"]["location"].as_str().unwrap_or_default());
    assert!(answer.header("location").ends_with(&format!("/scim/v2/Users/{grace}")));
    assert_eq!(answer.header("etag"), made["meta"]["version"].as_str().unwrap_or_default());
    assert_eq!(
        (
            &made["userName"],
            &made["externalId"],
            &made["active"],
            &made["name"]["formatted"],
            &made["emails"][0]["value"],
            &made["meta"]["resourceType"]
        ),
        (&json!(email), &json!("00u1"), &json!(true), &json!("Grace Hopper"), &json!(email), &json!("User"))
    );
    assert!(!answer.text().contains("never looked at"));
    let member = directory.member(&grace).await;
    assert_eq!((&member["name"], &member["roles"], &member["isProvisioned"]), (&json!("Grace Hopper"), &json!(["viewer"]), &json!(true)));

    let found = directory.expect(200, "GET", &by_name, Value::Null).await;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(grace)));
    assert_eq!(directory.refused("POST", "Users", body.clone()).await, (409, "uniqueness".into()));

    // A PUT is everything that is said; about access nothing is, and it stays.
    let mut changed = body.clone();
    changed["displayName"] = json!("Rear Admiral Hopper");
    changed["name"] = json!({ "givenName": "Grace", "familyName": "Hopper", "formatted": "Grace B. Hopper" });
    changed.as_object_mut().expect("an object").remove("active");
    changed.as_object_mut().expect("an object").remove("externalId");
    let put = directory.expect(200, "PUT", &format!("Users/{grace}"), changed).await;
    assert_eq!((&put["name"]["formatted"], &put["active"], &put["externalId"]), (&json!("Grace B. Hopper"), &json!(true), &Value::Null));
    assert_eq!(directory.member(&grace).await["name"], "Rear Admiral Hopper", "whom the directory made, it names");

    // She chooses a password by the reset mail, and comes in.
    let browser = world().anonymous();
    browser.form("/forgot-password", &[("email", &email)]).await;
    let link = world().link_to(&email).await;
    let token = link.split("token=").nth(1).expect("a token");
    assert_eq!(browser.form("/reset-password", &[("token", token), ("password", PASSWORD)]).await.header("location"), "/sign-in?reset=1");
    let browser = Actor::sign_in(world(), &email, PASSWORD).await;
    assert_eq!(browser.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"], grace.as_str());

    let off = directory.patch(&format!("Users/{grace}"), json!([{ "op": "replace", "value": { "active": false } }])).await;
    assert_eq!(off["active"], false);
    assert_eq!(Actor::code(&browser.graphql("{ viewer { id } }", Value::Null).await), "UNAUTHENTICATED");
    assert!(directory.member(&grace).await["suspendedAt"].is_string());
    let by_activity = |active: bool| format!("Users?filter={}", filter(&format!("userName eq \"{email}\" and active eq {active}")));
    assert_eq!(directory.expect(200, "GET", &by_activity(true), Value::Null).await["totalResults"], 0);
    assert_eq!(directory.expect(200, "GET", &by_activity(false), Value::Null).await["totalResults"], 1);
    directory.patch(&format!("Users/{grace}"), json!([{ "op": "replace", "value": { "active": true } }])).await;
    assert!(directory.member(&grace).await["suspendedAt"].is_null());

    directory.expect(204, "DELETE", &format!("Users/{grace}"), Value::Null).await;
    for method in ["GET", "DELETE"] {
        assert_eq!(directory.refused(method, &format!("Users/{grace}"), Value::Null).await.0, 404);
    }
    assert!(directory.member(&grace).await.is_null());
    let again = directory.expect(201, "POST", "Users", body).await;
    assert_ne!(id(&again), grace);
}

#[tokio::test]
async fn c7_1a_okta_links_members_who_were_there_before() {
    let directory = Directory::connected().await;
    let member = directory.organization.member("ops").await;
    let by_name = format!("Users?filter={}", filter(&format!("userName eq \"{}\"", member.email.to_uppercase())));
    let found = directory.expect(200, "GET", &by_name, Value::Null).await;
    let own = id(&found["Resources"][0]);
    assert_eq!(found["totalResults"], 1);
    assert_eq!(directory.member(&own).await["isProvisioned"], false);
    let body = json!({ "userName": member.email, "externalId": "00u2", "displayName": "Mia M.", "active": true });
    assert_eq!(directory.expect(200, "PUT", &format!("Users/{own}"), body).await["externalId"], "00u2");
    let shown = directory.member(&own).await;
    assert_eq!(
        (&shown["isProvisioned"], &shown["roles"], &shown["name"]),
        (&json!(true), &json!(["ops"]), &json!("Mia Member")),
        "the name is their own"
    );
    let by_external = format!("Users?filter={}", filter("externalId eq \"00u2\""));
    assert_eq!(directory.expect(200, "GET", &by_external, Value::Null).await["Resources"][0]["id"], own.as_str());
    let viewer = member.graphql("{ viewer { roles } }", Value::Null).await;
    assert_eq!(viewer["data"]["viewer"]["roles"], json!(["ops"]), "and what they were signed in to goes on");
}

#[tokio::test]
async fn okta_pushes_groups() {
    let directory = Directory::connected().await;
    let ((ada, _), (bob, _)) = (directory.user("Ada").await, directory.user("Bob").await);
    let group = directory.group("ML team", &[&ada]).await;
    assert_eq!(directory.refused("POST", "Groups", json!({ "displayName": "ml TEAM" })).await, (409, "uniqueness".into()));
    let at = format!("Groups/{group}");
    directory.patch(&at, json!([{ "op": "replace", "value": { "id": group, "displayName": "ML people" } }])).await;
    directory.patch(&at, json!([{ "op": "add", "path": "members", "value": [{ "value": bob, "display": "Bob" }] }])).await;
    let members = |group: &Value| {
        let mut ids: Vec<String> = group["members"]
            .as_array()
            .map(|all| all.iter().map(|member| member["value"].as_str().unwrap_or_default().to_owned()).collect())
            .unwrap_or_default();
        ids.sort();
        ids
    };
    let shown = directory.expect(200, "GET", &at, Value::Null).await;
    assert_eq!((&shown["displayName"], members(&shown)), (&json!("ML people"), vec![ada.clone(), bob.clone()]));
    let user = directory.expect(200, "GET", &format!("Users/{bob}"), Value::Null).await;
    assert_eq!((&user["groups"][0]["value"], &user["groups"][0]["display"]), (&json!(group), &json!("ML people")));
    directory.patch(&at, json!([{ "op": "remove", "path": format!("members[value eq \"{ada}\"]") }])).await;
    assert_eq!(members(&directory.expect(200, "GET", &at, Value::Null).await), vec![bob.clone()]);
    let put = directory.expect(200, "PUT", &at, json!({ "displayName": "ML people", "members": [{ "value": ada }] })).await;
    assert_eq!(members(&put), vec![ada.clone()]);
    // Whoever is removed is in no group any more, and the group is another.
    let before = directory.call("GET", &at, Value::Null).await.header("etag").to_owned();
    directory.expect(204, "DELETE", &format!("Users/{ada}"), Value::Null).await;
    let after = directory.call("GET", &at, Value::Null).await;
    assert!(members(&after.json()).is_empty() && after.header("etag") != before);
    directory.expect(204, "DELETE", &at, Value::Null).await;
    assert_eq!(directory.refused("GET", &at, Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_come_page_by_page() {
    let directory = Directory::connected().await;
    let mut expected = vec![id(&directory.expect(200, "GET", "Users", Value::Null).await["Resources"][0])];
    for name in ["A", "B", "C", "D"] {
        expected.push(directory.user(name).await.0);
        directory.group(name, &[]).await;
    }
    let mut found = Vec::new();
    for start in [1, 3, 5] {
        let page = directory.expect(200, "GET", &format!("Users?startIndex={start}&count=2"), Value::Null).await;
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(5), &json!(start)));
        assert_eq!(page["itemsPerPage"].as_u64(), page["Resources"].as_array().map(|rows| rows.len() as u64));
        found.extend(page["Resources"].as_array().expect("rows").iter().map(id));
    }
    assert_eq!(found, expected);
    for (path, total, rows) in [
        ("Users?startIndex=100", 5, 0),
        ("Users?count=0", 5, 0),
        ("Users?startIndex=-5&count=1", 5, 1),
        ("Users?filter=active%20eq%20true", 5, 5),
        ("Users?filter=active%20eq%20false", 0, 0),
        ("Users?filter=active%20eq%20true%20and%20active%20eq%20false", 0, 0),
        ("Users?filter=id%20eq%20%22nonsense%22", 0, 0),
        ("Groups?count=3", 4, 3),
        ("Groups?filter=displayName%20eq%20%22b%22", 1, 1),
        ("Groups?filter=displayName%20eq%20%22b%22%20and%20displayName%20eq%20%22c%22", 0, 0),
    ] {
        let page = directory.expect(200, "GET", path, Value::Null).await;
        assert_eq!((&page["totalResults"], page["Resources"].as_array().map(Vec::len)), (&json!(total), Some(rows)), "{path}");
    }
    let by_id = format!("Users?filter={}", filter(&format!("id eq \"{}\"", expected[2])));
    assert_eq!(directory.expect(200, "GET", &by_id, Value::Null).await["Resources"][0]["id"], expected[2].as_str());
    let narrow = directory.expect(200, "GET", "Users?count=1&attributes=userName", Value::Null).await;
    let names: Vec<_> = narrow["Resources"][0].as_object().expect("a user").keys().cloned().collect();
    assert_eq!(names, ["id", "schemas", "userName"]);
}

#[tokio::test]
async fn a_version_is_asked_for_and_kept_to() {
    let directory = Directory::connected().await;
    let (ada, _) = directory.user("Ada").await;
    let group = directory.group("ML", &[&ada]).await;
    for (path, change) in [
        (format!("Users/{ada}"), json!([{ "op": "replace", "path": "displayName", "value": "Ada K" }])),
        (format!("Groups/{group}"), json!([{ "op": "remove", "path": "members" }])),
    ] {
        let script = &directory.script;
        let ask = |method: reqwest::Method, header: &'static str, tag: String, body: Value| {
            let request = script.request(method, &format!("/scim/v2/{path}")).header(header, tag);
            let request = if body.is_null() { request } else { request.json(&body) };
            script.send(request)
        };
        let tag = directory.call("GET", &path, Value::Null).await.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(ask(reqwest::Method::GET, "if-none-match", tag.clone(), Value::Null).await.status, 304);
        assert_eq!(ask(reqwest::Method::GET, "if-none-match", "W/\"other\"".into(), Value::Null).await.status, 200);
        let body = json!({ "Operations": change });
        let stale = ask(reqwest::Method::PATCH, "if-match", "W/\"other\"".into(), body.clone()).await;
        assert_eq!((stale.status, stale.json()["status"].as_str()), (412, Some("412")));
        let done = ask(reqwest::Method::PATCH, "if-match", tag.clone(), body.clone()).await;
        assert!([200, 204].contains(&done.status), "{}", done.text());
        assert_eq!(ask(reqwest::Method::PATCH, "if-match", tag.clone(), body).await.status, 412, "it is another by now");
        assert_eq!(ask(reqwest::Method::DELETE, "if-match", tag, Value::Null).await.status, 412);
        assert_eq!(ask(reqwest::Method::DELETE, "if-match", "*".into(), Value::Null).await.status, 204);
    }
}

#[tokio::test]
async fn the_server_says_what_it_offers() {
    let directory = Directory::of_no_domain().await;
    let config = directory.expect(200, "GET", "ServiceProviderConfig", Value::Null).await;
    let offers = ["patch", "bulk", "filter", "changePassword", "sort", "etag"].map(|what| config[what]["supported"].as_bool());
    assert_eq!(offers, [Some(true), Some(false), Some(true), Some(false), Some(false), Some(true)]);
    for list in ["ResourceTypes", "Schemas"] {
        let all = directory.expect(200, "GET", list, Value::Null).await;
        assert_eq!(all["totalResults"], 2);
        for resource in all["Resources"].as_array().expect("resources") {
            let one = directory.expect(200, "GET", &format!("{list}/{}", id(resource)), Value::Null).await;
            assert_eq!(one, *resource);
            assert!(one["meta"]["location"].as_str().is_some_and(|location| location.ends_with(&format!("/scim/v2/{list}/{}", id(resource)))));
        }
    }
    for (method, path, status) in [
        ("GET", "Schemas/urn:none", 404),
        ("POST", "Bulk", 404),
        ("GET", "Me", 404),
        ("GET", "Nothing/here", 404),
        ("DELETE", "Users", 405),
        ("POST", "Schemas", 405),
    ] {
        assert_eq!(directory.refused(method, path, Value::Null).await.0, status, "{method} {path}");
    }
}
