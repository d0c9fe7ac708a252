//! Every field of every object type below the root. A field that is in no row fails; so does one that needs a permission beyond that of whatever led to it and
//! answers anybody without it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::{Permission, Role};

use super::{fixture::Fixture, narrow_tokens, roles::may};
use crate::support::{Actor, schema, world};

/// What a field asks for beyond what led to its object.
pub enum More {
    Nothing,
    Needs(Permission),
}

use More::{Needs, Nothing};

/// Fields by type and by what they ask for.
const FIELDS: &[(&str, More, &str)] = &[
    ("AccessDecision", Nothing, "actor actorKind allowed credential minute permission times"),
    ("AccessDecisionConnection", Nothing, "nodes pageInfo totalCount"),
    ("AccessExplanation", Nothing, "allowed grantingRoles isRestricted projectRole reason remedy roles"),
    ("Alias", Nothing, "alias version"),
    ("Artifact", Nothing, "contentType digest isFolder name path size url"),
    ("ArtifactText", Nothing, "text truncated"),
    ("ArtifactVersion", Nothing, "createdAt createdBy digest isCurrent number size url"),
    ("AuditEntry", Nothing, "action actor actorKind address at detail hash outcome requestId sequence subjectId subjectKind subjectName"),
    ("AuditEntryConnection", Nothing, "nodes pageInfo totalCount"),
    ("AuditVerification", Nothing, "entries finding"),
    ("Change", Nothing, "of"),
    ("Comment", Nothing, "author body createdAt editedAt html id isOwn reactions removed"),
    ("ComparedDifference", Nothing, "effect mean p pAdjusted relative"),
    ("ComparedEffect", Nothing, "high low value"),
    ("ComparedFocus", Nothing, "better curved explained histogram key pairs paramKeys seedSpread"),
    ("ComparedHistogram", Nothing, "counts edges"),
    ("ComparedInterval", Nothing, "high low"),
    ("ComparedMetric", Nothing, "better cells key oddCount"),
    ("ComparedMetricCell", Nothing, "difference summary"),
    ("ComparedPair", Nothing, "bootstrap cohensD hedgesG left mannWhitney rankBiserial right welch"),
    ("ComparedParam", Nothing, "cells differs importance key seed"),
    ("ComparedParamCell", Nothing, "common distinctCount missingCount"),
    ("ComparedParamCount", Nothing, "count value"),
    ("ComparedRanks", Nothing, "exact p pAdjusted u"),
    ("ComparedWelch", Nothing, "df difference interval p pAdjusted t"),
    ("Comparison", Nothing, "focus groups insights metrics metricsLeftOut params pointCount points"),
    ("ComparisonGroup", Nothing, "failedCount firstRunAt lastRunAt name runCount setupCount"),
    ("ComparisonInsight", Nothing, "text tone"),
    ("ComparisonPoint", Nothing, "group name params run startedAt value"),
    ("CreatedJobToken", Nothing, "secret token"),
    ("CreatedLink", Nothing, "link url"),
    ("CreatedToken", Nothing, "secret token"),
    ("DatasetInput", Nothing, "context digest name schema sourceType"),
    ("Environment", Nothing, "branch captured command commit cpu directory dirty gpus memory os python remote untracked"),
    ("Environment", Needs(Permission::ArtifactsRead), "diff lock lockIsWhole packages"),
    ("EnvironmentDifference", Nothing, "isPackage name values"),
    // The only ways to a file ask for what its text asks for.
    ("EnvironmentFile", Nothing, "digest path size text url"),
    ("Experiment", Nothing, "createdAt createdBy id lifecycle mlflowId name sharedAt sharedBy updatedAt viewerPermissions"),
    ("Experiment", Needs(Permission::ExperimentsRead), "lastRunAt metricKeys paramKeys runCount runCountIsLeast tagKeys tags"),
    ("Experiment", Needs(Permission::ProjectsRead), "project"),
    ("Experiment", Needs(Permission::RunsRead), "facets runs template traces"),
    ("ExperimentConnection", Nothing, "nodes pageInfo totalCount"),
    ("Facet", Nothing, "field values"),
    ("FacetValue", Nothing, "count value"),
    ("Freeing", Nothing, "isWaiting progress"),
    ("GroupRole", Nothing, "group role"),
    ("IdentityProvider", Nothing, "clientId defaultRole groupRoles groupsClaim issuer kind label required signedIn updatedAt"),
    ("Import", Nothing, "createdAt experiments finishedAt id phase reason source startedBy state withFiles withRegistry"),
    // Every way to an import asks for the same permission.
    ("Import", Nothing, "counts problems secondsLeft"),
    (
        "OrganizationExport",
        Nothing,
        "checkedBytes counts createdAt damagedFiles downloads expiresAt fileBytes finishedAt id packedBytes path phase reason requestedBy size state",
    ),
    ("OrganizationExportConnection", Nothing, "nodes pageInfo totalCount"),
    ("OrganizationExportCount", Nothing, "bytes files kind rows"),
    ("OrganizationContents", Nothing, "bytes comments experiments files members projects registeredModels runs tokens traces"),
    ("ClosedOrganization", Nothing, "closedAt eraseAt"),
    ("ImportConnection", Nothing, "nodes pageInfo totalCount"),
    ("ImportCount", Nothing, "amount failed found kind taken unchanged waiting"),
    ("ImportProblem", Nothing, "kind name reason sourceId"),
    ("ImportProblemConnection", Nothing, "nodes pageInfo totalCount"),
    ("Invitation", Nothing, "createdAt email expiresAt id invitedBy role"),
    ("InvitationConnection", Nothing, "nodes pageInfo totalCount"),
    ("InvitationPreview", Nothing, "email hasAccount invitedBy organization role singleSignOn"),
    ("JobToken", Nothing, "createdAt createdBy expiresAt hint id lastUsedAt"),
    ("Link", Nothing, "createdAt createdBy expiresAt hint id label lastUsedAt"),
    ("Link", Needs(Permission::RunsRead), "run"),
    ("LinkConnection", Nothing, "nodes pageInfo totalCount"),
    ("LoggedModel", Nothing, "createdAt id mlflowId modelType name status"),
    ("Member", Nothing, "email groupRoles id isProvisioned isService isViewer joinedAt lastSeenAt name roles suspendedAt"),
    ("MemberConnection", Nothing, "nodes pageInfo totalCount"),
    ("Metric", Nothing, "at count high key low step value"),
    ("MetricPoint", Nothing, "key step"),
    ("MetricSeries", Nothing, "key sampled smoothed steps times total values"),
    ("MetricSummary", Nothing, "count firstQuartile high low mean median sd thirdQuartile"),
    ("ModelVersion", Nothing, "aliases createdAt createdBy description source stage tags version"),
    ("ModelVersion", Needs(Permission::RunsRead), "run"),
    ("Notification", Nothing, "about actor at id kind path quote readAt subject"),
    ("NotificationConnection", Nothing, "nodes pageInfo totalCount unreadCount"),
    ("NotificationPreference", Nothing, "inApp kind mail slack"),
    // The only way to it asks for experiments.
    ("OpenedLink", Nothing, "experiment organization runId"),
    ("Organization", Nothing, "id name slug"),
    ("PageInfo", Nothing, "endCursor hasNextPage"),
    ("Package", Nothing, "name version"),
    ("Param", Nothing, "key value"),
    ("Project", Nothing, "access createdAt description id name slug viewerPermissions"),
    ("Project", Needs(Permission::ProjectsRead), "members"),
    ("ProjectMember", Nothing, "addedAt addedBy email id isService name role"),
    ("ProvisionedGroup", Nothing, "displayName id memberCount role updatedAt"),
    ("ProvisionedGroupConnection", Nothing, "nodes pageInfo totalCount"),
    ("Reactions", Nothing, "count kind members mine"),
    // The only ways to a registered model ask for what its versions ask for.
    ("RegisteredModel", Nothing, "aliases createdAt description id name tags updatedAt versions"),
    ("RegisteredModel", Needs(Permission::ProjectsRead), "project"),
    ("RegisteredModelConnection", Nothing, "nodes pageInfo totalCount"),
    // What artifacts say is left out of it for who may not see them.
    ("Reproduction", Nothing, "gaps script url"),
    ("ReproductionGap", Nothing, "how what"),
    ("Role", Nothing, "description isBuiltIn name permissions title"),
    ("Run", Nothing, "createdBy endedAt id lifecycle mlflowId name revision startedAt status user"),
    ("Run", Needs(Permission::RunsRead), "datasets environment isByService metrics note params reproduction series similar tags template traceCount"),
    ("Run", Needs(Permission::ExperimentsRead), "experiment"),
    ("Run", Needs(Permission::ArtifactsRead), "artifactText artifactVersions artifacts"),
    ("Run", Needs(Permission::ModelsRead), "loggedModels"),
    ("RunConnection", Nothing, "nodes pageInfo totalCount totalIsLeast"),
    ("RunGroup", Nothing, "numbers runCount values"),
    ("RunGroupNumbers", Nothing, "count high low mean"),
    ("RunGroups", Nothing, "by groupCount groups isWhole numbers runCount"),
    ("RunTable", Nothing, "columns pageInfo rows totalCount totalIsLeast"),
    ("RunTableColumn", Nothing, "key kind type"),
    ("RunCurve", Nothing, "run steps times total values"),
    ("SavedComparison", Nothing, "createdAt createdBy id name path"),
    ("SavedComparisonConnection", Nothing, "nodes pageInfo totalCount"),
    ("SearchHit", Nothing, "id kind path subtitle title"),
    ("SecondFactor", Nothing, "isRequired recoveryCodesLeft since"),
    ("ServiceAccount", Nothing, "createdAt createdBy description id lastUsedAt name roles suspendedAt"),
    ("ServiceAccount", Needs(Permission::ServiceAccountsRead), "tokens"),
    ("ServiceAccountConnection", Nothing, "nodes pageInfo totalCount"),
    ("Session", Nothing, "address createdAt device expiresAt id isCurrent lastSeenAt organization userAgent"),
    ("SessionConnection", Nothing, "nodes pageInfo totalCount"),
    ("SignInPolicy", Nothing, "mailDomains membersWithoutSecondFactor secondFactorRequired sessionMinutes"),
    ("SingleSignOn", Nothing, "label organization"),
    ("SimilarBest", Nothing, "key run value"),
    ("SimilarDifference", Nothing, "here key there"),
    ("SimilarRun", Nothing, "differences run sameCommit sameData"),
    ("SimilarRuns", Nothing, "best near same sameCount"),
    ("SlackChannel", Nothing, "brokenAt brokenReason connectedAt connectedBy hint label postedAt posts"),
    ("SlackTest", Nothing, "answer channel posted"),
    ("Storage", Nothing, "freeing quota used"),
    ("SupportGrant", Nothing, "endedAt endedBy expiresAt grantedAt grantedBy id isOpen reason visits"),
    ("SupportGrantConnection", Nothing, "nodes pageInfo totalCount"),
    ("SupportSession", Nothing, "expiresAt grantedBy operator"),
    ("SupportVisit", Nothing, "enteredAt lastUsedAt leftAt openedAt operator"),
    ("Tag", Nothing, "key value"),
    ("Template", Nothing, "createdAt createdBy description id lifecycle name"),
    ("Template", Needs(Permission::RunsRead), "bestRun run startedCount startedRuns"),
    ("Template", Needs(Permission::ExperimentsRead), "experiment startedExperiments"),
    ("TemplateConnection", Nothing, "nodes pageInfo totalCount"),
    ("Thread", Nothing, "about comments createdAt id point resolvedAt resolvedBy"),
    ("ThreadConnection", Nothing, "nodes openCount pageInfo totalCount"),
    ("Token", Nothing, "createdAt createdBy expired expiresAt hint id lastUsedAt name scopes"),
    ("TokenConnection", Nothing, "nodes pageInfo totalCount"),
    ("Trace", Nothing, "assessments duration id metadata name requestPreview responsePreview startedAt state tags"),
    ("Trace", Needs(Permission::RunsRead), "run spans"),
    ("Trace", Needs(Permission::ExperimentsRead), "experiment"),
    ("TraceAssessment", Nothing, "kind name rationale source valid value"),
    ("TraceConnection", Nothing, "nodes pageInfo totalCount"),
    ("TraceEvent", Nothing, "attributes name offset"),
    ("TraceSpan", Nothing, "attributes duration events id inputs kind message name offset outputs parentId status"),
    ("Viewer", Nothing, "email id name organization organizations permissions roles"),
];

/// How each field that needs more is asked: the permission of the root, and the query with `…` in the place of the field.
const ROOTS: &[(&str, Permission, &str)] = &[
    ("Experiment", Permission::ExperimentsRead, "{ experiment(id: \"$experiment\") { … } }"),
    ("Experiment", Permission::ExperimentsWrite, "mutation { renameExperiment(id: \"$experiment\", name: \"$unique\") { … } }"),
    ("Run", Permission::RunsRead, "{ run(id: \"$run\") { … } }"),
    ("Run", Permission::RunsWrite, "mutation { noteRun(id: \"$run\", note: \"n\") { … } }"),
    ("Environment", Permission::RunsRead, "{ run(id: \"$run\") { environment { … } } }"),
    ("Trace", Permission::RunsRead, "{ trace(id: \"$trace\") { … } }"),
    ("Template", Permission::RunsRead, "{ template(id: \"$template\") { … } }"),
    ("Template", Permission::RunsWrite, "mutation { updateTemplate(id: \"$template\", name: \"$unique\") { … } }"),
    ("Link", Permission::ProjectsShare, "{ links(experiment: \"$experiment\") { nodes { … } } }"),
    ("ServiceAccount", Permission::ServiceAccountsRead, "{ serviceAccounts { nodes { … } } }"),
    ("RegisteredModel", Permission::ModelsRead, "{ registeredModel(name: \"$model\") { … } }"),
    ("Project", Permission::ProjectsRead, "{ projects { … } }"),
    ("ModelVersion", Permission::ModelsRead, "{ registeredModel(name: \"$model\") { versions { … } } }"),
];

/// How a field is asked, where its name alone is no query.
const SELECTIONS: &[(&str, &str)] = &[
    ("Environment.diff", "diff { path }"),
    ("Environment.lock", "lock { path }"),
    ("Environment.packages", "packages { name }"),
    ("Experiment.tags", "tags { key }"),
    ("Experiment.project", "project { id }"),
    ("Experiment.facets", "facets { field values { value count } }"),
    ("Experiment.runs", "runs { nodes { id } }"),
    ("Experiment.template", "template { id }"),
    ("Link.run", "run { id }"),
    ("ModelVersion.run", "run { id }"),
    ("Project.members", "members { id }"),
    ("RegisteredModel.project", "project { id }"),
    ("ServiceAccount.tokens", "tokens { id }"),
    ("Run.similar", "similar { sameCount }"),
    ("Run.template", "template { id }"),
    ("Experiment.traces", "traces { nodes { id } }"),
    ("Trace.experiment", "experiment { id }"),
    ("Trace.run", "run { id }"),
    ("Trace.spans", "spans { id }"),
    ("Template.bestRun", "bestRun { id }"),
    ("Template.experiment", "experiment { id }"),
    ("Template.run", "run { id }"),
    ("Template.startedExperiments", "startedExperiments { id }"),
    ("Template.startedRuns", "startedRuns { id }"),
    ("Run.datasets", "datasets { name }"),
    ("Run.environment", "environment { captured }"),
    ("Run.reproduction", "reproduction { script }"),
    ("Run.metrics", "metrics { key }"),
    ("Run.params", "params { key }"),
    ("Run.series", "series(keys: [\"loss\"]) { key }"),
    ("Run.tags", "tags { key }"),
    ("Run.experiment", "experiment { id }"),
    ("Run.artifactText", "artifactText(path: \"CANARY.txt\") { text }"),
    ("Run.artifactVersions", "artifactVersions(path: \"CANARY.txt\") { number }"),
    ("Run.artifacts", "artifacts { path }"),
    ("Run.loggedModels", "loggedModels { id }"),
];

/// A field of each type of them that needs nothing.
fn beside(ty: &str) -> &'static str {
    match ty {
        "Environment" => "captured",
        "ModelVersion" => "version",
        _ => "id",
    }
}

/// What a field asks for beyond what led to its object.
pub fn more(ty: &str, field: &str) -> &'static More {
    let row = FIELDS.iter().find(|(of, _, fields)| *of == ty && fields.split(' ').any(|name| name == field));
    row.map_or_else(|| panic!("{ty}.{field} has no policy"), |(_, more, _)| more)
}

/// Every field that needs more, with the permissions of the root and of the field, and its query, which asks for a field beside it too.
fn asked() -> Vec<(String, Permission, Permission, String)> {
    let mut asked = Vec::new();
    for (ty, more, fields) in FIELDS {
        let Needs(needed) = more else { continue };
        for field in fields.split(' ') {
            let name = format!("{ty}.{field}");
            let selection = SELECTIONS.iter().find(|(of, _)| *of == name).map_or(field, |(_, selection)| selection);
            let roots = ROOTS.iter().filter(|(of, ..)| of == ty);
            asked.extend(roots.map(|(_, root, query)| (name.clone(), *root, *needed, query.replace('…', &format!("{} {selection}", beside(ty))))));
        }
    }
    asked
}

/// Whether a field was refused on its own: one error, which names it; it is null, and the object around it holds what was asked beside it.
fn is_refused_alone(answer: &Value, name: &str) -> bool {
    let (ty, field) = name.split_once('.').expect("a type and a field");
    let Some([error]) = answer["errors"].as_array().map(Vec::as_slice) else { return false };
    let Some([above @ .., last]) = error["path"].as_array().map(Vec::as_slice) else { return false };
    let object = above.iter().fold(&answer["data"], |object, step| match step {
        Value::String(name) => &object[name],
        place => &object[place.as_u64().expect("a place in a list") as usize],
    });
    Actor::code(answer) == "FORBIDDEN" && last == field && object.get(field) == Some(&Value::Null) && !object[beside(ty)].is_null()
}

#[test]
fn r16_every_nested_field_has_a_policy() {
    let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (ty, _, fields) in FIELDS {
        for field in fields.split(' ') {
            assert!(declared.entry((*ty).to_owned()).or_default().insert(field.to_owned()), "{ty}.{field} has two policies");
        }
    }
    let objects = schema::objects().into_iter().filter(|(ty, _)| !matches!(ty.as_str(), "Query" | "Mutation" | "Subscription"));
    let actual: BTreeMap<String, BTreeSet<String>> = objects.map(|(ty, fields)| (ty, fields.into_keys().collect())).collect();
    assert_eq!(actual, declared, "fields and policies differ");
    for (ty, more, _) in FIELDS {
        assert!(matches!(more, Nothing) || ROOTS.iter().any(|(of, ..)| of == ty), "no query leads to {ty}");
    }
}

#[test]
fn t59_every_nested_field_that_needs_more_is_nullable() {
    let types = schema::types();
    for (ty, _, fields) in FIELDS.iter().filter(|(_, more, _)| matches!(more, Needs(_))) {
        for field in fields.split(' ') {
            assert!(types[*ty][field].is_nullable, "{ty}.{field} takes its object along where it is refused");
        }
    }
}

#[tokio::test]
async fn c7_1a_c7_1b_t59_nested_fields_ask_each_role_for_their_own_permission() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await };
        for (field, root, needed, query) in asked() {
            let answer = actor.graphql(&fixture.fill(&query), Value::Null).await;
            let allowed = may(*role, root) && may(*role, needed);
            assert_eq!(Actor::code(&answer), if allowed { "" } else { "FORBIDDEN" }, "{role:?} {field}: {answer}");
            assert!(allowed || !may(*role, root) || is_refused_alone(&answer, &field), "{role:?} {field}: {answer}");
        }
    }
}

#[tokio::test]
async fn c7_1b_nested_fields_show_a_stranger_nothing_and_ask_nobody_in() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let (nobody, stranger) = (world().anonymous(), world().organization().await.owner);
    for (field, _, _, query) in asked() {
        let query = fixture.fill(&query);
        let answer = nobody.graphql(&query, Value::Null).await;
        assert_eq!(Actor::code(&answer), "UNAUTHENTICATED", "{field}: {answer}");
        let answer = stranger.graphql(&query, Value::Null).await;
        assert!(!answer.to_string().contains("CANARY"), "{field}: {answer}");
        if fixture.0.values().any(|id| query.contains(id.as_str())) {
            let absent = answer["errors"].is_null() && answer["data"].as_object().is_some_and(|data| data.values().all(Value::is_null));
            assert!(absent || Actor::code(&answer) == "NOT_FOUND", "{field}: {answer}");
        }
    }
}

#[tokio::test]
async fn t15_each_scope_alone_opens_only_the_nested_fields_it_names() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    for (scope, script) in narrow_tokens(&organization).await {
        for (field, root, needed, query) in asked() {
            let answer = script.graphql(&fixture.fill(&query), Value::Null).await;
            let expected = if scope == root && scope == needed { "" } else { "FORBIDDEN" };
            assert_eq!(Actor::code(&answer), expected, "{scope} {field}: {answer}");
        }
    }
}

#[tokio::test]
async fn t15_t59_the_scope_of_a_root_opens_no_nested_field_of_another() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let mut scripts: BTreeMap<Vec<&str>, Actor> = BTreeMap::new();
    for (field, root, needed, query) in asked() {
        let mut both = vec![root.as_str(), needed.as_str()];
        both.dedup();
        for scopes in [vec![root.as_str()], both] {
            if !scripts.contains_key(&scopes) {
                scripts.insert(scopes.clone(), organization.owner.token(&scopes).await);
            }
            let answer = scripts[&scopes].graphql(&fixture.fill(&query), Value::Null).await;
            let opened = scopes.contains(&needed.as_str());
            assert!(if opened { answer["errors"].is_null() } else { is_refused_alone(&answer, &field) }, "{field} with {scopes:?}: {answer}");
        }
    }
}
