//! Provisioning by the organization's directory (SCIM 2.0): as Okta and Entra ID do it, and as somebody would who means ill.

#[path = "scim/directory.rs"]
mod directory;
#[path = "scim/ends.rs"]
mod ends;
#[path = "scim/entra.rs"]
mod entra;
#[path = "scim/groups.rs"]
mod groups;
#[path = "scim/hostile.rs"]
mod hostile;
#[path = "scim/okta.rs"]
mod okta;
#[path = "scim/page.rs"]
mod page;
#[path = "scim/strangers.rs"]
mod strangers;
mod support;
