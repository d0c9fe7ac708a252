//! People: signing up and choosing a new password.
//!
//! What must stay true: whether an address has an account cannot be learned from a page; it is told
//! only to the address, by mail. A link works once and carries 256 bits, of which only the hash is
//! stored. A new password ends every session. The one-time password of the first owner is the secret
//! of such a link: it opens no session, and is worth nothing once they have chosen their own.

pub mod graphql;
pub mod jobs;
mod repo;
mod service;

pub(crate) use service::organizations;
pub use service::{SignUp, confirm_sign_up, found_organization, rename, request_reset, reset_password, sign_up};

use crate::access::{Permission, Writes};

/// A member changes what concerns only themselves.
pub struct ChangeOwnName;
impl Permission for ChangeOwnName {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Writes;
}
