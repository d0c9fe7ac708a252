//! The statements of the queue.

use std::time::Duration;

use sea_orm::DbErr;
use shared::ids::TenantId;
use uuid::Uuid;

use super::Job;
use crate::{
    access::{Connection, Sql, Vault},
    fault::Fault,
};

/// How long a claim lasts without a heartbeat.
pub const LEASE: Duration = Duration::from_secs(30);
/// Crashes before a job is put aside for a person to look at.
const CRASHES: i32 = 3;

/// A job that this worker may run until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: Uuid,
    pub tenant: Option<TenantId>,
    pub kind: String,
    pub payload: serde_json::Value,
    pub request_id: String,
    /// How often the work has failed before. Crashes of workers do not count.
    pub failures: i32,
    pub lease_epoch: i64,
    /// The trace of whoever asked for it.
    pub traceparent: Option<String>,
    /// Seconds from when it was due until it was claimed.
    pub waited: f64,
}

/// The organization's jobs of a kind that wait or are being done.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn unfinished<J: Job>(tx: &impl Connection) -> Result<Vec<J>, Fault> {
    const { assert!(!J::SEALED, "what is sealed is read by whoever does it alone") };
    // Of each state there is an index, of both there is none.
    let sql = "select payload from public.jobs where kind = $1 and state = 'queued' union all select payload from public.jobs where kind = $1 and state = 'leased'";
    let rows = tx.rows(sql, vec![J::KIND.into()]).await?;
    rows.iter().map(|row| serde_json::from_value(row.try_get_by_index(0)?).map_err(Fault::internal)).collect()
}

/// Claims up to `limit` due jobs of the kinds this worker knows. Those of an organization that was closed wait until it is restored.
pub async fn claim(vault: &Vault, owner: &str, kinds: &[String], limit: i64) -> Result<Vec<Claimed>, Fault> {
    let tx = vault.dispatch().await?;
    let rows = tx
        .rows(
            "update jobs set state = 'leased', lease_epoch = lease_epoch + 1, lease_owner = $1, \
             lease_until = clock_timestamp() + make_interval(secs => $4) \
             where id in (select id from jobs where state = 'queued' and run_at <= $2 and kind = any($5) \
             and not exists (select from tenants t where t.id = jobs.tenant_id and t.closed_at is not null) order by run_at limit $3 for update skip locked) \
             returning id, tenant_id, kind, payload, request_id, attempt, lease_epoch, traceparent, extract(epoch from $2 - run_at)::float8 as waited",
            vec![owner.into(), tx.now().into(), limit.into(), LEASE.as_secs_f64().into(), kinds.to_vec().into()],
        )
        .await?;
    tx.commit().await?;
    let claimed = rows.iter().map(|row| {
        Ok(Claimed {
            id: row.try_get("", "id")?,
            tenant: row.try_get::<Option<Uuid>>("", "tenant_id")?.map(TenantId::from_uuid),
            kind: row.try_get("", "kind")?,
            payload: row.try_get("", "payload")?,
            request_id: row.try_get("", "request_id")?,
            failures: row.try_get("", "attempt")?,
            lease_epoch: row.try_get("", "lease_epoch")?,
            traceparent: row.try_get("", "traceparent")?,
            waited: row.try_get("", "waited")?,
        })
    });
    Ok(claimed.collect::<Result<_, DbErr>>()?)
}

/// Extends a lease. `false`: it was lost, and whatever the claimant does now does not count.
pub async fn heartbeat(vault: &Vault, job: &Claimed) -> Result<bool, Fault> {
    write(vault, job, "update jobs set lease_until = clock_timestamp() + interval '30 seconds' where id = $1 and lease_epoch = $2 and state = 'leased' and lease_until > clock_timestamp()", vec![]).await
}

/// The job is done. Its payload is emptied: a mail's holds a link that works once.
pub async fn complete(vault: &Vault, job: &Claimed) -> Result<bool, Fault> {
    let now = vault.clock().now();
    write(
        vault,
        job,
        "update jobs set state = 'done', payload = '{}', finished_at = $3, lease_until = null, lease_owner = null, last_error = null \
         where id = $1 and lease_epoch = $2 and state = 'leased' and lease_until > clock_timestamp()",
        vec![now.into()],
    )
    .await
}

/// The work failed: try again later, at most `attempts` times. The wait doubles with each failure, from five seconds to an
/// hour; a crash of a worker takes no try away and makes no wait longer. One that an organization's closing has stopped has not failed.
pub async fn fail(vault: &Vault, job: &Claimed, attempts: i32, error: &str) -> Result<bool, Fault> {
    let now = vault.clock().now();
    let wait = (5.0 * 2f64.powi(job.failures.clamp(0, 20))).min(3600.0);
    write(
        vault,
        job,
        "update jobs set attempt = attempt + counts.one, state = case when attempt + counts.one >= $3 then 'failed' else 'queued' end, \
         finished_at = case when attempt + counts.one >= $3 then $4::timestamptz end, run_at = $4::timestamptz + make_interval(secs => $5), \
         last_error = $6, lease_until = null, lease_owner = null \
         from (select case when exists (select from jobs j join tenants t on t.id = j.tenant_id where j.id = $1 and t.closed_at is not null) then 0 else 1 end as one) counts \
         where id = $1 and lease_epoch = $2 and state = 'leased' and lease_until > clock_timestamp()",
        vec![attempts.into(), now.into(), wait.into(), error.into()],
    )
    .await
}

/// Returns jobs whose claimant is gone to the queue; those that crashed three workers are set aside.
pub async fn reap(vault: &Vault) -> Result<u64, Fault> {
    let tx = vault.dispatch().await?;
    let rows = tx
        .rows(
            "update jobs set crash_count = crash_count + 1, lease_owner = null, lease_until = null, \
             state = case when crash_count + 1 >= $1 then 'quarantined' else 'queued' end \
             where state = 'leased' and lease_until < clock_timestamp() returning id, kind, state, request_id",
            vec![CRASHES.into()],
        )
        .await?;
    tx.commit().await?;
    for row in &rows {
        let (id, kind, state): (Uuid, String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let request: String = row.try_get_by_index(3)?;
        if state == "quarantined" {
            tracing::error!(job = %id, kind, request, "a job crashed three workers and was quarantined");
        } else {
            tracing::warn!(job = %id, kind, request, "a job's worker is gone; queued again");
        }
    }
    Ok(rows.len() as u64)
}

/// Gives back what a worker has begun and will not end, as if it had not been claimed: a worker that is stopped is neither a failure nor a crash.
pub async fn hand_back(vault: &Vault, owner: &str) -> Result<u64, Fault> {
    let tx = vault.dispatch().await?;
    let handed = tx
        .run(
            "update jobs set state = 'queued', lease_owner = null, lease_until = null where state = 'leased' and lease_owner = $1",
            vec![owner.into()],
        )
        .await?;
    tx.commit().await?;
    Ok(handed)
}

/// How many jobs wait for a person to look at them: those that failed for good within the last week, and those that crashed their workers.
pub async fn troubled(vault: &Vault) -> Result<[(&'static str, i64); 2], Fault> {
    let tx = vault.dispatch().await?;
    let sql = "select count(*) filter (where state = 'failed'), count(*) filter (where state = 'quarantined') from jobs where state in ('failed', 'quarantined')";
    let row = tx.row(sql, vec![]).await?.ok_or_else(|| Fault::internal("a count has no row"))?;
    tx.commit().await?;
    Ok([("failed", row.try_get_by_index(0)?), ("quarantined", row.try_get_by_index(1)?)])
}

async fn write(vault: &Vault, job: &Claimed, sql: &'static str, more: Vec<sea_orm::Value>) -> Result<bool, Fault> {
    let tx = vault.dispatch().await?;
    let values = [vec![job.id.into(), job.lease_epoch.into()], more].concat();
    let changed = tx.run(sql, values).await?;
    tx.commit().await?;
    Ok(changed == 1)
}
