//! What happens to a closed organization by itself. These jobs belong to no tenant: those of a closed one wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{Permission, ids::TenantId, limits::CLOSING_DAYS};

use super::service;
use crate::{
    access::{RequestInfo, erase::Erasure},
    fault::Fault,
    jobs::{Context, ControlJob, Job},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells the owners a day before it is erased.
#[derive(Serialize, Deserialize)]
pub struct RemindOwners {
    pub tenant: TenantId,
}

impl Job for RemindOwners {
    const KIND: &'static str = "organization.remind_owners";
    const PERMISSION: Permission = Permission::OrganizationClose;

    fn delay(&self) -> Duration {
        DAY * (CLOSING_DAYS as u32 - 1)
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        let request = RequestInfo { id: context.id.simple().to_string(), ..RequestInfo::default() };
        service::remind(&context.services, self.tenant, &request).await
    }
}

impl ControlJob for RemindOwners {}

/// Erases an organization that nobody restored: its files, its tables, its rows of the control plane, the accounts of people who belong to no other, and its own
/// row at last. Cut off anywhere, it goes on where it was.
#[derive(Serialize, Deserialize)]
pub struct EraseOrganization {
    pub tenant: TenantId,
}

impl Job for EraseOrganization {
    const KIND: &'static str = "organization.erase";
    const IS_LONG: bool = true;
    const PERMISSION: Permission = Permission::OrganizationClose;
    // It was promised: with an hour between them, more than a month.
    const ATTEMPTS: i32 = 1_000;

    fn delay(&self) -> Duration {
        DAY * CLOSING_DAYS as u32
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        let vault = &context.services.vault;
        if vault.begin_erasure(self.tenant).await? != Erasure::Begun {
            return Ok(());
        }
        // While its row is there: were it gone, nobody would look for what is left of its files.
        context.services.blobs.remove_all(self.tenant).await?;
        while vault.erase_some(self.tenant).await? {}
        vault.begin_erasure(self.tenant).await?;
        tracing::info!(tenant = %self.tenant, "an organization was erased");
        Ok(())
    }
}

impl ControlJob for EraseOrganization {}
