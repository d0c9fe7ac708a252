//! Members that are no people: what they may do is what their roles and scopes allow, by tokens alone, in one organization, until somebody ends it.

use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{
    Actor, Organization, World,
    tracking::{experiment, ok, run_in},
    world,
};

async fn ask(actor: &Actor, query: &str) -> Value {
    let answer = actor.graphql(query, Value::Null).await;
    assert!(answer["errors"].is_null(), "{query}: {answer}");
    answer["data"].clone()
}

async fn code(actor: &Actor, query: &str) -> String {
    Actor::code(&actor.graphql(query, Value::Null).await).to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A new service account with a role; its id.
async fn account(actor: &Actor, name: &str, role: &str) -> String {
    let make =
        format!("mutation {{ createServiceAccount(input: {{ name: \"{name}\", description: \"Logs each night\", roles: [\"{role}\"] }}) {{ id }} }}");
    text(&ask(actor, &make).await["createServiceAccount"]["id"])
}

fn token_of(account: &str, scopes: &str) -> String {
    format!(
        "mutation {{ createServiceAccountToken(account: \"{account}\", input: {{ name: \"cluster\", scopes: [\"{scopes}\"], expiresInDays: 1 }}) \
         {{ secret token {{ id hint scopes createdBy expiresAt }} }} }}"
    )
}

/// A script with a new token of a service account; the token's id.
async fn script(organization: &Organization<'_>, account: &str, scopes: &str) -> (Actor, String) {
    let made = ask(&organization.owner, &token_of(account, scopes)).await["createServiceAccountToken"].clone();
    let (secret, token) = (text(&made["secret"]), made["token"].clone());
    assert!(secret.ends_with(&text(&token["hint"])) && token["createdBy"] == "Olive Owner", "{made}");
    (Actor::visitor(&organization.world.url).bearer(&secret), text(&token["id"]))
}

const VIEWER: &str = "{ viewer { name roles } }";

#[tokio::test]
async fn c7_1a_c7_1d_a_service_account_logs_runs_as_itself() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let bot = account(owner, "nightly training", "data_scientist").await;
    let (logger, _) = script(&organization, &bot, "*").await;
    let experiment = experiment(&logger).await;
    let run = run_in(&logger, &experiment).await;
    ok(&logger, "POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 1 })).await;
    ok(&logger, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    let by_person = run_in(&organization.script().await, &experiment).await;

    let asked = format!("{{ a: run(id: \"{run}\") {{ createdBy isByService }} b: run(id: \"{by_person}\") {{ createdBy isByService }} }}");
    let seen = ask(owner, &asked).await;
    assert_eq!(seen["a"], json!({ "createdBy": "nightly training", "isByService": true }));
    assert_eq!(seen["b"], json!({ "createdBy": "Olive Owner", "isByService": false }));
    let log = ask(owner, "{ auditEntries(filter: { actor: \"nightly training\" }) { nodes { action actor actorKind } } }").await;
    let nodes = log["auditEntries"]["nodes"].as_array().expect("entries").clone();
    assert!(nodes.iter().any(|entry| entry["action"] == "run.create"), "{nodes:?}");
    assert!(nodes.iter().all(|entry| entry["actor"] == "nightly training" && entry["actorKind"] == "service"), "{nodes:?}");
    // What it may not is refused, and stands in both logs under its name.
    assert_eq!(code(&logger, "{ auditEntries { totalCount } }").await, "FORBIDDEN");
    let vault = world().services().vault;
    world().on_server(async move { vault.flush_decisions().await }).await.expect("is written");
    let decided = "{ accessDecisions(filter: { actor: \"nightly training\", allowed: false }) { nodes { actor actorKind permission } } }";
    assert_eq!(
        ask(owner, decided).await["accessDecisions"]["nodes"],
        json!([{ "actor": "nightly training", "actorKind": "service", "permission": "audit:read" }])
    );
}

#[tokio::test]
async fn c7_1a_it_is_a_member_with_a_mark_in_members_projects_and_explanations() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let bot = account(owner, "deploy bot", "viewer").await;
    let members = ask(owner, "{ members { nodes { id name email isService } } search(text: \"deploy\") { title subtitle } }").await;
    let marked: Vec<&Value> = members["members"]["nodes"].as_array().expect("members").iter().filter(|member| member["isService"] == true).collect();
    assert_eq!(marked, [&json!({ "id": bot, "name": "deploy bot", "email": "deploy bot", "isService": true })]);
    assert_eq!(members["search"], json!([{ "title": "deploy bot", "subtitle": "service account" }]));

    let project = text(&ask(owner, "mutation { createProject(name: \"Vault\") { id } }").await["createProject"]["id"]);
    let put = format!("mutation {{ setProjectMember(project: \"{project}\", member: \"{bot}\", role: \"data_scientist\") {{ isService }} }}");
    assert_eq!(ask(owner, &put).await["setProjectMember"]["isService"], true);
    let listed = ask(owner, "{ projects { name members { name email isService } } }").await;
    let vault = listed["projects"].as_array().expect("projects").iter().find(|project| project["name"] == "Vault").expect("the project").clone();
    assert_eq!(vault["members"], json!([{ "name": "deploy bot", "email": "deploy bot", "isService": true }]));
    // What is said of it is what is done.
    let why = async |project: &str| {
        let ask_why = format!("{{ accessExplanation(member: \"{bot}\", permission: \"runs:write\"{project}) {{ allowed reason }} }}");
        ask(owner, &ask_why).await["accessExplanation"]["allowed"].as_bool()
    };
    let (logger, _) = script(&organization, &bot, "*").await;
    assert_eq!(why(&format!(", project: \"{project}\"")).await, Some(true));
    let make = format!("mutation {{ createExperiment(name: \"its own\", projectId: \"{project}\") {{ id }} }}");
    assert_ne!(code(&logger, "mutation { createExperiment(name: \"elsewhere\") { id } }").await, "", "a viewer there");
    ask(&logger, &make).await;

    ask(owner, &format!("mutation {{ suspendServiceAccount(id: \"{bot}\") {{ suspendedAt }} }}")).await;
    assert_eq!(why(&format!(", project: \"{project}\"")).await, Some(false));
}

#[tokio::test]
async fn c7_1c_suspended_changed_revoked_and_removed_it_opens_nothing_at_once_on_every_replica() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let other = World::replica(&[]);
    let bot = account(owner, "pipeline", "data_scientist").await;
    let ((first, first_id), (second, _)) = (script(&organization, &bot, "*").await, script(&organization, &bot, "runs:read").await);
    let opens = async |actor: &Actor| {
        let answers = [actor.graphql(VIEWER, Value::Null).await, actor.at(&other).graphql(VIEWER, Value::Null).await];
        let codes = answers.each_ref().map(|answer| Actor::code(answer).to_owned());
        assert_eq!(codes[0], codes[1], "{answers:?}");
        assert!(codes[0].is_empty() || codes[0] == "UNAUTHENTICATED", "{answers:?}");
        codes[0].is_empty()
    };
    assert!(opens(&first).await && opens(&second).await);

    ask(owner, &format!("mutation {{ suspendServiceAccount(id: \"{bot}\") {{ id }} }}")).await;
    assert!(!opens(&first).await && !opens(&second).await);
    assert_eq!(first.mlflow("POST", "runs/search", json!({ "experiment_ids": ["0"] })).await.status, 401);
    ask(owner, &format!("mutation {{ resumeServiceAccount(id: \"{bot}\") {{ id }} }}")).await;
    assert!(opens(&first).await && opens(&second).await);

    let revoke = format!("mutation {{ revokeServiceAccountToken(id: \"{first_id}\") {{ id }} }}");
    ask(owner, &revoke).await;
    assert!(!opens(&first).await && opens(&second).await);
    assert_eq!(code(owner, &revoke).await, "NOT_FOUND", "once");

    let (third, _) = script(&organization, &bot, "*").await;
    let create = "mutation { createExperiment(name: \"x\") { id } }";
    let change = format!(
        "mutation {{ updateServiceAccount(id: \"{bot}\", input: {{ name: \"reader\", roles: [\"viewer\"] }}) {{ name description roles }} }}"
    );
    assert_eq!(ask(owner, &change).await["updateServiceAccount"], json!({ "name": "reader", "description": "", "roles": ["viewer"] }));
    assert_eq!(code(&third.at(&other), create).await, "FORBIDDEN");
    assert_eq!(ask(&third, VIEWER).await["viewer"], json!({ "name": "reader", "roles": ["viewer"] }));

    ask(owner, &format!("mutation {{ removeServiceAccount(id: \"{bot}\") {{ id }} }}")).await;
    assert!(!opens(&third).await && !opens(&second).await);
    let left = ask(owner, "{ serviceAccounts { totalCount } members { totalCount } }").await;
    assert_eq!(left, json!({ "serviceAccounts": { "totalCount": 0 }, "members": { "totalCount": 1 } }));
    let mut tamperer = organization.tamperer().await;
    let people: i64 = sqlx::query_scalar("select count(*) from public.people where service_of = $1")
        .bind(organization.tenant().await)
        .fetch_one(&mut tamperer)
        .await
        .expect("counts");
    assert_eq!(people, 0, "nothing is left of it but what it made");
    // The name is free again, and a member who is removed as a member is removed as well.
    let again = account(owner, "reader", "viewer").await;
    let (fourth, _) = script(&organization, &again, "*").await;
    ask(owner, &format!("mutation {{ removeMember(id: \"{again}\") {{ id }} }}")).await;
    assert!(!opens(&fourth).await);
    assert_eq!(ask(owner, "{ serviceAccounts { totalCount } }").await["serviceAccounts"]["totalCount"], 0);
}

#[tokio::test]
async fn c7_1b_nobody_gives_it_or_takes_from_it_more_than_they_may_themselves() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let role = "mutation { createRole(input: { title: \"Bot keeper\", permissions: [\"service_accounts:write\", \"service_accounts:read\", \"runs:read\"] }) { name } }";
    assert_eq!(ask(owner, role).await["createRole"]["name"], "bot_keeper");
    let keeper = organization.member("bot_keeper").await;
    ask(owner, "mutation { createRole(input: { title: \"Run reader\", permissions: [\"runs:read\"] }) { name } }").await;
    let make = |name: &str, role: &str| format!("mutation {{ createServiceAccount(input: {{ name: \"{name}\", roles: [\"{role}\"] }}) {{ id }} }}");
    for role in ["admin", "data_scientist", "viewer"] {
        assert_eq!(code(&keeper, &make("more", role)).await, "FORBIDDEN", "{role}");
    }
    assert_eq!(code(&keeper, &make("none", "absent")).await, "INVALID");
    assert_eq!(code(owner, &make("owner", "owner")).await, "INVALID", "nobody could sign in as that owner");
    let own = account(&keeper, "reader", "run_reader").await;
    ask(&keeper, &token_of(&own, "*")).await;

    // Whoever has the secret is the account: no token of one that may do more.
    let strong = account(owner, "strong", "admin").await;
    assert_eq!(code(&keeper, &token_of(&strong, "runs:read")).await, "FORBIDDEN");
    let grow =
        format!("mutation {{ updateServiceAccount(id: \"{own}\", input: {{ name: \"reader\", roles: [\"run_reader\", \"admin\"] }}) {{ id }} }}");
    assert_eq!(code(&keeper, &grow).await, "FORBIDDEN");
    let project = text(&ask(owner, "mutation { createProject(name: \"Vault\") { id } }").await["createProject"]["id"]);
    let put = format!("mutation {{ setProjectMember(project: \"{project}\", member: \"{own}\", role: \"data_scientist\") {{ id }} }}");
    ask(owner, &put).await;
    assert_eq!(code(&keeper, &token_of(&own, "*")).await, "FORBIDDEN", "it may write there, the keeper may not");
    let owner_role = format!("mutation {{ updateMemberRoles(id: \"{strong}\", roles: [\"owner\"]) {{ id }} }}");
    assert_eq!(code(owner, &owner_role).await, "CONFLICT");
    // Without the permission there is nothing.
    let scientist = organization.member("data_scientist").await;
    for query in ["{ serviceAccounts { totalCount } }".to_owned(), make("x", "viewer"), token_of(&own, "*")] {
        assert_eq!(code(&scientist, &query).await, "FORBIDDEN", "{query}");
    }
}

#[tokio::test]
async fn t15_only_somebody_who_signed_in_lately_makes_its_tokens_and_scopes_narrow_them() {
    let world = World::replica(&[]);
    let organization = world.organization().await;
    let owner = &organization.owner;
    let bot = account(owner, "bot", "admin").await;
    let (all, _) = script(&organization, &bot, "*").await;
    let (narrow, _) = script(&organization, &bot, "runs:read").await;
    assert_eq!(code(&narrow, "{ experiments { totalCount } }").await, "FORBIDDEN");
    for actor in [&all, &organization.script().await] {
        assert_eq!(code(actor, &token_of(&bot, "*")).await, "FORBIDDEN", "a token makes no token");
    }
    for refused in [
        "createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { secret }",
        "updateViewer(name: \"Olive Owner\") { name }",
        "createRole(input: { title: \"Vouching\", permissions: [\"identity:write\"] }) { name }",
    ] {
        assert_eq!(code(&all, &format!("mutation {{ {refused} }}")).await, "FORBIDDEN", "{refused}");
    }
    for bad in ["[]", "[\"runs:*\"]"] {
        let make = format!("mutation {{ createServiceAccountToken(account: \"{bot}\", input: {{ name: \"t\", scopes: {bad} }}) {{ secret }} }}");
        assert_eq!(code(owner, &make).await, "INVALID", "{bad}");
    }
    world.clock.advance(chrono::TimeDelta::minutes(61));
    assert_eq!(code(owner, &token_of(&bot, "*")).await, "FORBIDDEN");
    assert_eq!(code(&all, VIEWER).await, "");
    world.clock.advance(chrono::TimeDelta::hours(24));
    assert_eq!(code(&all, VIEWER).await, "UNAUTHENTICATED", "it has ended");
}

#[tokio::test]
async fn c7_1b_what_people_are_asked_when_they_sign_in_is_not_asked_of_it_and_it_cannot_sign_in() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let bot = account(owner, "bot", "data_scientist").await;
    let (logger, _) = script(&organization, &bot, "*").await;
    let mut tamperer = organization.tamperer().await;
    let tenant = organization.tenant().await;
    let person: uuid::Uuid =
        sqlx::query_scalar("select id from public.people where service_of = $1").bind(tenant).fetch_one(&mut tamperer).await.expect("a row");
    // A session that somebody forged for it is none, as one for a person would be; and neither an address nor a password can be given to it.
    let forge = "insert into public.sessions (id, hash, person_id, tenant_id, created_at, expires_at) values ($1, $2, $3, $4, now(), now() + interval '1 day')";
    let of_owner: uuid::Uuid = sqlx::query_scalar("select person_id from public.memberships where tenant_id = $1 and 'owner' = any (roles)")
        .bind(tenant)
        .fetch_one(&mut tamperer)
        .await
        .expect("a row");
    let browser = world().anonymous();
    for (whose, expected) in [(of_owner, ""), (person, "UNAUTHENTICATED")] {
        let secret = server::access::Secret::opaque();
        let row = sqlx::query(forge).bind(uuid::Uuid::now_v7()).bind(secret.hash()).bind(whose).bind(tenant);
        tamperer.execute(row).await.expect("is written");
        let request = browser.request(reqwest::Method::POST, "/graphql").header("cookie", format!("assay_session={}", secret.expose()));
        let answer = browser.send(request.json(&json!({ "query": VIEWER }))).await.json();
        assert_eq!(Actor::code(&answer), expected, "{answer}");
    }
    for change in ["email = 'bot@example.com'", "password_hash = 'x'", "service_of = null"] {
        let sql = format!("update public.people set {change} where id = $1");
        let refused = tamperer.execute(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(person)).await;
        assert!(refused.is_err(), "{change}");
    }
    let form = browser.form("/sign-in", &[("email", "bot"), ("password", "")]).await;
    assert_ne!(form.status, 303);

    let strict = "mutation { updateSignInPolicy(input: { sessionMinutes: 15, mailDomains: [\"example.com\"] }) { membersWithoutSecondFactor } }";
    assert_eq!(ask(owner, strict).await["updateSignInPolicy"]["membersWithoutSecondFactor"], 1, "the owner alone");
    let sql = "update public.tenants set sso_only = true, second_factor_required = true where id = $1";
    tamperer.execute(sqlx::query(sql).bind(tenant)).await.expect("is strict");
    assert_eq!(code(&logger, VIEWER).await, "");
    let run = run_in(&logger, &experiment(&logger).await).await;
    assert!(!run.is_empty());

    // Elsewhere it is nobody, even where a row says otherwise.
    let sql = "update public.tenants set sso_only = false, second_factor_required = false where id = $1";
    tamperer.execute(sqlx::query(sql).bind(tenant)).await.expect("is not");
    let neighbour = world().organization().await;
    let moved = "with m as (update public.memberships set tenant_id = $1 where person_id = $2) update public.api_tokens set tenant_id = $1 where person_id = $2";
    tamperer.execute(sqlx::query(moved).bind(neighbour.tenant().await).bind(person)).await.expect("is moved");
    assert_eq!(code(&logger, VIEWER).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn c7_1a_it_is_told_nothing_and_a_directory_passes_over_it() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    let bot = account(owner, "Mia Machine", "admin").await;
    let (logger, _) = script(&organization, &bot, "*").await;
    let run = run_in(&logger, &experiment(&logger).await).await;
    let start = format!("mutation {{ startThread(input: {{ about: \"run_{run}\", body: \"by a machine\" }}) {{ id }} }}");
    let thread = text(&ask(&logger, &start).await["startThread"]["id"]);
    let reply = format!("mutation {{ replyToThread(id: \"{thread}\", body: \"@Mia Machine thanks\") {{ id }} }}");
    ask(owner, &reply).await;
    assert_eq!(ask(&logger, "{ notifications { totalCount } }").await["notifications"]["totalCount"], 0);
    assert_eq!(ask(owner, "{ findMembers(text: \"Mia\") { name } }").await["findMembers"], json!([]), "whom one mentions is a person");
    let mails: i64 = sqlx::query_scalar("select count(*) from public.jobs where tenant_id = $1 and kind = 'notification.mail'")
        .bind(organization.tenant().await)
        .fetch_one(&mut organization.tamperer().await)
        .await
        .expect("counts");
    assert_eq!(mails, 0);

    let directory = owner.token(&["scim:write"]).await;
    let call = async |method: &str, path: &str, body: Value| {
        let request = directory.request(method.parse().expect("a method"), &format!("/scim/v2/{path}"));
        directory.send(if body.is_null() { request } else { request.json(&body) }).await
    };
    let users = call("GET", "Users", Value::Null).await.json();
    assert_eq!(users["totalResults"], 1, "{users}");
    assert_eq!(call("GET", "Users?count=0", Value::Null).await.json()["totalResults"], 1);
    let own = text(&ask(owner, "{ viewer { id } }").await["viewer"]["id"]);
    assert_eq!(call("GET", &format!("Users/{own}"), Value::Null).await.status, 200);
    let inactive =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "replace", "value": { "active": false } }] });
    for (method, body) in [("GET", Value::Null), ("DELETE", Value::Null), ("PATCH", inactive)] {
        assert_eq!(call(method, &format!("Users/{bot}"), body).await.status, 404, "{method}");
    }
    let named = call("GET", "Users?filter=userName%20eq%20%22Mia%20Machine%22", Value::Null).await.json();
    assert_eq!(named["totalResults"], 0, "{named}");
    let group = call("POST", "Groups", json!({ "displayName": "bots", "members": [{ "value": bot }] })).await;
    assert_eq!(group.status, 400, "{}", group.text());
    assert_eq!(code(&logger, VIEWER).await, "");
}

#[tokio::test]
async fn c7_1d_names_are_its_own_and_say_who_it_is() {
    let organization = world().organization().await;
    let owner = &organization.owner;
    account(owner, "Nightly", "viewer").await;
    let make = |name: &str| format!("mutation {{ createServiceAccount(input: {{ name: \"{name}\", roles: [\"viewer\"] }}) {{ id }} }}");
    assert_eq!(code(owner, &make("nightly")).await, "ALREADY_EXISTS");
    for name in ["", " ", "ada@example.com", &organization.owner.email] {
        assert_eq!(code(owner, &make(name)).await, "INVALID", "{name}");
    }
    let other = account(owner, "Other", "viewer").await;
    let rename = format!("mutation {{ updateServiceAccount(id: \"{other}\", input: {{ name: \"NIGHTLY\", roles: [\"viewer\"] }}) {{ id }} }}");
    assert_eq!(code(owner, &rename).await, "ALREADY_EXISTS");
    // Another organization may call its own so.
    account(&world().organization().await.owner, "Nightly", "viewer").await;
    // A person is no service account.
    let own = text(&ask(owner, "{ viewer { id } }").await["viewer"]["id"]);
    for mutation in ["removeServiceAccount", "suspendServiceAccount", "resumeServiceAccount"] {
        assert_eq!(code(owner, &format!("mutation {{ {mutation}(id: \"{own}\") {{ id }} }}")).await, "NOT_FOUND", "{mutation}");
    }
    assert_eq!(code(owner, &token_of(&own, "*")).await, "NOT_FOUND");
    organization.script().await;
    let token = text(&ask(owner, "{ tokens { nodes { id createdBy } } }").await["tokens"]["nodes"][0]["id"]);
    assert_eq!(code(owner, &format!("mutation {{ revokeServiceAccountToken(id: \"{token}\") {{ id }} }}")).await, "NOT_FOUND");
    // When it was last used is written every half minute.
    let (used, _) = script(&organization, &other, "*").await;
    let listed = "{ serviceAccounts { nodes { name lastUsedAt tokens { name lastUsedAt } } } }";
    let of_other = async || ask(owner, listed).await["serviceAccounts"]["nodes"][1].clone();
    assert_eq!(of_other().await, json!({ "name": "Other", "lastUsedAt": null, "tokens": [{ "name": "cluster", "lastUsedAt": null }] }));
    ask(&used, VIEWER).await;
    let vault = world().services().vault;
    world().on_server(async move { vault.flush_uses().await }).await.expect("is written");
    let seen = of_other().await;
    assert!(seen["lastUsedAt"].is_string() && seen["tokens"][0]["lastUsedAt"].is_string(), "{seen}");
}
