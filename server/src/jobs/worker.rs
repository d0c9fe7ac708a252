//! Claims and runs jobs.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Context, Job, cron, envelope,
    queue::{self, Claimed},
    relay,
};
use crate::{
    access::RequestInfo,
    fault::Fault,
    platform::telemetry::{Span, SpanKind},
    services::Services,
};

/// Jobs that run at the same time in one process: quick ones, and beside them those that may be long.
const QUICK: usize = 4;
const LONG: usize = 2;
/// How long a due job waits at the most when nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often the jobs that failed are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);

type Run = Box<dyn Fn(serde_json::Value, Context) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> + Send + Sync>;

struct Handler {
    permissions: Vec<shared::Permission>,
    attempts: i32,
    is_long: bool,
    run: Run,
}

/// Room for jobs.
struct Slots {
    quick: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// Knows every kind of job and runs them.
pub struct Worker {
    services: Services,
    owner: String,
    handlers: HashMap<&'static str, Handler>,
}

impl Worker {
    /// A worker that knows the queue's own jobs and those that `teach` teaches it: the queue does not know the product.
    pub fn new(services: Services, teach: fn(&mut Self)) -> Arc<Self> {
        let mut worker = Self { services, owner: Uuid::new_v4().simple().to_string(), handlers: HashMap::new() };
        worker.learn::<super::housekeeping::Housekeeping>();
        teach(&mut worker);
        Arc::new(worker)
    }

    /// Teaches the worker a kind of job.
    pub fn learn<J: Job>(&mut self) {
        let run: Run = Box::new(|payload, context| {
            Box::pin(async move {
                let job: J = serde_json::from_value(payload).map_err(Fault::internal)?;
                job.run(context).await
            })
        });
        self.handlers
            .insert(J::KIND, Handler { permissions: [&[J::PERMISSION], J::FURTHER].concat(), attempts: J::ATTEMPTS, is_long: J::IS_LONG, run });
    }

    /// Works until told to stop, then finishes what it has begun; what takes too long for that is handed back.
    pub async fn work(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let bell = Arc::new(Notify::new());
        let mut around = JoinSet::new();
        let (services, local) = (self.services.clone(), bell.clone());
        around.spawn(async move {
            loop {
                services.vault.bell().await;
                local.notify_one();
            }
        });
        if let Some(client) = self.services.config.redis_url.as_deref().and_then(|url| redis::Client::open(url).ok()) {
            around.spawn(relay::listen(bell.clone(), client));
        }
        let vault = self.services.vault.clone();
        around.spawn(async move {
            loop {
                match queue::troubled(&vault).await {
                    Ok(counts) => counts.iter().for_each(|(state, count)| metrics::gauge!("assay_jobs", "state" => *state).set(*count as f64)),
                    Err(error) => tracing::warn!(%error, "could not count the jobs that failed"),
                }
                tokio::time::sleep(COUNT_EVERY).await;
            }
        });
        let slots = Slots { quick: Arc::new(Semaphore::new(QUICK)), long: Arc::new(Semaphore::new(LONG)) };
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            match self.look(&slots, &mut running).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "could not look for jobs"),
            }
            tokio::select! {
                () = bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = running.join_next(), if !running.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
        around.abort_all();
        let patience = Duration::from_secs(self.services.config.drain_seconds);
        if tokio::time::timeout(patience, async { while running.join_next().await.is_some() {} }).await.is_err() {
            running.shutdown().await;
            match queue::hand_back(&self.services.vault, &self.owner).await {
                Ok(jobs) => tracing::warn!(jobs, "handed back what would not end"),
                Err(error) => tracing::warn!(%error, "could not hand back what would not end; it is queued again once its lease is over"),
            }
        }
    }

    /// Runs everything that is due, one after the other. For commands and tests.
    ///
    /// # Errors
    /// `Unavailable` when the queue cannot be reached; a failing job is no error here.
    pub async fn drain(self: &Arc<Self>) -> Result<usize, Fault> {
        let mut ran = 0;
        loop {
            cron::fire(&self.services.vault).await?;
            queue::reap(&self.services.vault).await?;
            let kinds = [self.kinds(false), self.kinds(true)].concat();
            let claimed = queue::claim(&self.services.vault, &self.owner, &kinds, 16).await?;
            if claimed.is_empty() {
                return Ok(ran);
            }
            for job in claimed {
                self.clone().run(job).await;
                ran += 1;
            }
        }
    }

    async fn look(self: &Arc<Self>, slots: &Slots, running: &mut JoinSet<()>) -> Result<bool, Fault> {
        cron::fire(&self.services.vault).await?;
        queue::reap(&self.services.vault).await?;
        let mut found = false;
        for (slots, is_long) in [(&slots.quick, false), (&slots.long, true)] {
            let free = slots.available_permits();
            if free == 0 {
                continue;
            }
            for job in queue::claim(&self.services.vault, &self.owner, &self.kinds(is_long), free as i64).await? {
                found = true;
                let worker = self.clone();
                let slot = slots.clone().acquire_owned().await.map_err(Fault::internal)?;
                running.spawn(async move {
                    worker.run(job).await;
                    drop(slot);
                });
            }
        }
        Ok(found)
    }

    /// The kinds of jobs that may be long, or of the others.
    fn kinds(&self, is_long: bool) -> Vec<String> {
        self.handlers.iter().filter(|(_, handler)| handler.is_long == is_long).map(|(kind, _)| (*kind).to_owned()).collect()
    }

    /// Carries a claimed job out; what is logged meanwhile carries the id of the request that asked for it, and its trace goes on.
    async fn run(self: Arc<Self>, job: Claimed) {
        let trace = trace(&job);
        let span = tracing::error_span!("job", request = job.request_id, job = %job.id, kind = job.kind, trace = trace.trace_id());
        trace.around(self.attempt(job, &trace).instrument(span)).await;
    }

    async fn attempt(self: Arc<Self>, job: Claimed, trace: &Span) {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else { return };
        let work = self.carry_out(handler, &job);
        tokio::pin!(work);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                () = tokio::time::sleep(HEARTBEAT) => {
                    if matches!(queue::heartbeat(&self.services.vault, &job).await, Ok(false)) {
                        tracing::warn!("the lease was lost; what this worker did does not count");
                        trace.fail("lease_lost");
                        return;
                    }
                }
            }
        };
        let written = match &outcome {
            Ok(()) => queue::complete(&self.services.vault, &job).await,
            Err(error) => {
                tracing::warn!(attempt = job.failures + 1, %error, "job failed");
                trace.fail(error.code().as_str());
                queue::fail(&self.services.vault, &job, handler.attempts, error.message()).await
            }
        };
        metrics::counter!("assay_jobs_total", "kind" => job.kind.clone(), "outcome" => if outcome.is_ok() { "done" } else { "failed" }).increment(1);
        if let Err(error) = written {
            tracing::warn!(%error, "could not write a job's outcome; it will run again");
        }
    }

    async fn carry_out(&self, handler: &Handler, job: &Claimed) -> Result<(), Fault> {
        let request = RequestInfo { id: job.request_id.clone(), ..RequestInfo::default() };
        let scope = match job.tenant {
            Some(tenant) => Some(self.services.vault.enter_job(tenant, job.id, &job.kind, &handler.permissions, request).await?),
            None => None,
        };
        let payload = envelope::opened(&self.services.seal, job.id, &job.payload)?;
        (handler.run)(payload, Context { id: job.id, scope, services: self.services.clone() }).await
    }
}

/// The span of a job: of the trace of the request that asked for it, each attempt beside the others.
fn trace(job: &Claimed) -> Span {
    let span = Span::root(format!("process {}", job.kind), SpanKind::Consumer, job.traceparent.as_deref());
    if span.is_recorded() {
        span.set("messaging.system", "assay");
        span.set("messaging.operation.type", "process");
        span.set("messaging.operation.name", "process");
        span.set("messaging.destination.name", job.kind.clone());
        span.set("messaging.message.id", job.id.to_string());
        span.set("assay.request.id", job.request_id.clone());
        span.set("assay.job.failures", i64::from(job.failures));
        span.set("assay.job.waited_seconds", job.waited);
        job.tenant.iter().for_each(|tenant| span.set("assay.tenant.id", tenant.to_string()));
    }
    span
}

/// Tells other processes of this process's commits.
pub async fn ring(services: Services) {
    if let Some(client) = services.config.redis_url.as_deref().and_then(|url| redis::Client::open(url).ok()) {
        relay::ring(services.vault, client).await;
    }
}
