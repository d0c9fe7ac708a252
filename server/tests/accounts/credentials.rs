//! Sessions, tokens and links from their beginning to their end, in the hands of somebody who should not have them.

use std::time::{Duration, Instant};

use crate::support::{Actor, Organization, PASSWORD, World, actor::Answer, html::shape, world};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use server::features::sessions::{IN_ALL, PER_ACCOUNT_ANYWHERE};
use sqlx::Executor;

const VIEWER: &str = "{ viewer { email } }";

fn cookie_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    assert!(cookie.len() > 40, "{cookie}");
    cookie
}

/// Posts a form with exactly this cookie.
async fn post(world: &World, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let encode = |text: &str| {
        text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>()
    };
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let nobody = world.anonymous();
    let request = nobody.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
    nobody.send(if cookie.is_empty() { request } else { request.header("cookie", cookie) }).await
}

/// A new session: its cookie, as a thief would keep it.
async fn session(world: &World, email: &str) -> String {
    cookie_of(&post(world, "/sign-in", "", &[("email", email), ("password", PASSWORD)]).await)
}

/// Whether each of the ways in still opens with this cookie; every server is asked for the first time.
async fn opens(world: &World, cookie: &str) -> [bool; 4] {
    let nobody = world.anonymous();
    let ask = async |request: reqwest::RequestBuilder| nobody.send(request.header("cookie", cookie)).await.status;
    [
        ask(nobody.request(Method::POST, "/graphql").json(&json!({ "query": VIEWER }))).await == 200,
        ask(nobody.request(Method::GET, "/account")).await == 200,
        ask(nobody.request(Method::GET, "/api/2.0/mlflow/experiments/get?experiment_id=0")).await == 200,
        ask(nobody.request(Method::POST, "/api/2.0/mlflow/runs/create").json(&json!({ "experiment_id": "0" }))).await == 200,
    ]
}

#[tokio::test]
async fn t60_replicas_count_the_attempts_on_an_account_together() {
    let replicas = [World::replica(&[]), World::replica(&[])];
    replicas.iter().for_each(|replica| replica.to_the_middle_of(900));
    // Nobody of that name exists: the answer must not tell.
    let email = format!("nobody-{}@example.com", uuid::Uuid::now_v7().simple());
    let mut statuses = Vec::new();
    for attempt in 0..12 {
        statuses.push(post(&replicas[attempt % 2], "/sign-in", "", &[("email", &email), ("password", "not the password")]).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn t47_a_field_given_twice_is_refused_where_rights_are_at_stake() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let invite = "mutation($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }";
    let once = format!(r#"{{"query":"{invite}","variables":{{"email":"once@example.com","role":"viewer"}}}}"#);
    let twice = [
        once.replace(r#""role":"viewer""#, r#""role":"viewer","role":"owner""#),
        once.replace(r#""role":"viewer""#, r#""role":"viewer","ro\u006ce":"owner""#),
        once.replace(r#""variables""#, r#""variables":{},"variables""#),
        once.replace(r#""query""#, r#""query":"{ viewer { id } }","query""#),
        format!("[{}]", once.replace(r#""role":"viewer""#, r#""role":"viewer","role":"owner""#)),
        once.replace("role: $role", "role: $role, role: \\\"owner\\\""),
        once.replace("$role: String!)", "$role: String!, $role: String!)"),
    ];
    let send = async |body: &str| {
        let request = owner.request(Method::POST, "/graphql").header("content-type", "application/json").body(body.to_owned());
        owner.send(request).await.json()
    };
    for body in &twice {
        let answer = send(body).await;
        assert_eq!(Actor::code(&answer), "INVALID", "{body}: {answer}");
    }
    let open = "{ invitations { totalCount } }";
    assert_eq!(owner.graphql(open, Value::Null).await["data"]["invitations"]["totalCount"], 0);
    assert!(send(&once).await["errors"].is_null());
    assert_eq!(owner.graphql(open, Value::Null).await["data"]["invitations"]["totalCount"], 1);
    for fields in [["email", "email", "password"], ["email", "password", "password"]] {
        let fields = fields.map(|name| (name, if name == "email" { owner.email.as_str() } else { PASSWORD }));
        let answer = post(world(), "/sign-in", "", &fields).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{fields:?}");
    }
}

#[tokio::test]
async fn t62_signing_in_anew_ends_what_the_browser_had_before() {
    let organization = world().organization().await;
    let email = organization.owner.email.clone();
    let elsewhere = session(world(), &email).await;
    let old = session(world(), &email).await;
    let wrong = post(world(), "/sign-in", &old, &[("email", &email), ("password", "not the password")]).await;
    assert_eq!((wrong.status, opens(world(), &old).await), (401, [true; 4]), "a mistake ends nothing");
    let new = cookie_of(&post(world(), "/sign-in", &old, &[("email", &email), ("password", PASSWORD)]).await);
    assert_ne!(new, old);
    assert_eq!(opens(world(), &new).await, [true; 4]);
    assert_eq!(opens(world(), &old).await, [false; 4], "an old copy of the cookie is worth nothing");
    assert_eq!(opens(world(), &elsewhere).await, [true; 4], "another browser's session goes on");
    // An invitation signs in too.
    let invited = format!("invited-{}@example.com", uuid::Uuid::now_v7().simple());
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(organization.owner.graphql(invite, json!({ "email": invited })).await["errors"].is_null());
    let link = world().link_to(&invited).await;
    let form = [("token", link.split("token=").nth(1).expect("a token")), ("name", "Mia"), ("password", PASSWORD)];
    let member = cookie_of(&post(world(), "/invitation", &new, &form).await);
    assert_eq!((opens(world(), &new).await, opens(world(), &member).await[0]), ([false; 4], true));
}

/// The session's organization, its id, when it began and when it ends.
async fn standing(world: &World, cookie: &str) -> [Value; 4] {
    let query = "{ viewer { organization { id } } sessions { nodes { id isCurrent createdAt expiresAt } } }";
    let nobody = world.anonymous();
    let answer = nobody.send(nobody.request(Method::POST, "/graphql").header("cookie", cookie).json(&json!({ "query": query }))).await.json();
    let nodes = answer["data"]["sessions"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let own = nodes.iter().find(|node| node["isCurrent"] == true).expect("the session itself");
    [&answer["data"]["viewer"]["organization"]["id"], &own["id"], &own["createdAt"], &own["expiresAt"]].map(Value::clone)
}

#[tokio::test]
async fn t62_another_organization_is_entered_by_a_new_cookie_and_the_old_one_opens_nothing() {
    let server = World::replica(&[]);
    let (first, second) = (server.organization().await, server.organization().await);
    let email = first.owner.email.clone();
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"admin\") { id } }";
    assert!(second.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
    let link = world().link_to(&email).await;
    Actor::accept_invitation(&server, &link, "", PASSWORD).await;
    let organizations = [&first, &second].map(|organization| async { format!("org_{}", organization.tenant().await.simple()) });
    let organizations = futures::future::join_all(organizations).await;
    for path in ["/organization", "/new-organization"] {
        let old = session(&server, &email).await;
        let before = standing(&server, &old).await;
        server.clock.advance(chrono::TimeDelta::minutes(61));
        let other = organizations.iter().find(|id| before[0] != id.as_str()).expect("another");
        let wanted = if path == "/organization" { other.as_str() } else { "Third Team" };
        let answer = post(&server, path, &old, &[("organization", wanted)]).await;
        let new = cookie_of(&answer);
        let set = answer.header("set-cookie");
        let seconds = set.split("Max-Age=").nth(1).and_then(|rest| rest.split(';').next()?.parse::<i64>().ok()).expect("an age");
        assert!((14 * 86_400 - 3_720..=14 * 86_400 - 3_600).contains(&seconds), "it ends when it would have ended: {set}");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        assert_ne!(new, old, "{path}");
        assert_eq!(opens(&server, &old).await, [false; 4], "{path}: an old copy of the cookie is worth nothing");
        assert_eq!(post(&server, path, &old, &[("organization", wanted)]).await.status, 401, "{path}");
        assert_eq!(opens(&server, &new).await, [true; 4], "{path}");
        let after = standing(&server, &new).await;
        assert!(after[0] != before[0] && after[1] != before[1], "{path}: {before:?} {after:?}");
        assert_eq!(after[2..], before[2..], "{path}: it is no younger than it was");
        let make = json!({ "query": "mutation { createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { secret } }" });
        let nobody = server.anonymous();
        let answer = nobody.send(nobody.request(Method::POST, "/graphql").header("cookie", &new).json(&make)).await.json();
        assert_eq!(Actor::code(&answer), "FORBIDDEN", "{path}: moving is no fresh sign-in: {answer}");
    }
    // Where it may not go it stays what it is.
    let stranger = world().organization().await;
    let old = session(&server, &email).await;
    let wanted = format!("org_{}", stranger.tenant().await.simple());
    let refused = post(&server, "/organization", &old, &[("organization", &wanted)]).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (404, ""));
    assert_eq!(opens(&server, &old).await, [true; 4]);
}

/// A refused sign-in as the caller sees it, without what was typed and what is new each time.
async fn refusal(world: &World, email: &str, password: &str) -> (u16, String, Vec<String>) {
    let answer = post(world, "/sign-in", "", &[("email", email), ("password", password)]).await;
    assert!(answer.text().contains("The e-mail address or the password is not right."), "{}", answer.text());
    (answer.status, answer.header("set-cookie").to_owned(), shape(&answer.text(), email))
}

#[tokio::test]
async fn t61_whoever_may_not_sign_in_is_told_the_same() {
    let organization = world().organization().await;
    let fresh = |who: &str| format!("{who}-{}@example.com", uuid::Uuid::now_v7().simple());
    let unconfirmed = fresh("unconfirmed");
    let form = [("organization", "Team"), ("name", "Ada"), ("email", unconfirmed.as_str()), ("password", PASSWORD)];
    assert_eq!(world().anonymous().form("/sign-up", &form).await.status, 303);
    let (disabled, removed) = (organization.member("viewer").await.email, organization.member("viewer").await.email);
    let mut owner = organization.tamperer().await;
    owner.execute(sqlx::query("update public.people set disabled = true where email = $1").bind(&disabled)).await.expect("disables");
    remove(&organization, &removed).await;
    let expected = refusal(world(), &organization.owner.email, "not the password").await;
    assert_eq!(expected.0, 401);
    for (who, email) in [("unknown", fresh("unknown")), ("unconfirmed", unconfirmed), ("disabled", disabled), ("removed", removed)] {
        assert_eq!(refusal(world(), &email, PASSWORD).await, expected, "{who}");
    }
}

async fn remove(organization: &Organization<'_>, email: &str) {
    let members = organization.owner.graphql("{ members { nodes { id email } } }", Value::Null).await;
    let nodes = members["data"]["members"]["nodes"].as_array().expect("members");
    let id = nodes.iter().find(|node| node["email"] == email).expect("the member")["id"].clone();
    let removed = organization.owner.graphql("mutation($id: ID!) { removeMember(id: $id) { id } }", json!({ "id": id })).await;
    assert!(removed["errors"].is_null(), "{removed}");
}

#[tokio::test]
async fn t64_only_the_newest_reset_link_works_and_none_is_guessed() {
    let organization = world().organization().await;
    let email = organization.owner.email.clone();
    let token = |link: &str| link.split("token=").nth(1).expect("a token").to_owned();
    let mut links = Vec::new();
    for _ in 0..2 {
        assert_eq!(post(world(), "/forgot-password", "", &[("email", &email)]).await.status, 303);
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut link = token(&world().link_to(&email).await);
        while links.contains(&link) {
            assert!(Instant::now() < deadline, "no second mail");
            tokio::task::yield_now().await;
            link = token(&world().link_to(&email).await);
        }
        links.push(link);
    }
    let reset = async |token: &str| post(world(), "/reset-password", "", &[("token", token), ("password", "another good password")]).await.status;
    let (old, new) = (&links[0], &links[1]);
    assert!(new.len() >= 43, "256 bits: {new}");
    let guesses =
        [String::new(), "0".repeat(43), new[..42].to_owned(), format!("{new}A"), new.to_lowercase(), format!("{new}%00"), "' or 1=1 --".into()];
    for guess in guesses.iter().chain([old]) {
        assert_eq!(reset(guess).await, 422, "{guess}");
    }
    // A host of the caller's choice is not answered, so no mail can carry it.
    let evil = world().anonymous();
    let body = format!("email={}", email.replace('@', "%40"));
    let request = evil.request(Method::POST, "/forgot-password").header("host", "evil.example");
    assert_eq!(evil.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await.status, 400);
    let sessions = [session(world(), &email).await, session(world(), &email).await];
    assert_eq!(reset(new).await, 303);
    assert_eq!(reset(new).await, 422, "once");
    assert_eq!(reset(old).await, 422, "nor what was sent before the password changed");
    for cookie in &sessions {
        assert_eq!(opens(world(), cookie).await, [false; 4], "every session ended");
    }
    assert_eq!(post(world(), "/sign-in", "", &[("email", &email), ("password", PASSWORD)]).await.status, 401);
}

#[tokio::test]
async fn t60_an_address_is_throttled_whatever_account_it_tries_and_others_are_not() {
    let world = World::replica(&["--behind-proxy=true", "--redis-url="]);
    world.to_the_middle_of(900);
    let organization = world.organization().await;
    let (email, visitor) = (&organization.owner.email, world.anonymous());
    let attack = |n: usize| {
        let visitor = &visitor;
        // What the attacker writes in front of the proxy's own word does not count.
        async move { sign_in_from(visitor, &format!("10.0.{}.{}, 192.0.2.1", n / 250, n % 250), &format!("nobody-{n}@example.com"), "wrong").await }
    };
    let statuses: Vec<u16> = stream::iter(0..300).map(&attack).buffer_unordered(12).collect().await;
    assert!(statuses.iter().all(|status| *status == 401), "{statuses:?}");
    assert_eq!(attack(300).await, 429);
    assert_eq!(sign_in_from(&visitor, "192.0.2.1", email, PASSWORD).await, 429, "not even with the right password");
    assert_eq!(sign_in_from(&visitor, "192.0.2.2", email, PASSWORD).await, 303, "nobody else is kept out");
}

/// Signs in from an address that the proxy in front reports.
async fn sign_in_from(visitor: &Actor, address: &str, email: &str, password: &str) -> u16 {
    let request = visitor.request(Method::POST, "/sign-in").header("x-forwarded-for", address).form(&[("email", email), ("password", password)]);
    visitor.send(request).await.status
}

#[tokio::test]
async fn t60_all_sign_ins_together_are_bounded_and_nobody_is_kept_out_for_long() {
    let world = World::replica(&["--behind-proxy=true", "--redis-url="]);
    world.to_the_middle_of(900);
    let organization = world.organization().await;
    let (throttle, visitor) = (world.services().throttle, world.anonymous());
    // Many accounts from many addresses: only their sum shows. The owner's own sign-in was the first.
    for _ in 0..IN_ALL.attempts - 2 {
        throttle.attempt("sign-in:all", IN_ALL).await.expect("is within the limit");
    }
    assert_eq!(sign_in_from(&visitor, "192.0.2.4", "nobody@example.com", PASSWORD).await, 401, "the last");
    let victim = async |address: &str| sign_in_from(&visitor, address, &organization.owner.email, PASSWORD).await;
    assert_eq!(victim("192.0.2.3").await, 429);
    assert_eq!(victim("127.0.0.1").await, 303, "from where the owner signed in");
    world.clock.advance(chrono::TimeDelta::minutes(16));
    assert_eq!(victim("192.0.2.3").await, 303);
}

#[tokio::test]
async fn t60_a_hundred_addresses_exhaust_an_account_and_its_owner_still_enters_it() {
    let server = World::idle(&["--behind-proxy=true", "--redis-url="]).await;
    server.to_the_middle_of(900);
    let organization = server.organization().await;
    let (email, home, stranger) = (&organization.owner.email, server.anonymous(), server.anonymous());
    assert_eq!(sign_in_from(&home, "198.51.100.7", email, PASSWORD).await, 303);
    assert_eq!(home.form("/sign-out", &[]).await.status, 303);
    let attack = |n: u32| {
        let stranger = &stranger;
        async move { sign_in_from(stranger, &format!("10.1.0.{n}"), email, "not the password").await }
    };
    // One address alone takes no more than its own ten.
    for _ in 0..40 {
        attack(0).await;
    }
    let mut statuses = Vec::new();
    for n in 1..=100 {
        statuses.push(attack(n).await);
    }
    // Two of the owner and ten of the first address came before.
    let left = PER_ACCOUNT_ANYWHERE.attempts as usize - 12;
    assert_eq!(statuses, [vec![401; left], vec![429; 100 - left]].concat());
    assert_eq!(sign_in_from(&stranger, "203.0.113.9", email, PASSWORD).await, 429, "from elsewhere not even with the password");
    for _ in 0..8 {
        assert_eq!(sign_in_from(&home, "198.51.100.7", email, "not the password").await, 401, "mistakes at home are mistakes");
    }
    assert_eq!(sign_in_from(&home, "198.51.100.7", email, PASSWORD).await, 303, "the owner's tenth attempt");
    assert_eq!(sign_in_from(&home, "198.51.100.7", email, PASSWORD).await, 429, "and no more than ten");
    // From elsewhere, the mailbox is the way in.
    assert_eq!(stranger.form("/forgot-password", &[("email", email)]).await.status, 303);
    server.drain().await;
    let link = server.link_to(email).await;
    let form = [("token", link.split("token=").nth(1).expect("a token")), ("password", "another good password")];
    let reset = stranger.request(Method::POST, "/reset-password").header("x-forwarded-for", "203.0.113.9").form(&form);
    assert_eq!(stranger.send(reset).await.status, 303);
    assert_eq!(sign_in_from(&stranger, "203.0.113.9", email, "another good password").await, 303);
    assert_eq!(attack(101).await, 429, "strangers are still strangers");
}

#[tokio::test]
async fn t60_each_wrong_attempt_is_in_the_log_of_the_victims_organization() {
    let organization = world().organization().await;
    for _ in 0..3 {
        let answer = post(world(), "/sign-in", "", &[("email", &organization.owner.email), ("password", "not the password")]).await;
        assert_eq!(answer.status, 401);
    }
    let query = "{ auditEntries(filter: { outcome: DENIED, action: \"session.create\" }) { totalCount nodes { subjectName address } } }";
    let deadline = Instant::now() + Duration::from_secs(20);
    // Entered after the answer, so that known addresses are not slower.
    let entered = loop {
        let answer = organization.owner.graphql(query, Value::Null).await;
        let entries = answer["data"]["auditEntries"].clone();
        if entries["totalCount"] == 3 {
            break entries;
        }
        assert!(Instant::now() < deadline, "{answer}");
        tokio::task::yield_now().await;
    };
    assert_eq!(entered["nodes"][0]["subjectName"], organization.owner.email.as_str());
    assert!(entered["nodes"][0]["address"].as_str().is_some_and(|address| address.starts_with("127.")), "{entered}");
}

/// What a training may do does not let it release what it trained, nor read or widen what it holds.
#[tokio::test]
async fn t15_a_token_that_logs_runs_promotes_nothing_and_reads_no_secrets() {
    let organization = world().organization().await;
    let all = organization.script().await;
    let run = all.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await.json();
    let run = run["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    for (path, body) in [
        ("registered-models/create", json!({ "name": "m" })),
        ("model-versions/create", json!({ "name": "m", "source": format!("runs:/{run}"), "run_id": run })),
    ] {
        assert_eq!(all.mlflow("POST", path, body).await.status, 200, "{path}");
    }
    let before = all.mlflow("GET", "registered-models/get?name=m", Value::Null).await.text();
    let script = organization.owner.token(&["runs:write"]).await;
    let stage = json!({ "name": "m", "version": "1", "stage": "Production", "archive_existing_versions": false });
    for (path, body) in [
        ("model-versions/transition-stage", stage),
        ("registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "1" })),
        ("registered-models/set-tag", json!({ "name": "m", "key": "k", "value": "v" })),
    ] {
        assert_eq!(script.mlflow("POST", path, body).await.status, 403, "{path}");
    }
    assert_eq!(all.mlflow("GET", "registered-models/get?name=m", Value::Null).await.text(), before);
    for query in ["{ identityProvider { label } }", "{ tokens { totalCount } }"] {
        assert_eq!(Actor::code(&script.graphql(query, Value::Null).await), "FORBIDDEN", "{query}");
    }
    let widening = server::graphql::sdl().lines().filter(|line| line.contains("scopes: [")).count();
    assert_eq!(widening, 2, "scopes are said when a token is made, shown in lists, and named nowhere else");
}

#[tokio::test]
async fn t15_a_token_is_made_only_within_an_hour_of_signing_in() {
    let world = World::replica(&[]);
    let organization = world.organization().await;
    let make = "mutation { createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { secret } }";
    assert!(organization.owner.graphql(make, Value::Null).await["errors"].is_null());
    world.clock.advance(chrono::TimeDelta::minutes(61));
    let refused = organization.owner.graphql(make, Value::Null).await;
    assert_eq!(Actor::code(&refused), "FORBIDDEN", "{refused}");
    assert!(refused.to_string().contains("Sign in again"), "{refused}");
    let all = organization.owner.graphql("{ tokens { totalCount } }", Value::Null).await;
    assert_eq!(all["data"]["tokens"]["totalCount"], 1, "everything else goes on: {all}");
    let again = Actor::sign_in(&world, &organization.owner.email, PASSWORD).await;
    assert!(again.graphql(make, Value::Null).await["errors"].is_null());
}
