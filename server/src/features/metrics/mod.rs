//! Metrics: series of points of a run, kept at full resolution.
//!
//! What must stay true: an append is one row and is durable when acknowledged; the latest value of a key is the one with the greatest (step, time,
//! value), whatever order points came in; compaction moves points from batches to chunks, and at no time does a reader miss one or see one twice;
//! every value keeps its bits, NaN and infinities too.

pub mod codec;
pub mod compaction;
mod curves;
pub mod downsample;
mod error;
pub mod graphql;
pub mod jobs;
pub mod model;
mod repo;
mod service;
mod transfer;
mod walk;

pub use curves::{Drawing, curves};
pub use error::MetricError;
pub use model::{Latest, Measurement, Point};
pub use repo::Part;
pub use service::{Appended, LoggedSeries, Packed, Series, histories, history, latest_of, sample, thin};
pub use transfer::{RunSeries, complete, place};
pub use walk::{Walk, walk};

use crate::access::{Permission, Reads, Writes};

/// See metrics.
pub struct ReadMetrics;
impl Permission for ReadMetrics {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// Compact metrics.
pub struct WriteMetrics;
impl Permission for WriteMetrics {
    const NAME: shared::Permission = shared::Permission::RunsWrite;
    type Mode = Writes;
}
