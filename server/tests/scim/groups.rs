//! What groups of the directory make of members.

use serde_json::{Value, json};

use super::directory::{Directory, id};
use crate::support::{Actor, World};

#[tokio::test]
async fn c7_1a_c7_1c_members_of_a_mapped_group_have_its_role_at_once_and_whoever_leaves_it_has_not() {
    let replica = World::replica(&[]);
    let directory = Directory::connected().await;
    let colleague = directory.organization.member("viewer").await;
    let own = colleague.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    let (ada, _) = directory.user("Ada").await;
    let group = directory.group("Platform", &[&own, &ada]).await;
    let create = "mutation { createProject(name: \"x\") { id } }";
    let may = async |actor: &Actor| Actor::code(&actor.graphql(create, Value::Null).await) != "FORBIDDEN";
    let roles = async |id: &str| directory.member(id).await["roles"].clone();
    assert!(!may(&colleague).await);
    let mapped = directory.map(&group, json!("ml_engineer")).await;
    assert_eq!(mapped["data"]["setGroupRole"], json!({ "id": group, "role": "ml_engineer", "memberCount": 2 }), "{mapped}");
    assert!(may(&colleague).await && may(&colleague.at(&replica)).await);
    assert_eq!((roles(&own).await, roles(&ada).await), (json!(["ml_engineer"]), json!(["ml_engineer"])));
    let (bob, _) = directory.user("Bob").await;
    let at = format!("Groups/{group}");
    for (operations, of_colleague, of_bob) in [
        (json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]), json!(["ml_engineer"]), json!(["ml_engineer"])),
        (json!([{ "op": "remove", "path": format!("members[value eq \"{own}\"]") }]), json!(["viewer"]), json!(["ml_engineer"])),
        (json!([{ "op": "replace", "path": "members", "value": [{ "value": own }] }]), json!(["ml_engineer"]), json!(["viewer"])),
    ] {
        directory.patch(&at, operations.clone()).await;
        assert_eq!((roles(&own).await, roles(&bob).await), (of_colleague.clone(), of_bob), "{operations}");
        assert_eq!(may(&colleague.at(&replica)).await, of_colleague == json!(["ml_engineer"]), "{operations}");
    }
    // Several groups add up, what a person gave stays, and what a group gives is taken by the group alone.
    let second = directory.group("Auditors", &[&own]).await;
    directory.map(&second, json!("compliance")).await;
    let update = "mutation($id: ID!, $roles: [String!]!) { updateMemberRoles(id: $id, roles: $roles) { roles } }";
    let owner = &directory.organization.owner;
    let given = owner.graphql(update, json!({ "id": own, "roles": ["ml_engineer", "compliance", "finance"] })).await;
    assert!(given["errors"].is_null(), "{given}");
    let taken = owner.graphql(update, json!({ "id": own, "roles": ["ml_engineer", "finance"] })).await;
    assert_eq!(Actor::code(&taken), "CONFLICT", "{taken}");
    directory.expect(204, "DELETE", &format!("Groups/{second}"), Value::Null).await;
    assert_eq!(roles(&own).await, json!(["finance", "ml_engineer"]));
    directory.map(&group, Value::Null).await;
    assert_eq!(roles(&own).await, json!(["finance"]));
    assert!(!may(&colleague).await);
    let listed = owner.graphql("{ provisionedGroups { totalCount nodes { displayName role memberCount } } }", Value::Null).await;
    let expected = json!({ "totalCount": 1, "nodes": [{ "displayName": "Platform", "role": null, "memberCount": 1 }] });
    assert_eq!(listed["data"]["provisionedGroups"], expected);
}

#[tokio::test]
async fn t17_t18_a_group_gives_a_role_that_there_is_and_never_makes_owners() {
    let directory = Directory::connected().await;
    let owner = &directory.organization.owner;
    let (ada, _) = directory.user("Ada").await;
    let group = directory.group("Keepers", &[&ada]).await;
    let keeper = "mutation { createRole(input: { title: \"Model keeper\", permissions: [\"models:write\", \"identity:write\"] }) { name } }";
    assert_eq!(owner.graphql(keeper, Value::Null).await["data"]["createRole"]["name"], "model_keeper");
    for (role, code) in [("owner", "INVALID"), ("king", "INVALID"), ("*", "INVALID"), ("", "INVALID")] {
        assert_eq!(Actor::code(&directory.map(&group, json!(role)).await), code, "{role}");
    }
    let admin = directory.organization.member("admin").await;
    let set = "mutation($id: ID!) { setGroupRole(id: $id, role: \"model_keeper\") { role } }";
    assert_eq!(Actor::code(&admin.graphql(set, json!({ "id": group })).await), "FORBIDDEN", "nobody gives what they have not");
    assert_eq!(Actor::code(&directory.script.graphql(set, json!({ "id": group })).await), "FORBIDDEN", "a directory does not map its groups");
    assert!(directory.map(&group, json!("model_keeper")).await["errors"].is_null());
    assert_eq!(directory.member(&ada).await["groupRoles"], json!(["model_keeper"]));
    let remove = owner.graphql("mutation { removeRole(name: \"model_keeper\") { name } }", Value::Null).await;
    assert_eq!(Actor::code(&remove), "CONFLICT", "{remove}");
    directory.map(&group, Value::Null).await;
    let remove = owner.graphql("mutation { removeRole(name: \"model_keeper\") { name } }", Value::Null).await;
    assert!(remove["errors"].is_null(), "{remove}");
}

#[tokio::test]
async fn an_owner_in_a_mapped_group_stays_one() {
    let directory = Directory::connected().await;
    let owner = id(&directory.expect(200, "GET", "Users?count=1", Value::Null).await["Resources"][0]);
    let group = directory.group("All", &[&owner]).await;
    directory.map(&group, json!("viewer")).await;
    assert_eq!(directory.member(&owner).await["roles"], json!(["owner", "viewer"]));
    directory.expect(204, "DELETE", &format!("Groups/{group}"), Value::Null).await;
    assert_eq!(directory.member(&owner).await["roles"], json!(["owner"]));
}
