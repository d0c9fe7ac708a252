//! The door before anybody is somebody: sign-up, sign-in, reset, invitations, switching
//! organizations. A lobby transaction sees the control plane only; no tenant's schema is in its
//! path and the row-level gate of every tenant table is closed to it. Only the slices of signing
//! up and in may open it: `tests/architecture.rs` lists them.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use shared::ids::TenantId;

use super::{Sql, Vault, audit, transaction::Transaction, vault::set_tenant};
use crate::fault::Fault;

/// A transaction on the control plane.
pub struct LobbyTx {
    tx: Transaction,
    vault: Vault,
    now: DateTime<Utc>,
}

impl Vault {
    /// Opens the lobby.
    ///
    /// # Errors
    /// `Unavailable` when the database is away.
    pub async fn lobby(&self) -> Result<LobbyTx, Fault> {
        Ok(LobbyTx { tx: self.begin_at("lobby").await?, vault: self.clone(), now: self.clock().now() })
    }
}

impl LobbyTx {
    /// Commits an act that concerns one organization, with its entry in that organization's log.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; the transaction is then rolled back.
    pub async fn commit_in(self, tenant: TenantId, author: audit::Author, entry: audit::Entry) -> Result<(), Fault> {
        self.commit_in_all(&[tenant], &author, &entry).await
    }

    /// Commits several acts that concern one organization, each with its entry.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, also for an empty list; the transaction is then rolled back.
    pub async fn commit_acts_in(self, tenant: TenantId, author: &audit::Author, entries: &[audit::Entry]) -> Result<(), Fault> {
        if entries.is_empty() {
            return Err(Fault::internal("a write without an audit entry"));
        }
        set_tenant(&self.tx, tenant).await?;
        audit::append_by(&self.tx, self.now, author, entries).await?;
        self.commit_unlogged().await
    }

    /// Commits an act that concerns a person in all of their organizations (a new password, signing
    /// out everywhere): one entry in the log of each. With none there is nothing to enter. Whoever listens there proves themselves again.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; the transaction is then rolled back.
    pub async fn commit_in_all(self, tenants: &[TenantId], author: &audit::Author, entry: &audit::Entry) -> Result<(), Fault> {
        let kept = self.with_a_log(tenants).await?;
        for tenant in &kept {
            set_tenant(&self.tx, *tenant).await?;
            audit::append_by(&self.tx, self.now, author, std::slice::from_ref(entry)).await?;
        }
        let live = self.vault.live().clone();
        self.commit_unlogged().await?;
        kept.iter().for_each(|tenant| live.standing_changed(*tenant));
        Ok(())
    }

    /// Those of some organizations that are not being erased: of others the log is gone, or will be when somebody looks.
    async fn with_a_log(&self, tenants: &[TenantId]) -> Result<Vec<TenantId>, Fault> {
        let ids: Vec<uuid::Uuid> = tenants.iter().map(|tenant| tenant.uuid()).collect();
        let rows = self.rows("select id from tenants where id = any($1) and erasing_since is not null", vec![ids.into()]).await?;
        let gone = rows.iter().map(|row| Ok(TenantId::from_uuid(row.try_get_by_index(0)?))).collect::<Result<Vec<_>, DbErr>>()?;
        Ok(tenants.iter().copied().filter(|tenant| !gone.contains(tenant)).collect())
    }

    /// Commits what no organization has a log for: what is asked for by somebody who is nobody yet, and housekeeping.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; the transaction is then rolled back.
    pub async fn commit_unlogged(self) -> Result<(), Fault> {
        self.tx.commit().await?;
        self.vault.ring_bell();
        Ok(())
    }

    /// Writes a job that belongs to no tenant into the outbox: mail to a person.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn enqueue<J: crate::jobs::ControlJob>(&self, job: &J, request_id: &str) -> Result<(), Fault> {
        crate::jobs::Envelope::insert_all(vec![crate::jobs::Envelope::new(job, None, request_id, self.vault.seal())?], self).await
    }
}

#[async_trait::async_trait]
impl Sql for LobbyTx {
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
