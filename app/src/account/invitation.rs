use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Role;

use super::{
    door::{Door, PostForm},
    form_state::{FormState, use_form_state},
};
use crate::{
    api::{Operation, use_query},
    kit::{Callout, Failure, Field, Tone, field},
};

const PREVIEW: Operation = Operation(include_str!("preview_invitation.graphql"));

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    invitation_preview: Option<Preview>,
}

/// What the link stands for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preview {
    organization: String,
    invited_by: Option<String>,
    email: String,
    role: String,
    has_account: bool,
    single_sign_on: Option<String>,
}

/// The page at `/invitation?token=`: somebody was invited to an organization.
#[component]
pub fn Invitation() -> impl IntoView {
    let state = use_form_state();
    let token = state.carried("token");
    let query = use_query::<_, Data>(PREVIEW, move || json!({ "token": token }));
    let content = move || {
        let state = state.clone();
        Suspend::new(async move {
            match query.await {
                Ok(Data { invitation_preview: Some(preview) }) => open(preview, state),
                Ok(_) => stale(),
                Err(error) => view! { <main class="alone"><Failure error/></main> }.into_any(),
            }
        })
    };
    content.into_any()
}

fn open(preview: Preview, state: FormState) -> AnyView {
    let Preview { organization, invited_by, email, role, has_account, single_sign_on } = preview;
    let role = Role::parse(&role).map_or(role, |role| inside_a_sentence(role.title()));
    let lead = match invited_by {
        Some(name) => format!("{name} invited you to {organization} as {role}."),
        None => format!("You are invited to {organization} as {role}."),
    };
    let foot = || view! { <p>"Invited by mistake? Close this page and nothing happens."</p> };
    if let Some(slug) = single_sign_on {
        return view! {
            <Door title=format!("Join {organization}") lead foot=foot>
                <p class="lead">"It is entered by its single sign-on, with the address "{email}"."</p>
                <a class="button primary on" href=format!("/sso?organization={slug}") rel="external">"Continue to single sign-on"</a>
            </Door>
        }
        .into_any();
    }
    let error = state.error_of("password");
    let fields = if has_account {
        let hint = format!("The one of your account {email}.");
        view! { <Field name="password" label="Password" hint kind="password" autocomplete="current-password" autofocus=true error rule=field::filled as field::Rule/> }
            .into_any()
    } else {
        view! {
            <Field name="name" label="Your name" hint="What your team sees beside your work." autocomplete="name" autofocus=true value=state.value("name") error=state.error_of("name") rule=field::name as field::Rule/>
            <Field name="password" label="Password" hint="At least 12 characters." kind="password" autocomplete="new-password" error rule=field::new_password as field::Rule/>
        }
        .into_any()
    };
    view! {
        <Door title=format!("Join {organization}") lead foot=foot>
            <PostForm action="/invitation" state fields=&["name", "password"] carries=vec!["token"] submit="Join the organization">{fields}</PostForm>
        </Door>
    }
    .into_any()
}

fn stale() -> AnyView {
    let foot = || view! { <p>"Already a member? " <a href="/sign-in">"Sign in"</a></p> };
    view! {
        <Door title="Join your team" foot=foot>
            <Callout tone=Tone::Warn>"This invitation was used, revoked or has expired. Ask for a new one."</Callout>
        </Door>
    }
    .into_any()
}

/// A title in the middle of a sentence: `Data scientist` is a data scientist, `ML engineer` stays.
fn inside_a_sentence(title: &str) -> String {
    match title.split_at_checked(1) {
        Some((first, rest)) if rest.starts_with(|c: char| c.is_lowercase()) => format!("{}{rest}", first.to_lowercase()),
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::inside_a_sentence;

    #[test]
    fn a_title_stands_in_a_sentence() {
        assert_eq!(["Data scientist", "ML engineer", "Owner"].map(inside_a_sentence), ["data scientist", "ML engineer", "owner"]);
    }
}
