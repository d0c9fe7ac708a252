//! Roles of the organization's own, why a decision is what it is, and the log of decisions.

use serde_json::{Value, json};

use super::place::{Place, ask, code, member_id};
use crate::support::{Actor, World, tracking::run_in, world};

#[tokio::test]
async fn c7_1a_a_role_of_the_organizations_own_allows_what_it_says_at_once() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let made = ask(
        owner,
        "mutation { createRole(input: { title: \"Model keeper\", description: \"Registers\", permissions: [\"models:write\", \"models:read\"] }) { name title permissions isBuiltIn } }",
    )
    .await["createRole"]
        .clone();
    assert_eq!(
        made,
        json!({ "name": "model_keeper", "title": "Model keeper", "permissions": ["experiments:read", "models:read", "models:write"], "isBuiltIn": false })
    );
    let member = organization.member("viewer").await;
    let give = |role: &str| json!({ "roles": [role] });
    let change = format!("mutation($roles: [String!]!) {{ updateMemberRoles(id: \"{}\", roles: $roles) {{ roles }} }}", member_id(&member).await);
    assert_eq!(owner.graphql(&change, give("model_keeper")).await["data"]["updateMemberRoles"]["roles"][0], "model_keeper");
    assert_eq!(code(&member, "{ registeredModels { totalCount } }").await, "");
    assert_eq!(code(&member, "{ run(id: \"run_0190aaaabbbb7ccc8dddeeeeffff0001\") { id } }").await, "FORBIDDEN");

    let update = "mutation { updateRole(name: \"model_keeper\", input: { title: \"Run reader\", permissions: [\"runs:read\"] }) { name title } }";
    assert_eq!(ask(owner, update).await["updateRole"], json!({ "name": "model_keeper", "title": "Run reader" }));
    assert_eq!(code(&member, "{ registeredModels { totalCount } }").await, "FORBIDDEN");
    assert_eq!(code(&member, "{ run(id: \"run_0190aaaabbbb7ccc8dddeeeeffff0001\") { id } }").await, "NOT_FOUND");

    let remove = "mutation { removeRole(name: \"model_keeper\") { name } }";
    assert_eq!(code(owner, remove).await, "CONFLICT");
    owner.graphql(&change, give("viewer")).await;
    ask(owner, remove).await;
    assert!(!ask(owner, "{ roles { name } }").await.to_string().contains("model_keeper"));
    for (mutation, expected) in [
        ("createRole(input: { title: \"Owner\", permissions: [\"runs:read\"] }) { name }", "ALREADY_EXISTS"),
        ("createRole(input: { title: \"*\", permissions: [\"runs:read\"] }) { name }", "INVALID"),
        ("createRole(input: { title: \"Xy\", permissions: [\"*\"] }) { name }", "INVALID"),
        ("createRole(input: { title: \"Xy\", permissions: [] }) { name }", "INVALID"),
        ("updateRole(name: \"viewer\", input: { title: \"Xy\", permissions: [\"runs:write\"] }) { name }", "CONFLICT"),
        ("removeRole(name: \"owner\") { name }", "CONFLICT"),
        ("removeRole(name: \"absent\") { name }", "NOT_FOUND"),
    ] {
        assert_eq!(code(owner, &format!("mutation {{ {mutation} }}")).await, expected, "{mutation}");
    }
}

#[tokio::test]
async fn t17_nobody_makes_or_gives_a_role_that_allows_more_than_their_own() {
    let organization = world().organization().await;
    let (owner, admin) = (&organization.owner, organization.member("admin").await);
    let helper = "mutation { createRole(input: { title: \"Helper\", permissions: [\"members:write\", \"members:read\", \"roles:read\", \"roles:write\"] }) { name } }";
    ask(owner, helper).await;
    let keeper = "mutation { createRole(input: { title: \"Keeper\", permissions: [\"identity:write\"] }) { name } }";
    assert_eq!(code(&admin, keeper).await, "FORBIDDEN");
    ask(owner, keeper).await;
    let member = organization.member("viewer").await;
    let id = member_id(&member).await;
    let give = |role: &str| format!("mutation {{ updateMemberRoles(id: \"{id}\", roles: [\"{role}\"]) {{ id }} }}");
    assert_eq!(code(&admin, &give("keeper")).await, "FORBIDDEN");
    let invite = |role: &str| format!("mutation {{ inviteMember(email: \"a{role}@example.com\", role: \"{role}\") {{ id }} }}");
    assert_eq!(code(&admin, &invite("keeper")).await, "FORBIDDEN");
    let removal = "mutation { removeRole(name: \"keeper\") { name } }";
    assert_eq!(code(&admin, removal).await, "FORBIDDEN");
    // Who may only change roles does not become what they are not.
    ask(owner, &give("helper")).await;
    for role in ["admin", "data_scientist", "owner"] {
        assert_eq!(code(&member, &give(role)).await, "FORBIDDEN", "{role}");
        assert_eq!(code(&member, &invite(role)).await, "FORBIDDEN", "{role}");
    }
    let more = "mutation { updateRole(name: \"helper\", input: { title: \"Helper\", permissions: [\"audit:read\"] }) { name } }";
    assert_eq!(code(&member, more).await, "FORBIDDEN");
}

#[tokio::test]
async fn c7_1b_a_decision_is_explained_and_the_explanation_is_the_decision() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let (outsider, guest) = (organization.member("data_scientist").await, organization.member("viewer").await);
    place.give(&organization.owner, &guest, "data_scientist").await;
    let owner = organization.owner.clone();
    let why = async |member: &Actor, permission: &str, project: Option<&str>| {
        let query = "query($member: ID!, $permission: String!, $project: ID) { accessExplanation(member: $member, permission: $permission, project: $project) \
            { allowed reason remedy roles grantingRoles projectRole isRestricted } }";
        let variables = json!({ "member": member_id(member).await, "permission": permission, "project": project });
        owner.graphql(query, variables).await["data"]["accessExplanation"].clone()
    };
    let said = why(&outsider, "runs:write", Some(&place.project)).await;
    assert_eq!(
        (said["allowed"].as_bool(), said["reason"].as_str()),
        (Some(false), Some("Vault is restricted, and Mia Member has no role in it.")),
        "{said}"
    );
    assert!(said["remedy"].as_str().is_some_and(|text| text.contains("in Vault") && text.contains("Data scientist")), "{said}");
    let said = why(&guest, "runs:write", Some(&place.project)).await;
    assert_eq!(said["reason"], "Mia Member has the role Data scientist in Vault, which includes runs:write.", "{said}");
    assert!(said["allowed"] == true && said["projectRole"] == "data_scientist" && said["remedy"].is_null(), "{said}");
    let said = why(&outsider, "runs:write", None).await;
    assert_eq!(said["reason"], "Mia Member has Data scientist, which includes runs:write.", "{said}");
    let said = why(&outsider, "members:write", None).await;
    assert_eq!((said["allowed"].as_bool(), said["grantingRoles"].clone()), (Some(false), json!(["admin", "owner"])), "{said}");
    // What is said is what is done.
    let rename = format!("mutation {{ renameRun(id: \"run_{}\", name: \"x\") {{ id }} }}", place.run);
    assert_eq!((code(&guest, &rename).await.as_str(), code(&outsider, &rename).await.as_str()), ("", "NOT_FOUND"));
    assert_eq!(
        code(&owner, "{ accessExplanation(member: \"mem_0190aaaabbbb7ccc8dddeeeeffff0001\", permission: \"runs:read\") { allowed } }").await,
        "NOT_FOUND"
    );
    let own = member_id(&owner).await;
    assert_eq!(code(&owner, &format!("{{ accessExplanation(member: \"{own}\", permission: \"*\") {{ allowed }} }}")).await, "INVALID");
}

#[tokio::test]
async fn c7_1d_every_decision_is_in_the_access_log() {
    let organization = world().organization().await;
    let viewer = organization.member("viewer").await;
    for _ in 0..3 {
        ask(&viewer, "{ experiments { totalCount } }").await;
    }
    assert_eq!(code(&viewer, "{ auditEntries { totalCount } }").await, "FORBIDDEN");
    flush().await;
    let query = "query($filter: AccessFilter, $after: String) { accessDecisions(first: 200, after: $after, filter: $filter) \
        { totalCount pageInfo { hasNextPage endCursor } nodes { minute actor actorKind permission allowed times credential } } }";
    let of = async |filter: Value| organization.owner.graphql(query, json!({ "filter": filter })).await["data"]["accessDecisions"].clone();
    let seen = of(json!({ "actor": viewer.email, "permission": "experiments", "allowed": true })).await;
    assert_eq!((seen["nodes"][0]["permission"].as_str(), seen["nodes"][0]["times"].as_i64()), (Some("experiments:read"), Some(3)), "{seen}");
    let denied = of(json!({ "actor": viewer.email, "allowed": false })).await;
    assert_eq!((denied["totalCount"].as_i64(), denied["nodes"][0]["permission"].as_str()), (Some(1), Some("audit:read")), "{denied}");
    // More of the same minute are added to what is written.
    ask(&viewer, "{ experiments { totalCount } }").await;
    flush().await;
    let seen = of(json!({ "actor": viewer.email, "permission": "experiments:read" })).await;
    assert_eq!(seen["nodes"].as_array().expect("a list").iter().filter_map(|node| node["times"].as_i64()).sum::<i64>(), 4, "{seen}");
    assert_eq!(code(&viewer, "{ accessDecisions { totalCount } }").await, "FORBIDDEN");
}

#[tokio::test]
async fn c7_1d_calls_that_share_a_transaction_are_a_decision_each() {
    let organization = world().organization().await;
    let member = organization.member("data_scientist").await;
    // What others flush is theirs: what this server decided is written when this test says.
    let server = World::replica(&[]);
    let (script, reader) = (member.token(&["*"]).await.at(&server), organization.member("viewer").await.token(&["*"]).await.at(&server));
    let run = run_in(&script, "0").await;
    let times = async |actor: &Actor, allowed: bool| {
        let vault = server.services().vault;
        server.on_server(async move { vault.flush_decisions().await }).await.expect("is written");
        let filter = json!({ "actor": actor.email, "permission": "runs:write", "allowed": allowed });
        let query = "query($filter: AccessFilter) { accessDecisions(first: 200, filter: $filter) { nodes { times } } }";
        let seen = organization.owner.graphql(query, json!({ "filter": filter })).await;
        let nodes = seen["data"]["accessDecisions"]["nodes"].as_array().unwrap_or_else(|| panic!("{seen}")).clone();
        nodes.iter().filter_map(|node| node["times"].as_i64()).sum::<i64>()
    };
    let log = |script: &Actor, step: i64| {
        let (script, body) = (script.clone(), json!({ "run_id": run, "key": "loss", "value": 1.0, "timestamp": step, "step": step }));
        async move { script.mlflow("POST", "runs/log-metric", body).await.status }
    };
    let before = times(&script, true).await;
    assert_eq!(futures::future::join_all((0..20).map(|step| log(&script, step))).await, [200; 20]);
    assert_eq!(times(&script, true).await - before, 20);
    assert_eq!(futures::future::join_all((0..20).map(|step| log(&reader, step))).await, [403; 20]);
    assert!(times(&reader, false).await >= 20, "refused calls are counted too");
}

/// Writes what was decided, as the server does every few seconds.
async fn flush() {
    let vault = world().services().vault;
    world().on_server(async move { vault.flush_decisions().await }).await.expect("is written");
}
