//! The reader's own API tokens: what scripts and the MLflow client sign in with. And tokens for jobs, which are made on a run's page.

pub(crate) mod choice;
mod create;
mod fresh;
mod job;
pub(crate) mod list;
pub(crate) mod model;
pub(crate) mod snippet;

pub use job::JobTokens;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use crate::{
    api::{Connection, Operation, use_query},
    frame::use_viewer,
    kit::{Empty, Glyph, Icon, Page, loaded, open_instead, use_address},
    visit::use_origin,
};
use model::{Created, Token};

const TOKENS: Operation = Operation(include_str!("tokens.graphql"));
const FIRST: usize = 100;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    tokens: Connection<Token>,
}

/// The page at `/tokens`.
#[component]
pub fn TokensPage() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::TokensOwn)) {
        crate::respond_with(403);
        return view! { <Page title="API tokens"><Empty icon=Icon::BAN title="Not for your role">"Your roles do not include API tokens of your own. An owner or admin can change that."</Empty></Page> }.into_any();
    }
    let origin = StoredValue::new(use_origin());
    let address = use_address();
    let query = use_query::<_, Data>(TOKENS, move || json!({ "first": FIRST, "after": address.get("after") }));
    let creating = RwSignal::new(false);
    // Another page leads here for a token of its own.
    Effect::new(move || creating.set(!address.all("scope").is_empty()));
    let created = RwSignal::new(None::<Created>);
    let revoking = RwSignal::new(None::<Token>);
    let facts = || view! { <span>"Yours alone: a token may at most what you may"</span> };
    let actions = move || {
        view! { <button class="button primary" type="button" command="show-modal" commandfor="create-token" on:click=move |event| open_instead(&event, creating)><Glyph icon=Icon::PLUS/>"Create a token"</button> }
    };
    let shown = move || created.get().map(|token| view! { <fresh::Fresh token origin=origin.get_value() created/> });
    view! {
        <Page title="API tokens" facts=facts actions=actions>
            <div aria-live="polite">{shown}</div>
            {loaded(query, move |data: Data| list::list(data.tokens, origin, creating, revoking))}
        </Page>
        <create::Create open=creating on_created=move |token| { created.set(Some(token)); query.refetch(); }/>
        <list::Revoke token=revoking on_revoked=move || query.refetch()/>
    }
    .into_any()
}
