//! What was committed without waiting for the disk, and the wait that many share. A transaction that has entered something into the audit log holds the
//! organization's audit head until its commit returns: whoever writes next would wait for the disk too.
//!
//! What must stay true: a commit is called safe only by a session that began before it. When Postgres loses a process it loses what is not on the disk, ends
//! every session and begins anew; a session that began afterwards can write its mark although what came before is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{Executor, PgConnection};
use tokio::{sync::Mutex, time::timeout};

use super::Vault;
use crate::fault::Fault;

/// For the connections whose commits do not wait.
pub(super) const LATER: &str = "set synchronous_commit = off";
/// A transaction of nothing but a mark in the write-ahead log. Its commit waits, as any does, until all of the log before it is where it is safe: on the
/// disk, and with the standbys that the operator demands.
const MARK: &str = "select pg_logical_emit_message(true, 'assay', '')";
/// A mark, or its session, that takes longer is given up: the way to the database may be cut without anybody saying so.
const MARK_TAKES: Duration = Duration::from_secs(20);
/// The number of no session.
const NONE: u64 = 0;

/// Cloning shares it.
#[derive(Clone)]
pub(super) struct Durable {
    vault: Vault,
    asked: Arc<AtomicU64>,
    /// The number of the session that stands.
    standing: Arc<AtomicU64>,
    witness: Arc<Mutex<Witness>>,
}

#[derive(Default)]
struct Witness {
    /// Of the last session there was.
    number: u64,
    session: Option<PgConnection>,
    /// Up to which asking everything is safe.
    safe: u64,
}

/// The session that stood before a commit.
#[derive(Clone, Copy)]
pub(super) struct Before(u64);

impl Durable {
    pub fn new(vault: Vault) -> Self {
        Self { vault, asked: Arc::default(), standing: Arc::default(), witness: Arc::default() }
    }

    /// To be asked before a commit that is waited for. Opens a session, on the runtime that this is called on, when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn before(&self) -> Result<Before, Fault> {
        let standing = self.standing.load(Ordering::SeqCst);
        if standing != NONE {
            return Ok(Before(standing));
        }
        let mut witness = self.witness.lock().await;
        if witness.session.is_none() {
            witness.session = Some(in_time(self.vault.own_connection()).await?);
            witness.number += 1;
            self.standing.store(witness.number, Ordering::SeqCst);
        }
        Ok(Before(witness.number))
    }

    /// Returns once everything that was committed between the two calls is safe. Who asks while a mark is written waits for the next one, with all others
    /// who do.
    ///
    /// # Errors
    /// `Unavailable`: whether it is safe is not known.
    pub async fn wait(&self, before: Before) -> Result<(), Fault> {
        let own = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut witness = self.witness.lock().await;
        if witness.number != before.0 {
            return Err(lost());
        }
        if witness.safe < own {
            let up_to = self.asked.load(Ordering::SeqCst);
            // Taken out: a session is not used again after a mark that failed or was given up.
            let marked = match witness.session.take() {
                Some(session) => mark(session).await,
                None => Err(lost()),
            };
            match marked {
                Ok(session) => (witness.session, witness.safe) = (Some(session), up_to),
                Err(fault) => {
                    self.standing.store(NONE, Ordering::SeqCst);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}

async fn mark(mut session: PgConnection) -> Result<PgConnection, Fault> {
    in_time(async { Ok(session.execute(MARK).await?) }).await?;
    Ok(session)
}

async fn in_time<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(MARK_TAKES, work).await.map_err(|_| Fault::unavailable("the session of the marks did not answer in time"))?
}

fn lost() -> Fault {
    Fault::unavailable("the session that stood before the commit is gone")
}
