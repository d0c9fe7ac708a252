//! The door of the job queue: claiming, finishing and sweeping rows of `public.jobs`, whatever
//! their tenant. It sees no tenant's schema; a claimed job is carried out in a [`Scope`] of its own
//! tenant. Only `jobs/` may open it (`tests/architecture.rs`).

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use shared::ids::TenantId;
use uuid::Uuid;

use super::{CredentialKind, RequestInfo, Scope, Sql, Vault, transaction::Transaction};
use crate::fault::Fault;

/// A transaction on the job queue.
pub struct DispatchTx {
    tx: Transaction,
    now: DateTime<Utc>,
}

impl Vault {
    /// Opens the queue.
    ///
    /// # Errors
    /// `Unavailable` when the database is away.
    pub async fn dispatch(&self) -> Result<DispatchTx, Fault> {
        Ok(DispatchTx { tx: self.begin_at("dispatch").await?, now: self.clock().now() })
    }

    /// The scope in which a claimed job runs: its tenant, and the permissions its kind names.
    ///
    /// # Errors
    /// `NotFound` when the tenant is gone, `Unavailable`.
    pub async fn enter_job(
        &self,
        tenant: TenantId,
        job: Uuid,
        name: &str,
        permissions: &[shared::Permission],
        request: RequestInfo,
    ) -> Result<Scope, Fault> {
        self.enter_as_job(tenant, job, name, permissions, request).await
    }

    /// Removes sessions and links that have expired.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn remove_expired(&self) -> Result<(), Fault> {
        let tx = self.lobby().await?;
        let now = self.clock().now();
        tx.run("delete from sessions where expires_at < $1", vec![now.into()]).await?;
        tx.run("delete from sign_ups where expires_at < $1", vec![now.into()]).await?;
        tx.run("delete from password_resets where expires_at < $1", vec![now.into()]).await?;
        tx.run("delete from sign_in_places where seen_at < $1::timestamptz - interval '90 days'", vec![now.into()]).await?;
        tx.run("delete from sso_attempts where expires_at < $1", vec![now.into()]).await?;
        tx.run("delete from sign_in_steps where expires_at < $1", vec![now.into()]).await?;
        tx.run("delete from invitations where accepted_at is null and expires_at < $1::timestamptz - interval '30 days'", vec![now.into()]).await?;
        tx.commit_unlogged().await
    }

    /// Writes when sessions and tokens were last used. Called every half minute.
    ///
    /// # Errors
    /// `Unavailable`; the next call has another chance with newer uses.
    pub async fn flush_uses(&self) -> Result<(), Fault> {
        let used = self.take_used();
        if used.is_empty() {
            return Ok(());
        }
        let tx = self.lobby().await?;
        let ids = |kind| used.iter().filter(|(k, _)| *k == kind).map(|(_, id)| *id).collect::<Vec<Uuid>>();
        let now = self.clock().now();
        let sessions = ids(CredentialKind::Session);
        tx.run("update sessions set last_seen_at = $2 where id = any($1)", vec![sessions.clone().into(), now.into()]).await?;
        tx.run("update api_tokens set last_used_at = $2 where id = any($1)", vec![ids(CredentialKind::Token).into(), now.into()]).await?;
        tx.run("update job_tokens set last_used_at = $2 where id = any($1)", vec![ids(CredentialKind::JobToken).into(), now.into()]).await?;
        tx.run("update support_visits set last_used_at = $2 where id = any($1)", vec![ids(CredentialKind::Support).into(), now.into()]).await?;
        tx.run("update links set last_used_at = $2 where id = any($1)", vec![ids(CredentialKind::Link).into(), now.into()]).await?;
        tx.run(
            "update memberships m set last_seen_at = $2 from sessions s where s.id = any($1) and m.person_id = s.person_id and m.tenant_id = s.tenant_id",
            vec![sessions.into(), now.into()],
        )
        .await?;
        // A service account has no sessions: it is seen by its tokens.
        tx.run(
            "update memberships m set last_seen_at = $2 from api_tokens k, people p where k.id = any($1) and p.id = k.person_id and p.service_of is not null \
             and m.person_id = k.person_id and m.tenant_id = k.tenant_id",
            vec![ids(CredentialKind::Token).into(), now.into()],
        )
        .await?;
        tx.commit_unlogged().await
    }
}

impl DispatchTx {
    /// Commits.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn commit(self) -> Result<(), Fault> {
        Ok(self.tx.commit().await?)
    }
}

#[async_trait::async_trait]
impl Sql for DispatchTx {
    async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await
    }

    async fn run(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, DbErr> {
        Ok(self.tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?.rows_affected())
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }
}
