//! What closing is about.

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, PersonId};

/// What an organization holds, and what goes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub members: i64,
    pub projects: i64,
    pub experiments: i64,
    pub runs: i64,
    pub registered_models: i64,
    pub traces: i64,
    pub comments: i64,
    /// Files of runs and models, and their bytes.
    pub files: i64,
    pub bytes: i64,
    pub tokens: i64,
}

/// An organization that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    pub closed_at: DateTime<Utc>,
    /// When it is erased.
    pub erase_at: DateTime<Utc>,
}

/// An owner who is told.
#[derive(Clone, Debug)]
pub struct Owner {
    pub person: PersonId,
    pub member: MemberId,
    pub email: String,
    pub name: String,
}

/// The time as mails say it: a day and a time of UTC.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
