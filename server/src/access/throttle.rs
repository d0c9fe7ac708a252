//! Counting attempts, so that nobody can try ten thousand passwords. The counts live in Redis,
//! shared by all replicas; without Redis each process counts for itself, which is stricter than not
//! counting and looser than sharing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{
    Client, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use shared::ErrorCode;
use tokio::sync::OnceCell;

use crate::{fault::Fault, platform::Clock};

/// Adds one to a counter that is forgotten after its window, and returns the count.
const COUNT: &str = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n";
/// A Redis that does not answer in this time is treated as away.
const PATIENCE: Duration = Duration::from_millis(250);

/// How many attempts a key has in a window.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub attempts: u32,
    pub window: Duration,
}

/// The counters. Cloning shares them.
#[derive(Clone)]
pub struct Throttle {
    client: Option<Client>,
    manager: Arc<OnceCell<ConnectionManager>>,
    local: Arc<Mutex<HashMap<String, (i64, u32)>>>,
    clock: Clock,
}

impl Throttle {
    /// Connects lazily; without a URL every process counts for itself.
    ///
    /// # Errors
    /// `Internal` when the URL cannot be read.
    pub fn new(redis_url: Option<&str>, clock: Clock) -> Result<Self, Fault> {
        let client = redis_url.map(Client::open).transpose().map_err(Fault::internal)?;
        Ok(Self { client, manager: Arc::default(), local: Arc::default(), clock })
    }

    /// Counts an attempt. The first one past a limit is a warning in the log, each one a point of `assay_throttled_total`: what an operator's alert watches.
    ///
    /// # Errors
    /// `TooManyRequests` once the limit is passed.
    pub async fn attempt(&self, key: &str, limit: Limit) -> Result<(), Fault> {
        let bucket = self.clock.now().timestamp() / limit.window.as_secs().max(1) as i64;
        let count = match self.count_in_redis(&format!("throttle:{key}:{bucket}"), limit).await {
            Some(count) => count,
            None => self.count_here(key, bucket),
        };
        if count > limit.attempts {
            // Whose attempts they are stays out of the log.
            let what = key.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
            if count == limit.attempts + 1 {
                tracing::warn!(what, attempts = limit.attempts, seconds = limit.window.as_secs(), "too many attempts");
            }
            metrics::counter!("assay_throttled_total", "what" => what).increment(1);
            let minutes = limit.window.as_secs().div_ceil(60);
            return Err(Fault::new(ErrorCode::TooManyRequests, format!("Too many attempts. Try again in {minutes} minutes.")));
        }
        Ok(())
    }

    async fn count_in_redis(&self, key: &str, limit: Limit) -> Option<u32> {
        let client = self.client.as_ref()?;
        let counted = async {
            let manager = self.manager.get_or_try_init(|| {
                let config = ConnectionManagerConfig::new()
                    .set_number_of_retries(1)
                    .set_response_timeout(Some(PATIENCE))
                    .set_connection_timeout(Some(PATIENCE));
                ConnectionManager::new_with_config(client.clone(), config)
            });
            let mut connection = manager.await?.clone();
            Script::new(COUNT).key(key).arg(limit.window.as_secs()).invoke_async::<u32>(&mut connection).await
        };
        match tokio::time::timeout(PATIENCE * 2, counted).await {
            Ok(Ok(count)) => Some(count),
            Ok(Err(error)) => {
                tracing::warn!(%error, "redis is away, counting attempts in this process");
                None
            }
            Err(_) => None,
        }
    }

    fn count_here(&self, key: &str, bucket: i64) -> u32 {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if local.len() > 100_000 {
            local.retain(|_, (at, _)| *at == bucket);
        }
        let entry = local.entry(key.to_owned()).or_insert((bucket, 0));
        if entry.0 != bucket {
            *entry = (bucket, 0);
        }
        entry.1 += 1;
        entry.1
    }
}
