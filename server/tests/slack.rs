//! Messages to Slack: who connects a channel, what is posted there, what becomes of it when Slack does not take it. Slack is a real server on this machine.

mod delivery;
mod sink;

use crate::support::{
    Actor, INSIDE, Organization, World,
    tracking::{ok, run_in},
    world,
};
use serde_json::{Value, json};
pub use sink::Hook;
use sqlx::{Executor, Row};
use tokio::sync::OnceCell;

/// Where tests find their own servers.
pub const LOOPBACK: &str = "--outbound-allow=127.0.0.0/8";

static OPEN: OnceCell<World> = OnceCell::const_new();

/// A server whose Slack is the sink.
pub async fn open_world() -> &'static World {
    OPEN.get_or_init(async || World::alone(&[LOOPBACK, &format!("--slack={}", *sink::URL)]).await).await
}

const CONNECT: &str = "mutation($input: ConnectSlackInput!) { connectSlack(input: $input) { label hint posts } }";
const CONNECT_OWN: &str = "mutation($input: ConnectSlackInput!) { connectOwnSlack(input: $input) { label hint posts } }";

pub async fn connect(actor: &Actor, query: &str, hook: &Hook) -> Value {
    let answer = actor.graphql(query, json!({ "input": { "label": "#ml-experiments", "address": hook.address() } })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"].clone()
}

async fn act(actor: &Actor, mutation: &str) -> Value {
    let answer = actor.graphql(&format!("mutation {{ {mutation} }}"), Value::Null).await;
    assert!(answer["errors"].is_null(), "{mutation}: {answer}");
    answer["data"].clone()
}

pub async fn say(actor: &Actor, about: &str, body: &str) -> String {
    let query = "mutation($about: ID!, $body: String!) { startThread(input: { about: $about, body: $body }) { id } }";
    let answer = actor.graphql(query, json!({ "about": about, "body": body })).await;
    answer["data"]["startThread"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// A run of the organization's.
pub async fn run(organization: &Organization<'_>) -> String {
    format!("run_{}", run_in(&organization.script().await, "0").await)
}

/// What was written to be posted, whether it was or not.
pub async fn written(organization: &Organization<'_>) -> i64 {
    organization.tamperer().await.fetch_one("select count(*) from slack_messages").await.expect("counts").get(0)
}

/// The newest entries of the log about channels: action, actor, detail.
async fn entries(owner: &Actor) -> Vec<(String, String, String)> {
    let query = "{ auditEntries(first: 100) { nodes { action actor detail subjectKind } } }";
    let answer = owner.graphql(query, Value::Null).await;
    let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    let of = |node: &Value, name: &str| node[name].as_str().map_or_else(|| node[name].to_string(), str::to_owned);
    let about = nodes.iter().filter(|node| node["subjectKind"] == "slack_channel");
    about.map(|node| (of(node, "action"), of(node, "actor"), of(node, "detail"))).collect()
}

#[tokio::test]
async fn t71_t75_only_webhooks_of_slack_are_connected_and_nothing_else_is_asked() {
    let canary = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
    canary.set_nonblocking(true).expect("sets");
    let port = canary.local_addr().expect("an address").port();
    let mut addresses: Vec<String> =
        INSIDE.iter().flat_map(|host| [format!("https://{host}:{port}/services/T0/B0/x"), format!("http://{host}/services/T0/B0/x")]).collect();
    addresses.extend(
        [
            "",
            "x",
            "http://hooks.slack.com/services/T0/B0/x",
            "https://hooks.slack.com/",
            "https://hooks.slack.com:22/services/T0/B0/x",
            "https://hooks.slack.com.evil.example/services/T0/B0/x",
            "https://hooks.slack.com@evil.example/services/T0/B0/x",
            "https://evil.example/services/T0/B0/x",
            "https://slack.com/services/T0/B0/x",
            "file:///etc/passwd",
            "gopher://127.0.0.1",
            "unix:/run/x",
        ]
        .map(str::to_owned),
    );
    // A stand-in that is not allowed is no stand-in: the guard comes first.
    let guarded = World::idle(&[&format!("--slack=http://127.0.0.1:{port}")]).await;
    addresses.push(format!("http://127.0.0.1:{port}/services/T0/B0/x"));
    for organization in [world().organization().await, guarded.organization().await] {
        for address in &addresses {
            for query in [CONNECT, CONNECT_OWN] {
                let answer = organization.owner.graphql(query, json!({ "input": { "label": "x", "address": address } })).await;
                let named = answer["errors"][0]["extensions"]["field"].as_str();
                assert_eq!((Actor::code(&answer), named), ("INVALID", Some("address")), "{address}: {answer}");
            }
        }
    }
    assert!(canary.accept().is_err(), "the canary heard something");
}

#[tokio::test]
async fn t71_an_address_that_is_not_allowed_any_more_is_refused_when_something_is_posted() {
    let (database, hook) = (crate::support::process::Database::create().await, Hook::new());
    let slack = format!("--slack={}", *sink::URL);
    let secret = "--secret=the same for all processes of this test";
    let before = World::beside(&database, &[LOOPBACK, &slack, secret]);
    let organization = before.organization().await;
    connect(&organization.owner, CONNECT, &hook).await;
    say(&organization.owner, &run(&organization).await, "hello").await;
    let after = World::beside(&database, &[&slack, secret]);
    after.drain().await;
    let tested = organization.owner.at(&after).graphql("mutation { testSlack { posted answer } }", Value::Null).await;
    assert_eq!((tested["data"]["testSlack"]["posted"].as_bool(), hook.heard().len()), (Some(false), 0), "{tested}");
}

#[tokio::test]
async fn an_address_is_sealed_and_never_shown() {
    let organization = open_world().await.organization().await;
    let hook = Hook::new();
    let end = &hook.secret()[28..];
    let data = connect(&organization.owner, CONNECT, &hook).await;
    let channel = json!({ "label": "#ml-experiments", "hint": end, "posts": ["THREAD", "TEMPLATE", "SHARE"] });
    assert_eq!(data["connectSlack"], channel);
    connect(&organization.owner, CONNECT_OWN, &hook).await;
    let mut tamperer = organization.tamperer().await;
    let rows = tamperer.fetch_all("select address, row_to_json(c)::text from slack_connections c").await.expect("rows");
    assert_eq!(rows.len(), 2);
    let sealed: Vec<Vec<u8>> = rows.iter().map(|row| row.get(0)).collect();
    assert_ne!(sealed[0], sealed[1], "sealed each for its place");
    for row in &rows {
        let (bytes, text): (Vec<u8>, String) = (row.get(0), row.get(1));
        assert!(!String::from_utf8_lossy(&bytes).contains("services") && !text.contains(hook.secret()));
    }
    let seen =
        organization.owner.graphql("{ slackChannel { label hint } ownSlackChannel { hint } auditEntries { nodes { detail } } }", Value::Null).await;
    for text in [seen.to_string(), organization.owner.get("/slack").await.text(), organization.owner.get("/notifications").await.text()] {
        assert!(text.contains(end) && !text.contains(&hook.secret()[..28]), "{text}");
    }
    // What is refused is not told on either.
    let wrong = "https://hooks.example.com/services/T0/B0/CANARY";
    let refused = organization.owner.graphql(CONNECT, json!({ "input": { "label": "x", "address": wrong } })).await;
    assert!(Actor::code(&refused) == "INVALID" && !refused.to_string().contains("CANARY"), "{refused}");
}

#[tokio::test]
async fn c5_2b_members_are_told_in_channels_of_their_own_as_they_chose() {
    let organization = open_world().await.organization().await;
    let (owner, mia, hook) = (&organization.owner, organization.member("data_scientist").await, Hook::new());
    let about = run(&organization).await;
    let preferences = async |actor: &Actor| {
        actor.graphql("{ notificationPreferences { kind inApp mail slack } }", Value::Null).await["data"]["notificationPreferences"].clone()
    };
    let usual = json!([
        { "kind": "MENTION", "inApp": true, "mail": true, "slack": true },
        { "kind": "REPLY", "inApp": true, "mail": true, "slack": true },
        { "kind": "RESOLVE", "inApp": true, "mail": false, "slack": false },
    ]);
    assert_eq!(preferences(&mia).await, usual);
    say(owner, &about, &format!("@{} before", mia.email)).await;
    assert_eq!(written(&organization).await, 0, "nobody has a channel yet");
    connect(&mia, CONNECT_OWN, &hook).await;
    let thread = say(owner, &about, &format!("@{} <!channel> see <https://evil.example|this> & @here", mia.email)).await;
    let [message] = hook.wait(1).await.try_into().expect("one message");
    assert!(message["text"].as_str().is_some_and(|text| text.starts_with("Olive Owner mentioned you on ")), "{message}");
    let blocks = message["blocks"].as_array().expect("blocks");
    assert_eq!(blocks.iter().map(|block| block["type"].as_str().expect("a type")).collect::<Vec<_>>(), ["header", "section", "actions", "context"]);
    let quote = blocks[1]["text"]["text"].as_str().expect("a text");
    assert!(quote.contains("&lt;!channel&gt; see https://evil.example|this &amp; @\u{200B}here"), "{quote}");
    assert_eq!(blocks[1]["text"]["verbatim"], true);
    let url = blocks[2]["elements"][0]["url"].as_str().expect("an address");
    assert_eq!(url, format!("{}/runs/{about}#{thread}", organization.world.services().config.public_url()));
    // A resolved thread is no reason for a message; what was chosen holds at once.
    act(&mia, &format!("replyToThread(id: \"{thread}\", body: \"yes\") {{ id }}")).await;
    act(owner, &format!("resolveThread(id: \"{thread}\") {{ id }}")).await;
    assert_eq!(written(&organization).await, 1);
    act(&mia, "setNotificationPreference(kind: MENTION, inApp: true, mail: false, slack: false) { kind }").await;
    say(owner, &about, &format!("@{} silent", mia.email)).await;
    assert_eq!(written(&organization).await, 1);
    // By Slack alone; and a caller who does not know of Slack leaves that as it is.
    act(&mia, "setNotificationPreference(kind: MENTION, inApp: false, mail: false, slack: true) { kind }").await;
    act(&mia, "setNotificationPreference(kind: MENTION, inApp: false, mail: false) { kind }").await;
    assert_eq!(preferences(&mia).await[0], json!({ "kind": "MENTION", "inApp": false, "mail": false, "slack": true }));
    let told = async || mia.graphql("{ notifications { totalCount } }", Value::Null).await["data"]["notifications"]["totalCount"].clone();
    let before = told().await;
    say(owner, &about, &format!("@{} by Slack", mia.email)).await;
    hook.wait(2).await;
    assert_eq!(told().await, before);
    let refused = mia.graphql("mutation { setNotificationPreference(kind: DISCONNECT, inApp: false, mail: false) { kind } }", Value::Null).await;
    assert_eq!((Actor::code(&refused), refused["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("kind")));
    let narrow = mia.token(&["comments:read"]).await;
    let input = json!({ "input": { "label": "x", "address": hook.address() } });
    assert_eq!(Actor::code(&narrow.graphql(CONNECT_OWN, input).await), "FORBIDDEN");
    // Who leaves takes the channel along.
    let member = mia.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned();
    act(owner, &format!("removeMember(id: \"{member}\") {{ id }}")).await;
    let left: i64 = organization.tamperer().await.fetch_one("select count(*) from slack_connections").await.expect("counts").get(0);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn c5_2b_the_channel_of_the_organization_is_told_what_everybody_may_see_and_was_chosen() {
    let (organization, other) = (open_world().await.organization().await, open_world().await.organization().await);
    let (owner, hook, elsewhere) = (&organization.owner, Hook::new(), Hook::new());
    connect(owner, CONNECT, &hook).await;
    connect(&other.owner, CONNECT, &elsewhere).await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    let thread = say(owner, &format!("run_{run}"), "first").await;
    act(owner, &format!("replyToThread(id: \"{thread}\", body: \"more\") {{ id }}")).await;
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    act(owner, &format!("createTemplate(run: \"{run}\", name: \"Starter\") {{ id }}")).await;
    let project = act(owner, "createProject(name: \"Vault\") { id }").await["createProject"]["id"].as_str().expect("an id").to_owned();
    let made = act(owner, &format!("createExperiment(name: \"Secret\", projectId: \"{project}\") {{ id }}")).await;
    let experiment = made["createExperiment"]["id"].as_str().expect("an id").to_owned();
    act(owner, &format!("setProjectAccess(id: \"{project}\", access: RESTRICTED)")).await;
    say(owner, &experiment, "CANARY").await;
    assert_eq!(written(&organization).await, 2, "what is not everybody's is not written");
    act(owner, &format!("shareExperiment(id: \"{experiment}\")")).await;
    say(owner, &experiment, "now everybody's").await;
    let heard = hook.wait(4).await;
    let texts: String = heard.iter().map(|message| format!("{}\n", message["text"].as_str().expect("a text"))).collect();
    for part in ["Olive Owner commented on ", "made the template Starter", "shared the experiment Secret with everybody", "now everybody's"] {
        assert!(texts.contains(part), "{part} in {texts}");
    }
    assert!(!texts.contains("CANARY") && elsewhere.heard().is_empty());
    act(owner, "setSlackPosts(posts: [SHARE]) { posts }").await;
    say(owner, &format!("run_{run}"), "quiet").await;
    assert_eq!(written(&organization).await, 4);
    let tested = act(owner, "testSlack { posted answer channel { postedAt } }").await["testSlack"].clone();
    assert!(tested["posted"] == true && tested["answer"] == "Slack posted the message." && tested["channel"]["postedAt"].is_string(), "{tested}");
    act(owner, "disconnectSlack { label }").await;
    assert_eq!(owner.graphql("{ slackChannel { label } }", Value::Null).await["data"], json!({ "slackChannel": null }));
    let log = entries(owner).await;
    let mut actions: Vec<&str> = log.iter().map(|(action, ..)| action.as_str()).collect();
    actions.sort_unstable();
    let posted = ["slack.post"; 4];
    assert_eq!(actions, [&["slack.choose_posts", "slack.connect", "slack.disconnect"][..], &posted, &["slack.test"]].concat());
    assert!(log.iter().all(|(action, actor, _)| (action == "slack.post") == (actor != &owner.email)), "{log:?}");
}
