//! Every component with its states: the gallery the browser test looks at.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// The page at `/kit`.
#[component]
pub fn GalleryPage() -> impl IntoView {
    view! {
        <Page title="Component kit">
            <Empty icon=Icon::LAYOUT_DASHBOARD title="Nothing here yet">"Recent runs appear here."</Empty>
        </Page>
    }
}
