//! Whose access the directory ends has none: at once, everywhere, and until it is given back.

use serde_json::{Value, json};

use super::directory::{Directory, call, fresh};
use crate::support::{Actor, PASSWORD, World, world};

const VIEWER: &str = "{ viewer { id roles } }";

async fn code(actor: &Actor) -> String {
    Actor::code(&actor.graphql(VIEWER, Value::Null).await).to_owned()
}

#[tokio::test]
async fn c7_1a_c7_1c_whom_the_directory_suspends_has_no_session_and_no_token_on_any_replica() {
    let replicas = [World::replica(&["--redis-url=redis://127.0.0.1:1"]), World::replica(&[])];
    let directory = Directory::connected().await;
    let owner = &directory.organization.owner;
    let member = directory.organization.member("data_scientist").await;
    let script = member.token(&["*"]).await;
    let own = member.graphql(VIEWER, Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    let project = owner.graphql("mutation { createProject(name: \"Vault\") { id } }", Value::Null).await["data"]["createProject"]["id"].clone();
    let give = "mutation($project: ID!, $member: ID!) { setProjectMember(project: $project, member: $member, role: \"ml_engineer\") { id } }";
    assert!(owner.graphql(give, json!({ "project": project, "member": own })).await["errors"].is_null());
    for world in replicas.iter().chain([world()]) {
        assert_eq!((code(&member.at(world)).await, code(&script.at(world)).await), (String::new(), String::new()));
    }
    directory.patch(&format!("Users/{own}"), json!([{ "op": "replace", "path": "active", "value": false }])).await;
    for world in replicas.iter().chain([world()]) {
        for actor in [&member, &script] {
            assert_eq!(code(&actor.at(world)).await, "UNAUTHENTICATED");
            assert_eq!(actor.at(world).mlflow("GET", "experiments/search?max_results=1", Value::Null).await.status, 401);
        }
        let again = Actor::anonymous(world).form("/sign-in", &[("email", &member.email), ("password", PASSWORD)]).await;
        assert_ne!(again.header("location"), "/", "{}", again.text());
    }
    // Nobody mentions or finds them, and a list says why.
    let found = owner.graphql("query($text: String!) { findMembers(text: $text) { id } }", json!({ "text": member.email })).await;
    assert_eq!(found["data"]["findMembers"], json!([]));
    assert!(directory.member(&own).await["suspendedAt"].is_string());
    let why = "query($member: ID!) { accessExplanation(member: $member, permission: \"runs:read\") { allowed reason } }";
    let why = owner.graphql(why, json!({ "member": own })).await["data"]["accessExplanation"].clone();
    assert!(why["allowed"] == false && why["reason"].as_str().is_some_and(|reason| reason.contains("suspended")), "{why}");

    directory.patch(&format!("Users/{own}"), json!([{ "op": "replace", "path": "active", "value": true }])).await;
    // What was opened before stays closed; who signs in anew has the same roles and projects.
    assert_eq!((code(&member).await, code(&script).await), ("UNAUTHENTICATED".into(), "UNAUTHENTICATED".into()));
    let back = Actor::sign_in(world(), &member.email, PASSWORD).await;
    let viewer = back.graphql(VIEWER, Value::Null).await["data"]["viewer"].clone();
    assert_eq!(viewer, json!({ "id": own, "roles": ["data_scientist"] }));
    let members = owner.graphql("{ projects { name members { id role } } }", Value::Null).await;
    let vault = members["data"]["projects"].as_array().expect("projects").iter().find(|project| project["name"] == "Vault").cloned();
    assert_eq!(vault.map(|vault| vault["members"].clone()), Some(json!([{ "id": own, "role": "ml_engineer" }])));
}

#[tokio::test]
async fn c7_1a_whom_the_directory_removes_has_left() {
    let replica = World::replica(&[]);
    let directory = Directory::connected().await;
    let member = directory.organization.member("viewer").await;
    let script = member.token(&["runs:read"]).await;
    let own = member.graphql(VIEWER, Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    directory.expect(204, "DELETE", &format!("Users/{own}"), Value::Null).await;
    for actor in [&member, &script] {
        assert_eq!((code(actor).await, code(&actor.at(&replica)).await), ("UNAUTHENTICATED".into(), "UNAUTHENTICATED".into()));
    }
}

#[tokio::test]
async fn t17_the_directory_makes_no_owners_and_takes_the_last_one_not_away() {
    let directory = Directory::connected().await;
    let organization = &directory.organization;
    let owner = organization.owner.graphql(VIEWER, Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    for (method, body) in [("PATCH", off.clone()), ("DELETE", Value::Null)] {
        let answer = directory.call(method, &format!("Users/{owner}"), body).await;
        assert_eq!((answer.status, answer.json()["scimType"].as_str()), (400, Some("invalidValue")), "{}", answer.text());
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("last owner")), "{}", answer.text());
    }
    let put = json!({ "userName": organization.owner.email, "active": false });
    assert_eq!(directory.refused("PUT", &format!("Users/{owner}"), put).await.0, 400);
    assert_eq!(code(&organization.owner).await, "");
    // Only an owner's token ends an owner's access, and one who has none is none of those who are left.
    let second = organization.member("viewer").await;
    let other = second.graphql(VIEWER, Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    let promote = "mutation($id: ID!) { updateMemberRoles(id: $id, roles: [\"owner\"]) { id } }";
    assert!(organization.owner.graphql(promote, json!({ "id": other })).await["errors"].is_null());
    let admin = organization.member("admin").await.token(&["scim:write"]).await;
    assert_eq!(call(&admin, "PATCH", &format!("Users/{other}"), off.clone()).await.status, 403);
    assert_eq!(call(&admin, "DELETE", &format!("Users/{other}"), Value::Null).await.status, 403);
    directory.expect(200, "PATCH", &format!("Users/{other}"), off.clone()).await;
    assert_eq!(directory.refused("PATCH", &format!("Users/{owner}"), off).await.0, 400, "the other owner is suspended");
    let on = json!({ "Operations": [{ "op": "replace", "path": "active", "value": true }] });
    assert_eq!(call(&admin, "PATCH", &format!("Users/{other}"), on.clone()).await.status, 403);
    directory.expect(200, "PATCH", &format!("Users/{other}"), on).await;
}

#[tokio::test]
async fn c7_1d_each_write_is_one_entry_by_who_holds_the_token() {
    let directory = Directory::connected().await;
    let owner = &directory.organization.owner;
    let log = async || {
        let answer = owner.graphql("{ auditEntries(first: 1) { totalCount nodes { action actor actorKind subjectKind } } }", Value::Null).await;
        (
            answer["data"]["auditEntries"]["totalCount"].as_u64().unwrap_or_else(|| panic!("{answer}")),
            answer["data"]["auditEntries"]["nodes"][0].clone(),
        )
    };
    let (mut user, mut group) = (String::new(), String::new());
    let email = fresh("Ada");
    for (action, method, path, body) in [
        ("member.provision", "POST", "Users", json!({ "userName": email })),
        ("member.update", "PUT", "Users/$user", json!({ "userName": email, "displayName": "Ada" })),
        (
            "member.suspend",
            "PATCH",
            "Users/$user",
            json!({ "Operations": [{ "op": "replace", "value": { "active": false, "displayName": "Ada K" } }] }),
        ),
        ("member.resume", "PATCH", "Users/$user", json!({ "Operations": [{ "op": "replace", "value": { "active": true } }] })),
        ("group.create", "POST", "Groups", json!({ "displayName": "ML", "members": [{ "value": "$user" }] })),
        ("group.update", "PATCH", "Groups/$group", json!({ "Operations": [{ "op": "remove", "path": "members" }] })),
        ("group.update", "PUT", "Groups/$group", json!({ "displayName": "ML", "members": [{ "value": "$user" }] })),
        ("group.remove", "DELETE", "Groups/$group", Value::Null),
        ("member.remove", "DELETE", "Users/$user", Value::Null),
    ] {
        let before = log().await.0;
        let fill = |text: &str| text.replace("$user", &user).replace("$group", &group);
        let body = serde_json::from_str(&fill(&body.to_string())).expect("JSON");
        let answer = directory.call(method, &fill(path), body).await;
        assert!((200..300).contains(&answer.status), "{action}: {}", answer.text());
        let (after, newest) = log().await;
        assert_eq!(
            (after - before, &newest["action"], &newest["actor"], &newest["actorKind"]),
            (1, &json!(action), &json!(owner.email), &json!("token")),
            "{newest}"
        );
        if method == "POST" {
            *(if path == "Users" { &mut user } else { &mut group }) = answer.json()["id"].as_str().expect("an id").to_owned();
        }
    }
    let seen = owner.graphql("{ auditVerification { finding } }", Value::Null).await;
    assert_eq!(seen["data"]["auditVerification"], json!({ "finding": null }));
}
