//! Clock, mail, blobs: what the product needs of the world outside, behind plain functions.

mod blobs;
mod clock;
mod mailer;
mod parts;

pub use blobs::*;
pub use clock::Clock;
pub use mailer::{Mailer, Message};
pub use parts::Part;
