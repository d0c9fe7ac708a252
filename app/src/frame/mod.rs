//! What stands around a page: the rail, the palette, the help, and who the reader is.

mod bell;
mod controls;
mod help;
mod not_found;
mod pages;
mod palette;
mod project;
mod rail;
mod search;
mod support;
mod theme;
mod viewer;

use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, Redirect},
    hooks::use_location,
};
use serde::{Deserialize, Serialize};

use crate::{
    api::{Operation, provide_live, use_query},
    kit::Failure,
};

pub use not_found::NotFound;
pub use pages::{PLACES, Place};
pub use project::{Project, project_fact, use_project, use_project_id, workspace_line};
pub(crate) use rail::Hallmark;
pub(crate) use theme::{ThemeSwitch, provide_theme};
pub use viewer::{Organization, Viewer, may, provide_here, use_viewer};

const FRAME: Operation = Operation(include_str!("frame.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameData {
    viewer: Viewer,
    projects: Vec<Project>,
    support_session: Option<support::SupportSession>,
}

/// Asks who the reader is, then shows the page inside the shell. Who has not signed in is sent to
/// do so and comes back afterwards.
#[component]
pub fn Frame() -> impl IntoView {
    // Not around the gallery, which is open to everybody: who has not signed in hears nothing, and would be asked to leave.
    provide_live();
    let data = use_query::<_, FrameData>(FRAME, || ());
    let kept = StoredValue::new(project::use_kept());
    let content = move || {
        Suspend::new(async move {
            match data.await {
                Ok(data) => {
                    let banner = data.support_session.map(|session| view! { <support::SupportBanner session/> });
                    around(data.viewer, data.projects, kept.get_value().as_deref(), || view! { {banner}<Outlet/> }.into_any())
                }
                Err(error) if error.is_unauthenticated() => sign_in_first(),
                Err(error) => view! { <main class="alone"><Failure error/></main> }.into_any(),
            }
        })
    };
    content.into_any()
}

/// The shell around a page for a reader who is known.
pub(crate) fn around(viewer: Viewer, projects: Vec<Project>, kept: Option<&str>, page: impl FnOnce() -> AnyView) -> AnyView {
    provide_context(RwSignal::new(viewer));
    project::provide_projects(projects, kept);
    bell::provide_bell();
    let palette = RwSignal::new(false);
    let help = RwSignal::new(false);
    view! {
        <a class="skip" href="#content" rel="external">"Skip to content"</a>
        <div class="shell">
            <rail::Rail palette/>
            <main class="main" id="content" tabindex="-1">{page()}</main>
        </div>
        <palette::Palette open=palette/>
        <help::Help open=help/>
    }
    .into_any()
}

fn sign_in_first() -> AnyView {
    let location = use_location();
    let here = format!(
        "{}{}",
        location.pathname.get_untracked(),
        location.search.with_untracked(|search| if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) })
    );
    let target = if here == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", leptos_router::location::Url::escape(&here)) };
    view! { <Redirect path=target/> }.into_any()
}
