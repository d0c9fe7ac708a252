//! The list of one's own sessions, and the ends of them.

use crate::support::{Actor, PASSWORD, World, world};
use reqwest::Method;
use serde_json::{Value, json};

const SESSIONS: &str = "{ sessions { totalCount nodes { id organization device address createdAt lastSeenAt expiresAt isCurrent } } }";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Signs in as a browser of this name does.
async fn sign_in_with(world: &World, email: &str, user_agent: &str) -> Actor {
    let browser = world.anonymous();
    let body = format!("email={}&password={}", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let request = browser.request(Method::POST, "/sign-in").header("user-agent", user_agent);
    let answer = browser.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

async fn list(actor: &Actor) -> Vec<Value> {
    let answer = actor.graphql(SESSIONS, Value::Null).await;
    let sessions = &answer["data"]["sessions"];
    let nodes = sessions["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    assert_eq!(sessions["totalCount"], nodes.len(), "{answer}");
    nodes
}

async fn is_in(actor: &Actor) -> bool {
    actor.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].is_string()
}

#[tokio::test]
async fn c7_1d_sessions_are_listed_with_where_when_and_device() {
    let organization = world().organization().await;
    let laptop = sign_in_with(world(), &organization.owner.email, FIREFOX).await;
    let sessions = list(&laptop).await;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let newest = &sessions[0];
    assert_eq!((&newest["device"], &newest["address"], &newest["isCurrent"]), (&json!("Firefox on Linux"), &json!(laptop.address), &json!(true)));
    assert!(newest["organization"].as_str().is_some_and(|name| name.starts_with("Team ")), "{newest}");
    let life = |session: &Value| {
        let time = |name: &str| session[name].as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok()).expect("a time");
        time("expiresAt") - time("createdAt")
    };
    assert_eq!(life(newest), chrono::TimeDelta::days(14));
    assert_eq!(sessions[1]["isCurrent"], false);
    // A script sees them too, and is none of them; one that may do something else does not.
    let script = organization.script().await;
    assert!(list(&script).await.iter().all(|session| session["isCurrent"] == false));
    let narrow = organization.owner.token(&["runs:read"]).await;
    assert_eq!(Actor::code(&narrow.graphql(SESSIONS, Value::Null).await), "FORBIDDEN");
}

#[tokio::test]
async fn c7_1c_a_session_that_was_ended_opens_nothing_on_any_replica() {
    let organization = world().organization().await;
    let (owner, replica) = (&organization.owner, World::replica(&[]));
    let lost = sign_in_with(world(), &owner.email, FIREFOX).await;
    assert!(is_in(&lost.at(&replica)).await);
    let id = list(&lost).await[0]["id"].as_str().expect("an id").to_owned();
    let end = "mutation($id: ID!) { endSession(id: $id) { device } }";
    // Nobody else ends it, and nobody learns of it.
    let stranger = world().organization().await.owner;
    let colleague = organization.member("admin").await;
    for other in [&stranger, &colleague] {
        assert_eq!(Actor::code(&other.graphql(end, json!({ "id": id })).await), "NOT_FOUND");
    }
    let ended = owner.graphql(end, json!({ "id": id })).await;
    assert_eq!(ended["data"]["endSession"]["device"], "Firefox on Linux", "{ended}");
    assert!(!is_in(&lost).await && !is_in(&lost.at(&replica)).await && is_in(owner).await);
    assert_eq!(Actor::code(&owner.graphql(end, json!({ "id": id })).await), "NOT_FOUND", "it ends once");
    assert_eq!(Actor::code(&owner.graphql(end, json!({ "id": "ses_nonsense" })).await), "NOT_FOUND");
    let entries = owner.graphql("{ auditEntries(filter: { action: \"session.remove\" }) { nodes { subjectId detail } } }", Value::Null).await;
    let entries = entries["data"]["auditEntries"]["nodes"].as_array().expect("entries").clone();
    assert_eq!((entries.len(), &entries[0]["subjectId"]), (1, &json!(id)));
    assert!(entries[0]["detail"].as_str().is_some_and(|detail| detail.contains("Firefox")), "{entries:?}");
}

#[tokio::test]
async fn c7_1c_all_other_sessions_end_together_by_forms_without_scripts() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let others = [sign_in_with(world(), &owner.email, FIREFOX).await, sign_in_with(world(), &owner.email, "curl/8").await];
    let page = owner.get("/account").await.text();
    assert!(page.contains("Firefox on Linux") && page.contains("/end-other-sessions"), "{page}");
    let one = list(&others[1]).await[0]["id"].as_str().expect("an id").to_owned();
    for _ in 0..2 {
        let answer = owner.form("/end-session", &[("session", &one)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/account?ended=one"), "pressed twice, it is still what was asked for");
    }
    assert!(is_in(&others[0]).await && !is_in(&others[1]).await);
    let answer = owner.form("/end-other-sessions", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account?ended=others"));
    assert!(!is_in(&others[0]).await && is_in(owner).await);
    assert_eq!(list(owner).await.len(), 1);
    assert!(owner.get("/account?ended=others").await.text().contains("Your other sessions were ended."));
}

#[tokio::test]
async fn a_token_of_one_organization_sees_and_ends_no_session_in_another() {
    let (first, second) = (world().organization().await, world().organization().await);
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    let email = first.owner.email.clone();
    assert!(second.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
    let link = world().link_to(&email).await;
    let there = world().anonymous();
    let form = [("token", link.split("token=").nth(1).expect("a token")), ("name", ""), ("password", PASSWORD)];
    assert_eq!(there.form("/invitation", &form).await.status, 303);
    let script = first.script().await;
    assert_eq!((list(&there).await.len(), list(&script).await.len()), (2, 1));
    let foreign = list(&there).await[0]["id"].as_str().expect("an id").to_owned();
    let end = format!("mutation {{ endSession(id: \"{foreign}\") {{ id }} }}");
    assert_eq!(Actor::code(&script.graphql(&end, Value::Null).await), "NOT_FOUND");
    assert_eq!(script.graphql("mutation { endOtherSessions }", Value::Null).await["data"]["endOtherSessions"], 1);
    assert!(is_in(&there).await && !is_in(&first.owner).await);
}
