//! The connections of the application, each a lane of its own. A backend keeps the catalog entries and the plans of every organization that it was in, some
//! 1.4 MB of each, and never gives them back; in one that it meets for the first time it takes many times as long. So an organization keeps to the lanes
//! that have met it, as long as one of them comes free soon, and a connection that has met many is closed when it is given back, and opened anew.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::{Either, select, select_all};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use shared::ids::TenantId;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    pool::{ACQUIRED_WITHIN, Met, RESTED, pool_of_one},
    recall::Recall,
    transaction::Transaction,
};

/// How long an organization waits for a lane that has met it, before another one that is free meets it too.
const PATIENCE: Duration = Duration::from_millis(250);
/// A connection goes from one to the next for so long, and is then given back: it may have lived its time.
const LENT: Duration = Duration::from_secs(60);
/// How long an answer is waited for: longer than Postgres lets any statement of a connection run.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Cloning shares them.
#[derive(Clone)]
pub(super) struct Lanes(Arc<[Arc<Lane>]>);

struct Lane {
    /// Of one connection, which belongs to whoever has the turn. Another one takes its place when the connection is silent.
    pool: Mutex<DatabaseConnection>,
    open: Box<dyn Fn() -> DatabaseConnection + Send + Sync>,
    turn: Arc<Semaphore>,
    met: Met,
    kept: Mutex<Kept>,
}

/// What waits for somebody to take it, and since when.
#[derive(Default)]
struct Kept {
    held: Option<(Instant, Held)>,
    /// Whether somebody gives up what grows old.
    watched: bool,
}

/// A connection in somebody's hands. The library lends one to whoever begins a transaction; that it has ended at the server, and whether the next has begun
/// there, is known here alone.
pub(super) struct Held {
    tx: Option<DatabaseTransaction>,
    has_begun: AtomicBool,
    /// Whether the last transaction was one statement alone.
    was_alone: AtomicBool,
    /// Whether an answer did not come in time: none ever may.
    is_silent: AtomicBool,
    lent: Instant,
    /// Where it was lent.
    runtime: Handle,
}

impl Held {
    fn new(tx: DatabaseTransaction) -> Self {
        let [has_begun, was_alone, is_silent] = [true, false, false].map(AtomicBool::new);
        Self { tx: Some(tx), has_begun, was_alone, is_silent, lent: Instant::now(), runtime: Handle::current() }
    }

    /// Waits for an answer, as long as Postgres may take for one.
    ///
    /// # Errors
    /// The answer's own, or that there was none: the way to the database may be cut without anybody saying so. Nothing more is asked of the connection then.
    pub async fn answer<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(no_answer());
        }
        let answered = in_time(work).await;
        self.is_silent.store(answered.is_none(), Ordering::Relaxed);
        answered.unwrap_or_else(|| Err(no_answer()))
    }

    async fn tell(&self, sql: &str) -> Result<(), DbErr> {
        self.answer(self.connection()?.execute_unprepared(sql)).await.map(drop)
    }

    /// For statements.
    ///
    /// # Errors
    /// Never, as long as it is held.
    pub fn connection(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.tx.as_ref().ok_or_else(|| DbErr::Custom("a connection that was given back".to_owned()))
    }

    /// Whether a transaction goes on. Where none does, each statement is one.
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Begins a transaction unless one goes on.
    pub async fn begin(&self) -> Result<(), DbErr> {
        if !self.has_begun() {
            // Whatever becomes of it: nothing is taken for a statement alone that may be within a transaction.
            self.has_begun.store(true, Ordering::Relaxed);
            self.tell("begin").await?;
        }
        Ok(())
    }

    /// Commits what goes on, if anything does. The next transaction begins in the same breath, which saves two answers to wait for, of the end of one and the
    /// beginning of another; unless this one was one statement `alone`, and the one before it too: the next will be as well.
    async fn commit(&self, alone: bool) -> Result<(), DbErr> {
        let goes_on = !(self.was_alone.swap(alone, Ordering::Relaxed) && alone);
        if self.has_begun() {
            self.tell(if goes_on { "commit; begin" } else { "commit" }).await?;
            self.has_begun.store(goes_on, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives up what goes on, and begins the next transaction in the same breath. Not with `and chain`, which hands on that nothing may be written.
    async fn begin_anew(&self) -> Result<(), DbErr> {
        self.tell(if self.has_begun() { "rollback; begin" } else { "begin" }).await?;
        self.has_begun.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Held {
    /// The library rolls back what it lent the connection for: so that there is something to roll back, it begins. It does so on a runtime; on one that has
    /// ended the connection is closed.
    fn drop(&mut self) {
        let runtime = Handle::try_current().unwrap_or_else(|_| self.runtime.clone());
        // Until what was lent has been dropped.
        let _runs_here = runtime.enter();
        let tx = self.tx.take();
        if let Some(tx) = tx.filter(|_| !self.has_begun()) {
            runtime.spawn(async move {
                // What cannot begin is lost, and closed.
                let _ = tx.execute_unprepared("begin").await;
            });
        }
    }
}

/// The right to a lane's connection.
pub(super) struct Turn {
    lane: Arc<Lane>,
    _permit: OwnedSemaphorePermit,
}

/// A connection, and the right to it. Given back, what goes on there is rolled back, and the connection is kept for whoever comes next.
pub(super) struct Loan(Option<(Held, Turn)>);

impl Lanes {
    /// So many, each for so many organizations (`most`), opened when they are first used, on the runtime that uses them: a connection wakes the thread that opened
    /// it. `settings` are SQL that each of them begins with.
    pub fn new(options: &PgConnectOptions, lanes: u32, settings: &'static str, most: usize) -> Self {
        let lane = |number| {
            let (met, options) = (Met::new(most), options.clone());
            let for_pool = met.clone();
            let open = move || pool_of_one(options.clone(), number, settings, &for_pool);
            Arc::new(Lane { pool: Mutex::new(open()), open: Box::new(open), turn: Arc::new(Semaphore::new(1)), met, kept: Mutex::default() })
        };
        Self((0..lanes).map(lane).collect())
    }

    /// Begins a transaction. `door` is whose rows it sees; `tenant` whose it will probably be, `None` for nobody's in particular.
    ///
    /// # Errors
    /// When no lane comes free in time, or the database cannot be reached.
    pub async fn begin(&self, tenant: Option<TenantId>, door: &'static str) -> Result<Transaction, DbErr> {
        Transaction::begin(self.turn_in_time(tenant).await?, door).await
    }

    /// The same for whoever enters once more, with the first statement.
    ///
    /// # Errors
    /// As [`Lanes::begin`].
    pub async fn recall(&self, recall: Recall, alone: bool, door: &'static str) -> Result<Transaction, DbErr> {
        Transaction::recall(self.turn_in_time(Some(recall.tenant)).await?, recall, alone, door).await
    }

    async fn turn_in_time(&self, tenant: Option<TenantId>) -> Result<Turn, DbErr> {
        let turn = timeout(ACQUIRED_WITHIN, self.turn(tenant)).await.map_err(|_| no_answer())?;
        // Before it is there: what else comes for the same organization in this moment keeps to the same lane, or waits for it.
        if let Some(tenant) = tenant {
            turn.lane.met.meet(tenant);
        }
        Ok(turn)
    }

    async fn turn(&self, tenant: Option<TenantId>) -> Turn {
        let mut lanes: Vec<(bool, usize, &Arc<Lane>)> = self.0.iter().map(|lane| lane.regards(tenant)).collect();
        lanes.sort_unstable_by_key(|(is_strange, met, _)| (*is_strange, *met));
        // Whoever is known nowhere is at home where the fewest are, or hardly more. Were it wherever somebody comes free, then those who lose a lane that is closed
        // would fill the others, which are closed for it, and so on. Were it one lane alone, then strangers who come together would wait for each other.
        let fewest = lanes.first().filter(|(is_strange, ..)| *is_strange).map_or(0, |(_, met, _)| *met);
        let is_home = |(at, (is_strange, _, lane)): &(usize, &(bool, usize, &Arc<Lane>))| *at == 0 || !is_strange || lane.met.has_room(fewest);
        let homes = || lanes.iter().enumerate().filter(is_home).map(|(_, (.., lane))| *lane);
        if let Some(turn) = homes().find_map(Lane::try_turn) {
            return turn;
        }
        let home = pin!(select_all(homes().map(|lane| Box::pin(lane.clone().turn()))));
        match select(home, pin!(tokio::time::sleep(PATIENCE))).await {
            Either::Left(((turn, ..), _)) => turn,
            // Nobody waits for one lane alone, whatever holds it up.
            Either::Right((_, home)) => {
                let anywhere = pin!(select_all(lanes.iter().map(|(.., lane)| Box::pin((*lane).clone().turn()))));
                let (Either::Left(((turn, ..), _)) | Either::Right(((turn, ..), _))) = select(home, anywhere).await;
                turn
            }
        }
    }
}

impl Lane {
    /// Whether a tenant is none that it has met, and how many it has met.
    fn regards(self: &Arc<Self>, tenant: Option<TenantId>) -> (bool, usize, &Arc<Self>) {
        let (knows, met) = self.met.regards(tenant);
        (!knows, met, self)
    }

    fn try_turn(self: &Arc<Self>) -> Option<Turn> {
        let permit = self.turn.clone().try_acquire_owned().ok()?;
        Some(Turn { lane: self.clone(), _permit: permit })
    }

    async fn turn(self: Arc<Self>) -> Turn {
        match self.turn.clone().acquire_owned().await {
            Ok(permit) => Turn { lane: self, _permit: permit },
            // Nobody closes it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Leaves a connection that does not answer to itself, with all that waits for it. The next holder has another one.
    fn renew(&self) {
        *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = (self.open)();
    }

    async fn lend(&self) -> Result<Held, DbErr> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match in_time(pool.begin()).await {
            Some(lent) => lent.map(Held::new),
            None => {
                self.renew();
                Err(no_answer())
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up what nobody has taken.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(RESTED).await;
            let mut kept = self.kept();
            if kept.held.as_ref().is_none_or(|(since, _)| since.elapsed() >= RESTED) {
                *kept = Kept::default();
                return;
            }
        }
    }
}

impl Turn {
    /// The connection: as it was kept for whoever comes next, or with a transaction that has begun.
    pub async fn hold(self) -> Result<Loan, DbErr> {
        // One that has rested gives the connection back first.
        let kept = self.lane.kept().held.take().filter(|(since, _)| since.elapsed() < RESTED);
        let held = match kept {
            Some((_, held)) => held,
            None => self.lane.lend().await?,
        };
        Ok(Loan(Some((held, self))))
    }

    /// Keeps a connection, with no transaction or with one that has begun and done nothing yet, for whoever comes next.
    fn keep(self, held: Held) {
        // A connection that has met many is closed when it is given back.
        if self.lane.met.is_full() || held.lent.elapsed() >= LENT {
            return;
        }
        let lane = self.lane.clone();
        let mut kept = lane.kept();
        kept.held = Some((Instant::now(), held));
        let is_watched = std::mem::replace(&mut kept.watched, true);
        drop((kept, self));
        if !is_watched {
            tokio::spawn(lane.watch());
        }
    }
}

impl Loan {
    /// # Errors
    /// Never, as long as it lasts.
    pub fn held(&self) -> Result<&Held, DbErr> {
        self.0.as_ref().map(|(held, _)| held).ok_or_else(|| DbErr::Custom("a connection that was given back".to_owned()))
    }

    /// The connection is in an organization.
    pub fn is_in(&self, tenant: TenantId) {
        if let Some((_, turn)) = &self.0 {
            turn.lane.met.meet(tenant);
        }
    }

    /// Commits what goes on, if anything does. `alone`: it was one statement, and is committed.
    pub async fn commit(mut self, alone: bool) -> Result<(), DbErr> {
        self.held()?.commit(alone).await?;
        if let Some((held, turn)) = self.0.take() {
            turn.keep(held);
        }
        Ok(())
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some((held, turn)) = self.0.take() else { return };
        let runtime = Handle::try_current().unwrap_or_else(|_| held.runtime.clone());
        runtime.spawn(async move {
            match held.begin_anew().await {
                Ok(()) => turn.keep(held),
                Err(_) if held.is_silent.load(Ordering::Relaxed) => turn.lane.renew(),
                Err(_) => {}
            }
        });
    }
}

/// What came in time.
async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    timeout(ANSWERED_WITHIN, work).await.ok()
}

/// Nobody gave a turn, or an answer, in time.
fn no_answer() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[cfg(test)]
mod tests;
