//! The audit log: who did what, when, from where, and that nobody changed the record.

mod csv;
mod decisions;
mod entry;
mod export;
mod filter;
mod list;
mod model;
mod verify;

use leptos::prelude::*;
use serde_json::json;
use shared::Permission;

use crate::{
    api::{ask, use_api, use_query},
    frame::use_viewer,
    kit::{Empty, Icon, Page, Tab, Tabs, loaded, use_address},
};
pub use decisions::AccessLogPage;
use model::{Data, ENTRIES};

/// As many as a page of less than 60 kB has place for.
const FIRST: usize = 25;

/// The page at `/audit`.
#[component]
pub fn AuditPage() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::AuditRead)) {
        return forbidden();
    }
    let address = use_address();
    let query = use_query::<_, Data>(ENTRIES, move || json!({ "first": FIRST, "after": address.get("after"), "filter": filter::input(address) }));
    let api = use_api();
    let one: list::Asked = ask(move || list::chosen(address), move |sequence| model::one(api.clone(), sequence));
    let outcome: verify::Outcome = RwSignal::new(None);
    let facts = || view! { <span>"Every change and every refused attempt, each chained to the one before"</span> };
    let actions = move || view! { <export::Export/><verify::Verify outcome/> };
    view! {
        <Page title="Audit log" facts=facts actions=actions>
            <Tabs tabs=Signal::stored(tabs()) label="Logs"/>
            <verify::Verdict outcome/>
            <filter::FilterForm/>
            {loaded(query, move |data: Data| list::list(data, one, address))}
        </Page>
    }
    .into_any()
}

/// The two logs: what was done, and what was decided.
fn tabs() -> Vec<Tab> {
    vec![Tab::new("Acts", "/audit"), Tab::new("Decisions", "/audit/access")]
}

fn forbidden() -> AnyView {
    crate::respond_with(403);
    let action = || view! { <p class="row"><a class="button" href="/members/roles">"See what roles may do"</a></p> };
    view! {
        <Page title="Audit log">
            <Empty icon=Icon::BAN title="Not for your role" action=action>"The audit log is read by owners, admins, risk managers and compliance officers. An owner or admin can give you one of these roles."</Empty>
        </Page>
    }
    .into_any()
}
