use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use shared::limits::CLOSING_DAYS;

use super::model::{self, Contents};
use crate::{
    api::{ApiError, Operation, use_api, use_query},
    kit::{Button, ButtonKind, Callout, Card, ConfirmDialog, Tone, loaded},
};

const CONTENTS: Operation = Operation(include_str!("contents.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    organization_contents: Contents,
}

/// Deleting the organization: what goes, and asking twice.
#[component]
pub(super) fn Danger(
    /// The organization's name, which is typed to confirm.
    name: String,
) -> impl IntoView {
    let query = use_query::<_, Data>(CONTENTS, || ());
    view! {
        <Card title="Delete the organization">
            {loaded(query, move |data: Data| inside(name.clone(), data.organization_contents))}
        </Card>
    }
    .into_any()
}

fn inside(name: String, contents: Contents) -> AnyView {
    let api = use_api();
    let (open, refused) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    let words = contents.words();
    let title = format!("Delete {name}?");
    let typed = name.clone();
    let close = Callback::new(move |()| {
        let (api, name) = (api.clone(), typed.clone());
        refused.set(None);
        spawn_local(async move {
            match model::close(api, name).await {
                // Nothing of the organization is shown to anybody any more, also not this page.
                Ok(()) => drop(window().location().set_href("/restore?closed=1")),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    });
    let note = move || {
        refused.get().map(|error| {
            let again = (error.code == shared::ErrorCode::Forbidden)
                .then(|| view! { " "<a class="link" href="/sign-in?next=/organization" rel="external">"Sign in again"</a> });
            view! { <Callout tone=Tone::Bad>{error.message}{again}</Callout> }
        })
    };
    let listed = words.clone();
    view! {
        <p>"Everybody loses access at once: sessions, API tokens, links and jobs stop. "<b>{format!("{CLOSING_DAYS} days later everything is erased")}</b>", and nobody can bring it back. Until then, an owner restores it with a link that all owners are mailed."</p>
        <ul class="goes" aria-label="What is erased">{words.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
        <p class="faint xs">"People who belong to no other organization lose their accounts too. Export what is to be kept first."</p>
        {note}
        <div class="row"><Button kind=ButtonKind::Danger on_press=move || open.set(true)>"Delete the organization"</Button></div>
        <ConfirmDialog open title=Signal::stored(title) confirm=Signal::stored("Delete the organization".to_owned()) name=name on_confirm=close>
            <p>"This goes, and people who belong to no other organization lose their accounts:"</p>
            <ul class="goes">{listed.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view()}</ul>
            <p>{format!("Nobody can enter from now on. Owners can restore it for {CLOSING_DAYS} days, by a link in their mail.")}</p>
        </ConfirmDialog>
    }
    .into_any()
}
