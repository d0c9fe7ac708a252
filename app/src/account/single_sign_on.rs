use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, location::Url};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::sso::SsoProblem;

use super::door::Door;
use crate::{
    api::{Operation, use_query},
    kit::{Button, ButtonKind, Callout, Failure, Field, Glyph, Icon, Tone, field},
};

const FIND: Operation = Operation(include_str!("single_sign_on.graphql"));

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    single_sign_on: Option<Found>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Found {
    organization: String,
    label: String,
}

/// What the address says.
#[derive(Clone)]
struct Asked {
    organization: String,
    next: String,
    problem: Option<SsoProblem>,
}

/// The page at `/sso?organization=`: on to the organization's identity provider, or why it did not lead in.
#[component]
pub fn SingleSignOn() -> impl IntoView {
    let asked = use_query_map().with_untracked(|query| Asked {
        organization: query.get("organization").unwrap_or_default(),
        next: query.get("next").unwrap_or_default(),
        problem: query.get("problem").and_then(|word| SsoProblem::parse(&word)),
    });
    let organization = asked.organization.clone();
    let query = use_query::<_, Data>(FIND, move || json!({ "organization": organization }));
    let content = move || {
        let asked = asked.clone();
        Suspend::new(async move {
            match query.await {
                Ok(Data { single_sign_on: Some(found) }) => go_on(found, asked),
                Ok(_) => ask(asked),
                Err(error) => view! { <main class="alone"><Failure error/></main> }.into_any(),
            }
        })
    };
    content.into_any()
}

fn told(problem: Option<SsoProblem>) -> Option<AnyView> {
    problem.map(|problem| view! { <Callout tone=Tone::Bad>{problem.sentence()}</Callout> }.into_any())
}

fn go_on(found: Found, asked: Asked) -> AnyView {
    let Found { organization, label } = found;
    let href = match asked.next.as_str() {
        "" => format!("/sso/begin/{organization}"),
        next => format!("/sso/begin/{organization}?next={}", Url::escape(next)),
    };
    let words = if asked.problem.is_some() { "Try again with " } else { "Continue with " };
    let foot = || view! { <p>"Another organization? " <a href="/sso" rel="external">"Name it"</a>", or " <a href="/sign-in">"sign in with a password"</a></p> };
    view! {
        <Door title=format!("Sign in to {organization}") lead="Your organization's identity provider says who you are." foot=foot>
            {told(asked.problem)}
            <a class="button primary on" href=href rel="external"><Glyph icon=Icon::SHIELD_CHECK/>{words}{label}</a>
        </Door>
    }
    .into_any()
}

fn ask(asked: Asked) -> AnyView {
    let Asked { organization, next, problem } = asked;
    // A name that was given and is not known is a problem of the field; any other is told above it.
    let unknown = (!organization.is_empty()).then(|| SsoProblem::Unknown.sentence().to_owned());
    let problem = told(problem.filter(|problem| *problem != SsoProblem::Unknown));
    let next = (!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next/> });
    let foot = || view! { <p>"No single sign-on? " <a href="/sign-in">"Sign in with a password"</a></p> };
    view! {
        <Door title="Single sign-on" lead="Your organization's identity provider says who you are." foot=foot>
            {problem}
            <form method="get" action="/sso">
                <Field name="organization" label="Organization" hint="Its short name, which its members find on their account page." autofocus=true value=organization error=unknown rule=field::filled as field::Rule/>
                {next}
                <Button kind=ButtonKind::Primary>"Continue"</Button>
            </form>
        </Door>
    }
    .into_any()
}
