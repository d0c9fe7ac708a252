//! How much an organization stores, how much it may, and how it gets room again.
//!
//! What must stay true: what is stored is counted in the transaction that stores it, by the database itself, so it is neither forgotten nor counted twice; whoever
//! stores asks again under that count's lock, so several uploads do not pass the limit together; bytes go only once nothing refers to them, and while nobody can
//! begin to.

mod erasing;
mod error;
pub mod graphql;
pub mod jobs;
mod model;
mod operator;
mod repo;
mod service;

pub use error::StorageError;
pub use model::{Freeing, Storage};
pub use operator::set_by_operator;
pub use service::{free, freeing, of, show};

use crate::access::{Permission, Reads, Writes};

/// See how much is stored, and how much may be.
pub struct SeeStorage;
impl Permission for SeeStorage {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Delete for good what was deleted.
pub struct FreeStorage;
impl Permission for FreeStorage {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Writes;
}
