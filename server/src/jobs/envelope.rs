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

    /// Writes jobs in one statement. One that waits already, by its kind and key, is not written again; one of a fire time neither
    /// when it was done.
    pub(crate) async fn insert_all(envelopes: Vec<Self>, tx: &impl Sql) -> Result<(), Fault> {
        if envelopes.is_empty() {
            return Ok(());
        }
        let now = tx.now();
        let sql = "insert into public.jobs (id, tenant_id, kind, payload, request_id, run_at, dedupe_key, created_at) \
            select id, nullif(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, payload::jsonb, request_id, run_at, nullif(dedupe_key, ''), $8 \
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[]) \
                as new (id, tenant_id, kind, payload, request_id, run_at, dedupe_key) \
            on conflict do nothing";
        let values: Vec<Value> = vec![
            envelopes.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.tenant.map_or(Uuid::nil(), TenantId::uuid)).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.kind.to_owned()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.payload.to_string()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.request_id.clone()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| now + one.delay).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.dedupe_key.clone().unwrap_or_default()).collect::<Vec<_>>().into(),
            now.into(),
        ];
        tx.run(sql, values).await?;
        Ok(())
    }
}
