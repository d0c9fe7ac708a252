//! What was begun before somebody's rights were taken away is in the log before that, or not at all.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{Actor, world};

/// Waits until so many wait for what `holder` has locked.
async fn waiting(holder: &mut sqlx::PgConnection) {
    let sql = "select count(*) from pg_locks where not granted and relation = 'projects'::regclass";
    for _ in 0..2_000 {
        let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut *holder).await.expect("counts");
        if count > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn t14_what_was_begun_before_a_revoke_is_entered_before_it_or_not_at_all() {
    let organization = world().organization().await;
    for how in ["token", "role", "removal", "nothing"] {
        let member = organization.member("admin").await;
        let script = member.token(&["*"]).await;
        let mut holder = organization.tamperer().await;
        holder.execute("begin; lock table projects in share mode").await.expect("locks");
        let name = format!("late {how}");
        let (asks, variables) = (script.clone(), json!({ "name": name }));
        // Waits for the lock with the rights that it entered with.
        let made = tokio::spawn(async move { asks.graphql("mutation($name: String!) { createProject(name: $name) { id } }", variables).await });
        waiting(&mut holder).await;
        let taken = match how {
            "token" => {
                let tokens = member.graphql("{ tokens { nodes { id } } }", Value::Null).await;
                let id = tokens["data"]["tokens"]["nodes"][0]["id"].clone();
                member.graphql("mutation($id: ID!) { revokeToken(id: $id) { id } }", json!({ "id": id })).await
            }
            "nothing" => organization.owner.graphql("mutation { updateProfile(name: \"Olga\") { id } }", Value::Null).await,
            _ => {
                let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
                let nodes = members["data"]["members"]["nodes"].as_array().expect("members").clone();
                let id = nodes.iter().find(|node| node["email"] == member.email.as_str()).expect("the member")["id"].clone();
                let change = if how == "role" { "updateMemberRoles(id: $id, roles: [\"viewer\"]) { id }" } else { "removeMember(id: $id) { id }" };
                organization.owner.graphql(&format!("mutation($id: ID!) {{ {change} }}"), json!({ "id": id })).await
            }
        };
        assert!(how == "nothing" || taken["errors"].is_null(), "{how}: {taken}");
        holder.execute("rollback").await.expect("lets go");
        let made = made.await.expect("answers");
        let log = organization.owner.graphql("{ auditEntries(filter: { action: \"project.create\" }) { nodes { subjectName } } }", Value::Null).await;
        let stands = log["data"]["auditEntries"]["nodes"].as_array().expect("entries").iter().any(|entry| entry["subjectName"] == name.as_str());
        let projects = organization.owner.graphql("{ projects { name } }", Value::Null).await.to_string();
        if how == "nothing" {
            assert!(made["errors"].is_null() && stands && projects.contains(&name), "{made} {log} {projects}");
        } else {
            assert_eq!(Actor::code(&made), "UNAVAILABLE", "{how}: {made}");
            assert!(made.to_string().contains("changed while this was under way") && !stands && !projects.contains(&name), "{how}: {made} {log}");
            // Asked again, it is told what holds now.
            let again = script.graphql("mutation { createProject(name: \"again\") { id } }", Value::Null).await;
            assert!(["UNAUTHENTICATED", "FORBIDDEN"].contains(&Actor::code(&again)), "{how}: {again}");
        }
    }
}
