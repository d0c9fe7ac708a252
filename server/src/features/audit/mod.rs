//! Reading and verifying the audit log. Writing is part of every transaction (`access::audit`).
//!
//! What must stay true: [`model::chain`] and the database's `audit_append` hash the same bytes; the
//! format is written down in `migrations/tenant/0001_core.sql`. Signed heads and Merkle proofs will
//! be made of the same leaves.

pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{Finding, LogEntry, Mark, Verifier};
pub use service::{Filter, Verified, find, list, verify};

use crate::access::{Permission, Reads};

/// Read the audit log.
pub struct ReadAudit;
impl Permission for ReadAudit {
    const NAME: shared::Permission = shared::Permission::AuditRead;
    type Mode = Reads;
}
