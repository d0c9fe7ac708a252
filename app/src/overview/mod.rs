//! The first page: what the team has done lately, or how to begin.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// The page at `/`.
#[component]
pub fn Overview() -> impl IntoView {
    view! {
        <Page title="Overview">
            <Empty icon=Icon::LAYOUT_DASHBOARD title="Nothing here yet">"Recent runs appear here."</Empty>
        </Page>
    }
}
