//! Every root field of the schema that takes an id, with ids of another organization: answered like ids of nothing, with as much work, and entered in the
//! audit log of who asked. A field without a row here fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    support::{Actor, Organization, World, names::Names, schema, tracking::run_in, world},
    telemetry::counted::Counted,
};

/// What becomes of an unknown id.
#[derive(PartialEq)]
enum Answer {
    /// `null`, NOT_FOUND, an entry.
    Refused,
    /// Whatever else was asked for is done: what is not the caller's own is none of what they were told.
    PassedOver,
}

use Answer::{PassedOver, Refused};

/// Root fields by the thing whose id stands for `$id`. Some of them take several kinds.
const FIELDS: &[(&str, &str, Answer, &str)] = &[
    ("experiment", "experiment", Refused, "{ experiment(id: \"$id\") { id name } }"),
    ("experiments", "project", Refused, "{ experiments(project: \"$id\") { nodes { id } } }"),
    ("registeredModels", "project", Refused, "{ registeredModels(project: \"$id\") { nodes { id } } }"),
    ("search", "project", Refused, "{ search(text: \"CANARY\", project: \"$id\") { id } }"),
    ("run", "run", Refused, "{ run(id: \"$id\") { id name } }"),
    ("import", "import", Refused, "{ import(id: \"$id\") { id source } }"),
    ("organizationExport", "export", Refused, "{ organizationExport(id: \"$id\") { id requestedBy } }"),
    ("cancelOrganizationExport", "export", Refused, "mutation { cancelOrganizationExport(id: \"$id\") { id } }"),
    ("thread", "thread", Refused, "{ thread(id: \"$id\") { id comments { body } } }"),
    ("threads", "run", Refused, "{ threads(about: \"$id\") { nodes { id } } }"),
    ("threads", "experiment", Refused, "{ threads(about: \"$id\") { nodes { id } } }"),
    ("trace", "trace", Refused, "{ trace(id: \"$id\") { id name } }"),
    ("template", "template", Refused, "{ template(id: \"$id\") { id name } }"),
    ("templates", "project", Refused, "{ templates(project: \"$id\") { nodes { id } } }"),
    ("createTemplate", "run", Refused, "mutation { createTemplate(run: \"$id\", name: \"tied\") { id } }"),
    ("createExperimentTemplate", "experiment", Refused, "mutation { createExperimentTemplate(experiment: \"$id\", name: \"tied\") { id } }"),
    ("startExperiment", "template", Refused, "mutation { startExperiment(template: \"$id\", name: \"tied\") { id } }"),
    ("updateTemplate", "template", Refused, "mutation { updateTemplate(id: \"$id\", name: \"taken\") { id } }"),
    ("removeTemplate", "template", Refused, "mutation { removeTemplate(id: \"$id\") { id } }"),
    ("restoreTemplate", "template", Refused, "mutation { restoreTemplate(id: \"$id\") { id } }"),
    ("comparison", "run", Refused, "{ comparison(of: { runs: [\"$id\"] }) { groups { name } } }"),
    ("comparison", "experiment", Refused, "{ comparison(of: { groups: [{ experiment: \"$id\" }] }) { groups { name } } }"),
    ("runTable", "experiment", Refused, "{ runTable(experiments: [\"$id\"]) { rows totalCount } }"),
    ("runGroups", "experiment", Refused, "{ runGroups(experiments: [\"$id\"], by: [\"status\"]) { runCount groups { values } } }"),
    ("environmentDifferences", "run", Refused, "{ environmentDifferences(runs: [\"$id\"]) { name } }"),
    ("runCurves", "run", Refused, "{ runCurves(runs: [\"$id\"], key: \"CANARY\") { total } }"),
    ("cancelImport", "import", Refused, "mutation { cancelImport(id: \"$id\") { id } }"),
    ("createExperiment", "project", Refused, "mutation { createExperiment(name: \"tied\", projectId: \"$id\") { id } }"),
    ("renameExperiment", "experiment", Refused, "mutation { renameExperiment(id: \"$id\", name: \"taken\") { id } }"),
    ("removeExperiment", "experiment", Refused, "mutation { removeExperiment(id: \"$id\") { id } }"),
    ("restoreExperiment", "experiment", Refused, "mutation { restoreExperiment(id: \"$id\") { id } }"),
    ("saveComparison", "run", Refused, "mutation { saveComparison(name: \"tied\", of: { runs: [\"$id\"] }) { id } }"),
    ("saveComparison", "experiment", Refused, "mutation { saveComparison(name: \"tied\", of: { groups: [{ experiment: \"$id\" }] }) { id } }"),
    ("removeComparison", "comparison", Refused, "mutation { removeComparison(id: \"$id\") { id } }"),
    ("renameRun", "run", Refused, "mutation { renameRun(id: \"$id\", name: \"taken\") { id } }"),
    ("noteRun", "run", Refused, "mutation { noteRun(id: \"$id\", note: \"n\") { id } }"),
    ("setRunTag", "run", Refused, "mutation { setRunTag(id: \"$id\", key: \"k\", value: \"v\") { id } }"),
    ("setTagOfRuns", "run", Refused, "mutation { setTagOfRuns(ids: [\"$id\"], key: \"k\", value: \"v\") { id } }"),
    ("removeRunTag", "run", Refused, "mutation { removeRunTag(id: \"$id\", key: \"k\") { id } }"),
    ("removeRuns", "run", Refused, "mutation { removeRuns(ids: [\"$id\"]) { id } }"),
    ("restoreRuns", "run", Refused, "mutation { restoreRuns(ids: [\"$id\"]) { id } }"),
    ("startThread", "run", Refused, "mutation { startThread(input: { about: \"$id\", body: \"b\" }) { id } }"),
    ("startThread", "experiment", Refused, "mutation { startThread(input: { about: \"$id\", body: \"b\" }) { id } }"),
    ("replyToThread", "thread", Refused, "mutation { replyToThread(id: \"$id\", body: \"b\") { id } }"),
    ("resolveThread", "thread", Refused, "mutation { resolveThread(id: \"$id\") { id } }"),
    ("reopenThread", "thread", Refused, "mutation { reopenThread(id: \"$id\") { id } }"),
    ("editComment", "comment", Refused, "mutation { editComment(id: \"$id\", body: \"b\") { id } }"),
    ("removeComment", "comment", Refused, "mutation { removeComment(id: \"$id\") { id } }"),
    ("reactToComment", "comment", Refused, "mutation { reactToComment(id: \"$id\", kind: HEART, on: true) { id } }"),
    ("accessExplanation", "member", Refused, "{ accessExplanation(member: \"$id\", permission: \"runs:read\") { allowed } }"),
    ("accessExplanation", "project", Refused, "{ accessExplanation(member: \"$own\", permission: \"runs:read\", project: \"$id\") { allowed } }"),
    ("setProjectAccess", "project", Refused, "mutation { setProjectAccess(id: \"$id\", access: OPEN) }"),
    ("setProjectMember", "project", Refused, "mutation { setProjectMember(project: \"$id\", member: \"$own\", role: \"viewer\") { id } }"),
    ("removeProjectMember", "project", Refused, "mutation { removeProjectMember(project: \"$id\", member: \"$own\") }"),
    ("shareExperiment", "experiment", Refused, "mutation { shareExperiment(id: \"$id\") }"),
    ("unshareExperiment", "experiment", Refused, "mutation { unshareExperiment(id: \"$id\") }"),
    ("revokeInvitation", "invitation", Refused, "mutation { revokeInvitation(id: \"$id\") { id } }"),
    ("jobTokens", "run", Refused, "{ jobTokens(run: \"$id\") { id hint } }"),
    ("createJobToken", "run", Refused, "mutation { createJobToken(run: \"$id\") { secret } }"),
    ("revokeJobToken", "job token", Refused, "mutation { revokeJobToken(id: \"$id\") { id } }"),
    ("links", "experiment", Refused, "{ links(experiment: \"$id\") { totalCount nodes { label } } }"),
    (
        "createLink",
        "experiment",
        Refused,
        "mutation { createLink(input: { shows: { experiment: \"$id\" }, label: \"l\", expiresInDays: 1 }) { url } }",
    ),
    ("createLink", "run", Refused, "mutation { createLink(input: { shows: { run: \"$id\" }, label: \"l\", expiresInDays: 1 }) { url } }"),
    ("revokeLink", "link", Refused, "mutation { revokeLink(id: \"$id\") { id } }"),
    ("endSupport", "support", Refused, "mutation { endSupport(id: \"$id\") { id } }"),
    ("revokeToken", "token", Refused, "mutation { revokeToken(id: \"$id\") { id } }"),
    (
        "updateServiceAccount",
        "account",
        Refused,
        "mutation { updateServiceAccount(id: \"$id\", input: { name: \"taken\", roles: [\"viewer\"] }) { id } }",
    ),
    ("suspendServiceAccount", "account", Refused, "mutation { suspendServiceAccount(id: \"$id\") { id } }"),
    ("resumeServiceAccount", "account", Refused, "mutation { resumeServiceAccount(id: \"$id\") { id } }"),
    ("removeServiceAccount", "account", Refused, "mutation { removeServiceAccount(id: \"$id\") { id } }"),
    (
        "createServiceAccountToken",
        "account",
        Refused,
        "mutation { createServiceAccountToken(account: \"$id\", input: { name: \"t\", scopes: [\"*\"] }) { secret } }",
    ),
    ("revokeServiceAccountToken", "account token", Refused, "mutation { revokeServiceAccountToken(id: \"$id\") { id } }"),
    ("endSession", "session", Refused, "mutation { endSession(id: \"$id\") { id } }"),
    ("setGroupRole", "group", Refused, "mutation { setGroupRole(id: \"$id\", role: \"viewer\") { id } }"),
    ("updateMemberRoles", "member", Refused, "mutation { updateMemberRoles(id: \"$id\", roles: [\"viewer\"]) { id } }"),
    ("removeMember", "member", Refused, "mutation { removeMember(id: \"$id\") { id } }"),
    ("markNotificationsRead", "notification", PassedOver, "mutation { markNotificationsRead(ids: [\"$id\"]) }"),
];

/// Of the API, one thing of every kind.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    async fn of(organization: &Organization<'_>) -> Self {
        let owner = &organization.owner;
        let names = Names::of(&organization.script().await).await;
        let run = &names.0["$run"];
        let id = async |actor: &Actor, query: &str, pointer: &str| {
            let answer = actor.graphql(query, Value::Null).await;
            answer["data"].pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} of {answer}")).to_owned()
        };
        let start = format!("mutation {{ startThread(input: {{ about: \"run_{run}\", body: \"CANARY\" }}) {{ id comments {{ id }} }} }}");
        let thread = owner.graphql(&start, Value::Null).await["data"]["startThread"].clone();
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let reply = format!("mutation {{ replyToThread(id: {}, body: \"CANARY\") {{ id }} }}", thread["id"]);
        assert!(organization.member("ml_engineer").await.graphql(&reply, Value::Null).await["errors"].is_null());
        let ended = json!({ "run_id": run, "status": "FINISHED" });
        assert_eq!(organization.script().await.mlflow("POST", "runs/update", ended).await.status, 200);
        let create = format!("mutation {{ createTemplate(run: \"{run}\", name: \"CANARY\") {{ id }} }}");
        let save = format!("mutation {{ saveComparison(name: \"CANARY\", of: {{ runs: [\"{run}\"] }}) {{ id }} }}");
        let import = "mutation { startImport(input: { address: \"https://mlflow.example.com\" }) { id } }";
        let link =
            format!("mutation {{ createLink(input: {{ shows: {{ run: \"{run}\" }}, label: \"CANARY\", expiresInDays: 1 }}) {{ link {{ id }} }} }}");
        let goes_on = run_in(&organization.script().await, &names.0["$experiment"]).await;
        let job = format!("mutation {{ createJobToken(run: \"{goes_on}\") {{ token {{ id }} }} }}");
        let invite =
            format!("mutation {{ inviteMember(email: \"CANARY-{}@example.com\", role: \"viewer\") {{ id }} }}", uuid::Uuid::now_v7().simple());
        let account = "mutation { createServiceAccount(input: { name: \"CANARY\", roles: [\"viewer\"] }) { id } }";
        let account = id(owner, account, "/createServiceAccount/id").await;
        let token = format!(
            "mutation {{ createServiceAccountToken(account: \"{account}\", input: {{ name: \"CANARY\", scopes: [\"*\"] }}) {{ token {{ id }} }} }}"
        );
        let groups = owner.request(reqwest::Method::POST, "/scim/v2/Groups").bearer_auth(owner.token(&["scim:write"]).await.secret());
        let group = owner.send(groups.json(&json!({ "displayName": "CANARY" }))).await.json();
        Self(vec![
            ("group", text(&group["id"])),
            ("experiment", format!("exp_{}", names.0["$experiment"])),
            ("run", format!("run_{run}")),
            ("trace", names.0["$trace"].clone()),
            ("template", id(owner, &create, "/createTemplate/id").await),
            ("thread", text(&thread["id"])),
            ("comment", text(&thread["comments"][0]["id"])),
            ("import", id(owner, import, "/startImport/id").await),
            ("export", id(owner, "mutation { startOrganizationExport { id } }", "/startOrganizationExport/id").await),
            ("comparison", id(owner, &save, "/saveComparison/id").await),
            ("invitation", id(owner, &invite, "/inviteMember/id").await),
            ("job token", id(owner, &job, "/createJobToken/token/id").await),
            ("link", id(owner, &link, "/createLink/link/id").await),
            ("support", id(owner, "mutation { grantSupport(hours: 1, reason: \"CANARY\") { id } }", "/grantSupport/id").await),
            ("token", id(owner, "{ tokens { nodes { id } } }", "/tokens/nodes/0/id").await),
            ("account token", id(owner, &token, "/createServiceAccountToken/token/id").await),
            ("account", account),
            ("session", id(owner, "{ sessions { nodes { id } } }", "/sessions/nodes/0/id").await),
            ("member", id(owner, "{ viewer { id } }", "/viewer/id").await),
            ("project", id(owner, "{ projects { id } }", "/projects/0/id").await),
            ("notification", id(owner, "{ notifications { nodes { id } } }", "/notifications/nodes/0/id").await),
        ])
    }

    fn get(&self, kind: &str) -> &str {
        &self.0.iter().find(|(own, _)| *own == kind).expect("a kind").1
    }
}

/// The owner's own id, for fields that take another one besides.
async fn own_member(organization: &Organization<'_>) -> String {
    let viewer = organization.owner.graphql("{ viewer { id } }", Value::Null).await;
    viewer["data"]["viewer"]["id"].as_str().expect("an id").to_owned()
}

/// An id of the same kind that names nothing.
fn absent(id: &str) -> String {
    let fresh = uuid::Uuid::now_v7().simple();
    // A trace's id is the one of MLflow's protocol.
    if id.starts_with("tr-") { format!("tr-{fresh}") } else { format!("{}_{fresh}", id.split('_').next().expect("a prefix")) }
}

/// What remains of an answer without the id.
fn shape(answer: &Value, id: &str) -> String {
    answer.to_string().replace(id, "ID").replace(id.rsplit('_').next().expect("hexadecimals"), "ID")
}

#[test]
fn t01_every_root_field_that_takes_an_id_has_a_row() {
    let (objects, inputs) = (schema::objects(), schema::inputs());
    let named = ["Query", "Mutation"].into_iter().flat_map(|root| &objects[root]);
    let named = named.filter(|(_, arguments)| arguments.iter().any(|(name, ty)| schema::names_something(name, ty, &inputs)));
    let named: BTreeSet<&str> = named.map(|(field, _)| field.as_str()).collect();
    assert_eq!(named, FIELDS.iter().map(|(field, ..)| *field).collect());
    // The one subscription that takes ids is asked in `foreign.rs`.
    assert_eq!(objects["Subscription"].keys().collect::<Vec<_>>(), ["changes"]);
    assert!(!objects["Query"].contains_key("node") && !objects["Query"].contains_key("nodes"), "no field finds things of every kind by their id");
}

#[tokio::test]
async fn t01_ids_of_another_organization_answer_like_unknown_ones_and_leave_an_entry() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let ids = Ids::of(&theirs).await;
    let own = own_member(&ours).await;
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for (field, kind, expected, query) in FIELDS {
        // Only a person makes tokens.
        let script = if matches!(*field, "createServiceAccountToken" | "createJobToken") { ours.owner.clone() } else { ours.script().await };
        let mut shapes = Vec::new();
        let foreign = ids.get(kind).to_owned();
        for id in [foreign.clone(), absent(&foreign)] {
            let answer = script.graphql(&query.replace("$id", &id).replace("$own", &own), Value::Null).await;
            assert!(!answer.to_string().contains("CANARY"), "{field}: {answer}");
            shapes.push(shape(&answer, &id));
            let (code, entries) = if *expected == Refused { ("NOT_FOUND", 1) } else { ("", 0) };
            assert_eq!(Actor::code(&answer), code, "{field}: {answer}");
            if *expected == Refused {
                assert!(answer["data"].is_null() || answer["data"].as_object().is_some_and(|data| data.values().all(Value::is_null)), "{answer}");
            }
            let filter = json!({ "filter": { "action": "authorization.unknown_id", "subject": id, "outcome": "DENIED" } });
            let log = "query($filter: AuditFilter) { auditEntries(filter: $filter) { nodes { subjectKind detail actor requestId } } }";
            let found = ours.owner.graphql(log, filter).await["data"]["auditEntries"]["nodes"].as_array().expect("entries").len();
            // Several fields try the same foreign id, each with a credential of its own.
            *tried.entry(id.clone()).or_default() += entries;
            assert_eq!(found, tried[&id], "{field}: entries of {id}");
        }
        assert_eq!(shapes[0], shapes[1], "{field}");
    }
    let node = format!("{{ node(id: \"{}\") {{ id }} }}", ids.get("run"));
    assert_eq!(Actor::code(&ours.owner.graphql(&node, Value::Null).await), "INVALID");
    let theirs = theirs.owner.graphql("{ viewer { roles } auditEntries(filter: { outcome: DENIED }) { totalCount } }", Value::Null).await;
    assert_eq!((&theirs["data"]["viewer"]["roles"][0], &theirs["data"]["auditEntries"]["totalCount"]), (&json!("owner"), &json!(0)));
}

#[tokio::test]
async fn t01_probing_by_the_thousand_does_not_fill_the_log() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for _ in 0..120 {
        let query = format!("{{ run(id: \"run_{}\") {{ id }} }}", uuid::Uuid::now_v7().simple());
        assert_eq!(Actor::code(&script.graphql(&query, Value::Null).await), "NOT_FOUND");
    }
    let log = "{ auditEntries(filter: { action: \"authorization.unknown_id\" }) { totalCount } auditVerification { finding } }";
    let log = organization.owner.graphql(log, Value::Null).await;
    assert_eq!(log["data"]["auditEntries"]["totalCount"], 100, "{log}");
    assert!(log["data"]["auditVerification"]["finding"].is_null(), "{log}");
}

/// What would tell them apart by the time they take is another way through the code. Each is asked for the first time, so that it is entered into the log too.
#[tokio::test]
async fn t01_a_foreign_id_takes_as_many_statements_as_an_unknown_one() {
    let world = World::alone(&[]).await;
    let (ours, theirs) = (world.organization().await, world.organization().await);
    let (ids, own) = (Ids::of(&theirs).await, own_member(&ours).await);
    let counted = Counted::on(&world.database());
    let mut asked = Vec::new();
    for (field, kind, expected, query) in FIELDS {
        // Only a person makes tokens.
        let actor = if matches!(*field, "createServiceAccountToken" | "createJobToken") { ours.owner.clone() } else { ours.script().await };
        let actor = actor.at_process(&counted.server);
        // What is allowed in an organization is read with the first request after it may have changed.
        actor.graphql("{ __typename }", Value::Null).await;
        let foreign = ids.get(kind).to_owned();
        let mut traces = Vec::new();
        for id in [foreign.clone(), absent(&foreign)] {
            let request = actor.request(reqwest::Method::POST, "/graphql").json(&json!({ "query": query.replace("$id", &id).replace("$own", &own) }));
            let (answer, trace) = counted.send(&actor, request).await;
            let code = if *expected == Refused { "NOT_FOUND" } else { "" };
            assert_eq!(Actor::code(&answer.json()), code, "{field}: {}", answer.text());
            traces.push(trace);
        }
        asked.push((field, kind, traces));
    }
    let costs = counted.end().await;
    for (field, kind, traces) in asked {
        let (foreign, unknown) = (costs.of(&traces[0]), costs.of(&traces[1]));
        assert!(!foreign.is_empty(), "{field} of a {kind}");
        assert_eq!(foreign, unknown, "{field} of a {kind}");
        assert_eq!(costs.jobs(&traces[0]), costs.jobs(&traces[1]), "{field} of a {kind}");
    }
}
