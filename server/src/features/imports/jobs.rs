//! An import in the background, step by step.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{Permission, ids::ImportId};

use super::step;
use crate::{
    fault::Fault,
    jobs::{Context, Job},
};

/// A step of an import, which asks for the next one when it is done.
#[derive(Serialize, Deserialize)]
pub struct ImportStep {
    pub import: ImportId,
    /// One that is not the import's present step does nothing.
    pub step: i64,
    pub wait_seconds: u64,
}

impl Job for ImportStep {
    const KIND: &'static str = "import.step";
    const IS_LONG: bool = true;
    const PERMISSION: Permission = Permission::OrganizationWrite;
    const FURTHER: &'static [Permission] =
        &[Permission::ExperimentsWrite, Permission::RunsWrite, Permission::ArtifactsWrite, Permission::ModelsWrite];
    const ATTEMPTS: i32 = 20;

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{} {}", self.import.hex(), self.step))
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        step::run(context.scope()?, &context.services, self.import, self.step).await
    }
}
