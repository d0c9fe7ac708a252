//! Telling open pages that something changed. What is told is only *that* a subject changed: who hears it asks for the subject again, with the rights of
//! that moment, so that nothing leaves here that a revoked reader must not see.
//!
//! What must stay true: a change is told if and only if it was committed ([`super::WriteTx::announce`]); a listener holds at most one mark for each topic it
//! asked for, however slow its reader is; other processes hear through Redis, and where they cannot, every listener looks again every few seconds, and proves
//! itself again within one.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::StreamExt;
use redis::{AsyncCommands, Client};
use shared::{
    ErrorCode,
    ids::{ExperimentId, MemberId, RunId, TenantId},
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::fault::Fault;

const CHANNEL: &str = "assay:live";
/// How often a listener looks again while changes of other processes do not arrive.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often it proves itself again meanwhile: a right that another process took away is gone within a second.
const PROVE_EVERY: Duration = Duration::from_millis(600);
/// Changes of so long are told to other processes in one message.
const GATHER: Duration = Duration::from_millis(50);
/// Topics of one message; with more, everybody is told to look.
const MESSAGE_MAX: usize = 2_000;
/// Pause before Redis is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// Listeners of one session or token, of one organization, and of one process.
const OF_ONE: usize = 40;
const OF_TENANT: usize = 2_000;
const OF_ALL: usize = 10_000;

/// Something that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Anything of an experiment but its runs: its state, its threads; also that a run began.
    Experiment(ExperimentId),
    /// Anything of a run: what it logged, its state, its threads.
    Run(RunId),
    /// What a member is told.
    Member(MemberId),
    /// That somebody lost a right, or may have: every listener of the organization hears it and proves itself again; nobody asks for it.
    Standing,
}

const STANDING: &str = "standing";

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Experiment(id) => id.fmt(out),
            Self::Run(id) => id.fmt(out),
            Self::Member(id) => id.fmt(out),
            Self::Standing => out.write_str(STANDING),
        }
    }
}

impl FromStr for Topic {
    type Err = Fault;

    /// Reads a prefixed id: `run_…`, `exp_…`, `mem_…`.
    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.split('_').next() {
            Some(ExperimentId::PREFIX) => Ok(Self::Experiment(text.parse()?)),
            Some(MemberId::PREFIX) => Ok(Self::Member(text.parse()?)),
            Some(STANDING) => Ok(Self::Standing),
            _ => Ok(Self::Run(text.strip_prefix(RunId::PREFIX).map_or(Err(shared::ids::InvalidId { expected: RunId::PREFIX }), |_| text.parse())?)),
        }
    }
}

type Key = (TenantId, Topic);

/// What changed since a listener last asked: at most its own topics.
#[derive(Default)]
struct Mailbox {
    changed: Mutex<HashSet<Topic>>,
    bell: Notify,
}

#[derive(Default)]
struct State {
    listeners: HashMap<Key, Vec<Weak<Mailbox>>>,
    of_credential: HashMap<Uuid, usize>,
    of_tenant: HashMap<TenantId, usize>,
    open: usize,
    /// What other processes are to be told; `None`: more than a message holds.
    outgoing: Option<HashSet<Key>>,
}

/// Where changes are told and heard. Cloning shares it.
#[derive(Clone, Default)]
pub struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    /// This process, so that it does not hear itself.
    own: Uuid,
    state: Mutex<State>,
    ring: Notify,
    /// Whether changes are to be told to other processes at all.
    relays: AtomicBool,
    /// Whether changes of other processes arrive.
    hears: AtomicBool,
    closed: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            own: Uuid::new_v4(),
            state: Mutex::new(State { outgoing: Some(HashSet::new()), ..State::default() }),
            ring: Notify::new(),
            relays: AtomicBool::new(false),
            hears: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to tell other processes, and to hear them, for as long as the process lives.
    pub fn relay(&self, client: Client) {
        self.shared.relays.store(true, Ordering::Relaxed);
        tokio::spawn(self.clone().tell(client.clone()));
        tokio::spawn(self.clone().hear(client));
    }

    /// Listens to topics of one tenant. The credential is counted: nobody holds more than a browser's worth of streams.
    ///
    /// # Errors
    /// `TooManyRequests`; `Unavailable` while the process is stopping or full.
    pub fn listen(&self, tenant: TenantId, credential: Uuid, topics: &[Topic]) -> Result<Listener, Fault> {
        let mailbox = Arc::new(Mailbox::default());
        let mut state = self.state();
        if self.shared.closed.load(Ordering::Relaxed) || state.open >= OF_ALL {
            return Err(Fault::unavailable("no room for another listener"));
        }
        if state.of_credential.get(&credential).is_some_and(|count| *count >= OF_ONE) {
            return Err(Fault::new(ErrorCode::TooManyRequests, format!("This session listens {OF_ONE} times already. Close some of its pages.")));
        }
        if state.of_tenant.get(&tenant).is_some_and(|count| *count >= OF_TENANT) {
            let message = format!("The organization listens {OF_TENANT} times already. Try again when some of its pages are closed.");
            return Err(Fault::new(ErrorCode::TooManyRequests, message));
        }
        *state.of_credential.entry(credential).or_default() += 1;
        *state.of_tenant.entry(tenant).or_default() += 1;
        state.open += 1;
        let topics: Vec<Topic> = topics.iter().copied().chain([Topic::Standing]).collect();
        for topic in &topics {
            state.listeners.entry((tenant, *topic)).or_default().push(Arc::downgrade(&mailbox));
        }
        metrics::gauge!("assay_live_listeners").set(state.open as f64);
        drop(state);
        Ok(Listener { live: self.clone(), tenant, credential, topics, mailbox, looked: Instant::now() })
    }

    /// Ends every listener, so that a process that stops does not wait for pages that stay open.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.everybody();
    }

    /// Tells that somebody lost a right in an organization.
    pub fn standing_changed(&self, tenant: TenantId) {
        self.changed(tenant, &[Topic::Standing]);
    }

    /// Tells that subjects changed, here and in other processes.
    pub(super) fn changed(&self, tenant: TenantId, topics: &[Topic]) {
        let mut state = self.state();
        for topic in topics {
            mark(&mut state, (tenant, *topic));
        }
        if self.shared.relays.load(Ordering::Relaxed) {
            if let Some(outgoing) = &mut state.outgoing {
                outgoing.extend(topics.iter().map(|topic| (tenant, *topic)));
                if outgoing.len() > MESSAGE_MAX {
                    state.outgoing = None;
                }
            }
            drop(state);
            self.shared.ring.notify_one();
        }
    }

    /// Something may have been missed: every listener looks again.
    fn everybody(&self) {
        let mut state = self.state();
        let keys: Vec<Key> = state.listeners.keys().copied().collect();
        for key in keys {
            mark(&mut state, key);
        }
    }

    async fn tell(self, client: Client) {
        loop {
            self.shared.ring.notified().await;
            tokio::time::sleep(GATHER).await;
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
                tokio::time::sleep(PAUSE).await;
                self.shared.ring.notify_one();
                continue;
            };
            loop {
                let outgoing = self.state().outgoing.replace(HashSet::new());
                let lines = match outgoing {
                    Some(keys) if keys.is_empty() => String::new(),
                    Some(keys) => keys.iter().map(|(tenant, topic)| format!("\n{tenant} {topic}")).collect(),
                    None => "\n*".to_owned(),
                };
                if !lines.is_empty() {
                    let told: redis::RedisResult<u64> = connection.publish(CHANNEL, format!("{}{lines}", self.shared.own)).await;
                    if let Err(error) = told {
                        tracing::warn!(%error, "could not tell other processes of changes; they look at everything once they are told again");
                        self.state().outgoing = None;
                        self.shared.ring.notify_one();
                        break;
                    }
                }
                self.shared.ring.notified().await;
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    async fn hear(self, client: Client) {
        loop {
            if let Ok(mut subscription) = client.get_async_pubsub().await
                && subscription.subscribe(CHANNEL).await.is_ok()
            {
                self.shared.hears.store(true, Ordering::Relaxed);
                self.everybody();
                let mut messages = subscription.on_message();
                while let Some(message) = messages.next().await {
                    self.heard(&message.get_payload::<String>().unwrap_or_default());
                }
                tracing::warn!("redis is away; open pages look for changes by themselves");
            }
            self.shared.hears.store(false, Ordering::Relaxed);
            self.everybody();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What another process told. It is not trusted with anything: a forged message makes pages look for nothing.
    fn heard(&self, message: &str) {
        let mut lines = message.lines();
        if lines.next().is_none_or(|own| own == self.shared.own.to_string()) {
            return;
        }
        let mut state = self.state();
        for line in lines.take(MESSAGE_MAX + 1) {
            if line == "*" {
                drop(state);
                return self.everybody();
            }
            if let Some((tenant, topic)) = line.split_once(' ')
                && let (Ok(tenant), Ok(topic)) = (tenant.parse(), topic.parse())
            {
                mark(&mut state, (tenant, topic));
            }
        }
    }
}

fn mark(state: &mut State, key: Key) {
    for mailbox in state.listeners.get(&key).into_iter().flatten().filter_map(Weak::upgrade) {
        mailbox.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(key.1);
        mailbox.bell.notify_one();
    }
}

/// Hears of changes of its topics. Dropped, it is forgotten.
pub struct Listener {
    live: Live,
    tenant: TenantId,
    credential: Uuid,
    topics: Vec<Topic>,
    mailbox: Arc<Mailbox>,
    looked: Instant,
}

impl Listener {
    /// All that it hears of.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Waits until something changed since the last call, or may have: each topic at most once. `None`: the process is stopping.
    pub async fn next(&mut self) -> Option<Vec<Topic>> {
        loop {
            if self.live.shared.closed.load(Ordering::Relaxed) {
                return None;
            }
            let changed: Vec<Topic> = self.mailbox.changed.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            if !changed.is_empty() {
                return Some(changed);
            }
            let hears = || self.live.shared.hears.load(Ordering::Relaxed);
            let patience = if hears() { LOOK_EVERY } else { PROVE_EVERY };
            let rung = tokio::time::timeout(patience, self.mailbox.bell.notified()).await.is_ok();
            if rung || hears() {
                continue;
            }
            if self.looked.elapsed() < LOOK_EVERY {
                return Some(vec![Topic::Standing]);
            }
            self.looked = Instant::now();
            return Some(self.topics.clone());
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.live.state();
        for topic in &self.topics {
            let key = (self.tenant, *topic);
            if let Some(mailboxes) = state.listeners.get_mut(&key) {
                mailboxes.retain(|mailbox| !std::ptr::eq(mailbox.as_ptr(), Arc::as_ptr(&self.mailbox)));
                if mailboxes.is_empty() {
                    state.listeners.remove(&key);
                }
            }
        }
        state.open -= 1;
        metrics::gauge!("assay_live_listeners").set(state.open as f64);
        one_less(&mut state.of_credential, &self.credential);
        one_less(&mut state.of_tenant, &self.tenant);
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
