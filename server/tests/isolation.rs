//! Nobody outside an organization sees a byte of it, even with one of the two walls broken.

mod claims;
mod crossing;
mod faulty_sessions;
mod foreign;
mod ids;
mod lanes;
mod overtaken;

use crate::support::{Actor, world};
use serde_json::{Value, json};
use shared::{Permission, Role};
use sqlx::{Executor, Row};

#[tokio::test]
async fn t06_unknown_inputs_are_refused() {
    let organization = world().organization().await;
    let answer = organization
        .owner
        .graphql("mutation { createToken(input: { name: \"x\", scopes: [\"*\"], tenantId: \"b\", isSuperuser: true }) { secret } }", Value::Null)
        .await;
    assert!(answer["data"].is_null() && !answer["errors"].is_null(), "{answer}");
}

#[tokio::test]
async fn each_wall_stands_without_the_other() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let (a, b) = (ours.tenant().await, theirs.tenant().await);
    let mut connection = ours.tamperer().await;
    connection.execute("set role assay_app").await.expect("gives up rights");
    let count = async |connection: &mut sqlx::PgConnection, path: uuid::Uuid, tenant: String, door: &str| {
        connection
            .execute(sqlx::AssertSqlSafe(format!("set search_path = t_{}; set app.tenant_id = '{tenant}'; set app.door = '{door}'", path.simple())))
            .await
            .expect("sets");
        connection.fetch_one("select count(*) from projects").await.expect("counts").get::<i64, _>(0)
    };
    assert_eq!(count(&mut connection, a, a.to_string(), "").await, 1, "the honest case");
    assert_eq!(count(&mut connection, b, a.to_string(), "").await, 0, "the path of another organization shows nothing");
    assert_eq!(count(&mut connection, b, String::new(), "").await, 0, "no organization shows nothing");
    for door in ["lobby", "dispatch"] {
        assert_eq!(count(&mut connection, b, String::new(), door).await, 0, "the {door} sees no organization");
    }
    connection.execute(sqlx::AssertSqlSafe(format!("set app.tenant_id = '{a}'; set app.door = ''"))).await.expect("sets");
    for table in ["memberships", "api_tokens", "job_tokens", "invitations"] {
        let rows =
            connection.fetch_one(sqlx::AssertSqlSafe(format!("select count(*) from public.{table} where tenant_id <> '{a}'"))).await.expect("counts");
        assert_eq!(rows.get::<i64, _>(0), 0, "{table}");
    }
    for table in ["sessions", "password_resets", "sign_ups"] {
        let rows = connection.fetch_one(sqlx::AssertSqlSafe(format!("select count(*) from public.{table}"))).await.expect("counts");
        assert_eq!(rows.get::<i64, _>(0), 0, "{table}");
    }
}

#[tokio::test]
async fn r13_no_canary_crosses_over_in_interleaved_requests() {
    let world = world();
    let mut actors = Vec::new();
    for n in 0..6 {
        let organization = world.organization().await;
        let canary = format!("CANARY-{n}-{}", uuid::Uuid::now_v7().simple());
        let made = organization.owner.graphql("mutation($name: String!) { createProject(name: $name) { id } }", json!({ "name": canary })).await;
        assert!(made["errors"].is_null(), "{made}");
        actors.push((organization.owner, canary));
    }
    let canaries: Vec<String> = actors.iter().map(|(_, canary)| canary.clone()).collect();
    let tasks = (0..24).map(|task| {
        let (actors, canaries) = (actors.clone(), canaries.clone());
        async move {
            for round in 0..25 {
                let (actor, own) = &actors[(task + round) % actors.len()];
                // Some callers go away in the middle, so that connections return in every state.
                let query = actor.graphql("{ projects { name } auditEntries { nodes { subjectName } } members { nodes { email } } }", Value::Null);
                if (task + round) % 7 == 0 {
                    let _ = tokio::time::timeout(std::time::Duration::from_millis(2), query).await;
                    continue;
                }
                let answer = query.await.to_string();
                for canary in &canaries {
                    assert_eq!(answer.contains(canary), canary == own, "{canary} in an answer to {own}");
                }
            }
        }
    });
    futures::future::join_all(tasks).await;
}

#[tokio::test]
async fn r13_pages_that_are_rendered_side_by_side_are_each_readers_own() {
    let world = world();
    let mut readers = Vec::new();
    for n in 0..4 {
        let organization = world.organization().await;
        let canary = format!("CANARY-{n}-{}", uuid::Uuid::now_v7().simple());
        let made = organization.owner.graphql("mutation($name: String!) { createExperiment(name: $name) { id } }", json!({ "name": canary })).await;
        assert!(made["errors"].is_null(), "{made}");
        readers.push((organization.owner, canary));
    }
    let canaries: Vec<String> = readers.iter().map(|(_, canary)| canary.clone()).collect();
    let tasks = (0..24).map(|task| {
        let (readers, canaries) = (readers.clone(), canaries.clone());
        async move {
            for round in 0..6 {
                let (reader, own) = &readers[(task + round) % readers.len()];
                let path = ["/experiments", "/audit", "/experiments?sort=name"][(task + round) % 3];
                let visit = reader.send(reader.request(reqwest::Method::GET, path));
                // Some readers go away in the middle: what their page held must come back.
                if (task + round) % 7 == 0 {
                    let _ = tokio::time::timeout(std::time::Duration::from_millis(5), visit).await;
                    continue;
                }
                let answer = visit.await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                for canary in &canaries {
                    assert_eq!(answer.text().contains(canary), canary == own, "{canary} on {path} of {own}");
                }
            }
        }
    });
    futures::future::join_all(tasks).await;
}

#[tokio::test]
async fn r12_requests_that_need_two_connections_do_not_wait_for_each_other() {
    let organization = world().organization().await;
    // What the tenant holds, and then what only the control plane knows.
    let query = "{ projects { name } members { nodes { email } } viewer { organizations { name } } }";
    let asked = (0..60).map(|_| organization.owner.graphql(query, Value::Null));
    for answer in futures::future::join_all(asked).await {
        assert!(answer["errors"].is_null() && answer["data"]["viewer"]["organizations"].is_array(), "{answer}");
    }
}

#[tokio::test]
async fn c7_1a_c7_1c_t13_a_change_of_rights_holds_for_the_next_request_on_every_replica() {
    let replicas = [crate::support::World::replica(&["--redis-url=redis://127.0.0.1:1"]), crate::support::World::replica(&[])];
    let organization = world().organization().await;
    let member = organization.member("viewer").await;
    let script = member.token(&["*"]).await;
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = members["data"]["members"]["nodes"].as_array().expect("members");
    let id = nodes.iter().find(|node| node["email"] == member.email.as_str()).expect("the member")["id"].clone();
    let everywhere = async |expected: &str| {
        for world in replicas.iter().chain([world()]) {
            for actor in [member.at(world), script.at(world)] {
                let name = json!({ "name": uuid::Uuid::now_v7().to_string() });
                let made = actor.graphql("mutation($name: String!) { createProject(name: $name) { id } }", name).await;
                assert_eq!(Actor::code(&made), expected, "{made}");
            }
        }
    };
    // A role's permissions come with the role, and go with it.
    for role in [Role::Viewer, Role::Admin, Role::Viewer] {
        let set = "mutation($id: ID!, $roles: [String!]!) { updateMemberRoles(id: $id, roles: $roles) { roles } }";
        let given = organization.owner.graphql(set, json!({ "id": id, "roles": [role.as_str()] })).await;
        assert!(given["errors"].is_null(), "{given}");
        everywhere(if role.permissions().contains(&Permission::ProjectsWrite) { "" } else { "FORBIDDEN" }).await;
    }
    let removed = organization.owner.graphql("mutation($id: ID!) { removeMember(id: $id) { id } }", json!({ "id": id })).await;
    assert!(removed["errors"].is_null(), "{removed}");
    everywhere("UNAUTHENTICATED").await;
}

#[tokio::test]
async fn t17_owners_stay_owners_until_an_owner_says_otherwise() {
    let organization = world().organization().await;
    let admin = organization.member("admin").await;
    let members = organization.owner.graphql("{ members { nodes { id email roles } } }", Value::Null).await;
    let id = |email: &str| {
        members["data"]["members"]["nodes"].as_array().expect("members").iter().find(|node| node["email"] == email).expect("the member")["id"].clone()
    };
    let set = async |actor: &Actor, email: &str, roles: Value| {
        actor
            .graphql(
                "mutation($id: ID!, $roles: [String!]!) { updateMemberRoles(id: $id, roles: $roles) { roles } }",
                json!({ "id": id(email), "roles": roles }),
            )
            .await
    };
    assert_eq!(Actor::code(&set(&admin, &admin.email, json!(["owner"])).await), "FORBIDDEN");
    assert_eq!(Actor::code(&set(&admin, &organization.owner.email, json!(["viewer"])).await), "FORBIDDEN");
    assert_eq!(Actor::code(&set(&organization.owner, &organization.owner.email, json!(["viewer"])).await), "CONFLICT");
    let removed =
        organization.owner.graphql("mutation($id: ID!) { removeMember(id: $id) { id } }", json!({ "id": id(&organization.owner.email) })).await;
    assert_eq!(Actor::code(&removed), "CONFLICT");
}

#[tokio::test]
async fn t17_who_has_just_stopped_to_be_an_owner_is_none_for_the_rest_of_the_request() {
    let organization = world().organization().await;
    let second = organization.member("admin").await;
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let id = |email: &str| {
        let nodes = members["data"]["members"]["nodes"].as_array().expect("members");
        nodes.iter().find(|node| node["email"] == email).expect("the member")["id"].as_str().expect("an id").to_owned()
    };
    let (own, other) = (id(&organization.owner.email), id(&second.email));
    let set = |id: &str, role: &str| format!("updateMemberRoles(id: \"{id}\", roles: [\"{role}\"]) {{ id }}");
    let made = organization.owner.graphql(&format!("mutation {{ {} }}", set(&other, "owner")), Value::Null).await;
    assert!(made["errors"].is_null(), "{made}");
    let back = set(&own, "owner");
    let email = format!("late-{}@example.com", uuid::Uuid::now_v7().simple());
    let invite = format!("inviteMember(email: \"{email}\", role: \"owner\") {{ id }}");
    let remove = format!("removeMember(id: \"{other}\") {{ id }}");
    for then in [&back, &invite, &remove] {
        let answer = organization.owner.graphql(&format!("mutation {{ a: {} b: {then} }}", set(&own, "admin")), Value::Null).await;
        assert_eq!(Actor::code(&answer), "FORBIDDEN", "{then}: {answer}");
        // The other one, who is an owner still, makes them one again for the next attempt.
        let again = second.graphql(&format!("mutation {{ {back} }}"), Value::Null).await;
        assert!(again["errors"].is_null(), "{again}");
    }
}

#[tokio::test]
async fn t15_a_narrow_token_stays_narrow() {
    let organization = world().organization().await;
    let script = organization.owner.token(&["runs:write"]).await;
    for query in [
        "mutation { createToken(input: { name: \"x\", scopes: [\"*\"] }) { secret } }",
        "{ auditEntries { nodes { sequence } } }",
        "{ members { nodes { email } } }",
        "mutation { createProject(name: \"x\") { id } }",
    ] {
        assert_eq!(Actor::code(&script.graphql(query, Value::Null).await), "FORBIDDEN", "{query}");
    }
    let all = organization.script().await;
    assert_eq!(
        Actor::code(&all.graphql("mutation { createToken(input: { name: \"x\", scopes: [\"*\"] }) { secret } }", Value::Null).await),
        "FORBIDDEN",
        "a token makes no token"
    );
}
