//! Members that are no people: jobs, pipelines and services with tokens of their own.

mod edit;
mod list;
mod model;
mod remove;
mod tokens;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

pub(super) use remove::consequences;

use super::model::use_changes;
use crate::{
    api::{Connection, use_query},
    frame::may,
    kit::{Button, Empty, Icon, loaded, use_address},
    visit::use_origin,
};
use edit::Edited;
use model::Account;

const FIRST: usize = 25;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    service_accounts: Connection<Account>,
}

/// What can be done with an account; each opens its dialog.
#[derive(Clone, Copy)]
struct Acts {
    edit: RwSignal<Option<Edited>>,
    tokens: RwSignal<Option<Account>>,
    remove: RwSignal<Option<Account>>,
}

/// The tab at `/members/service-accounts`.
#[component]
pub fn ServiceAccountsTab() -> impl IntoView {
    if !may(Permission::ServiceAccountsRead) {
        crate::respond_with(403);
        return view! { <Empty icon=Icon::BAN title="Not for your role">"Owners and admins see the organization\u{2019}s service accounts, and make them."</Empty> }.into_any();
    }
    let address = use_address();
    let query = use_query::<_, Data>(model::ACCOUNTS, move || json!({ "first": FIRST, "after": address.get("after") }));
    use_changes().refetch(query);
    let acts =
        may(Permission::ServiceAccountsWrite).then(|| Acts { edit: RwSignal::new(None), tokens: RwSignal::new(None), remove: RwSignal::new(None) });
    let origin = StoredValue::new(use_origin());
    let new = acts.map(|acts| {
        view! {
            <div class="own-roles">
                <p class="s">"For what runs without a person: a nightly training, a pipeline, a service. It keeps working when people leave."</p>
                <Button icon=Icon::PLUS on_press=move || acts.edit.set(Some(Edited::New))>"New service account"</Button>
            </div>
        }
    });
    view! {
        {new}
        {loaded(query, move |data: Data| list::list(data.service_accounts, acts, origin))}
        {acts.map(|acts| view! {
            <edit::Edit edited=acts.edit/>
            <tokens::Tokens account=acts.tokens origin=origin.get_value()/>
            <remove::Remove account=acts.remove/>
        })}
    }
    .into_any()
}
