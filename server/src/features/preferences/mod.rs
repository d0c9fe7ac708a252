//! What members chose for themselves: the columns of a table and their widths, for instance.
//!
//! What must stay true: everybody sees and changes only their own; what one member keeps is bounded in size and number.

pub mod graphql;
mod repo;
mod service;

pub use service::{get, set};

use crate::access::{Permission, Reads, Writes};

/// See what one chose.
pub struct ReadPreferences;
impl Permission for ReadPreferences {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Reads;
}

/// Choose.
pub struct KeepPreferences;
impl Permission for KeepPreferences {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Writes;
}
