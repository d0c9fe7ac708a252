use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::{
    list::chips,
    model::{self, Invitation, use_changes},
};
use crate::{
    api::{Connection, Operation, use_api, use_query},
    frame::use_viewer,
    kit::{Cell, Column, ConfirmDialog, Empty, Glyph, Icon, Menu, MenuItem, Pager, Row, Table, loaded, use_address, use_toasts},
};

const INVITATIONS: Operation = Operation(include_str!("invitations.graphql"));
const FIRST: usize = 100;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    invitations: Connection<Invitation>,
}

/// What can be done with an invitation.
#[derive(Clone, Copy)]
struct Acts {
    again: Callback<Invitation>,
    revoke: RwSignal<Option<Invitation>>,
}

/// The tab at `/members/invitations`.
#[component]
pub fn InvitationsTab() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::MembersWrite)) {
        crate::respond_with(403);
        return view! { <Empty icon=Icon::BAN title="Not for your role">"Owners and admins invite people and see who has not answered yet."</Empty> }
            .into_any();
    }
    let address = use_address();
    let query = use_query::<_, Data>(INVITATIONS, move || json!({ "first": FIRST, "after": address.get("after") }));
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    changes.refetch(query);
    let again = Callback::new(move |invitation: Invitation| {
        let api = api.clone();
        spawn_local(async move {
            match model::invite(api, invitation.email.clone(), invitation.role).await {
                Ok(()) => {
                    toasts.say(format!("A new link is on its way to {}. The old one stopped working.", invitation.email));
                    changes.happened();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    let acts = Acts { again, revoke: RwSignal::new(None) };
    view! {
        {loaded(query, move |data: Data| list(data.invitations, acts))}
        <Revoke invitation=acts.revoke/>
    }
    .into_any()
}

fn list(invitations: Connection<Invitation>, acts: Acts) -> AnyView {
    if invitations.nodes.is_empty() {
        let action = || view! { <p class="row"><button class="button" type="button" command="show-modal" commandfor="invite"><Glyph icon=Icon::PLUS/>"Invite a member"</button></p> };
        return view! { <Empty icon=Icon::MAIL title="Nobody is invited right now" action=action>"An invitation stands here until it is accepted or seven days have passed."</Empty> }.into_any();
    }
    let (shown, total, next) = (invitations.nodes.len(), invitations.total_count, invitations.next());
    let columns = vec![
        Column::mono("email", "E-mail"),
        Column::text("role", "Role"),
        Column::text("by", "Invited by"),
        Column::text("sent", "Sent"),
        Column::text("expires", "Link expires"),
        Column::text("menu", ""),
    ];
    let rows = invitations.nodes.into_iter().map(|invitation| row(invitation, acts)).collect::<Vec<_>>();
    view! {
        <div class="people"><Table label="Invitations" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/></div>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("invitation", "invitations") keys=vec![("j", ""), ("k", "move"), ("Enter", "menu")]/>
    }
    .into_any()
}

fn row(invitation: Invitation, acts: Acts) -> Row {
    let roles = [invitation.role.clone()];
    let cells = vec![
        Cell::Mono(invitation.email.clone()),
        Cell::view(move || chips(&roles)),
        invitation.invited_by.clone().map_or(Cell::Empty, Cell::Muted),
        Cell::Time(invitation.created_at),
        Cell::Time(invitation.expires_at),
    ];
    let (id, label) = (invitation.id.clone(), invitation.email.clone());
    let menu = Cell::view(move || menu(&invitation, acts));
    Row::new(id, label, cells.into_iter().chain([menu]).collect())
}

fn menu(invitation: &Invitation, acts: Acts) -> AnyView {
    let (id, label) = (format!("menu-{}", invitation.id), format!("More for {}", invitation.email));
    let (for_again, for_revoke) = (invitation.clone(), invitation.clone());
    view! {
        <span class="end"><Menu id label late=true>
            <MenuItem icon=Icon::MAIL on_press=move || leptos::callback::Callable::run(&acts.again, for_again.clone())>"Send a new link"</MenuItem>
            <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || acts.revoke.set(Some(for_revoke.clone()))>"Revoke the invitation"</MenuItem>
        </Menu></span>
    }
    .into_any()
}

#[component]
fn Revoke(invitation: RwSignal<Option<Invitation>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    Effect::new(move || {
        if invitation.with(Option::is_some) {
            open.set(true);
        }
    });
    let email = move || invitation.with(|invitation| invitation.as_ref().map(|invitation| invitation.email.clone()).unwrap_or_default());
    let go = Callback::new(move |()| {
        let Some(gone) = invitation.get_untracked() else { return };
        let api = api.clone();
        spawn_local(async move {
            match model::revoke(api, gone.id).await {
                Ok(()) => {
                    toasts.say(format!("The invitation of {} was revoked.", gone.email));
                    changes.happened();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    view! {
        <ConfirmDialog open title=Signal::stored("Revoke the invitation?".to_owned()) confirm=Signal::stored("Revoke invitation".to_owned()) on_confirm=go>
            <p>"The link that was mailed to "<code>{email}</code>" stops working at once. The address can be invited again."</p>
        </ConfirmDialog>
    }
    .into_any()
}
