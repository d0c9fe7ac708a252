//! One run: overview, metrics, artifacts.

mod actions;
mod artifacts;
mod details;
mod diff;
mod groups;
mod metrics;
mod model;
mod note;
mod open;
mod overview;
mod page;
mod plots;
mod preview;
mod read;
mod reproduce;
mod similar;
mod tags;
mod versions;

pub use actions::{rename, set_removed};
pub use artifacts::RunArtifacts;
pub use groups::rank;
pub use metrics::RunMetrics;
pub use overview::RunOverview;
pub use page::RunPage;
pub use preview::pretty;
pub use read::RunToRead;
pub use reproduce::RunReproduce;

/// The colour of a run, 1 to 6: by its id, so that it is the same everywhere and for everyone.
pub fn colour(id: &str) -> u8 {
    let sum = id.bytes().rev().take(8).fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (sum % 6) as u8 + 1
}
