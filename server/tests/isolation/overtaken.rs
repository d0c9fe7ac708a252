//! What was begun before somebody's rights were taken away is in the log before that, or not at all.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{Actor, Organization, world};

/// Waits until somebody waits for a table that `holder` has locked.
async fn waiting(holder: &mut sqlx::PgConnection, table: &str) {
    let sql = "select count(*) from pg_locks where not granted and relation = $1::regclass";
    for _ in 0..2_000 {
        let (count,): (i64,) = sqlx::query_as(sql).bind(table).fetch_one(&mut *holder).await.expect("counts");
        if count > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

/// The variables that name a member.
async fn id_of(organization: &Organization<'_>, member: &Actor) -> Value {
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = members["data"]["members"]["nodes"].as_array().expect("members").clone();
    json!({ "id": nodes.iter().find(|node| node["email"] == member.email.as_str()).expect("the member")["id"] })
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
        waiting(&mut holder, "projects").await;
        let taken = match how {
            "token" => {
                let tokens = member.graphql("{ tokens { nodes { id } } }", Value::Null).await;
                let id = tokens["data"]["tokens"]["nodes"][0]["id"].clone();
                member.graphql("mutation($id: ID!) { revokeToken(id: $id) { id } }", json!({ "id": id })).await
            }
            "nothing" => organization.owner.graphql("mutation { updateProfile(name: \"Olga\") { id } }", Value::Null).await,
            "role" => {
                organization
                    .owner
                    .graphql("mutation($id: ID!) { updateMemberRoles(id: $id, roles: [\"viewer\"]) { id }}", id_of(&organization, &member).await)
                    .await
            }
            _ => organization.owner.graphql("mutation($id: ID!) { removeMember(id: $id) { id } }", id_of(&organization, &member).await).await,
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

#[tokio::test]
async fn t14_a_training_goes_on_when_somebody_elses_rights_change_and_ends_with_its_own() {
    let organization = world().organization().await;
    let other = organization.member("viewer").await;
    for (whose, status) in [("somebody else's", 200), ("its own", 403)] {
        let member = organization.member("admin").await;
        let script = member.token(&["*"]).await;
        let experiment = script.mlflow("POST", "experiments/create", json!({ "name": whose })).await.json()["experiment_id"].clone();
        let mut holder = organization.tamperer().await;
        holder.execute("begin; lock table runs in share mode").await.expect("locks");
        let asks = script.clone();
        let made = tokio::spawn(async move { asks.mlflow("POST", "runs/create", json!({ "experiment_id": experiment, "run_name": whose })).await });
        waiting(&mut holder, "runs").await;
        let (changed, roles) = if status == 200 { (&other, "finance") } else { (&member, "viewer") };
        let change = format!("mutation($id: ID!) {{ updateMemberRoles(id: $id, roles: [\"{roles}\"]) {{ id }} }}");
        let done = organization.owner.graphql(&change, id_of(&organization, changed).await).await;
        assert!(done["errors"].is_null(), "{done}");
        holder.execute("rollback").await.expect("lets go");
        let made = made.await.expect("answers");
        assert_eq!(made.status, status, "{whose}: {}", made.text());
    }
}
