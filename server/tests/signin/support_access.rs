//! The operator's support: nobody looks without leave, and who does is named with who gave it.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;

use crate::support::{
    Actor, Organization, World,
    calls::CALLS,
    names::{self, Names},
    world,
};
use server::{fault::Fault, features::support::enter_by_operator};

const SAM: &str = "Sam Support <sam@operator.example>";

async fn ask(actor: &Actor, query: &str) -> Value {
    let answer = actor.graphql(query, Value::Null).await;
    assert!(answer["errors"].is_null(), "{query}: {answer}");
    answer["data"].clone()
}

async fn code(actor: &Actor, query: &str) -> String {
    Actor::code(&actor.graphql(query, Value::Null).await).to_owned()
}

async fn give(owner: &Actor, hours: i32) -> String {
    let given = ask(owner, &format!("mutation {{ grantSupport(hours: {hours}, reason: \"Runs are slow\") {{ id }} }}")).await;
    given["grantSupport"]["id"].as_str().expect("an id").to_owned()
}

async fn end(owner: &Actor, id: &str) {
    ask(owner, &format!("mutation {{ endSupport(id: \"{id}\") {{ isOpen }} }}")).await;
}

async fn slug(organization: &Organization<'_>) -> String {
    let viewer = ask(&organization.owner, "{ viewer { organization { slug } } }").await;
    viewer["viewer"]["organization"]["slug"].as_str().expect("a slug").to_owned()
}

/// The operator enters at a server; the secret of the address.
async fn enter(world: &World, slug: &str, operator: &str) -> Result<String, Fault> {
    let (services, slug, operator) = (world.services(), slug.to_owned(), operator.to_owned());
    let entered = world.on_server(async move { enter_by_operator(&services, &slug, &operator).await.map(|entered| entered.url) }).await?;
    Ok(entered.split("token=").nth(1).expect("a token").to_owned())
}

/// A browser of the operator's, with a session of the support.
async fn look(world: &World, slug: &str) -> Actor {
    let (browser, token) = (world.anonymous(), enter(world, slug, SAM).await.expect("enters"));
    let answer = browser.form("/support", &[("token", &token)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
    browser
}

fn named(organization: &Organization<'_>) -> String {
    format!("Support: {SAM} (granted by {})", organization.owner.email)
}

const WHERE: &str = "{ viewer { organization { slug } } }";

#[tokio::test]
async fn t19_without_a_grant_of_the_organization_nobody_enters_and_nothing_is_written() {
    let (organization, other) = (world().organization().await, world().organization().await);
    let (own, others) = (slug(&organization).await, slug(&other).await);
    give(&other.owner, 72).await;
    let count = "{ auditEntries { totalCount } }";
    let before = ask(&organization.owner, count).await;
    for (slug, operator, words) in [
        (own.as_str(), SAM, "has not opened support access"),
        ("no-such-team", SAM, "was not found"),
        (others.as_str(), "Sam", "Say who you are"),
        (others.as_str(), "", "Say who you are"),
    ] {
        let fault = enter(world(), slug, operator).await.expect_err("is refused");
        assert!(fault.message().contains(words), "{}", fault.message());
    }
    assert_eq!(ask(&organization.owner, count).await, before);
    let mut tamperer = organization.tamperer().await;
    let sql = "select count(*) from public.support_visits where tenant_id = $1";
    let visits = sqlx::query(sql).bind(organization.tenant().await).fetch_one(&mut tamperer).await.expect("a count");
    assert_eq!(visits.get::<i64, _>(0), 0);

    // One opens the organization that gave it, and no other.
    let names = Names::of(&organization.script().await).await;
    let supporter = look(world(), &others).await;
    assert_eq!(ask(&supporter, WHERE).await["viewer"]["organization"]["slug"], others.as_str());
    assert_eq!(code(&supporter, &names.fill("{ run(id: \"run_$run\") { name } }")).await, "NOT_FOUND");
    let switched = supporter.form("/organization", &[("organization", &format!("org_{}", organization.tenant().await.simple()))]).await;
    assert_eq!(switched.status, 404, "{}", switched.text());
    // No cookie is one without it.
    for cookie in ["support_", "support_x", &format!("support_{}", "A".repeat(43))] {
        let nobody = world().anonymous();
        let request = nobody.request(Method::POST, "/graphql").header("cookie", format!("assay_session={cookie}"));
        let answer = nobody.send(request.json(&json!({ "query": WHERE }))).await.json();
        assert_eq!(Actor::code(&answer), "UNAUTHENTICATED", "{cookie}: {answer}");
    }
}

#[tokio::test]
async fn t19_an_address_begins_one_session_within_five_minutes_and_while_the_grant_stands() {
    let server = World::replica(&[]);
    let organization = server.organization().await;
    let slug = slug(&organization).await;
    let given = give(&organization.owner, 1).await;
    let begin = async |token: &str| server.anonymous().form("/support", &[("token", token)]).await;
    let token = enter(&server, &slug, SAM).await.expect("enters");
    // Looked at, it still works: it is pressed.
    assert_eq!(server.anonymous().get(&format!("/support?token={token}")).await.status, 200);
    assert_eq!(begin(&token).await.status, 303);
    for worthless in [token.as_str(), "", "x", &"A".repeat(43)] {
        let again = begin(worthless).await;
        assert!(again.status == 422 && again.text().contains("This address was opened before"), "{worthless}: {}", again.text());
        assert!(again.header("set-cookie").is_empty(), "{:?}", again.headers);
    }
    // Two at once: one session.
    let token = enter(&server, &slug, SAM).await.expect("enters");
    let (first, second) = tokio::join!(begin(&token), begin(&token));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);

    let late = enter(&server, &slug, SAM).await.expect("enters");
    server.clock.advance(TimeDelta::minutes(5));
    assert_eq!(begin(&late).await.status, 422, "five minutes later");
    let unopened = enter(&server, &slug, SAM).await.expect("enters");
    end(&organization.owner, &given).await;
    assert_eq!(begin(&unopened).await.status, 422, "the grant has ended");
    give(&organization.owner, 1).await;
    assert_eq!(begin(&unopened).await.status, 422, "another grant is not its own");
    server.clock.advance(TimeDelta::minutes(58));
    let last = enter(&server, &slug, SAM).await.expect("enters");
    server.clock.advance(TimeDelta::minutes(2));
    assert_eq!(begin(&last).await.status, 422, "the grant is over");
    assert!(enter(&server, &slug, SAM).await.is_err());
}

#[tokio::test]
async fn t19_whatever_support_does_stands_in_both_logs_with_who_it_was_and_who_let_them_in() {
    let organization = world().organization().await;
    let (owner, slug) = (&organization.owner, slug(&organization).await);
    let names = Names::of(&organization.script().await).await;
    let given = give(owner, 4).await;
    let supporter = look(world(), &slug).await;
    ask(&supporter, &names.fill("{ run(id: \"run_$run\") { name } }")).await;
    assert_eq!(code(&supporter, "mutation { createExperiment(name: \"x\") { id } }").await, "FORBIDDEN");
    assert_eq!(code(&supporter, "{ run(id: \"run_00000000000000000000000000000001\") { name } }").await, "NOT_FOUND");
    assert_eq!(
        names::ask(&supporter, "POST", "/api/2.0/mlflow/runs/log-metric", &names.fill(r#"{"run_id":"$run","key":"m","value":1,"timestamp":1}"#))
            .await
            .status,
        403
    );
    assert_eq!(supporter.form("/sign-out", &[]).await.header("location"), "/sign-in");
    assert_eq!(code(&supporter, WHERE).await, "UNAUTHENTICATED");

    let who = named(&organization);
    let log = "query($filter: AuditFilter) { auditEntries(filter: $filter, first: 50) { nodes { action actor actorKind subjectId detail } } }";
    let entries = owner.graphql(log, json!({ "filter": { "actor": who } })).await["data"]["auditEntries"]["nodes"].clone();
    let entries: Vec<&Value> = entries.as_array().expect("entries").iter().collect();
    assert!(entries.iter().all(|entry| entry["actor"] == who.as_str() && entry["actorKind"] == "support"), "{entries:?}");
    let actions: Vec<&str> = entries.iter().rev().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(
        actions,
        ["support.enter", "support.begin", "authorization.denied", "authorization.unknown_id", "authorization.denied", "support.leave"]
    );
    for action in ["support.enter", "support.begin", "support.leave"] {
        assert!(entries.iter().any(|entry| entry["action"] == action && entry["subjectId"] == given.as_str()), "{action}: {entries:?}");
    }
    // Nothing of them stands under another name.
    let denied = owner.graphql(log, json!({ "filter": { "outcome": "DENIED" } })).await;
    let denied = denied["data"]["auditEntries"]["nodes"].as_array().expect("entries").clone();
    assert!(denied.len() == 3 && denied.iter().all(|entry| entry["actor"] == who.as_str()), "{denied:?}");

    let vault = world().services().vault;
    world().on_server(async move { vault.flush_decisions().await }).await.expect("is written");
    let decided = "query($filter: AccessFilter) { accessDecisions(first: 50, filter: $filter) { nodes { actorKind permission allowed } } }";
    let decided = owner.graphql(decided, json!({ "filter": { "actor": who } })).await["data"]["accessDecisions"]["nodes"].clone();
    let decided = decided.as_array().expect("decisions").clone();
    for (permission, allowed) in [("runs:read", true), ("experiments:write", false), ("runs:write", false)] {
        let row = json!({ "actorKind": "support", "permission": permission, "allowed": allowed });
        assert!(decided.contains(&row), "{row}: {decided:?}");
    }

    let listed = ask(owner, "{ supportGrants { nodes { reason grantedBy isOpen visits { operator openedAt leftAt } } totalCount } }").await;
    let grant = &listed["supportGrants"]["nodes"][0];
    assert_eq!((&grant["grantedBy"], &grant["isOpen"], &listed["supportGrants"]["totalCount"]), (&json!(owner.email), &json!(true), &json!(1)));
    let visit = &grant["visits"][0];
    assert!(visit["operator"] == SAM && visit["openedAt"].is_string() && visit["leftAt"].is_string(), "{listed}");
    assert!(ask(owner, "{ auditVerification { finding } }").await["auditVerification"]["finding"].is_null());
}

#[tokio::test]
async fn t19_support_changes_nothing_whatever_it_asks_for() {
    let organization = world().organization().await;
    let slug = slug(&organization).await;
    let names = Names::of(&organization.script().await).await;
    let given = give(&organization.owner, 4).await;
    let supporter = look(world(), &slug).await;
    let member = ask(&organization.owner, "{ viewer { id } }").await["viewer"]["id"].as_str().expect("an id").to_owned();
    for mutation in [
        // What a member keeps for themselves by reading.
        "setPreference(key: \"runs\", value: [1])",
        "markNotificationsRead",
        "setNotificationPreference(kind: REPLY, inApp: true, mail: false) { kind }",
        // What is a person's own.
        "createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { secret }",
        "updateViewer(name: \"Mallory\") { name }",
        "endOtherSessions",
        // What decides about its own access.
        "grantSupport(hours: 72, reason: \"more\") { id }",
        &format!("endSupport(id: \"{given}\") {{ id }}"),
        &format!("updateMemberRoles(id: \"{member}\", roles: [\"viewer\"]) {{ id }}"),
        "inviteMember(email: \"sam@operator.example\", role: \"owner\") { id }",
        "createLink(input: { shows: { run: \"run_$run\" }, label: \"l\", expiresInDays: 1 }) { url }",
        "startThread(input: { about: \"run_$run\", body: \"b\" }) { id }",
        "renameRun(id: \"run_$run\", name: \"x\") { id }",
        "closeOrganization(name: \"x\") { eraseAt }",
        "startOrganizationExport { id }",
    ] {
        let asked = names.fill(&format!("mutation {{ {mutation} }}"));
        assert_eq!(code(&supporter, &asked).await, "FORBIDDEN", "{asked}");
    }
    for query in ["{ auditEntries { totalCount } }", "{ supportGrants { totalCount } }", "{ tokens { totalCount } }", "{ sessions { totalCount } }"] {
        assert_eq!(code(&supporter, query).await, "FORBIDDEN", "{query}");
    }
    for (method, path, input) in CALLS {
        let answer = names::ask(&supporter, method, &format!("/api/2.0/{}", names.fill(path)), &names.fill(input)).await;
        let reads = *method == "GET" || answer.status == 200;
        assert!(answer.status < 500 && (reads || matches!(answer.status, 400 | 403 | 404)), "{method} {path}: {} {}", answer.status, answer.text());
    }
    for (path, fields) in [
        ("/new-organization", [("organization", "Mine")]),
        ("/new-project", [("name", "Mine")]),
        ("/access", [("sessionMinutes", "60")]),
        ("/end-other-sessions", [("", "")]),
    ] {
        let fields: Vec<(&str, &str)> = fields.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        let answer = supporter.form(path, &fields).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    // All that it left is what it was refused.
    let log = "query($filter: AuditFilter) { auditEntries(filter: $filter, first: 200) { nodes { action outcome } } }";
    let entries =
        organization.owner.graphql(log, json!({ "filter": { "actor": named(&organization) } })).await["data"]["auditEntries"]["nodes"].clone();
    for entry in entries.as_array().expect("entries") {
        assert!(entry["outcome"] == "DENIED" || matches!(entry["action"].as_str(), Some("support.enter" | "support.begin")), "{entry}");
    }
    let seen = ask(&organization.owner, &names.fill("{ run(id: \"run_$run\") { name params { key } } members { totalCount } }")).await;
    assert_eq!((&seen["run"]["name"], &seen["members"]["totalCount"]), (&json!("CANARY-run"), &json!(1)));
}

#[tokio::test]
async fn t19_ending_a_grant_stops_the_next_request_on_every_replica() {
    let (replica, organization) = (World::replica(&[]), world().organization().await);
    let (owner, slug) = (&organization.owner, slug(&organization).await);
    let given = give(owner, 4).await;
    let admin = organization.member("admin").await;
    let (here, there) = (look(world(), &slug).await, look(&replica, &slug).await);
    for supporter in [&here, &there] {
        assert!(ask(supporter, "{ supportSession { expiresAt } }").await["supportSession"]["expiresAt"].is_string());
    }
    assert_eq!(code(&admin, "mutation { grantSupport(hours: 1, reason: \"r\") { id } }").await, "FORBIDDEN", "owners give it");
    assert_eq!(code(owner, "mutation { grantSupport(hours: 1, reason: \"r\") { id } }").await, "CONFLICT", "one at a time");
    // Whoever sees it may end it.
    end(&admin, &given).await;
    for supporter in [&here, &there] {
        assert_eq!(code(supporter, WHERE).await, "UNAUTHENTICATED");
        assert!(supporter.get("/experiments").await.header("location").starts_with("/sign-in"));
    }
    assert_eq!(code(owner, &format!("mutation {{ endSupport(id: \"{given}\") {{ id }} }}")).await, "NOT_FOUND", "once");
    let stranger = world().organization().await;
    for (hours, reason) in [(0, "r"), (2, "r"), (1, ""), (1, " ")] {
        assert_eq!(code(owner, &format!("mutation {{ grantSupport(hours: {hours}, reason: \"{reason}\") {{ id }} }}")).await, "INVALID");
    }

    // It ends by itself.
    let given = give(owner, 1).await;
    let supporter = look(&replica, &slug).await;
    replica.clock.advance(TimeDelta::minutes(59));
    ask(&supporter, WHERE).await;
    replica.clock.advance(TimeDelta::minutes(1));
    assert_eq!(code(&supporter, WHERE).await, "UNAUTHENTICATED");

    // And with who gave it.
    end(owner, &given).await;
    let second = organization.member("owner").await;
    let given = give(&second, 4).await;
    assert_eq!(code(&stranger.owner, &format!("mutation {{ endSupport(id: \"{given}\") {{ id }} }}")).await, "NOT_FOUND");
    let supporter = look(&replica, &slug).await;
    ask(&supporter, WHERE).await;
    let id = ask(&second, "{ viewer { id } }").await["viewer"]["id"].as_str().expect("an id").to_owned();
    ask(owner, &format!("mutation {{ removeMember(id: \"{id}\") {{ id }} }}")).await;
    assert_eq!(code(&supporter, WHERE).await, "UNAUTHENTICATED");
    assert!(enter(&replica, &slug, SAM).await.is_err());
    assert_eq!(ask(owner, "{ supportGrants { nodes { isOpen } } }").await["supportGrants"]["nodes"][0]["isOpen"], false);
}

#[tokio::test]
async fn t19_who_comes_after_support_on_the_same_connection_writes_as_ever() {
    let world = World::replica(&["--connections=1"]);
    let organization = world.organization().await;
    let slug = slug(&organization).await;
    give(&organization.owner, 4).await;
    let supporter = look(&world, &slug).await;
    for name in ["one", "two", "three"] {
        assert_eq!(ask(&supporter, WHERE).await["viewer"]["organization"]["slug"], slug.as_str());
        let made = ask(&organization.owner, &format!("mutation {{ createProject(name: \"{name}\") {{ name }} }}")).await;
        assert_eq!(made["createProject"]["name"], name);
    }
}

#[tokio::test]
async fn t19_support_is_no_member_and_sees_what_a_viewer_sees_below_a_banner() {
    let organization = world().organization().await;
    let (owner, slug) = (&organization.owner, slug(&organization).await);
    let names = Names::of(&organization.script().await).await;
    let vault = ask(owner, "mutation { createProject(name: \"Vault\") { id } }").await["createProject"]["id"].as_str().expect("an id").to_owned();
    ask(owner, &format!("mutation {{ setProjectAccess(id: \"{vault}\", access: RESTRICTED) }}")).await;
    give(owner, 4).await;
    let supporter = look(world(), &slug).await;
    let projects = ask(&supporter, "{ projects { name } }").await.to_string();
    assert!(projects.contains("default") && !projects.contains("Vault"), "{projects}");
    let viewer = ask(&supporter, "{ viewer { email roles permissions organizations { slug } } }").await;
    assert_eq!(viewer["viewer"]["roles"], json!(["viewer"]));
    let permissions = viewer["viewer"]["permissions"].as_array().expect("permissions");
    assert!(permissions.len() == 8 && permissions.iter().all(|one| one.as_str().is_some_and(|one| one.ends_with(":read"))), "{permissions:?}");
    assert_eq!(
        ask(owner, "{ members { totalCount } findMembers(text: \"Sam\") { id } }").await,
        json!({ "members": { "totalCount": 1 }, "findMembers": [] })
    );
    let told =
        ask(owner, &names.fill("mutation { startThread(input: { about: \"run_$run\", body: \"@sam@operator.example\" }) { comments { html } } }"))
            .await;
    assert!(!told.to_string().contains("class="), "nobody is mentioned: {told}");
    let file = supporter.get(&names.fill("/artifacts/runs/run_$run/CANARY.txt")).await;
    assert_eq!((file.status, file.text().as_str()), (200, "CANARY"));

    for path in [
        "/",
        "/experiments",
        "/experiments/exp_$experiment",
        "/runs/run_$run",
        "/runs/run_$run/artifacts",
        "/models",
        "/members",
        "/projects",
        "/compare?run=run_$run",
        "/templates",
        "/notifications",
    ] {
        let page = supporter.get(&names.fill(path)).await;
        let text = page.text();
        assert!(page.status == 200 && text.contains("Support access: Sam Support") && text.contains(&owner.email), "{path}: {} {text}", page.status);
    }
    for path in ["/audit", "/access", "/organization", "/tokens"] {
        assert_eq!(supporter.get(path).await.status, 403, "{path}");
    }
    assert!(!owner.get("/").await.text().contains("Support access:"), "others see no banner");
}

#[tokio::test]
async fn t19_a_browser_has_one_session_and_the_one_before_ends() {
    let organization = world().organization().await;
    let slug = slug(&organization).await;
    give(&organization.owner, 4).await;
    let browser = Actor::sign_in(world(), &organization.owner.email, crate::support::PASSWORD).await;
    for turn in 0..2 {
        let token = enter(world(), &slug, SAM).await.expect("enters");
        assert_eq!(browser.form("/support", &[("token", &token)]).await.status, 303, "{turn}");
        assert_eq!(ask(&browser, "{ viewer { roles } }").await["viewer"]["roles"], json!(["viewer"]));
    }
    let listed = ask(&organization.owner, "{ sessions { totalCount } supportGrants { nodes { visits { leftAt } } } }").await;
    assert_eq!(listed["sessions"]["totalCount"], 1, "the owner's own");
    let left: Vec<bool> =
        listed["supportGrants"]["nodes"][0]["visits"].as_array().expect("visits").iter().map(|visit| visit["leftAt"].is_string()).collect();
    assert_eq!(left, [true, false]);
    // And signing in ends the other.
    let form = [("email", organization.owner.email.as_str()), ("password", crate::support::PASSWORD)];
    assert_eq!(browser.form("/sign-in", &form).await.status, 303);
    assert_eq!(ask(&browser, "{ viewer { roles } supportSession { operator } }").await["supportSession"], Value::Null);
}
