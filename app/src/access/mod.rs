//! How people get into the organization.

mod policy;
mod provider;
mod provisioning;

pub use policy::AccessPage;
pub use provider::SingleSignOnPage;
