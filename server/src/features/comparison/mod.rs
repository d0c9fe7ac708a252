//! Comparing runs and groups of runs: a read-only slice over runs, their params and their metrics, and the comparisons that somebody saved.
//!
//! What must stay true: figures are of all runs of the groups, and where those are too many the comparison is refused, never sampled; a group's runs are
//! those the reader may see; what chance explains is not told as a finding (every claim stands on a p-value adjusted for all claims of its family); the same
//! runs always give the same figures.

mod analysis;
mod error;
pub mod graphql;
mod insights;
mod model;
mod repo;
pub mod report;
mod saved;
mod service;
mod table;
mod words;

pub use error::ComparisonError;
pub use model::{Cell, Comparison, Difference, Focus, Group, Histogram, Insight, MetricRow, Pair, ParamRow, ParamValues, Point, Tone};
pub use saved::{Saved, list, remove, save};
pub use service::{compare, curves};

use crate::access::{Permission, Reads, Writes};

/// See what runs differ in.
pub struct CompareRuns;
impl Permission for CompareRuns {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// See the names of experiments.
pub struct NameExperiments;
impl Permission for NameExperiments {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}

/// See saved comparisons.
pub struct ListComparisons;
impl Permission for ListComparisons {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}

/// Save comparisons and remove saved ones.
pub struct SaveComparisons;
impl Permission for SaveComparisons {
    const NAME: shared::Permission = shared::Permission::ExperimentsWrite;
    type Mode = Writes;
}
