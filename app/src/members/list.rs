use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{Permission, Role};

use super::{
    model::{self, Member, use_changes},
    remove::Remove,
    roles::ChangeRoles,
};
use crate::{
    api::{Connection, Operation, use_query},
    frame::use_viewer,
    kit::{Avatar, Callout, Cell, Chip, Column, Icon, Menu, MenuItem, Pager, Row, Table, Tone, loaded, use_address},
};

const MEMBERS: Operation = Operation(include_str!("members.graphql"));
const FIRST: usize = 100;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    members: Connection<Member>,
}

/// What the mark of those means whom a directory keeps.
const MANAGED: &str = "Managed by your identity provider";

/// What can be done with a member; each opens its dialog.
#[derive(Clone, Copy)]
struct Acts {
    change: RwSignal<Option<Member>>,
    remove: RwSignal<Option<Member>>,
    /// Whether the reader is an owner: nobody else makes or removes owners.
    owns: bool,
}

/// Something that was refused: whom it was about, and why.
pub(super) type Refusal = Option<(String, String)>;

/// The tab at `/members`.
#[component]
pub fn MembersTab() -> impl IntoView {
    let address = use_address();
    let query = use_query::<_, Data>(MEMBERS, move || json!({ "first": FIRST, "after": address.get("after") }));
    use_changes().refetch(query);
    let viewer = use_viewer().get_untracked();
    let manages = viewer.may(Permission::MembersWrite);
    let owns = viewer.roles.iter().any(|role| role == Role::Owner.as_str());
    let acts = Acts { change: RwSignal::new(None), remove: RwSignal::new(None), owns };
    let refusal = RwSignal::new(None);
    let note = move || {
        refusal.get().map(|(who, why): (String, String)| view! { <div class="refusal"><Callout tone=Tone::Bad><strong>{who}" stays as before. "</strong>{why}</Callout></div> })
    };
    view! {
        {note}
        {loaded(query, move |data: Data| list(data.members, manages, acts))}
        {manages.then(|| view! { <ChangeRoles member=acts.change/><Remove member=acts.remove refusal/> })}
    }
    .into_any()
}

fn list(members: Connection<Member>, manages: bool, acts: Acts) -> AnyView {
    let (shown, total, next) = (members.nodes.len(), members.total_count, members.next());
    let rows = members.nodes.into_iter().map(|member| row(member, manages, acts)).collect::<Vec<_>>();
    let mut keys = vec![("j", ""), ("k", "move")];
    keys.extend(manages.then_some(("Enter", "menu")));
    view! {
        <div class="people"><Table label="Members" columns=Signal::stored(columns(manages)) rows=Signal::stored(rows) keys=true/></div>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("member", "members") keys=keys/>
    }
    .into_any()
}

fn columns(manages: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::text("name", "Name"),
        Column::mono("email", "E-mail"),
        Column::text("roles", "Roles"),
        Column::text("seen", "Last seen"),
        Column::text("joined", "Joined"),
    ];
    if manages {
        columns.push(Column::text("menu", ""));
    }
    columns
}

fn row(member: Member, manages: bool, acts: Acts) -> Row {
    let (name, you, roles) = (member.name.clone(), member.is_viewer, member.roles.clone());
    let (suspended, managed, service) = (member.suspended_at.is_some(), member.is_provisioned, member.is_service);
    let mut cells = vec![
        Cell::view(
            move || view! { <span class="person"><Avatar name=name.clone()/><span class="text">{name.clone()}</span>{you.then(|| view! { <Chip>"you"</Chip> })}{service.then(service_mark)}{suspended.then(|| view! { <Chip tone=Tone::Warn>"suspended"</Chip> })}{managed.then(|| view! { <span class="chip" title=MANAGED>"managed"</span> })}</span> },
        ),
        if service { Cell::Empty } else { Cell::Mono(member.email.clone()) },
        Cell::view(move || chips(&roles)),
        member.last_seen_at.map_or_else(|| Cell::Muted("not yet".into()), Cell::Time),
        Cell::Time(member.joined_at),
    ];
    let (id, label) = (member.id.clone(), member.name.clone());
    if manages {
        cells.push(Cell::view(move || menu(&member, acts)));
    }
    Row::new(id, label, cells)
}

/// The mark of a member that is no person.
pub(crate) fn service_mark() -> AnyView {
    view! { <span class="chip" title="No person: a job or a service, with tokens of its own">"service account"</span> }.into_any()
}

/// Roles as chips; the owner's stands out by its colour.
pub(super) fn chips(roles: &[String]) -> AnyView {
    let chips = roles.iter().map(|role| {
        let tone = if role == "owner" { Tone::Gold } else { Tone::Plain };
        let words = model::title(role);
        view! { <Chip tone>{words}</Chip> }
    });
    view! { <span class="chips">{chips.collect_view()}</span> }.into_any()
}

fn menu(member: &Member, acts: Acts) -> AnyView {
    let leave = if member.is_viewer { "Leave the organization" } else { "Remove from the organization" };
    let (id, label) = (format!("menu-{}", member.id), format!("More for {}", member.name));
    if member.is_owner() && !acts.owns {
        return view! { <span class="end"><Menu id label><p class="why">"Only an owner changes or removes an owner."</p></Menu></span> }.into_any();
    }
    let (for_change, for_remove) = (member.clone(), member.clone());
    let kept = member.is_provisioned;
    let check = format!("/members/check?member={}", member.id);
    let navigate = use_navigate();
    view! {
        <span class="end"><Menu id label late=true>
            {kept.then(|| view! { <p class="why">{MANAGED}", which adds again whom you remove."</p> })}
            <MenuItem icon=Icon::PENCIL on_press=move || acts.change.set(Some(for_change.clone()))>"Change roles"</MenuItem>
            <MenuItem icon=Icon::CIRCLE_HELP on_press=move || navigate(&check, NavigateOptions::default())>"What may they do?"</MenuItem>
            <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || acts.remove.set(Some(for_remove.clone()))>{leave}</MenuItem>
        </Menu></span>
    }
    .into_any()
}
