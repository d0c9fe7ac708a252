//! How a server stops: it takes no more connections, answers what it has begun, and only then ends its threads. A connection to the database belongs to
//! the thread that opened it: one that ended before the others, for want of requests, would take the connections of theirs with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::dev::ServerHandle;
use tokio::sync::Notify;

/// The requests under way. Cloning shares it.
#[derive(Clone, Default)]
pub struct Draining {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    begun: AtomicBool,
    under_way: AtomicUsize,
    last: Notify,
}

/// A request until its answer is known. What an answer still streams needs no database.
pub struct UnderWay(Arc<Shared>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.last.notify_one();
        }
    }
}

impl Draining {
    /// Counts a request.
    pub fn enter(&self) -> UnderWay {
        self.shared.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(self.shared.clone())
    }

    /// Whether the server is stopping, so that a connection ends with its answer.
    pub fn has_begun(&self) -> bool {
        self.shared.begun.load(Ordering::Acquire)
    }

    /// Takes no more connections, and returns once nothing is under way, or when patience ends: whether everything was answered.
    pub async fn drain(&self, server: &ServerHandle, patience: Duration) -> bool {
        self.shared.begun.store(true, Ordering::Release);
        server.pause().await;
        let all = async {
            while self.shared.under_way.load(Ordering::Acquire) > 0 {
                self.shared.last.notified().await;
            }
        };
        let answered = tokio::time::timeout(patience, all).await.is_ok();
        if !answered {
            tracing::warn!("requests that would not end are broken off");
        }
        answered
    }
}
