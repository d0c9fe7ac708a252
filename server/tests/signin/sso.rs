//! Single sign-on as it should go: whom a provider vouches for, what they become, and what the organization asks.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::peer::{CLIENT, Provider, SECRET, Sent};
use crate::support::{Actor, Organization, PASSWORD, World, actor::Answer};

static OPEN: OnceCell<World> = OnceCell::const_new();

/// A server that may ask providers on the same machine.
pub async fn open_world() -> &'static World {
    OPEN.get_or_init(|| World::alone(&["--outbound-allow=127.0.0.0/8"])).await
}

pub const SET: &str = "mutation($input: IdentityProviderInput!) { setIdentityProvider(input: $input) { label required signedIn } }";
const VIEWER: &str = "{ viewer { email roles organization { slug } organizations { slug } } }";

/// A provider as an owner sets it.
pub fn wanted(provider: &Provider, more: Value) -> Value {
    let mut input = json!({ "kind": "oidc", "label": "Northwind ID", "issuer": provider.url(), "clientId": CLIENT, "clientSecret": SECRET, "defaultRole": "viewer" });
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({ "input": input })
}

pub async fn set(owner: &Actor, provider: &Provider, more: Value) {
    let answer = owner.graphql(SET, wanted(provider, more)).await;
    assert!(answer["errors"].is_null(), "{answer}");
}

pub async fn viewer(actor: &Actor) -> Value {
    actor.graphql(VIEWER, Value::Null).await["data"]["viewer"].clone()
}

pub async fn slug(organization: &Organization<'_>) -> String {
    viewer(&organization.owner).await["organization"]["slug"].as_str().expect("a slug").to_owned()
}

/// Where a callback leads; a refusal is the word of its problem.
pub fn led(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    location.split_once("problem=").map_or(location, |(_, problem)| problem).to_owned()
}

/// Actions of the newest entries of the log with their details.
pub async fn log(owner: &Actor) -> Vec<(String, String, Value)> {
    let answer = owner.graphql("{ auditEntries(first: 50) { nodes { action outcome detail } } }", Value::Null).await;
    let nodes = answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    nodes
        .iter()
        .map(|node| (text(&node["action"]), text(&node["outcome"]), serde_json::from_str(&text(&node["detail"])).unwrap_or(node["detail"].clone())))
        .collect()
}

fn fresh() -> String {
    format!("{}@example.com", Uuid::now_v7().simple())
}

#[tokio::test]
async fn c7_1a_a_provider_vouches_for_a_new_member_and_groups_give_roles() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    let groups = json!([{ "group": "ml", "role": "data_scientist" }, { "group": "risk", "role": "risk" }]);
    set(&organization.owner, &provider, json!({ "groupRoles": groups, "defaultRole": null })).await;
    let (browser, email) = (world.anonymous(), fresh());
    let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}?next=/experiments")).await);
    assert!(sent.address.starts_with(&format!("{}/authorize?", provider.url())));
    assert_eq!((sent.get("response_type"), sent.get("code_challenge_method"), sent.get("client_id")), ("code", "S256", CLIENT));
    assert!(sent.get("scope").contains("openid") && sent.get("nonce").len() >= 43 && sent.get("state").len() >= 43);
    let mut claims = provider.claims(world, &sent, "grace", &email);
    claims["groups"] = json!(["staff", "ml"]);
    let code = provider.code(&sent, provider.token(json!({}), &claims));
    let back = browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await;
    assert_eq!(led(&back), "/experiments", "goes on to where they wanted");
    let who = viewer(&browser).await;
    assert_eq!((&who["email"], &who["roles"], &who["organization"]["slug"]), (&json!(email), &json!(["data_scientist"]), &json!(slug)));
    let entries = log(&organization.owner).await;
    let (joined, entered) = (
        entries.iter().find(|entry| entry.0 == "member.join"),
        entries.iter().find(|entry| entry.0 == "session.create" && entry.2["issuer"].is_string()),
    );
    assert_eq!(joined.map(|entry| &entry.2["roles"]), Some(&json!(["data_scientist"])), "{entries:?}");
    assert_eq!(entered.map(|entry| (&entry.2["issuer"], &entry.2["linked"])), Some((&json!(provider.url()), &json!(true))), "{entries:?}");
    // Groups decide each time: who has left one loses its role with the next sign-in, and found again by the subject, whatever the address says.
    let other = fresh();
    let back = provider
        .sign_in(world, &browser, &slug, |claims| {
            claims["groups"] = json!(["risk"]);
            claims["email"] = json!(other);
        })
        .await;
    assert_eq!(led(&back), "/");
    assert_eq!((&viewer(&browser).await["email"], &viewer(&browser).await["roles"]), (&json!(email), &json!(["risk"])));
    assert_eq!(log(&organization.owner).await.iter().filter(|entry| entry.0 == "member.update_roles").count(), 1);
    let nobody = world.anonymous();
    let back = provider.sign_in(world, &nobody, &slug, |claims| claims["groups"] = json!(["ML"])).await;
    assert_eq!(led(&back), "no-access", "groups are compared letter by letter");
    assert!(viewer(&nobody).await.is_null());
}

#[tokio::test]
async fn c7_1a_an_issuer_may_call_an_address_verified_by_the_claim_of_entra_id() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    for said in [json!(true), json!(1), json!("1"), json!("true")] {
        let (browser, email) = (world.anonymous(), fresh());
        let back = provider.sign_in(world, &browser, &slug, |claims| {
            claims.as_object_mut().expect("an object").remove("email_verified");
            claims["xms_edov"] = said.clone();
            claims["email"] = json!(email);
            claims["sub"] = json!(email);
        });
        assert_eq!(led(&back.await), "/", "{said}");
        assert_eq!(viewer(&browser).await["email"], json!(email), "{said}");
    }
}

#[tokio::test]
async fn c7_1b_what_a_provider_vouches_for_is_worth_something_in_its_own_organization_alone() {
    let world = open_world().await;
    let (theirs, mine, provider) = (world.organization().await, world.organization().await, Provider::start());
    let (slug, own_slug) = (slug(&theirs).await, slug(&mine).await);
    set(&theirs.owner, &provider, json!({})).await;
    // Their provider says that its user is the owner of another organization.
    let email = mine.owner.email.clone();
    let browser = world.anonymous();
    let back = provider.sign_in(world, &browser, &slug, |claims| claims["email"] = json!(email)).await;
    assert_eq!(led(&back), "/");
    let who = viewer(&browser).await;
    assert_eq!((&who["roles"], &who["organizations"]), (&json!(["viewer"]), &json!([{ "slug": slug }])), "the other organization is not even seen");
    let id = |tenant: Uuid| shared::ids::TenantId::from_uuid(tenant).to_string();
    let switched = browser.form("/organization", &[("organization", &id(mine.tenant().await))]).await;
    assert_eq!(switched.status, 404, "{}", switched.text());
    assert_eq!(viewer(&browser).await["organization"]["slug"], json!(slug));
    assert_eq!(browser.form("/new-organization", &[("organization", "Elsewhere")]).await.status, 403);
    let renamed = browser.graphql("mutation { updateViewer(name: \"Mallory\") { name } }", Value::Null).await;
    assert_eq!(Actor::code(&renamed), "FORBIDDEN", "{renamed}");
    let seen = browser.graphql("{ sessions { totalCount nodes { isCurrent } } }", Value::Null).await;
    assert_eq!(seen["data"]["sessions"]["totalCount"], 1, "the person's own sessions elsewhere are not seen: {seen}");
    assert_eq!(browser.graphql("mutation { endOtherSessions }", Value::Null).await["data"]["endOtherSessions"], 0);
    assert_eq!(browser.form("/sign-out-everywhere", &[]).await.status, 303);
    assert_eq!(viewer(&mine.owner).await["organization"]["slug"], json!(own_slug), "sessions elsewhere live on");
}

#[tokio::test]
async fn c7_1c_single_sign_on_alone_ends_password_sessions_at_once_and_owners_break_the_glass() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let (owner, slug) = (&organization.owner, slug(&organization).await);
    let member = organization.member("data_scientist").await;
    let script = member.token(&["*"]).await;
    let refused = owner.graphql(SET, wanted(&provider, json!({ "required": true }))).await;
    assert_eq!(refused["errors"][0]["extensions"]["field"], "required", "nobody has shown that it works: {refused}");
    set(owner, &provider, json!({})).await;
    let vouched = world.anonymous();
    assert_eq!(led(&provider.sign_in(world, &vouched, &slug, |claims| claims["email"] = json!(member.email)).await), "/");
    assert_eq!(
        viewer(&vouched).await["roles"],
        json!(["data_scientist"]),
        "linked to the account with the address; roles stay where no group decides"
    );
    assert!(!viewer(&member).await.is_null());
    set(owner, &provider, json!({ "required": true })).await;
    assert!(viewer(&member).await.is_null(), "with the next request");
    assert!(!viewer(&vouched).await.is_null() && !viewer(&script).await.is_null() && !viewer(owner).await.is_null());
    let again = world.anonymous().form("/sign-in", &[("email", &member.email), ("password", PASSWORD)]).await;
    assert_eq!(again.status, 401);
    assert!(again.text().contains("The e-mail address or the password is not right."), "and nothing is told by it");
    // The owner's way in stays, and is seen.
    let inside = Actor::sign_in(world, &owner.email, PASSWORD).await;
    assert!(!viewer(&inside).await.is_null());
    assert_eq!(log(owner).await.iter().filter(|entry| entry.0 == "session.break_glass").count(), 1);
    // An invitation is accepted by single sign-on, and by no password.
    let invited = fresh();
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"risk\") { id } }";
    assert!(owner.graphql(invite, json!({ "email": invited })).await["errors"].is_null());
    let link = world.link_to(&invited).await;
    let token = link.split("token=").nth(1).expect("a token");
    assert!(world.anonymous().get(&format!("/invitation?token={token}")).await.text().contains(&format!("/sso?organization={slug}")));
    let form = [("token", token), ("name", "Rita"), ("password", PASSWORD)];
    assert_eq!(world.anonymous().form("/invitation", &form).await.status, 422);
    let rita = world.anonymous();
    let back = provider
        .sign_in(world, &rita, &slug, |claims| {
            claims["sub"] = json!("rita");
            claims["email"] = json!(invited);
        })
        .await;
    assert_eq!((led(&back).as_str(), &viewer(&rita).await["roles"]), ("/", &json!(["risk"])));
    // Given up, passwords lead in again, also in sessions that were there, and what the provider vouched for ends.
    let removed = owner.graphql("mutation { removeIdentityProvider { label } }", Value::Null).await;
    assert!(removed["errors"].is_null(), "{removed}");
    assert!(!viewer(&member).await.is_null() && viewer(&vouched).await.is_null() && viewer(&rita).await.is_null());
    let actions: Vec<String> = log(owner).await.into_iter().map(|entry| entry.0).collect();
    assert_eq!(actions.iter().filter(|action| action.starts_with("identity_provider.")).count(), 3, "{actions:?}");
}

#[tokio::test]
async fn c7_1c_another_issuer_or_client_ends_what_the_former_vouched_for() {
    let world = open_world().await;
    let (organization, provider, next) = (world.organization().await, Provider::start(), Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({})).await;
    let (browser, email) = (world.anonymous(), fresh());
    assert_eq!(led(&provider.sign_in(world, &browser, &slug, |claims| claims["email"] = json!(email)).await), "/");
    set(&organization.owner, &provider, json!({ "label": "Other words", "clientSecret": null })).await;
    assert!(!viewer(&browser).await.is_null(), "other words are not another provider, and the secret stays");
    // A sign-in that is under way at the former provider does not come back to the new one.
    let late = world.anonymous();
    let sent = Sent::of(&late.get(&format!("/sso/begin/{slug}")).await);
    let kept = organization.owner.graphql(SET, wanted(&next, json!({ "clientSecret": null }))).await;
    assert_eq!(kept["errors"][0]["extensions"]["field"], "clientSecret", "a kept secret goes nowhere else: {kept}");
    world.clock.advance(TimeDelta::seconds(1));
    set(&organization.owner, &next, json!({})).await;
    assert!(viewer(&browser).await.is_null());
    let code = next.code(&sent, next.token(json!({}), &next.claims(world, &sent, "grace", &email)));
    assert_eq!(led(&late.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await), "stale");
}

#[tokio::test]
async fn github_vouches_by_its_api_and_teams_are_groups() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    let github = json!({ "kind": "github", "label": "GitHub", "groupRoles": [{ "group": "northwind/ml", "role": "ml_engineer" }] });
    set(&organization.owner, &provider, github).await;
    let emails = |verified: bool, email: &str| json!([{ "email": "old@example.com", "primary": false, "verified": true }, { "email": email, "primary": true, "verified": verified }]);
    let teams = json!([{ "slug": "ml", "organization": { "login": "northwind" } }]);
    let email = fresh();
    for (verified, outcome) in [(false, "unverified"), (true, "/")] {
        provider.ways(|ways| ways.github = [json!({ "id": 7, "login": "grace", "name": null }), emails(verified, &email), teams.clone()]);
        let browser = world.anonymous();
        let sent = Sent::of(&browser.get(&format!("/sso/begin/{slug}")).await);
        assert!(sent.address.starts_with(&format!("{}/login/oauth/authorize?", provider.url())));
        let code = provider.code(&sent, String::new());
        let back = browser.get(&format!("/sso/callback?code={code}&state={}", sent.get("state"))).await;
        assert_eq!(led(&back), outcome);
        if verified {
            let who = viewer(&browser).await;
            assert_eq!((&who["email"], &who["roles"]), (&json!(email), &json!(["ml_engineer"])));
        }
    }
}

#[tokio::test]
async fn what_an_owner_enters_is_checked_and_secrets_are_sealed_and_never_shown() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let owner = &organization.owner;
    for (more, field) in [
        (json!({ "kind": "saml" }), "kind"),
        (json!({ "issuer": format!("{}/", provider.url()) }), "issuer"),
        (json!({ "clientSecret": " " }), "clientSecret"),
        (json!({ "defaultRole": "owner" }), "defaultRole"),
        (json!({ "groupRoles": [{ "group": "ml", "role": "owner" }] }), "groupRoles"),
        (json!({ "groupRoles": [{ "group": "", "role": "viewer" }] }), "groupRoles"),
    ] {
        let answer = owner.graphql(SET, wanted(&provider, more)).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some(field)), "{answer}");
    }
    assert!(
        owner.graphql("{ identityProvider { label } }", Value::Null).await["data"]["identityProvider"].is_null(),
        "a refused change changes nothing"
    );
    let fields =
        [("kind", "oidc"), ("label", "Okta"), ("issuer", provider.url()), ("clientId", CLIENT), ("clientSecret", SECRET), ("groupRoles", "nonsense")];
    let page = owner.form("/access/single-sign-on", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("Line 1:") && !page.text().contains(SECRET), "what was typed stands again, but not the secret");
    let fields = [
        ("kind", "oidc"),
        ("label", "Okta"),
        ("issuer", provider.url()),
        ("clientId", CLIENT),
        ("clientSecret", SECRET),
        ("groupRoles", "ml = viewer"),
    ];
    assert_eq!(owner.form("/access/single-sign-on", &fields).await.header("location"), "/access/single-sign-on?saved=1");
    let page = owner.get("/access/single-sign-on").await.text();
    assert!(page.contains("ml = viewer") && page.contains("/sso/callback") && !page.contains(SECRET));
    let mut tamperer = organization.tamperer().await;
    let (sealed,): (Vec<u8>,) = sqlx::query_as("select client_secret from public.identity_providers where tenant_id = $1")
        .bind(organization.tenant().await)
        .fetch_one(&mut tamperer)
        .await
        .expect("a row");
    assert!(!sealed.windows(8).any(|part| part == &SECRET.as_bytes()[..8]));
    assert!(!format!("{:?}", log(owner).await).contains(SECRET));
    // Admins see it and change nothing of it.
    let admin = organization.member("admin").await;
    assert!(admin.get("/access/single-sign-on").await.text().contains("Only owners change it"));
    assert_eq!(Actor::code(&admin.graphql(SET, wanted(&provider, json!({}))).await), "FORBIDDEN");
    assert_eq!(admin.form("/access/single-sign-on/remove", &[]).await.status, 403);
    assert_eq!(owner.form("/access/single-sign-on/remove", &[]).await.header("location"), "/access/single-sign-on?removed=1");
}

#[tokio::test]
async fn c7_1a_groups_of_the_provider_give_roles_of_the_organizations_own() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    let keeper = "mutation { createRole(input: { title: \"Model keeper\", permissions: [\"models:write\"] }) { name } }";
    assert_eq!(organization.owner.graphql(keeper, Value::Null).await["data"]["createRole"]["name"], "model_keeper");
    for wrong in ["no_such_role", "owner", "Model keeper"] {
        let refused = organization.owner.graphql(SET, wanted(&provider, json!({ "groupRoles": [{ "group": "ml", "role": wrong }] }))).await;
        assert_eq!(refused["errors"][0]["extensions"]["field"], "groupRoles", "{wrong}: {refused}");
    }
    set(&organization.owner, &provider, json!({ "groupRoles": [{ "group": "ml", "role": "model_keeper" }], "defaultRole": null })).await;
    let browser = world.anonymous();
    let email = fresh();
    let come = async |browser: &Actor| {
        let back = provider
            .sign_in(world, browser, &slug, |claims| {
                claims["email"] = json!(email);
                claims["groups"] = json!(["ml"]);
            })
            .await;
        led(&back)
    };
    assert_eq!(come(&browser).await, "/");
    assert_eq!(viewer(&browser).await["roles"], json!(["model_keeper"]));
    let remove = "mutation { removeRole(name: \"model_keeper\") { name } }";
    assert_eq!(Actor::code(&organization.owner.graphql(remove, Value::Null).await), "CONFLICT");
    // Whom the directory suspends is not let in, whatever the provider vouches for.
    let script = organization.owner.token(&["scim:write"]).await;
    let found = script.get(&format!("/scim/v2/Users?filter=userName%20eq%20%22{}%22", email.replace('@', "%40"))).await.json();
    let at = format!("/scim/v2/Users/{}", found["Resources"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")));
    let say = async |active: bool| {
        let body = json!({ "Operations": [{ "op": "replace", "path": "active", "value": active }] });
        assert_eq!(script.send(script.request(reqwest::Method::PATCH, &at).json(&body)).await.status, 200);
    };
    say(false).await;
    assert!(viewer(&browser).await.is_null());
    assert_eq!(come(&browser).await, "no-access");
    say(true).await;
    assert!(viewer(&browser).await.is_null(), "what was opened before stays closed");
    assert_eq!(come(&browser).await, "/");
    assert_eq!(viewer(&browser).await["roles"], json!(["model_keeper"]));
}

/// Whom the directory asked for and the provider vouches for is let in as the directory says, whatever became of the link.
#[tokio::test]
async fn c7_1a_whom_the_directory_expects_comes_in_by_the_provider() {
    let world = open_world().await;
    let (organization, provider) = (world.organization().await, Provider::start());
    let slug = slug(&organization).await;
    set(&organization.owner, &provider, json!({ "defaultRole": null })).await;
    let (script, email) = (organization.owner.token(&["scim:write"]).await, fresh());
    let post =
        async |path: &str, body: Value| script.send(script.request(reqwest::Method::POST, &format!("/scim/v2/{path}")).json(&body)).await.json();
    let made = post("Users", json!({ "userName": email, "displayName": "Grace" })).await;
    let group = post("Groups", json!({ "displayName": "Risk", "members": [{ "value": made["id"] }] })).await;
    let map = "mutation($id: ID!) { setGroupRole(id: $id, role: \"risk\") { id } }";
    assert!(organization.owner.graphql(map, json!({ "id": group["id"] })).await["errors"].is_null());
    let browser = world.anonymous();
    let back = provider.sign_in(world, &browser, &slug, |claims| claims["email"] = json!(email)).await;
    assert_eq!(led(&back), "/");
    assert_eq!(viewer(&browser).await["roles"], json!(["risk"]));
    let own = browser.graphql("{ viewer { id } }", Value::Null).await;
    assert_eq!(own["data"]["viewer"]["id"], made["id"]);
}
