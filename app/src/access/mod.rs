//! How people get into the organization.

mod policy;
mod provider;

pub use policy::AccessPage;
pub use provider::SingleSignOnPage;
