//! Service accounts: members of the organization that are no people (`infra/decisions/0031-service-accounts.md`).
//!
//! What must stay true: a service account has neither an address nor a password, so that nothing signs it in or mails it; it belongs to the one organization that
//! made it; nobody gives it, or takes from it by a token, more than they may do themselves; suspending or removing it closes the organization to its tokens
//! with the next request, on every replica, because every request looks the membership up in its first statement.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::ServiceAccountError;
pub use model::{NewAccount, ServiceAccount};
pub use service::{create, create_token, list, remove, resume, revoke_token, suspend, tokens, update};

use crate::access::{Permission, Reads, Writes};

/// See service accounts and their tokens.
pub struct ListServiceAccounts;
impl Permission for ListServiceAccounts {
    const NAME: shared::Permission = shared::Permission::ServiceAccountsRead;
    type Mode = Reads;
}

/// Make, change and remove service accounts, and make and revoke their tokens.
pub struct ManageServiceAccounts;
impl Permission for ManageServiceAccounts {
    const NAME: shared::Permission = shared::Permission::ServiceAccountsWrite;
    type Mode = Writes;
}
