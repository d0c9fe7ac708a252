//! Single sign-on as it must not go (T65, T71 to T74).

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    peer::{Provider, Sent},
    sso::{SET, led, log, open_world, set, slug, viewer, wanted},
};
use crate::support::{Actor, INSIDE, World, world};

#[tokio::test]
async fn t65_what_comes_back_must_be_what_was_sent() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let browser = world.anonymous();
    let begin = async || Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
    let code = |sent: &Sent| provider.code(sent, provider.token(json!({}), &provider.claims(world, sent, "grace", "grace@example.com")));
    let back = async |query: &str| led(&browser.get(&format!("/sso/callback?{query}")).await);
    // No state, another state, another browser's state, and the right one twice.
    let sent = begin().await;
    let granted = code(&sent);
    assert_eq!(back(&format!("code={granted}")).await, "stale");
    assert_eq!(back(&format!("code={granted}&state={}", "x".repeat(43))).await, "stale");
    let mallory = world.anonymous();
    let state = sent.get("state");
    assert_eq!(led(&mallory.get(&format!("/sso/callback?code={granted}&state={state}")).await), "stale", "state is bound to the browser");
    assert_eq!(back(&format!("code={granted}&state={state}")).await, "/");
    assert_eq!(back(&format!("code={granted}&state={state}")).await, "stale");
    // A code that was used, one that was made for another challenge (PKCE), and a provider that said no.
    let sent = begin().await;
    assert_eq!(back(&format!("code={granted}&state={}", sent.get("state"))).await, "declined");
    let (first, _second) = (begin().await, begin().await);
    assert_eq!(back(&format!("code={}&state={}", code(&first), first.get("state"))).await, "stale", "a browser has one attempt, its last");
    let (third, fourth) = (begin().await, begin().await);
    assert_eq!(back(&format!("code={}&state={}", code(&third), fourth.get("state"))).await, "declined");
    let sent = begin().await;
    assert_eq!(back(&format!("error=access_denied&code={}&state={}", code(&sent), sent.get("state"))).await, "declined");
    // Answers of another provider.
    let sent = begin().await;
    assert_eq!(back(&format!("code={}&state={}&iss=https://evil.example", code(&sent), sent.get("state"))).await, "untrusted");
    let refused: Vec<Value> = log(&organization.owner)
        .await
        .into_iter()
        .filter(|entry| entry.0 == "session.create" && entry.1 != "DONE")
        .map(|entry| entry.2["reason"].clone())
        .collect();
    assert!(refused.contains(&json!("issuer")) && refused.contains(&json!("declined")), "each stands in the log: {refused:?}");
    let (named, strict) = (world.organization().await, Provider::start());
    strict.ways(|ways| ways.names_issuer = true);
    set(&named.owner, &strict, json!({})).await;
    for (iss, outcome) in [(String::new(), "untrusted"), (format!("&iss={}", strict.url()), "/")] {
        let sent = Sent::of(&browser.get(&format!("/sso/begin/{}", super::sso::slug(&named).await)).await);
        let email = format!("{}@example.com", Uuid::now_v7().simple());
        let code = strict.code(&sent, strict.token(json!({}), &strict.claims(world, &sent, "grace", &email)));
        assert_eq!(back(&format!("code={code}&state={}{iss}", sent.get("state"))).await, outcome, "a provider that names itself always does");
    }
    assert_eq!(browser.get("/sso/callback?state=a&state=b").await.status, 400, "a field named twice");
    assert_eq!(led(&browser.get("/sso/begin/no-such-team").await), "unknown");
}

#[tokio::test]
async fn t65_tokens_that_do_not_hold_lead_nowhere() {
    let world = open_world().await;
    let (organization, provider, other) = (world.organization().await, Provider::start(), Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let now = world.clock.now().timestamp();
    let far = TimeDelta::minutes(10).num_seconds();
    for (header, change) in [
        (json!({ "alg": "none" }), json!({})),
        (json!({ "alg": "HS256" }), json!({})),
        (json!({ "kid": "../../x" }), json!({})),
        (json!({ "kid": "x", "jku": other.url(), "x5u": other.url() }), json!({})),
        (json!({}), json!({ "iss": other.url() })),
        (json!({}), json!({ "aud": "another-client" })),
        (json!({}), json!({ "aud": ["assay", "another-client"] })),
        (json!({}), json!({ "azp": "another-client" })),
        (json!({}), json!({ "nonce": "another" })),
        (json!({}), json!({ "nonce": null })),
        (json!({}), json!({ "exp": now - far })),
        (json!({}), json!({ "iat": now + far, "exp": now + 2 * far })),
        (json!({}), json!({ "sub": "" })),
    ] {
        let browser = world.anonymous();
        let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
        let mut claims = provider.claims(world, &sent, "grace", "grace@example.com");
        claims.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let code = provider.code(&sent, provider.token(header.clone(), &claims));
        let back = browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await;
        assert_eq!(led(&back), "untrusted", "{header} {change}");
        assert!(viewer(&browser).await.is_null());
    }
    assert_eq!(other.asked("/") + other.asked("/keys"), 0, "no key is fetched from where a token says");
    // Signed by somebody else under the right name.
    let browser = world.anonymous();
    let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
    let mut parts: Vec<String> =
        provider.token(json!({}), &provider.claims(world, &sent, "grace", "x@example.com")).split('.').map(str::to_owned).collect();
    parts[2] = other.token(json!({}), &json!({})).split('.').nth(2).expect("a signature").to_owned();
    let code = provider.code(&sent, parts.join("."));
    assert_eq!(led(&browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await), "untrusted");
}

#[tokio::test]
async fn t65_an_account_is_linked_by_a_verified_address_and_then_by_its_subject_alone() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let victim = organization.member("admin").await;
    for unverified in [json!(false), json!(null), json!("yes"), json!(1)] {
        let mallory = world.anonymous();
        let back = provider.sign_in(world, &mallory, &slug, |claims| {
            claims["email"] = json!(victim.email);
            claims["email_verified"] = unverified.clone();
        });
        assert_eq!(led(&back.await), "unverified", "{unverified}");
        assert!(viewer(&mallory).await.is_null());
    }
    // An issuer that says nothing of it is not taken for one that says yes, also not when it has a claim of its own for it.
    for (more, outcome) in
        [(json!({}), "unsaid"), (json!({ "xms_edov": "0" }), "unverified"), (json!({ "email_verified": false, "xms_edov": true }), "unverified")]
    {
        let mallory = world.anonymous();
        let back = provider.sign_in(world, &mallory, &slug, |claims| {
            let claims = claims.as_object_mut().expect("an object");
            claims.remove("email_verified");
            claims.insert("email".into(), json!(victim.email));
            claims.extend(more.as_object().expect("an object").clone());
        });
        assert_eq!(led(&back.await), outcome, "{more}");
        assert!(viewer(&mallory).await.is_null());
    }
    let told = world.anonymous().get("/sso?problem=unsaid").await.text();
    assert!(told.contains("email_verified") && told.contains("xms_edov"), "what to add at the issuer: {told}");
    let back = provider.sign_in(world, &world.anonymous(), &slug, |claims| claims["email"] = json!(victim.email)).await;
    assert_eq!(led(&back), "/");
    // The address passed to somebody else at the provider: another subject does not get the account.
    let back = provider
        .sign_in(world, &world.anonymous(), &slug, |claims| {
            claims["email"] = json!(victim.email);
            claims["sub"] = json!("mallory");
        })
        .await;
    assert_eq!(led(&back), "untrusted");
    // User info speaks of the same subject or of nobody.
    provider.ways(|ways| ways.user_info = json!({ "sub": "somebody-else", "email": victim.email, "email_verified": true }));
    let back = provider.sign_in(world, &world.anonymous(), &slug, |claims| drop(claims.as_object_mut().expect("an object").remove("email"))).await;
    assert_eq!(led(&back), "untrusted");
}

#[tokio::test]
async fn keys_that_change_are_read_again_and_an_attempt_ends_after_ten_minutes() {
    let world = World::alone(&["--outbound-allow=127.0.0.0/8"]).await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let email = format!("{}@example.com", Uuid::now_v7().simple());
    let sign_in = async || led(&provider.sign_in(&world, &world.anonymous(), &slug, |claims| claims["email"] = json!(email)).await);
    assert_eq!(sign_in().await, "/");
    provider.rotate();
    assert_eq!(sign_in().await, "untrusted", "keys are looked at again once a minute, not with every token that nobody signed");
    assert_eq!(provider.asked("/keys"), 1);
    world.clock.advance(TimeDelta::seconds(61));
    assert_eq!(sign_in().await, "/");
    assert_eq!(provider.asked("/keys"), 2);
    let browser = world.anonymous();
    let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
    world.clock.advance(TimeDelta::minutes(10));
    let code = provider.code(&sent, provider.token(json!({}), &provider.claims(&world, &sent, "grace", &email)));
    assert_eq!(led(&browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await), "stale");
    // A clock that is a minute off is borne, ten are not (above).
    let skewed = provider
        .sign_in(&world, &world.anonymous(), &slug, |claims| {
            claims["email"] = json!(email);
            claims["iat"] = json!(claims["iat"].as_i64().expect("a time") + 60);
        })
        .await;
    assert_eq!(led(&skewed), "/");
}

#[tokio::test]
async fn t71_t72_an_issuer_inside_is_refused_and_nothing_connects() {
    // This server may not ask its own machine.
    let organization = world().organization().await;
    let provider = Provider::start();
    let port = provider.url().rsplit(':').next().expect("a port").to_owned();
    for host in INSIDE.into_iter().chain(["127.0.0.1.nip.invalid"]) {
        for kind in ["oidc", "github"] {
            let input = json!({ "kind": kind, "issuer": format!("http://{host}:{port}"), "defaultRole": null });
            let answer = organization.owner.graphql(SET, wanted(&provider, input)).await;
            assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("issuer")), "{host}: {answer}");
        }
    }
    for address in ["http://example.com:22", "https://example.com:5432", "file:///etc/passwd", "gopher://127.0.0.1", "unix:/run/x"] {
        let answer = organization.owner.graphql(SET, wanted(&provider, json!({ "issuer": address }))).await;
        assert_eq!(answer["errors"][0]["extensions"]["field"], "issuer", "{address}: {answer}");
    }
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 0, "the canary heard something");
}

#[tokio::test]
async fn t73_t74_no_redirect_is_followed_and_all_failures_look_and_last_the_same() {
    let world = open_world().await;
    let organization = world.organization().await;
    let (provider, canary) = (Provider::start(), Provider::start());
    let mut told = Vec::new();
    let closed = "http://127.0.0.1:1024".to_owned();
    let changes: [(Option<String>, Option<String>); 3] =
        [(None, Some(format!("{}/inside", canary.url()))), (Some(closed), None), (Some(format!("{}/none", canary.url())), None)];
    for (issuer, redirect) in changes {
        provider.ways(|ways| ways.redirects_to = redirect);
        let started = Instant::now();
        let answer = organization.owner.graphql(SET, wanted(&provider, json!({ "issuer": issuer.as_deref().unwrap_or(provider.url()) }))).await;
        assert!(started.elapsed() >= Duration::from_millis(700), "{answer}");
        told.push(answer["errors"][0]["message"].as_str().expect("a sentence").to_owned());
    }
    assert!(told.iter().all(|sentence| *sentence == told[0]), "{told:?}");
    assert_eq!(canary.asked("/inside"), 0);
    provider.ways(|ways| {
        ways.redirects_to = None;
        ways.calls_itself = Some("https://login.example.com".into());
    });
    let answer = organization.owner.graphql(SET, wanted(&provider, json!({}))).await;
    assert_eq!(answer["errors"][0]["extensions"]["field"], "issuer", "mix-up: a provider speaks for itself alone: {answer}");
}
