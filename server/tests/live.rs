//! Open pages hear of changes: in time, of what they may see, across servers, and without Redis.

use std::time::Duration;

use crate::support::{
    Actor, PASSWORD, World,
    tracking::{ok, run_in},
    world,
};
use chrono::TimeDelta;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of server-sent events.
pub struct Stream {
    bytes: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Stream {
    /// Opens a stream; it is heard once this returns.
    pub async fn open(actor: &Actor, topics: &[&str]) -> Result<Self, u16> {
        let query =
            [("query", "subscription($of: [ID!]!) { changes(of: $of) { of } }".to_owned()), ("variables", json!({ "of": topics }).to_string())];
        let response = actor.request(Method::GET, "/graphql/stream").query(&query).send().await.expect("answers");
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { bytes: Box::pin(response.bytes_stream()), text: String::new() };
        while !stream.text.contains("data: ") {
            assert!(stream.read(PATIENCE).await, "it ended");
        }
        // What is refused says so first; what is heard begins by naming nothing.
        let (comment, first) = stream.text.split_once("\n\n").expect("a comment and an event");
        assert!(comment.ends_with(": open"), "{comment}");
        if let Some(rest) = first.strip_prefix("event: next\ndata: {\"data\":{\"changes\":{\"of\":[]}}}\n\n") {
            stream.text = rest.to_owned();
        }
        Ok(stream)
    }

    /// Reads on; `false` at the end.
    async fn read(&mut self, patience: Duration) -> bool {
        match tokio::time::timeout(patience, self.bytes.next()).await {
            Ok(Some(Ok(bytes))) => {
                self.text.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Ok(_) => false,
            Err(_) => panic!("nothing came: {}", self.text),
        }
    }

    /// The next event's data.
    pub async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned())) {
                self.text = rest;
                if let Some(data) = event.strip_prefix("event: next\ndata: ") {
                    return serde_json::from_str(data).expect("JSON");
                }
                if event.starts_with("event: complete") {
                    return Value::Null;
                }
                continue;
            }
            if !self.read(PATIENCE).await {
                return Value::Null;
            }
        }
    }

    /// The code of a refusal, with which a stream that is refused begins; or an empty text.
    pub async fn refusal(&mut self) -> String {
        if self.text.contains("\"errors\"") { Actor::code(&self.next().await).to_owned() } else { String::new() }
    }

    /// Whether nothing comes for a while.
    async fn silent(&mut self) -> bool {
        let deadline = tokio::time::Instant::now() + Duration::from_millis(1500);
        while let Ok(Some(Ok(bytes))) = tokio::time::timeout_at(deadline, self.bytes.next()).await {
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
        !self.text.contains("event: next")
    }
}

fn of(event: &Value) -> Vec<&str> {
    event["data"]["changes"]["of"].as_array().map(|of| of.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

async fn comment(actor: &Actor, about: &str) {
    let answer = actor
        .graphql("mutation($input: StartThreadInput!) { startThread(input: $input) { id } }", json!({ "input": { "about": about, "body": "hello" } }))
        .await;
    assert!(answer["errors"].is_null(), "{answer}");
}

#[tokio::test]
async fn c5_2b_others_hear_of_a_comment_and_of_what_a_run_logs() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let topic = format!("run_{run}");
    let mut stream = Stream::open(&organization.member("viewer").await, &[&topic]).await.expect("opens");
    comment(&organization.owner, &topic).await;
    assert_eq!(of(&stream.next().await), [topic.as_str()]);
    ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1, "step": 1 })).await;
    assert_eq!(of(&stream.next().await), [topic.as_str()]);
}

#[tokio::test]
async fn c5_2b_a_change_is_heard_at_another_server_and_without_redis_by_looking() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let topic = format!("run_{run}");
    let (beside, apart) = (World::replica(&[]), World::replica(&["--redis-url="]));
    // Redis is heard a moment after the server began.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut heard = Stream::open(&organization.owner.at(&beside), &[&topic]).await.expect("opens");
    let mut looked = Stream::open(&organization.owner.at(&apart), &[&topic]).await.expect("opens");
    comment(&organization.owner, &topic).await;
    assert_eq!(of(&heard.next().await), [topic.as_str()]);
    assert_eq!(of(&looked.next().await), [topic.as_str()]);
}

#[tokio::test]
async fn c5_2b_a_reader_who_is_slow_is_told_together() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let topic = format!("run_{run}");
    let mut stream = Stream::open(&organization.owner, &[&topic]).await.expect("opens");
    for step in 0..100 {
        ok(&script, "POST", "runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1, "step": step })).await;
    }
    let mut events = 0;
    while tokio::time::timeout(Duration::from_millis(1200), stream.next()).await.is_ok() {
        events += 1;
    }
    assert!((1..50).contains(&events), "{events} events of 100 changes");
}

#[tokio::test]
async fn t11_c5_2d_a_stream_on_which_nothing_happens_ends_within_a_second_of_its_readers_rights() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let topic = format!("run_{run}");
    let member = organization.member("viewer").await;
    let (narrow, elsewhere) = (member.token(&["*"]).await, Actor::sign_in(world(), &member.email, PASSWORD).await);
    let ended = async |stream: &mut Stream, why: &str| {
        let last = tokio::time::timeout(Duration::from_secs(1), stream.next()).await.unwrap_or_else(|_| panic!("{why}: still open after a second"));
        assert_eq!((Actor::code(&last), last["data"]["changes"].is_null()), ("UNAUTHENTICATED", true), "{why}: {last}");
        assert_eq!(stream.next().await, Value::Null, "{why}");
    };
    let mut of_token = Stream::open(&narrow, &[&topic]).await.expect("opens");
    let mut of_session = Stream::open(&elsewhere, &[&topic]).await.expect("opens");
    let mut stays = Stream::open(&organization.owner, &[&topic]).await.expect("opens");
    let tokens = member.graphql("{ tokens(first: 1) { nodes { id } } }", Value::Null).await;
    let token = tokens["data"]["tokens"]["nodes"][0]["id"].as_str().expect("an id").to_owned();
    member.graphql("mutation($id: ID!) { revokeToken(id: $id) { id } }", json!({ "id": token })).await;
    ended(&mut of_token, "a token revoked").await;
    assert!(member.graphql("mutation { endOtherSessions }", Value::Null).await["errors"].is_null());
    ended(&mut of_session, "a session ended").await;
    let mut stream = Stream::open(&member, &[&topic]).await.expect("opens");
    let list = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = list["data"]["members"]["nodes"].as_array().expect("members").clone();
    let id = nodes.iter().find(|node| node["email"] == member.email.as_str()).expect("the member")["id"].as_str().expect("an id").to_owned();
    organization.owner.graphql("mutation($id: ID!) { removeMember(id: $id) { id } }", json!({ "id": id })).await;
    ended(&mut stream, "a member removed").await;
    comment(&organization.owner, &topic).await;
    assert_eq!(of(&stays.next().await), [topic.as_str()], "who kept their rights heard of none of it");
}

#[tokio::test]
async fn t11_c7_1c_a_shorter_session_ends_the_streams_of_older_sign_ins_within_a_second() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let topic = format!("run_{}", run_in(&organization.script().await, "0").await);
    replica.clock.advance(TimeDelta::hours(2));
    let fresh = Actor::sign_in(&replica, &organization.owner.email, PASSWORD).await;
    let mut stream = Stream::open(&organization.owner, &[&topic]).await.expect("opens");
    let shorter = "mutation { updateSignInPolicy(input: { sessionMinutes: 60, mailDomains: [] }) { sessionMinutes } }";
    assert!(fresh.graphql(shorter, Value::Null).await["errors"].is_null());
    let last = tokio::time::timeout(Duration::from_secs(1), stream.next()).await.expect("it ends within a second");
    assert_eq!(Actor::code(&last), "UNAUTHENTICATED", "{last}");
}

#[tokio::test]
async fn t11_c7_1c_a_new_password_ends_the_streams_of_every_sign_in_within_a_second() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let topic = format!("run_{}", run_in(&organization.script().await, "0").await);
    assert_eq!(world().anonymous().form("/forgot-password", &[("email", &owner.email)]).await.status, 303);
    let link = world().link_to(&owner.email).await;
    let token = link.split("token=").nth(1).expect("a token");
    let mut stream = Stream::open(owner, &[&topic]).await.expect("opens");
    let changed = world().anonymous().form("/reset-password", &[("token", token), ("password", "another long phrase")]).await;
    assert_eq!(changed.status, 303, "{}", changed.text());
    let last = tokio::time::timeout(Duration::from_secs(1), stream.next()).await.expect("it ends within a second");
    assert_eq!(Actor::code(&last), "UNAUTHENTICATED", "{last}");
}

/// The id of a member, as the members' page has it.
async fn member_id(owner: &Actor, email: &str) -> String {
    let list = owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = list["data"]["members"]["nodes"].as_array().expect("members").clone();
    nodes.iter().find(|node| node["email"] == email).expect("the member")["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn t11_a_right_taken_away_on_one_server_ends_streams_of_all_within_a_second_with_and_without_redis() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let topic = format!("run_{run}");
    let (beside, apart, alone) = (World::replica(&[]), World::replica(&["--redis-url="]), World::replica(&["--redis-url=redis://127.0.0.1:1"]));
    // What a viewer may not do here any more; whoever becomes one loses it.
    let mut tamperer = organization.tamperer().await;
    sqlx::query("delete from role_permissions where role = 'viewer' and permission = 'runs:read'").execute(&mut tamperer).await.expect("deletes");
    // Redis is heard a moment after a server began.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (leaves, changes) = (organization.member("data_scientist").await, organization.member("data_scientist").await);
    let removal = "mutation($id: ID!) { removeMember(id: $id) { id } }";
    let downgrade = "mutation($id: ID!) { updateMemberRoles(id: $id, roles: [\"viewer\"]) { id } }";
    for (member, mutation, code) in [(&leaves, removal, "UNAUTHENTICATED"), (&changes, downgrade, "FORBIDDEN")] {
        let mut streams = Vec::new();
        for (server, place) in [(world(), "the same server"), (&beside, "beside"), (&apart, "without Redis"), (&alone, "Redis is away")] {
            streams.push((place, Stream::open(&member.at(server), &[&topic]).await.expect("opens")));
        }
        let id = member_id(&organization.owner, &member.email).await;
        let done = organization.owner.graphql(mutation, json!({ "id": id })).await;
        assert!(done["errors"].is_null(), "{done}");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(1);
        for (place, stream) in &mut streams {
            let last = tokio::time::timeout_at(deadline, async {
                loop {
                    // A server that does not hear looks at everything once in a while.
                    let event = stream.next().await;
                    if event["errors"].is_array() || event.is_null() {
                        return event;
                    }
                }
            });
            let last = last.await.unwrap_or_else(|_| panic!("{place}, {code}: still open after a second"));
            assert_eq!(Actor::code(&last), code, "{place}: {last}");
        }
    }
}

#[tokio::test]
async fn c5_2d_nobody_listens_to_what_they_may_not_see() {
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let topic = format!("run_{run}");
    assert_eq!(Stream::open(&world().anonymous(), &[&topic]).await.err(), Some(401));
    let stranger = world().organization().await.owner;
    let refused = async |actor: &Actor, topics: &[&str]| {
        let mut stream = Stream::open(actor, topics).await.expect("opens");
        let last = stream.next().await;
        assert!(last["data"].is_null() || last["data"]["changes"].is_null(), "{last}");
        Actor::code(&last).to_owned()
    };
    assert_eq!(refused(&stranger, &[&topic]).await, "NOT_FOUND");
    let narrow = organization.owner.token(&["models:read"]).await;
    assert_eq!(refused(&narrow, &[&topic]).await, "FORBIDDEN");
    for topics in [&["run_"][..], &["x"], &["mem_00000000000000000000000000000000"], &["exp_00000000000000000000000000000000"]] {
        assert_eq!(refused(&organization.owner, topics).await, "NOT_FOUND", "{topics:?}");
    }
    assert_eq!(refused(&organization.owner, &[]).await, "LIMIT_EXCEEDED");
    assert_eq!(refused(&organization.owner, &vec![topic.as_str(); 21]).await, "LIMIT_EXCEEDED");
    let mut stream = Stream::open(&stranger, &[stranger_topic(&stranger).await.as_str()]).await.expect("opens");
    comment(&organization.owner, &topic).await;
    assert!(stream.silent().await, "{}", stream.text);
}

#[tokio::test]
async fn t58_a_session_listens_forty_times_and_no_more() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let topic = stranger_topic(owner).await;
    let mut open = Vec::new();
    for number in 1..=40 {
        let mut stream = Stream::open(owner, &[&topic]).await.expect("opens");
        assert_eq!(stream.refusal().await, "", "stream {number}");
        open.push(stream);
    }
    let mut another = Stream::open(owner, &[&topic]).await.expect("says why");
    assert_eq!(another.refusal().await, "TOO_MANY_REQUESTS");
    assert_eq!(another.next().await, Value::Null, "and ends");
    // Others are not kept out by it, nor is what was open before.
    let mut script = Stream::open(&owner.token(&["*"]).await, &[&topic]).await.expect("opens");
    assert_eq!(script.refusal().await, "");
    let about = format!("run_{}", run_in(&organization.script().await, "0").await);
    let mut other = Stream::open(&organization.member("viewer").await, &[&about]).await.expect("opens");
    comment(owner, &about).await;
    assert_eq!(of(&other.next().await), [about.as_str()]);
    assert_eq!(open.len(), 40);
}

async fn stranger_topic(actor: &Actor) -> String {
    actor.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn only_subscriptions_are_asked_by_address() {
    let owner = world().organization().await.owner;
    for query in ["{ viewer { id } }", "mutation { updateViewer(name: \"x\") { id } }"] {
        assert_eq!(owner.send(owner.request(Method::GET, "/graphql/stream").query(&[("query", query)])).await.status, 405, "{query}");
    }
    for (query, variables) in [("subscription {", ""), ("subscription { changes(of: []) { of } }", "{"), ("", "")] {
        let answer = owner.send(owner.request(Method::GET, "/graphql/stream").query(&[("query", query), ("variables", variables)])).await;
        assert_eq!(answer.status, 400, "{query:?} {variables:?}");
    }
    assert_eq!(owner.get("/graphql/stream").await.status, 400);
    assert_eq!(owner.send(owner.request(Method::POST, "/graphql/stream")).await.status, 405);
}
