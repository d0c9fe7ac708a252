//! The access log: every decision about who may do what, counted by the minute. [`crate::access`] writes it; a refusal stands in the audit log besides.

pub mod graphql;
mod repo;
mod service;

pub use service::{Decision, Filter, list};

use crate::access::{Permission, Reads};

/// Read the access log.
pub struct ReadDecisions;
impl Permission for ReadDecisions {
    const NAME: shared::Permission = shared::Permission::AuditRead;
    type Mode = Reads;
}
