//! Registered models and their versions.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// The list of registered models.
#[component]
pub fn ModelsPage() -> impl IntoView {
    view! {
        <Page title="Models">
            <Empty icon=Icon::BOXES title="No models yet">"A model appears here when a run registers it."</Empty>
        </Page>
    }
}

/// One registered model and its versions.
#[component]
pub fn ModelPage() -> impl IntoView {
    view! {
        <Page title="Model">
            <Empty icon=Icon::BOXES title="No versions yet">"Versions of this model appear here."</Empty>
        </Page>
    }
}
