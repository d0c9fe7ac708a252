//! The pages inside the frame that have an address of their own: what the rail and the palette offer, and what `g` jumps to.

use shared::Permission;

use super::Viewer;
use crate::kit::Icon;

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// What it is called.
    pub label: &'static str,
    /// Its address.
    pub href: &'static str,
    pub(super) icon: Icon,
    /// The keys that lead to it: `g e`; empty for none.
    pub(super) keys: &'static str,
    /// Who may see it; `None` is everyone.
    pub(super) needs: Option<Permission>,
    /// Whether the rail shows it; other pages are reached from those.
    pub(super) rail: bool,
    /// The heading above it in the rail.
    pub(super) group: Option<&'static str>,
}

impl Place {
    const fn new(label: &'static str, href: &'static str, icon: Icon) -> Self {
        Self { label, href, icon, keys: "", needs: None, rail: false, group: None }
    }

    const fn needs(self, permission: Permission) -> Self {
        Self { needs: Some(permission), ..self }
    }

    const fn rail(self, keys: &'static str) -> Self {
        Self { keys, rail: true, ..self }
    }

    const fn group(self, title: &'static str) -> Self {
        Self { group: Some(title), ..self }
    }
}

/// All of them, in the order of the rail.
pub const PLACES: [Place; 25] = [
    Place::new("Overview", "/", Icon::LAYOUT_DASHBOARD).rail("g o"),
    Place::new("Experiments", "/experiments", Icon::FLASK_CONICAL).rail("g e").needs(Permission::ExperimentsRead),
    Place::new("Compare", "/compare", Icon::GIT_COMPARE).needs(Permission::RunsRead),
    Place::new("Templates", "/templates", Icon::COPY).rail("g l").needs(Permission::RunsRead),
    Place::new("Models", "/models", Icon::BOXES).rail("g m").needs(Permission::ModelsRead),
    Place::new("Audit log", "/audit", Icon::SCROLL_TEXT).rail("g a").needs(Permission::AuditRead).group("Governance"),
    Place::new("Access log", "/audit/access", Icon::SCROLL_TEXT).needs(Permission::AuditRead),
    Place::new("Members", "/members", Icon::USERS).rail("g p").needs(Permission::MembersRead).group("Organization"),
    Place::new("Invitations", "/members/invitations", Icon::MAIL).needs(Permission::MembersWrite),
    Place::new("Service accounts", "/members/service-accounts", Icon::KEY_ROUND).needs(Permission::ServiceAccountsRead),
    Place::new("Roles", "/members/roles", Icon::USERS).needs(Permission::RolesRead),
    Place::new("Check access", "/members/check", Icon::USERS).needs(Permission::RolesRead),
    Place::new("Projects", "/projects", Icon::FOLDER).needs(Permission::ProjectsRead),
    Place::new("Access", "/access", Icon::SHIELD_CHECK).rail("g c").needs(Permission::OrganizationWrite),
    Place::new("Single sign-on", "/access/single-sign-on", Icon::SHIELD_CHECK).needs(Permission::OrganizationWrite),
    Place::new("API tokens", "/tokens", Icon::KEY_ROUND).rail("g t").needs(Permission::TokensOwn),
    Place::new("API & BI", "/api-access", Icon::TABLE_2).rail("g b").needs(Permission::RunsRead),
    Place::new("Import", "/import", Icon::DOWNLOAD).rail("g i").needs(Permission::OrganizationWrite),
    Place::new("Slack", "/slack", Icon::HASH).needs(Permission::OrganizationWrite),
    Place::new("Organization", "/organization", Icon::BOXES).needs(Permission::OrganizationExport),
    Place::new("Notifications", "/notifications", Icon::BELL).needs(Permission::CommentsRead),
    Place::new("Account", "/account", Icon::USER),
    Place::new("Two-factor sign-in", "/account/second-factor", Icon::SHIELD_CHECK),
    Place::new("New project", "/new-project", Icon::PLUS).needs(Permission::ProjectsWrite),
    Place::new("New organization", "/new-organization", Icon::PLUS),
];

/// Those that a reader may see.
pub(super) fn visible(viewer: &Viewer) -> impl Iterator<Item = Place> {
    PLACES.into_iter().filter(|place| place.needs.is_none_or(|permission| viewer.may(permission)))
}
