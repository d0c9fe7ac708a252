use leptos::{prelude::*, task::spawn_local};

use super::model::{self, Account};
use crate::{
    api::use_api,
    kit::{ConfirmDialog, use_toasts},
    members::model::use_changes,
};

/// What goes with a service account, and what stays.
pub(crate) fn consequences(name: &str) -> AnyView {
    view! {
        <p><strong>{name.to_owned()}</strong>" loses access at once:"</p>
        <ul class="bullets">
            <li>"its tokens end: whatever uses them fails from the next request on"</li>
            <li>"its roles, also in projects, are gone"</li>
            <li>"its runs, models and audit entries stay, with its name on them"</li>
        </ul>
        <p class="s">"This cannot be undone. To close it for a while, suspend it."</p>
    }
    .into_any()
}

/// Asks before a service account is removed.
#[component]
pub(super) fn Remove(
    /// Which one.
    account: RwSignal<Option<Account>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts, changes) = (use_api(), use_toasts(), use_changes());
    Effect::new(move || {
        if account.with(Option::is_some) {
            open.set(true);
        }
    });
    let name = move || account.with(|account| account.as_ref().map(|account| account.name.clone()).unwrap_or_default());
    let title = Signal::derive(move || format!("Remove {}?", name()));
    let go = Callback::new(move |()| {
        let Some(gone) = account.get_untracked() else { return };
        let api = api.clone();
        spawn_local(async move {
            match model::remove(api, gone.id).await {
                Ok(()) => {
                    toasts.say(format!("{} was removed.", gone.name));
                    changes.happened();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    view! {
        <ConfirmDialog open title confirm=Signal::stored("Remove the service account".to_owned()) on_confirm=go>{move || consequences(&name())}</ConfirmDialog>
    }
    .into_any()
}
