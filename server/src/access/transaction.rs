//! A transaction, and its span: how long it was open, how many statements it took. What they say is told nobody.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StatementBuilder,
    TransactionTrait,
};

use shared::ids::TenantId;

use super::met::Met;
use crate::platform::telemetry::{Span, SpanKind};

/// A transaction that ends when it is committed or dropped.
pub(super) struct Transaction {
    tx: DatabaseTransaction,
    measured: Measured,
    met: Arc<Met>,
}

impl Transaction {
    /// Begins one. `door` is whose rows it sees.
    pub async fn begin(pool: &DatabaseConnection, door: &'static str, met: &Arc<Met>) -> Result<Self, DbErr> {
        let measured = Measured::start(door);
        let tx = pool.begin().await.inspect_err(|error| measured.failed(error))?;
        Ok(Self { tx, measured, met: met.clone() })
    }

    /// One that has begun already and in which nothing was done.
    pub fn begun(tx: DatabaseTransaction, door: &'static str, met: &Arc<Met>) -> Self {
        Self { tx, measured: Measured::start(door), met: met.clone() }
    }

    /// Notes that its connection, of so numbered a backend, is in an organization.
    pub fn is_in(&self, tenant: TenantId, backend: i32) {
        self.met.note(backend, tenant);
    }

    pub async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.measured.statement(self.tx.query_one_raw(statement)).await
    }

    pub async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.measured.statement(self.tx.query_all_raw(statement)).await
    }

    pub async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.measured.statement(self.tx.execute_raw(statement)).await
    }

    pub async fn query_one(&self, statement: &impl StatementBuilder) -> Result<Option<QueryResult>, DbErr> {
        self.query_one_raw(DbBackend::Postgres.build(statement)).await
    }

    pub async fn query_all(&self, statement: &impl StatementBuilder) -> Result<Vec<QueryResult>, DbErr> {
        self.query_all_raw(DbBackend::Postgres.build(statement)).await
    }

    pub async fn execute(&self, statement: &impl StatementBuilder) -> Result<ExecResult, DbErr> {
        self.execute_raw(DbBackend::Postgres.build(statement)).await
    }

    /// Commits.
    pub async fn commit(self) -> Result<(), DbErr> {
        let Self { tx, measured, .. } = self;
        measured.end(tx.commit()).await
    }

    /// Commits, and begins the next one in the same breath.
    pub async fn commit_and_chain(self) -> Result<DatabaseTransaction, DbErr> {
        let Self { tx, measured, .. } = self;
        measured.end(tx.execute_unprepared("commit and chain")).await?;
        Ok(tx)
    }
}

/// What is said of a transaction, once it has ended.
struct Measured {
    span: Span,
    statements: AtomicI64,
}

impl Measured {
    fn start(door: &'static str) -> Self {
        let span = Span::part("transaction", SpanKind::Client);
        span.set("db.system.name", "postgresql");
        span.set("assay.db.door", door);
        Self { span, statements: AtomicI64::new(0) }
    }

    async fn statement<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        work.await.inspect_err(|error| self.failed(error))
    }

    async fn end<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let outcome = work.await;
        match &outcome {
            Ok(_) => self.span.set("assay.db.committed", true),
            Err(error) => self.failed(error),
        }
        outcome
    }

    fn failed(&self, error: &DbErr) {
        if !self.span.is_recorded() {
            return;
        }
        match sqlstate(error) {
            Some(code) => {
                self.span.set("db.response.status_code", code.clone());
                self.span.fail(code);
            }
            None => self.span.fail("connection"),
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.span.set("assay.db.statements", *self.statements.get_mut());
    }
}

/// The database's code for what went wrong: what it says beside may repeat what was stored.
pub(super) fn sqlstate(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            Some(cause.as_database_error()?.code()?.into_owned())
        }
        _ => None,
    }
}
