use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::json;
use shared::Role;

use crate::{
    api::{Operation, use_api},
    frame::{ThemeSwitch, use_viewer},
    kit::{Button, ButtonKind, Card, Chip, Copyable, Fact, Facts, Field, Glyph, Icon, Page, field, use_toasts},
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

/// The page at `/account`: the reader, their looks and their sessions.
#[component]
pub fn AccountPage() -> impl IntoView {
    let viewer = use_viewer();
    let facts = move || view! { <span>{move || viewer.with(|viewer| viewer.email.clone())}</span> };
    let now = viewer.get_untracked();
    let roles = now.roles.iter().map(|name| Role::parse(name).map_or_else(|| name.clone(), |role| role.title().to_owned())).map(|title| view! { <Chip>{title}</Chip> }).collect_view();
    view! {
        <Page title="Account" facts=facts>
            <div class="narrow stack">
                <Card title="Profile"><NameForm/></Card>
                <Card title="Membership">
                    <Facts>
                        <Fact label="Organization">{now.organization.name}</Fact>
                        <Fact label="Roles"><span class="row">{roles}</span></Fact>
                        <Fact label="Member id"><Copyable text=now.id what="the member id"/></Fact>
                    </Facts>
                </Card>
                <Card title="Appearance">
                    <div class="row"><span>"Theme"<br/><small class="faint">"Kept in this browser"</small></span><span class="push"><ThemeSwitch/></span></div>
                </Card>
                <Card title="Sessions">
                    <form class="row" method="post" action="/sign-out-everywhere">
                        <span>"Sign out on every device"<br/><small class="faint">"API tokens keep working."</small></span>
                        <button class="button push" type="submit"><Glyph icon=Icon::LOG_OUT/>"Sign out everywhere"</button>
                    </form>
                </Card>
            </div>
        </Page>
    }
    .into_any()
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
