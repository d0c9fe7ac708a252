//! One thing of each kind, beside those of the fixture: every type of the API has something to show.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::Event},
};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};
use server::features::support::enter_by_operator;
use shared::{Role, ids::TenantId};
use sqlx::Executor;
use uuid::Uuid;

use super::fixture::Fixture;
use crate::{
    slack::Hook,
    support::{
        Actor, Organization, World,
        tracking::{ok, run_in},
    },
};

/// What an organization has, and what it told those who are not in it.
pub struct Kinds {
    /// With `$other`, a run that ran in another environment than `$run`.
    pub fixture: Fixture,
    /// The secret of a link.
    pub link: String,
    /// The secret of an address that begins a session of the support.
    pub support: String,
    /// What the organization is called.
    pub name: String,
    /// That name in addresses: `$slug`.
    slug: String,
    /// The secret of an invitation: `$invited`.
    invited: String,
}

impl Kinds {
    /// Makes them. The organization's server must be one whose Slack is the sink.
    pub async fn of(organization: &Organization<'_>) -> Self {
        let mut fixture = Fixture::of(organization).await;
        let (owner, script) = (&organization.owner, organization.script().await);
        let other = log_runs(&script, &fixture).await;
        fixture.0.insert("other", other);
        log_more(&script, &fixture).await;
        send_span(&script, &fixture).await;
        talk(organization, &mut fixture).await;
        bring_from_elsewhere(organization).await;

        let email = format!("invited-{}@example.com", Uuid::now_v7().simple());
        act(owner, &format!("inviteMember(email: \"{email}\", role: \"viewer\") {{ id }}")).await;
        let invited = organization.world.link_to(&email).await.split("token=").nth(1).expect("a token").to_owned();
        let link = "createLink(input: { shows: { run: \"$run\" }, label: \"l\", expiresInDays: 1 }) { url }";
        let url = act(owner, &fixture.fill(link)).await["createLink"]["url"].as_str().expect("an address").to_owned();
        act(owner, &fixture.fill("createJobToken(run: \"$run\") { secret }")).await;
        let group = script.request(Method::POST, "/scim/v2/Groups").json(&json!({ "displayName": "group" }));
        assert_eq!(script.send(group).await.status, 201);
        // It is told of nothing but what it is tried with.
        let connect = format!("connectSlack(input: {{ label: \"#ml\", address: \"{}\" }}, posts: []) {{ label }}", Hook::new().address());
        act(owner, &connect).await;
        let viewer = owner.graphql("{ viewer { organization { name slug } } }", Value::Null).await;
        let called = |what: &str| viewer["data"]["viewer"]["organization"][what].as_str().unwrap_or_else(|| panic!("{viewer}")).to_owned();
        act(owner, "grantSupport(hours: 1, reason: \"r\") { id }").await;
        free_later(organization).await;
        let support = enter(organization.world, &called("slug")).await;
        Self { support, link: url.rsplit('/').next().expect("a secret").to_owned(), name: called("name"), slug: called("slug"), invited, fixture }
    }

    /// A query with what there is in the place of its placeholders.
    pub fn fill(&self, query: &str) -> String {
        self.fixture.fill(query).replace("$invited", &self.invited).replace("$slug", &self.slug)
    }

    /// A new member with a role, who has what nobody but they themselves see: a token, and a notification.
    pub async fn with_belongings(&self, organization: &Organization<'_>, role: Role) -> Actor {
        let member = organization.member(role.as_str()).await;
        member.token(&["runs:read"]).await;
        let mention = format!("startThread(input: {{ about: \"exp_$experiment\", body: \"@{}\" }}) {{ id }}", member.email);
        act(&organization.owner, &self.fixture.fill(&mention)).await;
        member
    }
}

/// Deleting files for good goes on tomorrow. Asked for as members do, it would be over before anybody looks.
async fn free_later(organization: &Organization<'_>) {
    let tenant = organization.tenant().await;
    let sql = "insert into public.jobs (id, tenant_id, kind, payload, run_at, created_at) values ($1, $2, 'storage.erase_files', $3, now() + interval '1 day', now())";
    let job =
        sqlx::query(sql).bind(Uuid::now_v7()).bind(tenant).bind(json!({ "tenant": TenantId::from_uuid(tenant), "after": 0, "wait_seconds": 60 }));
    job.execute(&mut organization.world.connect().await).await.expect("waits");
}

/// Somebody of the operator enters; the secret of the address that they are given.
async fn enter(world: &World, slug: &str) -> String {
    let (services, slug) = (world.services(), slug.to_owned());
    let entered =
        world.on_server(async move { enter_by_operator(&services, &slug, "Sam Support <sam@example.com>").await.map(|entered| entered.url) });
    entered.await.expect("enters").split("token=").nth(1).expect("a token").to_owned()
}

async fn act(actor: &Actor, mutation: &str) -> Value {
    let answer = actor.graphql(&format!("mutation {{ {mutation} }}"), Value::Null).await;
    assert!(answer["errors"].is_null(), "{mutation}: {answer}");
    answer["data"].clone()
}

/// Runs of two groups that differ in one param of several; the fixture's own run is made one of the first group. The id of one of them.
async fn log_runs(script: &Actor, fixture: &Fixture) -> String {
    let pairs = |side: &str| -> Vec<Value> {
        let all = [("depth", "3"), ("lr", "0.1"), ("side", side), ("trees", "9")];
        all.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
    };
    let python = |version: &str| json!([{ "key": "assay.environment.python", "value": version }]);
    let mut other = String::new();
    for (at, side) in ["a", "a", "a", "b", "b", "b"].iter().enumerate() {
        other = run_in(script, &fixture.0["experiment"]).await;
        let points: Vec<Value> = (0..2).map(|step| json!({ "key": "loss", "value": at * at, "timestamp": 1, "step": step })).collect();
        let batch = json!({ "run_id": other, "params": pairs(side), "metrics": points, "tags": python("3.12.4") });
        ok(script, "POST", "runs/log-batch", batch).await;
        ok(script, "POST", "runs/update", json!({ "run_id": other, "status": "FINISHED" })).await;
    }
    let (run, point) = (&fixture.0["run"], json!([{ "key": "loss", "value": 1, "timestamp": 1 }]));
    ok(script, "POST", "runs/log-batch", json!({ "run_id": run, "params": pairs("a"), "metrics": point, "tags": python("3.11.2") })).await;
    other
}

/// What else is logged: of the fixture's run, its experiment, its model and its trace.
async fn log_more(script: &Actor, fixture: &Fixture) {
    let call = async |path: &str, body: &str| {
        let body = serde_json::from_str(&fixture.fill(body)).expect("JSON");
        ok(script, "POST", &fixture.fill(path), body).await
    };
    for (path, body) in [
        ("runs/set-tag", r#"{"run_id":"$run","key":"t","value":"v"}"#),
        ("runs/log-inputs", r#"{"run_id":"$run","datasets":[{"dataset":{"name":"d","digest":"d","source_type":"s","source":"s"}}]}"#),
        ("experiments/set-experiment-tag", r#"{"experiment_id":"$experiment","key":"t","value":"v"}"#),
        ("registered-models/alias", r#"{"name":"$model","alias":"champion","version":"1"}"#),
        ("traces/$trace/assessments", r#"{"assessment":{"assessment_name":"n","feedback":{"value":true}}}"#),
    ] {
        call(path, body).await;
    }
    let logged = call("logged-models", r#"{"experiment_id":"$experiment","source_run_id":"$run"}"#).await["model"]["info"]["model_id"].clone();
    ok(script, "POST", "runs/outputs", json!({ "run_id": fixture.0["run"], "models": [{ "model_id": logged, "step": 0 }] })).await;
    for (file, text) in [("uncommitted.diff", "--- a\n+++ b\n"), ("requirements.txt", "numpy==2.4.6\n")] {
        let address = fixture.fill(&format!("/api/2.0/mlflow-artifacts/artifacts/$experiment/$run/artifacts/environment/{file}"));
        let answer = script.send(script.request(Method::PUT, &address).body(text)).await;
        assert_eq!(answer.status, 200, "{file}: {}", answer.text());
    }
}

/// A step of the fixture's trace, in which something happened.
async fn send_span(script: &Actor, fixture: &Fixture) {
    let trace: Uuid = fixture.0["trace"].trim_start_matches("tr-").parse().expect("an id");
    let event = Event { name: "exception".into(), time_unix_nano: 1_500_000, ..Event::default() };
    let span = Span {
        trace_id: trace.as_bytes().to_vec(),
        span_id: vec![1; 8],
        name: "answer".into(),
        start_time_unix_nano: 1_000_000,
        end_time_unix_nano: 2_000_000,
        events: vec![event],
        ..Span::default()
    };
    let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let request = ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }] };
    let sent = script.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
    let sent = sent.header("x-mlflow-experiment-id", &fixture.0["experiment"]).body(request.encode_to_vec());
    assert_eq!(script.send(sent).await.status, 200);
}

/// What people say and keep, and who works where.
async fn talk(organization: &Organization<'_>, fixture: &mut Fixture) {
    // The thread that is looked at is about a point.
    let about = fixture.fill("startThread(input: { about: \"run_$run\", body: \"b\", key: \"loss\", step: 0 }) { id comments { id } }");
    let started = act(&organization.owner, &about).await["startThread"].clone();
    fixture.0.insert("thread", started["id"].as_str().expect("an id").to_owned());
    fixture.0.insert("comment", started["comments"][0]["id"].as_str().expect("an id").to_owned());
    let mention = format!("startThread(input: {{ about: \"run_$run\", body: \"@{}\" }}) {{ id }}", organization.owner.email);
    let colleague = organization.member("data_scientist").await;
    for (actor, mutation) in [
        (&organization.owner, "setProjectMember(project: \"$project\", member: \"$member\", role: \"viewer\") { id }"),
        (&organization.owner, "reactToComment(id: \"$comment\", kind: EYES, on: true) { id }"),
        (&organization.owner, "saveComparison(name: \"kept\", of: { runs: [\"$run\"] }) { id }"),
        (&colleague, mention.as_str()),
    ] {
        act(actor, &fixture.fill(mutation)).await;
    }
}

/// What comes from other servers, or from the server when nobody asks it to, without them.
async fn bring_from_elsewhere(organization: &Organization<'_>) {
    let (import, export, mut tamperer) = (Uuid::now_v7(), Uuid::now_v7(), organization.tamperer().await);
    for (sql, id) in [
        (
            "insert into imports (id, source, experiments, with_files, with_registry, credentials, started_by, state, phase, phase_at, created_at) \
             values ($1, 'https://example.com', '{}', false, false, '', 'Olive', 'failed', 'listing', now(), now())",
            import,
        ),
        ("insert into import_counts (import_id, kind, found, failed) values ($1, 'run', 1, 1)", import),
        (
            "insert into import_items (import_id, kind, source_id, label, payload, fingerprint, state, reason) \
             values ($1, 'run', 'a', 'r', '', '', 'failed', 'gone')",
            import,
        ),
        (
            "insert into exports (id, requested_by, member_id, state, phase, created_at) \
             values ($1, 'Olive', gen_random_uuid(), 'cancelled', 'tables', now())",
            export,
        ),
        ("insert into export_counts (export_id, kind, files, rows, bytes) values ($1, 'runs', 1, 1, 1)", export),
        // The access log is written every few seconds by a server in a process of its own.
        ("insert into access_decisions values (now(), $1, 'runs:read', true, 'a@example.com', 'member', 1)", Uuid::now_v7()),
        (
            "insert into public.identity_providers \
                 (tenant_id, kind, label, issuer, client_id, client_secret, groups_claim, group_roles, updated_at) \
             values ($1, 'oidc', 'ID', 'https://id.example.com', 'assay', '', 'groups', '[{\"group\": \"ml\", \"role\": \"viewer\"}]', now())",
            organization.tenant().await,
        ),
    ] {
        tamperer.execute(sqlx::query(sql).bind(id)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
