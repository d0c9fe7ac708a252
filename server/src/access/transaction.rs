//! A transaction, and its span: how long it was open, how many statements it took. What they say is told nobody.

use std::{
    future::Future,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StatementBuilder};

use shared::ids::TenantId;
use uuid::Uuid;

use super::{
    entered,
    lanes::{Loan, Turn},
    recall::Recall,
};
use crate::platform::telemetry::{Span, SpanKind};

/// What stands for the organization's schema in a statement.
const SCHEMA: &str = "{schema}";

/// A transaction that ends when it is committed or dropped.
pub(super) struct Transaction {
    loan: Loan,
    measured: Measured,
    /// Where it is.
    tenant: OnceLock<TenantId>,
    /// Who enters it with its next statement.
    recall: Mutex<Option<Recall>>,
    /// Whether the first statement is all of it, as a rule.
    alone: bool,
}

impl Transaction {
    /// Begins one. `door` is whose rows it sees.
    pub async fn begin(turn: Turn, door: &'static str) -> Result<Self, DbErr> {
        let own = Self::hold(turn, door).await?;
        own.loan.held()?.begin().await.inspect_err(|error| own.measured.failed(error))?;
        Ok(own)
    }

    /// One that somebody enters with the first statement. Where that is to stand `alone` it is a transaction of its own, so that there is nothing to commit; if
    /// others come after all, they are another one.
    pub async fn recall(turn: Turn, recall: Recall, alone: bool, door: &'static str) -> Result<Self, DbErr> {
        let own = Self::hold(turn, door).await?;
        own.is_in(recall.tenant);
        Ok(Self { recall: Mutex::new(Some(recall)), alone, ..own })
    }

    async fn hold(turn: Turn, door: &'static str) -> Result<Self, DbErr> {
        let measured = Measured::start(door);
        let loan = turn.hold().await.inspect_err(|error| measured.failed(error))?;
        Ok(Self { loan, measured, tenant: OnceLock::new(), recall: Mutex::default(), alone: false })
    }

    /// Notes that its connection is in an organization.
    pub fn is_in(&self, tenant: TenantId) {
        // It is in one, once.
        let _ = self.tenant.set(tenant);
        self.loan.is_in(tenant);
    }

    /// Whether the next statement is committed by itself.
    pub fn is_alone(&self) -> bool {
        self.alone && self.loan.held().is_ok_and(|held| !held.has_begun())
    }

    /// A statement with a text of its organization's own, whose schema is what `{schema}` stands for. Postgres keeps the plan of a text, and makes it anew whenever
    /// the text means other tables than the last time: one that organizations shared would be planned at almost every request.
    fn own(&self, mut statement: Statement) -> Statement {
        if let Some(tenant) = self.tenant.get() {
            let mut buffer = Uuid::encode_buffer();
            let tenant = tenant.uuid().simple().encode_lower(&mut buffer);
            if statement.sql.contains(SCHEMA) {
                statement.sql = statement.sql.replace(SCHEMA, &format!("t_{tenant}"));
            }
            statement.sql.push_str(" --");
            statement.sql.push_str(tenant);
        }
        statement
    }

    fn recalled(&self) -> Option<Recall> {
        self.recall.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn enter(&self, recall: Recall, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let span = entered::span(recall.kind);
        let (tenant, statement) = (recall.tenant, self.own(recall.before(statement)));
        let rows = span.around(self.statement(self.loan.held()?.connection()?.query_all_raw(statement))).await?;
        entered::found(&span, (!rows.is_empty()).then_some(tenant));
        Recall::answered(rows)
    }

    /// Where statements go: into the transaction, once it has been entered.
    async fn entered(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.loan.held()?.begin().await?;
        if let Some(recall) = self.recalled() {
            self.enter(recall, Statement::from_string(DbBackend::Postgres, "select 1")).await?;
        }
        self.loan.held()?.connection()
    }

    async fn statement<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.measured.statement(self.loan.held()?.answer(work)).await
    }

    pub async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let connection = self.entered().await?;
        self.statement(connection.query_one_raw(self.own(statement))).await
    }

    pub async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        // Names are looked up before anybody has entered: what names no schema comes afterwards.
        if statement.sql.contains(SCHEMA)
            && let Some(recall) = self.recalled()
        {
            if self.is_alone() {
                // What comes after it is entered as well.
                *self.recall.lock().unwrap_or_else(PoisonError::into_inner) = Some(recall.clone());
            } else {
                self.loan.held()?.begin().await?;
            }
            return self.enter(recall, statement).await;
        }
        let connection = self.entered().await?;
        self.statement(connection.query_all_raw(self.own(statement))).await
    }

    pub async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let connection = self.entered().await?;
        self.statement(connection.execute_raw(self.own(statement))).await
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

    /// Commits, and keeps the connection for whoever comes next.
    pub async fn commit(self) -> Result<(), DbErr> {
        let Self { loan, measured, alone, .. } = self;
        measured.end(loan.commit(alone)).await
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
