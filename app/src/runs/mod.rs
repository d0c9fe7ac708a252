//! One run: overview, metrics, artifacts.

use leptos::prelude::*;
use leptos_router::components::Outlet;

use crate::kit::{Empty, Icon, Page};

/// What stands around the tabs of a run.
#[component]
pub fn RunPage() -> impl IntoView {
    view! {
        <Page title="Run">
            <Outlet/>
        </Page>
    }
}

/// The first tab.
#[component]
pub fn RunOverview() -> impl IntoView {
    view! { <Empty icon=Icon::CHART_LINE title="Nothing logged yet">"Params and metrics of this run appear here."</Empty> }
}

/// Every metric as a chart.
#[component]
pub fn RunMetrics() -> impl IntoView {
    view! { <Empty icon=Icon::CHART_LINE title="No metrics yet">"Metrics of this run appear here."</Empty> }
}

/// Files of the run.
#[component]
pub fn RunArtifacts() -> impl IntoView {
    view! { <Empty icon=Icon::FOLDER title="No artifacts yet">"Files this run logged appear here."</Empty> }
}
