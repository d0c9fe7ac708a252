//! A job on its way into the outbox.

use sea_orm::Value;
use shared::ids::TenantId;
use uuid::Uuid;

use super::Job;
use crate::{access::Sql, fault::Fault};

/// A job with its tenant, ready to be written. Built only inside a transaction.
pub struct Envelope {
    kind: &'static str,
    tenant: Option<TenantId>,
    payload: serde_json::Value,
    dedupe_key: Option<String>,
    delay: chrono::TimeDelta,
    request_id: String,
}

impl Envelope {
    pub(crate) fn new<J: Job>(job: &J, tenant: Option<TenantId>, request_id: &str) -> Result<Self, Fault> {
        Ok(Self {
            kind: J::KIND,
            tenant,
            payload: serde_json::to_value(job).map_err(Fault::internal)?,
            dedupe_key: job.dedupe_key(),
            delay: chrono::TimeDelta::from_std(job.delay()).map_err(Fault::internal)?,
            request_id: request_id.to_owned(),
        })
    }

    pub(crate) async fn insert(self, tx: &impl Sql) -> Result<(), Fault> {
        let now = tx.now();
        let values: Vec<Value> = vec![
            Uuid::now_v7().into(),
            self.tenant.map(TenantId::uuid).into(),
            self.kind.into(),
            self.payload.into(),
            self.request_id.into(),
            (now + self.delay).into(),
            self.dedupe_key.into(),
            now.into(),
        ];
        tx.run(
            "insert into public.jobs (id, tenant_id, kind, payload, request_id, run_at, dedupe_key, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) \
             on conflict (kind, dedupe_key) where dedupe_key is not null and state in ('queued', 'leased') do nothing",
            values,
        )
        .await?;
        Ok(())
    }
}
