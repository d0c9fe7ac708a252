//! Group commit: requests of one credential that arrive while a transaction of it is under way share
//! the next one. A logger that sends one metric a request then costs a fraction of a transaction, and
//! the tenant's audit head is locked once for many entries. A commit does not wait for the disk: the
//! next transaction begins, and the answers wait (see `durable`).
//!
//! What must stay true: nobody is answered before what was committed is safe; the credential and the permission are
//! checked in the first statement of the shared transaction, which is sent after every request in it
//! arrived, so a right revoked before a request started does not pass; items stand or fall one by one. Of whoever wrote lately
//! that statement is also the first that writes: it does nothing unless the credential enters as it did then.

use std::{
    collections::HashMap,
    future::Future,
    marker::PhantomData,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use shared::ErrorCode;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tracing::Instrument;

use super::{
    Credential, Permission, RequestInfo, Scope, Vault, WriteTx, Writes,
    audit::Entry,
    durable::{self, Before, Durable},
};
use crate::{
    fault::Fault,
    platform::telemetry::{Here, Span},
};

/// Items of one transaction.
const ITEMS_MAX: usize = 64;
/// How long it is known how somebody entered, and of how many.
const KNOWN_FOR: Duration = Duration::from_secs(60);
const KNOWN_MAX: u64 = 10_000;
/// What became of an item: its result and, unless it is telemetry, its audit entry.
pub type Outcome<T> = Result<(T, Option<Entry>), Fault>;

/// A kind of write that can share a transaction with others of its kind.
pub trait SharedWrite: Send + Sync + 'static {
    /// The permission of every item.
    type Permission: Permission<Mode = Writes>;
    /// What one request asks for.
    type Item: Send + Sync + 'static;
    /// What it gets.
    type Output: Send + 'static;

    /// Whether items are written with one statement, which may be a transaction of its own, and nothing is entered into the audit log for them. A statement that
    /// finds out that there is more to it fails as one that was overtaken does (`AS001`), and is tried again as any other.
    fn stands_alone(_: &[Self::Item]) -> bool {
        false
    }

    /// Applies items; outcome by outcome in the same order.
    fn apply(tx: &WriteTx, items: &[Self::Item]) -> impl Future<Output = Result<Vec<Outcome<Self::Output>>, Fault>> + Send;
}

/// Who waits for an item's outcome.
struct Caller<W: SharedWrite> {
    request: RequestInfo,
    here: Here,
    answer: oneshot::Sender<Result<W::Output, Fault>>,
}

/// Items of one transaction, and beside each its caller.
type Batch<W> = (Vec<<W as SharedWrite>::Item>, Vec<Caller<W>>);

/// What became of the items of a transaction.
struct Outcomes<W: SharedWrite> {
    results: Vec<Result<W::Output, Fault>>,
    /// What stood before its commit; `None` when nothing was written.
    before: Option<Before>,
}

struct Queue<W: SharedWrite> {
    waiting: Vec<(W::Item, Caller<W>)>,
    /// Whether a transaction is under way; the next one begins once it is committed.
    writing: bool,
}

/// The queues of one kind of write. Cloning shares them.
pub struct Group<W: SharedWrite> {
    vault: Vault,
    durable: Durable,
    thread: Arc<Thread>,
    queues: Arc<Mutex<HashMap<Credential, Queue<W>>>>,
    /// How those entered who wrote lately.
    known: moka::sync::Cache<Credential, Scope>,
    kind: PhantomData<fn() -> W>,
}

impl<W: SharedWrite> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self {
            vault: self.vault.clone(),
            durable: self.durable.clone(),
            thread: self.thread.clone(),
            queues: self.queues.clone(),
            known: self.known.clone(),
            kind: PhantomData,
        }
    }
}

/// The thread that shared transactions are carried out on, with connections of its own: a transaction is a dozen answers to wait for one after the other,
/// each of which would else be noticed by one thread and waited for by another. Ends with the group.
struct Thread {
    runtime: Handle,
    _group: oneshot::Sender<()>,
}

impl Thread {
    fn start() -> Result<Self, Fault> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Fault::internal)?;
        let handle = runtime.handle().clone();
        let (group, ended) = oneshot::channel();
        let run = move || {
            let _ = runtime.block_on(ended);
        };
        std::thread::Builder::new().name("group-commit".into()).spawn(run).map_err(Fault::internal)?;
        Ok(Self { runtime: handle, _group: group })
    }
}

impl<W: SharedWrite> Group<W> {
    /// Empty queues, a thread, and so many connections to Postgres.
    ///
    /// # Errors
    /// `Internal` when no thread can be had.
    pub fn new(vault: &Vault, connections: u32) -> Result<Self, Fault> {
        let thread = Thread::start()?;
        let entered = thread.runtime.enter();
        let durable = Durable::new(vault.clone());
        let vault = vault.with_own_connections(connections, durable::LATER);
        drop(entered);
        let known = moka::sync::Cache::builder().max_capacity(KNOWN_MAX).time_to_live(KNOWN_FOR).build();
        Ok(Self { durable, vault, thread: Arc::new(thread), queues: Arc::default(), known, kind: PhantomData })
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
            let queue = queues.entry(credential.clone()).or_insert_with(|| Queue { waiting: Vec::new(), writing: false });
            queue.waiting.push((item, Caller { request, here: Here::now(), answer }));
            !std::mem::replace(&mut queue.writing, true)
        };
        if starts {
            self.thread.runtime.spawn(self.clone().drain(credential.clone()));
        }
        let outcome = answered.await.map_err(|_| Fault::internal("a shared write ended without an answer"))?;
        if let Err(fault) = &outcome
            && let Some(reference) = fault.reference()
        {
            // The cause was logged once, for the first request of the transaction.
            tracing::warn!(reference, "a shared write failed");
        }
        outcome
    }

    async fn drain(self, credential: Credential) {
        // Lets requests that are being read right now join.
        tokio::task::yield_now().await;
        while let Some((items, callers)) = self.take(&credential) {
            // A defect must not leave the queue believing that a transaction is under way; who waits for it is told.
            let _ = AssertUnwindSafe(self.settle(&credential, items, callers)).catch_unwind().await;
        }
    }

    /// The next batch; `None` ends this drain and forgets the queue of an idle credential.
    fn take(&self, credential: &Credential) -> Option<Batch<W>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(credential)?;
        if queue.waiting.is_empty() {
            queues.remove(credential);
            return None;
        }
        let size = queue.waiting.len().min(ITEMS_MAX);
        Some(queue.waiting.drain(..size).unzip())
    }

    /// Commits a batch and has everybody in it answered. A caller that went away is not told; its write stands.
    async fn settle(&self, credential: &Credential, items: Vec<W::Item>, callers: Vec<Caller<W>>) {
        metrics::histogram!("assay_group_commit_items").record(items.len() as f64);
        let requests: Vec<&RequestInfo> = callers.iter().map(|caller| &caller.request).collect();
        let shared = Span::shared("shared write", callers.iter().map(|caller| &caller.here));
        shared.set("assay.write.items", items.len() as i64);
        let outcome = shared.around(self.commit_or_again(credential, &items, &requests).instrument(log_span(callers.first()))).await;
        drop(shared);
        match outcome {
            Ok(outcomes) => drop(tokio::spawn(self.clone().answer(outcomes, callers))),
            // One item that breaks the statement must not take the others down.
            Err(fault) if (fault.code() == ErrorCode::Internal || fault.is_barred()) && items.len() > 1 => {
                for (item, caller) in items.iter().zip(callers) {
                    let span = Span::shared("shared write", std::iter::once(&caller.here));
                    let requests = [&caller.request];
                    let alone = self.commit_or_again(credential, std::slice::from_ref(item), &requests).instrument(log_span(Some(&caller)));
                    let alone = span.around(alone).await;
                    drop(span);
                    match alone {
                        Ok(outcomes) => drop(tokio::spawn(self.clone().answer(outcomes, vec![caller]))),
                        Err(fault) => drop(caller.answer.send(Err(fault))),
                    }
                }
            }
            Err(fault) => {
                for caller in callers {
                    let _ = caller.answer.send(Err(fault.clone()));
                }
            }
        }
    }

    /// Answers callers once what became of their items is safe.
    async fn answer(self, outcomes: Outcomes<W>, callers: Vec<Caller<W>>) {
        let safe = match outcomes.before {
            Some(before) => self.durable.wait(before).await,
            None => Ok(()),
        };
        for (caller, result) in callers.into_iter().zip(outcomes.results) {
            let _ = caller.answer.send(result.and_then(|output| safe.clone().map(|()| output)));
        }
    }

    /// Commits, and does so again when what may be done was changed meanwhile: a training has nobody who tries again, and for whoever still may it is
    /// nothing that happened.
    async fn commit_or_again(&self, credential: &Credential, items: &[W::Item], requests: &[&RequestInfo]) -> Result<Outcomes<W>, Fault> {
        match self.commit(credential, items, requests).await {
            Err(fault) if fault.is_overtaken() => {
                self.known.invalidate(credential);
                self.commit(credential, items, requests).await
            }
            outcome => outcome,
        }
    }

    async fn commit(&self, credential: &Credential, items: &[W::Item], requests: &[&RequestInfo]) -> Result<Outcomes<W>, Fault> {
        let request = requests.first().copied().cloned().unwrap_or_default();
        let scope = match self.known.get(credential).and_then(|known| known.recalled(request.clone(), W::stands_alone(items))) {
            Some(scope) => scope,
            None => self.vault.enter(credential.clone(), request).await?,
        };
        let grant = match scope.grant_to_all::<W::Permission>(requests.len()) {
            Ok(grant) => grant,
            Err(fault) => {
                scope.record_denials().await?;
                return Err(fault);
            }
        };
        // Before the first statement: it may be all of the transaction, and committed with it.
        let before = self.durable.before().await?;
        let tx = grant.begin().await?;
        let applied = W::apply(&tx, items).await;
        if !applied.as_ref().is_err_and(Fault::is_overtaken) {
            scope.was_recalled(W::Permission::NAME, requests.len());
        }
        let outcomes = match applied {
            Ok(outcomes) => outcomes,
            Err(fault) => {
                drop(tx);
                scope.note(&fault);
                scope.record_denials().await?;
                return Err(fault);
            }
        };
        let mut entries = Vec::new();
        let mut results = Vec::with_capacity(outcomes.len());
        for (outcome, request) in outcomes.into_iter().zip(requests) {
            results.push(outcome.map(|(output, entry)| {
                entries.extend(entry.map(|entry| ((*request).clone(), entry)));
                output
            }));
        }
        if results.iter().all(Result::is_err) {
            return Ok(Outcomes { results, before: None });
        }
        tx.commit_grouped(entries).await?;
        self.vault.note_use(credential, scope.actor().credential, scope.tenant().id);
        if !self.known.contains_key(credential) {
            self.known.insert(credential.clone(), scope);
        }
        Ok(Outcomes { results, before: Some(before) })
    }
}

/// What goes wrong in a transaction is logged with the id of its first request.
fn log_span<W: SharedWrite>(first: Option<&Caller<W>>) -> tracing::Span {
    tracing::error_span!("write", request = first.map(|caller| caller.request.id.as_str()), trace = first.and_then(|caller| caller.here.trace_id()))
}
