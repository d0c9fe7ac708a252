//! Who belongs to the organization and in which role.

mod check;
mod invitations;
mod invite;
pub(crate) mod list;
mod matrix;
mod model;
mod remove;
pub(crate) mod rights;
mod role_editor;
mod roles;
mod service_accounts;

use leptos::prelude::*;
use leptos_router::components::Outlet;
use serde_json::json;
use shared::Permission;

pub use check::CheckAccessTab;
pub use invitations::InvitationsTab;
pub use list::MembersTab;
pub use matrix::RolesTab;
pub use service_accounts::ServiceAccountsTab;

use crate::{
    api::{Answer, Operation, use_query},
    frame::use_viewer,
    kit::{Glyph, Icon, Page, Tab, Tabs, open_instead},
};
use model::{Changes, Team};

const TEAM: Operation = Operation(include_str!("team.graphql"));

/// What the tabs share, by context.
type TeamQuery = Answer<Team>;

/// The page at `/members`, around its tabs.
#[component]
pub fn MembersPage() -> impl IntoView {
    let viewer = use_viewer().get_untracked();
    let manages = viewer.may(Permission::MembersWrite);
    let sees_roles = viewer.may(Permission::RolesRead);
    let sees_services = viewer.may(Permission::ServiceAccountsRead);
    let sees = Sees { invitations: manages, services: sees_services, roles: sees_roles };
    let team: TeamQuery = use_query(TEAM, move || json!({ "manage": manages, "roles": sees_roles, "services": sees_services }));
    let changes = Changes::new();
    changes.refetch(team);
    provide_context(team);
    provide_context(changes);
    let inviting = RwSignal::new(false);
    let facts = move || {
        let note = if manages { "Roles decide what each person and their tokens may do" } else { "Owners and admins invite people and change roles" };
        view! { <span>{note}</span> }
    };
    let actions = move || {
        manages.then(|| view! {
            <button class="button primary" type="button" command="show-modal" commandfor="invite" on:click=move |event| open_instead(&event, inviting)><Glyph icon=Icon::PLUS/>"Invite a member"</button>
        })
    };
    let tabs = move || {
        Suspend::new(async move {
            let team = team.await.ok();
            view! { <Tabs tabs=Signal::stored(tabs(team.as_ref(), sees)) label="Members"/> }
        })
    };
    view! {
        <Page title="Members" facts=facts actions=actions>
            <Transition fallback=move || view! { <Tabs tabs=Signal::stored(self::tabs(None, sees)) label="Members"/> }>{tabs}</Transition>
            <Outlet/>
        </Page>
        {manages.then(|| view! { <invite::Invite open=inviting/> })}
    }
    .into_any()
}

/// What the reader may see beside the members.
#[derive(Clone, Copy)]
struct Sees {
    invitations: bool,
    services: bool,
    roles: bool,
}

fn tabs(team: Option<&Team>, sees: Sees) -> Vec<Tab> {
    let counted = |tab: Tab, count: Option<i64>| match count {
        Some(count) => tab.count(count),
        None => tab,
    };
    let mut tabs = vec![counted(Tab::new("Members", "/members"), team.map(|team| team.members.total_count))];
    if sees.invitations {
        tabs.push(counted(
            Tab::new("Invitations", "/members/invitations"),
            team.and_then(|team| team.invitations.as_ref()).map(|open| open.total_count),
        ));
    }
    if sees.services {
        let count = team.and_then(|team| team.service_accounts.as_ref()).map(|all| all.total_count);
        tabs.push(counted(Tab::new("Service accounts", "/members/service-accounts"), count));
    }
    if sees.roles {
        tabs.push(Tab::new("Roles", "/members/roles"));
        tabs.push(Tab::new("Check access", "/members/check"));
    }
    tabs
}
