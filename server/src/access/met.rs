//! Which organizations each connection has met. A backend keeps the catalog entries and the plans of every organization that it was in, about a fifth of a megabyte
//! each, and never gives them back: one that has met many is closed when it is given back, and the pool opens another.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use shared::ids::TenantId;
use sqlx::PgConnection;

/// Connections that are asked in vain for one that is to be closed, before all are forgotten.
const ASKED_MAX: usize = 1_000;

/// What the connections of a process have met.
pub(super) struct Met {
    most: usize,
    known: Mutex<Known>,
    /// Whether any is to be closed, so that others are not asked who they are.
    any: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// By the number of the backend's process.
    tenants: HashMap<i32, HashSet<TenantId>>,
    tired: HashSet<i32>,
    /// Connections that were asked since one was found.
    asked: usize,
}

impl Met {
    /// `most` organizations a connection.
    pub fn new(most: usize) -> Self {
        Self { most, known: Mutex::default(), any: AtomicBool::new(false) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection is in an organization.
    pub fn note(&self, backend: i32, tenant: TenantId) {
        let mut known = self.known();
        let met = known.tenants.entry(backend).or_default();
        if met.insert(tenant) && met.len() >= self.most {
            known.tired.insert(backend);
            self.any.store(true, Ordering::Relaxed);
        }
    }

    /// Whether there is one to be closed, which has to be given back for it.
    pub fn is_any_tired(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Whether a connection that was given back is to be kept.
    pub async fn keeps(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        if !self.is_any_tired() {
            return Ok(true);
        }
        let backend: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await?;
        let mut known = self.known();
        let is_tired = known.tired.remove(&backend);
        known.asked += 1;
        if is_tired {
            known.asked = 0;
            known.tenants.remove(&backend);
            metrics::counter!("assay_connections_retired").increment(1);
        }
        // Some go another way: the database ends them, or their time is over.
        if known.asked > ASKED_MAX {
            *known = Known::default();
        }
        self.any.store(!known.tired.is_empty(), Ordering::Relaxed);
        Ok(!is_tired)
    }
}
