//! Who works in which project: restricted projects, roles in them, shared experiments, links, roles of the organization's own, and what was decided.

mod links;
mod place;
mod roles;

use std::collections::BTreeSet;

use crate::support::{
    Actor,
    tracking::{MISSING, experiment, ok, refused, run_in},
    world,
};
use place::{Place, ask, code, text};
use serde_json::{Value, json};
use sqlx::Executor;

#[tokio::test]
async fn c5_2d_a_restricted_project_is_not_there_for_who_has_no_role_in_it() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    for role in ["ml_engineer", "data_scientist", "compliance", "viewer"] {
        let outsider = organization.member(role).await;
        for query in place.reads() {
            let answer = outsider.graphql(&query, Value::Null).await;
            assert!(!answer.to_string().contains("CANARY") && !answer.to_string().contains("Vault"), "{role}: {query}: {answer}");
        }
        for mutation in place.writes() {
            let found = code(&outsider, &mutation).await;
            assert!(["NOT_FOUND", "FORBIDDEN"].contains(&found.as_str()), "{role}: {mutation}: {found}");
        }
        let script = outsider.token(&["*"]).await;
        for (path, body) in place.logs() {
            let (status, found) = place.call(&script, path, &body).await;
            assert!([404, 403].contains(&status), "{role}: {path}: {status} {found}");
        }
        let run = &place.run;
        assert_eq!(refused(&script, "GET", &format!("runs/get?run_id={run}"), Value::Null).await, (404, MISSING.into()));
        let history = ok(&script, "GET", &format!("metrics/get-history?run_id={run}&metric_key=loss"), Value::Null).await;
        assert!(history["metrics"].as_array().is_none_or(Vec::is_empty), "{role}: {history}");
        let found = ok(&script, "POST", "runs/search", json!({ "experiment_ids": [place.experiment] })).await;
        assert!(!found.to_string().contains(run.as_str()), "{found}");
        for path in [format!("/runs/{run}"), format!("/experiments/{}", place.experiment), format!("/artifacts/runs/run_{run}/CANARY.txt")] {
            assert_eq!(outsider.get(&path).await.status, 404, "{role}: {path}");
        }
        // What is everybody's still is.
        assert!(!ask(&outsider, "{ experiments { nodes { name } } }").await["experiments"]["nodes"].as_array().expect("a list").is_empty());
    }
    for role in ["owner", "admin"] {
        let administers = if role == "owner" { organization.owner.clone() } else { organization.member(role).await };
        for query in place.reads() {
            let answer = ask(&administers, &query).await.to_string();
            assert!(answer.contains("CANARY") || answer.contains("Vault") || answer.contains(&place.run), "{role}: {query}: {answer}");
        }
    }
}

#[tokio::test]
async fn c5_2d_c7_1c_a_role_in_a_project_holds_there_from_the_next_request_until_it_is_taken() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let guest = organization.member("viewer").await;
    let script = guest.token(&["*"]).await;
    let read = format!("{{ run(id: \"run_{}\") {{ name }} }}", place.run);

    assert_eq!(place.give(&organization.owner, &guest, "viewer").await["data"]["setProjectMember"]["role"], "viewer");
    for query in place.reads() {
        let answer = ask(&guest, &query).await.to_string();
        assert!(answer.contains("CANARY") || answer.contains("Vault") || answer.contains(&place.run), "{query}: {answer}");
    }
    for mutation in place.writes() {
        assert_eq!(code(&guest, &mutation).await, "FORBIDDEN", "{mutation}");
    }
    for (path, body) in place.logs() {
        assert_eq!(place.call(&script, path, &body).await.0, 403, "{path}");
    }

    place.give(&organization.owner, &guest, "data_scientist").await;
    let made = place.call(&script, "runs/create", &json!({ "experiment_id": place.experiment })).await;
    assert_eq!(made.0, 200, "{made:?}");
    let logged = place.call(&script, "runs/log-metric", &json!({ "run_id": place.run, "key": "loss", "value": 1, "timestamp": 2, "step": 2 })).await;
    assert_eq!(logged.0, 200, "{logged:?}");
    ask(&guest, &format!("mutation {{ removeRunTag(id: \"run_{}\", key: \"team\") {{ id }} }}", place.run)).await;
    // Elsewhere they are what they were.
    let elsewhere = run_in(&organization.script().await, "0").await;
    assert_eq!(code(&guest, &format!("mutation {{ renameRun(id: \"run_{elsewhere}\", name: \"x\") {{ id }} }}")).await, "FORBIDDEN");
    assert_eq!(refused(&script, "POST", "runs/create", json!({ "experiment_id": "0" })).await.0, 403);

    assert!(place.take(&organization.owner, &guest).await["errors"].is_null());
    assert_eq!(code(&guest, &read).await, "NOT_FOUND");
    assert_eq!(
        place.call(&script, "runs/log-metric", &json!({ "run_id": place.run, "key": "loss", "value": 1, "timestamp": 3, "step": 3 })).await.0,
        404
    );
}

#[tokio::test]
async fn c5_2d_a_batch_that_bars_one_run_does_not_take_the_others_down() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let guest = organization.member("data_scientist").await;
    place.give(&organization.owner, &guest, "viewer").await;
    let script = guest.token(&["*"]).await;
    let own = run_in(&script, "0").await;
    let log = |run: &str| json!({ "run_id": run, "key": "loss", "value": 1, "timestamp": 2, "step": 2 });
    let calls = (0..16).map(|n| {
        let (script, run) = (script.clone(), if n % 4 == 0 { place.run.clone() } else { own.clone() });
        let body = log(&run);
        async move { (n % 4 == 0, script.mlflow("POST", "runs/log-metric", body).await.status) }
    });
    for (barred, status) in futures::future::join_all(calls).await {
        assert_eq!(status, if barred { 403 } else { 200 });
    }
}

#[tokio::test]
async fn c5_2a_a_shared_experiment_is_read_by_the_whole_team_and_changed_by_its_project_only() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let reader = organization.member("data_scientist").await;
    let read = format!(
        "{{ experiment(id: \"exp_{}\") {{ name sharedAt sharedBy viewerPermissions project {{ name }} runs {{ nodes {{ name metrics {{ key }} artifacts {{ name }} }} }} }} }}",
        place.experiment
    );
    assert_eq!(code(&reader, &read).await, "NOT_FOUND");
    ask(&organization.owner, &format!("mutation {{ shareExperiment(id: \"exp_{}\") }}", place.experiment)).await;

    let seen = ask(&reader, &read).await["experiment"].clone();
    assert_eq!((seen["name"].as_str(), seen["project"]["name"].as_str()), (Some("CANARY"), Some("Vault")), "{seen}");
    assert!(seen["sharedAt"].is_string() && seen["sharedBy"].is_string() && seen["viewerPermissions"] == json!([]), "{seen}");
    assert_eq!(seen["runs"]["nodes"][0]["metrics"][0]["key"], "loss");
    assert_eq!(seen["runs"]["nodes"][0]["artifacts"][0]["name"], "CANARY.txt");
    assert!(ask(&reader, "{ experiments { nodes { name } } }").await.to_string().contains("CANARY"));
    let script = reader.token(&["runs:read", "experiments:read"]).await;
    assert_eq!(ok(&script, "GET", &format!("runs/get?run_id={}", place.run), Value::Null).await["run"]["info"]["run_name"], "CANARY");
    // What else the project holds is not shared, and nothing of it can be changed.
    assert!(!ask(&reader, "{ registeredModels { nodes { name } } }").await.to_string().contains(&place.model));
    for mutation in place.writes() {
        let found = code(&reader, &mutation).await;
        assert!(["FORBIDDEN", "NOT_FOUND"].contains(&found.as_str()), "{mutation}: {found}");
    }
    // Finance reads no artifacts anywhere, so none here.
    let finance = organization.member("finance").await;
    let files = format!("{{ run(id: \"run_{}\") {{ name artifacts {{ name }} }} }}", place.run);
    assert!(!finance.graphql(&files, Value::Null).await.to_string().contains("CANARY.txt"));

    ask(&organization.owner, &format!("mutation {{ unshareExperiment(id: \"exp_{}\") }}", place.experiment)).await;
    assert_eq!(code(&reader, &read).await, "NOT_FOUND");
    let stranger = world().organization().await.owner;
    assert_eq!(code(&stranger, &read).await, "NOT_FOUND");
}

#[tokio::test]
async fn c5_2d_t17_who_shares_a_project_gives_no_more_than_they_have() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let (lead, guest, other) = (organization.member("viewer").await, organization.member("viewer").await, organization.member("ml_engineer").await);
    place.give(&organization.owner, &lead, "ml_engineer").await;
    assert!(place.give(&lead, &guest, "data_scientist").await["errors"].is_null());
    for role in ["owner", "admin", "*", "", "nobody"] {
        assert_eq!(Actor::code(&place.give(&lead, &guest, role).await), "INVALID", "{role}");
    }
    // A role that writes less but shares: what is given is compared, not the name.
    let made = "mutation { createRole(input: { title: \"Sharer\", permissions: [\"projects:share\"] }) { name } }";
    let sharer = text(&ask(&organization.owner, made).await["createRole"]["name"]);
    place.give(&organization.owner, &lead, &sharer).await;
    assert_eq!(Actor::code(&place.give(&lead, &guest, "data_scientist").await), "FORBIDDEN");
    // Who may share elsewhere may not here.
    assert_eq!(Actor::code(&place.give(&other, &other, "ml_engineer").await), "NOT_FOUND");
    assert_eq!(Actor::code(&place.take(&other, &lead).await), "NOT_FOUND");
    let stranger = world().organization().await.owner;
    assert_eq!(Actor::code(&place.give(&stranger, &stranger, "viewer").await), "NOT_FOUND");
    assert_eq!(Actor::code(&place.give(&organization.owner, &stranger, "viewer").await), "NOT_FOUND");
}

#[tokio::test]
async fn c5_2d_who_restricts_a_project_stays_in_it_and_the_default_one_stays_open() {
    let organization = world().organization().await;
    let engineer = organization.member("ml_engineer").await;
    let project = text(&ask(&engineer, "mutation { createProject(name: \"Mine\") { id } }").await["createProject"]["id"]);
    ask(&engineer, &format!("mutation {{ setProjectAccess(id: \"{project}\", access: RESTRICTED) }}")).await;
    let seen = ask(&engineer, "{ projects { name access members { email role } viewerPermissions } }").await;
    let mine = seen["projects"].as_array().expect("a list").iter().find(|project| project["name"] == "Mine").expect("it is seen").clone();
    assert_eq!((mine["access"].as_str(), mine["members"][0]["email"].as_str()), (Some("RESTRICTED"), Some(engineer.email.as_str())), "{mine}");
    assert!(mine["viewerPermissions"].to_string().contains("projects:share"), "{mine}");
    let colleague = organization.member("ml_engineer").await;
    assert!(!ask(&colleague, "{ projects { name } }").await.to_string().contains("Mine"));
    ask(&engineer, &format!("mutation {{ setProjectAccess(id: \"{project}\", access: OPEN) }}")).await;
    assert!(ask(&colleague, "{ projects { name } }").await.to_string().contains("Mine"));
    let default = text(&ask(&organization.owner, "{ projects { id slug } }").await["projects"][0]["id"]);
    assert_eq!(code(&organization.owner, &format!("mutation {{ setProjectAccess(id: \"{default}\", access: RESTRICTED) }}")).await, "CONFLICT");
    let log = ask(&organization.owner, "{ auditEntries(filter: { action: \"project\" }) { nodes { action outcome } } }").await.to_string();
    for action in ["project.create", "project.restrict", "project.open"] {
        assert!(log.contains(action), "{action}: {log}");
    }
}

#[tokio::test]
async fn c5_2b_nobody_is_told_of_what_they_may_not_see() {
    let organization = world().organization().await;
    let place = Place::of(&organization).await;
    let (inside, outside) = (organization.member("viewer").await, organization.member("viewer").await);
    place.give(&organization.owner, &inside, "viewer").await;
    let body = format!("@{} @{} CANARY", inside.email, outside.email);
    let start = "mutation($about: ID!, $body: String!) { startThread(input: { about: $about, body: $body }) { id } }";
    organization.owner.graphql(start, json!({ "about": format!("run_{}", place.run), "body": body })).await;
    let told = "{ notifications { nodes { quote } } }";
    assert!(ask(&inside, told).await.to_string().contains("CANARY"));
    assert!(!ask(&outside, told).await.to_string().contains("CANARY"));
    // What one was told of and may not see any more is not shown any more.
    place.take(&organization.owner, &inside).await;
    assert!(!ask(&inside, told).await.to_string().contains("CANARY"));
}

/// What no project holds: the organization's own, and what is found through nothing else.
const OF_NO_PROJECT: [&str; 24] = [
    "access_decisions",
    "audit_entries",
    "audit_head",
    "blobs",
    "export_counts",
    "export_files",
    "exports",
    "import_counts",
    "import_items",
    "import_origins",
    "imports",
    "member_preferences",
    "notification_preferences",
    "notifications",
    "role_permissions",
    "roles",
    "saved_comparisons",
    "scim_group_members",
    "scim_groups",
    "scim_users",
    "service_accounts",
    "slack_connections",
    "slack_messages",
    "storage",
];

#[tokio::test]
async fn r16_every_table_that_a_project_holds_is_gated_by_project() {
    let organization = world().organization().await;
    experiment(&organization.script().await).await;
    let mut tamperer = organization.tamperer().await;
    let rows = tamperer
        .fetch_all(
            "select c.relname::text, (select string_agg(distinct p.polcmd::text, '') from pg_policy p where p.polrelid = c.oid and p.polname like 'project\\_%') \
             from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'",
        )
        .await
        .expect("tables");
    let tables: Vec<(String, Option<String>)> = rows.iter().map(|row| (sqlx::Row::get(row, 0), sqlx::Row::get(row, 1))).collect();
    assert!(tables.len() > 30, "{tables:?}");
    let open: BTreeSet<&str> = tables
        .iter()
        .filter(|(_, gates)| gates.as_ref().is_none_or(|gates| gates.len() < 3 && !gates.contains('*')))
        .map(|(name, _)| name.as_str())
        .collect();
    let known = BTreeSet::from(OF_NO_PROJECT);
    assert!(open.is_subset(&known), "without gates: {:?}", open.difference(&known).collect::<Vec<_>>());
}
