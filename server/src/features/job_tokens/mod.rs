//! Job tokens: what a training on a machine that one does not trust logs to its one run with.
//!
//! What must stay true: the secret is shown once and stored hashed; a token has no more than the rights of who made it, of those the ones to log to a run and
//! to its files, and row policies of a database role of its own let it reach that run alone (`migrations/tenant/0035_job_tokens.sql`); it ends with the run,
//! for good, within a week at the latest, and with its maker's right to log to the run; revoking works on every replica at once, because every transaction
//! looks the token up in its first statement; only a browser session that was opened within the hour makes one, so that no token makes another.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::JobTokenError;
pub use model::JobToken;
pub use service::{create, list, revoke};

use crate::access::{Permission, Reads, Writes};

/// See the tokens of a run.
pub struct ListJobTokens;
impl Permission for ListJobTokens {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Reads;
}

/// Make and revoke tokens of a run.
pub struct ManageJobTokens;
impl Permission for ManageJobTokens {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Writes;
}
