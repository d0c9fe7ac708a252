//! Transactions that have begun and done nothing yet. One that ends begins the next (`commit and chain`), which saves two answers to wait for: of the end
//! of one and the beginning of another.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::DatabaseTransaction;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Vault, transaction::Transaction};
use crate::fault::Fault;

/// One that nobody has taken for so long is given up: an idle server holds no transaction open, and none begins much earlier than it is used.
const KEPT: Duration = Duration::from_secs(1);

/// As many as there are connections, under way or kept for the next taker. Cloning shares them.
#[derive(Clone)]
pub(super) struct Begun {
    vault: Vault,
    connections: Arc<Semaphore>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    transactions: Vec<(Instant, DatabaseTransaction)>,
    /// Whether somebody gives up what grows old.
    watched: bool,
}

/// The right to one of the connections.
pub(super) struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Begun {
    /// `vault` has so many connections, which nobody else uses.
    pub fn new(vault: Vault, connections: u32) -> Self {
        Self { vault, connections: Arc::new(Semaphore::new(connections as usize)), kept: Arc::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction, waiting for a connection if all are under way.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn take(&self) -> Result<(Turn, Transaction), Fault> {
        let turn = Turn(self.connections.clone().acquire_owned().await.map_err(Fault::internal)?);
        // One that is too old gives its connection back before another is asked for: all takers could else wait for each other's.
        let kept = self.kept().transactions.pop().filter(|(since, _)| since.elapsed() < KEPT);
        let tx = match kept {
            Some((_, tx)) => Transaction::begun(tx, "tenant", self.vault.met()),
            None => self.vault.begin().await?,
        };
        Ok((turn, tx))
    }

    /// Keeps a transaction for the next taker. Called on the thread that its connection belongs to.
    pub fn keep(&self, turn: Turn, tx: DatabaseTransaction) {
        // A connection that has met many organizations is found when it is given back.
        if self.vault.met().is_any_tired() {
            return;
        }
        let mut kept = self.kept();
        kept.transactions.push((Instant::now(), tx));
        let watch = !std::mem::replace(&mut kept.watched, true);
        drop((kept, turn));
        if watch {
            tokio::spawn(self.clone().watch());
        }
    }

    async fn watch(self) {
        loop {
            tokio::time::sleep(KEPT).await;
            let mut kept = self.kept();
            let (old, young): (Vec<_>, Vec<_>) = std::mem::take(&mut kept.transactions).into_iter().partition(|(since, _)| since.elapsed() >= KEPT);
            kept.transactions = young;
            kept.watched = !kept.transactions.is_empty();
            let done = !kept.watched;
            drop(kept);
            // They are rolled back.
            drop(old);
            if done {
                return;
            }
        }
    }
}
