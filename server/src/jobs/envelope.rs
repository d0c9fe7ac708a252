//! A job on its way into the outbox.

use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::Value;
use serde_json::json;
use shared::ids::TenantId;
use uuid::Uuid;

use super::Job;
use crate::{
    access::Sql,
    fault::Fault,
    platform::{
        Seal,
        telemetry::{Span, SpanKind},
    },
};

/// A job with its tenant, ready to be written. Built only inside a transaction.
pub struct Envelope {
    id: Uuid,
    kind: &'static str,
    tenant: Option<TenantId>,
    payload: serde_json::Value,
    dedupe_key: Option<String>,
    delay: chrono::TimeDelta,
    request_id: String,
}

impl Envelope {
    pub(crate) fn new<J: Job>(job: &J, tenant: Option<TenantId>, request_id: &str, seal: &Seal) -> Result<Self, Fault> {
        let id = Uuid::now_v7();
        let payload = serde_json::to_value(job).map_err(Fault::internal)?;
        Ok(Self {
            id,
            kind: J::KIND,
            tenant,
            payload: if J::SEALED { sealed(seal, id, &payload)? } else { payload },
            dedupe_key: job.dedupe_key(),
            delay: chrono::TimeDelta::from_std(job.delay()).map_err(Fault::internal)?,
            request_id: request_id.to_owned(),
        })
    }

    /// Writes jobs in one statement. One that waits already, by its kind and key, is not written again; one of a fire time neither
    /// when it was done.
    pub(crate) async fn insert_all(envelopes: Vec<Self>, tx: &impl Sql) -> Result<(), Fault> {
        let Some(first) = envelopes.first() else { return Ok(()) };
        let span = Span::part(format!("publish {}", first.kind), SpanKind::Producer);
        span.set("messaging.system", "assay");
        span.set("messaging.operation.type", "send");
        span.set("messaging.operation.name", "publish");
        span.set("messaging.destination.name", first.kind);
        span.set("messaging.batch.message_count", envelopes.len() as i64);
        let now = tx.now();
        let sql = "insert into public.jobs (id, tenant_id, kind, payload, request_id, run_at, dedupe_key, created_at, traceparent) \
            select id, nullif(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, payload::jsonb, request_id, run_at, nullif(dedupe_key, ''), $8, $9 \
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[]) \
                as new (id, tenant_id, kind, payload, request_id, run_at, dedupe_key) \
            on conflict do nothing";
        let values: Vec<Value> = vec![
            envelopes.iter().map(|one| one.id).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.tenant.map_or(Uuid::nil(), TenantId::uuid)).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.kind.to_owned()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.payload.to_string()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.request_id.clone()).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| now + one.delay).collect::<Vec<_>>().into(),
            envelopes.iter().map(|one| one.dedupe_key.clone().unwrap_or_default()).collect::<Vec<_>>().into(),
            now.into(),
            // Whoever runs them goes on with this trace.
            span.traceparent().into(),
        ];
        tx.run(sql, values).await?;
        Ok(())
    }
}

/// The only field of a payload that is sealed.
const SEALED: &str = "sealed";

/// What a payload is sealed for: it opens as that of this job alone.
fn place(id: Uuid) -> String {
    format!("job {id}")
}

fn sealed(seal: &Seal, id: Uuid, payload: &serde_json::Value) -> Result<serde_json::Value, Fault> {
    Ok(json!({ SEALED: STANDARD.encode(seal.seal(&place(id), &payload.to_string())?) }))
}

/// A payload as it was written, whether it was sealed or not.
///
/// # Errors
/// `Internal` when it was sealed with another key.
pub fn opened(seal: &Seal, id: Uuid, payload: &serde_json::Value) -> Result<serde_json::Value, Fault> {
    let Some(text) = payload.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.get(SEALED)?.as_str()) else {
        return Ok(payload.clone());
    };
    let bytes = STANDARD.decode(text).map_err(Fault::internal)?;
    let text =
        seal.unseal(&place(id), &bytes).ok_or_else(|| Fault::internal("a job was sealed with another key: ASSAY_SECRET must be one for all"))?;
    serde_json::from_str(&text).map_err(Fault::internal)
}
