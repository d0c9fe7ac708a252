//! How people get into the organization.

mod policy;

pub use policy::AccessPage;
