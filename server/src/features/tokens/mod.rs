//! API tokens: what a script proves itself with. A member's own, or a service account's (`features::service_accounts`).
//!
//! What must stay true: the secret is shown once and stored hashed; a token can do at most what its
//! member may, narrowed by its scopes; only a browser session that was opened within the hour makes one, so that a leaked token
//! cannot make its own successor; revoking works on every replica at once, because every request
//! looks the token up in its first statement.

mod entity;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{NewToken, Token};
pub use service::{check_maker, create, end, list, make, of_holders, revoke};

use crate::access::{Permission, Reads, Writes};

/// See one's own tokens.
pub struct ListTokens;
impl Permission for ListTokens {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Reads;
}

/// Create and revoke one's own tokens.
pub struct ManageTokens;
impl Permission for ManageTokens {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Writes;
}
