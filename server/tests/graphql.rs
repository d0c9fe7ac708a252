//! The limits of the GraphQL edge, asked from outside.

mod cursors;
mod limits;

use crate::support::{Actor, schema, world};
use serde_json::{Value, json};

/// What people build on is explained where they look for it.
#[test]
fn everything_that_the_api_offers_is_described() {
    let bare = schema::undescribed();
    assert!(bare.is_empty(), "{bare:#?}");
}

#[tokio::test]
async fn t51_t52_t54_t57_bombs_are_refused() {
    let owner = world().organization().await.owner;
    let aliases: String = (0..1000).map(|n| format!("a{n}: roles {{ name }} ")).collect();
    let mut fan_out = String::from("query { ...f0 } ");
    for n in 0..30 {
        fan_out += &format!("fragment f{n} on Query {{ ...f{m} ...f{m} }} ", m = n + 1);
    }
    fan_out += "fragment f30 on Query { viewer { name } }";
    let cases = [
        ("aliases", format!("{{ {aliases} }}")),
        ("fan-out", fan_out),
        ("cycle", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".into()),
        ("directives", format!("{{ viewer {} {{ name }} }}", "@include(if: true) ".repeat(100))),
        ("repetition", format!("{{ viewer {{ {} }} }}", "name ".repeat(5_000))),
        ("depth", "{ experiments { nodes { runs { nodes { experiment { runs { nodes { experiment { runs { nodes { id } } } } } } } } } } }".into()),
        (
            "nested pages",
            "{ experiments(first: 200) { nodes { runs(first: 200) { nodes { experiment { runs(first: 200) { nodes { id } } } } } } } }".into(),
        ),
    ];
    for (name, query) in cases {
        let answer = owner.graphql(&query, Value::Null).await;
        assert!(matches!(Actor::code(&answer), "LIMIT_EXCEEDED" | "INVALID"), "{name}: {answer}");
        assert!(answer["data"].is_null(), "{name}");
    }
    let huge = owner.graphql(&format!("{{ viewer {{ name }} }} #{}", "x".repeat(5 << 20)), Value::Null).await;
    assert_eq!(Actor::code(&huge), "PAYLOAD_TOO_LARGE");
}

/// Each by the limit it was made for: another refusal would hide that one is gone.
#[tokio::test]
async fn t51_t52_t54_each_limit_is_named() {
    let owner = world().organization().await.owner;
    let mut deep = String::from("id");
    for level in 0..50 {
        deep = if level % 2 == 0 { format!("runs {{ nodes {{ {deep} }} }}") } else { format!("experiment {{ {deep} }}") };
    }
    let aliases = |field: &str| -> String { (0..1000).map(|n| format!("a{n}: {field} ")).collect() };
    let preview = format!("{{ {} }}", aliases("invitationPreview(token: \"x\") { email }"));
    let cases = [
        ("depth", format!("{{ run(id: \"x\") {{ experiment {{ {deep} }} }} }}")),
        ("aliases", preview.clone()),
        ("directives", format!("{{ viewer {} {{ name }} }}", "@skip(if:true)".repeat(10_000))),
        ("tokens", format!("{{ viewer {{ {} }} }}", "a ".repeat(100_000))),
    ];
    for (name, query) in cases {
        let answer = owner.graphql(&query, Value::Null).await;
        assert_eq!(Actor::code(&answer), "LIMIT_EXCEEDED", "{name}: {answer:.300}");
        assert!(answer["data"].is_null(), "{name}");
    }
    let million = owner.graphql(&"a ".repeat(1_000_000), Value::Null).await;
    assert_eq!(Actor::code(&million), "PAYLOAD_TOO_LARGE");
    let nobody = world().anonymous();
    assert_eq!(Actor::code(&nobody.graphql(&preview, Value::Null).await), "LIMIT_EXCEEDED");
    let batch = vec![json!({ "query": preview }); 3];
    let answer = nobody.send(nobody.request(reqwest::Method::POST, "/graphql").json(&batch)).await.json();
    assert!(answer.as_array().is_some_and(|all| all.len() == 3 && all.iter().all(|one| Actor::code(one) == "LIMIT_EXCEEDED")), "{answer:.300}");
}

#[tokio::test]
async fn t53_batches_are_small_and_change_nothing() {
    let owner = world().organization().await.owner;
    let send = async |operations: Value| owner.send(owner.request(reqwest::Method::POST, "/graphql").json(&operations)).await;
    let ask = json!({ "query": "{ viewer { name } }" });
    let change = json!({ "query": "mutation { updateViewer(name: \"x\") { name } }" });
    assert_eq!(send(json!([ask, ask])).await.json().as_array().map(Vec::len), Some(2));
    assert_eq!(send(Value::Array(vec![ask.clone(); 1000])).await.status, 400);
    assert_eq!(send(json!([ask, change])).await.status, 400);
}

#[tokio::test]
async fn t55_nobody_explores_the_schema_and_nothing_is_suggested() {
    let nobody = world().anonymous();
    let answer = nobody.graphql("{ __schema { types { name } } }", Value::Null).await;
    assert!(answer["data"]["__schema"].is_null(), "{answer}");
    let owner = world().organization().await.owner;
    let answer = owner.graphql("{ viewr { name } }", Value::Null).await.to_string();
    assert!(!answer.contains("Did you mean"), "{answer}");
    assert!(owner.graphql("{ __schema { types { name } } }", Value::Null).await["data"]["__schema"]["types"].is_array());
    assert!(nobody.graphql("{ __type(name: \"Query\") { fields { name } } }", Value::Null).await["data"]["__type"].is_null());
    for query in [
        "{ viewr { name } }",
        "{ invitationPreview(tokn: \"x\") { email } }",
        "{ auditEntries(filter: { outcome: DON }) { totalCount } }",
        "mutation { createToken(input: { nam: \"x\", scopes: [] }) { secret } }",
    ] {
        let answer = nobody.graphql(query, Value::Null).await;
        let text = answer.to_string();
        assert!(!answer["errors"].is_null() && !text.contains("Did you mean") && !text.contains("invitationPreview("), "{query}: {answer}");
        assert!(!["\"viewer\"", "DENIED", "expiresInDays"].iter().any(|own| text.contains(own)), "{query}: {answer}");
        assert!(answer["extensions"].is_null(), "{query}: {answer}");
    }
    // No page to explore it with but one, which is for who signed in.
    for path in ["/graphql", "/graphiql", "/playground", "/graphql/console", "/altair"] {
        for actor in [&nobody, &owner].into_iter().take(if path == "/graphiql" { 1 } else { 2 }) {
            let answer = actor.send(actor.request(reqwest::Method::GET, path).header("accept", "text/html")).await;
            assert!(matches!(answer.status, 303 | 404 | 405), "{path}: {}", answer.status);
            assert!(!answer.text().to_ascii_lowercase().contains("graphiql"), "{path}");
        }
    }
}

#[tokio::test]
async fn t56_only_json_by_post() {
    let owner = world().organization().await.owner;
    assert_eq!(owner.get("/graphql?query={viewer{name}}").await.status, 405);
    let change = "mutation { updateViewer(name: \"Changed\") { name } }";
    for method in [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::PUT, reqwest::Method::PATCH, reqwest::Method::DELETE] {
        let request = owner.request(method.clone(), "/graphql").query(&[("query", &change)]);
        let request = if method == reqwest::Method::GET { request } else { request.json(&json!({ "query": change })) };
        assert_eq!(owner.send(request).await.status, 405, "{method}");
    }
    assert_eq!(owner.graphql("{ viewer { name } }", Value::Null).await["data"]["viewer"]["name"], "Olive Owner");
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/graphql"] {
        let request = owner.request(reqwest::Method::POST, "/graphql").header("content-type", kind).body("{\"query\":\"{viewer{name}}\"}");
        assert_eq!(owner.send(request).await.status, 415, "{kind}");
    }
}

#[tokio::test]
async fn t38_pages_are_bounded_and_cursors_are_ours() {
    let owner = world().organization().await.owner;
    for arguments in ["first: -1", "first: 0", "first: 201", "first: 2147483647", "after: \"garbage!\"", "after: \"bm90IGFuIGlk\""] {
        let answer = owner.graphql(&format!("{{ tokens({arguments}) {{ totalCount }} }}"), Value::Null).await;
        assert_eq!(Actor::code(&answer), "INVALID", "{arguments}: {answer}");
    }
}

#[tokio::test]
async fn t46_t47_odd_text_and_odd_json_are_refused_and_nothing_breaks() {
    let owner = world().organization().await.owner;
    let create = async |name: &str| owner.graphql("mutation($name: String!) { createProject(name: $name) { name } }", json!({ "name": name })).await;
    for name in ["a\u{0}b", "a\u{202E}b", "a\u{200B}b", "a\u{AD}b", "fr\u{430}ud", "", "   ", "a\nb", &"x".repeat(121)] {
        let answer = create(name).await;
        assert_eq!(Actor::code(&answer), "INVALID", "{name:?}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["field"], "name");
    }
    assert_eq!(create("fraude\u{301}").await["data"]["createProject"]["name"], "fraud\u{e9}");
    assert_eq!(Actor::code(&create("fraud\u{e9}").await), "ALREADY_EXISTS", "two spellings are one name");
    let deep = format!("{{\"query\":\"{{viewer{{name}}}}\",\"variables\":{{\"a\":{}1{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let keys: Vec<String> = (0..1_000_000).map(|n| format!("\"k{n}\":1")).collect();
    let wide = format!("{{\"query\":\"{{viewer{{name}}}}\",\"variables\":{{{}}}}}", keys.join(","));
    for (body, status) in [
        (deep.as_str(), 400),
        (wide.as_str(), 413),
        ("{\"query\":\"{viewer{name}}\",\"variables\":{\"a\":1e999}}", 400),
        ("{\"query\":\"\\ud800\"}", 400),
        ("null", 400),
        ("{", 400),
        ("\u{feff}{}", 400),
        ("{\"query\":1}", 400),
    ] {
        let request = owner.request(reqwest::Method::POST, "/graphql").header("content-type", "application/json").body(body.to_owned());
        let answer = owner.send(request).await;
        assert_eq!(answer.status, status, "{body:.100}: {}", answer.text());
    }
    assert_eq!(owner.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let owner = world().organization().await.owner;
    for path in ["/healthz", "/sign-in", "/", "/graphql", "/nothing/here", "/api/2.0/mlflow/nothing"] {
        let answer = owner.get(path).await;
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
        {
            assert!(answer.header(name).contains(value), "{path} {name}: {}", answer.header(name));
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline' 'nonce"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    }
}

#[tokio::test]
async fn c7_1b_a_list_of_one_project_shows_its_own_and_a_foreign_project_is_not_found() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let (owner, script) = (&organization.owner, organization.script().await);
    let project = async |owner: &Actor, name: &str| {
        let answer = owner.graphql("mutation($name: String!) { createProject(name: $name) { id slug } }", json!({ "name": name })).await;
        let made = &answer["data"]["createProject"];
        (made["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned(), made["slug"].as_str().expect("a slug").to_owned())
    };
    let (fraud, churn) = (project(owner, "Fraud").await, project(owner, "Churn").await);
    for (id, slug) in [&fraud, &churn] {
        let make = "mutation($name: String!, $project: ID) { createExperiment(name: $name, projectId: $project) { id } }";
        let answer = owner.graphql(make, json!({ "name": format!("{slug} sweep"), "project": id })).await;
        assert!(answer["errors"].is_null(), "{answer}");
        let model = script.request(reqwest::Method::POST, "/api/2.0/mlflow/registered-models/create").header("X-MLFLOW-WORKSPACE", slug);
        assert_eq!(script.send(model.json(&json!({ "name": format!("{slug} sweep model") }))).await.status, 200);
    }
    let lists = "query($project: ID) {
        experiments(project: $project) { nodes { name } totalCount }
        registeredModels(project: $project) { nodes { name } totalCount }
        search(text: \"sweep\", project: $project) { title }
    }";
    let shown = async |project: Option<&str>| {
        let data = owner.graphql(lists, json!({ "project": project })).await["data"].take();
        let names = |list: &Value, key: &str| {
            let mut names: Vec<String> = list.as_array().expect("a list").iter().map(|one| one[key].as_str().expect("a name").to_owned()).collect();
            names.sort();
            names
        };
        let counts = (data["experiments"]["totalCount"].as_u64(), data["registeredModels"]["totalCount"].as_u64());
        (names(&data["experiments"]["nodes"], "name"), names(&data["registeredModels"]["nodes"], "name"), names(&data["search"], "title"), counts)
    };
    for (id, slug) in [&fraud, &churn] {
        let (sweep, model) = (format!("{slug} sweep"), format!("{slug} sweep model"));
        assert_eq!(shown(Some(id)).await, (vec![sweep.clone()], vec![model.clone()], vec![sweep, model], (Some(1), Some(1))));
    }
    let (experiments, models, found, counts) = shown(None).await;
    assert_eq!((experiments.len(), models.len(), found.len(), counts), (3, 2, 4, (Some(3), Some(2))), "the default experiment too");
    // A cursor of one list does not lead on in another.
    let page = "query($project: ID, $after: String) { experiments(first: 1, project: $project, after: $after) { pageInfo { endCursor } } }";
    let first = owner.graphql(page, Value::Null).await;
    let cursor = first["data"]["experiments"]["pageInfo"]["endCursor"].as_str().unwrap_or_else(|| panic!("{first}"));
    assert_eq!(Actor::code(&owner.graphql(page, json!({ "project": fraud.0, "after": cursor })).await), "INVALID");

    let foreign = project(&other.owner, "Fraud").await.0;
    let absent = format!("prj_{}", uuid::Uuid::now_v7().simple());
    for (list, project) in
        [("experiments { nodes { name } }", &foreign), ("registeredModels { nodes { name } }", &foreign), ("search { title }", &foreign)]
            .into_iter()
            .flat_map(|(list, foreign)| [(list, foreign), (list, &absent)])
    {
        let (field, rest) = list.split_once(' ').expect("a field");
        let text = if field == "search" { "text: \"sweep\", " } else { "" };
        let answer = owner.graphql(&format!("{{ {field}({text}project: \"{project}\") {rest} }}"), Value::Null).await;
        assert_eq!(Actor::code(&answer), "NOT_FOUND", "{field}: {answer}");
    }
}
