//! Whatever names something of another organization is answered like what names nothing: on every
//! route, with every method, in path, query and body. Nothing of it is written.

use serde_json::{Value, json};

use crate::support::{
    Actor,
    actor::Answer,
    calls::{CALLS, NAMELESS, refusal},
    names::{Names, ask, state},
    world,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// What is reached with a session's cookie.
const PLACES: &[&str] = &[
    "/artifacts/runs/$run/CANARY.txt",
    "/artifacts/models/$logged/CANARY.txt",
    "/get-artifact?run_id=$run&path=CANARY.txt",
    "/model-versions/get-artifact?name=$model&version=1&path=CANARY.txt",
    "/compare/report?format=csv&run=$run",
    "/experiments/$experiment/table.csv",
    "/experiments/$experiment/table.parquet",
    "/experiments/$experiment/table.arrow",
    "/api-access?experiment=$experiment",
    "/shared/$run",
    "/shared/$run/runs/$run",
    "/runs/$run",
    "/runs/$run/metrics",
    "/runs/$run/artifacts",
    "/runs/$run/reproduce",
    "/runs/$run/reproduce.sh",
    "/experiments/$experiment",
    "/experiments/$experiment/discussion",
    "/experiments/$experiment/traces",
    "/traces/$trace",
    "/models/$model",
    "/templates/$template",
    "/import/$import",
    "/exports/$export",
    "/projects/$shelf",
    "/sso/begin/$slug",
    "/graphql/stream?query=subscription{changes(of:[\"run_$run\"]){of}}",
];

/// The forms of a session that name something.
const FORMS: &[(&str, &str, u16)] = &[("/organization", "organization=$organization", 404), ("/end-session", "session=$session", 303)];

/// Routes that name nothing, or only what anybody may know.
const NAMELESS_ROUTES: &[&str] = &[
    "/healthz",
    "/readyz",
    "/metrics",
    "/pkg/{file:.*}",
    "/favicon.ico",
    "/assay_environment.py",
    // `ids.rs` asks it.
    "/graphql",
    "/sign-in",
    "/second-factor",
    "/account/second-factor",
    "/sign-up",
    "/confirm",
    "/forgot-password",
    "/reset-password",
    "/invitation",
    "/restore",
    // An address that opens one organization alone: `signin/support_access.rs`.
    "/support",
    "/theme",
    // A choice of the browser's: what it names is looked at when a page is shown (`pages.rs`).
    "/project",
    "/new-project",
    "/sso/callback",
    "/sign-out",
    "/sign-out-everywhere",
    "/new-organization",
    "/end-other-sessions",
    "/access",
    "/access/single-sign-on",
    "/access/single-sign-on/remove",
    "/schema.graphql",
    "/graphiql",
    // A token asks these, no session's cookie: `tests/scim.rs`.
    "/scim/v2",
    "/scim/v2/{rest:.*}",
    "/scim/v2/ServiceProviderConfig",
    "/scim/v2/ResourceTypes",
    "/scim/v2/ResourceTypes/{id}",
    "/scim/v2/Schemas",
    "/scim/v2/Schemas/{id}",
    "/scim/v2/Users",
    "/scim/v2/Users/{id}",
    "/scim/v2/Groups",
    "/scim/v2/Groups/{id}",
];

/// Whether a path is an instance of a router's pattern.
fn fits(pattern: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    if let Some(start) = ["{path:.*}", "{folder:.*}"].iter().find_map(|rest| pattern.strip_suffix(rest)) {
        return start.split('/').filter(|part| !part.is_empty()).zip(path.split('/').filter(|part| !part.is_empty())).all(|(a, b)| like(a, b))
            && path.matches('/').count() >= start.matches('/').count();
    }
    pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(|(a, b)| like(a, b))
}

fn like(pattern: &str, part: &str) -> bool {
    pattern == part || pattern.starts_with(['{', ':'])
}

#[test]
fn t02_every_route_that_can_name_something_is_called() {
    for endpoint in server::mlflow::endpoints().filter(|endpoint| !NAMELESS.contains(&endpoint.path)) {
        let called = CALLS.iter().any(|(method, path, _)| *method == endpoint.method.as_str() && fits(endpoint.path, path));
        assert!(called, "{} {}", endpoint.method, endpoint.path);
    }
    let pages = server::http::pages::routes();
    let routes = server::http::routes::routes().map(|route| route.path).filter(|path| !NAMELESS_ROUTES.contains(path));
    let named = pages.iter().map(String::as_str).filter(|path| path.contains('{') && *path != "/{address}");
    for pattern in named.chain(routes) {
        let asked = PLACES.iter().chain(FORMS.iter().map(|(path, ..)| path)).any(|path| fits(pattern.trim_end_matches('/'), path));
        assert!(asked, "{pattern}");
    }
}

/// What two filters find in an experiment in which there is nothing.
const COUNTS_OF_NOTHING: &str = r#"{"filter1_count":0,"filter2_count":0,"joint_count":0,"total_count":0}"#;

#[tokio::test]
async fn t02_t03_a_foreign_name_is_answered_like_an_unknown_one_by_every_method() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let (script, owner) = (ours.script().await, theirs.script().await);
    let (foreign, absent) = (Names::of(&owner).await, Names::absent());
    let before = state(&theirs, &owner, &foreign).await;
    let mut wrong = Vec::new();
    for (own, path, input) in CALLS {
        for method in METHODS {
            let prefixes = if method == *own { &server::mlflow::PREFIXES[..] } else { &server::mlflow::PREFIXES[..1] };
            for prefix in prefixes {
                let asked =
                    async |names: &Names| names.shape(&ask(&script, method, &format!("{prefix}{}", names.fill(path)), &names.fill(input)).await);
                let (of_theirs, of_nobody) = tokio::join!(asked(&foreign), asked(&absent));
                assert_eq!(of_theirs, of_nobody, "{method} {prefix}{path}");
                let (status, _, text) = of_theirs;
                if method == *own {
                    let (expected, code) = refusal(method, path);
                    if status != expected || !text.contains(code) {
                        wrong.push(format!("{method} {prefix}{path}: {status} {text}"));
                    }
                }
                assert!(!text.replace("CANARY.txt", "").contains("CANARY"), "{method} {path}: {text}");
                let nothing = matches!(status, 400 | 404 | 501) || status == 200 && matches!(text.as_str(), "{}" | "" | COUNTS_OF_NOTHING);
                assert!(nothing, "{method} {path}: {status} {text}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(state(&theirs, &owner, &foreign).await, before, "nothing of theirs has changed");
    for (method, path, input) in CALLS {
        let answer = ask(&owner, method, &format!("/api/2.0/{}", foreign.fill(path)), &foreign.fill(input)).await;
        let own = if (*method, *path) == ("DELETE", "mlflow/workspaces/$project") { 204 } else { 200 };
        assert_eq!(answer.status, own, "{method} {path} by its owner: {}", answer.text());
    }
}

/// Everything of an answer that could tell a caller something: its status, its headers and its body, without what is new in every answer and the caller's
/// own words.
fn whole(names: &Names, answer: &Answer) -> (u16, Vec<String>, String) {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("no nonce").to_owned();
    let (status, _, text) = names.shape(answer);
    let masked = |text: &str| names.0.iter().fold(text.replace(&nonce, "NONCE"), |text, (placeholder, name)| text.replace(name, placeholder));
    let headers = answer.headers.iter().filter(|(name, _)| !["x-request-id", "date", "content-length"].contains(&name.as_str()));
    let mut headers: Vec<String> = headers.map(|(name, value)| masked(&format!("{name}: {}", value.to_str().unwrap_or_default()))).collect();
    headers.sort_unstable();
    let text = masked(&text);
    // How many scripts bring a page's answers, and the time at which it was made, differ from one time to the next.
    let text = text.replace("</script><script nonce=\"NONCE\">", "");
    const CLOCK: &str = "__RESOLVED_RESOURCES[0] = \"";
    let text = match text.split_once(CLOCK) {
        Some((before, after)) => format!("{before}{CLOCK}{}", after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')),
        None => text,
    };
    (status, headers, in_order(&text))
}

/// A page with the answers it brings in the order of their numbers: they come as they are ready.
fn in_order(text: &str) -> String {
    const ANSWER: &str = "__RESOLVED_RESOURCES[";
    let Some((answers, rest)) = text.split_once("__INCOMPLETE_CHUNKS") else { return text.to_owned() };
    let mut pieces = answers.split(ANSWER);
    let before = pieces.next().unwrap_or_default();
    let mut pieces: Vec<&str> = pieces.collect();
    pieces.sort_unstable();
    let answers: String = pieces.iter().map(|piece| format!("{ANSWER}{piece}")).collect();
    format!("{before}{answers}__INCOMPLETE_CHUNKS{rest}")
}

/// An archive of the organization that can be downloaded.
async fn finished_export(owner: &Actor) -> Value {
    let id = owner.graphql("mutation { startOrganizationExport { id } }", Value::Null).await["data"]["startOrganizationExport"]["id"].clone();
    for _ in 0..600 {
        let look = owner.graphql("query($id: ID!) { organizationExport(id: $id) { state } }", json!({ "id": id })).await;
        if look["data"]["organizationExport"]["state"] == "DONE" {
            return id;
        }
        assert_eq!(look["data"]["organizationExport"]["state"], "RUNNING", "{look}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the export did not end");
}

/// Names of what only the API knows, beside those of the MLflow protocol.
async fn named(owner: &Actor, mut names: Names) -> Names {
    let import = "mutation { startImport(input: { address: \"https://mlflow.example.com\" }) { id } }";
    let import = owner.graphql(import, Value::Null).await["data"]["startImport"]["id"].clone();
    let export = finished_export(owner).await;
    let create = "mutation($run: ID!) { createTemplate(run: $run, name: \"CANARY\") { id } }";
    let script = owner.token(&["*"]).await;
    assert_eq!(script.mlflow("POST", "runs/update", json!({ "run_id": names.0["$run"], "status": "FINISHED" })).await.status, 200);
    let template = owner.graphql(create, json!({ "run": names.0["$run"] })).await["data"]["createTemplate"]["id"].clone();
    let seen = owner.graphql("{ viewer { organization { id slug } } sessions { nodes { id } } projects { id } }", Value::Null).await["data"].clone();
    let organization = &seen["viewer"]["organization"];
    for (placeholder, id) in [
        ("$import", &import),
        ("$export", &export),
        ("$shelf", &seen["projects"][0]["id"]),
        ("$template", &template),
        ("$organization", &organization["id"]),
        ("$slug", &organization["slug"]),
        ("$session", &seen["sessions"]["nodes"][0]["id"]),
    ] {
        names.0.insert(placeholder, id.as_str().expect("an id").to_owned());
    }
    names
}

#[tokio::test]
async fn t02_foreign_pages_and_downloads_are_not_found() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let foreign = named(&theirs.owner, Names::of(&theirs.script().await).await).await;
    let mut absent = Names::absent();
    let kinds = [
        ("$import", "imp_"),
        ("$export", "xpt_"),
        ("$shelf", "prj_"),
        ("$template", "tpl_"),
        ("$organization", "org_"),
        ("$slug", "team-"),
        ("$session", "ses_"),
    ];
    for (placeholder, prefix) in kinds {
        absent.0.insert(placeholder, format!("{prefix}{}", uuid::Uuid::now_v7().simple()));
    }
    for place in PLACES {
        // Whoever may sign in where is no secret, and what cannot be listened to is said in a stream.
        // A link is asked for by its secret, and never by what it shows.
        let elsewise = place.starts_with("/sso/") || place.starts_with("/shared/") || place.starts_with("/graphql/");
        for method in METHODS {
            let asked = async |names: &Names| {
                let answer = ours.owner.send(ours.owner.request(method.parse().expect("a method"), &names.fill(place))).await;
                let whole = whole(names, &answer);
                assert!(!whole.2.replace("CANARY.txt", "").contains("CANARY"), "{method} {place}: {}", whole.2);
                whole
            };
            let (of_theirs, of_nobody) = (asked(&foreign).await, asked(&absent).await);
            assert_eq!(of_theirs, of_nobody, "{method} {place}");
            let (status, _, text) = of_theirs;
            if elsewise {
                assert!(method != "GET" || text.contains("NOT_FOUND") || status == 303, "{method} {place}: {status} {text}");
                continue;
            }
            assert!(matches!(status, 404 | 405), "{method} {place}: {status}");
            assert!(method != "GET" || status == 404, "{place}: {status}");
        }
        if !elsewise {
            assert_eq!(theirs.owner.get(&foreign.fill(place)).await.status, 200, "{place} by its owner");
        }
    }
    for (path, form, expected) in FORMS {
        let asked = async |names: &Names| {
            let request = ours.owner.request(reqwest::Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
            whole(names, &ours.owner.send(request.body(names.fill(form))).await)
        };
        let (of_theirs, of_nobody) = (asked(&foreign).await, asked(&absent).await);
        assert_eq!(of_theirs, of_nobody, "{path}");
        assert!(of_theirs.0 == *expected && !of_theirs.2.contains("Team "), "{path}: {of_theirs:?}");
        for names in [&foreign, &absent] {
            let id = names.fill(form.split('=').nth(1).expect("a value"));
            let log = "query($filter: AuditFilter) { auditEntries(filter: $filter) { totalCount } }";
            let filter = json!({ "filter": { "action": "authorization.unknown_id", "subject": id } });
            assert_eq!(ours.owner.graphql(log, filter).await["data"]["auditEntries"]["totalCount"], 1, "{path}: entries of {id}");
        }
    }
    assert!(theirs.owner.graphql("{ viewer { id } }", Value::Null).await["errors"].is_null(), "their session has not ended");
}

/// Pages, downloads, calls and streams alike: whoever tries an id that is not theirs is in their own organization's log.
#[tokio::test]
async fn t01_t02_t03_every_edge_enters_an_unknown_id() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let foreign = named(&theirs.owner, Names::of(&theirs.script().await).await).await;
    let calls = [
        ("GET", "/runs/$run", "run_$run"),
        ("GET", "/experiments/$experiment", "exp_$experiment"),
        ("GET", "/import/$import", "$import"),
        ("GET", "/exports/$export", "$export"),
        ("GET", "/artifacts/runs/$run/x", "run_$run"),
        ("GET", "/get-artifact?run_id=$run&path=x", "run_$run"),
        ("GET", "/compare/report?format=csv&run=$run", "run_$run"),
        ("GET", "/graphql/stream?query=subscription{changes(of:[\"run_$run\"]){of}}", "run_$run"),
        ("GET", "/api/2.0/mlflow/runs/get?run_id=$run", "run_$run"),
        ("POST", "/api/2.0/mlflow/runs/log-metric {\"run_id\":\"$run\",\"key\":\"m\",\"value\":1,\"timestamp\":1}", "run_$run"),
        ("POST", "/api/2.0/mlflow/runs/create {\"experiment_id\":\"$experiment\"}", "exp_$experiment"),
        ("GET", "/api/2.0/mlflow/logged-models/$logged", "$logged"),
        ("GET", "/api/2.0/mlflow/traces/get?trace_id=$trace", "$trace"),
        ("PUT", "/api/2.0/mlflow-artifacts/mpu/part/$upload/1", "$upload"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/$experiment/$run/artifacts/x", "run_$run"),
    ];
    let log = "query($filter: AuditFilter) { auditEntries(filter: $filter) { totalCount } }";
    for (method, call, subject) in calls {
        let member = ours.member("data_scientist").await;
        let actor = if call.starts_with("/api/") { member.token(&["*"]).await } else { member.clone() };
        let actor = if call.starts_with("/import/") || call.starts_with("/exports/") { ours.owner.clone() } else { actor };
        let (path, body) = call.split_once(' ').unwrap_or((call, ""));
        let request = actor.request(method.parse().expect("a method"), &foreign.fill(path));
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json").body(foreign.fill(body)) };
        for _ in 0..2 {
            actor.send(request.try_clone().expect("a request without a stream")).await;
        }
        let filter = json!({ "filter": { "action": "authorization.unknown_id", "subject": foreign.fill(subject), "actor": actor.email } });
        assert_eq!(ours.owner.graphql(log, filter).await["data"]["auditEntries"]["totalCount"], 1, "{method} {call}");
    }
    // Names are asked for in all innocence.
    for path in ["experiments/get-by-name?experiment_name=absent", "registered-models/get?name=absent"] {
        assert_eq!(ours.script().await.mlflow("GET", path, Value::Null).await.status, 404, "{path}");
    }
    let log = "{ auditEntries(filter: { action: \"authorization.unknown_id\" }) { totalCount } }";
    assert_eq!(ours.owner.graphql(log, Value::Null).await["data"]["auditEntries"]["totalCount"], calls.len());
}
