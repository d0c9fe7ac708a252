//! Every object type, reached from a root: what is declared to need nothing more than what led to it is asked, with exactly the permissions on the way, as
//! each role, as a stranger and as nobody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use reqwest::Method;
use serde_json::{Value, json};
use shared::{Permission, Role};

use super::{
    MUTATIONS, NOT_ALONE, Policy, QUERIES,
    kinds::Kinds,
    nested::{self, More},
    roles::may,
};
use crate::{
    slack,
    support::{Actor, schema},
};

/// How a field is called that needs an argument.
const CALLS: &[(&str, &str)] = &[
    ("Run.artifactText", "artifactText(path: \"CANARY.txt\")"),
    ("Run.artifactVersions", "artifactVersions(path: \"CANARY.txt\")"),
    ("Run.series", "series(keys: [\"loss\"])"),
];

/// Roots that are asked otherwise than in the table of roots, so that they answer with more.
const ASKED: &[(&str, &str)] = &[
    ("createJobToken", "mutation { createJobToken(run: \"$run\") { … } }"),
    ("createLink", "mutation { createLink(input: { shows: { run: \"$run\" }, label: \"l\", expiresInDays: 1 }) { … } }"),
    ("invitationPreview", "{ invitationPreview(token: \"$invited\") { … } }"),
    ("singleSignOn", "{ singleSignOn(organization: \"$slug\") { … } }"),
    ("environmentDifferences", "{ environmentDifferences(runs: [\"$run\", \"$other\"]) { … } }"),
    ("runGroups", "{ runGroups(experiments: [\"$experiment\"], by: [\"status\"], numbers: [\"metrics.loss\"]) { … } }"),
    (
        "comparison",
        "{ comparison(of: { groups: [{ experiment: \"$experiment\", filter: \"params.side = 'a'\" }, \
            { experiment: \"$experiment\", filter: \"params.side = 'b'\" }], metric: \"loss\" }) { … } }",
    ),
];

/// Types that nobody is shown by their role, each with who is: they are asked for all the same.
const NOT_BY_ROLE: [&str; 3] = [
    // Once an organization is closed nobody is in it: at the end, whoever closed it.
    "ClosedOrganization",
    // Whoever came by a link, who is no member.
    "OpenedLink",
    // Somebody of the operator, who is no member.
    "SupportSession",
];

/// A query for all that a type shows to whoever came so far.
struct Way {
    ty: String,
    root: &'static str,
    policy: Policy,
    /// Everything that was asked for on the way.
    needs: BTreeSet<Permission>,
    /// With `…` where the fields go.
    query: String,
}

/// The beginning of a query up to the selection of its root field, with `…` in it; nothing for a root without one.
fn opened(query: &str) -> Option<String> {
    let start = query.find('{')? + 1;
    let (mut depth, mut quoted) = (0, false);
    let place = query[start..].char_indices().find(|(_, letter)| {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            '{' if !quoted && depth == 0 => return true,
            _ => {}
        }
        false
    });
    place.map(|(place, _)| format!("{}{{ … }} }}", &query[..start + place]))
}

fn roots(operation: &str, table: &'static [(&'static str, Policy, &'static str)], types: &schema::Types) -> Vec<Way> {
    let way = |(root, policy, query): &(&'static str, Policy, &'static str)| {
        let asked = ASKED.iter().find(|(of, _)| of == root).map_or_else(|| opened(query), |(_, query)| Some((*query).to_owned()));
        let needs = if let Policy::Needs(permission) = policy { BTreeSet::from([*permission]) } else { BTreeSet::new() };
        Some(Way { ty: types[operation][*root].ty.clone(), root, policy: *policy, needs, query: asked? })
    };
    // What is absent leads nowhere.
    table.iter().filter_map(way).filter(|way| !way.query.contains("$absent")).collect()
}

/// The shortest way to each type: from queries, and from mutations where no query leads to it.
fn ways() -> BTreeMap<String, Way> {
    let types = schema::types();
    let mut ways: BTreeMap<String, Way> = BTreeMap::new();
    for begun in [roots("Query", QUERIES, &types), roots("Mutation", MUTATIONS, &types)] {
        let mut queue = VecDeque::from(begun);
        while let Some(way) = queue.pop_front() {
            let Some(fields) = types.get(&way.ty).filter(|_| !ways.contains_key(&way.ty)) else { continue };
            for (name, field) in fields.iter().filter(|(_, field)| types.contains_key(&field.ty)) {
                let mut needs = way.needs.clone();
                if let More::Needs(permission) = nested::more(&way.ty, name) {
                    needs.insert(*permission);
                }
                let query = way.query.replace('…', &format!("{} {{ … }}", called(&way.ty, name, field)));
                queue.push_back(Way { ty: field.ty.clone(), root: way.root, policy: way.policy, needs, query });
            }
            ways.insert(way.ty.clone(), way);
        }
    }
    ways
}

fn called(ty: &str, name: &str, field: &schema::Field) -> String {
    let call = CALLS.iter().find(|(of, _)| *of == format!("{ty}.{name}")).map(|(_, call)| (*call).to_owned());
    assert_eq!(call.is_some(), field.needs_argument, "{ty}.{name}: how is it called?");
    call.unwrap_or_else(|| name.to_owned())
}

/// The query for all fields of a type that need nothing more.
fn whole(way: &Way, types: &schema::Types) -> String {
    let mut asked = vec!["__typename".to_owned()];
    for (name, field) in types[&way.ty].iter().filter(|(name, _)| matches!(nested::more(&way.ty, name), More::Nothing)) {
        let call = called(&way.ty, name, field);
        asked.push(if types.contains_key(&field.ty) { format!("{call} {{ __typename }}") } else { call });
    }
    way.query.replace('…', &asked.join(" "))
}

fn shows(answer: &Value, ty: &str) -> bool {
    answer["data"].to_string().contains(&format!("\"__typename\":\"{ty}\""))
}

#[tokio::test]
async fn t15_the_permissions_on_the_way_open_all_that_needs_nothing_more() {
    let organization = slack::open_world().await.organization().await;
    let kinds = Kinds::of(&organization).await;
    let (types, ways) = (schema::types(), ways());
    let unreached: Vec<&String> =
        types.keys().filter(|ty| !matches!(ty.as_str(), "Query" | "Mutation" | "Subscription" | "Change") && !ways.contains_key(*ty)).collect();
    assert!(unreached.is_empty(), "nothing leads to {unreached:?}");
    let mut scripts: BTreeMap<BTreeSet<Permission>, Actor> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (ty, way) in &ways {
        let query = kinds.fill(&whole(way, &types));
        let answer = organization.owner.graphql(&query, Value::Null).await;
        let by_role = !NOT_BY_ROLE.contains(&ty.as_str());
        if by_role && (!shows(&answer, ty) || !answer["errors"].is_null()) {
            wrong.push(format!("{ty}, as the owner: {query}: {answer}"));
        }
        if NOT_ALONE.contains(&way.root) {
            continue;
        }
        // A token has a scope; where none is needed any does.
        let scopes = if way.needs.is_empty() { BTreeSet::from([Permission::ExperimentsRead]) } else { way.needs.clone() };
        if !scripts.contains_key(&scopes) {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            scripts.insert(scopes.clone(), organization.owner.token(&names).await);
        }
        let answer = scripts[&scopes].graphql(&query, Value::Null).await;
        if Actor::code(&answer) == "FORBIDDEN" || (by_role && !answer["errors"].is_null()) {
            wrong.push(format!("{ty}, with {scopes:?}: {query}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whoever may come to a type sees one, and whoever may not sees none: one of each is there.
#[tokio::test]
async fn c7_1a_c7_1b_each_type_is_shown_to_the_roles_that_may_come_to_it_to_no_stranger_and_to_nobody() {
    let world = slack::open_world().await;
    let organization = world.organization().await;
    let kinds = Kinds::of(&organization).await;
    let (types, ways) = (schema::types(), ways());
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { kinds.with_belongings(&organization, *role).await };
        for (ty, way) in &ways {
            let query = kinds.fill(&whole(way, &types));
            let answer = actor.graphql(&query, Value::Null).await;
            let allowed = way.needs.iter().all(|permission| may(*role, *permission));
            let (refused, shown) = (Actor::code(&answer) == "FORBIDDEN", shows(&answer, ty));
            let as_it_should = match allowed {
                true if NOT_BY_ROLE.contains(&ty.as_str()) => !refused && !shown,
                true => shown && answer["errors"].is_null(),
                false => refused && !shown,
            };
            if !as_it_should {
                wrong.push(format!("{role:?} {ty}, allowed: {allowed}: {query}: {answer}"));
            }
        }
    }
    let (nobody, stranger) = (world.anonymous(), world.organization().await.owner);
    for (ty, way) in &ways {
        let query = kinds.fill(&whole(way, &types));
        let answer = nobody.graphql(&query, Value::Null).await;
        if (Actor::code(&answer) == "UNAUTHENTICATED") == (way.policy == Policy::Public) || answer.to_string().contains("CANARY") {
            wrong.push(format!("nobody {ty}: {answer}"));
        }
        let answer = stranger.graphql(&query, Value::Null).await;
        let names_something = kinds.fixture.0.values().any(|id| query.contains(id.as_str()));
        let nothing = answer["data"].as_object().is_none_or(|data| data.values().all(Value::is_null));
        let refused = !names_something || (nothing && matches!(Actor::code(&answer), "" | "NOT_FOUND"));
        if !refused || answer.to_string().contains("CANARY") {
            wrong.push(format!("stranger {ty}: {query}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let opened = nobody.request(Method::POST, "/graphql").header("authorization", format!("Link {}", kinds.link));
    let opened = nobody.send(opened.json(&json!({ "query": whole(&ways["OpenedLink"], &types) }))).await.json();
    assert!(shows(&opened, "OpenedLink") && opened["errors"].is_null(), "{opened}");
    let supporter = world.anonymous();
    assert_eq!(supporter.form("/support", &[("token", &kinds.support)]).await.status, 303);
    let session = supporter.graphql(&whole(&ways["SupportSession"], &types), Value::Null).await;
    assert!(shows(&session, "SupportSession") && session["errors"].is_null(), "{session}");
    let close = whole(&ways["ClosedOrganization"], &types).replace("not its name", &kinds.name);
    let closed = organization.owner.graphql(&close, Value::Null).await;
    assert!(shows(&closed, "ClosedOrganization") && closed["errors"].is_null(), "{closed}");
}
