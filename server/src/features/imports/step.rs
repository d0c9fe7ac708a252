//! One step of an import: some seconds of its present phase.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::{ErrorCode, ids::ImportId};

use super::{
    WriteImports, files,
    jobs::ImportStep,
    listing,
    model::{Credentials, Import, Phase, State},
    models, registry, repo, runs,
    service::{entry, place},
    source::Source,
};
use crate::{
    access::{Scope, WriteTx},
    fault::Fault,
    platform::OutboundError,
    services::Services,
};

/// How long a step takes, about. Short, so that a process can stop, and other jobs have their turn.
const STEP: Duration = Duration::from_secs(10);
/// How often the source may be away, one time after the other, before the import fails, and the pauses between: they double from the first to the longest.
const TROUBLES_MAX: i32 = 12;
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// How long it takes at least to find that no server is there: what is behind an address is not told by the time it took.
const AT_LEAST: Duration = Duration::from_secs(2);

/// Why a step did not come to its end.
pub enum Stopped {
    /// The import was cancelled, or another claimant has done this step.
    Over,
    /// The source.
    Source(OutboundError),
    /// Ourselves.
    Fault(Fault),
}

impl From<OutboundError> for Stopped {
    fn from(error: OutboundError) -> Self {
        Self::Source(error)
    }
}

impl<E: Into<Fault>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// What a step works with.
pub struct Work<'s> {
    pub scope: &'s Scope,
    pub services: &'s Services,
    pub source: Source,
    pub import: Import,
    /// Where listing goes on.
    pub cursor: String,
}

/// Does a step and asks for the next one.
///
/// # Errors
/// A fault of ours, after which the step is done again.
pub async fn run(scope: &Scope, services: &Services, import: ImportId, step: i64) -> Result<(), Fault> {
    match go(scope, services, import, step).await {
        Ok(()) | Err(Stopped::Over) => Ok(()),
        // It goes on when there is room: the next import of the same takes what is new.
        Err(Stopped::Fault(fault)) if fault.code() == ErrorCode::StorageFull => fail(scope, import, step, fault.message()).await,
        Err(Stopped::Fault(fault)) => Err(fault),
        Err(Stopped::Source(error)) => trouble(scope, import, step, error).await,
    }
}

async fn go(scope: &Scope, services: &Services, id: ImportId, step: i64) -> Result<(), Stopped> {
    let (import, sealed, cursor) = {
        let tx = scope.grant::<WriteImports>()?.begin().await?;
        repo::hold(&tx, id, step).await?.ok_or(Stopped::Over)?
    };
    let credentials = services.seal.unseal(&place(id), &sealed).and_then(|text| serde_json::from_str(&text).ok()).ok_or(OutboundError::Refused)?;
    let source = connect(services, &import, credentials).await?;
    let mut work = Work { scope, services, source, import, cursor };
    let begun = Instant::now();
    while begun.elapsed() < STEP {
        let done = match work.import.phase {
            Phase::Connecting => true,
            Phase::Listing => listing::go_on(&mut work).await?,
            Phase::Runs => runs::take(&work).await?,
            Phase::Models => models::take(&work).await?,
            Phase::Files => files::take(&work, begun + STEP).await?,
            Phase::Registry => registry::take(&work).await?,
        };
        if !done {
            continue;
        }
        match work.following() {
            Some(phase) => work.enter(phase).await?,
            None => return work.finish().await,
        }
    }
    let tx = work.begin().await?;
    repo::advance(&tx, id, 0, "").await?;
    tx.enqueue(&ImportStep { import: id, step: step + 1, wait_seconds: 0 }).await?;
    Ok(tx.commit_telemetry().await?)
}

/// The source; the first time it is greeted too.
async fn connect(services: &Services, import: &Import, credentials: Credentials) -> Result<Source, OutboundError> {
    let open = Source::open(&services.outbound, &import.source, credentials);
    if import.phase != Phase::Connecting {
        return open.await;
    }
    let begun = Instant::now();
    let greeted = async {
        let source = open.await?;
        source.greet().await?;
        Ok(source)
    };
    let greeted = greeted.await;
    if greeted.is_err() {
        tokio::time::sleep(AT_LEAST.saturating_sub(begun.elapsed())).await;
    }
    greeted
}

/// What is told of a source that is away or refuses. While it is being found, all that would tell an open port from a closed one is told in the same words.
fn reason(phase: Phase, error: OutboundError) -> String {
    use OutboundError as E;
    match (phase, error) {
        (Phase::Connecting, E::Unreachable | E::Absent | E::Failed | E::Unreadable | E::TooSlow) => {
            "No MLflow server answers at this address.".to_owned()
        }
        _ => error.to_string(),
    }
}

impl Work<'_> {
    /// Begins to write, if the import still goes on.
    pub async fn begin(&self) -> Result<WriteTx, Stopped> {
        let tx = self.scope.grant::<WriteImports>()?.begin().await?;
        let (import, _, cursor) = repo::hold(&tx, self.import.id, self.import.step).await?.ok_or(Stopped::Over)?;
        // Somebody else went on with this step.
        if import.phase != self.import.phase || cursor != self.cursor {
            return Err(Stopped::Over);
        }
        Ok(tx)
    }

    /// Commits what was taken, with its entry.
    pub async fn commit(&self, tx: WriteTx, what: &'static str, detail: Value) -> Result<(), Stopped> {
        Ok(tx.commit(entry(what, &self.import).detail(detail)).await?)
    }

    /// What comes after the present phase, of what is wanted.
    fn following(&self) -> Option<Phase> {
        let wanted = |phase: &Phase| match phase {
            Phase::Files => self.import.with_files,
            Phase::Registry => self.import.with_registry,
            _ => true,
        };
        std::iter::successors(self.import.phase.next(), |phase| phase.next()).find(wanted)
    }

    async fn enter(&mut self, phase: Phase) -> Result<(), Stopped> {
        let tx = self.begin().await?;
        repo::set_phase(&tx, self.import.id, phase).await?;
        self.import.phase = phase;
        self.cursor = String::new();
        Ok(tx.commit_telemetry().await?)
    }

    async fn finish(&self) -> Result<(), Stopped> {
        let tx = self.begin().await?;
        let counts = repo::counts(&tx, &[self.import.id]).await?.remove(&self.import.id).unwrap_or_default();
        let ended = repo::end(&tx, self.import.id, State::Done, "").await?.ok_or(Stopped::Over)?;
        let told = |count: &super::Count| {
            let facts =
                json!({ "found": count.found, "taken": count.taken, "unchanged": count.unchanged, "failed": count.failed, "amount": count.amount });
            (count.kind.as_str().to_owned(), facts)
        };
        let detail = Value::Object(counts.iter().map(told).collect());
        Ok(tx.commit(entry("import.finish", &ended).detail(detail)).await?)
    }
}

/// The source is away or refuses: the step is done again later, or the import fails.
async fn trouble(scope: &Scope, id: ImportId, step: i64, error: OutboundError) -> Result<(), Fault> {
    let tx = scope.grant::<WriteImports>()?.begin().await?;
    let Some((import, ..)) = repo::hold(&tx, id, step).await? else { return Ok(()) };
    let troubles = import.troubles + 1;
    if error.may_pass() && import.phase != Phase::Connecting && troubles <= TROUBLES_MAX {
        repo::advance(&tx, id, troubles, &error.to_string()).await?;
        let wait = PAUSE.saturating_mul(1 << (troubles - 1).clamp(0, 10)).min(PAUSE_MAX);
        tx.enqueue(&ImportStep { import: id, step: step + 1, wait_seconds: wait.as_secs() }).await?;
        return tx.commit_telemetry().await;
    }
    end(tx, id, &reason(import.phase, error)).await
}

/// The import fails for good.
async fn fail(scope: &Scope, id: ImportId, step: i64, reason: &str) -> Result<(), Fault> {
    let tx = scope.grant::<WriteImports>()?.begin().await?;
    if repo::hold(&tx, id, step).await?.is_none() {
        return Ok(());
    }
    end(tx, id, reason).await
}

async fn end(tx: WriteTx, id: ImportId, reason: &str) -> Result<(), Fault> {
    match repo::end(&tx, id, State::Failed, reason).await? {
        Some(ended) => tx.commit(entry("import.fail", &ended).detail(json!({ "reason": ended.reason }))).await,
        None => Ok(()),
    }
}
