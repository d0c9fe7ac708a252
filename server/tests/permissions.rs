//! Every GraphQL field and every route, as every role, a stranger, a narrow token and nobody. A field
//! or a route without a row in these tables fails the build; so does one that answers anybody the
//! table does not name.

mod fixture;
mod kinds;
mod mlflow;
mod nested;
mod pages;
mod reached;
mod roles;
mod routes;
mod streams;

use std::collections::BTreeSet;

use crate::support::{Actor, Organization, schema, world};
use fixture::Fixture;
use serde_json::{Value, json};
use shared::{Permission, Role};

/// Who a field is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    /// Everybody, signed in or not.
    Public,
    /// Everybody with a credential.
    SignedIn,
    /// Whose role and scopes include the permission.
    Needs(Permission),
}

use Policy::{Needs, Public, SignedIn};

/// Root fields with their policy and a query that asks them. `$experiment` and the like are replaced
/// by ids of the fixture.
const QUERIES: &[(&str, Policy, &str)] = &[
    ("viewer", SignedIn, "{ viewer { id } }"),
    ("projects", Needs(Permission::ProjectsRead), "{ projects { id } }"),
    ("experiments", Needs(Permission::ExperimentsRead), "{ experiments { nodes { id name } } }"),
    ("experiment", Needs(Permission::ExperimentsRead), "{ experiment(id: \"$experiment\") { id name } }"),
    ("run", Needs(Permission::RunsRead), "{ run(id: \"$run\") { id name } }"),
    ("runTable", Needs(Permission::RunsRead), "{ runTable(experiments: [\"$experiment\"]) { rows totalCount } }"),
    ("runGroups", Needs(Permission::RunsRead), "{ runGroups(experiments: [\"$experiment\"], by: [\"status\"]) { runCount } }"),
    ("trace", Needs(Permission::RunsRead), "{ trace(id: \"$trace\") { id name } }"),
    ("templates", Needs(Permission::RunsRead), "{ templates { nodes { id name } } }"),
    ("template", Needs(Permission::RunsRead), "{ template(id: \"$template\") { id name } }"),
    ("comparison", Needs(Permission::RunsRead), "{ comparison(of: { runs: [\"$run\"] }) { groups { name } } }"),
    ("environmentDifferences", Needs(Permission::RunsRead), "{ environmentDifferences(runs: [\"$run\"]) { name } }"),
    ("runCurves", Needs(Permission::RunsRead), "{ runCurves(runs: [\"$run\"], key: \"loss\") { total } }"),
    ("savedComparisons", Needs(Permission::ExperimentsRead), "{ savedComparisons { nodes { id name } } }"),
    ("imports", Needs(Permission::OrganizationWrite), "{ imports { nodes { id source } } }"),
    ("organizationExports", Needs(Permission::OrganizationExport), "{ organizationExports { nodes { id path } } }"),
    ("organizationExport", Needs(Permission::OrganizationExport), "{ organizationExport(id: \"$absentimport\") { id path } }"),
    ("organizationContents", Needs(Permission::OrganizationClose), "{ organizationContents { members runs } }"),
    ("import", Needs(Permission::OrganizationWrite), "{ import(id: \"$absentimport\") { id source } }"),
    ("registeredModels", Needs(Permission::ModelsRead), "{ registeredModels { nodes { id name } } }"),
    ("registeredModel", Needs(Permission::ModelsRead), "{ registeredModel(name: \"$model\") { id name } }"),
    ("threads", Needs(Permission::CommentsRead), "{ threads(about: \"run_$run\") { nodes { id } } }"),
    ("thread", Needs(Permission::CommentsRead), "{ thread(id: \"$thread\") { id comments { body } } }"),
    ("notifications", Needs(Permission::CommentsRead), "{ notifications { nodes { id quote } unreadCount } }"),
    ("notificationPreferences", Needs(Permission::CommentsRead), "{ notificationPreferences { kind } }"),
    ("slackChannel", Needs(Permission::OrganizationWrite), "{ slackChannel { label hint } }"),
    ("ownSlackChannel", Needs(Permission::CommentsRead), "{ ownSlackChannel { label hint } }"),
    ("preference", Needs(Permission::CommentsRead), "{ preference(key: \"runs\") }"),
    ("findMembers", Needs(Permission::MembersRead), "{ findMembers(text: \"a\") { id email } }"),
    ("members", Needs(Permission::MembersRead), "{ members { nodes { id email } } }"),
    ("invitations", Needs(Permission::MembersWrite), "{ invitations { nodes { id email } } }"),
    ("invitationPreview", Public, "{ invitationPreview(token: \"x\") { email } }"),
    ("serviceAccounts", Needs(Permission::ServiceAccountsRead), "{ serviceAccounts { nodes { id name tokens { id } } } }"),
    ("roles", Needs(Permission::RolesRead), "{ roles { name } }"),
    ("accessExplanation", Needs(Permission::RolesRead), "{ accessExplanation(member: \"$member\", permission: \"runs:read\") { allowed reason } }"),
    ("accessDecisions", Needs(Permission::AuditRead), "{ accessDecisions { nodes { actor permission } } }"),
    ("jobTokens", Needs(Permission::RunsWrite), "{ jobTokens(run: \"$run\") { id hint } }"),
    ("storage", Needs(Permission::OrganizationWrite), "{ storage { used quota } }"),
    ("supportGrants", Needs(Permission::OrganizationWrite), "{ supportGrants { nodes { id reason } } }"),
    ("supportSession", SignedIn, "{ supportSession { operator grantedBy } }"),
    ("links", Needs(Permission::ProjectsShare), "{ links(experiment: \"$experiment\") { nodes { id label } } }"),
    ("openedLink", Needs(Permission::ExperimentsRead), "{ openedLink { organization } }"),
    ("tokens", Needs(Permission::TokensOwn), "{ tokens { nodes { id } } }"),
    ("sessions", Needs(Permission::TokensOwn), "{ sessions { nodes { id address } } }"),
    ("secondFactor", SignedIn, "{ secondFactor { since recoveryCodesLeft } }"),
    ("signInPolicy", Needs(Permission::OrganizationWrite), "{ signInPolicy { mailDomains } }"),
    ("provisionedGroups", Needs(Permission::ScimWrite), "{ provisionedGroups { nodes { id displayName role } } }"),
    ("identityProvider", Needs(Permission::OrganizationWrite), "{ identityProvider { label issuer } }"),
    ("singleSignOn", Public, "{ singleSignOn(organization: \"absent\") { label } }"),
    ("auditEntries", Needs(Permission::AuditRead), "{ auditEntries { nodes { sequence actor } } }"),
    ("auditEntry", Needs(Permission::AuditRead), "{ auditEntry(sequence: 1) { sequence actor } }"),
    ("auditVerification", Needs(Permission::AuditRead), "{ auditVerification { entries } }"),
    ("search", SignedIn, "{ search(text: \"a\") { id title } }"),
];

const MUTATIONS: &[(&str, Policy, &str)] = &[
    ("createToken", Needs(Permission::TokensOwn), "mutation { createToken(input: { name: \"t\", scopes: [\"runs:read\"] }) { token { id } } }"),
    ("revokeToken", Needs(Permission::TokensOwn), "mutation { revokeToken(id: \"$token\") { id } }"),
    (
        "createServiceAccount",
        Needs(Permission::ServiceAccountsWrite),
        "mutation { createServiceAccount(input: { name: \"$unique\", roles: [\"viewer\"] }) { id } }",
    ),
    (
        "updateServiceAccount",
        Needs(Permission::ServiceAccountsWrite),
        "mutation { updateServiceAccount(id: \"$absentmember\", input: { name: \"$unique\", roles: [\"viewer\"] }) { id } }",
    ),
    ("suspendServiceAccount", Needs(Permission::ServiceAccountsWrite), "mutation { suspendServiceAccount(id: \"$absentmember\") { id } }"),
    ("resumeServiceAccount", Needs(Permission::ServiceAccountsWrite), "mutation { resumeServiceAccount(id: \"$absentmember\") { id } }"),
    ("removeServiceAccount", Needs(Permission::ServiceAccountsWrite), "mutation { removeServiceAccount(id: \"$absentmember\") { id } }"),
    (
        "createServiceAccountToken",
        Needs(Permission::ServiceAccountsWrite),
        "mutation { createServiceAccountToken(account: \"$absentmember\", input: { name: \"t\", scopes: [\"runs:read\"] }) { token { id } } }",
    ),
    ("revokeServiceAccountToken", Needs(Permission::ServiceAccountsWrite), "mutation { revokeServiceAccountToken(id: \"$absentlink\") { id } }"),
    ("createJobToken", Needs(Permission::RunsWrite), "mutation { createJobToken(run: \"$absentrun\") { token { id } } }"),
    ("revokeJobToken", Needs(Permission::RunsWrite), "mutation { revokeJobToken(id: \"$absentlink\") { id } }"),
    (
        "createLink",
        Needs(Permission::ProjectsShare),
        "mutation { createLink(input: { shows: { run: \"$absentrun\" }, label: \"l\", expiresInDays: 1 }) { url } }",
    ),
    ("revokeLink", Needs(Permission::ProjectsShare), "mutation { revokeLink(id: \"$absentlink\") { id } }"),
    ("freeStorage", Needs(Permission::OrganizationWrite), "mutation { freeStorage { used } }"),
    ("grantSupport", Needs(Permission::IdentityWrite), "mutation { grantSupport(hours: 2, reason: \"r\") { id } }"),
    ("endSupport", Needs(Permission::OrganizationWrite), "mutation { endSupport(id: \"$absentlink\") { id } }"),
    ("endSession", Needs(Permission::TokensOwn), "mutation { endSession(id: \"$absentsession\") { id } }"),
    ("endOtherSessions", Needs(Permission::TokensOwn), "mutation { endOtherSessions }"),
    ("updateSignInPolicy", Needs(Permission::OrganizationWrite), "mutation { updateSignInPolicy(input: { mailDomains: [] }) { mailDomains } }"),
    (
        "setIdentityProvider",
        Needs(Permission::IdentityWrite),
        "mutation { setIdentityProvider(input: { kind: \"oidc\", label: \"L\", issuer: \"ftp://x\", clientId: \"c\" }) { label } }",
    ),
    ("removeIdentityProvider", Needs(Permission::IdentityWrite), "mutation { removeIdentityProvider { label } }"),
    ("inviteMember", Needs(Permission::MembersWrite), "mutation { inviteMember(email: \"$unique@example.com\", role: \"viewer\") { id } }"),
    ("revokeInvitation", Needs(Permission::MembersWrite), "mutation { revokeInvitation(id: \"$invitation\") { id } }"),
    ("updateMemberRoles", Needs(Permission::MembersWrite), "mutation { updateMemberRoles(id: \"$member\", roles: [\"viewer\"]) { id } }"),
    ("removeMember", Needs(Permission::MembersWrite), "mutation { removeMember(id: \"$absentmember\") { id } }"),
    ("setGroupRole", Needs(Permission::MembersWrite), "mutation { setGroupRole(id: \"$absentmember\", role: \"viewer\") { id } }"),
    ("createRole", Needs(Permission::RolesWrite), "mutation { createRole(input: { title: \"$unique\", permissions: [\"runs:read\"] }) { name } }"),
    (
        "updateRole",
        Needs(Permission::RolesWrite),
        "mutation { updateRole(name: \"absent\", input: { title: \"$unique\", permissions: [\"runs:read\"] }) { name } }",
    ),
    ("removeRole", Needs(Permission::RolesWrite), "mutation { removeRole(name: \"absent\") { name } }"),
    ("setProjectAccess", Needs(Permission::ProjectsShare), "mutation { setProjectAccess(id: \"$project\", access: OPEN) }"),
    (
        "setProjectMember",
        Needs(Permission::ProjectsShare),
        "mutation { setProjectMember(project: \"$project\", member: \"$member\", role: \"viewer\") { id } }",
    ),
    ("removeProjectMember", Needs(Permission::ProjectsShare), "mutation { removeProjectMember(project: \"$project\", member: \"$absentmember\") }"),
    ("shareExperiment", Needs(Permission::ProjectsShare), "mutation { shareExperiment(id: \"$experiment\") }"),
    ("unshareExperiment", Needs(Permission::ProjectsShare), "mutation { unshareExperiment(id: \"$experiment\") }"),
    ("createProject", Needs(Permission::ProjectsWrite), "mutation { createProject(name: \"$unique\") { id } }"),
    ("createExperiment", Needs(Permission::ExperimentsWrite), "mutation { createExperiment(name: \"$unique\") { id } }"),
    ("renameExperiment", Needs(Permission::ExperimentsWrite), "mutation { renameExperiment(id: \"$experiment\", name: \"$unique\") { id } }"),
    ("removeExperiment", Needs(Permission::ExperimentsWrite), "mutation { removeExperiment(id: \"$absentexperiment\") { id } }"),
    ("restoreExperiment", Needs(Permission::ExperimentsWrite), "mutation { restoreExperiment(id: \"$absentexperiment\") { id } }"),
    ("saveComparison", Needs(Permission::ExperimentsWrite), "mutation { saveComparison(name: \"$unique\", of: { runs: [\"$absentrun\"] }) { id } }"),
    ("removeComparison", Needs(Permission::ExperimentsWrite), "mutation { removeComparison(id: \"$absentrun\") { id } }"),
    ("renameRun", Needs(Permission::RunsWrite), "mutation { renameRun(id: \"$run\", name: \"$unique\") { id } }"),
    ("noteRun", Needs(Permission::RunsWrite), "mutation { noteRun(id: \"$run\", note: \"n\") { id } }"),
    ("setRunTag", Needs(Permission::RunsWrite), "mutation { setRunTag(id: \"$run\", key: \"k\", value: \"v\") { id } }"),
    ("setTagOfRuns", Needs(Permission::RunsWrite), "mutation { setTagOfRuns(ids: [\"$run\"], key: \"k\", value: \"v\") { id } }"),
    ("removeRunTag", Needs(Permission::RunsWrite), "mutation { removeRunTag(id: \"$run\", key: \"absent\") { id } }"),
    ("removeRuns", Needs(Permission::RunsWrite), "mutation { removeRuns(ids: [\"$absentrun\"]) { id } }"),
    ("restoreRuns", Needs(Permission::RunsWrite), "mutation { restoreRuns(ids: [\"$absentrun\"]) { id } }"),
    ("createTemplate", Needs(Permission::RunsWrite), "mutation { createTemplate(run: \"$absentrun\", name: \"$unique\") { id } }"),
    (
        "createExperimentTemplate",
        Needs(Permission::ExperimentsWrite),
        "mutation { createExperimentTemplate(experiment: \"$absentexperiment\", name: \"$unique\") { id } }",
    ),
    ("startExperiment", Needs(Permission::ExperimentsWrite), "mutation { startExperiment(template: \"$template\", name: \"$unique\") { id } }"),
    ("updateTemplate", Needs(Permission::RunsWrite), "mutation { updateTemplate(id: \"$template\", name: \"$unique\") { id } }"),
    ("removeTemplate", Needs(Permission::RunsWrite), "mutation { removeTemplate(id: \"$absentrun\") { id } }"),
    ("restoreTemplate", Needs(Permission::RunsWrite), "mutation { restoreTemplate(id: \"$absentrun\") { id } }"),
    ("startImport", Needs(Permission::OrganizationWrite), "mutation { startImport(input: { address: \"ftp://nowhere.example\" }) { id } }"),
    ("cancelImport", Needs(Permission::OrganizationWrite), "mutation { cancelImport(id: \"$absentimport\") { id } }"),
    ("startOrganizationExport", Needs(Permission::OrganizationExport), "mutation { startOrganizationExport { id } }"),
    ("cancelOrganizationExport", Needs(Permission::OrganizationExport), "mutation { cancelOrganizationExport(id: \"$absentimport\") { id } }"),
    ("closeOrganization", Needs(Permission::OrganizationClose), "mutation { closeOrganization(name: \"not its name\") { eraseAt } }"),
    ("startThread", Needs(Permission::CommentsWrite), "mutation { startThread(input: { about: \"run_$run\", body: \"b\" }) { id } }"),
    ("replyToThread", Needs(Permission::CommentsWrite), "mutation { replyToThread(id: \"$thread\", body: \"b\") { id } }"),
    ("editComment", Needs(Permission::CommentsWrite), "mutation { editComment(id: \"$absentrun\", body: \"b\") { id } }"),
    ("removeComment", Needs(Permission::CommentsWrite), "mutation { removeComment(id: \"$absentrun\") { id } }"),
    ("resolveThread", Needs(Permission::CommentsWrite), "mutation { resolveThread(id: \"$thread\") { id } }"),
    ("reopenThread", Needs(Permission::CommentsWrite), "mutation { reopenThread(id: \"$thread\") { id } }"),
    ("reactToComment", Needs(Permission::CommentsWrite), "mutation { reactToComment(id: \"$comment\", kind: HEART, on: true) { id } }"),
    ("markNotificationsRead", Needs(Permission::CommentsRead), "mutation { markNotificationsRead }"),
    (
        "setNotificationPreference",
        Needs(Permission::CommentsRead),
        "mutation { setNotificationPreference(kind: REPLY, inApp: true, mail: false) { kind } }",
    ),
    (
        "connectSlack",
        Needs(Permission::OrganizationWrite),
        "mutation { connectSlack(input: { label: \"#ml\", address: \"https://nowhere.example/services/a/b/c\" }) { label } }",
    ),
    ("setSlackPosts", Needs(Permission::OrganizationWrite), "mutation { setSlackPosts(posts: [SHARE]) { label } }"),
    ("testSlack", Needs(Permission::OrganizationWrite), "mutation { testSlack { posted } }"),
    ("disconnectSlack", Needs(Permission::OrganizationWrite), "mutation { disconnectSlack { label } }"),
    (
        "connectOwnSlack",
        Needs(Permission::TokensOwn),
        "mutation { connectOwnSlack(input: { label: \"Mine\", address: \"https://nowhere.example/services/a/b/c\" }) { label } }",
    ),
    ("testOwnSlack", Needs(Permission::TokensOwn), "mutation { testOwnSlack { posted } }"),
    ("disconnectOwnSlack", Needs(Permission::TokensOwn), "mutation { disconnectOwnSlack { label } }"),
    ("setPreference", Needs(Permission::CommentsRead), "mutation { setPreference(key: \"runs\", value: [1]) }"),
    ("updateViewer", Needs(Permission::TokensOwn), "mutation { updateViewer(name: \"Renamed\") { id } }"),
];

/// What can be listened to. `streams.rs` asks for each subject of it.
const SUBSCRIPTIONS: &[&str] = &["changes"];

fn root_fields(root: &str) -> BTreeSet<String> {
    schema::objects()[root].keys().cloned().collect()
}

#[test]
fn r16_every_field_has_a_policy() {
    for (root, table) in [("Query", QUERIES), ("Mutation", MUTATIONS)] {
        let declared: BTreeSet<String> = table.iter().map(|(field, ..)| (*field).to_owned()).collect();
        assert_eq!(root_fields(root), declared, "{root}: fields and policies differ");
    }
    assert_eq!(root_fields("Subscription"), SUBSCRIPTIONS.iter().map(|field| (*field).to_owned()).collect());
}

/// The committed schema is what clients build on; `assay schema > server/schema.graphql` renews it.
#[test]
fn the_committed_schema_is_the_schema() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap_or_default();
    assert!(committed == server::graphql::sdl(), "server/schema.graphql is stale: write it anew with `assay schema`");
}

fn allowed(policy: Policy, role: Role) -> bool {
    match policy {
        Public | SignedIn => true,
        Needs(permission) => roles::may(role, permission),
    }
}

#[tokio::test]
async fn c7_1a_c7_1b_each_role_may_what_its_row_says_and_nothing_else() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await };
        for (field, policy, query) in QUERIES.iter().chain(MUTATIONS) {
            // The last tests of a role must not depend on what it just did to itself.
            let answer = actor.graphql(&fixture.fill(query), Value::Null).await;
            let code = Actor::code(&answer);
            assert!(!matches!(code, "INTERNAL" | "UNAVAILABLE" | "UNAUTHENTICATED" | "LIMIT_EXCEEDED"), "{role:?} {field}: {answer}");
            assert_eq!(code != "FORBIDDEN", allowed(*policy, *role), "{role:?} {field}: {answer}");
        }
    }
}

#[tokio::test]
async fn c7_1b_nobody_and_strangers_get_nothing() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let (nobody, stranger) = (world().anonymous(), world().organization().await.owner);
    for (field, policy, query) in QUERIES.iter().chain(MUTATIONS) {
        let query = fixture.fill(query);
        let answer = nobody.graphql(&query, Value::Null).await;
        assert_eq!(Actor::code(&answer) == "UNAUTHENTICATED", *policy != Public, "{field}: {answer}");
        let answer = stranger.graphql(&query, Value::Null).await;
        assert!(!answer.to_string().contains("CANARY"), "{field}: {answer}");
        let names_something = ["experiment", "run", "model", "thread", "comment", "invitation", "token", "member", "project", "template", "trace"]
            .iter()
            .any(|kind| query.contains(&fixture.0[kind]));
        if names_something {
            let absent = answer["data"].as_object().is_some_and(|data| data.values().all(Value::is_null)) && answer["errors"].is_null();
            assert!(absent || Actor::code(&answer) == "NOT_FOUND", "{field}: {answer}");
        }
    }
}

/// A token of the owner for each scope there is, with that scope alone.
async fn narrow_tokens(organization: &Organization<'_>) -> Vec<(Permission, Actor)> {
    let mut tokens = Vec::new();
    for scope in Permission::ALL {
        tokens.push((*scope, organization.owner.token(&[scope.as_str()]).await));
    }
    tokens
}

/// What no scope opens alone: only a person who has signed in lately makes a token or deletes the organization, an import also needs the right to write what it takes,
/// and what a member may is asked by who may see members.
const NOT_ALONE: [&str; 6] = ["createToken", "createJobToken", "createServiceAccountToken", "closeOrganization", "startImport", "accessExplanation"];

#[tokio::test]
async fn t15_each_scope_alone_opens_only_the_fields_it_names() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    // Some of what they ask for ends the owner's own session.
    for (scope, script) in narrow_tokens(&organization).await {
        let mut opened = 0;
        for (field, policy, query) in QUERIES.iter().chain(MUTATIONS) {
            let answer = script.graphql(&fixture.fill(query), Value::Null).await;
            let code = Actor::code(&answer);
            assert!(!matches!(code, "INTERNAL" | "UNAVAILABLE" | "UNAUTHENTICATED" | "LIMIT_EXCEEDED"), "{scope} {field}: {answer}");
            let expected = (matches!(policy, Public | SignedIn) || *policy == Needs(scope)) && !NOT_ALONE.contains(field);
            assert_eq!(code != "FORBIDDEN", expected, "{scope} {field}: {answer}");
            opened += usize::from(*policy == Needs(scope));
        }
        assert!(
            opened > 0 || matches!(scope, Permission::ArtifactsRead | Permission::ArtifactsWrite | Permission::ModelsWrite),
            "{scope} opens no field"
        );
    }
}

#[tokio::test]
async fn t15_a_token_makes_no_token_and_its_scopes_do_not_grow() {
    let organization = world().organization().await;
    let make = "mutation($scopes: [String!]!) { createToken(input: { name: \"more\", scopes: $scopes }) { secret } }";
    let tokens = "{ tokens { totalCount } }";
    let (whole, own) = (organization.script().await, organization.owner.token(&["tokens:own"]).await);
    let before = organization.owner.graphql(tokens, Value::Null).await;
    for script in [&whole, &own, &organization.owner.token(&["runs:write"]).await] {
        for scopes in [json!(["*"]), json!(["runs:read"]), json!(["tokens:own"]), json!([])] {
            let answer = script.graphql(make, json!({ "scopes": scopes })).await;
            assert_eq!(Actor::code(&answer), "FORBIDDEN", "{scopes}: {answer}");
        }
    }
    let after = organization.owner.graphql(tokens, Value::Null).await;
    let count = |answer: &Value| answer["data"]["tokens"]["totalCount"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(count(&after), count(&before) + 1, "only the one that the owner made");
    for scopes in
        [json!(["runs:*"]), json!(["*:read"]), json!(["runs:read "]), json!(["RUNS:READ"]), json!(["runs"]), json!([""]), json!(["runs:read,*"])]
    {
        let answer = organization.owner.graphql(make, json!({ "scopes": scopes })).await;
        assert_eq!((Actor::code(&answer), answer["errors"][0]["extensions"]["field"].as_str()), ("INVALID", Some("scopes")), "{scopes}: {answer}");
    }
}
