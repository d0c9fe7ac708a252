//! Deleting files for good in the background.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{Permission, ids::TenantId};

use super::erasing;
use crate::{
    fault::Fault,
    jobs::{Context, Job},
};

/// Deletes what nobody is shown any more, and asks for the next turn until it has looked at all files.
#[derive(Serialize, Deserialize)]
pub struct EraseFiles {
    pub tenant: TenantId,
    /// The file after which it goes on, from 0.
    pub after: i64,
    pub wait_seconds: u64,
}

impl Job for EraseFiles {
    const KIND: &'static str = "storage.erase_files";
    const IS_LONG: bool = true;
    const PERMISSION: Permission = Permission::OrganizationWrite;

    fn dedupe_key(&self) -> Option<String> {
        // Asked for twice, it is done once; what it goes on with is its own.
        (self.after == 0 && self.wait_seconds == 0).then(|| self.tenant.to_string())
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        erasing::erase(context.scope()?, &context.services.blobs, self.after).await
    }
}
