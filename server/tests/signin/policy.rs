//! What an organization asks of the people who enter it, from the next request on.

use crate::support::{Actor, Organization, PASSWORD, World, world};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

const UPDATE: &str = "mutation($input: SignInPolicyInput!) { updateSignInPolicy(input: $input) { sessionMinutes mailDomains } }";
const VIEWER: &str = "{ viewer { email } }";

async fn update(actor: &Actor, input: Value) -> Value {
    actor.graphql(UPDATE, json!({ "input": input })).await
}

fn field(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["field"].as_str().unwrap_or_default()
}

async fn is_in(actor: &Actor) -> bool {
    let answer = actor.graphql(VIEWER, Value::Null).await;
    let within = answer["data"]["viewer"]["email"].is_string();
    assert!(within || Actor::code(&answer) == "UNAUTHENTICATED", "{answer}");
    within
}

/// A member whose address is of another domain.
async fn member_at(organization: &Organization<'_>, domain: &str, role: &str) -> Actor {
    let email = format!("{}@{domain}", Uuid::now_v7().simple());
    let invite = "mutation($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }";
    let invited = organization.owner.graphql(invite, json!({ "email": email, "role": role })).await;
    assert!(invited["errors"].is_null(), "{invited}");
    Actor::accept_invitation(organization.world, &organization.world.link_to(&email).await, "Max Member", PASSWORD).await
}

#[tokio::test]
async fn c7_1c_a_shorter_session_ends_older_sign_ins_with_their_next_request() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let (old, script) = (organization.owner.clone(), organization.script().await);
    replica.clock.advance(TimeDelta::hours(2));
    let fresh = Actor::sign_in(&replica, &old.email, PASSWORD).await;
    assert!(is_in(&old).await && is_in(&fresh).await);
    let answer = update(&fresh, json!({ "sessionMinutes": 60, "mailDomains": [] })).await;
    assert_eq!(answer["data"]["updateSignInPolicy"]["sessionMinutes"], 60, "{answer}");
    assert!(!is_in(&old).await && is_in(&fresh).await && is_in(&script).await, "tokens have ends of their own");
    assert_eq!(old.get("/account").await.status, 303, "a page leads to signing in");
    replica.clock.advance(TimeDelta::minutes(59));
    assert!(is_in(&fresh).await);
    replica.clock.advance(TimeDelta::minutes(1));
    assert!(!is_in(&fresh).await, "to the minute");
    // A longer one takes them again, as long as the session itself lives.
    assert!(update(&script, json!({ "mailDomains": [] })).await["errors"].is_null());
    assert!(is_in(&old).await && is_in(&fresh).await);
}

#[tokio::test]
async fn c7_1c_members_of_other_domains_are_out_with_sessions_and_tokens_and_nobody_is_told_more() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let member = member_at(&organization, "partner.example.org", "data_scientist").await;
    let script = member.token(&["*"]).await;
    let colleague = organization.member("viewer").await;
    // Who would lose access is counted before it happens.
    let wanted = json!({ "mailDomains": [" Example.com "] });
    let answer = update(owner, wanted.clone()).await;
    assert_eq!((Actor::code(&answer), field(&answer)), ("INVALID", "shutOut"), "{answer}");
    assert!(answer["errors"][0]["message"].as_str().is_some_and(|text| text.starts_with("1 member ")), "{answer}");
    assert!(is_in(&member).await, "a refused change changes nothing");
    let answer = update(owner, json!({ "mailDomains": ["example.com"], "shutOut": 1 })).await;
    assert_eq!(answer["data"]["updateSignInPolicy"]["mailDomains"], json!(["example.com"]), "{answer}");
    assert!(!is_in(&member).await && !is_in(&script).await && is_in(&colleague).await);
    let again = world().anonymous().form("/sign-in", &[("email", &member.email), ("password", PASSWORD)]).await;
    assert_eq!(again.status, 401);
    assert!(again.text().contains("The e-mail address or the password is not right."));
    let invite = "mutation { inviteMember(email: \"x@partner.example.org\", role: \"viewer\") { id } }";
    let refused = owner.graphql(invite, Value::Null).await;
    assert_eq!((Actor::code(&refused), field(&refused)), ("INVALID", "email"), "{refused}");
    // Subdomains are domains of their own; the list without any admits all again.
    assert!(update(owner, json!({ "mailDomains": ["example.com", "example.org"] })).await["errors"].is_null());
    assert!(!is_in(&script).await);
    assert!(update(owner, json!({ "mailDomains": [] })).await["errors"].is_null());
    assert!(is_in(&script).await && is_in(&member).await);
}

#[tokio::test]
async fn t17_nobody_locks_out_an_owner_or_themselves() {
    let organization = world().organization().await;
    let admin = member_at(&organization, "admins.example.org", "admin").await;
    for (actor, domains) in [(&organization.owner, ["elsewhere.io"]), (&admin, ["elsewhere.io"]), (&admin, ["admins.example.org"])] {
        let answer = update(actor, json!({ "mailDomains": domains, "shutOut": 9 })).await;
        assert_eq!((Actor::code(&answer), field(&answer)), ("INVALID", "mailDomains"), "{answer}");
    }
    assert!(is_in(&organization.owner).await && is_in(&admin).await);
}

#[tokio::test]
async fn an_invitation_is_worth_nothing_once_its_domain_is_not_admitted() {
    let organization = world().organization().await;
    let email = format!("{}@partner.example.org", Uuid::now_v7().simple());
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(organization.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
    let link = world().link_to(&email).await;
    assert!(update(&organization.owner, json!({ "mailDomains": ["example.com"] })).await["errors"].is_null());
    let token = link.split("token=").nth(1).expect("a token");
    let form = [("token", token), ("name", "Max"), ("password", PASSWORD)];
    assert_eq!(world().anonymous().form("/invitation", &form).await.status, 422);
    assert!(update(&organization.owner, json!({ "mailDomains": [] })).await["errors"].is_null());
    assert_eq!(world().anonymous().form("/invitation", &form).await.status, 303, "and was not used up");
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_changes_nothing() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    for (input, name) in [
        (json!({ "sessionMinutes": 14, "mailDomains": [] }), "sessionMinutes"),
        (json!({ "sessionMinutes": 20161, "mailDomains": [] }), "sessionMinutes"),
        (json!({ "sessionMinutes": -5, "mailDomains": [] }), "sessionMinutes"),
        (json!({ "mailDomains": ["*"] }), "mailDomains"),
        (json!({ "mailDomains": ["example.com", "a b"] }), "mailDomains"),
        (json!({ "mailDomains": (0..101).map(|n| format!("d{n}.example.com")).chain(["example.com".into()]).collect::<Vec<_>>() }), "mailDomains"),
    ] {
        let answer = update(owner, input.clone()).await;
        assert_eq!((Actor::code(&answer), field(&answer)), ("INVALID", name), "{input}: {answer}");
    }
    let policy = owner.graphql("{ signInPolicy { sessionMinutes mailDomains } }", Value::Null).await;
    assert_eq!(policy["data"]["signInPolicy"], json!({ "sessionMinutes": null, "mailDomains": [] }));
    // The same by the page's own form, which works without scripts.
    let refused = owner.form("/access", &[("sessionMinutes", "480"), ("mailDomains", "elsewhere.io")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("lock yourself out") && refused.text().contains("elsewhere.io"), "{}", refused.text());
    let saved = owner.form("/access", &[("sessionMinutes", "480"), ("mailDomains", "example.com\r\n")]).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/access?saved=1"), "{}", saved.text());
    assert!(owner.get("/access?saved=1").await.text().contains("example.com"));
    let entries = owner.graphql("{ auditEntries(filter: { action: \"organization\" }) { nodes { action detail } } }", Value::Null).await;
    assert_eq!(entries["data"]["auditEntries"]["nodes"][0]["action"], "organization.update_sign_in_policy", "{entries}");
    let viewer = organization.member("viewer").await;
    assert_eq!(viewer.form("/access", &[("mailDomains", "")]).await.status, 403);
    assert_eq!(viewer.get("/access").await.status, 403);
}

#[tokio::test]
async fn a_session_moves_only_where_it_is_admitted() {
    let replica = World::replica(&[]);
    let (first, second) = (replica.organization().await, replica.organization().await);
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"owner\") { id } }";
    assert!(second.owner.graphql(invite, json!({ "email": first.owner.email })).await["errors"].is_null());
    // The mail is sent by another server's worker.
    let link = world().link_to(&first.owner.email).await;
    let token = link.split("token=").nth(1).expect("a token");
    let both = replica.anonymous();
    assert_eq!(both.form("/invitation", &[("token", token), ("name", ""), ("password", PASSWORD)]).await.status, 303);
    replica.clock.advance(TimeDelta::hours(3));
    let fresh = Actor::sign_in(&replica, &second.owner.email, PASSWORD).await;
    let home = format!("org_{}", first.tenant().await.simple());
    assert_eq!(both.form("/organization", &[("organization", &home)]).await.header("location"), "/");
    let there = format!("org_{}", second.tenant().await.simple());
    assert!(update(&fresh, json!({ "sessionMinutes": 60, "mailDomains": [] })).await["errors"].is_null());
    let answer = both.form("/organization", &[("organization", &there)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account?switch=too-old"));
    assert!(is_in(&both).await, "it stays where it was");
    assert!(both.get("/account?switch=too-old").await.text().contains("newer sign-in"));
}

#[tokio::test]
async fn c7_1c_a_token_ends_to_the_minute() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let create = "mutation { createToken(input: { name: \"a day\", scopes: [\"*\"], expiresInDays: 1 }) { secret } }";
    let answer = organization.owner.graphql(create, Value::Null).await;
    let secret = answer["data"]["createToken"]["secret"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let nobody = replica.anonymous();
    let asked = async || {
        let (query, search) = (json!({ "query": "{ viewer { email } }" }), json!({ "max_results": 1 }));
        let graphql = nobody.request(reqwest::Method::POST, "/graphql").bearer_auth(&secret).json(&query);
        let mlflow = nobody.request(reqwest::Method::POST, "/api/2.0/mlflow/experiments/search").bearer_auth(&secret).json(&search);
        (nobody.send(graphql).await.status, nobody.send(mlflow).await.status)
    };
    replica.clock.advance(TimeDelta::hours(24) - TimeDelta::minutes(1));
    assert_eq!(asked().await, (200, 200));
    replica.clock.advance(TimeDelta::minutes(1));
    assert_eq!(asked().await, (401, 401));
}
