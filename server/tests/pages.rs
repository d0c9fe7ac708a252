//! Pages show what people typed as text, wherever it was typed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::support::{Actor, PASSWORD, World, actor::Answer, html::elements, world};
use reqwest::Method;
use serde_json::{Value, json};

/// Leaves a title, a script, a comment, an attribute in either quotes, and asks for one of its own.
const HOSTILE: &str = r#"CANARY</title></script><img src=x onerror=alert(1)>"' onmouseover='alert(1)' x="><svg onload=alert(1)><!--<script>"#;
/// The same for names that may hold neither slash nor colon.
const NAME: &str = r#"CANARY<!--<script><img src=x onerror=alert(1)>"' onmouseover='alert(1)' x="><svg onload=alert(1)>"#;
const LINK: &str = "javascript:alert('CANARY')";

fn encode(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Nothing in the page runs but what the server put there.
fn assert_harmless(place: &str, page: &Answer) {
    let policy = page.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_else(|| panic!("{place}: no nonce: {policy}"));
    let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none'") && !scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"),
        "{place}: {policy}"
    );
    assert!(nonce.len() >= 16, "{place}: {nonce}");
    for element in elements(&page.text()) {
        let shown = || format!("{place}: {element:?}").chars().take(600).collect::<String>();
        for (name, value) in &element.attributes {
            // The policy lets no attribute run or style.
            assert!(!name.starts_with("on") && name != "style", "{}", shown());
            let address = matches!(name.as_str(), "href" | "src" | "action" | "formaction" | "xlink:href" | "srcdoc");
            let scheme = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>().to_ascii_lowercase();
            let runs = ["javascript:", "vbscript:", "data:text"].iter().any(|start| scheme.starts_with(start));
            assert!(!address || !runs, "{}", shown());
        }
        assert!(!matches!(element.name.as_str(), "base" | "iframe" | "object" | "embed"), "{}", shown());
        assert!(element.name != "img" || element.attribute("src") != Some("x"), "{}", shown());
        if element.name == "script" {
            assert_eq!(element.attribute("nonce"), Some(nonce), "{}", shown());
            let script = element.script.to_ascii_lowercase();
            // Either would make a browser read on past the end of the script.
            assert!(!script.contains("<!--") && !script.contains("<script"), "{}", shown());
        }
    }
}

/// An organization that is hostile from its name on: its owner's browser, and the session in it.
async fn founder(world: &World) -> (Actor, String) {
    let browser = world.anonymous();
    let email = format!("founder-{}@example.com", uuid::Uuid::now_v7().simple());
    let form = [("organization", HOSTILE), ("name", HOSTILE), ("email", email.as_str()), ("password", PASSWORD)];
    assert_eq!(browser.form("/sign-up", &form).await.status, 303);
    let link = world.link_to(&email).await;
    let confirmed = browser.form("/confirm", &[("token", link.split("token=").nth(1).expect("a token"))]).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    let session = confirmed.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    (browser, session)
}

#[tokio::test]
async fn t41_a_page_says_what_it_may_load_and_run() {
    for (path, nonces) in [("/sign-in", true), ("/healthz", false), ("/graphql", false)] {
        let answer = world().anonymous().get(path).await;
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("none");
        let expected = if nonces {
            "default-src 'none'; script-src 'nonce-N' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-N'; \
             img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        } else {
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        };
        assert_eq!(policy.replace(nonce, if nonces { "N" } else { nonce }), expected, "{path}");
    }
}

#[tokio::test]
async fn t41_what_people_typed_is_text_on_every_page() {
    let (owner, session) = founder(world()).await;
    let script = owner.token(&["*"]).await;
    let made = async |path: &str, body: Value| {
        let answer = script.mlflow("POST", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    let pairs = json!([
        { "key": "note", "value": HOSTILE },
        { "key": "mlflow.note.content", "value": HOSTILE },
        { "key": "mlflow.source.name", "value": LINK },
        { "key": "mlflow.source.git.repoURL", "value": LINK },
        { "key": "mlflow.source.git.commit", "value": HOSTILE },
        { "key": "mlflow.source.git.branch", "value": HOSTILE },
        { "key": "mlflow.parentRunId", "value": HOSTILE },
        { "key": "assay.environment.command", "value": json!([HOSTILE, LINK]).to_string() },
        { "key": "assay.environment.untracked", "value": json!([HOSTILE]).to_string() },
        { "key": "assay.environment.os", "value": HOSTILE },
    ]);
    let experiment = made("experiments/create", json!({ "name": HOSTILE, "tags": pairs })).await;
    let experiment = experiment["experiment_id"].as_str().expect("an id").to_owned();
    let run =
        made("runs/create", json!({ "experiment_id": experiment, "run_name": HOSTILE, "user_id": HOSTILE, "start_time": 1, "tags": pairs })).await;
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    made(
        "runs/log-batch",
        json!({ "run_id": run, "params": [{ "key": "p", "value": HOSTILE }], "metrics": [{ "key": "m", "value": 1, "timestamp": 1 }] }),
    )
    .await;
    let dataset =
        json!({ "name": HOSTILE, "digest": "CANARY<img src=x>", "source_type": HOSTILE, "source": LINK, "schema": HOSTILE, "profile": HOSTILE });
    made(
        "runs/log-inputs",
        json!({ "run_id": run, "datasets": [{ "dataset": dataset, "tags": [{ "key": "mlflow.data.context", "value": HOSTILE }] }] }),
    )
    .await;
    made("logged-models", json!({ "experiment_id": experiment, "name": NAME.replace(['"', '\''], ""), "source_run_id": run, "model_type": HOSTILE }))
        .await;
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{}.html", encode("CANARY'<img src=x onerror=alert(1)>"));
    let stored = script.send(script.request(Method::PUT, &file).body(HOSTILE)).await;
    // Where such a name is refused, an innocent one carries the content.
    let name = if stored.status == 200 { "CANARY'<img src=x onerror=alert(1)>.html" } else { "CANARY.html" };
    if stored.status != 200 {
        let file = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{name}");
        assert_eq!(script.send(script.request(Method::PUT, &file).body(HOSTILE)).await.status, 200);
    }
    // What a version was made of does not change any more.
    made("registered-models/create", json!({ "name": NAME, "description": HOSTILE, "tags": pairs })).await;
    made("model-versions/create", json!({ "name": NAME, "source": format!("runs:/{run}"), "run_id": run, "description": HOSTILE, "tags": pairs }))
        .await;
    for mutation in ["createProject(name: $name) { id }", "createToken(input: { name: $name, scopes: [\"runs:read\"] }) { secret }"] {
        let answer = owner.graphql(&format!("mutation($name: String!) {{ {mutation} }}"), json!({ "name": HOSTILE })).await;
        assert!(answer["errors"].is_null(), "{answer}");
    }
    let bot =
        "mutation($name: String!, $about: String!) { createServiceAccount(input: { name: $name, description: $about, roles: [\"viewer\"] }) { id } }";
    let answer = owner.graphql(bot, json!({ "name": NAME, "about": HOSTILE })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    for about in [format!("run_{run}"), format!("exp_{experiment}")] {
        let start = "mutation($about: ID!, $body: String!) { startThread(input: { about: $about, body: $body }) { id } }";
        let answer = owner.graphql(start, json!({ "about": about, "body": HOSTILE })).await;
        assert!(answer["errors"].is_null(), "{answer}");
    }
    let save = "mutation($name: String!, $run: ID!) { saveComparison(name: $name, of: { runs: [$run] }) { id } }";
    let answer = owner.graphql(save, json!({ "name": NAME, "run": run })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let trace = format!("tr-{}", uuid::Uuid::now_v7().simple());
    let place = json!({ "mlflow_experiment": { "experiment_id": experiment } });
    let info = json!({
        "trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "tags": { "mlflow.traceName": HOSTILE, "t": HOSTILE },
        "request_preview": HOSTILE, "response_preview": HOSTILE, "trace_metadata": { "m": HOSTILE }
    });
    made("traces", json!({ "trace": { "trace_info": info } })).await;
    let judged = json!({ "assessment": { "assessment_name": "CANARY", "feedback": { "value": HOSTILE }, "rationale": HOSTILE } });
    made(&format!("traces/{trace}/assessments"), judged).await;
    made("runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    let create = "mutation($run: ID!, $name: String!, $about: String!) { createTemplate(run: $run, name: $name, description: $about) { id } }";
    let answer = owner.graphql(create, json!({ "run": run, "name": NAME, "about": HOSTILE })).await;
    let template = answer["data"]["createTemplate"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let create = "mutation($e: ID!, $about: String!) { createExperimentTemplate(experiment: $e, name: \"blueprint\", description: $about) { id } }";
    let answer = owner.graphql(create, json!({ "e": experiment, "about": HOSTILE })).await;
    let blueprint = answer["data"]["createExperimentTemplate"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let (run, experiment, model, typed) = (format!("/runs/{run}"), format!("/experiments/{experiment}"), encode(NAME), encode(HOSTILE));
    // Each with whether what was typed must be seen on it.
    let pages = [
        ("/".to_owned(), true),
        ("/experiments".into(), true),
        (format!("/experiments?filter={typed}"), false),
        (format!("/models?filter={typed}"), false),
        (format!("/audit?actor={typed}"), false),
        (experiment.clone(), true),
        (format!("{experiment}/discussion"), true),
        (format!("{experiment}/traces"), true),
        (format!("{experiment}/traces?filter={typed}"), false),
        (format!("/traces/{trace}"), true),
        (format!("/traces/{typed}"), false),
        ("/compare".into(), true),
        (format!("/compare?run={typed}&metric={typed}&unit={typed}"), false),
        ("/notifications".into(), false),
        ("/api-access".into(), true),
        (format!("/api-access?experiment={typed}"), false),
        ("/graphiql".into(), false),
        (format!("/tokens?name={typed}&scope={typed}"), false),
        ("/import".into(), false),
        (format!("/import/{typed}"), false),
        ("/access".into(), false),
        (format!("/access?saved={typed}"), false),
        ("/access/single-sign-on".into(), false),
        ("/slack".into(), false),
        ("/organization".into(), true),
        (format!("/organization?after={typed}"), false),
        (format!("/restore?token={typed}&done="), false),
        (format!("/restore?token={typed}"), false),
        (format!("/support?token={typed}"), false),
        ("/new-organization".into(), false),
        ("/new-project".into(), false),
        (format!("/sign-up?sent={typed}"), false),
        (format!("/forgot-password?sent={typed}"), false),
        (run.clone(), true),
        (format!("{run}/metrics"), true),
        (format!("{run}/artifacts"), true),
        (format!("{run}/reproduce"), true),
        (format!("{run}/artifacts?path={}", encode(name)), true),
        ("/templates".into(), true),
        (format!("/templates/{template}"), true),
        (format!("/templates/{blueprint}"), true),
        ("/models".into(), true),
        (format!("/models/{model}"), true),
        ("/members".into(), true),
        ("/members/invitations".into(), true),
        ("/members/service-accounts".into(), true),
        ("/members/roles".into(), true),
        (format!("/members/check?member={typed}&permission={typed}&project={typed}"), false),
        ("/projects".into(), false),
        (format!("/projects/{typed}"), false),
        (format!("/audit/access?actor={typed}&permission={typed}&outcome={typed}"), false),
        ("/tokens".into(), true),
        ("/audit".into(), true),
        ("/account".into(), true),
        ("/account/second-factor".into(), false),
        ("/second-factor".into(), false),
        ("/kit".into(), false),
        (format!("/nothing/{typed}"), false),
        (format!("/shared/{typed}"), false),
        (format!("/shared/{typed}/runs/{typed}"), false),
        (format!("/runs/{typed}"), false),
        (format!("/models/{typed}"), false),
        (format!("/sign-in?next={}", encode(LINK)), false),
        (format!("/sso?organization={typed}&problem={typed}&next={}", encode(LINK)), false),
        (format!("/invitation?token={typed}"), false),
        (format!("/reset-password?token={typed}"), false),
        (format!("/confirm?token={typed}"), false),
    ];
    for route in server::http::pages::routes() {
        let fits = |place: &str| {
            let path = place.split('?').next().unwrap_or_default();
            let (mut path, mut route) = (path.trim_matches('/').split('/'), route.trim_matches('/').split('/'));
            route.by_ref().all(|word| path.next().is_some_and(|own| own == word || word.starts_with('{'))) && path.next().is_none()
        };
        assert!(pages.iter().any(|(place, _)| fits(place)), "{route} is not looked at");
    }
    let mut nonces = std::collections::HashSet::new();
    for (place, shows) in &pages {
        let request = owner.request(Method::GET, place).header("cookie", format!("{session}; theme={}", encode("dark\" onload=\"alert(1)")));
        for page in [owner.get(place).await, owner.send(request).await] {
            assert!(page.status < 500, "{place}: {}", page.status);
            assert_harmless(place, &page);
            assert!(nonces.insert(page.header("content-security-policy").to_owned()), "{place}: a nonce is used once");
            assert!(!shows || page.status != 200 || page.text().contains("CANARY"), "{place}: it does not show what was typed");
        }
        assert!(!shows || owner.get(place).await.status == 200, "{place}");
    }
}

#[tokio::test]
async fn t41_what_was_typed_into_a_form_comes_back_as_text() {
    for (path, fields) in [
        ("/sign-in", &["email", "next", "password"][..]),
        ("/sign-up", &["organization", "name", "email", "password"]),
        ("/forgot-password", &["email"]),
        ("/reset-password", &["token", "password"]),
        ("/invitation", &["token", "name", "password"]),
        ("/confirm", &["token"]),
        ("/restore", &["token"]),
    ] {
        let typed = |field: &str| match field {
            "next" => LINK,
            "password" => "short",
            _ => HOSTILE,
        };
        let form: Vec<(&str, &str)> = fields.iter().map(|&field| (field, typed(field))).collect();
        let page = world().anonymous().form(path, &form).await;
        assert!((400..500).contains(&page.status), "{path}: {}", page.status);
        assert_harmless(path, &page);
        assert!(page.text().contains("CANARY"), "{path}: it does not show what was typed");
        assert!(!page.text().contains("\"short\""), "{path}: a password does not come back");
    }
}

#[tokio::test]
async fn t41_a_key_cannot_be_markup_at_all() {
    let script = world().organization().await.script().await;
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
    let run = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    for key in ["</script>", "<img src=x onerror=alert(1)>", "a\" onload=\"b", "a'b", "a&lt;b", "a\\u003cb", "a=b", "(a)"] {
        for (path, body) in [
            ("runs/log-metric", json!({ "run_id": run, "key": key, "value": 1, "timestamp": 1 })),
            ("runs/log-parameter", json!({ "run_id": run, "key": key, "value": "v" })),
            ("runs/set-tag", json!({ "run_id": run, "key": key, "value": "v" })),
        ] {
            assert_eq!(script.mlflow("POST", path, body).await.status, 400, "{path} {key}");
        }
    }
}

#[tokio::test]
async fn c7_1b_the_chosen_project_holds_over_pages_and_one_that_is_not_there_is_as_none() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let owner = &organization.owner;
    let made = owner.form("/new-project", &[("name", "Fraud")]).await;
    assert_eq!((made.status, made.header("location")), (303, "/experiments"), "{}", made.text());
    let refused = owner.form("/new-project", &[("name", " ")]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let viewer = organization.member("viewer").await;
    assert_eq!(viewer.form("/new-project", &[("name", "Mine")]).await.status, 403);
    assert_eq!((viewer.get("/new-project").await.status, owner.get("/new-project").await.status), (403, 200));

    let projects = owner.graphql("{ projects { id name } }", Value::Null).await["data"]["projects"].take();
    let fraud = projects.as_array().expect("projects").iter().find(|one| one["name"] == "Fraud").expect("the new one")["id"].as_str().expect("an id");
    let make = "mutation($name: String!, $project: ID) { createExperiment(name: $name, projectId: $project) { id } }";
    for (name, project) in [("inside-it", json!(fraud)), ("outside-it", Value::Null)] {
        owner.graphql(make, json!({ "name": name, "project": project })).await;
    }
    let shows = async |path: &str| {
        let page = owner.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        (page.text().contains("inside-it"), page.text().contains("outside-it"))
    };
    // Who makes a project is in it.
    assert_eq!(shows("/experiments").await, (true, false));
    let choose = async |project: &str, next: &str| owner.form("/project", &[("project", project), ("next", next)]).await;
    let all = choose("", "/models").await;
    assert_eq!((all.status, all.header("location")), (303, "/models"));
    assert_eq!(shows("/experiments").await, (true, true));
    assert_eq!(choose(fraud, "//evil.example").await.header("location"), "/");
    assert_eq!(shows("/experiments").await, (true, false));
    assert_eq!(shows("/experiments?filter=side").await, (true, false));
    let foreign = other.owner.graphql("{ projects { id } }", Value::Null).await["data"]["projects"][0]["id"].take();
    for absent in [foreign.as_str().expect("an id"), "prj_00000000000000000000000000000000", "\r\nSet-Cookie: x=y", "default"] {
        assert_eq!(choose(absent, "/experiments").await.status, 303);
        assert_eq!(shows("/experiments").await, (true, true), "{absent:?}");
    }
}

/// The router asks no query while it lists the pages, in the whole process: that must be over before the first of them is shown.
#[tokio::test]
async fn a_page_is_whole_whoever_lists_the_pages_meanwhile() {
    let organization = world().organization().await;
    let over = Arc::new(AtomicBool::new(false));
    let lists = std::thread::spawn({
        let over = over.clone();
        move || {
            while !over.load(Ordering::Relaxed) {
                std::hint::black_box(server::http::pages::routes());
            }
        }
    });
    for _ in 0..5 {
        let page = tokio::time::timeout(Duration::from_secs(60), organization.owner.get("/experiments")).await;
        assert_eq!(page.expect("every query of the page is asked").status, 200);
    }
    over.store(true, Ordering::Relaxed);
    lists.join().expect("lists");
}

/// What the rail and the palette offer is one list; a page that is not in it is found by nobody.
#[test]
fn every_page_with_an_address_of_its_own_is_offered() {
    let pages = server::http::pages::routes();
    let own = pages.iter().map(|path| if path.is_empty() { "/" } else { path.as_str() });
    let own: Vec<&str> = own.filter(|path| !path.contains('{') && !server::http::routes::PUBLIC_PAGES.contains(path)).collect();
    assert!(own.len() > 10, "{own:?}");
    for path in own {
        assert!(app::frame::PLACES.iter().any(|place| place.href == path), "{path}");
    }
}
