//! Whatever anybody does is in the audit log: one entry an act, with who, what and when.

use crate::support::{
    Actor, PASSWORD,
    calls::CALLS,
    names::{Names, ask},
    world,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Telemetry of a running run, whose end carries its digest, and of a trace that is being taken in. `late.rs` tries them later.
const TELEMETRY: &[&str] = &["log-parameter", "runs/set-tag", "log-metric", "log-batch", "mlflow/traces"];

/// Mutations that need another server: `forms.rs` tries them.
pub const ELSEWHERE: &[&str] = &[
    "startImport",
    "cancelImport",
    "startOrganizationExport",
    "cancelOrganizationExport",
    "freeStorage",
    "closeOrganization",
    "setIdentityProvider",
    "removeIdentityProvider",
    "connectSlack",
    "setSlackPosts",
    "testSlack",
    "disconnectSlack",
    "connectOwnSlack",
    "testOwnSlack",
    "disconnectOwnSlack",
];

/// The names of all mutations of the schema.
fn every_mutation() -> Vec<String> {
    let schema = server::graphql::sdl();
    let fields = schema.split("type Mutation {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("mutations");
    // Every second piece is a description.
    let names = fields.split("\"\"\"").step_by(2).flat_map(str::lines).filter_map(|line| line.trim().split(['(', ':']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The log as somebody may read it: how many entries there are, and the newest.
pub async fn log(reader: &Actor) -> (u64, Value) {
    let query =
        "{ auditEntries(first: 1) { totalCount nodes { sequence at action actor actorKind subjectKind subjectId outcome requestId address } } }";
    let mut answer = reader.graphql(query, Value::Null).await;
    let entries = &mut answer["data"]["auditEntries"];
    (entries["totalCount"].as_u64().expect("a number"), entries["nodes"][0].take())
}

pub fn assert_whole(act: &str, entry: &Value, kind: &str, actor: &str) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((text("actorKind").as_str(), text("actor").as_str(), text("outcome").as_str()), (kind, actor, "DONE"), "{act}: {entry}");
    assert!(text("action").contains('.') && !text("subjectKind").is_empty() && !text("subjectId").is_empty(), "{act}: {entry}");
    assert_eq!((text("requestId").len(), &text("address")[..4]), (32, "127."), "{act}: {entry}");
    let at: DateTime<Utc> = text("at").parse().expect("a time");
    let age = world().clock.now() - at;
    assert!((TimeDelta::seconds(-1)..TimeDelta::minutes(2)).contains(&age), "{act}: {entry}");
}

#[tokio::test]
async fn c7_1d_every_call_of_a_script_that_changes_something_has_one_entry() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    for (method, path, input) in CALLS {
        let reads = *method == "GET" || path.ends_with("/search") || path.ends_with("get-latest-versions") || path.ends_with("batchGetInfos");
        let reads = reads || path.ends_with("traces/metrics") || path.ends_with("calculate-filter-correlation");
        // A part is none yet, and what was completed cannot be aborted.
        let reads = reads || path.contains("/mpu/part/") || path.contains("/mpu/abort/");
        let expected = u64::from(!reads && !TELEMETRY.iter().any(|end| path.ends_with(end)));
        let before = log(&organization.owner).await.0;
        ask(&script, method, &format!("/api/2.0/{}", names.fill(path)), &names.fill(input)).await;
        let (after, newest) = log(&organization.owner).await;
        assert_eq!(after - before, expected, "{method} {path}: {newest}");
        if expected == 1 {
            assert_whole(path, &newest, "token", &organization.owner.email);
        }
    }
}

#[tokio::test]
async fn c7_1d_every_act_of_a_person_has_one_entry() {
    let organization = world().organization().await;
    let names = Names::of(&organization.script().await).await;
    organization.member("viewer").await;
    let invited = organization.owner.graphql("mutation { inviteMember(email: \"other@example.com\", role: \"viewer\") { id } }", Value::Null).await;
    let invitation = invited["data"]["inviteMember"]["id"].as_str().unwrap_or_else(|| panic!("{invited}"));
    let first = organization.owner.graphql("{ members { nodes { id email } } tokens { nodes { id } } }", Value::Null).await;
    let nodes = first["data"]["members"]["nodes"].as_array().expect("members");
    let member = nodes.iter().find(|node| node["email"] != organization.owner.email.as_str()).expect("the member")["id"].as_str().expect("an id");
    let token = first["data"]["tokens"]["nodes"][0]["id"].as_str().expect("an id");
    let saved =
        organization.owner.graphql(&names.fill("mutation { saveComparison(name: \"kept\", of: { runs: [\"$run\"] }) { id } }"), Value::Null).await;
    let comparison = saved["data"]["saveComparison"]["id"].as_str().unwrap_or_else(|| panic!("{saved}"));
    let link = names.fill("mutation { createLink(input: { shows: { run: \"$run\" }, label: \"l\", expiresInDays: 1 }) { link { id } } }");
    let link = organization.owner.graphql(&link, Value::Null).await["data"]["createLink"]["link"]["id"].clone();
    let link = link.as_str().expect("an id");
    let job = names.fill("mutation { createJobToken(run: \"$run\") { token { id } } }");
    let job = organization.owner.graphql(&job, Value::Null).await["data"]["createJobToken"]["token"]["id"].clone();
    let job = job.as_str().expect("an id");
    let bot = "mutation { createServiceAccount(input: { name: \"bot\", roles: [\"viewer\"] }) { id } }";
    let account = organization.owner.graphql(bot, Value::Null).await["data"]["createServiceAccount"]["id"].clone();
    let account = account.as_str().expect("an id");
    let key =
        format!("mutation {{ createServiceAccountToken(account: \"{account}\", input: {{ name: \"key\", scopes: [\"*\"] }}) {{ token {{ id }} }} }}");
    let key = organization.owner.graphql(&key, Value::Null).await["data"]["createServiceAccountToken"]["token"]["id"].clone();
    let key = key.as_str().expect("an id");
    let support = organization.owner.graphql("mutation { grantSupport(hours: 1, reason: \"r\") { id } }", Value::Null).await;
    let support = support["data"]["grantSupport"]["id"].as_str().unwrap_or_else(|| panic!("{support}"));
    let start = names.fill("mutation { startThread(input: { about: \"run_$run\", body: \"a\" }) { id comments { id } } }");
    let thread = organization.owner.graphql(&start, Value::Null).await["data"]["startThread"].clone();
    let (comment, thread) = (thread["comments"][0]["id"].as_str().expect("an id"), thread["id"].as_str().expect("an id"));
    let made = organization.owner.graphql("mutation { createProject(name: \"Vault\") { id } }", Value::Null).await;
    let project = made["data"]["createProject"]["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let (script, mut finished) = (organization.script().await, Vec::new());
    for _ in 0..2 {
        let run =
            script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json()["run"]["info"]["run_id"].clone();
        assert_eq!(script.mlflow("POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await.status, 200);
        finished.push(run.as_str().expect("an id").to_owned());
    }
    let create = format!("mutation {{ createTemplate(run: \"{}\", name: \"first\") {{ id }} }}", finished[0]);
    let template = organization.owner.graphql(&create, Value::Null).await;
    let template = template["data"]["createTemplate"]["id"].as_str().unwrap_or_else(|| panic!("{template}"));
    let create = "mutation { createExperimentTemplate(experiment: \"0\", name: \"blueprint\") { id } }";
    let blueprint = organization.owner.graphql(create, Value::Null).await["data"]["createExperimentTemplate"]["id"].clone();
    let blueprint = blueprint.as_str().expect("an id");
    let group = script.send(script.request(reqwest::Method::POST, "/scim/v2/Groups").json(&json!({ "displayName": "ML" }))).await.json();
    let group = group["id"].as_str().unwrap_or_else(|| panic!("{group}"));
    let colleague = organization.member("data_scientist").await;
    let told = json!({ "input": { "about": names.fill("run_$run"), "body": format!("@{}", organization.owner.email) } });
    colleague.graphql("mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", told).await;
    let mutations = [
        "saveComparison(name: \"$fresh\", of: { runs: [\"$run\"] }) { id }",
        "removeComparison(id: \"$comparison\") { id }",
        "createTemplate(run: \"$finished\", name: \"$fresh\") { id }",
        "createExperimentTemplate(experiment: \"$experiment\", name: \"$fresh\") { id }",
        "startExperiment(template: \"$blueprint\", name: \"$fresh\") { id }",
        "updateTemplate(id: \"$template\", name: \"$fresh\") { id }",
        "removeTemplate(id: \"$template\") { id }",
        "restoreTemplate(id: \"$template\") { id }",
        "createProject(name: \"$fresh\") { id }",
        "setProjectAccess(id: \"$project\", access: RESTRICTED)",
        "setProjectMember(project: \"$project\", member: \"$member\", role: \"viewer\") { id }",
        "removeProjectMember(project: \"$project\", member: \"$member\")",
        "shareExperiment(id: \"$experiment\")",
        "unshareExperiment(id: \"$experiment\")",
        "createRole(input: { title: \"Keeper\", permissions: [\"runs:read\"] }) { name }",
        "updateRole(name: \"keeper\", input: { title: \"Reader\", permissions: [\"runs:read\"] }) { name }",
        "removeRole(name: \"keeper\") { name }",
        "createExperiment(name: \"$fresh\") { id }",
        "renameExperiment(id: \"$experiment\", name: \"$fresh\") { id }",
        "renameRun(id: \"$run\", name: \"$fresh\") { id }",
        "noteRun(id: \"$run\", note: \"n\") { id }",
        "setRunTag(id: \"$run\", key: \"t\", value: \"v\") { id }",
        "setTagOfRuns(ids: [\"$run\"], key: \"t\", value: \"w\") { id }",
        "removeRunTag(id: \"$run\", key: \"t\") { id }",
        "createJobToken(run: \"$run\") { secret }",
        "revokeJobToken(id: \"$job\") { id }",
        "startThread(input: { about: \"run_$run\", body: \"b\" }) { id }",
        "replyToThread(id: \"$thread\", body: \"b\") { id }",
        "editComment(id: \"$comment\", body: \"c\") { id }",
        "reactToComment(id: \"$comment\", kind: EYES, on: true) { id }",
        "resolveThread(id: \"$thread\") { id }",
        "reopenThread(id: \"$thread\") { id }",
        "removeComment(id: \"$comment\") { id }",
        "markNotificationsRead(ids: null)",
        "setNotificationPreference(kind: MENTION, inApp: true, mail: false) { kind }",
        "setPreference(key: \"runs\", value: { columns: [\"status\"] })",
        "removeRuns(ids: [\"$run\"]) { id }",
        "restoreRuns(ids: [\"$run\"]) { id }",
        "removeExperiment(id: \"$experiment\") { id }",
        "restoreExperiment(id: \"$experiment\") { id }",
        "createLink(input: { shows: { run: \"$run\" }, label: \"l\", expiresInDays: 1 }) { url }",
        "revokeLink(id: \"$link\") { id }",
        "endSupport(id: \"$support\") { id }",
        "grantSupport(hours: 4, reason: \"r\") { id }",
        "createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { secret }",
        "revokeToken(id: \"$token\") { id }",
        "createServiceAccount(input: { name: \"$fresh\", roles: [\"viewer\"] }) { id }",
        "updateServiceAccount(id: \"$account\", input: { name: \"$fresh\", roles: [\"data_scientist\"] }) { id }",
        "createServiceAccountToken(account: \"$account\", input: { name: \"t\", scopes: [\"runs:read\"] }) { secret }",
        "revokeServiceAccountToken(id: \"$key\") { id }",
        "suspendServiceAccount(id: \"$account\") { id }",
        "resumeServiceAccount(id: \"$account\") { id }",
        "removeServiceAccount(id: \"$account\") { id }",
        "inviteMember(email: \"$fresh@example.com\", role: \"viewer\") { id }",
        "revokeInvitation(id: \"$invitation\") { id }",
        "setGroupRole(id: \"$group\", role: \"ops\") { id }",
        "updateMemberRoles(id: \"$member\", roles: [\"admin\"]) { id }",
        "removeMember(id: \"$member\") { id }",
        "updateViewer(name: \"Olga\") { id }",
        "endSession(id: \"$session\") { id }",
        "endOtherSessions",
        "updateSignInPolicy(input: { sessionMinutes: 60, mailDomains: [] }) { sessionMinutes }",
    ];
    let elsewhere = Actor::sign_in(world(), &organization.owner.email, PASSWORD).await;
    let sessions = elsewhere.graphql("{ sessions(first: 1) { nodes { id } } }", Value::Null).await;
    let session = sessions["data"]["sessions"]["nodes"][0]["id"].as_str().expect("an id");
    let tried = mutations.map(|mutation| mutation.split(['(', ' ']).next().unwrap_or_default());
    let untried: Vec<String> =
        every_mutation().into_iter().filter(|name| !tried.contains(&name.as_str()) && !ELSEWHERE.contains(&name.as_str())).collect();
    assert!(untried.is_empty(), "{untried:?}");
    for mutation in mutations {
        let before = log(&organization.owner).await.0;
        let query = names.fill(
            &mutation
                .replace("$finished", &finished[1])
                .replace("$template", template)
                .replace("$blueprint", blueprint)
                .replace("$link", link)
                .replace("$job", job)
                .replace("$support", support)
                .replace("$account", account)
                .replace("$key", key)
                .replace("$token", token)
                .replace("$project", project)
                .replace("$member", member)
                .replace("$invitation", invitation)
                .replace("$comparison", comparison)
                .replace("$session", session)
                .replace("$thread", thread)
                .replace("$group", group)
                .replace("$comment", comment),
        );
        let done = organization.owner.graphql(&format!("mutation {{ {query} }}"), Value::Null).await;
        assert!(done["errors"].is_null(), "{mutation}: {done}");
        let (after, newest) = log(&organization.owner).await;
        assert_eq!(after - before, 1, "{mutation}: {newest}");
        assert_whole(mutation, &newest, "member", &organization.owner.email);
    }
    let seen = organization.owner.graphql("{ auditVerification { finding } }", json!({})).await;
    assert_eq!(seen["data"]["auditVerification"], json!({ "finding": null }));
}
