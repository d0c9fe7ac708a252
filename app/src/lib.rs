//! The web app: Leptos, rendered on the server and hydrated in the browser. Its only data source is
//! the GraphQL API behind [`api::Transport`].
//!
//! `kit` holds the components every page is made of, `frame` what stands around a page; each other
//! folder is one part of the product and holds its pages with their GraphQL operations.
#![recursion_limit = "256"]

pub mod access;
pub mod account;
pub mod api;
pub mod api_access;
pub mod audit;
pub mod compare;
pub mod discussion;
mod document;
pub mod experiments;
pub mod frame;
pub mod gallery;
pub mod imports;
pub mod kit;
pub mod links;
pub mod members;
pub mod models;
pub mod notifications;
pub mod organization;
pub mod overview;
mod parts;
pub mod projects;
pub mod runs;
pub mod slack;
pub mod templates;
pub mod tokens;
pub mod traces;
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
pub use document::{Explorer, PublicUrl, Respond, SiteManifest, Theme, respond_with};
pub use visit::Cookies;

use frame::{Frame, NotFound};
use parts::{Account, Compare, Experiments, Organization, Run, page};

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
                <Route path=path!("/sign-in") view=|| page(parts::account(Account::SignIn)) ssr=SsrMode::Async/>
                <Route path=path!("/sign-up") view=|| page(parts::account(Account::SignUp)) ssr=SsrMode::Async/>
                <Route path=path!("/confirm") view=|| page(parts::account(Account::Confirm)) ssr=SsrMode::Async/>
                <Route path=path!("/forgot-password") view=|| page(parts::account(Account::ForgotPassword)) ssr=SsrMode::Async/>
                <Route path=path!("/reset-password") view=|| page(parts::account(Account::ResetPassword)) ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=|| page(parts::account(Account::Invitation)) ssr=SsrMode::Async/>
                <Route path=path!("/restore") view=|| page(parts::account(Account::Restore)) ssr=SsrMode::Async/>
                <Route path=path!("/support") view=|| page(parts::account(Account::Support)) ssr=SsrMode::Async/>
                <Route path=path!("/sso") view=|| page(parts::account(Account::SingleSignOn)) ssr=SsrMode::Async/>
                <Route path=path!("/second-factor") view=|| page(parts::account(Account::SecondStep)) ssr=SsrMode::Async/>
                <Route path=path!("/account/second-factor") view=|| page(parts::account(Account::SecondFactor)) ssr=SsrMode::Async/>
                <Route path=path!("/kit") view=|| page(parts::compare(Compare::Gallery)) ssr=SsrMode::Async/>
                <Route path=path!("/shared/:secret") view=|| page(parts::run(Run::Shared)) ssr=SsrMode::Async/>
                <Route path=path!("/shared/:secret/runs/:id") view=|| page(parts::run(Run::OneShared)) ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=|| page(parts::experiments(Experiments::Overview))/>
                    <Route path=path!("/experiments") view=|| page(parts::experiments(Experiments::List))/>
                    <Route path=path!("/experiments/:id") view=|| page(parts::experiments(Experiments::Runs))/>
                    <Route path=path!("/compare") view=|| page(parts::compare(Compare::Page))/>
                    <Route path=path!("/experiments/:id/discussion") view=|| page(parts::run(Run::Discussion))/>
                    <Route path=path!("/experiments/:id/traces") view=|| page(parts::run(Run::Traces))/>
                    <Route path=path!("/traces/:id") view=|| page(parts::run(Run::Trace))/>
                    <ParentRoute path=path!("/runs/:id") view=|| page(parts::run(Run::Page))>
                        <Route path=path!("") view=|| page(parts::run(Run::Overview))/>
                        <Route path=path!("/metrics") view=|| page(parts::run(Run::Metrics))/>
                        <Route path=path!("/artifacts") view=|| page(parts::run(Run::Artifacts))/>
                        <Route path=path!("/reproduce") view=|| page(parts::run(Run::Reproduce))/>
                    </ParentRoute>
                    <Route path=path!("/templates") view=|| page(parts::run(Run::Templates))/>
                    <Route path=path!("/templates/:id") view=|| page(parts::run(Run::Template))/>
                    <Route path=path!("/models") view=|| page(parts::organization(Organization::Models))/>
                    <Route path=path!("/models/:name") view=|| page(parts::organization(Organization::Model))/>
                    <ParentRoute path=path!("/members") view=|| page(parts::organization(Organization::Members))>
                        <Route path=path!("") view=|| page(parts::organization(Organization::MembersList))/>
                        <Route path=path!("/invitations") view=|| page(parts::organization(Organization::Invitations))/>
                        <Route path=path!("/service-accounts") view=|| page(parts::organization(Organization::ServiceAccounts))/>
                        <Route path=path!("/roles") view=|| page(parts::organization(Organization::Roles))/>
                        <Route path=path!("/check") view=|| page(parts::organization(Organization::CheckAccess))/>
                    </ParentRoute>
                    <Route path=path!("/projects") view=|| page(parts::organization(Organization::Projects))/>
                    <Route path=path!("/projects/:id") view=|| page(parts::organization(Organization::Project))/>
                    <Route path=path!("/tokens") view=|| page(parts::account(Account::Tokens))/>
                    <Route path=path!("/api-access") view=|| page(parts::organization(Organization::ApiAccess))/>
                    <Route path=path!("/audit") view=|| page(parts::organization(Organization::Audit))/>
                    <Route path=path!("/audit/access") view=|| page(parts::organization(Organization::AccessLog))/>
                    <Route path=path!("/import") view=|| page(parts::organization(Organization::Imports))/>
                    <Route path=path!("/import/:id") view=|| page(parts::organization(Organization::Import))/>
                    <Route path=path!("/access") view=|| page(parts::organization(Organization::Access))/>
                    <Route path=path!("/access/single-sign-on") view=|| page(parts::organization(Organization::SingleSignOn))/>
                    <Route path=path!("/slack") view=|| page(parts::organization(Organization::Slack))/>
                    <Route path=path!("/organization") view=|| page(parts::organization(Organization::Settings))/>
                    <Route path=path!("/notifications") view=|| page(parts::account(Account::Notifications))/>
                    <Route path=path!("/account") view=|| page(parts::account(Account::Own))/>
                    <Route path=path!("/new-organization") view=|| page(parts::account(Account::NewOrganization))/>
                    <Route path=path!("/new-project") view=|| page(parts::account(Account::NewProject))/>
                    <Route path=path!("/*address") view=NotFound/>
                </ParentRoute>
            </Routes>
        </Router>
        <kit::ToastRegion/>
    }
}

/// Makes the server's page interactive, as soon as the code of its part is here. Sets `data-ready` on the document when it is.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    let here = location().pathname().unwrap_or_default();
    // Without it the page stays what the server sent: readable, its links and forms work.
    if let Some(part) = parts::Part::of(&here)
        && part.load().await.is_err()
    {
        return;
    }
    leptos::mount::hydrate_body(|| {
        provide_context(Api::new(api::Browser));
        view! { <App/> }
    });
    parts::fetch_ahead();
    if let Some(root) = document().document_element() {
        let apple = window().navigator().platform().is_ok_and(|name| name.starts_with("Mac") || name.starts_with("iP"));
        if apple {
            let _ = root.set_attribute("data-mac", "");
        }
        let _ = root.set_attribute("data-ready", "");
    }
}
