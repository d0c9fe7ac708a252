//! What was committed without waiting for the disk, and the wait that many share. A transaction that has entered something into the audit log holds the
//! organization's audit head until its commit returns: whoever writes next would wait for the disk too.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Mutex;

use super::Vault;
use crate::fault::Fault;

/// For the connections whose commits do not wait.
pub(super) const LATER: &str = "set synchronous_commit = off";
/// A transaction of nothing but a mark in the write-ahead log. Its commit waits, as any does, until all of the log before it is where it is safe: on the
/// disk, and with the standbys that the operator demands.
const MARK: &str = "select pg_logical_emit_message(true, 'assay', '')";

/// Cloning shares it.
#[derive(Clone)]
pub(super) struct Durable {
    vault: Vault,
    asked: Arc<AtomicU64>,
    /// Up to which asking everything is safe.
    safe: Arc<Mutex<u64>>,
}

impl Durable {
    /// `vault` has a connection whose commits wait.
    pub fn new(vault: Vault) -> Self {
        Self { vault, asked: Arc::default(), safe: Arc::default() }
    }

    /// Returns once everything that was committed before the call is safe. Who asks while a mark is written waits for the next one, with all others who do.
    ///
    /// # Errors
    /// `Unavailable`: whether it is safe is not known.
    pub async fn wait(&self) -> Result<(), Fault> {
        let own = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut safe = self.safe.lock().await;
        if *safe < own {
            let up_to = self.asked.load(Ordering::SeqCst);
            self.vault.run_alone(MARK).await?;
            *safe = up_to;
        }
        Ok(())
    }
}
