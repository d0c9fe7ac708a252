//! What is done by forms and links, without GraphQL: each is one entry in the log of every organization that it concerns.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::{features::support::enter_by_operator, http::routes::routes};

use super::acts::{ELSEWHERE, assert_whole, log};
use crate::signin::peer::{CLIENT, Provider, SECRET};
use crate::support::{Actor, PASSWORD, World, actor::Answer, phone::Phone};

/// The logs of two organizations, as scripts read them: they see entries of sessions that have ended.
struct Logs<'a> {
    scripts: [&'a Actor; 2],
    tried: BTreeSet<&'static str>,
}

impl Logs<'_> {
    async fn read(&self) -> [(u64, Value); 2] {
        [log(self.scripts[0]).await, log(self.scripts[1]).await]
    }

    /// Does something; returns the newest entries, of those organizations in which it made as many as expected.
    async fn enter(&mut self, act: &'static str, expected: [u64; 2], doing: impl Future<Output = Answer>) -> Vec<Value> {
        self.tried.insert(act);
        let before = self.read().await;
        let answer = doing.await;
        assert_eq!(answer.status, 303, "{act}: {}", answer.text());
        assert!(!answer.header("location").contains("problem="), "{act}: {}", answer.header("location"));
        let after = self.read().await;
        let made = [0, 1].map(|at| after[at].0 - before[at].0);
        assert_eq!(made, expected, "{act}: {after:?}");
        after.into_iter().zip(made).filter(|(_, made)| *made > 0).map(|((_, newest), _)| newest).collect()
    }

    /// The same of somebody who has signed in, or does so by it.
    async fn enter_of(&mut self, act: &'static str, who: &str, expected: [u64; 2], doing: impl Future<Output = Answer>) {
        for entry in self.enter(act, expected, doing).await {
            assert_whole(act, &entry, "member", who);
        }
    }
}

fn token(link: &str) -> &str {
    link.split("token=").nth(1).expect("a token")
}

/// The log of an organization that was founded just now: its founding, and how somebody came in.
async fn assert_founded(browser: &Actor, how: &str, who: &str) {
    let (count, newest) = log(browser).await;
    assert_eq!((count, newest["action"].as_str()), (2, Some(how)));
    assert_whole(how, &newest, "member", who);
}

#[tokio::test]
async fn c7_1d_every_form_has_one_entry_in_each_organization_that_it_concerns() {
    let provider = Provider::start();
    // The provider stands in for Slack too: it knows no webhook.
    let world = World::idle(&["--outbound-allow=127.0.0.0/8", &format!("--slack={}", provider.url())]).await;
    let (here, there) = (world.organization().await, world.organization().await);
    let (script, other) = (here.script().await, there.script().await);
    let mut logs = Logs { scripts: [&script, &other], tried: BTreeSet::new() };
    let (owner, email) = (&here.owner, here.owner.email.clone());
    let own = shared::ids::TenantId::from_uuid(here.tenant().await).to_string();
    let sign_in = [("email", email.as_str()), ("password", PASSWORD)];

    let browsers = [world.anonymous(), world.anonymous(), world.anonymous()];
    for browser in &browsers {
        logs.enter_of("/sign-in", &email, [1, 0], browser.form("/sign-in", &sign_in)).await;
    }
    let sessions = browsers[0].graphql("{ sessions { nodes { id isCurrent } } }", Value::Null).await;
    let sessions = sessions["data"]["sessions"]["nodes"].as_array().expect("sessions").clone();
    let session = sessions.iter().find(|session| session["isCurrent"] == true).and_then(|session| session["id"].as_str()).expect("an id");
    logs.enter_of("/end-session", &email, [1, 0], owner.form("/end-session", &[("session", session)])).await;
    logs.enter_of("/sign-out", &email, [1, 0], browsers[1].form("/sign-out", &[])).await;
    logs.enter_of("/end-other-sessions", &email, [1, 0], owner.form("/end-other-sessions", &[])).await;
    logs.enter_of("/access", &email, [1, 0], owner.form("/access", &[("sessionMinutes", "1440"), ("mailDomains", "")])).await;

    // Setting it up shows what is shown once, and leads nowhere.
    let before = logs.read().await;
    let phone = Phone::set_up(&world, owner).await;
    let after = logs.read().await;
    assert_eq!((after[0].0 - before[0].0, after[1].0 - before[1].0), (1, 0), "{after:?}");
    assert_whole("second_factor.create", &after[0].1, "member", &email);
    let browser = world.anonymous();
    logs.enter("/sign-in", [0, 0], browser.form("/sign-in", &sign_in)).await;
    let code = phone.code_in(&world, 1);
    logs.enter_of("/second-factor", &email, [1, 0], browser.form("/second-factor", &[("code", &code)])).await;
    let remove = [("act", "remove"), ("passwordOrCode", PASSWORD)];
    logs.enter_of("/account/second-factor", &email, [1, 0], owner.form("/account/second-factor", &remove)).await;

    let fields = [
        ("kind", "oidc"),
        ("label", "Northwind ID"),
        ("issuer", provider.url()),
        ("clientId", CLIENT),
        ("clientSecret", SECRET),
        ("defaultRole", "viewer"),
    ];
    logs.enter_of("/access/single-sign-on", &email, [1, 0], owner.form("/access/single-sign-on", &fields)).await;
    let viewer = owner.graphql("{ viewer { organization { slug } } }", Value::Null).await;
    let slug = viewer["data"]["viewer"]["organization"]["slug"].as_str().expect("a slug");
    // Whom nobody knew becomes a member first: two acts.
    for acts in [2, 1] {
        let grace = world.anonymous();
        logs.enter_of("/sso/callback", "grace@example.com", [acts, 0], provider.sign_in(&world, &grace, slug, |_| {})).await;
    }
    logs.enter_of("/access/single-sign-on/remove", &email, [1, 0], owner.form("/access/single-sign-on/remove", &[])).await;

    let mut imported = String::new();
    let channel = json!({ "label": "#ml", "address": format!("{}/services/T0/B0/none", provider.url()) });
    let input =
        json!({ "kind": "oidc", "label": "ID", "issuer": provider.url(), "clientId": CLIENT, "clientSecret": SECRET, "defaultRole": "viewer" });
    for (name, mutation, variables) in [
        (
            "setIdentityProvider",
            "mutation($input: IdentityProviderInput!) { setIdentityProvider(input: $input) { label } }",
            json!({ "input": input }),
        ),
        ("removeIdentityProvider", "mutation { removeIdentityProvider { label } }", json!({})),
        (
            "startImport",
            "mutation($input: StartImportInput!) { startImport(input: $input) { id } }",
            json!({ "input": { "address": world.url, "token": other.secret() } }),
        ),
        ("cancelImport", "mutation($id: ID!) { cancelImport(id: $id) { id } }", json!({})),
        ("startOrganizationExport", "mutation { startOrganizationExport { id } }", json!({})),
        ("cancelOrganizationExport", "mutation($id: ID!) { cancelOrganizationExport(id: $id) { id } }", json!({})),
        ("freeStorage", "mutation { freeStorage { used } }", json!({})),
        ("connectSlack", "mutation($input: ConnectSlackInput!) { connectSlack(input: $input) { label } }", json!({ "input": channel })),
        ("setSlackPosts", "mutation { setSlackPosts(posts: [SHARE]) { posts } }", json!({})),
        ("testSlack", "mutation { testSlack { posted } }", json!({})),
        ("disconnectSlack", "mutation { disconnectSlack { label } }", json!({})),
        ("connectOwnSlack", "mutation($input: ConnectSlackInput!) { connectOwnSlack(input: $input) { label } }", json!({ "input": channel })),
        ("testOwnSlack", "mutation { testOwnSlack { posted } }", json!({})),
        ("disconnectOwnSlack", "mutation { disconnectOwnSlack { label } }", json!({})),
    ] {
        assert!(ELSEWHERE.contains(&name), "{name}");
        let variables = if name.starts_with("cancel") { json!({ "id": imported }) } else { variables };
        let before = logs.read().await;
        let answer = owner.graphql(mutation, variables).await;
        assert!(answer["errors"].is_null(), "{name}: {answer}");
        imported = answer["data"][name]["id"].as_str().unwrap_or_default().to_owned();
        let after = logs.read().await;
        assert_eq!((after[0].0 - before[0].0, after[1].0 - before[1].0), (1, 0), "{name}: {after:?}");
        assert_whole(name, &after[0].1, "member", &email);
    }
    assert_eq!(ELSEWHERE.len(), 15);

    // The operator's support enters, begins and leaves, and is named with who let them in.
    let give = owner.graphql("mutation { grantSupport(hours: 1, reason: \"r\") { id } }", Value::Null).await;
    assert!(give["errors"].is_null(), "{give}");
    let (services, own_slug) = (world.services(), slug.to_owned());
    let entered = world.on_server(async move { enter_by_operator(&services, &own_slug, "Sam <sam@example.com>").await.map(|entered| entered.url) });
    let address = entered.await.expect("enters");
    let supporter = world.anonymous();
    let who = format!("Support: Sam <sam@example.com> (granted by {email})");
    for entry in logs.enter("/support", [1, 0], supporter.form("/support", &[("token", token(&address))])).await {
        assert_whole("/support", &entry, "support", &who);
    }
    for entry in logs.enter("/sign-out", [1, 0], supporter.form("/sign-out", &[])).await {
        assert_whole("/sign-out", &entry, "support", &who);
    }

    // Who is shut out reads no log: closing and restoring are looked at together.
    let before = logs.read().await;
    let seen = owner.graphql("{ viewer { organization { name } } }", Value::Null).await;
    let named = json!({ "name": seen["data"]["viewer"]["organization"]["name"] });
    let closed = owner.graphql("mutation($name: String!) { closeOrganization(name: $name) { eraseAt } }", named).await;
    assert!(closed["errors"].is_null(), "{closed}");
    world.drain().await;
    logs.tried.insert("/restore");
    let restored = world.anonymous().form("/restore", &[("token", token(&world.link_to(&email).await))]).await;
    assert_eq!(restored.status, 303, "{}", restored.text());
    let after = logs.read().await;
    assert_eq!((after[0].0 - before[0].0, after[1].0 - before[1].0), (2, 0), "{after:?}");
    assert_eq!(after[0].1["action"], "organization.restore");
    assert_whole("/restore", &after[0].1, "member", &email);

    logs.enter_of("/new-organization", &email, [0, 0], owner.form("/new-organization", &[("organization", "Further")])).await;
    assert_founded(owner, "session.switch", &email).await;
    logs.enter_of("/organization", &email, [1, 0], owner.form("/organization", &[("organization", &own)])).await;
    logs.enter_of("/new-project", &email, [1, 0], owner.form("/new-project", &[("name", "Churn")])).await;

    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(there.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
    world.drain().await;
    let link = world.link_to(&email).await;
    let form = [("token", token(&link)), ("name", ""), ("password", PASSWORD)];
    logs.enter_of("/invitation", &email, [0, 1], world.anonymous().form("/invitation", &form)).await;

    // A password is a person's, in all their organizations: each is told that somebody asked for another, and that it was chosen.
    let browser = world.anonymous();
    logs.enter("/forgot-password", [0, 0], browser.form("/forgot-password", &[("email", &email)])).await;
    let before = logs.read().await;
    world.drain().await;
    for (at, (count, newest)) in logs.read().await.into_iter().enumerate() {
        assert_eq!((count - before[at].0, newest["action"].as_str()), (1, Some("password.request_reset")), "{newest}");
        assert_whole("the link", &newest, "anonymous", "");
    }
    let link = world.link_to(&email).await;
    let chosen = "another good password";
    let form = [("token", token(&link)), ("password", chosen)];
    let entries = logs.enter("/reset-password", [1, 1], browser.form("/reset-password", &form)).await;
    for entry in &entries {
        assert_eq!(entry["action"], "password.reset", "{entry}");
        assert_whole("/reset-password", entry, "anonymous", &email);
    }
    assert_eq!((entries.len(), &entries[0]["requestId"]), (2, &entries[1]["requestId"]), "one act, in two logs");
    assert_eq!(browser.form("/sign-in", &[("email", &email), ("password", chosen)]).await.status, 303);
    logs.enter_of("/sign-out-everywhere", &email, [1, 1], browser.form("/sign-out-everywhere", &[])).await;

    // Nothing is founded yet, so nobody has a log to enter it in.
    let (browser, new) = (world.anonymous(), "new@example.com");
    let form = [("organization", "New"), ("name", "Ada"), ("email", new), ("password", PASSWORD)];
    logs.enter("/sign-up", [0, 0], browser.form("/sign-up", &form)).await;
    world.drain().await;
    let link = world.link_to(new).await;
    logs.enter_of("/confirm", new, [0, 0], browser.form("/confirm", &[("token", token(&link))])).await;
    assert_founded(&browser, "session.create", new).await;

    // GraphQL's acts and a directory's are tried elsewhere; light and dark, and the project that lists show, are a cookie's business.
    let posts = routes()
        .filter(|route| route.method.as_ref().is_some_and(|method| method == "POST") && !["/graphql", "/theme", "/project"].contains(&route.path))
        .filter(|route| !route.path.starts_with("/scim/"));
    let every: BTreeSet<&str> = posts.map(|route| route.path).chain(["/sso/callback"]).collect();
    assert_eq!(logs.tried, every);
    for reader in logs.scripts {
        let seen = reader.graphql("{ auditVerification { finding } }", json!({})).await;
        assert_eq!(seen["data"]["auditVerification"], json!({ "finding": null }));
    }
}
