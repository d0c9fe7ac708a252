use leptos::{prelude::*, task::spawn_local};
use shared::{Permission, Role as Known};

use super::{
    TeamQuery,
    model::{self, Member, Role, use_changes},
    rights,
};
use crate::{
    api::use_api,
    frame::use_viewer,
    kit::{Button, ButtonKind, Callout, ConfirmDialog, Dialog, Tone, number, use_toasts},
};

/// Chooses the roles of a member; each role says what it is for and what it allows.
#[component]
pub(super) fn ChangeRoles(
    /// Whose they are.
    member: RwSignal<Option<Member>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let refused = RwSignal::new(None::<String>);
    let chosen = RwSignal::new(Vec::<String>::new());
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    Effect::new(move || {
        if let Some(member) = member.get() {
            chosen.set(member.roles);
            refused.set(None);
            open.set(true);
        }
    });
    let title = Signal::derive(move || member.with(|member| member.as_ref().map(|member| format!("Roles of {}", member.name)).unwrap_or_default()));
    let same = move || {
        member.with(|member| {
            member.as_ref().is_none_or(|member| {
                chosen.with(|chosen| chosen.len() == member.roles.len() && chosen.iter().all(|role| member.roles.contains(role)))
            })
        })
    };
    let none = move || chosen.with(Vec::is_empty);
    let save = move || {
        let Some(member) = member.get_untracked() else { return };
        let api = api.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = model::update_roles(api, member.id, chosen.get_untracked()).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    open.set(false);
                    toasts.say(format!("{} has other roles from now on.", member.name));
                    changes.happened();
                }
                Err(error) => refused.set(Some(error.message)),
            }
        });
    };
    let asking = RwSignal::new(false);
    let go = Callback::new({
        let save = save.clone();
        move |()| save()
    });
    let actions = move || {
        let save = save.clone();
        // Who changes their own may not be able to change them back.
        let press =
            move || if member.with_untracked(|member| member.as_ref().is_some_and(|member| member.is_viewer)) { asking.set(true) } else { save() };
        view! {
            <Button on_press=move || open.set(false)>"Cancel"</Button>
            <Button kind=ButtonKind::Primary busy disabled=Signal::derive(move || same() || none()) on_press=press>"Change the roles"</Button>
        }
    };
    let consequences = move || {
        let had = member.with(|member| member.as_ref().map(|member| member.roles.clone()).unwrap_or_default());
        let now = chosen.get();
        let (lost, won) = (titles(had.iter().filter(|role| !now.contains(role))), titles(now.iter().filter(|role| !had.contains(role))));
        view! {
            {(!lost.is_empty()).then(|| view! { <p>"You are no longer "<strong>{lost}</strong>", with the next click and for every token of yours."</p> })}
            {(!won.is_empty()).then(|| view! { <p>"You become "<strong>{won}</strong>"."</p> })}
            <p class="s">"If your roles then do not let you change roles, somebody else must give these back."</p>
        }
    };
    let note = move || refused.get().map(|why| view! { <Callout tone=Tone::Bad><strong>"Nothing was changed. "</strong>{why}</Callout> });
    let missing = move || none().then(|| view! { <p class="warn s" role="status">"A member has at least one role."</p> });
    view! {
        <Dialog open title actions class="roles">
            <p class="s">"Several roles add up. A change holds for the next click, in every session and for every token."</p>
            {note}
            <Choices chosen member services=Signal::derive(move || member.with(|member| member.as_ref().is_some_and(|member| member.is_service)))/>
            {missing}
        </Dialog>
        <ConfirmDialog open=asking title=Signal::stored("Change your own roles?".to_owned()) confirm=Signal::stored("Change my roles".to_owned()) on_confirm=go>{consequences}</ConfirmDialog>
    }
    .into_any()
}

/// What roles are called, in one line.
fn titles<'a>(roles: impl Iterator<Item = &'a String>) -> String {
    roles.map(|role| Known::parse(role).map_or(role.as_str(), |role| role.title())).collect::<Vec<_>>().join(", ")
}

/// The roles to choose from, as the organization has set them up.
#[component]
pub(super) fn Choices(
    chosen: RwSignal<Vec<String>>,
    /// Who has roles already.
    member: RwSignal<Option<Member>>,
    /// Whether they are for a service account, which is no owner.
    #[prop(into)]
    services: Signal<bool>,
) -> impl IntoView {
    let team = use_context::<TeamQuery>();
    let owns = use_viewer().with_untracked(|viewer| viewer.roles.iter().any(|role| role == Known::Owner.as_str()));
    let list = move || {
        Suspend::new(async move {
            let roles = match team {
                Some(team) => team.await.map(|team| team.roles).unwrap_or_default(),
                None => Vec::new(),
            };
            let roles = if roles.is_empty() { built_in() } else { roles };
            let can_be = move |role: &Role| !services.get() || role.name != Known::Owner.as_str();
            roles.into_iter().filter(can_be).map(|role| choice(role, chosen, member, owns)).collect_view()
        })
    };
    view! { <div class="choices"><Transition>{list}</Transition></div> }.into_any()
}

/// What roles are when the organization is created, for who may not see what they are now.
fn built_in() -> Vec<Role> {
    Known::ALL
        .iter()
        .map(|role| Role {
            name: role.as_str().into(),
            title: role.title().into(),
            description: role.description().into(),
            permissions: role.permissions().iter().map(Permission::to_string).collect(),
            is_built_in: true,
        })
        .collect()
}

fn choice(role: Role, chosen: RwSignal<Vec<String>>, member: RwSignal<Option<Member>>, owns: bool) -> AnyView {
    let Role { name, title, description, permissions, .. } = role;
    // Only an owner makes or removes owners; the server decides, this only does not offer it.
    let owners_only = name == Known::Owner.as_str() && !owns;
    // What a group of the directory gives is taken there.
    let given = {
        let name = name.clone();
        move || member.with(|member| member.as_ref().is_some_and(|member| member.group_roles.contains(&name)))
    };
    let locked = {
        let given = given.clone();
        move || owners_only || given()
    };
    let on = {
        let name = name.clone();
        move || chosen.with(|chosen| chosen.contains(&name))
    };
    let had = {
        let name = name.clone();
        move || member.with(|member| member.as_ref().is_some_and(|member| member.roles.contains(&name)))
    };
    let change = move |event| {
        let on = event_target_checked(&event);
        chosen.update(|chosen| {
            chosen.retain(|own| *own != name);
            if on {
                chosen.push(name.clone());
            }
        });
    };
    let count = number::counted(permissions.len() as i64, "permission", "permissions");
    let list = rights::in_order(&permissions).into_iter().map(|words| view! { <li>{words}</li> }).collect_view();
    view! {
        <div class="role">
            <label class="choice">
                <input class="check" type="checkbox" prop:checked=on disabled=locked on:change=change/>
                <span><b>{title}</b>{move || had().then(|| view! { <span class="chip">"now"</span> })}<small>{description}{owners_only.then_some(" Only an owner makes or removes owners.")}{move || given().then_some(" By a group of your identity provider.")}</small></span>
            </label>
            <details><summary>{count}</summary><ul class="bullets">{list}</ul></details>
        </div>
    }
    .into_any()
}
