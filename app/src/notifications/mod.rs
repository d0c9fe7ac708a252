//! What the reader was told, and how they want to be told.

mod model;
mod page;

pub use model::{Notification, mark_read};
pub use page::NotificationsPage;
