//! Signing up, signing in, resetting, invitations, sessions.

mod costs;
mod credentials;
mod crossing;
mod founding;
mod service_accounts;

use crate::support::{Actor, PASSWORD, World, world};
use serde_json::{Value, json};
use uuid::Uuid;

fn token(link: &str) -> &str {
    link.split("token=").nth(1).expect("a token")
}

#[tokio::test]
async fn sign_up_is_confirmed_by_mail_and_ends_signed_in() {
    let (world, browser) = (world(), world().anonymous());
    let email = format!("new-{}@example.com", Uuid::now_v7().simple());
    let form = [("organization", "Northwind Risk"), ("name", "Ada"), ("email", email.as_str()), ("password", PASSWORD)];
    assert_eq!(browser.form("/sign-up", &form).await.status, 303);
    let link = world.link_to(&email).await;
    assert_eq!(browser.form("/confirm", &[("token", token(&link))]).await.status, 303);
    let viewer = browser.graphql("{ viewer { email organization { name } roles } }", Value::Null).await;
    assert_eq!(viewer["data"]["viewer"], json!({ "email": email, "organization": { "name": "Northwind Risk" }, "roles": ["owner"] }));
    assert_eq!(browser.form("/confirm", &[("token", token(&link))]).await.status, 422, "a link works once");
}

/// Nobody becomes more by sending more than a form asks for.
#[tokio::test]
async fn t06_a_field_that_a_form_does_not_have_is_refused_and_nothing_changes() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let state = "{ viewer { name roles } members { nodes { email roles } } signInPolicy { sessionMinutes mailDomains } }";
    let before = owner.graphql(state, Value::Null).await;
    assert!(before["errors"].is_null(), "{before}");
    let invited = format!("invited-{}@example.com", Uuid::now_v7().simple());
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(owner.graphql(invite, json!({ "email": invited })).await["errors"].is_null());
    let link = world().link_to(&invited).await;
    for more in ["role", "roles", "tenant_id", "is_superuser"] {
        let more = (more, "owner");
        let nobody = world().anonymous();
        for (path, fields) in [
            ("/sign-up", vec![("organization", "Sold Out"), ("name", "Ada"), ("email", "t06@example.com"), ("password", PASSWORD), more]),
            ("/invitation", vec![("token", token(&link)), ("name", "Ada"), ("password", PASSWORD), more]),
            ("/sign-in", vec![("email", owner.email.as_str()), ("password", PASSWORD), more]),
        ] {
            let answer = nobody.form(path, &fields).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{path} {more:?}: {}", answer.text());
        }
        for (path, fields) in [("/new-organization", vec![("organization", "Sold Out"), more]), ("/access", vec![("sessionMinutes", "480"), more])] {
            let answer = owner.form(path, &fields).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{path} {more:?}: {}", answer.text());
        }
        let changed = owner.graphql(&format!("mutation {{ updateViewer(name: \"Ada\", {}: \"owner\") {{ name }} }}", more.0), Value::Null).await;
        assert_eq!(Actor::code(&changed), "INVALID", "{changed}");
    }
    assert_eq!(owner.graphql(state, Value::Null).await, before);
    let answer = world().anonymous().form("/invitation", &[("token", token(&link)), ("name", "Ada"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "the invitation was not used up: {}", answer.text());
}

/// What no database keeps comes back as a mistake of whoever typed it.
#[tokio::test]
async fn t46_forms_refuse_odd_text() {
    let nobody = world().anonymous();
    for text in ["a\u{0}b", "a\u{202e}b", "a\u{ad}b", "fr\u{430}ud"] {
        for (path, fields) in [
            ("/sign-in", vec![("email", text), ("password", PASSWORD)]),
            ("/sign-up", vec![("organization", text), ("name", "Ada"), ("email", "t46@example.com"), ("password", PASSWORD)]),
            ("/sign-up", vec![("organization", "Team"), ("name", text), ("email", "t46@example.com"), ("password", PASSWORD)]),
            ("/sign-up", vec![("organization", "Team"), ("name", "Ada"), ("email", text), ("password", PASSWORD)]),
            ("/confirm", vec![("token", text)]),
            ("/forgot-password", vec![("email", text)]),
            ("/reset-password", vec![("token", text), ("password", PASSWORD)]),
            ("/invitation", vec![("token", text), ("name", "Ada"), ("password", PASSWORD)]),
        ] {
            let answer = nobody.form(path, &fields).await;
            assert!((400..500).contains(&answer.status) && answer.status != 429, "{path} {text:?}: {}", answer.status);
            assert_eq!(answer.header("set-cookie"), "", "{path} {text:?}");
        }
    }
}

#[tokio::test]
async fn t12_t61_a_known_address_looks_like_an_unknown_one() {
    let organization = world().organization().await;
    let unknown = format!("nobody-{}@example.com", Uuid::now_v7().simple());
    let shape =
        |answer: &crate::support::actor::Answer| (answer.status, answer.header("location").to_owned(), answer.header("set-cookie").to_owned());
    for (path, fields) in [("/sign-up", vec![("organization", "Team"), ("name", "Ada"), ("password", PASSWORD)]), ("/forgot-password", vec![])] {
        let mut shapes = Vec::new();
        for email in [organization.owner.email.as_str(), unknown.as_str()] {
            let fields: Vec<_> = fields.iter().copied().chain([("email", email)]).collect();
            shapes.push(shape(&world().anonymous().form(path, &fields).await));
        }
        assert_eq!(shapes[0], shapes[1], "{path}");
        assert_eq!(shapes[0].0, 303, "{path}");
    }
    let wrong = world().anonymous().form("/sign-in", &[("email", &organization.owner.email), ("password", "not the password")]).await;
    let nobody = world().anonymous().form("/sign-in", &[("email", &unknown), ("password", "not the password")]).await;
    assert_eq!((wrong.status, nobody.status), (401, 401));
    let neutral = |answer: &crate::support::actor::Answer, email: &str| {
        let text = answer.text().replace(email, "E");
        let nonce =
            answer.header("content-security-policy").split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("-").to_owned();
        // The page carries the time it was made at.
        let text = text.replace(&nonce, "N");
        text.split('"').filter(|part| part.trim_end_matches(".0").parse::<u64>().is_err()).collect::<Vec<_>>().join("\"")
    };
    let (wrong, nobody) = (neutral(&wrong, &organization.owner.email), neutral(&nobody, &unknown));
    let differs = wrong.chars().zip(nobody.chars()).position(|(a, b)| a != b).unwrap_or(wrong.len().min(nobody.len()));
    let around = |text: &str| text.chars().skip(differs.saturating_sub(80)).take(160).collect::<String>();
    assert!(wrong == nobody, "{}\n{}", around(&wrong), around(&nobody));
}

#[tokio::test]
async fn t60_an_account_is_throttled_and_not_locked() {
    let world = World::alone(&[]).await;
    let organization = world.organization().await;
    let email = organization.owner.email.clone();
    let attempt = |password: &'static str| {
        let (browser, email) = (world.anonymous(), email.clone());
        async move { browser.form("/sign-in", &[("email", &email), ("password", password)]).await.status }
    };
    // The owner's own sign-in was the first of ten.
    for _ in 0..9 {
        assert_eq!(attempt("not the password").await, 401);
    }
    assert_eq!(attempt("not the password").await, 429);
    assert_eq!(attempt(PASSWORD).await, 429);
    world.clock.advance(chrono::TimeDelta::minutes(16));
    assert_eq!(attempt(PASSWORD).await, 303);
}

#[tokio::test]
async fn t62_t68_each_sign_in_is_a_new_session_and_signing_out_ends_it() {
    let organization = world().organization().await;
    let planted = "A".repeat(43);
    let browser = world().anonymous();
    let request = browser
        .request(reqwest::Method::POST, "/sign-in")
        .header("cookie", format!("assay_session={planted}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("email={}&password=correct%20horse%20battery", organization.owner.email.replace('@', "%40")));
    let answer = browser.send(request).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("assay_session=") && !cookie.contains(&planted), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let value = cookie.split(';').next().expect("a pair").to_owned();
    let replay = || async {
        let nobody = world().anonymous();
        let request = nobody.request(reqwest::Method::POST, "/graphql").header("cookie", &value).json(&json!({ "query": "{ viewer { email } }" }));
        nobody.send(request).await.status
    };
    assert_eq!(replay().await, 200);
    assert_eq!(browser.form("/sign-out", &[]).await.status, 303);
    assert_eq!(replay().await, 401);
}

#[tokio::test]
async fn t64_a_reset_link_works_once_for_fifteen_minutes_and_ends_every_session() {
    let world = World::alone(&[]).await;
    let organization = world.organization().await;
    let email = organization.owner.email.clone();
    let browser = world.anonymous();
    let request = browser
        .request(reqwest::Method::POST, "/forgot-password")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("email={}", email.replace('@', "%40")));
    assert_eq!(browser.send(request).await.status, 303);
    let link = world.link_to(&email).await;
    assert!(link.starts_with(&world.url.replace("127.0.0.1", "localhost")), "the host is the configured one: {link}");
    world.clock.advance(chrono::TimeDelta::minutes(16));
    let reset = |link: String, password: &'static str| {
        let browser = world.anonymous();
        async move { browser.form("/reset-password", &[("token", token(&link)), ("password", password)]).await.status }
    };
    assert_eq!(reset(link.clone(), "another good password").await, 422, "expired");
    std::fs::remove_dir_all(&world.mail).expect("mail is cleared");
    std::fs::create_dir_all(&world.mail).expect("mail is cleared");
    assert_eq!(browser.form("/forgot-password", &[("email", &email)]).await.status, 303);
    let link = world.link_to(&email).await;
    let (first, second) = tokio::join!(reset(link.clone(), "another good password"), reset(link.clone(), "yet another password"));
    let mut statuses = [first, second];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "parallel uses: one wins");
    let viewer = organization.owner.graphql("{ viewer { email } }", Value::Null).await;
    assert_eq!(Actor::code(&viewer), "UNAUTHENTICATED", "every session ended");
}

#[tokio::test]
async fn t66_a_huge_password_is_refused_before_hashing() {
    let organization = world().organization().await;
    let invited = format!("invited-{}@example.com", Uuid::now_v7().simple());
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(organization.owner.graphql(invite, json!({ "email": invited })).await["errors"].is_null());
    let invitation = world().link_to(&invited).await;
    let email = &organization.owner.email;
    assert_eq!(world().anonymous().form("/forgot-password", &[("email", email)]).await.status, 303);
    let reset = world().link_to(email).await;
    // The longest password that is one is heard by each form, and leads in at the end.
    let forms = [
        ("/sign-in", vec![("email", "a@example.com")], 401),
        ("/sign-up", vec![("organization", "Team"), ("name", "Ada"), ("email", "long@example.com")], 303),
        ("/reset-password", vec![("token", token(&reset))], 303),
        ("/invitation", vec![("token", token(&invitation)), ("name", "Mia")], 303),
    ];
    for (path, fields, status) in forms {
        for (length, status) in [(1_025, 400), (10_000, 400), (1_000_000, 400), (10_000_000, 400), (1_024, status)] {
            let password = "xy".repeat(length)[..length].to_owned();
            let fields: Vec<_> = fields.iter().copied().chain([("password", password.as_str())]).collect();
            let answer = world().anonymous().form(path, &fields).await;
            assert_eq!(answer.status, status, "{path} {length} bytes");
            assert!(!answer.text().contains("xyxy"), "{path}: it does not come back");
        }
    }
}

#[tokio::test]
async fn t12_whether_an_address_is_known_elsewhere_is_not_told_to_who_invites_it() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let theirs_alone = theirs.member("viewer").await.email;
    let unknown = format!("viewer-{}@example.com", Uuid::now_v7().simple());
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id email role invitedBy createdAt expiresAt } }";
    let mut told = Vec::new();
    for email in [&theirs.owner.email, &theirs_alone, &unknown] {
        let request = ours.owner.request(reqwest::Method::POST, "/graphql").json(&json!({ "query": invite, "variables": { "email": email } }));
        let answer = ours.owner.send(request).await;
        let mut body = answer.json();
        let made = body["data"]["inviteMember"].as_object_mut().unwrap_or_else(|| panic!("{email}"));
        assert_eq!(made["email"], email.as_str());
        ["id", "email", "createdAt", "expiresAt"].iter().for_each(|new| made[*new] = Value::Null);
        let headers: std::collections::BTreeMap<_, _> = answer
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date" | "content-length"))
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        told.push((answer.status, headers, body));
    }
    assert_eq!((&told[0], &told[1]), (&told[2], &told[2]));
    // The same again, of those that are open.
    let seen = ours
        .owner
        .graphql("{ invitations { nodes { role invitedBy } } members { totalCount } findMembers(text: \"example.com\") { id } }", Value::Null)
        .await;
    let nodes = seen["data"]["invitations"]["nodes"].as_array().unwrap_or_else(|| panic!("{seen}"));
    assert!(nodes.len() == 3 && nodes.iter().all(|node| *node == nodes[0]), "{seen}");
    assert_eq!((&seen["data"]["members"]["totalCount"], seen["data"]["findMembers"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{seen}");
}

#[tokio::test]
async fn t67_a_token_counts_only_in_its_header() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let nobody = world().anonymous();
    let inside = nobody
        .request(reqwest::Method::POST, &format!("/graphql?token={0}&access_token={0}", script.secret()))
        .json(&json!({ "query": "{ viewer { email } }" }));
    assert_eq!(Actor::code(&nobody.send(inside).await.json()), "UNAUTHENTICATED");
    let basic = nobody
        .request(reqwest::Method::POST, "/graphql")
        .basic_auth("anybody", Some(script.secret()))
        .json(&json!({ "query": "{ viewer { email } }" }));
    assert_eq!(nobody.send(basic).await.json()["data"]["viewer"]["email"], organization.owner.email.as_str());
    let cut = nobody.request(reqwest::Method::POST, "/graphql").bearer_auth(&script.secret()[..30]).json(&json!({ "query": "{ viewer { email } }" }));
    assert_eq!(nobody.send(cut).await.status, 401);
}

#[tokio::test]
async fn t63_a_write_from_another_site_is_refused() {
    let organization = world().organization().await;
    let body = json!({ "query": "mutation { createProject(name: \"x\") { id } }" });
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
        let request = organization.owner.request(reqwest::Method::POST, "/graphql").header(name, value).json(&body);
        let request = request.build().map(|mut request| {
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert("sec-fetch-site", value.parse().expect("a value"));
            request
        });
        let client = reqwest::Client::new();
        let answer = client.execute(request.expect("a request")).await.expect("answers");
        assert_eq!(answer.status(), 403, "{name}: {value}");
    }
    let text = organization.owner.request(reqwest::Method::POST, "/graphql").header("content-type", "text/plain").body(body.to_string());
    assert_eq!(organization.owner.send(text).await.status, 415);
}

#[tokio::test]
async fn t69_sign_in_goes_on_to_our_own_pages_only() {
    // Ten sign-ins are what an account may.
    let owners = [world().organization().await.owner, world().organization().await.owner];
    let cases = [
        ("//evil.example", "/"),
        ("//experiments", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("data:text/html,x", "/"),
        ("/experiments/../artifacts/runs/1/evil.html", "/"),
        ("/artifacts/runs/1/evil.html", "/"),
        ("/graphql", "/"),
        ("/experiments?x=1", "/experiments?x=1"),
        ("/runs/1/metrics?key=loss", "/runs/1/metrics?key=loss"),
    ];
    for ((next, expected), owner) in cases.into_iter().zip(owners.iter().cycle()) {
        let answer = world().anonymous().form("/sign-in", &[("email", &owner.email), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, expected), "{next}");
        // Choosing a theme leads back, by its field and else by where it was chosen.
        let browser = world().anonymous();
        let answer = browser.form("/theme", &[("theme", "dark"), ("next", next)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, expected), "{next}");
        let request = browser.request(reqwest::Method::POST, "/theme").header("referer", format!("https://evil.example{next}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body("theme=dark");
        let answer = browser.send(request).await;
        assert_eq!((answer.status, answer.header("location")), (303, expected), "referer {next}");
    }
}

#[tokio::test]
async fn a_person_switches_between_organizations_they_belong_to() {
    let (first, second) = (world().organization().await, world().organization().await);
    let invited = first
        .owner
        .graphql("mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }", json!({ "email": second.owner.email }))
        .await;
    assert!(invited["errors"].is_null(), "{invited}");
    let link = world().link_to(&second.owner.email).await;
    let both = Actor::accept_invitation(world(), &link, "", PASSWORD).await;
    let organizations = both.graphql("{ viewer { roles organization { id } organizations { id } } }", Value::Null).await;
    assert_eq!(organizations["data"]["viewer"]["roles"], json!(["viewer"]));
    assert_eq!(organizations["data"]["viewer"]["organizations"].as_array().map(Vec::len), Some(2));
    let own = second.owner.graphql("{ viewer { organization { id } } }", Value::Null).await;
    let own = own["data"]["viewer"]["organization"]["id"].as_str().expect("an id");
    assert_eq!(both.form("/organization", &[("organization", own)]).await.status, 303);
    let viewer = both.graphql("{ viewer { roles } }", Value::Null).await;
    assert_eq!(viewer["data"]["viewer"]["roles"], json!(["owner"]));
    let stranger = world().organization().await.owner;
    assert_eq!(stranger.form("/organization", &[("organization", own)]).await.status, 404, "not theirs");
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_browser_too() {
    let organization = world().organization().await;
    let other = Actor::sign_in(world(), &organization.owner.email, PASSWORD).await;
    assert_eq!(organization.owner.form("/sign-out-everywhere", &[]).await.status, 303);
    assert_eq!(Actor::code(&other.graphql("{ viewer { email } }", Value::Null).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_person_founds_a_further_organization_and_is_in_it() {
    let organization = world().organization().await;
    let browser = &organization.owner;
    let script = organization.script().await;
    let form = |name: &'static str| async move { browser.form("/new-organization", &[("organization", name)]).await };
    let refused = form(" ").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("id=\"rail\""), "the page keeps its navigation");
    let founded = form("Second Team").await;
    assert_eq!((founded.status, founded.header("location")), (303, "/"));
    let viewer = browser.graphql("{ viewer { email roles organization { name } organizations { name } } }", Value::Null).await;
    let viewer = &viewer["data"]["viewer"];
    assert_eq!((&viewer["organization"]["name"], &viewer["roles"]), (&json!("Second Team"), &json!(["owner"])));
    assert_eq!(viewer["organizations"].as_array().map(Vec::len), Some(2));
    let entries = browser.graphql("{ auditEntries { nodes { action actor } } }", Value::Null).await;
    let actions: Vec<_> = entries["data"]["auditEntries"]["nodes"].as_array().expect("entries").iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["session.switch", "organization.create"]);
    assert_eq!(script.form("/new-organization", &[("organization", "By a script")]).await.status, 403);
    assert_eq!(world().anonymous().form("/new-organization", &[("organization", "By nobody")]).await.status, 401);
}

#[tokio::test]
async fn an_invitation_says_who_invites_to_what_and_asks_a_known_person_for_no_name() {
    let (organization, known) = (world().organization().await, world().organization().await.owner);
    let unknown = format!("new-{}@example.com", Uuid::now_v7().simple());
    for (email, asked) in [(known.email.as_str(), false), (unknown.as_str(), true)] {
        let invited = organization
            .owner
            .graphql("mutation($email: String!) { inviteMember(email: $email, role: \"data_scientist\") { id } }", json!({ "email": email }))
            .await;
        assert!(invited["errors"].is_null(), "{invited}");
        let link = world().link_to(email).await;
        let page = world().anonymous().get(&format!("/invitation?token={}", token(&link))).await.text();
        assert!(page.contains("Olive Owner invited you to Team ") && page.contains(" as data scientist."), "{page}");
        assert_eq!(page.contains("name=\"name\""), asked, "{email}");
    }
    let page = world().anonymous().get("/invitation?token=x").await.text();
    assert!(page.contains("This invitation was used, revoked or has expired."));
}
