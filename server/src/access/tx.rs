//! The only values that can run SQL, each begun for one tenant.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StatementBuilder, Value};

use super::{
    Reach, RequestInfo, audit,
    live::Topic,
    scope::{Inner, Proven},
    transaction::{Transaction, sqlstate},
};
use shared::ids::ProjectId;

use crate::{
    fault::{Fault, TOO_LONG},
    jobs::Envelope,
};
use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

/// Constant SQL with bound parameters, for the statements a query builder cannot say. The text is
/// `'static`: nothing a caller sends can become part of it.
#[async_trait::async_trait]
pub trait Sql: Sync {
    /// Runs a query and returns its rows.
    async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr>;

    /// Runs a query that returns at most one row.
    async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement and returns how many rows it changed.
    async fn run(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, DbErr>;

    /// Gives the statements that follow as much time as those of jobs have, also where the request only reads: for figures of much, which take what they take.
    /// Whatever else the request asks for has it too from then on; how much that can be is limited by what its fields cost.
    async fn patience(&self) -> Result<(), DbErr> {
        Ok(())
    }

    /// The time this transaction works with.
    fn now(&self) -> DateTime<Utc>;

    /// Where names are looked up and what lists show.
    fn reach(&self) -> Reach {
        Reach::default()
    }
}

/// What a repo's functions take: a transaction of either kind.
pub trait Connection: ConnectionTrait + Sql {}
impl<T: ConnectionTrait + Sql> Connection for T {}

/// A transaction of one tenant in which nothing can be changed.
pub struct ReadTx {
    pub(super) tx: Transaction,
    pub(super) now: DateTime<Utc>,
    pub(super) reach: Arc<OnceLock<Reach>>,
    /// Whether its statements have little time.
    pub(super) hurries: AtomicBool,
}

impl ReadTx {
    /// The outcome of a statement. One that took too long is not a defect, and no outage either: asked again, it takes as long.
    fn timed<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        outcome.map_err(|error| {
            let cut = self.hurries.load(Ordering::Relaxed) && sqlstate(&error).as_deref() == Some(CANCELLED);
            if cut { DbErr::Custom(TOO_LONG.to_owned()) } else { error }
        })
    }
}

/// What the database says of a statement that took too long. (SQLSTATE.)
const CANCELLED: &str = "57014";

/// A transaction of one tenant. Dropped, it is rolled back; committed, it carries its audit entry.
pub struct WriteTx {
    pub(super) tx: Transaction,
    pub(super) now: DateTime<Utc>,
    pub(super) inner: Arc<Inner>,
    /// What its first statement found; nothing where that is what the request began with.
    pub(super) again: Option<Proven>,
    /// How often it raises the organization's epoch itself.
    pub(super) raised: AtomicI64,
    /// Whether a job was written, so that somebody should look at the outbox after the commit.
    pub(super) enqueued: AtomicBool,
    /// What open pages are told after the commit.
    pub(super) announced: Mutex<Vec<Topic>>,
}

impl WriteTx {
    pub(super) fn new(tx: Transaction, now: DateTime<Utc>, inner: Arc<Inner>, again: Option<Proven>) -> Self {
        Self { tx, now, inner, again, raised: AtomicI64::new(0), enqueued: AtomicBool::new(false), announced: Mutex::default() }
    }

    fn proven(&self) -> &Proven {
        self.again.as_ref().unwrap_or(&self.inner.proven)
    }

    /// Whether the next statement is committed by itself, so that nothing can be entered into the audit log with it.
    pub fn is_alone(&self) -> bool {
        self.tx.is_alone()
    }

    /// The actor's roles in this tenant, as the first statement of this transaction found them.
    pub fn roles(&self) -> &[String] {
        &self.proven().roles
    }

    /// Whether these roles include the permission, in a project if one is meant, whatever the scopes of a token: nobody gives what they have not.
    pub fn has(&self, permission: shared::Permission, project: Option<ProjectId>) -> bool {
        self.proven().has(permission, project)
    }

    /// The epoch that the organization has unless somebody changes what may be done there.
    fn epoch(&self) -> Option<i64> {
        self.proven().epoch.map(|epoch| epoch + self.raised.load(Ordering::Relaxed))
    }

    /// Tells the open pages of the organization that a subject changed, once this is committed.
    pub fn announce(&self, topic: Topic) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        if !announced.contains(&topic) {
            announced.push(topic);
        }
    }

    /// Appends the audit entry as the last statement and commits. If the entry cannot be written,
    /// nothing is. Nor is it when what may be done in the organization was changed since the transaction began: an act stands in the log before the entry of
    /// such a change, or not at all.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] or `Internal`; the transaction is then rolled back.
    pub async fn commit(self, entry: audit::Entry) -> Result<(), Fault> {
        self.commit_all(vec![entry]).await
    }

    /// Like [`WriteTx::commit`] for a use case that is several acts, each with its entry.
    ///
    /// # Errors
    /// As [`WriteTx::commit`]; an empty list is a defect and refused.
    pub async fn commit_all(self, entries: Vec<audit::Entry>) -> Result<(), Fault> {
        if entries.is_empty() {
            return Err(Fault::internal("a write without an audit entry"));
        }
        audit::append(&self.tx, self.now, self.epoch(), &self.inner, &entries).await?;
        self.finish().await
    }

    /// Commits high-rate telemetry of a running run, which has no entry a call: the entry that ends
    /// the run carries the digest of what was logged.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] or `Internal`; the transaction is then rolled back.
    pub async fn commit_telemetry(self) -> Result<(), Fault> {
        self.finish().await
    }

    async fn finish(self) -> Result<(), Fault> {
        let Self { tx, inner, enqueued, announced, .. } = self;
        tx.commit().await?;
        Committed { inner, enqueued, announced }.tell();
        Ok(())
    }

    /// Commits a transaction that several requests share, each act with its entry and its request.
    pub(super) async fn commit_grouped(self, entries: Vec<(RequestInfo, audit::Entry)>) -> Result<(), Fault> {
        if !entries.is_empty() {
            let author = audit::author(&self.inner);
            let authors: Vec<audit::Author> = entries
                .iter()
                .map(|(request, _)| audit::Author { request_id: request.id.clone(), address: request.address.clone(), ..author.clone() })
                .collect();
            let pairs: Vec<_> = authors.iter().zip(entries.iter().map(|(_, entry)| entry)).collect();
            audit::append_pairs(&self.tx, self.now, self.epoch(), &pairs).await?;
        }
        let Self { tx, inner, enqueued, announced, .. } = self;
        tx.commit().await?;
        Committed { inner, enqueued, announced }.tell();
        Ok(())
    }

    /// Writes a job into the outbox, in this transaction.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] or `Internal`.
    pub async fn enqueue<J: crate::jobs::Job>(&self, job: &J) -> Result<(), Fault> {
        self.enqueue_all(std::slice::from_ref(job)).await
    }

    /// Writes jobs into the outbox, in this transaction and in one statement.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] or `Internal`.
    pub async fn enqueue_all<J: crate::jobs::Job>(&self, jobs: &[J]) -> Result<(), Fault> {
        let envelope = |job| Envelope::new(job, Some(self.inner.tenant.id), &self.inner.request.id, self.inner.vault.seal());
        let envelopes = jobs.iter().map(envelope).collect::<Result<Vec<_>, _>>()?;
        self.enqueued.fetch_or(!envelopes.is_empty(), Ordering::Relaxed);
        Envelope::insert_all(envelopes, self).await
    }

    /// Makes every replica load the organization's policy anew at its next request, and open pages look again.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] or `Internal`.
    pub async fn raise_epoch(&self) -> Result<(), Fault> {
        self.run("update public.tenants set authz_epoch = authz_epoch + 1 where id = $1", vec![self.inner.tenant.id.uuid().into()]).await?;
        self.raised.fetch_add(1, Ordering::Relaxed);
        self.announce(Topic::Standing);
        Ok(())
    }

    /// The tenant this transaction belongs to.
    pub fn tenant(&self) -> &super::Tenant {
        &self.inner.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> &super::Actor {
        &self.inner.actor
    }
}

/// What is left of a transaction once it is committed.
struct Committed {
    inner: Arc<Inner>,
    enqueued: AtomicBool,
    announced: Mutex<Vec<Topic>>,
}

impl Committed {
    /// Tells the worker of new jobs, and open pages of what changed.
    fn tell(self) {
        if self.enqueued.into_inner() {
            self.inner.vault.ring_bell();
        }
        let announced = self.announced.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !announced.is_empty() {
            self.inner.vault.live().changed(self.inner.tenant.id, &announced);
        }
    }
}

fn raw_refused<T>() -> Result<T, DbErr> {
    Err(DbErr::Custom("only built or constant statements may run".into()))
}

/// Refuses to run anything but a query. The builder's own text is checked, so an entity's `insert`
/// on a [`ReadTx`] fails before it reaches the database.
fn only_query(sql: &str) -> Result<(), DbErr> {
    let word = sql.trim_start().get(..6).unwrap_or_default();
    let reads = word.eq_ignore_ascii_case("select") || word.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("with"));
    if reads { Ok(()) } else { Err(DbErr::Custom("a reading transaction runs queries only".into())) }
}

fn constant(sql: &'static str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

#[async_trait::async_trait]
impl Sql for ReadTx {
    async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        only_query(sql)?;
        self.timed(self.tx.query_all_raw(constant(sql, values)).await)
    }

    async fn run(&self, _: &'static str, _: Vec<Value>) -> Result<u64, DbErr> {
        raw_refused()
    }

    async fn patience(&self) -> Result<(), DbErr> {
        if self.hurries.swap(false, Ordering::Relaxed) {
            self.rows("select set_config('statement_timeout', '20s', true), set_config('lock_timeout', '5s', true)", Vec::new()).await?;
        }
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn reach(&self) -> Reach {
        self.reach.get().copied().unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl Sql for WriteTx {
    async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(constant(sql, values)).await
    }

    async fn run(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, DbErr> {
        Ok(self.tx.execute_raw(constant(sql, values)).await?.rows_affected())
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn reach(&self) -> Reach {
        self.inner.reach.get().copied().unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for ReadTx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }
    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        raw_refused()
    }
    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        raw_refused()
    }
    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        raw_refused()
    }
    async fn query_all_raw(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
        raw_refused()
    }
    async fn execute<S: StatementBuilder>(&self, _: &S) -> Result<ExecResult, DbErr> {
        raw_refused()
    }
    async fn query_one<S: StatementBuilder>(&self, statement: &S) -> Result<Option<QueryResult>, DbErr> {
        let statement = DbBackend::Postgres.build(statement);
        only_query(&statement.sql)?;
        self.timed(self.tx.query_one_raw(statement).await)
    }
    async fn query_all<S: StatementBuilder>(&self, statement: &S) -> Result<Vec<QueryResult>, DbErr> {
        let statement = DbBackend::Postgres.build(statement);
        only_query(&statement.sql)?;
        self.timed(self.tx.query_all_raw(statement).await)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for WriteTx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }
    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        raw_refused()
    }
    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        raw_refused()
    }
    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        raw_refused()
    }
    async fn query_all_raw(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
        raw_refused()
    }
    async fn execute<S: StatementBuilder>(&self, statement: &S) -> Result<ExecResult, DbErr> {
        self.tx.execute(statement).await
    }
    async fn query_one<S: StatementBuilder>(&self, statement: &S) -> Result<Option<QueryResult>, DbErr> {
        self.tx.query_one(statement).await
    }
    async fn query_all<S: StatementBuilder>(&self, statement: &S) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all(statement).await
    }
}
