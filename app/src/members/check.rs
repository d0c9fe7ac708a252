use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::rights;
use crate::{
    api::{Answer, Operation, ask, use_api, use_query},
    kit::{Address, Callout, Card, Empty, Glyph, Icon, Tone, loaded, use_address},
};

const CHOICES: Operation = Operation(include_str!("check_choices.graphql"));
const CHECK: Operation = Operation(include_str!("check_access.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Choices {
    members: Nodes,
    projects: Vec<Named>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Nodes {
    nodes: Vec<Person>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: String,
    name: String,
    email: String,
    is_service: bool,
}

impl Person {
    /// In the list to choose from.
    fn words(&self) -> String {
        format!("{} \u{00B7} {}", self.name, if self.is_service { "service account" } else { &self.email })
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    access_explanation: Option<Explanation>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Explanation {
    allowed: bool,
    reason: String,
    remedy: Option<String>,
}

/// The tab at `/members/check`: why a member may do something, or may not. The question stands in the address, so it can be handed on.
#[component]
pub fn CheckAccessTab() -> impl IntoView {
    let address = use_address();
    let choices = use_query::<_, Choices>(CHOICES, || ());
    let api = use_api();
    let question =
        move || Some(json!({ "member": address.get("member")?, "permission": address.get("permission")?, "project": address.get("project") }));
    let checked: Answer<Checked> = ask(question, move |question| {
        let api = api.clone();
        async move {
            match question {
                Some(question) => api.query(CHECK, question).await,
                None => Ok(Checked::default()),
            }
        }
    });
    view! {
        <div class="check-access">
            <Card title="Why can or can\u{2019}t they?">{loaded(choices, move |choices: Choices| form(choices, address))}</Card>
            {loaded(checked, |checked: Checked| checked.access_explanation.map_or_else(nothing, answer))}
        </div>
    }
    .into_any()
}

fn nothing() -> AnyView {
    view! { <Empty icon=Icon::SHIELD_CHECK title="Ask about a member">"Choose a member and what they want to do. The answer says which role allows it, or what is in the way."</Empty> }.into_any()
}

fn answer(explanation: Explanation) -> AnyView {
    let Explanation { allowed, reason, remedy } = explanation;
    let (tone, verdict) = if allowed { (Tone::Good, "Yes. ") } else { (Tone::Warn, "No. ") };
    view! {
        <div role="status"><Callout tone><strong>{verdict}</strong>{reason}{remedy.map(|remedy| view! { <br/>{remedy} })}</Callout></div>
        <p class="faint xs">"It is decided anew with every request. A token may do less than its member: what its scopes leave."</p>
    }
    .into_any()
}

fn form(choices: Choices, address: Address) -> AnyView {
    let chosen = |name: &'static str| untrack(move || address.get(name)).unwrap_or_default();
    let (member, permission, project) = (chosen("member"), chosen("permission"), chosen("project"));
    let people = choices.members.nodes.into_iter().map(|person| (person.id.clone(), person.words())).collect::<Vec<_>>();
    let acts = rights::by_noun(Permission::ALL.iter().copied()).into_iter().flat_map(|(_, group)| group);
    let acts = acts.map(|permission| (permission.as_str().to_owned(), rights::words(permission).to_owned())).collect::<Vec<_>>();
    let anywhere = (String::new(), "Anywhere".to_owned());
    let projects = std::iter::once(anywhere).chain(choices.projects.into_iter().map(|project| (project.id, project.name))).collect::<Vec<_>>();
    let options = |all: Vec<(String, String)>, chosen: String| {
        all.into_iter()
            .map(|(value, words)| {
                let selected = value == chosen;
                view! { <option value=value selected=selected>{words}</option> }
            })
            .collect_view()
    };
    view! {
        <form method="get" action="/members/check" class="check-form">
            <label class="part"><span class="label">"Member"</span><select class="input" name="member">{options(people, member)}</select></label>
            <label class="part"><span class="label">"Wants to"</span><select class="input" name="permission">{options(acts, permission)}</select></label>
            <label class="part"><span class="label">"In the project"</span><select class="input" name="project">{options(projects, project)}</select></label>
            <button class="button" type="submit"><Glyph icon=Icon::SEARCH/>"Check"</button>
        </form>
    }
    .into_any()
}
