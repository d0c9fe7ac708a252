//! The parts of the app whose code a browser fetches when a page of theirs is opened: each is a wasm file of its own. What every
//! reader needs (the kit, the frame, the transport) is in the first file.
//!
//! On the server a part is simply there. In the browser the part of the first page is fetched before the page is made
//! interactive; another one when a link into it is pointed at, at the latest when it is followed.

use std::task::{Context, Poll, Waker};

use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};

use leptos_router::hooks::use_location;

use crate::{
    access, account, api_access, audit, compare, experiments, gallery, imports,
    kit::{Shape, Skeleton},
    links, members, models, notifications, organization, overview, projects, runs, slack, templates, tokens, traces,
};

/// The file of a part could not be fetched: the network is away, or the server has a newer app.
#[derive(Clone, Copy, Debug)]
pub struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

type Loaded = Result<AnyView, NotLoaded>;

/// A part, by the name of its file in the built site: `split_<name>.wasm`. Few, because each set of parts that share code is a
/// file too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Signing in, and what is the reader's own.
    Account,
    /// Experiments and their runs.
    Experiments,
    /// One run, what is started from it, and what is said and traced around it.
    Run,
    /// Runs side by side; and the component kit on one page.
    Compare,
    /// What the organization has and who may use it.
    Organization,
}

impl Part {
    /// The part that the page at a path belongs to.
    pub fn of(path: &str) -> Option<Self> {
        let mut words = path.trim_start_matches('/').split(['?', '#']).next()?.split('/');
        let (first, third) = (words.next()?, words.nth(1));
        Some(match first {
            "experiments" if matches!(third, Some("traces" | "discussion")) => Self::Run,
            "sign-in" | "sign-up" | "confirm" | "forgot-password" | "reset-password" | "invitation" | "restore" | "support" | "sso"
            | "second-factor" | "account" | "tokens" | "notifications" | "new-organization" | "new-project" => Self::Account,
            "" | "experiments" => Self::Experiments,
            "runs" | "templates" | "traces" | "shared" => Self::Run,
            "compare" | "kit" => Self::Compare,
            "models" | "members" | "projects" | "audit" | "import" | "access" | "slack" | "organization" | "api-access" => Self::Organization,
            _ => return None,
        })
    }

    /// Its name in the site's manifest.
    #[cfg(feature = "ssr")]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Experiments => "experiments",
            Self::Run => "run",
            Self::Compare => "compare",
            Self::Organization => "organization",
        }
    }

    /// Fetches its code, unless it is here.
    #[cfg(feature = "hydrate")]
    pub async fn load(self) -> Result<(), NotLoaded> {
        match self {
            Self::Account => load_account().await?,
            Self::Experiments => load_experiments().await?,
            Self::Run => load_run().await?,
            Self::Compare => load_compare().await?,
            Self::Organization => load_organization().await?,
        }
        Ok(())
    }
}

/// Shows a page of a part, and bars while its code is on the way. Who cannot get the code is given the page by the server.
pub fn page(view: impl Future<Output = Loaded> + Send + 'static) -> AnyView {
    let mut view = Box::pin(view);
    let shape = use_location().pathname.with_untracked(|path| shape_of(path));
    let shown = move |loaded: Loaded| {
        loaded.unwrap_or_else(|_| {
            let _ = location().reload();
            view! { <Skeleton shape=shape/> }.into_any()
        })
    };
    // At once on the server, and in the browser for the page that the server made: the first rendering must be the server's.
    match view.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(view) => shown(view),
        Poll::Pending => {
            let content = Suspend::new(async move { shown(view.await) });
            view! { <Suspense fallback=move || view! { <Skeleton shape=shape/> }>{content}</Suspense> }.into_any()
        }
    }
}

/// Shows the content of a dialog that is a part of its own, once its code is here.
pub fn in_dialog(view: impl Future<Output = Loaded> + Send + 'static) -> AnyView {
    let content = Suspend::new(async move {
        view.await.unwrap_or_else(|_| view! { <p role="alert">"This could not be loaded. Load the page anew."</p> }.into_any())
    });
    view! { <Suspense fallback=|| view! { <Skeleton shape=Shape::Form/> }>{content}</Suspense> }.into_any()
}

/// What the page at a path looks like.
fn shape_of(path: &str) -> Shape {
    let mut words = path.trim_matches('/').split('/');
    match (words.next().unwrap_or_default(), words.next()) {
        ("runs", _) | ("members", _) => Shape::Tabbed,
        ("shared", _) => Shape::Listed,
        ("models" | "import" | "projects" | "templates" | "traces", Some(_)) | ("" | "compare" | "kit" | "api-access", _) => Shape::Cards,
        ("account" | "access" | "slack" | "organization" | "new-organization" | "new-project", _) => Shape::Form,
        _ => Shape::Listed,
    }
}

/// Fetches a part when a link into it is pointed at or comes into focus.
#[cfg(feature = "hydrate")]
pub fn fetch_ahead() {
    use wasm_bindgen::{JsCast, prelude::Closure};

    let heed = Closure::<dyn Fn(web_sys::Event)>::new(|event: web_sys::Event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let link = target.and_then(|target| target.closest("a[href^='/']").ok().flatten());
        if let Some(part) = link.and_then(|link| link.get_attribute("href")).and_then(|path| Part::of(&path)) {
            leptos::task::spawn_local(async move {
                let _ = part.load().await;
            });
        }
    });
    for kind in ["pointerover", "focusin"] {
        let _ = document().add_event_listener_with_callback(kind, heed.as_ref().unchecked_ref());
    }
    heed.forget();
}

/// The pages of [`Part::Experiments`].
#[derive(Clone, Copy)]
pub enum Experiments {
    Overview,
    List,
    Runs,
}

#[wasm_split(experiments, wasm_split_path = ::leptos::wasm_split, fallible, preload(load_experiments))]
pub fn experiments(page: Experiments) -> Loaded {
    Ok(match page {
        Experiments::Overview => view! { <overview::Overview/> }.into_any(),
        Experiments::List => view! { <experiments::ExperimentsPage/> }.into_any(),
        Experiments::Runs => view! { <experiments::ExperimentPage/> }.into_any(),
    })
}

/// The pages of [`Part::Run`].
#[derive(Clone, Copy)]
pub enum Run {
    Page,
    Overview,
    Metrics,
    Artifacts,
    Reproduce,
    Templates,
    Template,
    Discussion,
    Traces,
    Trace,
    Shared,
    OneShared,
}

#[wasm_split(run, wasm_split_path = ::leptos::wasm_split, fallible, preload(load_run))]
pub fn run(page: Run) -> Loaded {
    Ok(match page {
        Run::Page => view! { <runs::RunPage/> }.into_any(),
        Run::Overview => view! { <runs::RunOverview/> }.into_any(),
        Run::Metrics => view! { <runs::RunMetrics/> }.into_any(),
        Run::Artifacts => view! { <runs::RunArtifacts/> }.into_any(),
        Run::Reproduce => view! { <runs::RunReproduce/> }.into_any(),
        Run::Templates => view! { <templates::TemplatesPage/> }.into_any(),
        Run::Template => view! { <templates::TemplatePage/> }.into_any(),
        Run::Discussion => view! { <experiments::ExperimentDiscussion/> }.into_any(),
        Run::Traces => view! { <traces::TracesPage/> }.into_any(),
        Run::Trace => view! { <traces::TracePage/> }.into_any(),
        Run::Shared => view! { <links::SharedPage/> }.into_any(),
        Run::OneShared => view! { <links::SharedRunPage/> }.into_any(),
    })
}

/// The pages of [`Part::Account`].
#[derive(Clone, Copy)]
pub enum Account {
    SignIn,
    SignUp,
    Confirm,
    ForgotPassword,
    ResetPassword,
    Invitation,
    Restore,
    Support,
    SingleSignOn,
    SecondStep,
    SecondFactor,
    Own,
    Tokens,
    Notifications,
    NewOrganization,
    NewProject,
}

#[wasm_split(account, wasm_split_path = ::leptos::wasm_split, fallible, preload(load_account))]
pub fn account(page: Account) -> Loaded {
    Ok(match page {
        Account::SignIn => view! { <account::SignIn/> }.into_any(),
        Account::SignUp => view! { <account::SignUp/> }.into_any(),
        Account::Confirm => view! { <account::Confirm/> }.into_any(),
        Account::ForgotPassword => view! { <account::ForgotPassword/> }.into_any(),
        Account::ResetPassword => view! { <account::ResetPassword/> }.into_any(),
        Account::Invitation => view! { <account::Invitation/> }.into_any(),
        Account::Restore => view! { <account::Restore/> }.into_any(),
        Account::Support => view! { <account::Support/> }.into_any(),
        Account::SingleSignOn => view! { <account::SingleSignOn/> }.into_any(),
        Account::SecondStep => view! { <account::SecondStep/> }.into_any(),
        Account::SecondFactor => view! { <account::SecondFactorPage/> }.into_any(),
        Account::Own => view! { <account::AccountPage/> }.into_any(),
        Account::Tokens => view! { <tokens::TokensPage/> }.into_any(),
        Account::Notifications => view! { <notifications::NotificationsPage/> }.into_any(),
        Account::NewOrganization => view! { <account::NewOrganization/> }.into_any(),
        Account::NewProject => view! { <account::NewProject/> }.into_any(),
    })
}

/// The tokens for jobs of a run, inside a dialog of its page: a part of [`Part::Account`], which the page itself does not need.
#[wasm_split(account, wasm_split_path = ::leptos::wasm_split, fallible)]
pub fn job_tokens(run: String) -> Loaded {
    Ok(view! { <tokens::JobTokens run/> }.into_any())
}

/// The pages of [`Part::Compare`].
#[derive(Clone, Copy)]
pub enum Compare {
    Page,
    Gallery,
}

#[wasm_split(compare, wasm_split_path = ::leptos::wasm_split, fallible, preload(load_compare))]
pub fn compare(page: Compare) -> Loaded {
    Ok(match page {
        Compare::Page => view! { <compare::ComparePage/> }.into_any(),
        Compare::Gallery => view! { <gallery::GalleryPage/> }.into_any(),
    })
}

/// The pages of [`Part::Organization`].
#[derive(Clone, Copy)]
pub enum Organization {
    Models,
    Model,
    Members,
    MembersList,
    Invitations,
    Roles,
    CheckAccess,
    ServiceAccounts,
    Projects,
    Project,
    Audit,
    AccessLog,
    Imports,
    Import,
    Access,
    SingleSignOn,
    Slack,
    Settings,
    ApiAccess,
}

#[wasm_split(organization, wasm_split_path = ::leptos::wasm_split, fallible, preload(load_organization))]
pub fn organization(page: Organization) -> Loaded {
    Ok(match page {
        Organization::Models => view! { <models::ModelsPage/> }.into_any(),
        Organization::Model => view! { <models::ModelPage/> }.into_any(),
        Organization::Members => view! { <members::MembersPage/> }.into_any(),
        Organization::MembersList => view! { <members::MembersTab/> }.into_any(),
        Organization::Invitations => view! { <members::InvitationsTab/> }.into_any(),
        Organization::Roles => view! { <members::RolesTab/> }.into_any(),
        Organization::CheckAccess => view! { <members::CheckAccessTab/> }.into_any(),
        Organization::ServiceAccounts => view! { <members::ServiceAccountsTab/> }.into_any(),
        Organization::Projects => view! { <projects::ProjectsPage/> }.into_any(),
        Organization::Project => view! { <projects::ProjectPage/> }.into_any(),
        Organization::Audit => view! { <audit::AuditPage/> }.into_any(),
        Organization::AccessLog => view! { <audit::AccessLogPage/> }.into_any(),
        Organization::Imports => view! { <imports::ImportsPage/> }.into_any(),
        Organization::Import => view! { <imports::ImportPage/> }.into_any(),
        Organization::Access => view! { <access::AccessPage/> }.into_any(),
        Organization::SingleSignOn => view! { <access::SingleSignOnPage/> }.into_any(),
        Organization::Slack => view! { <slack::SlackPage/> }.into_any(),
        Organization::Settings => view! { <organization::OrganizationPage/> }.into_any(),
        Organization::ApiAccess => view! { <api_access::ApiAccessPage/> }.into_any(),
    })
}
