//! Leaving: an owner closes the organization. Nobody enters it from then on, and after a time of grace it is erased, with everything that it holds.
//!
//! What must stay true: closing stands on the organization's own row, which the first statement of every transaction reads, so it holds at once, on every
//! replica, for sessions, tokens, links, directories, listeners and jobs; until it is erased nothing is lost, and an owner brings it back with a link that was
//! mailed to owners and works once; erasing can be cut off anywhere and goes on where it was (`access::erase`).

mod error;
pub mod graphql;
pub mod jobs;
mod model;
mod repo;
mod service;

pub use error::ClosingError;
pub use model::{Closed, Contents};
pub use service::{close, contents, restore};

use crate::access::{Permission, Reads, Writes};

/// See what would go.
pub struct CountContents;
impl Permission for CountContents {
    const NAME: shared::Permission = shared::Permission::OrganizationClose;
    type Mode = Reads;
}

/// Close the organization.
pub struct CloseOrganization;
impl Permission for CloseOrganization {
    const NAME: shared::Permission = shared::Permission::OrganizationClose;
    type Mode = Writes;
}
