use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use serde::Deserialize;
use serde_json::json;
use shared::Role;

use super::{second_factor::SecondFactorCard, sessions::Sessions};
use crate::{
    api::{Operation, use_api},
    frame::{ThemeSwitch, use_viewer},
    kit::{Button, ButtonKind, Callout, Card, Chip, Copyable, Field, Glyph, Icon, Page, SingleKeysSwitch, Tone, field, use_toasts},
};

const UPDATE: Operation = Operation(include_str!("update_viewer.graphql"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    update_viewer: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The page at `/account`: the reader, their organizations, looks and sessions.
#[component]
pub fn AccountPage() -> impl IntoView {
    let viewer = use_viewer();
    let facts = move || view! { <span>{move || viewer.with(|viewer| viewer.email.clone())}</span> };
    view! {
        <Page title="Account" facts=facts>
            <div class="account">
                <Card title="Profile"><NameForm/></Card>
                <Organizations/>
                <Card title="Appearance">
                    <div class="setting"><span>"Theme"<small>"Kept in this browser"</small></span><ThemeSwitch/></div>
                    <div class="setting"><span>"Shortcuts of a single key"<small>"J, K, X, / and the like; those with Ctrl or Cmd stay. Kept in this browser"</small></span><SingleKeysSwitch/></div>
                </Card>
                <SecondFactorCard/>
                <Sessions/>
            </div>
        </Page>
    }
    .into_any()
}

/// Where the reader belongs, what they are here, and the way to the others.
#[component]
fn Organizations() -> impl IntoView {
    let viewer = use_viewer().get_untracked();
    let here = viewer.organization.id.clone();
    let count = viewer.organizations.len();
    let roles = viewer.roles.iter().map(|name| Role::parse(name).map_or_else(|| name.clone(), |role| role.title().to_owned()));
    let chips = roles.map(|title| view! { <Chip>{title}</Chip> }).collect_view();
    let mut mine = Some(view! { <span class="chips">{chips}</span> });
    let member = viewer.id.clone();
    let lines = viewer.organizations.into_iter().map(|organization| {
        let current = organization.id == here;
        let act = if current {
            view! { <Chip tone=Tone::Gold>"you are here"</Chip> }.into_any()
        } else {
            view! { <button class="button small" type="submit" name="organization" value=organization.id aria-label=format!("Switch to {}", organization.name)>"Switch"</button> }.into_any()
        };
        let mark = organization.name.chars().next().map(|first| first.to_uppercase().to_string());
        let roles = if current { mine.take() } else { None };
        view! {
            <li class="setting"><span class="mark" aria-hidden="true">{mark}</span><span>{organization.name}<small>{organization.slug}</small></span>{roles}{act}</li>
        }
    })
    .collect_view();
    let refused = use_query_map()
        .with_untracked(|query| query.get("switch"))
        .map(|why| view! { <div class="refusal"><Callout tone=Tone::Warn>{switch_refusal(&why)}</Callout></div> });
    let new = || view! { <a class="button small quiet" href="/new-organization"><Glyph icon=Icon::PLUS/>"New organization"</a> };
    view! {
        <Card title="Organizations" beside=move || (count > 1).then(|| view! { <span class="count">{count}</span> }) actions=new>
            {refused}
            <form method="post" action="/organization"><ul>{lines}</ul></form>
            <p class="faint xs member">"Your member id here "<Copyable text=member what="the member id"/></p>
        </Card>
    }
    .into_any()
}

/// Why an organization was not opened, by the word in the address.
fn switch_refusal(why: &str) -> &'static str {
    match why {
        "other-way" => "That organization is entered by its single sign-on. Sign out, then sign in to it by its short name.",
        "second-factor" => "That organization asks for two-factor sign-in. Set it up on this page, and open it then.",
        "too-old" => "That organization asks for a newer sign-in than this one. Sign out, sign in again, and open it then.",
        _ => "That organization admits only mail addresses of its own domains, and yours is of another. Its owner can change that.",
    }
}

#[component]
fn NameForm() -> impl IntoView {
    let viewer = use_viewer();
    let api = use_api();
    let toasts = use_toasts();
    let name = RwSignal::new(viewer.with_untracked(|viewer| viewer.name.clone()));
    let busy = RwSignal::new(false);
    let refused = RwSignal::new(None::<String>);
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let api = api.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = api.query::<Updated>(UPDATE, json!({ "name": name.get_untracked() })).await;
            busy.set(false);
            match answer {
                Ok(updated) => {
                    refused.set(None);
                    viewer.update(|viewer| viewer.name = updated.update_viewer.name);
                    toasts.say("Your name was changed.");
                }
                Err(error) if error.field.is_some() => refused.set(Some(error.message)),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let unchanged = Signal::derive(move || viewer.with(|viewer| viewer.name == name.get().trim()));
    view! {
        <form class="stack" on:submit=save>
            <Field name="name" label="Name" hint="What your team sees beside your work." autocomplete="name" value=name.get_untracked() bind=name error=refused rule=field::name as field::Rule/>
            <div class="row"><Button kind=ButtonKind::Primary busy disabled=unchanged>"Save the name"</Button></div>
        </form>
    }
}
