//! An export in the background, step by step, and what becomes of its archive.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{Permission, ids::ExportId};

use super::step;
use crate::{
    fault::Fault,
    jobs::{Context, Job},
};

/// A step of an export, which asks for the next one when it is done.
#[derive(Serialize, Deserialize)]
pub struct ExportStep {
    pub export: ExportId,
    /// One that is not the export's present step does nothing.
    pub step: i64,
}

impl Job for ExportStep {
    const KIND: &'static str = "export.step";
    const IS_LONG: bool = true;
    const PERMISSION: Permission = Permission::OrganizationExport;
    const ATTEMPTS: i32 = 20;

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{} {}", self.export.hex(), self.step))
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        step::run(context.scope()?, &context.services, self.export, self.step).await
    }
}

/// Removes what an export left in the store.
#[derive(Serialize, Deserialize)]
pub struct ClearExport {
    pub export: ExportId,
    /// How long its archive stays.
    pub wait_days: u64,
}

impl Job for ClearExport {
    const KIND: &'static str = "export.clear";
    const PERMISSION: Permission = Permission::OrganizationExport;
    const ATTEMPTS: i32 = 1_000;

    fn delay(&self) -> Duration {
        Duration::from_secs(self.wait_days * 24 * 60 * 60)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        step::clear(context.scope()?, &context.services, self.export).await
    }
}
