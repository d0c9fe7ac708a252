//! Removes what nobody can use any more: expired sessions and links, finished jobs after a week.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Context, ControlJob, Job, cron::fire_key};
use crate::{access::Sql, fault::Fault};

/// Runs hourly.
#[derive(Serialize, Deserialize)]
pub struct Housekeeping {
    pub fire_time: DateTime<Utc>,
}

impl Job for Housekeeping {
    const KIND: &'static str = "housekeeping.run";
    const PERMISSION: shared::Permission = shared::Permission::OrganizationWrite;

    fn dedupe_key(&self) -> Option<String> {
        Some(fire_key(self.fire_time))
    }

    async fn run(self, context: Context) -> Result<(), Fault> {
        context.services.vault.remove_expired().await?;
        let tx = context.services.vault.dispatch().await?;
        let old = tx.now() - TimeDelta::days(7);
        tx.run("delete from jobs where state in ('done', 'failed') and finished_at < $1", vec![old.into()]).await?;
        tx.commit().await
    }
}

impl ControlJob for Housekeeping {}
