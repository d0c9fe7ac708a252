//! Nobody learns by a refused sign-in, a forgotten password or a sign-up what an address is to anybody (T61).

use serde_json::json;
use sqlx::Executor;
use uuid::Uuid;

use super::{
    peer::Provider,
    sso::{led, open_world, set, slug, viewer},
};
use crate::support::{Actor, PASSWORD, actor::Answer, html::shape};

fn fresh(who: &str) -> String {
    format!("{who}-{}@example.com", Uuid::now_v7().simple())
}

/// All that a caller sees of an answer, but what is new each time and what they typed.
fn seen(answer: &Answer, email: &str) -> (u16, String, String, Vec<String>) {
    (answer.status, answer.header("location").to_owned(), answer.header("set-cookie").to_owned(), shape(&answer.text(), email))
}

#[tokio::test]
async fn t61_whoever_enters_by_single_sign_on_alone_is_told_what_a_stranger_is_told() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let (owner, slug) = (&organization.owner, slug(&organization).await);
    let (member, disabled) = (organization.member("data_scientist").await, organization.member("viewer").await);
    set(owner, &provider, json!({})).await;
    let (provisioned, browser) = (fresh("provisioned"), world.anonymous());
    assert_eq!(led(&provider.sign_in(world, &browser, &slug, |claims| claims["email"] = json!(provisioned)).await), "/");
    set(owner, &provider, json!({ "required": true })).await;
    let sql = sqlx::query("update public.people set disabled = true where email = $1").bind(&disabled.email);
    organization.tamperer().await.execute(sql).await.expect("disables");
    let unconfirmed = fresh("unconfirmed");
    let sign_up = |email: &str| {
        [("organization", "Team"), ("name", "Ada"), ("email", email), ("password", PASSWORD)].map(|(name, value)| (name, value.to_owned()))
    };
    let ask = async |path: &str, fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        world.anonymous().form(path, &fields).await
    };
    assert_eq!(ask("/sign-up", &sign_up(&unconfirmed)).await.status, 303);
    assert!(!viewer(&browser).await.is_null() && viewer(&member).await.is_null(), "the provider is the only way in");
    let unknown = fresh("unknown");
    let addresses =
        [("provisioned", &provisioned), ("a member with a password", &member.email), ("disabled", &disabled.email), ("unconfirmed", &unconfirmed)];
    for path in ["/sign-in", "/forgot-password", "/sign-up"] {
        let fields = |email: &str| match path {
            "/sign-in" => vec![("email", email.to_owned()), ("password", PASSWORD.to_owned())],
            "/sign-up" => sign_up(email).into(),
            _ => vec![("email", email.to_owned())],
        };
        let expected = seen(&ask(path, &fields(&unknown)).await, &unknown);
        assert_eq!(expected.0, if path == "/sign-in" { 401 } else { 303 });
        for (who, email) in addresses {
            assert_eq!(seen(&ask(path, &fields(email)).await, email), expected, "{path}, {who}");
        }
    }
    // The right password does lead in where single sign-on is not asked for: what was refused was the way, not the word.
    assert!(!viewer(&Actor::sign_in(world, &owner.email, PASSWORD).await).await.is_null());
}

#[tokio::test]
async fn t69_a_provider_leads_back_to_our_own_pages_only() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let email = fresh("grace");
    for (next, expected) in [
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/artifacts/runs/1/evil.html", "/"),
        ("/experiments", "/experiments"),
    ] {
        let browser = world.anonymous();
        let sent = super::peer::Sent::of(&browser.get(&format!("/sso/begin/{slug}?next={next}")).await);
        let mut claims = provider.claims(world, &sent, "grace", &email);
        claims["email"] = json!(email);
        let code = provider.code(&sent, provider.token(json!({}), &claims));
        // What the way back says of it counts for nothing.
        let back = browser.get(&format!("/sso/callback?code={code}&state={}&next=//evil.example", sent.get("state"))).await;
        assert_eq!((back.status, back.header("location")), (303, expected), "{next}");
    }
}
