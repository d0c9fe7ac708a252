use leptos::{prelude::*, task::spawn_local};

use super::{
    list::Refusal,
    model::{self, Member, use_changes},
    service_accounts,
};
use crate::{
    api::use_api,
    frame::use_viewer,
    kit::{ConfirmDialog, use_toasts},
};

/// Asks before a person loses access, and says what goes with it. A refusal stays on the page.
#[component]
pub(super) fn Remove(
    /// Whom it is about.
    member: RwSignal<Option<Member>>,
    /// Receives why it was refused.
    refusal: RwSignal<Refusal>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    let organization = use_viewer().with_untracked(|viewer| viewer.organization.name.clone());
    Effect::new(move || {
        if member.with(Option::is_some) {
            refusal.set(None);
            open.set(true);
        }
    });
    let name = move || member.with(|member| member.as_ref().map(|member| member.name.clone()).unwrap_or_default());
    let is_you = move || member.with(|member| member.as_ref().is_some_and(|member| member.is_viewer));
    let title = {
        let organization = organization.clone();
        Signal::derive(move || if is_you() { format!("Leave {organization}?") } else { format!("Remove {} from {organization}?", name()) })
    };
    let confirm = Signal::derive(move || if is_you() { "Leave".to_owned() } else { "Remove member".to_owned() });
    let go = Callback::new(move |()| {
        let Some(gone) = member.get_untracked() else { return };
        let api = api.clone();
        spawn_local(async move {
            match model::remove(api, gone.id.clone()).await {
                Ok(()) if gone.is_viewer => drop(window().location().set_href("/sign-in")),
                Ok(()) => {
                    toasts.say(format!("{} was removed.", gone.name));
                    changes.happened();
                }
                Err(error) => refusal.set(Some((gone.name, error.message))),
            }
        });
    });
    let consequences = move || {
        if member.with(|member| member.as_ref().is_some_and(|member| member.is_service)) {
            return service_accounts::consequences(&name()).into_any();
        }
        let (who, loses, whose) = if is_you() { ("You".to_owned(), "lose", "your") } else { (name(), "loses", "their") };
        let email = member.with(|member| member.as_ref().map(|member| member.email.clone()).unwrap_or_default());
        view! {
            <p><strong>{who}</strong>" ("<code>{email}</code>") "{loses}" access at once:"</p>
            <ul class="bullets">
                <li>{format!("{whose} sessions here end")}</li>
                <li>{format!("{whose} API tokens are revoked: scripts that use them fail")}</li>
                <li>{format!("{whose} runs, models and audit entries stay, with the name on them")}</li>
            </ul>
            <p class="s">"A new invitation is the way back; revoked tokens stay revoked."</p>
        }
        .into_any()
    };
    view! { <ConfirmDialog open title confirm on_confirm=go>{consequences}</ConfirmDialog> }.into_any()
}
