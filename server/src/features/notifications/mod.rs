//! What members are told: in the app at once, in a channel of Slack of their own, and by mail if they have not seen it in the app. And what the
//! organization's channel is told.
//!
//! What must stay true: a member is told in the transaction of what they are told of, so of what was committed and of nothing else; each notification is
//! mailed at most once, many of them in one letter, and none that was read before the letter left; each is one message to Slack, whose job is written in
//! the same transaction; everybody sees and changes only their own.

pub mod graphql;
mod jobs;
mod model;
mod repo;
mod service;

pub use jobs::{MailNews, PostSlack};
pub use model::{Happening, News, Notification, Occasion, Preference};
pub use service::{list, mark_read, post, prefer, preferences, tell};

use crate::access::{Permission, Reads, Writes};

/// See what one was told.
pub struct ReadNotifications;
impl Permission for ReadNotifications {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Reads;
}

/// Mark what one was told as read, choose how to be told; mail and post it.
pub struct KeepNotifications;
impl Permission for KeepNotifications {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Writes;
}
