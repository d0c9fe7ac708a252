use std::sync::Arc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::{Permission, Role};

/// An organization the reader belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: String,
    pub name: String,
    pub slug: String,
}

/// The reader: who they are here and what they may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub id: String,
    pub name: String,
    pub email: String,
    pub organization: Organization,
    pub organizations: Vec<Organization>,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
}

impl Viewer {
    /// Whether a permission is among the reader's.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.iter().any(|own| own == permission.as_str())
    }

    /// The first role in words.
    pub fn role_title(&self) -> String {
        self.roles.first().map_or_else(String::new, |name| Role::parse(name).map_or_else(|| name.clone(), |role| role.title().to_owned()))
    }
}

/// The reader of the present page. Inside the frame it is always there.
pub fn use_viewer() -> RwSignal<Viewer> {
    use_context().unwrap_or_default()
}

/// What the reader may do in the project that a page is about.
#[derive(Clone)]
struct Here(Arc<[String]>);

/// Tells what is inside a page which of the reader's rights hold in its project.
pub fn provide_here(permissions: Vec<String>) {
    provide_context(Here(permissions.into()));
}

/// Whether the reader may do something, on a page about something of a project in that project: what they may not do is not offered. The server decides.
pub fn may(permission: Permission) -> bool {
    match use_context::<Here>().filter(|_| permission.is_of_project()) {
        Some(here) => here.0.iter().any(|own| own == permission.as_str()),
        None => use_viewer().with(|viewer| viewer.may(permission)),
    }
}
