//! Cursors and page tokens: what comes back is what was given out, to the same organization, for the same list.

use std::collections::BTreeSet;

use crate::support::{
    Actor, Organization, World,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};
use sqlx::Executor;

/// Every list of the API, by its type and field, as it is asked for. `ARGS` are the page's arguments.
const CONNECTIONS: [(&str, &str, &str); 22] = [
    ("Experiment", "runs", "{ experiment(id: \"EXPERIMENT\") { page: runs(ARGS) { ROWS } } }"),
    ("Experiment", "traces", "{ experiment(id: \"EXPERIMENT\") { page: traces(ARGS) { ROWS } } }"),
    ("Import", "problems", "{ import(id: \"IMPORT\") { page: problems(ARGS) { ROWS } } }"),
    ("Query", "accessDecisions", "{ page: accessDecisions(ARGS) { ROWS } }"),
    ("Query", "auditEntries", "{ page: auditEntries(ARGS) { ROWS } }"),
    ("Query", "experiments", "{ page: experiments(ARGS) { ROWS } }"),
    ("Query", "imports", "{ page: imports(ARGS) { ROWS } }"),
    ("Query", "invitations", "{ page: invitations(ARGS) { ROWS } }"),
    ("Query", "links", "{ page: links(experiment: \"EXPERIMENT\", ARGS) { ROWS } }"),
    ("Query", "members", "{ page: members(ARGS) { ROWS } }"),
    ("Query", "notifications", "{ page: notifications(ARGS) { ROWS } }"),
    ("Query", "organizationExports", "{ page: organizationExports(ARGS) { ROWS } }"),
    ("Query", "provisionedGroups", "{ page: provisionedGroups(ARGS) { ROWS } }"),
    ("Query", "registeredModels", "{ page: registeredModels(ARGS) { ROWS } }"),
    ("Query", "runTable", "{ page: runTable(experiments: [\"EXPERIMENT\"], ARGS) { ROWS } }"),
    ("Query", "savedComparisons", "{ page: savedComparisons(ARGS) { ROWS } }"),
    ("Query", "serviceAccounts", "{ page: serviceAccounts(ARGS) { ROWS } }"),
    ("Query", "sessions", "{ page: sessions(ARGS) { ROWS } }"),
    ("Query", "supportGrants", "{ page: supportGrants(ARGS) { ROWS } }"),
    ("Query", "templates", "{ page: templates(ARGS) { ROWS } }"),
    ("Query", "threads", "{ page: threads(about: \"ABOUT\", ARGS) { ROWS } }"),
    ("Query", "tokens", "{ page: tokens(ARGS) { ROWS } }"),
];

/// The lists of the schema: type and field.
fn lists() -> BTreeSet<(String, String)> {
    let (mut of, mut found) = (String::new(), BTreeSet::new());
    for line in include_str!("../../schema.graphql").lines() {
        if let Some(name) = line.strip_prefix("type ") {
            of = name.split(' ').next().unwrap_or_default().to_owned();
        } else if line.contains("after: String") {
            found.insert((of.clone(), line.trim().split('(').next().unwrap_or_default().to_owned()));
        }
    }
    found
}

/// An organization with two rows in every list.
struct Full<'w> {
    organization: Organization<'w>,
    script: Actor,
    names: [(&'static str, String); 3],
    run: String,
}

impl Full<'_> {
    async fn of(world: &World) -> Full<'_> {
        let organization = world.organization().await;
        let (owner, script) = (&organization.owner, organization.script().await);
        owner.token(&["runs:read"]).await;
        Actor::sign_in(world, &owner.email, crate::support::PASSWORD).await;
        let experiment = experiment(&script).await;
        let run = run_in(&script, &experiment).await;
        run_in(&script, &experiment).await;
        let make = async |mutation: &str| {
            let answer = owner.graphql(&format!("mutation {{ {mutation} }}"), Value::Null).await;
            assert!(answer["errors"].is_null(), "{mutation}: {answer}");
        };
        for n in 0..2 {
            make(&format!("inviteMember(email: \"{n}-{run}@example.com\", role: \"viewer\") {{ id }}")).await;
            let group = script.request(reqwest::Method::POST, "/scim/v2/Groups").json(&json!({ "displayName": format!("group {n}") }));
            assert_eq!(script.send(group).await.status, 201);
            make(&format!("saveComparison(name: \"{n}\", of: {{ runs: [\"{run}\"] }}) {{ id }}")).await;
            make(&format!("createLink(input: {{ shows: {{ experiment: \"{experiment}\" }}, label: \"{n}\", expiresInDays: 1 }}) {{ url }}")).await;
            make(&format!("createServiceAccount(input: {{ name: \"bot {n}\", roles: [\"viewer\"] }}) {{ id }}")).await;
            make(&format!("startThread(input: {{ about: \"run_{run}\", body: \"{n}\" }}) {{ id }}")).await;
            let finished = run_in(&script, &experiment).await;
            ok(&script, "POST", "runs/update", json!({ "run_id": finished, "status": "FINISHED" })).await;
            make(&format!("createTemplate(run: \"{finished}\", name: \"{n}\") {{ id }}")).await;
            ok(&script, "POST", "registered-models/create", json!({ "name": format!("model {n}") })).await;
            ok(&script, "POST", "model-versions/create", json!({ "name": "model 0", "source": format!("runs:/{run}"), "run_id": run })).await;
            ok(&script, "POST", "logged-models", json!({ "experiment_id": experiment, "name": format!("logged {n}") })).await;
            ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": n, "timestamp": n, "step": n })).await;
            let place = json!({ "mlflow_experiment": { "experiment_id": experiment } });
            let info = json!({ "trace_id": format!("tr-{}", uuid::Uuid::now_v7().simple()), "trace_location": place, "request_time": "2026-01-01T00:00:00Z" });
            ok(&script, "POST", "traces", json!({ "trace": { "trace_info": info } })).await;
        }
        organization.member("viewer").await;
        let import = uuid::Uuid::now_v7();
        let mut tamperer = organization.tamperer().await;
        // What comes from another server or another person, without them.
        for id in [uuid::Uuid::now_v7(), import] {
            let sql = "insert into imports (id, source, experiments, with_files, with_registry, credentials, started_by, state, phase, phase_at, created_at) \
                       values ($1, 'https://example.com', '{}', false, false, '', 'Olive', 'failed', 'listing', now(), now())";
            tamperer.execute(sqlx::query(sql).bind(id)).await.expect("an import");
        }
        for _ in 0..2 {
            let sql = "insert into exports (id, requested_by, member_id, state, phase, created_at) values (gen_random_uuid(), 'Olive', gen_random_uuid(), 'cancelled', 'tables', now())";
            tamperer.execute(sqlx::query(sql)).await.expect("an export");
        }
        // One is open at a time.
        for _ in 0..2 {
            let sql = "insert into public.support_grants (id, tenant_id, reason, scopes, member_id, granted_by, granted_at, expires_at) \
                       values (gen_random_uuid(), current_setting('app.tenant_id')::uuid, 'r', '{}', gen_random_uuid(), 'Olive', now(), now())";
            tamperer.execute(sqlx::query(sql)).await.expect("a grant");
        }
        // The access log is written every few seconds by the server, if it is up for so long.
        for n in 0..2 {
            let sql = "insert into access_decisions values (now() - $1 * interval '1 hour', gen_random_uuid(), 'runs:read', true, 'a@example.com', 'member', 1)";
            tamperer.execute(sqlx::query(sql).bind(f64::from(n))).await.expect("a decision");
        }
        for run in ["a", "b"] {
            let sql = "insert into import_items (import_id, kind, source_id, label, payload, fingerprint, state, reason) values ($1, 'run', $2, 'r', '', '', 'failed', 'gone')";
            tamperer.execute(sqlx::query(sql).bind(import).bind(run)).await.expect("a problem");
            let sql = "insert into notifications (id, member_id, kind, actor, subject_id, subject_name, path, quote, at, in_app) \
                       select gen_random_uuid(), id, 'mention', 'Mia', 'run_1', 'r', '/', 'q', now(), true from public.memberships \
                       where tenant_id = current_setting('app.tenant_id')::uuid and 'owner' = any (roles)";
            tamperer.execute(sqlx::query(sql)).await.expect("a notification");
        }
        let names = [("EXPERIMENT", experiment), ("IMPORT", format!("imp_{}", import.simple())), ("ABOUT", format!("run_{run}"))];
        Full { script, names, run, organization }
    }

    /// The answer of a list.
    async fn list(&self, query: &str, arguments: &str) -> Value {
        let query = self.names.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
        let query = query.replace("ARGS", arguments).replace("ROWS", "totalCount pageInfo { endCursor hasNextPage }");
        self.organization.owner.graphql(&query, Value::Null).await
    }

    /// Where the first row of a list ends.
    async fn cursor(&self, query: &str) -> String {
        let answer = self.list(query, "first: 1").await;
        let data = answer["data"].as_object().unwrap_or_else(|| panic!("{query}: {answer}")).values().next().expect("a field");
        let page = if data["pageInfo"].is_object() { data } else { &data["page"] };
        assert_eq!(page["pageInfo"]["hasNextPage"], true, "{query}: {answer}");
        page["pageInfo"]["endCursor"].as_str().unwrap_or_else(|| panic!("{query}: {answer}")).to_owned()
    }

    /// The lists of the protocol that are paged, with the fields that ask for them.
    fn protocol(&self) -> [(&'static str, &'static str, Value); 7] {
        let experiments = json!([self.names[0].1]);
        [
            ("POST", "experiments/search", json!({})),
            ("POST", "runs/search", json!({ "experiment_ids": experiments })),
            ("POST", "traces/search", json!({ "locations": [{ "mlflow_experiment": { "experiment_id": self.names[0].1 } }] })),
            ("POST", "logged-models/search", json!({ "experiment_ids": experiments })),
            ("GET", "registered-models/search", json!({})),
            ("GET", "model-versions/search", json!({})),
            ("GET", "metrics/get-history", json!({ "run_id": self.run, "metric_key": "loss" })),
        ]
    }

    async fn page(&self, (method, path, fields): &(&str, &str, Value), token: &str) -> (u16, Value) {
        let mut fields = fields.clone();
        fields["max_results"] = json!(1);
        fields["page_token"] = json!(token);
        let path = format!("/api/2.0/mlflow/{path}");
        let answer = match *method {
            "GET" => crate::support::names::ask(&self.script, method, &path, &fields.to_string()).await,
            _ => self.script.send(self.script.request(reqwest::Method::POST, &path).json(&fields)).await,
        };
        (answer.status, answer.json())
    }
}

/// The same text with another character at its beginning, in its middle and at its end.
fn changed(cursor: &str) -> Vec<String> {
    let change = |at: usize| {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("text")
    };
    [0, cursor.len() / 2, cursor.len() - 1].map(change).into()
}

#[tokio::test]
async fn t38_every_list_takes_its_own_cursors_alone() {
    let named = CONNECTIONS.iter().map(|(of, field, _)| ((*of).to_owned(), (*field).to_owned())).collect();
    assert_eq!(lists(), named, "every list of the schema is asked for");
    let (ours, theirs) = (Full::of(world()).await, Full::of(world()).await);
    let mut cursors = Vec::new();
    for (_, _, query) in CONNECTIONS {
        cursors.push((query, ours.cursor(query).await, theirs.cursor(query).await));
    }
    for (at, (query, own, foreign)) in cursors.iter().enumerate() {
        let next = ours.list(query, &format!("first: 1, after: \"{own}\"")).await;
        assert!(next["errors"].is_null(), "{query}: {next}");
        let other_lists: Vec<String> = cursors.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other.1.clone()).collect();
        let bad = changed(own).into_iter().chain([foreign.clone(), own[..own.len() - 4].to_owned(), format!("{own}AAAA")]).chain(other_lists);
        for cursor in bad {
            let answer = ours.list(query, &format!("first: 1, after: \"{cursor}\"")).await;
            let error = &answer["errors"][0]["extensions"];
            assert_eq!((Actor::code(&answer), error["field"].as_str()), ("INVALID", Some("after")), "{query} {cursor}: {answer}");
        }
        for first in ["-1", "0", "201", "2147483647"] {
            let answer = ours.list(query, &format!("first: {first}")).await;
            assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("first")), "{query}: {answer}");
        }
    }
}

#[tokio::test]
async fn t38_every_list_of_the_protocol_takes_its_own_tokens_alone() {
    let (ours, theirs) = (Full::of(world()).await, Full::of(world()).await);
    let (mut tokens, lists) = (Vec::new(), ours.protocol());
    for (own, foreign) in lists.iter().zip(theirs.protocol()) {
        let (mine, other) = (ours.page(own, "").await.1, theirs.page(&foreign, "").await.1);
        let token = |answer: &Value| answer["next_page_token"].as_str().unwrap_or_else(|| panic!("{}: {answer}", own.1)).to_owned();
        tokens.push((token(&mine), token(&other)));
    }
    for (at, list) in lists.iter().enumerate() {
        let (own, foreign) = &tokens[at];
        assert_eq!(ours.page(list, own).await.0, 200, "{}", list.1);
        let others = tokens.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (token, _))| token.clone());
        // `{"offset": 1}`, as MLflow's own.
        let bad = changed(own).into_iter().chain([foreign.clone(), "eyJvZmZzZXQiOiAxfQ==".into(), "x".into()]).chain(others);
        for token in bad {
            let (status, answer) = ours.page(list, &token).await;
            assert_eq!((status, answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{} {token}: {answer}", list.1);
        }
    }
}

#[tokio::test]
async fn t38_servers_with_one_secret_take_each_others_cursors_and_no_others() {
    const SECRET: &str = "--secret=one secret for all of the servers";
    let organization = world().organization().await;
    organization.script().await;
    organization.script().await;
    let servers = [World::replica(&[SECRET]), World::replica(&[SECRET]), World::replica(&["--secret=another secret for another server"])];
    let ask = async |server: &World, after: &str| {
        let query = format!("{{ tokens(first: 1, after: \"{after}\") {{ pageInfo {{ endCursor }} }} }}");
        organization.owner.at(server).graphql(&query, Value::Null).await
    };
    let first = ask(&servers[0], "").await;
    let cursor = first["data"]["tokens"]["pageInfo"]["endCursor"].as_str().unwrap_or_else(|| panic!("{first}"));
    let next = ask(&servers[1], cursor).await;
    assert!(next["data"]["tokens"]["pageInfo"]["endCursor"].is_string(), "{next}");
    assert_eq!(Actor::code(&ask(&servers[2], cursor).await), "INVALID");
}
