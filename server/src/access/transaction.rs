//! A transaction, and its span: how long it was open, how many statements it took. What they say is told nobody.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StatementBuilder};

use shared::ids::TenantId;
use uuid::Uuid;

use super::lanes::Turn;
use crate::platform::telemetry::{Span, SpanKind};

/// A transaction that ends when it is committed or dropped.
pub(super) struct Transaction {
    tx: DatabaseTransaction,
    measured: Measured,
    /// Where it is.
    tenant: OnceLock<TenantId>,
    /// After the transaction, which gives the connection back.
    turn: Turn,
}

impl Transaction {
    /// Begins one. `door` is whose rows it sees.
    pub async fn begin(turn: Turn, door: &'static str) -> Result<Self, DbErr> {
        let measured = Measured::start(door);
        let tx = turn.begin().await.inspect_err(|error| measured.failed(error))?;
        Ok(Self { tx, measured, tenant: OnceLock::new(), turn })
    }

    /// Notes that its connection is in an organization.
    pub fn is_in(&self, tenant: TenantId) {
        // It is in one, once.
        let _ = self.tenant.set(tenant);
        self.turn.is_in(tenant);
    }

    /// A statement with a text of its organization's own. Postgres keeps the plan of a text, and makes it anew whenever the text means other tables than
    /// the last time: one that organizations shared would be planned at almost every request.
    fn own(&self, mut statement: Statement) -> Statement {
        if let Some(tenant) = self.tenant.get() {
            statement.sql.push_str(" --");
            statement.sql.push_str(tenant.uuid().simple().encode_lower(&mut Uuid::encode_buffer()));
        }
        statement
    }

    pub async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.measured.statement(self.tx.query_one_raw(self.own(statement))).await
    }

    pub async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.measured.statement(self.tx.query_all_raw(self.own(statement))).await
    }

    pub async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.measured.statement(self.tx.execute_raw(self.own(statement))).await
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
        let Self { tx, measured, turn, .. } = self;
        let outcome = measured.end(tx.commit()).await;
        drop(turn);
        outcome
    }

    /// Commits, and begins the next one in the same breath, for whoever comes next: which saves two answers to wait for, of the end of one and the beginning of
    /// another.
    pub async fn commit_and_chain(self) -> Result<(), DbErr> {
        let Self { tx, measured, turn, .. } = self;
        measured.end(tx.execute_unprepared("commit and chain")).await?;
        turn.keep(tx);
        Ok(())
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
