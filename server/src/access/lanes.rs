//! The connections of the application, each a lane of its own. A backend keeps the catalog entries and the plans of every organization that it was in, some
//! 1.4 MB of each, and never gives them back; in one that it meets for the first time it takes many times as long. So an organization keeps to the lanes
//! that have met it, as long as one of them comes free soon, and a connection that has met many is closed when it is given back, and opened anew.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::{Either, select, select_all};
use sea_orm::{ConnAcquireErr, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use shared::ids::TenantId;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    pool::{ACQUIRED_WITHIN, Met, pool_of_one},
    transaction::Transaction,
};

/// How long an organization waits for a lane that has met it, before another one that is free meets it too.
const PATIENCE: Duration = Duration::from_millis(250);
/// A transaction that has begun and that nobody has taken for so long is given up: an idle server holds none open, and none begins much earlier than it is used.
const KEPT: Duration = Duration::from_secs(1);

/// Cloning shares them.
#[derive(Clone)]
pub(super) struct Lanes(Arc<[Arc<Lane>]>);

struct Lane {
    /// Of one connection, which belongs to whoever has the turn.
    pool: DatabaseConnection,
    turn: Arc<Semaphore>,
    met: Met,
    kept: Mutex<Kept>,
}

/// A transaction that has begun and done nothing yet, and since when it waits for somebody to take it.
#[derive(Default)]
struct Kept {
    tx: Option<(Instant, DatabaseTransaction)>,
    /// Whether somebody gives up what grows old.
    watched: bool,
}

/// The right to a lane's connection.
pub(super) struct Turn {
    lane: Arc<Lane>,
    _permit: OwnedSemaphorePermit,
}

impl Lanes {
    /// So many, each for so many organizations (`most`), opened when they are first used, on the runtime that uses them: a connection wakes the thread that opened
    /// it. `settings` are SQL that each of them begins with.
    pub fn new(options: &PgConnectOptions, lanes: u32, settings: &'static str, most: usize) -> Self {
        let lane = |number| {
            let met = Met::new(most);
            Arc::new(Lane {
                pool: pool_of_one(options.clone(), number, settings, &met),
                turn: Arc::new(Semaphore::new(1)),
                met,
                kept: Mutex::default(),
            })
        };
        Self((0..lanes).map(lane).collect())
    }

    /// Begins a transaction. `door` is whose rows it sees; `tenant` whose it will probably be, `None` for nobody's in particular.
    ///
    /// # Errors
    /// When no lane comes free in time, or the database cannot be reached.
    pub async fn begin(&self, tenant: Option<TenantId>, door: &'static str) -> Result<Transaction, DbErr> {
        let turn = timeout(ACQUIRED_WITHIN, self.turn(tenant)).await.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        Transaction::begin(turn, door).await
    }

    async fn turn(&self, tenant: Option<TenantId>) -> Turn {
        let mut lanes: Vec<(bool, usize, &Arc<Lane>)> = self.0.iter().map(|lane| lane.regards(tenant)).collect();
        lanes.sort_unstable_by_key(|(is_strange, met, _)| (*is_strange, *met));
        // Whoever is known nowhere is at home where the fewest are. Were it wherever somebody comes free, then those who lose a lane that is closed would fill the
        // others, which are closed for it, and so on.
        let is_home = |(at, (is_strange, _, lane)): &(usize, &(bool, usize, &Arc<Lane>))| *at == 0 || !is_strange || lane.met.has_room();
        let homes = || lanes.iter().enumerate().filter(is_home).map(|(_, (.., lane))| *lane);
        if let Some(turn) = homes().find_map(Lane::try_turn) {
            return turn;
        }
        let mut home = pin!(select_all(homes().map(|lane| Box::pin(lane.clone().turn()))));
        loop {
            match select(home, pin!(tokio::time::sleep(PATIENCE))).await {
                Either::Left(((turn, ..), _)) => return turn,
                Either::Right((_, waiting)) => home = waiting,
            }
            // Nobody waits for one lane alone, whatever holds it up.
            if let Some(turn) = lanes.iter().find_map(|(.., lane)| lane.try_turn()) {
                return turn;
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

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rolls back what nobody has taken.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(KEPT).await;
            let mut kept = self.kept();
            if kept.tx.as_ref().is_none_or(|(since, _)| since.elapsed() >= KEPT) {
                *kept = Kept::default();
                return;
            }
        }
    }
}

impl Turn {
    /// The transaction that was kept for whoever comes next, or a new one.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        // One that is too old gives the connection back first.
        let kept = self.lane.kept().tx.take().filter(|(since, _)| since.elapsed() < KEPT);
        match kept {
            Some((_, tx)) => Ok(tx),
            None => self.lane.pool.begin().await,
        }
    }

    /// The connection is in an organization.
    pub fn is_in(&self, tenant: TenantId) {
        self.lane.met.meet(tenant);
    }

    /// Keeps a transaction, that has begun and done nothing yet, for whoever comes next. Called on the runtime that its connection belongs to.
    pub fn keep(self, tx: DatabaseTransaction) {
        // A connection that has met many is closed when it is given back.
        if self.lane.met.is_full() {
            return;
        }
        let lane = self.lane.clone();
        let mut kept = lane.kept();
        kept.tx = Some((Instant::now(), tx));
        let is_watched = std::mem::replace(&mut kept.watched, true);
        drop((kept, self));
        if !is_watched {
            tokio::spawn(lane.watch());
        }
    }
}
