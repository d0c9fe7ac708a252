//! Provisioning by the organization's directory (SCIM 2.0): as Okta and Entra ID do it, and as somebody would who means ill.

mod directory;
mod ends;
mod entra;
mod groups;
mod hostile;
mod okta;
mod page;
mod strangers;
