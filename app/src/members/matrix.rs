use leptos::prelude::*;
use shared::Permission;

use super::{
    TeamQuery,
    model::{Role, Team},
    rights,
};
use crate::{
    frame::use_viewer,
    kit::{Cell, Column, Empty, Glyph, Icon, Row, Table, loaded},
};

/// The tab at `/members/roles`: what each role may do.
#[component]
pub fn RolesTab() -> impl IntoView {
    let own = use_viewer().with_untracked(|viewer| viewer.roles.clone());
    match use_context::<TeamQuery>() {
        Some(team) => loaded(team, move |team: Team| matrix(team.roles, &own)),
        None => nothing(),
    }
}

fn nothing() -> AnyView {
    view! { <Empty icon=Icon::BAN title="Not for your role">"Ask an owner or admin what the roles of the organization may do."</Empty> }.into_any()
}

fn matrix(roles: Vec<Role>, own: &[String]) -> AnyView {
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
        view! { <div><dt>{role.title.clone()}{yours}</dt><dd>{role.description.clone()}</dd></div> }
    });
    view! {
        <dl class="purposes">{words.collect_view()}</dl>
        <div class="matrix"><Table label="Roles and what they may do" columns=Signal::stored(columns) rows=Signal::stored(rows)/></div>
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
