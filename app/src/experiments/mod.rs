//! Experiments and the table of their runs.

use leptos::prelude::*;

use crate::kit::{Empty, Icon, Page};

/// The list of experiments.
#[component]
pub fn ExperimentsPage() -> impl IntoView {
    view! {
        <Page title="Experiments">
            <Empty icon=Icon::FLASK_CONICAL title="No experiments yet">"An experiment appears here with its first run."</Empty>
        </Page>
    }
}

/// One experiment: the table of its runs.
#[component]
pub fn ExperimentPage() -> impl IntoView {
    view! {
        <Page title="Experiment">
            <Empty icon=Icon::FLASK_CONICAL title="No runs yet">"Runs of this experiment appear here."</Empty>
        </Page>
    }
}
