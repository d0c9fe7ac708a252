//! Clock, mail, Slack, blobs, requests to elsewhere, traces: what the product needs of the world outside, behind plain functions.

mod blobs;
mod clock;
mod digest;
mod mailer;
mod network;
mod outbound;
mod pace;
mod parts;
mod seal;
mod slack;
pub mod telemetry;

pub use blobs::*;
pub use clock::Clock;
pub use digest::Digest;
pub use mailer::{Mailer, Message};
pub use outbound::{Outbound, OutboundError, Peer};
pub use parts::Part;
pub use seal::{MARK_LEN, Seal};
pub use slack::{Slack, SlackAnswer};
