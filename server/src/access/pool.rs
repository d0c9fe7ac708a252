//! The connections of the application.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use shared::ids::TenantId;
use sqlx::{
    ConnectOptions, Connection as _, Executor, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// A connection is retired after so long, whatever it has met.
const CONNECTION_LIFE: Duration = Duration::from_secs(3600);
/// So much longer lives each than the one before. A new one takes long in every organization; were all new at once, everybody would wait.
const CONNECTION_APART: Duration = Duration::from_secs(300);
/// Every connection of the application. What it asks for is found by a key or comes page by page, so plans go by index and are
/// kept: one that was made while a new organization's tables were empty, or held a few rows, would else read them whole until the next analysis. Looking at a
/// row costs as much as a page: then also the whole of an index is no way to find a few rows of a small table.
const SETTINGS: &str = "set role assay_app; \
    set statement_timeout = '20s'; set lock_timeout = '5s'; set idle_in_transaction_session_timeout = '60s'; \
    set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set random_page_cost = 1.1; set cpu_tuple_cost = 1; set jit = off; set plan_cache_mode = force_generic_plan";

/// How long a statement of a request that only reads may take, instead, and wait for a lock: who waits for one is not told to ask for less. What people type into a filter, a search or a pattern is among them, and somebody waits:
/// among a million runs the slowest of the product's own takes a seventh of a second. It does not hold for jobs, for what is written, for files that are made
/// while they are sent (exports, tables, reports), and for what asks for patience.
pub(super) const READING: [(&str, &str); 2] = [("statement_timeout", "2s"), ("lock_timeout", "1500ms")];

/// A connection that nobody has used for so long is asked whether it lives before it is used: an answer more to wait for, while little is done. No transaction
/// that has begun for whoever comes next is kept longer.
pub(super) const RESTED: Duration = Duration::from_millis(100);

/// How long whoever needs a connection waits for one.
pub(super) const ACQUIRED_WITHIN: Duration = Duration::from_secs(5);

/// A connection that has met no more than others, but for this part of what it may meet, has room for whoever comes.
const ROOM: usize = 10;

/// The organizations that a connection has met. Cloning shares them.
#[derive(Clone)]
pub(super) struct Met {
    most: usize,
    tenants: Arc<Mutex<HashSet<TenantId>>>,
}

impl Met {
    /// Of a connection for so many.
    pub fn new(most: usize) -> Self {
        Self { most, tenants: Arc::default() }
    }

    fn tenants(&self) -> MutexGuard<'_, HashSet<TenantId>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection is in an organization.
    pub fn meet(&self, tenant: TenantId) {
        self.tenants().insert(tenant);
    }

    /// Whether it has met one, and how many it has met.
    pub fn regards(&self, tenant: Option<TenantId>) -> (bool, usize) {
        let tenants = self.tenants();
        (tenant.is_some_and(|tenant| tenants.contains(&tenant)), tenants.len())
    }

    /// Whether it takes whoever comes, where others have met so many.
    pub fn has_room(&self, others: usize) -> bool {
        self.tenants().len().saturating_sub(others) * ROOM < self.most
    }

    pub fn is_full(&self) -> bool {
        self.tenants().len() >= self.most
    }

    /// Whether the connection is kept when it is given back. One that is not is closed.
    fn keeps(&self) -> bool {
        if !self.is_full() {
            return true;
        }
        self.forget();
        metrics::counter!("assay_connections_retired").increment(1);
        false
    }

    /// A new connection has met none.
    fn forget(&self) {
        self.tenants().clear();
    }
}

/// A connection of the application, opened anew when it is lost or its time is over, which for its `number` is not when the others are. `settings` come after those that all have.
pub(super) fn pool_of_one(options: PgConnectOptions, number: u32, settings: &'static str, met: &Met) -> DatabaseConnection {
    let (opened, released) = (met.clone(), met.clone());
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRED_WITHIN)
        .max_lifetime(CONNECTION_LIFE + CONNECTION_APART * number)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // One that has rested may be dead: of a Postgres that began anew meanwhile, say. It is then closed, and another one opened.
                if meta.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            opened.forget();
            Box::pin(async move {
                connection.execute(SETTINGS).await?;
                connection.execute(settings).await?;
                Ok(())
            })
        })
        .after_release(move |_, _| {
            let keeps = released.keeps();
            Box::pin(async move { Ok(keeps) })
        })
        .connect_lazy_with(options);
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
}

/// For a connection that is kept for good: Postgres does not end it because it is idle, and asks from time to time whether it is still there.
const KEPT: &str = "set idle_session_timeout = 0; set tcp_keepalives_idle = 60";

/// One that no pool looks after.
pub(super) async fn connection(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(SETTINGS).await?;
    connection.execute(KEPT).await?;
    Ok(connection)
}
