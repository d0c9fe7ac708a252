//! The mails the product sends. Each has a plain and an HTML part, made from one template each, and
//! leaves through the outbox: it is sent if and only if what it tells of was committed.

mod jobs;
mod model;

pub use jobs::SendMail;
pub use model::{Letter, Told, day};
