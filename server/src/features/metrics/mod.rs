//! Metrics.
pub mod codec;
pub mod compaction;
pub mod downsample;
pub mod model;
