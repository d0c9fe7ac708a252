use leptos::{prelude::*, task::spawn_local};

use super::{
    Query,
    model::{self, Member, Project, Role, Worker},
};
use crate::{
    api::use_api,
    kit::{Avatar, Button, Cell, Column, ConfirmDialog, Empty, Glyph, Icon, Row, Select, Table, use_toasts},
    members::list::service_mark,
};

/// Who has a role in the project, and the way to give one.
#[component]
pub(super) fn Members(
    project: Project,
    /// Everybody in the organization.
    members: Vec<Member>,
    roles: Vec<Role>,
    /// Whether the reader decides.
    shares: bool,
    query: Query,
) -> impl IntoView {
    let leaving = RwSignal::new(None::<Worker>);
    let given: Vec<(String, String)> =
        roles.iter().filter(|role| role.can_be_given(&project)).map(|role| (role.name.clone(), role.title.clone())).collect();
    let others: Vec<(String, String)> = members
        .into_iter()
        .filter(|member| project.members.iter().all(|worker| worker.id != member.id))
        .map(|member| (member.id, format!("{} \u{00B7} {}", member.name, if member.is_service { "service account" } else { &member.email })))
        .collect();
    let add =
        (shares && !others.is_empty() && !given.is_empty()).then(|| view! { <Add project=project.id.clone() others roles=given.clone() query/> });
    let list = if project.members.is_empty() {
        let words = if project.is_restricted() {
            "Only owners and admins have this project. Give somebody a role in it."
        } else {
            "A role in a project adds to what a member may do everywhere, here only: a viewer of the organization can be a data scientist of one project."
        };
        view! { <Empty icon=Icon::USERS title="Nobody has a role of their own here">{words}</Empty> }.into_any()
    } else {
        let titles: Vec<(String, String)> = roles.into_iter().map(|role| (role.name, role.title)).collect();
        table(&project, &given, &titles, shares, leaving, query)
    };
    view! { {add}{list}<Leave project worker=leaving query/> }.into_any()
}

fn table(
    project: &Project,
    given: &[(String, String)],
    titles: &[(String, String)],
    shares: bool,
    leaving: RwSignal<Option<Worker>>,
    query: Query,
) -> AnyView {
    let mut columns = vec![
        Column::text("name", "Name"),
        Column::mono("email", "E-mail"),
        Column::text("role", "Role here"),
        Column::text("added", "Since"),
        Column::text("by", "By"),
    ];
    if shares {
        columns.push(Column::text("remove", ""));
    }
    let rows = project.members.iter().cloned().map(|worker| {
        let (name, service) = (worker.name.clone(), worker.is_service);
        let title = titles.iter().find(|(own, _)| *own == worker.role).map_or_else(|| worker.role.clone(), |(_, title)| title.clone());
        let mut cells = vec![
            Cell::view(move || view! { <span class="person"><Avatar name=name.clone()/><span class="text">{name.clone()}</span>{service.then(service_mark)}</span> }),
            if service { Cell::Empty } else { Cell::Mono(worker.email.clone()) },
            role(project.id.clone(), &worker, title, given, shares, query),
            Cell::Time(worker.added_at),
            Cell::Muted(worker.added_by.clone()),
        ];
        let (id, label) = (worker.id.clone(), worker.name.clone());
        if shares {
            let hint = format!("Remove {} from the project", worker.name);
            cells.push(Cell::view(move || {
                let worker = worker.clone();
                view! { <span class="end"><button class="button quiet small square" type="button" aria-label=hint.clone() on:click=move |_| leaving.set(Some(worker.clone()))><Glyph icon=Icon::X/></button></span> }
            }));
        }
        Row::new(id, label, cells)
    });
    let rows: Vec<Row> = rows.collect();
    view! { <div class="people"><Table label="Members of the project" columns=Signal::stored(columns) rows=Signal::stored(rows)/></div> }.into_any()
}

/// The role as words, or as a choice for who decides and can give this one.
fn role(project: String, worker: &Worker, title: String, given: &[(String, String)], shares: bool, query: Query) -> Cell {
    if !shares || given.iter().all(|(name, _)| *name != worker.role) {
        return Cell::Text(title);
    }
    let (given, worker) = (given.to_vec(), worker.clone());
    let (api, toasts) = (use_api(), use_toasts());
    Cell::view(move || {
        let (api, project, member, who) = (api.clone(), project.clone(), worker.id.clone(), worker.name.clone());
        let change = Callback::new(move |role: String| {
            let (api, project, member, who) = (api.clone(), project.clone(), member.clone(), who.clone());
            spawn_local(async move {
                match model::set_member(api, project, member, role).await {
                    Ok(()) => toasts.say(format!("{who} has another role here from now on.")),
                    Err(error) => toasts.fail(&error),
                }
                query.refetch();
            });
        });
        view! { <Select name=format!("role-{}", worker.id) label=format!("Role of {} in this project", worker.name) compact=true options=given.clone() value=worker.role.clone() on_change=change/> }
    })
}

/// Gives somebody a role in the project.
#[component]
fn Add(project: String, others: Vec<(String, String)>, roles: Vec<(String, String)>, query: Query) -> impl IntoView {
    let first = |options: &[(String, String)]| options.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let usual = roles.iter().find(|(name, _)| name == shared::Role::DataScientist.as_str()).map(|(name, _)| name.clone());
    let (member, role) = (RwSignal::new(first(&others)), RwSignal::new(usual.unwrap_or_else(|| first(&roles))));
    let busy = RwSignal::new(false);
    let (api, toasts) = (use_api(), use_toasts());
    let names = StoredValue::new(others.clone());
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, project) = (api.clone(), project.clone());
        let (member, role) = (member.get_untracked(), role.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let answer = model::set_member(api, project, member.clone(), role).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    let name = names.try_with_value(|names| names.iter().find(|(id, _)| *id == member).map(|(_, name)| name.clone())).flatten();
                    let name = name.unwrap_or_default();
                    toasts.say(format!("{} works in this project from now on.", name.split(" \u{00B7} ").next().unwrap_or_default()));
                    query.refetch();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let (chosen, role_chosen) = (member.get_untracked(), role.get_untracked());
    view! {
        <form class="add-member" method="post" on:submit=add>
            <Select name="member" label="Member" options=others value=chosen bind=member/>
            <Select name="role" label="Role here" options=roles value=role_chosen bind=role/>
            <Button busy kind=crate::kit::ButtonKind::Plain>"Add to the project"</Button>
        </form>
    }
    .into_any()
}

/// Asks before somebody loses their role in the project.
#[component]
fn Leave(project: Project, worker: RwSignal<Option<Worker>>, query: Query) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts) = (use_api(), use_toasts());
    Effect::new(move || {
        if worker.with(Option::is_some) {
            open.set(true);
        }
    });
    let name = move || worker.with(|worker| worker.as_ref().map(|worker| worker.name.clone()).unwrap_or_default());
    let (place, restricted) = (project.name.clone(), project.is_restricted());
    let title = {
        let place = place.clone();
        Signal::derive(move || format!("Remove {} from {place}?", name()))
    };
    let go = Callback::new(move |()| {
        let Some(gone) = worker.get_untracked() else { return };
        let (api, project) = (api.clone(), project.id.clone());
        spawn_local(async move {
            match model::remove_member(api, project, gone.id).await {
                Ok(()) => toasts.say(format!("{} has no role of their own here any more.", gone.name)),
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
        });
    });
    let place = StoredValue::new(place);
    let consequences = move || {
        let place = place.get_value();
        let words = if restricted {
            format!("{} finds nothing of {place} any more, from the next request on, and their scripts get 404.", name())
        } else {
            format!("{} may do in {place} what their roles in the organization say, from the next request on.", name())
        };
        view! { <p>{words}</p><p class="s">"What they made stays, with their name on it."</p> }
    };
    view! { <ConfirmDialog open title confirm=Signal::stored("Remove from the project".to_owned()) on_confirm=go>{consequences}</ConfirmDialog> }
        .into_any()
}
