use leptos::prelude::*;
use shared::Permission;

use super::{
    TeamQuery,
    model::{Role, Team},
    rights,
    role_editor::{Edited, RemoveRole, RoleEditor},
};
use crate::{
    frame::{may, use_viewer},
    kit::{Button, Cell, Column, Empty, Glyph, Icon, Row, Table, loaded},
};

/// What can be done with the organization's own roles.
#[derive(Clone, Copy)]
struct Acts {
    edit: RwSignal<Option<Edited>>,
    remove: RwSignal<Option<Role>>,
}

/// The tab at `/members/roles`: what each role may do.
#[component]
pub fn RolesTab() -> impl IntoView {
    let own = use_viewer().with_untracked(|viewer| viewer.roles.clone());
    let acts = may(Permission::RolesWrite).then(|| Acts { edit: RwSignal::new(None), remove: RwSignal::new(None) });
    let list = match use_context::<TeamQuery>() {
        Some(team) => loaded(team, move |team: Team| matrix(team.roles, &own, acts)),
        None => nothing(),
    };
    view! { {list}{acts.map(|acts| view! { <RoleEditor edited=acts.edit/><RemoveRole role=acts.remove/> })} }.into_any()
}

fn nothing() -> AnyView {
    view! { <Empty icon=Icon::BAN title="Not for your role">"Ask an owner or admin what the roles of the organization may do."</Empty> }.into_any()
}

fn matrix(roles: Vec<Role>, own: &[String], acts: Option<Acts>) -> AnyView {
    if roles.is_empty() {
        return nothing();
    }
    let columns = std::iter::once(Column::text("permission", "May"))
        .chain(roles.iter().map(|role| Column::text(role.name.clone(), role.title.clone())))
        .collect::<Vec<_>>();
    let rows = rights::by_noun(Permission::ALL.iter().copied())
        .into_iter()
        .flat_map(|(_, group)| group)
        .map(|permission| row(permission, &roles, own))
        .collect::<Vec<_>>();
    let words = roles.iter().map(|role| {
        let yours = own.contains(&role.name).then(|| view! { <span class="chip gold">"yours"</span> });
        let change = acts.filter(|_| !role.is_built_in).map(|acts| change(acts, role.clone()));
        view! { <div><dt>{role.title.clone()}{yours}{change}</dt><dd>{role.description.clone()}</dd></div> }
    });
    let new = acts.map(|acts| {
        view! {
            <div class="own-roles">
                <p class="s">"When none of these fits, make a role of your own out of single permissions."</p>
                <Button icon=Icon::PLUS on_press=move || acts.edit.set(Some(Edited::New))>"New role"</Button>
            </div>
        }
    });
    view! {
        <dl class="purposes">{words.collect_view()}</dl>
        {new}
        <div class="matrix"><Table label="Roles and what they may do" columns=Signal::stored(columns) rows=Signal::stored(rows)/></div>
    }
    .into_any()
}

/// The ways to change a role of the organization's own.
fn change(acts: Acts, role: Role) -> AnyView {
    let (for_change, for_removal) = (role.clone(), role.clone());
    view! {
        <span class="acts">
            <button class="button quiet small square" type="button" aria-label=format!("Change the role {}", role.title) on:click=move |_| acts.edit.set(Some(Edited::Known(for_change.clone())))><Glyph icon=Icon::PENCIL/></button>
            <button class="button quiet small square" type="button" aria-label=format!("Remove the role {}", role.title) on:click=move |_| acts.remove.set(Some(for_removal.clone()))><Glyph icon=Icon::TRASH_2/></button>
        </span>
    }
    .into_any()
}

fn row(permission: Permission, roles: &[Role], own: &[String]) -> Row {
    let name = permission.as_str();
    let label = Cell::view(move || view! { <span class="right-of"><span>{rights::words(permission)}</span><code>{name}</code></span> });
    let cells = roles.iter().map(|role| {
        let (yes, yours) = (role.permissions.iter().any(|own| own == name), own.contains(&role.name));
        Cell::view(move || mark(yes, yours))
    });
    Row::new(name, name, std::iter::once(label).chain(cells).collect())
}

fn mark(yes: bool, yours: bool) -> AnyView {
    if yes {
        view! { <span class="yes" class:yours=yours><Glyph icon=Icon::CHECK/><span class="hidden">"yes"</span></span> }.into_any()
    } else {
        view! { <span class="no" aria-label="no">"\u{00B7}"</span> }.into_any()
    }
}
