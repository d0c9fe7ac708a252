//! The job queue. Postgres is the truth, Redis only rings the bell.
//!
//! What must stay true:
//! - A job is written in the transaction of the business that asked for it ([`Envelope`] is built
//!   only by a `WriteTx` or the lobby), so it runs if and only if that was committed.
//! - A claim raises `lease_epoch`; every later write of the claimant is conditional on its epoch and
//!   on the database's clock, so a worker that was away too long changes nothing.
//! - Failures of the work and crashes of the worker are counted apart; three crashes quarantine.
//! - Losing all of Redis costs latency, never work: the worker also looks every two seconds.

mod cron;
mod envelope;
mod housekeeping;
mod queue;
mod relay;
mod worker;

pub use envelope::Envelope;
pub use queue::unfinished;
pub use worker::{Worker, ring};

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{access::Scope, fault::Fault, services::Services};

/// Work that outlives the request that asked for it.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name in the table: noun and command, `mail.send`.
    const KIND: &'static str;
    /// The permission its scope has.
    const PERMISSION: shared::Permission;
    /// What else it may, for work that goes across nouns. Whoever asks for the job must have these rights too.
    const FURTHER: &'static [shared::Permission] = &[];
    /// Whether its payload holds what opens a door to whoever reads it, such as the link in a mail: in the table it is sealed then, with a key that is not in
    /// the database.
    const SEALED: bool = false;
    /// Whether it may work for long, or wait for somebody else's machine: such jobs have room of their own, so that nobody's mail waits for them.
    const IS_LONG: bool = false;
    /// Failed attempts before it is given up.
    const ATTEMPTS: i32 = 8;

    /// Two jobs of a kind with the same key do not wait at the same time.
    fn dedupe_key(&self) -> Option<String> {
        None
    }

    /// How long it waits at least.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Does the work. Called again after a failure, a crash or a lost lease: it must be idempotent.
    fn run(self, context: Context) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A job that may belong to no tenant: mail to a person who is in none yet.
pub trait ControlJob: Job {}

/// What a job runs with.
pub struct Context {
    /// The job's own id: the deterministic key of what it sends outside.
    pub id: uuid::Uuid,
    /// The job's tenant; `None` only for a [`ControlJob`].
    pub scope: Option<Scope>,
    /// The process's services.
    pub services: Services,
}

impl Context {
    /// The scope of a job that always has a tenant.
    ///
    /// # Errors
    /// `Internal` when the row has none.
    pub fn scope(&self) -> Result<&Scope, Fault> {
        self.scope.as_ref().ok_or_else(|| Fault::internal("a job without a tenant"))
    }
}
