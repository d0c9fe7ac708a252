//! What an organization asks of the people who enter it: how old a sign-in may be, whose mail addresses, and whether a second factor.
//!
//! What must stay true: the rules stand on the organization's own row, which `public.enter` reads in the
//! first statement of every transaction, so a change holds for every request that starts after it returned,
//! on every replica; nobody locks out themselves or an owner; whoever would lose access is counted first.

pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{SignInPolicy, Wanted};
pub use service::{get, update, without_second_factor};

use crate::access::{Permission, Reads, Writes};

/// See what the organization asks.
pub struct ReadPolicy;
impl Permission for ReadPolicy {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Change what the organization asks.
pub struct ChangePolicy;
impl Permission for ChangePolicy {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Writes;
}
