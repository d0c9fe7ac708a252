//! Channels of Slack: the organization's, and the reader's own, which stands on the page of their notifications.

mod channel;
mod connect;
mod model;
mod page;

pub use channel::ChannelCard;
pub use model::{Channel, Whose};
pub use page::SlackPage;
