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
}

impl Job for CompactMetrics {
    const KIND: &'static str = "metrics.compact";
    const PERMISSION: shared::Permission = shared::Permission::RunsWrite;

    fn dedupe_key(&self) -> Option<String> {
        Some(self.run.hex())
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        super::service::compact(context.scope()?.grant()?, self.run).await
    }
}
