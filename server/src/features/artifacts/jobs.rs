//! Removing what abandoned uploads left.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fault::Fault,
    jobs::{Context, Job},
};

/// How long an upload in parts may take.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes an upload that was neither completed nor aborted, and parts that came too late.
#[derive(Serialize, Deserialize)]
pub struct SweepUpload {
    pub upload: Uuid,
}

impl Job for SweepUpload {
    const KIND: &'static str = "artifact.sweep_upload";
    const PERMISSION: shared::Permission = shared::Permission::ArtifactsWrite;

    fn delay(&self) -> Duration {
        UPLOAD_LIFE
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        super::uploads::sweep(context.scope()?, &context.services.blobs, self.upload).await
    }
}
