//! Each limit of the GraphQL edge exactly: as much as it names is answered, one more is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Actor, process::Database, world},
    telemetry::counted::Counted,
};

/// Makes a query that has so many of something.
type Query = fn(usize) -> String;

fn several(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(" ")
}

fn tokens(count: usize) -> String {
    // Twelve of them stand around the words.
    format!("{{ invitationPreview(token: \"{}\") {{ email }} }}", several(count - 12, |_| "x".into()))
}

fn fields(count: usize) -> String {
    format!("{{ viewer {{ {} }} }}", several(count - 1, |_| "name".into()))
}

fn in_fragments(count: usize) -> String {
    // Twice `...f`, each the spread and what is in it; and `viewer`.
    let names = several((count - 3) / 2, |_| "name".into());
    let rest = several((count - 3) % 2, |_| "name".into());
    format!("{{ viewer {{ ...f ...f {rest} }} }} fragment f on Viewer {{ {names} }}")
}

fn aliases(count: usize) -> String {
    format!("{{ viewer {{ {} }} }}", several(count, |n| format!("a{n}: name")))
}

fn roots(count: usize) -> String {
    format!("{{ {} }}", several(count, |_| "viewer { name }".into()))
}

fn directives_in_all(count: usize) -> String {
    let pairs = several(count / 2, |_| "name @include(if: true) @skip(if: false)".into());
    format!("{{ viewer {{ {pairs} {} }} }}", several(count % 2, |_| "email @include(if: true)".into()))
}

fn depth(count: usize) -> String {
    let mut deep = "id".to_owned();
    for level in (1..count).rev() {
        deep = match level {
            1 => format!("experiments(first: 1) {{ {deep} }}"),
            2 => format!("nodes {{ {deep} }}"),
            _ => match (level - 3) % 3 {
                0 => format!("runs(first: 1) {{ {} }}", if level == count - 1 { "totalCount" } else { deep.as_str() }),
                1 => format!("nodes {{ {deep} }}"),
                _ => format!("experiment {{ {deep} }}"),
            },
        };
    }
    format!("{{ {deep} }}")
}

/// What it costs is `count`, of which 3,981 are rows of rows: 200 of them by 197 of them by ten fields.
fn complexity(count: usize) -> String {
    let names = several(count - 3_981 - 1, |_| "name".into());
    format!("{{ experiments(first: 200) {{ nodes {{ runs(first: 197) {{ nodes {{ {} }} }} }} }} viewer {{ {names} }} }}", several(9, |_| "id".into()))
}

#[tokio::test]
async fn t51_t52_t54_t57_as_much_as_a_limit_is_answered_and_one_more_is_refused() {
    let owner = world().organization().await.owner;
    let limits: [(&str, usize, Query); 8] = [
        ("tokens", 4_000, tokens),
        ("fields", 600, fields),
        ("fields in fragments", 600, in_fragments),
        ("aliases", 30, aliases),
        ("root fields", 20, roots),
        ("directives in all", 50, directives_in_all),
        ("depth", 10, depth),
        ("complexity", 4_000, complexity),
    ];
    for (name, most, query) in limits {
        let answer = owner.graphql(&query(most), Value::Null).await;
        assert!(answer["errors"].is_null() && answer["data"].is_object(), "{name}: {answer:.400}");
        let answer = owner.graphql(&query(most + 1), Value::Null).await;
        assert_eq!(Actor::code(&answer), "LIMIT_EXCEEDED", "{name}: {answer:.400}");
        assert!(answer["data"].is_null(), "{name}: {answer:.400}");
    }
}

/// What costs most to look at of what is refused: as large as a body goes, as deep and as wide as the tokens that are read.
fn bombs() -> Vec<(&'static str, String)> {
    let fan_out = several(30, |n| format!("fragment f{n} on Query {{ ...f{m} ...f{m} }}", m = n + 1));
    let mut deep = String::from("id");
    for level in 0..50 {
        deep = if level % 2 == 0 { format!("runs {{ nodes {{ {deep} }} }}") } else { format!("experiment {{ {deep} }}") };
    }
    vec![
        ("thirty fragments, each used twice", format!("query {{ ...f0 }} {fan_out} fragment f30 on Query {{ viewer {{ name }} }}")),
        ("a cycle of fragments", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".into()),
        ("one token more", tokens(4_001)),
        ("tokens as far as a body goes", format!("{{ viewer {{ {} }} }}", "a ".repeat(120_000))),
        ("ten thousand directives", format!("{{ viewer {} {{ name }} }}", "@skip(if:true)".repeat(10_000))),
        ("directives as far as tokens go", format!("{{ viewer {{ {} }} }}", several(490, |_| "name @skip(if: false)".into()))),
        ("a way round of fifty", format!("{{ run(id: \"x\") {{ experiment {{ {deep} }} }} }}")),
        ("as deep as tokens go", format!("{}{}", "{a".repeat(1_300), "}".repeat(1_300))),
        ("lists that no bracket closes", format!("{{ invitationPreview(token: {}", "[".repeat(3_900))),
        ("objects as deep as tokens go", format!("{{ invitationPreview(token: {}", "{a:".repeat(1_300))),
        ("types as deep as tokens go", format!("query($a: {}", "[".repeat(3_900))),
        ("lists as deep as tokens go", format!("{{ invitationPreview(token: {}{}) {{ email }} }}", "[".repeat(1_900), "]".repeat(1_900))),
        ("a thousand aliases", format!("{{ {} }}", several(1_000, |n| format!("a{n}: invitationPreview(token: \"x\") {{ email }}")))),
        ("aliases as far as tokens go", format!("{{ {} }}", several(300, |n| format!("a{n}: invitationPreview(token: \"x\") {{ email }}")))),
        ("root fields", roots(600)),
        ("fields", fields(3_900)),
        ("rows of rows", complexity(4_001)),
    ]
}

/// Counted, not timed: of whoever signed in the credential alone is looked up, and of nobody nothing.
#[tokio::test]
async fn t51_t52_t54_t57_of_what_is_refused_nothing_is_carried_out() {
    let database = Database::create().await;
    let token = database.run(&["seed"]).0["token"].as_str().expect("a token").to_owned();
    let counted = Counted::on(&database);
    let (nobody, script) = (counted.server.visitor(), counted.server.visitor().bearer(&token));
    let ask = async |actor: &Actor, query: &str| {
        let (answer, trace) = counted.send(actor, actor.request(Method::POST, "/graphql").json(&json!({ "query": query }))).await;
        (answer.json(), trace)
    };
    // What is allowed in the organization is read with the first request.
    ask(&script, "{ __typename }").await;
    let (idle, busy) = (ask(&script, "{ __typename }").await.1, ask(&script, "{ experiments { totalCount } }").await.1);
    let mut asked = Vec::new();
    for (name, query) in bombs() {
        for (actor, signed_in) in [(&script, true), (&nobody, false)] {
            let (answer, trace) = ask(actor, &query).await;
            assert!(matches!(Actor::code(&answer), "LIMIT_EXCEEDED" | "INVALID"), "{name}: {answer:.400}");
            assert!(answer["data"].is_null(), "{name}: {answer:.400}");
            asked.push((name, signed_in, trace));
        }
    }
    let costs = counted.end().await;
    assert_eq!(costs.of(&idle).len(), 1, "the credential is looked up");
    assert!(costs.statements(&busy) > costs.statements(&idle), "what is carried out is counted");
    for (name, signed_in, trace) in asked {
        let expected = if signed_in { costs.of(&idle) } else { Vec::new() };
        assert_eq!((costs.of(&trace), costs.jobs(&trace)), (expected, Vec::new()), "{name}, signed in: {signed_in}");
    }
}

/// The same fields, of one row more.
#[tokio::test]
async fn t57_the_size_of_a_page_multiplies_what_is_asked_of_a_row() {
    let owner = world().organization().await.owner;
    for (rows, code) in [(197, ""), (198, "LIMIT_EXCEEDED"), (200, "LIMIT_EXCEEDED")] {
        let query = complexity(4_000).replace("first: 197", &format!("first: {rows}"));
        let answer = owner.graphql(&query, Value::Null).await;
        assert_eq!(Actor::code(&answer), code, "{rows}: {answer:.400}");
    }
    let pages = |first: [usize; 3]| {
        let [of, by, in_turn] = first;
        format!(
            "{{ experiments(first: {of}) {{ nodes {{ runs(first: {by}) {{ nodes {{ experiment {{ runs(first: {in_turn}) {{ nodes {{ id }} }} }} }} }} }} }} }}"
        )
    };
    for (first, code) in
        [([200, 200, 200], "LIMIT_EXCEEDED"), ([200, 200, 100], "LIMIT_EXCEEDED"), ([100, 200, 200], "LIMIT_EXCEEDED"), ([10, 10, 10], "")]
    {
        let answer = owner.graphql(&pages(first), Value::Null).await;
        assert_eq!(Actor::code(&answer), code, "{first:?}: {answer:.400}");
    }
}

#[tokio::test]
async fn t53_t54_a_body_and_a_batch_may_be_as_large_as_their_limit() {
    let owner = world().organization().await.owner;
    let operation = json!({ "query": "{ viewer { name } }" });
    let send = async |body: String| owner.send(owner.request(Method::POST, "/graphql").header("content-type", "application/json").body(body)).await;
    let text = operation.to_string();
    for (size, status) in [(256 << 10, 200), ((256 << 10) + 1, 413)] {
        let answer = send(format!("{text}{}", " ".repeat(size - text.len()))).await;
        assert_eq!(answer.status, status, "{size}: {:.300}", answer.text());
    }
    for (count, status) in [(5, 200), (6, 400)] {
        let answer = send(Value::Array(vec![operation.clone(); count]).to_string()).await;
        assert_eq!(answer.status, status, "{count}: {:.300}", answer.text());
    }
}
