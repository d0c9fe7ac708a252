//! The second factor beside a password: setting it up, giving it, and what it is when the phone is away.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    Actor, PASSWORD, World,
    actor::Answer,
    phone::{PAGE, Phone, offered, recovery_codes},
    world,
};

pub async fn is_in(actor: &Actor) -> bool {
    let answer = actor.graphql("{ viewer { email } }", Value::Null).await;
    let within = answer["data"]["viewer"]["email"].is_string();
    assert!(within || Actor::code(&answer) == "UNAUTHENTICATED", "{answer}");
    within
}

/// A browser in which the password was right.
pub async fn half(world: &World, email: &str) -> Actor {
    let browser = world.anonymous();
    let answer = browser.form("/sign-in", &[("email", email), ("password", PASSWORD), ("next", "/models")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/second-factor"), "{}", answer.text());
    browser
}

pub async fn give(browser: &Actor, code: &str) -> Answer {
    browser.form("/second-factor", &[("code", code)]).await
}

/// Signs in with a code; whether it led in.
async fn signs_in(world: &World, email: &str, code: &str) -> bool {
    let browser = half(world, email).await;
    let answer = give(&browser, code).await;
    let within = is_in(&browser).await;
    assert_eq!(answer.status, if within { 303 } else { 422 }, "{}", answer.text());
    within
}

async fn status(actor: &Actor) -> Value {
    let answer = actor.graphql("{ secondFactor { since recoveryCodesLeft isRequired } }", Value::Null).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["secondFactor"].clone()
}

/// The newest entries of a kind, as the owner reads them: outcome and detail.
pub async fn entries(actor: &Actor, action: &str) -> Vec<(String, String)> {
    let query = "query($action: String) { auditEntries(filter: { action: $action }) { nodes { outcome detail } } }";
    let answer = actor.graphql(query, json!({ "action": action })).await;
    let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let text = |node: &Value, name: &str| node[name].as_str().unwrap_or_default().to_owned();
    nodes.iter().map(|node| (text(node, "outcome"), text(node, "detail"))).collect()
}

#[tokio::test]
async fn c7_1c_a_second_factor_is_set_up_with_its_first_code_and_the_password_and_asked_for_from_then_on() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let owner = &organization.owner;
    let other = Actor::sign_in(&replica, &owner.email, PASSWORD).await;
    assert_eq!(status(owner).await, json!({ "since": null, "recoveryCodesLeft": 0, "isRequired": false }));
    let page = owner.get(PAGE).await.text();
    assert!(page.contains("class=\"qr\"") && page.contains("autocomplete=\"one-time-code\"") && page.contains("<path d=\"M0 0h7v1h-7z"), "{page}");
    let (secret, sealed) = offered(&page);
    let phone = Phone::with(&secret);
    let now = phone.code(replica.clock.now());
    let set_up = async |actor: &Actor, sealed: &str, code: &str, password: &str| {
        actor.form(PAGE, &[("act", "set-up"), ("sealed", sealed), ("code", code), ("password", password)]).await
    };
    // What is wrong is said beside its field, with the same secret again; nothing is on.
    for (code, password, words) in [("000000", PASSWORD, "what the app shows now"), (now.as_str(), "wrong", "not the password")] {
        let refused = set_up(owner, &sealed, code, password).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words) && offered(&refused.text()) == (secret.clone(), sealed.clone()), "{}", refused.text());
        assert!(!refused.text().contains("\"wrong\""), "a password does not come back");
    }
    // What was offered to one session is worth nothing in another, nor is what was changed.
    for (actor, sealed) in [(&other, sealed.as_str()), (owner, ""), (owner, &sealed[1..])] {
        assert_eq!(set_up(actor, sealed, &now, PASSWORD).await.status, 422);
    }
    assert!(is_in(&other).await && status(owner).await["since"].is_null());

    let done = set_up(owner, &sealed, &now, PASSWORD).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let codes = recovery_codes(&done.text());
    assert_eq!(codes.len(), 10, "{}", done.text());
    assert!(done.header("set-cookie").contains("HttpOnly"), "an old copy of the session's cookie is worth nothing");
    assert!(is_in(owner).await && !is_in(&other).await, "sessions that a password alone opened end");
    let told = status(owner).await;
    assert!(told["since"].is_string() && told["recoveryCodesLeft"] == 10, "{told}");
    let again = owner.get(PAGE).await.text();
    assert!(!again.contains(&codes[0]) && !again.contains(&secret), "shown once");
    assert_eq!(set_up(owner, &sealed, &phone.code_in(&replica, 1), PASSWORD).await.status, 409);
    assert_eq!(entries(owner, "second_factor.create").await, [("DONE".to_owned(), "{\"sessionsEnded\":1}".to_owned())]);

    let browser = half(&replica, &owner.email).await;
    assert!(!is_in(&browser).await, "the password opened nothing");
    assert_eq!(browser.get("/account").await.header("location"), "/sign-in?next=/account");
    let form = browser.get("/second-factor").await;
    assert!(form.status == 200 && form.text().contains("autocomplete=\"one-time-code\""), "{}", form.text());
    assert!(entries(owner, "session.create").await.len() == 2, "nobody has signed in");
    let answer = give(&browser, &phone.code_in(&replica, 1)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/models"), "{}", answer.text());
    assert!(is_in(&browser).await);
    let (_, detail) = entries(owner, "session.create").await.remove(0);
    assert!(detail.contains("\"secondFactor\":\"code\""), "{detail}");
    // Of the secret and the codes nothing is in the database as it is.
    let mut tamperer = organization.tamperer().await;
    let stored: Vec<(Vec<u8>,)> = sqlx::query_as("select secret from public.second_factors union all select mark from public.recovery_codes")
        .fetch_all(&mut tamperer)
        .await
        .expect("reads");
    for (bytes,) in stored {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(&secret) && codes.iter().all(|code| !text.contains(&code.replace('-', ""))));
    }
}

#[tokio::test]
async fn t60_a_code_is_accepted_once_and_a_step_early_or_late() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let email = &organization.owner.email;
    replica.to_the_middle_of(30);
    let phone = Phone::set_up(&replica, &organization.owner).await;
    assert!(!signs_in(&replica, email, &phone.code_in(&replica, 0)).await, "it was used for setting up");
    assert!(!signs_in(&replica, email, &phone.code_in(&replica, 2)).await, "two steps early");
    assert!(signs_in(&replica, email, &phone.code_in(&replica, 1)).await, "a step early");
    assert!(!signs_in(&replica, email, &phone.code_in(&replica, 1)).await, "twice");
    replica.clock.advance(TimeDelta::minutes(16));
    replica.to_the_middle_of(30);
    assert!(!signs_in(&replica, email, &phone.code_in(&replica, -2)).await, "two steps late");
    let late = phone.code_in(&replica, -1);
    let spaced = format!(" {} {} ", &late[..3], &late[3..]);
    assert!(signs_in(&replica, email, &spaced).await, "a step late, as people write it");
    assert!(signs_in(&replica, email, &phone.code_in(&replica, 0)).await, "a newer one");
    assert!(!signs_in(&replica, email, &late).await, "an older one than was used");
}

#[tokio::test]
async fn of_two_that_give_one_code_at_once_one_is_let_in() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let phone = Phone::set_up(&replica, &organization.owner).await;
    let (first, second) = (half(&replica, &organization.owner.email).await, half(&replica, &organization.owner.email).await);
    let code = phone.code_in(&replica, 1);
    let (a, b) = tokio::join!(give(&first, &code), give(&second, &code));
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert_eq!(both, [303, 422]);
    assert!(is_in(&first).await != is_in(&second).await);
}

#[tokio::test]
async fn t60_guesses_are_counted_and_a_sign_in_bears_five() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let email = &organization.owner.email;
    replica.to_the_middle_of(900);
    let phone = Phone::set_up(&replica, &organization.owner).await;
    for _ in 0..2 {
        let browser = half(&replica, email).await;
        for _ in 0..5 {
            let answer = give(&browser, "000000").await;
            assert!(answer.status == 422 && answer.text().contains("not right"), "{}", answer.text());
        }
        let answer = give(&browser, &phone.code_in(&replica, 1)).await;
        assert!(answer.status == 422 && answer.text().contains("Sign in again"), "{}", answer.text());
        assert!(!is_in(&browser).await);
    }
    let browser = half(&replica, email).await;
    assert_eq!(give(&browser, &phone.code_in(&replica, 1)).await.status, 429, "ten from one place");
    assert!(!is_in(&browser).await);
    let denied = entries(&organization.owner, "session.create").await.into_iter().filter(|(outcome, _)| outcome == "DENIED").collect::<Vec<_>>();
    assert!(denied.len() == 10 && denied[0].1.contains("second factor"), "{denied:?}");
    replica.clock.advance(TimeDelta::minutes(15));
    assert!(signs_in(&replica, email, &phone.code_in(&replica, 1)).await);
}

#[tokio::test]
async fn c7_1c_a_sign_in_is_for_its_browser_for_ten_minutes_and_once() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let email = &organization.owner.email;
    let phone = Phone::set_up(&replica, &organization.owner).await;
    let (browser, elsewhere) = (half(&replica, email).await, replica.anonymous());
    let stale = async |browser: &Actor, code: &str| {
        let answer = give(browser, code).await;
        assert!(answer.status == 422 && answer.text().contains("Sign in again"), "{}", answer.text());
        assert!(!is_in(browser).await);
    };
    stale(&elsewhere, &phone.code_in(&replica, 1)).await;
    let request =
        elsewhere.request(reqwest::Method::POST, "/second-factor").header("cookie", "assay_step=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let form = request.header("content-type", "application/x-www-form-urlencoded").body(format!("code={}", phone.code_in(&replica, 1)));
    assert_eq!(elsewhere.send(form).await.status, 422);
    replica.clock.advance(TimeDelta::minutes(10));
    stale(&browser, &phone.code_in(&replica, 0)).await;
    // A cookie that has led in leads nowhere again.
    let browser = half(&replica, email).await;
    let kept = browser.clone();
    assert_eq!(give(&browser, &phone.code_in(&replica, 0)).await.status, 303);
    assert_eq!(kept.form("/sign-out", &[]).await.status, 303);
    stale(&kept, &phone.codes[0]).await;
    assert!(signs_in(&replica, email, &phone.codes[0]).await, "the recovery code was not used up by that");
}

#[tokio::test]
async fn c7_1c_a_recovery_code_works_once_and_new_ones_replace_the_old() {
    let replica = World::replica(&[]);
    let organization = replica.organization().await;
    let (owner, email) = (&organization.owner, &organization.owner.email);
    let phone = Phone::set_up(&replica, owner).await;
    assert!(signs_in(&replica, email, &phone.codes[3].to_uppercase()).await);
    assert!(!signs_in(&replica, email, &phone.codes[3]).await, "twice");
    assert!(!signs_in(&replica, email, "zzzzz-zzzzz").await);
    assert_eq!(status(owner).await["recoveryCodesLeft"], 9);
    let (_, detail) = entries(owner, "session.create").await.into_iter().find(|(outcome, _)| outcome == "DONE").expect("a sign-in");
    assert!(detail.contains("\"recoveryCodesLeft\":9"), "{detail}");

    let change = async |act: &str, proof: &str| owner.form(PAGE, &[("act", act), ("passwordOrCode", proof)]).await;
    for proof in ["", "wrong password", "000000", "zzzzz-zzzzz", phone.codes[3].as_str()] {
        let refused = change("codes", proof).await;
        assert!(refused.status == 422 && refused.text().contains("neither your password nor a code"), "{proof}: {}", refused.text());
    }
    let renewed = change("codes", &phone.codes[4]).await;
    let codes = recovery_codes(&renewed.text());
    assert!(renewed.status == 200 && codes.len() == 10 && !codes.contains(&phone.codes[5]), "{}", renewed.text());
    assert!(!signs_in(&replica, email, &phone.codes[5]).await && signs_in(&replica, email, &codes[5]).await);
    assert_eq!(entries(owner, "second_factor.renew_codes").await.len(), 1);

    // Off, with a code of the app, which is used up by that too.
    let off = change("remove", &phone.code_in(&replica, 1)).await;
    assert_eq!((off.status, off.header("location")), (303, "/account?second-factor=off"), "{}", off.text());
    assert!(status(owner).await["since"].is_null());
    assert_eq!(change("remove", PASSWORD).await.status, 409);
    assert_eq!(entries(owner, "second_factor.remove").await.len(), 1);
    assert!(is_in(&Actor::sign_in(&replica, email, PASSWORD).await).await, "a password alone leads in again");
    // And set up anew it is another: old codes are worth nothing.
    replica.clock.advance(TimeDelta::minutes(20));
    let other = Phone::set_up(&replica, owner).await;
    assert!(!signs_in(&replica, email, &phone.code_in(&replica, 1)).await && !signs_in(&replica, email, &codes[6]).await);
    assert!(signs_in(&replica, email, &other.code_in(&replica, 1)).await);
}

#[tokio::test]
async fn c7_1c_the_person_is_told_by_mail_of_each_change_and_of_a_recovery_code_that_signed_in() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let (owner, email) = (&organization.owner, &organization.owner.email);
    // How many mails of each kind have come: on, used, renewed, off.
    let told = async || {
        world.drain().await;
        ["Two-factor sign-in was switched on", "A recovery code was used", "New recovery codes were made", "Two-factor sign-in was switched off"]
            .map(|subject| world.mails_to(email, &format!("Subject: {subject}")).len())
    };
    let change = async |act: &str, proof: &str| owner.form(PAGE, &[("act", act), ("passwordOrCode", proof)]).await.status;
    let phone = Phone::set_up(&world, owner).await;
    assert_eq!(told().await, [1, 0, 0, 0]);
    assert!(signs_in(&world, email, &phone.code_in(&world, 1)).await);
    assert!(!signs_in(&world, email, "zzzzz-zzzzz").await);
    assert_eq!(told().await, [1, 0, 0, 0], "a code of the app and a wrong one are nothing to tell");
    assert!(signs_in(&world, email, &phone.codes[0]).await);
    assert!(!signs_in(&world, email, &phone.codes[0]).await);
    assert_eq!(told().await, [1, 1, 0, 0]);
    let [mail] = world.mails_to(email, "A recovery code was used").try_into().expect("one mail");
    assert!(mail.contains("9 are left.") && !mail.contains(&phone.codes[0]), "{mail}");
    assert_eq!((change("codes", "wrong password").await, change("codes", PASSWORD).await), (422, 200));
    assert_eq!(told().await, [1, 1, 1, 0]);
    assert_eq!((change("remove", "000000").await, change("remove", PASSWORD).await, change("remove", PASSWORD).await), (422, 303, 409));
    assert_eq!(told().await, [1, 1, 1, 1], "what was refused is not told");
}

#[tokio::test]
async fn a_token_and_nobody_have_no_part_in_it() {
    let organization = world().organization().await;
    let script = organization.script().await;
    assert_eq!(status(&script).await, Value::Null);
    for actor in [&script, &world().anonymous()] {
        for answer in [actor.get(PAGE).await, actor.form(PAGE, &[("act", "remove"), ("passwordOrCode", PASSWORD)]).await] {
            assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/account/second-factor"));
        }
    }
    let unknown = organization.owner.form(PAGE, &[("act", "other")]).await;
    assert_eq!(unknown.status, 422);
}
