//! Taking over what another MLflow server has: experiments, runs, files, models.

mod form;
mod list;
mod model;
mod page;
mod problems;
mod progress;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use crate::{
    api::{Connection, Operation, use_query},
    frame::use_viewer,
    kit::{Empty, Icon, Page, loaded, use_address},
};
use model::Summary;

pub use page::ImportPage;

const IMPORTS: Operation = Operation(include_str!("imports.graphql"));
const FIRST: usize = 50;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    imports: Connection<Summary>,
}

/// The page at `/import`: what to import from where, and earlier imports.
#[component]
pub fn ImportsPage() -> impl IntoView {
    if !may_import() {
        return forbidden();
    }
    let address = use_address();
    let query = use_query::<_, Data>(IMPORTS, move || json!({ "first": FIRST, "after": address.get("after") }));
    let facts = || view! { <span>"Take over what an MLflow server has, while it goes on being used"</span> };
    view! {
        <Page title="Import" facts=facts>
            <form::StartForm/>
            {loaded(query, move |data: Data| list::list(data.imports))}
        </Page>
    }
    .into_any()
}

fn may_import() -> bool {
    use_viewer().with_untracked(|viewer| viewer.may(Permission::OrganizationWrite))
}

fn forbidden() -> AnyView {
    crate::respond_with(403);
    let action = || view! { <p class="row"><a class="button" href="/members/roles">"See what roles may do"</a></p> };
    view! { <Page title="Import"><Empty icon=Icon::BAN title="Not for your role" action=action>"Owners and admins import another server's data. Ask one of them, or for one of these roles."</Empty></Page> }.into_any()
}
