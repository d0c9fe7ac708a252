//! People talk about experiments, runs and points of metrics (5.2b), and are told what concerns them.

use crate::support::{
    Actor, World,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};

const THREAD: &str =
    "id about point { key step } resolvedAt resolvedBy comments { id author isOwn body html editedAt removed reactions { kind count mine members } }";

async fn start(actor: &Actor, about: &str, body: &str) -> Value {
    let query = format!("mutation($input: StartThreadInput!) {{ startThread(input: $input) {{ {THREAD} }} }}");
    actor.graphql(&query, json!({ "input": { "about": about, "body": body } })).await
}

async fn act(actor: &Actor, field: &str) -> Value {
    actor.graphql(&format!("mutation {{ {field} {{ {THREAD} }} }}"), Value::Null).await
}

async fn threads(actor: &Actor, about: &str) -> Value {
    let query = format!("query($about: ID!) {{ threads(about: $about) {{ totalCount openCount nodes {{ {THREAD} }} }} }}");
    actor.graphql(&query, json!({ "about": about })).await["data"]["threads"].clone()
}

async fn told(actor: &Actor) -> Vec<(String, String, String)> {
    let answer = actor.graphql("{ notifications { unreadCount nodes { kind quote path } } }", Value::Null).await;
    let nodes = answer["data"]["notifications"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let text = |node: &Value, name: &str| node[name].as_str().unwrap_or_default().to_owned();
    nodes.iter().map(|node| (text(node, "kind"), text(node, "quote"), text(node, "path"))).collect()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap_or_else(|| panic!("an id: {value}"))
}

#[tokio::test]
async fn c5_2b_a_thread_is_started_answered_resolved_and_opened_again() {
    let organization = world().organization().await;
    let (owner, colleague) = (&organization.owner, organization.member("data_scientist").await);
    let script = organization.script().await;
    for about in [format!("run_{}", run_in(&script, "0").await), format!("exp_{}", experiment(&script).await)] {
        let thread = start(owner, &about, "Look **here**").await["data"]["startThread"].clone();
        assert_eq!(
            (thread["about"].as_str(), thread["comments"][0]["html"].as_str()),
            (Some(about.as_str()), Some("<p>Look <strong>here</strong></p>"))
        );
        let replied = act(&colleague, &format!("replyToThread(id: \"{}\", body: \"Seen\")", id(&thread))).await["data"]["replyToThread"].clone();
        let comments = replied["comments"].as_array().expect("comments");
        assert_eq!(comments.iter().map(|comment| comment["isOwn"].as_bool()).collect::<Vec<_>>(), [Some(false), Some(true)]);
        let resolved = act(&colleague, &format!("resolveThread(id: \"{}\")", id(&thread))).await["data"]["resolveThread"].clone();
        assert!(resolved["resolvedAt"].is_string() && resolved["resolvedBy"] == "Mia Member", "{resolved}");
        assert_eq!(threads(owner, &about).await["openCount"], 0);
        let open = act(owner, &format!("reopenThread(id: \"{}\")", id(&thread))).await["data"]["reopenThread"].clone();
        assert!(open["resolvedAt"].is_null());
        act(owner, &format!("resolveThread(id: \"{}\")", id(&thread))).await;
        // A reply says that it is not over.
        act(&colleague, &format!("replyToThread(id: \"{}\", body: \"Wait\")", id(&thread))).await;
        let page = threads(owner, &about).await;
        assert_eq!((page["totalCount"].as_i64(), page["openCount"].as_i64()), (Some(1), Some(1)));
        assert_eq!(page["nodes"][0]["comments"].as_array().map(Vec::len), Some(3));
    }
}

#[tokio::test]
async fn c5_2b_a_point_of_a_metric_is_commented() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let about = format!("run_{}", run_in(&script, "0").await);
    let at = |about: &str, key: Value, step: Value| json!({ "input": { "about": about, "body": "spike", "key": key, "step": step } });
    let query = format!("mutation($input: StartThreadInput!) {{ startThread(input: $input) {{ {THREAD} }} }}");
    let thread = organization.owner.graphql(&query, at(&about, json!("loss"), json!(300))).await["data"]["startThread"].clone();
    assert_eq!(thread["point"], json!({ "key": "loss", "step": 300 }));
    assert_eq!(threads(&organization.owner, &about).await["nodes"][0]["point"], json!({ "key": "loss", "step": 300 }));
    let experiment = format!("exp_{}", experiment(&script).await);
    for (about, key, step) in [
        (&about, json!("loss"), Value::Null),
        (&about, Value::Null, json!(1)),
        (&about, json!("a\u{0}"), json!(1)),
        (&experiment, json!("loss"), json!(1)),
    ] {
        let answer = organization.owner.graphql(&query, at(about, key.clone(), step.clone())).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("key")), "{key} {step}: {answer}");
    }
}

#[tokio::test]
async fn c5_2b_comments_are_edited_and_removed_by_their_authors_only() {
    let organization = world().organization().await;
    let (owner, colleague) = (&organization.owner, organization.member("ml_engineer").await);
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    let thread = start(owner, &about, "first").await["data"]["startThread"].clone();
    let first = id(&thread["comments"][0]);
    for field in [format!("editComment(id: \"{first}\", body: \"x\")"), format!("removeComment(id: \"{first}\")")] {
        assert_eq!(Actor::code(&act(&colleague, &field).await), "FORBIDDEN", "{field}");
    }
    let edited = act(owner, &format!("editComment(id: \"{first}\", body: \"second\")")).await["data"]["editComment"].clone();
    assert!(edited["comments"][0]["body"] == "second" && edited["comments"][0]["editedAt"].is_string(), "{edited}");
    act(&colleague, &format!("replyToThread(id: \"{}\", body: \"mine\")", id(&thread))).await;
    let left = act(owner, &format!("removeComment(id: \"{first}\")")).await["data"]["removeComment"].clone();
    assert!(left["comments"][0]["removed"] == true && left["comments"][0]["body"] == "" && left["comments"][1]["body"] == "mine", "{left}");
    assert_eq!(Actor::code(&act(owner, &format!("editComment(id: \"{first}\", body: \"again\")")).await), "NOT_FOUND");
    let second = id(&left["comments"][1]);
    let gone = act(&colleague, &format!("removeComment(id: \"{second}\")")).await;
    assert!(gone["data"]["removeComment"].is_null() && gone["errors"].is_null(), "{gone}");
    assert_eq!(threads(owner, &about).await["totalCount"], 0);
}

#[tokio::test]
async fn c5_2b_reactions_are_counted_once_a_member() {
    let organization = world().organization().await;
    let (owner, colleague) = (&organization.owner, organization.member("ops").await);
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    let thread = start(owner, &about, "done").await["data"]["startThread"].clone();
    let comment = id(&thread["comments"][0]);
    for actor in [owner, owner, &colleague] {
        act(actor, &format!("reactToComment(id: \"{comment}\", kind: ROCKET, on: true)")).await;
    }
    let seen = threads(owner, &about).await["nodes"][0]["comments"][0]["reactions"].clone();
    assert_eq!((seen[0]["kind"].as_str(), seen[0]["count"].as_i64(), seen[0]["mine"].as_bool()), (Some("ROCKET"), Some(2), Some(true)), "{seen}");
    let after = act(owner, &format!("reactToComment(id: \"{comment}\", kind: ROCKET, on: false)")).await;
    let after = after["data"]["reactToComment"]["comments"][0]["reactions"][0].clone();
    assert_eq!((after["count"].as_i64(), after["mine"].as_bool()), (Some(1), Some(false)), "{after}");
}

#[tokio::test]
async fn c5_2b_a_viewer_reads_and_a_stranger_finds_nothing() {
    let organization = world().organization().await;
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    let thread = start(&organization.owner, &about, "CANARY").await["data"]["startThread"].clone();
    let viewer = organization.member("viewer").await;
    assert_eq!(threads(&viewer, &about).await["nodes"][0]["comments"][0]["body"], "CANARY");
    assert_eq!(Actor::code(&start(&viewer, &about, "x").await), "FORBIDDEN");
    let stranger = world().organization().await.owner;
    let list = stranger.graphql("query($about: ID!) { threads(about: $about) { totalCount } }", json!({ "about": about })).await;
    assert_eq!(Actor::code(&list), "NOT_FOUND");
    assert_eq!(Actor::code(&start(&stranger, &about, "x").await), "NOT_FOUND");
    let comment = id(&thread["comments"][0]);
    for field in [
        format!("replyToThread(id: \"{}\", body: \"x\")", id(&thread)),
        format!("resolveThread(id: \"{}\")", id(&thread)),
        format!("editComment(id: \"{comment}\", body: \"x\")"),
        format!("removeComment(id: \"{comment}\")"),
        format!("reactToComment(id: \"{comment}\", kind: HEART, on: true)"),
    ] {
        assert_eq!(Actor::code(&act(&stranger, &field).await), "NOT_FOUND", "{field}");
    }
    for nothing in ["run_", "exp_00000000000000000000000000000000", "mem_00000000000000000000000000000000", "../x", "*", "a\u{0}"] {
        assert_eq!(Actor::code(&start(&organization.owner, nothing, "x").await), "NOT_FOUND", "{nothing:?}");
    }
}

#[tokio::test]
async fn c5_2b_what_was_removed_is_read_and_not_commented() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let about = format!("run_{run}");
    let thread = start(&organization.owner, &about, "before").await["data"]["startThread"].clone();
    ok(&script, "POST", "runs/delete", json!({ "run_id": run })).await;
    assert_eq!(threads(&organization.owner, &about).await["totalCount"], 1);
    assert_eq!(Actor::code(&start(&organization.owner, &about, "x").await), "CONFLICT");
    assert_eq!(Actor::code(&act(&organization.owner, &format!("replyToThread(id: \"{}\", body: \"x\")", id(&thread))).await), "CONFLICT");
}

#[tokio::test]
async fn t42_hostile_text_is_refused_or_shown_as_text() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let about = format!("run_{run}");
    for body in ["", " \n ", "a\u{0}b", "a\u{202E}b", &"x".repeat(10_001), &">".repeat(100_000)] {
        let answer = start(&organization.owner, &about, body).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("body")), "{body:.20}");
    }
    let hostile =
        "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) [y](data:text/html,x) ![p](https://evil.example/p.png)";
    let html = start(&organization.owner, &about, hostile).await["data"]["startThread"]["comments"][0]["html"].as_str().expect("html").to_owned();
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("href"), "{html}");
    for bomb in [">".repeat(10_000), "[".repeat(10_000), "*".repeat(10_000)] {
        let answer = start(&organization.owner, &about, &bomb).await;
        assert!(answer["errors"].is_null(), "{answer}");
    }
    let page = organization.owner.get(&format!("/runs/{run}")).await;
    let text = page.text();
    assert!(page.status == 200 && text.contains("&lt;script&gt;") && !text.contains("<script>alert") && !text.contains("<img src=x"));
}

#[tokio::test]
async fn c5_2b_mentions_replies_and_resolutions_tell_whom_they_concern_once() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let (mia, tom) = (organization.member("data_scientist").await, organization.member("ml_engineer").await);
    tom.graphql("mutation { updateViewer(name: \"Tom Tester\") { id } }", Value::Null).await;
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    // Twice in one text, once in code, and the author: one notification of one member.
    let body = format!("@Tom Tester and again @tom tester `@{0}` @{1}", mia.email, owner.email);
    let thread = start(owner, &about, &body).await["data"]["startThread"].clone();
    assert!(thread["comments"][0]["html"].as_str().is_some_and(|html| html.contains("<span class=\"mention\">@Tom Tester</span>")), "{thread}");
    let path = format!("/runs/{about}#{}", id(&thread));
    let of_tom = told(&tom).await;
    assert_eq!((of_tom.len(), of_tom[0].0.as_str(), of_tom[0].2.as_str()), (1, "MENTION", path.as_str()));
    assert!(told(&mia).await.is_empty() && told(owner).await.is_empty());
    // Who is mentioned in a reply is told of the mention, not of the reply as well.
    act(&tom, &format!("replyToThread(id: \"{}\", body: \"@{} see\")", id(&thread), owner.email)).await;
    act(&mia, &format!("replyToThread(id: \"{}\", body: \"me too\")", id(&thread))).await;
    let kinds = |all: Vec<(String, String, String)>| all.into_iter().map(|one| one.0).collect::<Vec<_>>();
    assert_eq!(kinds(told(owner).await), ["REPLY", "MENTION"]);
    assert_eq!(kinds(told(&tom).await), ["REPLY", "MENTION"]);
    act(owner, &format!("resolveThread(id: \"{}\")", id(&thread))).await;
    act(owner, &format!("resolveThread(id: \"{}\")", id(&thread))).await;
    assert_eq!(kinds(told(&tom).await), ["RESOLVE", "REPLY", "MENTION"]);
    assert_eq!(kinds(told(&mia).await), ["RESOLVE"]);
    // An edit tells only whom it adds.
    act(owner, &format!("editComment(id: \"{}\", body: \"@Tom Tester @{}\")", id(&thread["comments"][0]), mia.email)).await;
    assert_eq!(kinds(told(&mia).await), ["MENTION", "RESOLVE"]);
    assert_eq!(told(&tom).await.len(), 3);
}

#[tokio::test]
async fn c5_2b_everybody_reads_and_marks_only_their_own_notifications() {
    let organization = world().organization().await;
    let (mia, tom) = (organization.member("viewer").await, organization.member("ml_engineer").await);
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    for _ in 0..3 {
        start(&organization.owner, &about, &format!("@{} @{}", mia.email, tom.email)).await;
    }
    let unread = async |actor: &Actor| {
        let answer = actor.graphql("{ notifications(unread: true) { totalCount unreadCount nodes { id } } }", Value::Null).await;
        assert_eq!(answer["data"]["notifications"]["totalCount"], answer["data"]["notifications"]["unreadCount"], "{answer}");
        answer["data"]["notifications"].clone()
    };
    let own = unread(&mia).await;
    let mark = async |actor: &Actor, ids: Value| {
        actor.graphql("mutation($ids: [ID!]) { markNotificationsRead(ids: $ids) }", json!({ "ids": ids })).await["data"]["markNotificationsRead"]
            .clone()
    };
    assert_eq!(mark(&tom, json!([id(&own["nodes"][0])])).await, 3);
    assert_eq!(unread(&mia).await["unreadCount"], 3);
    assert_eq!(mark(&mia, json!([id(&own["nodes"][0])])).await, 2);
    assert_eq!(mark(&mia, Value::Null).await, 0);
    assert_eq!((unread(&mia).await["unreadCount"].as_i64(), unread(&tom).await["unreadCount"].as_i64()), (Some(0), Some(3)));
    let off = "mutation { setNotificationPreference(kind: MENTION, inApp: false, mail: false) { kind } }";
    assert!(mia.graphql(off, Value::Null).await["errors"].is_null());
    start(&organization.owner, &about, &format!("@{}", mia.email)).await;
    assert_eq!(unread(&mia).await["unreadCount"], 0);
}

#[tokio::test]
async fn c5_2b_what_was_not_read_in_two_minutes_is_mailed_in_one_letter() {
    let world = World::alone(&[]).await;
    let organization = world.organization().await;
    let (mia, tom) = (organization.member("data_scientist").await, organization.member("ml_engineer").await);
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    for word in ["one", "two", "three"] {
        start(&organization.owner, &about, &format!("@{} @{} {word} <b>", mia.email, tom.email)).await;
    }
    tom.graphql("mutation { markNotificationsRead }", Value::Null).await;
    assert!(world.mails_to(&mia.email, "mentioned you").is_empty());
    world.clock.advance(chrono::TimeDelta::seconds(130));
    for _ in 0..300 {
        if !world.mails_to(&mia.email, "mentioned you").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Time for a second letter to come, were there one: the queue is empty when a later job of another kind is done.
    start(&organization.owner, &about, &format!("@{} later", tom.email)).await;
    world.clock.advance(chrono::TimeDelta::seconds(130));
    for _ in 0..300 {
        if !world.mails_to(&tom.email, "mentioned you").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (of_mia, of_tom) = (world.mails_to(&mia.email, "mentioned you"), world.mails_to(&tom.email, "mentioned you"));
    assert_eq!((of_mia.len(), of_tom.len()), (1, 1));
    let letter = of_mia[0].replace("=\r\n", "").replace("=\n", "");
    assert!(
        letter.contains("3 notifications from")
            && ["one", "two", "three"].iter().all(|word| letter.contains(word))
            && !letter.contains("<b>\u{201D}"),
        "{letter}"
    );
    assert!(of_tom[0].contains("later") && !of_tom[0].contains("three"), "{}", of_tom[0]);
}
