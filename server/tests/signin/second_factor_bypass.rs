//! Ways around a second factor, and what an organization that asks for one lets nobody see before.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::second_factor::{entries, give, half, is_in};
use crate::support::{
    Actor, Organization, PASSWORD, World,
    phone::{PAGE, Phone},
    world,
};

const REQUIRE: &str = "mutation($required: Boolean!) { updateSignInPolicy(input: { mailDomains: [], secondFactorRequired: $required }) { secondFactorRequired membersWithoutSecondFactor } }";

async fn invite(organization: &Organization<'_>, email: &str) -> String {
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(organization.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
    // The mail is sent by another server's worker.
    let link = world().link_to(email).await;
    link.split("token=").nth(1).expect("a token").to_owned()
}

async fn members(organization: &Organization<'_>) -> Value {
    organization.owner.graphql("{ members { totalCount } }", Value::Null).await["data"]["members"]["totalCount"].take()
}

#[tokio::test]
async fn an_invitation_opens_and_changes_nothing_before_the_code() {
    let replica = World::replica(&[]);
    let (home, there) = (replica.organization().await, replica.organization().await);
    let email = &home.owner.email;
    let phone = Phone::set_up(&replica, &home.owner).await;
    let token = invite(&there, email).await;
    let browser = replica.anonymous();
    let form = [("token", token.as_str()), ("name", ""), ("password", PASSWORD)];
    let answer = browser.form("/invitation", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/second-factor"), "{}", answer.text());
    assert!(!is_in(&browser).await && members(&there).await == 1, "nobody has joined");
    assert_eq!(give(&browser, "000000").await.status, 422);
    assert!(!is_in(&browser).await && members(&there).await == 1);
    let answer = give(&browser, &phone.code_in(&replica, 1)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
    assert!(is_in(&browser).await && members(&there).await == 2);
    let (_, detail) = entries(&there.owner, "invitation.accept").await.remove(0);
    assert!(detail.contains("\"secondFactor\":\"code\""), "{detail}");
    assert_eq!(browser.form("/invitation", &form).await.status, 422, "it was used");

    // One that was revoked between password and code is worth nothing, and the code is not used up by it.
    let (other, third) = (replica.organization().await, replica.organization().await);
    let (email, phone) = (&other.owner.email, Phone::set_up(&replica, &other.owner).await);
    let token = invite(&third, email).await;
    let browser = replica.anonymous();
    assert_eq!(browser.form("/invitation", &[("token", &token), ("name", ""), ("password", PASSWORD)]).await.header("location"), "/second-factor");
    let open = third.owner.graphql("{ invitations { nodes { id } } }", Value::Null).await["data"]["invitations"]["nodes"][0]["id"].take();
    assert!(third.owner.graphql("mutation($id: ID!) { revokeInvitation(id: $id) { id } }", json!({ "id": open })).await["errors"].is_null());
    let answer = give(&browser, &phone.codes[0]).await;
    assert!(answer.status == 422 && answer.text().contains("revoked"), "{}", answer.text());
    assert!(!is_in(&browser).await && members(&third).await == 1);
    let browser = half(&replica, email).await;
    assert_eq!(give(&browser, &phone.codes[0]).await.status, 303);
}

#[tokio::test]
async fn t61_a_new_password_does_not_take_the_second_factor_away_and_ends_what_the_old_one_began() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let email = organization.owner.email.clone();
    let phone = Phone::set_up(&replica, &organization.owner).await;
    let begun = half(&replica, &email).await;
    let browser = replica.anonymous();
    assert_eq!(browser.form("/forgot-password", &[("email", &email)]).await.status, 303);
    let link = world().link_to(&email).await;
    let (token, chosen) = (link.split("token=").nth(1).expect("a token"), "another good password");
    assert_eq!(browser.form("/reset-password", &[("token", token), ("password", chosen)]).await.status, 303);
    assert!(!is_in(&browser).await && !is_in(&organization.owner).await);
    let answer = give(&begun, &phone.code_in(&replica, 1)).await;
    assert!(answer.status == 422 && !is_in(&begun).await, "{}", answer.text());
    let answer = browser.form("/sign-in", &[("email", &email), ("password", chosen)]).await;
    assert_eq!(answer.header("location"), "/second-factor", "it is asked for as before");
    assert!(!is_in(&browser).await);
    assert_eq!(give(&browser, &phone.code_in(&replica, 1)).await.status, 303);
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn c7_1c_where_a_second_factor_is_asked_for_a_password_alone_is_worth_nothing() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let owner = &organization.owner;
    let required = async |actor: &Actor, required: bool| actor.graphql(REQUIRE, json!({ "required": required })).await;
    let answer = required(owner, true).await;
    assert_eq!(answer["errors"][0]["extensions"]["field"], "secondFactorRequired", "nobody locks themselves out: {answer}");
    let refused = owner.form("/access", &[("sessionMinutes", ""), ("mailDomains", ""), ("secondFactorRequired", "true")]).await;
    assert!(refused.status == 422 && refused.text().contains("Set up two-factor sign-in for yourself first"), "{}", refused.text());
    let email = format!("{}@example.com", uuid::Uuid::now_v7().simple());
    let token = invite(&organization, &email).await;
    let member = replica.anonymous();
    assert_eq!(member.form("/invitation", &[("token", &token), ("name", "Mia"), ("password", PASSWORD)]).await.status, 303);
    let script = member.token(&["*"]).await;

    Phone::set_up(&replica, owner).await;
    let answer = required(owner, true).await;
    assert_eq!(answer["data"]["updateSignInPolicy"], json!({ "secondFactorRequired": true, "membersWithoutSecondFactor": 1 }), "{answer}");
    assert!(is_in(owner).await && !is_in(&member).await && is_in(&script).await, "tokens have ends of their own");
    // Every page leads to setting it up, and shows nothing of the organization.
    for path in ["/", "/models", "/members", "/account", "/no/such/page"] {
        let answer = member.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (303, PAGE), "{path}");
    }
    assert_eq!(
        member.send(member.request(reqwest::Method::POST, "/api/2.0/mlflow/experiments/search").json(&json!({ "max_results": 1 }))).await.status,
        401
    );
    assert_eq!(member.form("/new-organization", &[("organization", "Mine")]).await.status, 401);
    // Signing in anew is no way around it either.
    let anew = replica.anonymous();
    assert_eq!(anew.form("/sign-in", &[("email", &email), ("password", PASSWORD)]).await.status, 303);
    assert!(!is_in(&anew).await && anew.get("/").await.header("location") == PAGE);
    let old = member.get(PAGE).await;
    assert!(old.status == 200 && old.text().contains("asks for a second factor"), "{}", old.text());
    let phone = Phone::set_up(&replica, &member).await;
    assert!(is_in(&member).await && !is_in(&anew).await && anew.get("/").await.header("location").starts_with("/sign-in"));
    // Turned off, it is asked for again at once.
    let off = member.form(PAGE, &[("act", "remove"), ("passwordOrCode", &phone.codes[0])]).await;
    assert_eq!(off.status, 303, "{}", off.text());
    assert!(!is_in(&member).await && member.get("/account").await.header("location") == PAGE);
    // The rule falls, and the session is worth what it was.
    assert!(required(owner, false).await["errors"].is_null());
    assert!(is_in(&member).await);
    let (_, detail) = entries(owner, "organization.update_sign_in_policy").await.remove(0);
    assert!(detail.contains("\"secondFactorRequired\":false"), "{detail}");
}

#[tokio::test]
async fn a_session_without_it_moves_nowhere_that_asks_for_it_and_signing_in_prefers_what_is_open() {
    let replica = World::replica(&[]);
    let (home, strict) = (replica.organization().await, replica.organization().await);
    let email = &home.owner.email;
    let token = invite(&strict, email).await;
    let both = replica.anonymous();
    assert_eq!(both.form("/invitation", &[("token", &token), ("name", ""), ("password", PASSWORD)]).await.status, 303);
    Phone::set_up(&replica, &strict.owner).await;
    assert!(strict.owner.graphql(REQUIRE, json!({ "required": true })).await["errors"].is_null());
    assert!(!is_in(&both).await, "it is in the one that asks");
    let there = format!("org_{}", strict.tenant().await.simple());
    let browser = Actor::sign_in(&replica, email, PASSWORD).await;
    assert!(is_in(&browser).await, "the other one is open");
    let answer = browser.form("/organization", &[("organization", &there)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account?switch=second-factor"));
    assert!(browser.get("/account?switch=second-factor").await.text().contains("asks for two-factor sign-in"));
    replica.clock.advance(TimeDelta::minutes(1));
    let phone = Phone::set_up(&replica, &browser).await;
    assert_eq!(browser.form("/organization", &[("organization", &there)]).await.header("location"), "/");
    assert!(is_in(&browser).await);
    // What a session remembers moves with it, and turning it off takes it from there too.
    assert_eq!(browser.form(PAGE, &[("act", "remove"), ("passwordOrCode", &phone.codes[0])]).await.status, 303);
    assert!(!is_in(&browser).await);
}
