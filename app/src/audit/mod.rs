//! The audit log.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// Entries with filters.
#[component]
pub fn AuditPage() -> impl IntoView {
    view! {
        <Page title="Audit log">
            <Empty icon=Icon::SCROLL_TEXT title="No entries yet">"Every change is entered here."</Empty>
        </Page>
    }
}
