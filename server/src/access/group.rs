//! Group commit: requests of one credential that arrive while a transaction of it is under way share
//! the next one. A logger that sends one metric a request then costs a fraction of a transaction, and
//! the tenant's audit head is locked once for many entries.
//!
//! What must stay true: nobody is answered before the commit; the credential and the permission are
//! checked in the first statement of the shared transaction, which begins after every request in it
//! arrived, so a right revoked before a request started does not pass; items stand or fall one by one.

use std::{
    collections::HashMap,
    future::Future,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use shared::ErrorCode;
use tokio::sync::oneshot;

use super::{Credential, Permission, RequestInfo, Vault, WriteTx, Writes, audit::Entry};
use crate::fault::Fault;

/// Items of one transaction.
const ITEMS_MAX: usize = 64;
/// Transactions of one credential at a time: while one waits for the disk, the next is filled.
const IN_FLIGHT: usize = 2;

/// What became of an item: its result and, unless it is telemetry, its audit entry.
pub type Outcome<T> = Result<(T, Option<Entry>), Fault>;

/// A kind of write that can share a transaction with others of its kind.
pub trait SharedWrite: Send + Sync + 'static {
    /// The permission of every item.
    type Permission: Permission<Mode = Writes>;
    /// What one request asks for.
    type Item: Send + Sync + Clone + 'static;
    /// What it gets.
    type Output: Send + 'static;

    /// Applies items; outcome by outcome in the same order.
    fn apply(tx: &WriteTx, items: &[Self::Item]) -> impl Future<Output = Result<Vec<Outcome<Self::Output>>, Fault>> + Send;
}

struct Waiting<W: SharedWrite> {
    item: W::Item,
    request: RequestInfo,
    answer: oneshot::Sender<Result<W::Output, Fault>>,
}

struct Queue<W: SharedWrite> {
    waiting: Vec<Waiting<W>>,
    in_flight: usize,
}

/// The queues of one kind of write. Cloning shares them.
pub struct Group<W: SharedWrite> {
    vault: Vault,
    queues: Arc<Mutex<HashMap<Credential, Queue<W>>>>,
    kind: PhantomData<fn() -> W>,
}

impl<W: SharedWrite> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self { vault: self.vault.clone(), queues: self.queues.clone(), kind: PhantomData }
    }
}

impl<W: SharedWrite> Group<W> {
    /// Empty queues.
    pub fn new(vault: Vault) -> Self {
        Self { vault, queues: Arc::default(), kind: PhantomData }
    }

    /// Writes an item together with what else this credential is writing now, and returns once it is
    /// committed. The write goes on if the caller goes away.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden` as for any write; the item's own; `Unavailable`, `Internal`.
    pub async fn write(&self, credential: &Credential, request: RequestInfo, item: W::Item) -> Result<W::Output, Fault> {
        let (answer, answered) = oneshot::channel();
        let starts = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(credential.clone()).or_insert_with(|| Queue { waiting: Vec::new(), in_flight: 0 });
            queue.waiting.push(Waiting { item, request, answer });
            let starts = queue.in_flight < IN_FLIGHT;
            queue.in_flight += usize::from(starts);
            starts
        };
        if starts {
            tokio::spawn(self.clone().drain(credential.clone()));
        }
        answered.await.map_err(|_| Fault::internal("a shared write ended without an answer"))?
    }

    async fn drain(self, credential: Credential) {
        // Lets requests that are being read right now join.
        tokio::task::yield_now().await;
        while let Some(batch) = self.take(&credential) {
            self.settle(&credential, batch).await;
        }
    }

    /// The next batch; `None` ends this drain and forgets the queue of an idle credential.
    fn take(&self, credential: &Credential) -> Option<Vec<Waiting<W>>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(credential)?;
        if queue.waiting.is_empty() {
            queue.in_flight -= 1;
            if queue.in_flight == 0 {
                queues.remove(credential);
            }
            return None;
        }
        let size = queue.waiting.len().min(ITEMS_MAX);
        Some(queue.waiting.drain(..size).collect())
    }

    async fn settle(&self, credential: &Credential, batch: Vec<Waiting<W>>) {
        metrics::histogram!("assay_group_commit_items").record(batch.len() as f64);
        let items: Vec<W::Item> = batch.iter().map(|waiting| waiting.item.clone()).collect();
        let requests: Vec<&RequestInfo> = batch.iter().map(|waiting| &waiting.request).collect();
        let outcomes = self.commit(credential, &items, &requests).await;
        match outcomes {
            Ok(outcomes) => {
                for (waiting, outcome) in batch.into_iter().zip(outcomes) {
                    // A caller that went away is not told; its write stands.
                    let _ = waiting.answer.send(outcome);
                }
            }
            // One item that breaks the statement must not take the others down.
            Err(fault) if fault.code() == ErrorCode::Internal && batch.len() > 1 => {
                for waiting in batch {
                    let alone = self.commit(credential, std::slice::from_ref(&waiting.item), &[&waiting.request]).await;
                    let outcome = alone.and_then(|outcomes| outcomes.into_iter().next().unwrap_or_else(|| Err(Fault::internal("no outcome"))));
                    let _ = waiting.answer.send(outcome);
                }
            }
            Err(fault) => {
                for waiting in batch {
                    let _ = waiting.answer.send(Err(fault.clone()));
                }
            }
        }
    }

    async fn commit(&self, credential: &Credential, items: &[W::Item], requests: &[&RequestInfo]) -> Result<Vec<Result<W::Output, Fault>>, Fault> {
        let request = requests.first().copied().cloned().unwrap_or_default();
        let scope = self.vault.enter(credential.clone(), request).await?;
        let grant = match scope.grant::<W::Permission>() {
            Ok(grant) => grant,
            Err(fault) => {
                scope.record_denials().await?;
                return Err(fault);
            }
        };
        let tx = grant.begin().await?;
        let outcomes = W::apply(&tx, items).await?;
        let mut entries = Vec::new();
        let mut results = Vec::with_capacity(outcomes.len());
        for (outcome, request) in outcomes.into_iter().zip(requests) {
            results.push(outcome.map(|(output, entry)| {
                entries.extend(entry.map(|entry| ((*request).clone(), entry)));
                output
            }));
        }
        if results.iter().any(Result::is_ok) {
            tx.commit_grouped(entries).await?;
        }
        Ok(results)
    }
}
