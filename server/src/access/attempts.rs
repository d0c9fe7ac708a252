//! What was tried in vain, on its way into the audit log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Scope, WriteTx, audit};
use crate::fault::{Fault, Missing};

/// Attempts in vain that were entered lately are not entered again, so that a loop of them is one entry a minute.
const WINDOW_SECONDS: i64 = 60;
/// Attempts of one credential that are entered within that time: whoever tries ids by the thousand does not fill the log.
const ATTEMPTS_MAX: usize = 100;

/// What a request tried in vain, or met.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Attempt {
    /// It lacked the permission.
    Denied(shared::Permission),
    /// It had the permission, but not in the project it tried to write in.
    Barred(shared::Permission),
    /// It named what is not there, or is another organization's.
    Missing(Missing),
    /// It asked for a file that is not in the store as it was stored. Nobody's fault who asks, but somebody must be told.
    Damaged(String),
}

impl Attempt {
    fn entry(&self) -> audit::Entry {
        let entry = match self {
            Self::Damaged(digest) => return audit::Entry::new("artifact.damaged", audit::Subject::new("file", digest, digest)),
            Self::Denied(permission) => {
                audit::Entry::new("authorization.denied", audit::Subject::new("permission", permission.as_str(), permission.as_str()))
            }
            Self::Barred(permission) => {
                let subject = audit::Subject::new("permission", permission.as_str(), format!("{permission} in this project"));
                audit::Entry::new("authorization.denied", subject)
            }
            Self::Missing(Missing { kind, id }) => audit::Entry::new("authorization.unknown_id", audit::Subject::new(kind, id, id)),
        };
        entry.denied()
    }
}

/// What was entered lately, of each credential.
#[derive(Default)]
pub(super) struct Lately(Mutex<Entered>);

#[derive(Default)]
struct Entered {
    of: HashMap<Uuid, HashMap<Attempt, DateTime<Utc>>>,
    /// When all of it was last looked through.
    swept: DateTime<Utc>,
}

impl Lately {
    /// What was counted as entered and could not be is entered the next time.
    fn forget(&self, credential: Uuid, attempts: &[Attempt]) {
        let mut entered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = entered.of.get_mut(&credential) {
            own.retain(|attempt, _| !attempts.contains(attempt));
        }
    }

    /// Whether an attempt is to be entered. If so, it counts as entered.
    fn is_new(&self, credential: Uuid, attempt: &Attempt, now: DateTime<Utc>) -> bool {
        let is_over = |since: DateTime<Utc>| (now - since).num_seconds() >= WINDOW_SECONDS;
        let mut entered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of others are looked through once in a while: there may be many.
        if is_over(entered.swept) {
            entered.swept = now;
            entered.of.retain(|_, own| own.values().any(|at| !is_over(*at)));
        }
        let own = entered.of.entry(credential).or_default();
        own.retain(|_, at| !is_over(*at));
        own.len() < ATTEMPTS_MAX && own.insert(attempt.clone(), now).is_none()
    }
}

impl Scope {
    /// Writes what this request tried in vain, or met, into the audit log. Edges call it after the response is known; the guard does so after every request.
    /// It is the end of the scope: when nobody else holds it, its connection is given back first, and the entry is made on one of its organization's own.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unavailable`] when the log cannot be written.
    pub async fn record_denials(mut self) -> Result<(), Fault> {
        let mut attempts = std::mem::take(&mut *self.inner.attempts.lock().unwrap_or_else(PoisonError::into_inner));
        let (credential, vault, now) = (self.inner.actor.credential, self.inner.vault.clone(), self.now());
        attempts.retain(|attempt| vault.lately().is_new(credential, attempt, now));
        if attempts.is_empty() {
            return Ok(());
        }
        self.rest();
        let is_last = Arc::get_mut(&mut self.inner).map(|inner| inner.read.take()).is_some();
        let entries = attempts.iter().map(Attempt::entry).collect();
        let outcome = async {
            let (tx, proven) = vault.reenter_beside(&self.inner, is_last).await?;
            WriteTx::new(tx, now, self.inner.clone(), Some(proven)).commit_all(entries).await
        };
        outcome.await.inspect_err(|_| vault.lately().forget(credential, &attempts))
    }
}
