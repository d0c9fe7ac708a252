//! Compaction in the background.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::ids::RunId;

use crate::{
    fault::Fault,
    jobs::{Context, Job},
};

/// Appends after which a run is compacted while it goes on.
pub const EVERY: i64 = 256;

/// Moves a run's appended batches into chunks.
#[derive(Serialize, Deserialize)]
pub struct CompactMetrics {
    pub run: RunId,
    /// The revision of the run that asked for it. A job that is already at work may have read the batches before that one, so it does not stand for
    /// this one.
    pub revision: i64,
}

impl Job for CompactMetrics {
    const KIND: &'static str = "metrics.compact";
    const PERMISSION: shared::Permission = shared::Permission::RunsWrite;

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{} {}", self.run.hex(), self.revision))
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        super::service::compact(context.scope()?, self.run).await
    }
}
