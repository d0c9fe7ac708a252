//! Channels of Slack: one of the organization's, and one of each member's own, each reached through an incoming webhook.
//!
//! What must stay true: the address of a webhook is a secret: it is kept sealed and never shown again; a message is written in the transaction of what it tells
//! of, once for each channel, and what is known to be posted is not posted again; a webhook that leads nowhere is not asked again; nothing that people wrote
//! can call a whole channel or pose as a link.

mod delivery;
mod error;
pub mod graphql;
mod message;
mod model;
mod repo;
mod service;

pub use delivery::{Ready, Settled, ready, settle, write};
pub use error::SlackError;
pub use message::Message;
pub use model::{Connection, Owner, Post};
pub use service::{Tested, Wanted, channel, connect, connect_own, disconnect, disconnect_own, get, get_own, reachable, set_posts, test, test_own};

use crate::access::{Permission, Reads, Writes};

/// See the organization's channel.
pub struct ReadChannel;
impl Permission for ReadChannel {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Choose the organization's channel and what is posted there.
pub struct ChangeChannel;
impl Permission for ChangeChannel {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Writes;
}

/// See one's own channel.
pub struct ReadOwnChannel;
impl Permission for ReadOwnChannel {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Reads;
}

/// Choose one's own channel: it goes on hearing when the token that chose it is gone, so it takes what making tokens takes.
pub struct ChangeOwnChannel;
impl Permission for ChangeOwnChannel {
    const NAME: shared::Permission = shared::Permission::TokensOwn;
    type Mode = Writes;
}
