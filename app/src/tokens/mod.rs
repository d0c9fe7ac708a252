//! Personal API tokens.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// The reader's own tokens.
#[component]
pub fn TokensPage() -> impl IntoView {
    view! {
        <Page title="API tokens">
            <Empty icon=Icon::KEY_ROUND title="No tokens yet">"Tokens for your scripts appear here."</Empty>
        </Page>
    }
}
