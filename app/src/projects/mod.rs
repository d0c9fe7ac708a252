//! Projects: who works in one, and what of it everybody may read.

mod list;
mod members;
mod model;
mod shared_list;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use serde_json::json;

use crate::{
    api::{Answer, Operation, use_api, use_query},
    frame::use_viewer,
    kit::{Button, ButtonKind, Card, Chip, ConfirmDialog, Copyable, Empty, Icon, Page, Tone, loaded, number, use_toasts},
};
pub use list::ProjectsPage;
use members::Members;
use model::{Data, PROJECT, Project};
use shared_list::shared_list;

type Query = Answer<Data>;

/// The page at `/projects/:id`.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let operation: Operation = PROJECT;
    let query: Query = use_query(operation, move || json!({ "id": id.get() }));
    loaded(query, move |data: Data| match data.projects.iter().find(|project| project.id == id.get_untracked()).cloned() {
        Some(project) => page(project, data, query),
        None => nothing(),
    })
}

fn nothing() -> AnyView {
    crate::respond_with(404);
    view! { <Page title="Project"><Empty icon=Icon::FOLDER title="No such project">"It may have been removed, or it is there for its members only."</Empty></Page> }.into_any()
}

fn page(project: Project, data: Data, query: Query) -> AnyView {
    let slug = project.slug.clone();
    let restricted = project.is_restricted();
    let facts = move || {
        let chip = if restricted {
            view! { <Chip tone=Tone::Gold>"Restricted"</Chip> }
        } else {
            view! { <Chip>"Open"</Chip> }
        };
        view! { {chip}<span>"Scripts choose it as "<Copyable text=slug.clone() shown=slug.clone() what="the workspace"/></span> }
    };
    let title = project.name.clone();
    let shares = project.is_shared_by_viewer();
    let count = project.members.len();
    let members_title = if count == 0 { "Members".to_owned() } else { format!("Members \u{00B7} {}", number::count(count as i64)) };
    let door = door(&project, shares, query);
    let shared = shared_list(&project, data.experiments.nodes, shares, query);
    let (members, roles) = (data.members.nodes, data.roles);
    view! {
        <Page title facts=facts>
            <div class="stack project-page">
                <Card title="Who it is for">{door}</Card>
                <Card title=members_title flush=true><Members project members roles shares query/></Card>
                <Card title="Shared with everybody" flush=true>{shared}</Card>
            </div>
        </Page>
    }
    .into_any()
}

/// Whom the project is there for, and the way to change it.
fn door(project: &Project, shares: bool, query: Query) -> AnyView {
    let asking = RwSignal::new(false);
    let (api, toasts) = (use_api(), use_toasts());
    let organization = use_viewer().with_untracked(|viewer| viewer.organization.name.clone());
    let (restricted, name, id) = (project.is_restricted(), project.name.clone(), project.id.clone());
    let (words, more) = if restricted {
        (format!("Members of {name}"), "Others do not find it, nor anything it holds. Owners and admins have every project.")
    } else if project.is_default() {
        (format!("Everybody in {organization}"), "The default project stays open: scripts that name no project use it.")
    } else {
        (format!("Everybody in {organization}"), "What each may do is what their roles say. A role given below adds to it, in this project only.")
    };
    let go = {
        let name = name.clone();
        Callback::new(move |()| {
            let (api, id, name) = (api.clone(), id.clone(), name.clone());
            spawn_local(async move {
                match model::set_access(api, id, !restricted).await {
                    Ok(()) => {
                        toasts.say(if restricted { format!("{name} is everybody's again.") } else { format!("{name} is for its members only.") });
                        query.refetch();
                    }
                    Err(error) => toasts.fail(&error),
                }
            });
        })
    };
    let (ask, title, confirm) = if restricted {
        ("Open to everybody", format!("Open {name} to everybody?"), "Open the project")
    } else {
        ("Restrict to members", format!("Restrict {name} to its members?"), "Restrict the project")
    };
    let count = project.members.len() as i64;
    let consequences = move || {
        if restricted {
            view! { <p>"From the next request on, every member finds its experiments, runs and models, and may with them what their roles say. Roles in the project stay."</p> }.into_any()
        } else {
            view! {
                <p>"From the next request on, it is there only for "{if count == 0 { "you".to_owned() } else { number::counted(count, "member", "members") }}", owners and admins. For others its addresses lead nowhere, and their scripts get 404."</p>
                <p class="s">"Nothing is lost, and experiments that are shared with everybody stay readable. It can be opened again."</p>
            }
            .into_any()
        }
    };
    view! {
        <div class="setting">
            <span>{words}<small>{more}</small></span>
            {(shares && !project.is_default()).then(|| view! { <Button kind=ButtonKind::Plain on_press=move || asking.set(true)>{ask}</Button> })}
        </div>
        <ConfirmDialog open=asking title=Signal::stored(title) confirm=Signal::stored(confirm.to_owned()) on_confirm=go>{consequences}</ConfirmDialog>
    }
    .into_any()
}
