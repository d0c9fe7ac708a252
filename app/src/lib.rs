//! The web app: Leptos, rendered on the server and hydrated in the browser. Its only data source is
//! the GraphQL API behind [`api::Transport`].
//!
//! `kit` holds the components every page is made of, `frame` what stands around a page; each other
//! folder is one part of the product and holds its pages with their GraphQL operations.
#![recursion_limit = "256"]

pub mod access;
pub mod account;
pub mod api;
pub mod audit;
pub mod compare;
pub mod discussion;
mod document;
pub mod experiments;
pub mod frame;
pub mod gallery;
pub mod imports;
pub mod kit;
pub mod members;
pub mod models;
pub mod notifications;
pub mod overview;
pub mod runs;
pub mod tokens;
pub mod visit;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

pub use account::FormState;
pub use api::{Api, ApiError, Operation, Reply, Transport};
#[cfg(feature = "ssr")]
pub use document::shell;
pub use document::{PublicUrl, Respond, SiteManifest, Theme, respond_with};
pub use visit::Cookies;

use frame::{Frame, NotFound};

/// The whole app. Expects [`Api`] by context; the server may also provide [`Theme`], [`FormState`]
/// and [`Respond`].
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    kit::provide_kit();
    frame::provide_theme();
    view! {
        <Router>
            <Routes fallback=|| ()>
                <Route path=path!("/sign-in") view=account::SignIn ssr=SsrMode::Async/>
                <Route path=path!("/sign-up") view=account::SignUp ssr=SsrMode::Async/>
                <Route path=path!("/confirm") view=account::Confirm ssr=SsrMode::Async/>
                <Route path=path!("/forgot-password") view=account::ForgotPassword ssr=SsrMode::Async/>
                <Route path=path!("/reset-password") view=account::ResetPassword ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=account::Invitation ssr=SsrMode::Async/>
                <Route path=path!("/sso") view=account::SingleSignOn ssr=SsrMode::Async/>
                <Route path=path!("/kit") view=gallery::GalleryPage ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=overview::Overview/>
                    <Route path=path!("/experiments") view=experiments::ExperimentsPage/>
                    <Route path=path!("/experiments/:id") view=experiments::ExperimentPage/>
                    <Route path=path!("/compare") view=compare::ComparePage/>
                    <Route path=path!("/experiments/:id/discussion") view=experiments::ExperimentDiscussion/>
                    <ParentRoute path=path!("/runs/:id") view=runs::RunPage>
                        <Route path=path!("") view=runs::RunOverview/>
                        <Route path=path!("/metrics") view=runs::RunMetrics/>
                        <Route path=path!("/artifacts") view=runs::RunArtifacts/>
                    </ParentRoute>
                    <Route path=path!("/models") view=models::ModelsPage/>
                    <Route path=path!("/models/:name") view=models::ModelPage/>
                    <ParentRoute path=path!("/members") view=members::MembersPage>
                        <Route path=path!("") view=members::MembersTab/>
                        <Route path=path!("/invitations") view=members::InvitationsTab/>
                        <Route path=path!("/roles") view=members::RolesTab/>
                    </ParentRoute>
                    <Route path=path!("/tokens") view=tokens::TokensPage/>
                    <Route path=path!("/audit") view=audit::AuditPage/>
                    <Route path=path!("/import") view=imports::ImportsPage/>
                    <Route path=path!("/import/:id") view=imports::ImportPage/>
                    <Route path=path!("/access") view=access::AccessPage/>
                    <Route path=path!("/access/single-sign-on") view=access::SingleSignOnPage/>
                    <Route path=path!("/notifications") view=notifications::NotificationsPage/>
                    <Route path=path!("/account") view=account::AccountPage/>
                    <Route path=path!("/new-organization") view=account::NewOrganization/>
                    <Route path=path!("/*address") view=NotFound/>
                </ParentRoute>
            </Routes>
        </Router>
        <kit::ToastRegion/>
    }
}

/// Makes the server's page interactive. Sets `data-ready` on the document when it is.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(|| {
        provide_context(Api::new(api::Browser));
        view! { <App/> }
    });
    if let Some(root) = document().document_element() {
        let apple = window().navigator().platform().is_ok_and(|name| name.starts_with("Mac") || name.starts_with("iP"));
        if apple {
            let _ = root.set_attribute("data-mac", "");
        }
        let _ = root.set_attribute("data-ready", "");
    }
}
