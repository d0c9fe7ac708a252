//! What closing is about.

use chrono::{DateTime, Utc};

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
