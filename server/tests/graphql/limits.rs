//! Each limit of the GraphQL edge exactly: as much as it names is answered, one more is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, world};

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
