//! One step of an export: some seconds of its present phase.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use shared::{
    ids::{ExportId, TenantId},
    limits::EXPORT_DAYS,
};

use super::{
    WriteExports, artifacts, histories,
    jobs::{ClearExport, ExportStep},
    manifest,
    model::{Export, File, Phase, State},
    pack,
    repo::{self, files},
    service::{entry, tell},
    sheet::Whole,
    tables,
};
use crate::{
    access::{Scope, WriteTx},
    fault::Fault,
    platform::BlobError,
    services::Services,
};

/// How long a step takes, about. Short, so that a process can stop, and other jobs have their turn.
const STEP: Duration = Duration::from_secs(10);
/// How often a step may come to no good before the export fails.
const TROUBLES_MAX: i32 = 10;
/// Longest file that is made for an archive, in bytes.
const MADE_MAX: u64 = 1 << 32;
/// Files that are forgotten in one transaction.
const FORGOTTEN: i64 = 2_000;

/// Why a step did not come to its end.
pub enum Stopped {
    /// The export was cancelled, or another claimant has done this step.
    Over,
    /// It cannot be ended; whoever asked for it is told why.
    Failed(&'static str),
    /// Ourselves.
    Fault(Fault),
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
    pub export: Export,
}

/// Does a step and asks for the next one.
///
/// # Errors
/// A fault of ours, after which the step is done again.
pub async fn run(scope: &Scope, services: &Services, export: ExportId, step: i64) -> Result<(), Fault> {
    match go(scope, services, export, step).await {
        Ok(()) => Ok(()),
        Err(Stopped::Over) => tidy(scope, services, export).await,
        Err(Stopped::Failed(reason)) => fail(scope, export, reason).await,
        Err(Stopped::Fault(fault)) => {
            let tx = scope.grant::<WriteExports>()?.begin().await?;
            let troubles = repo::trouble(&tx, export, step).await?;
            tx.commit_telemetry().await?;
            if troubles.is_some_and(|troubles| troubles >= TROUBLES_MAX) {
                return fail(scope, export, "Something went wrong on our side, again and again. Export again later.").await;
            }
            Err(fault)
        }
    }
}

async fn go(scope: &Scope, services: &Services, id: ExportId, step: i64) -> Result<(), Stopped> {
    let export = {
        let tx = scope.grant::<WriteExports>()?.begin().await?;
        repo::hold(&tx, id, step).await?.ok_or(Stopped::Over)?
    };
    let mut work = Work { scope, services, export };
    let until = Instant::now() + STEP;
    while Instant::now() < until {
        let done = match work.export.phase {
            Phase::Tables => tables::take(&mut work).await?,
            Phase::Histories => histories::take(&mut work).await?,
            Phase::Files => artifacts::list(&mut work).await?,
            Phase::Checking => artifacts::check(&mut work, until).await?,
            Phase::Manifest => manifest::take(&mut work).await?,
            Phase::Packing => pack::pack(&mut work).await?,
            Phase::Clearing => clear_some(&work).await?,
        };
        if !done {
            continue;
        }
        match work.export.phase.next() {
            Some(phase) => work.enter(phase).await?,
            None => return work.finish().await,
        }
    }
    let tx = work.begin().await?;
    repo::advance(&tx, id).await?;
    tx.enqueue(&ExportStep { export: id, step: step + 1 }).await?;
    Ok(tx.commit_telemetry().await?)
}

impl Work<'_> {
    fn tenant(&self) -> TenantId {
        self.scope.tenant().id
    }

    /// Begins to write, if the export still goes on and nobody else went on with this step.
    pub async fn begin(&self) -> Result<WriteTx, Stopped> {
        let tx = self.scope.grant::<WriteExports>()?.begin().await?;
        let held = repo::hold(&tx, self.export.id, self.export.step).await?.ok_or(Stopped::Over)?;
        let same = (held.phase, &held.cursor, held.next_file) == (self.export.phase, &self.export.cursor, self.export.next_file);
        if same { Ok(tx) } else { Err(Stopped::Over) }
    }

    /// Puts a file that is made for the archive into the store, under its number. One that is there already is the same, or of a step that was cut off.
    pub async fn store(&self, number: i64, bytes: Bytes) -> Result<(), Stopped> {
        let number = u32::try_from(number).map_err(Fault::internal)?;
        let body = futures::stream::iter([Ok::<_, BlobError>(bytes)]);
        self.services.blobs.put_part(self.tenant(), self.export.id.uuid(), number, body, MADE_MAX).await?;
        Ok(())
    }

    /// Keeps the next file, and where the phase goes on behind it.
    pub async fn keep(&mut self, path: &str, whole: Whole, kind: &str, cursor: &str) -> Result<(), Stopped> {
        let number = self.export.next_file;
        self.store(number, whole.bytes).await?;
        let tx = self.begin().await?;
        let file = File { number, path: path.to_owned(), digest: whole.digest, size: whole.size, made: Some(whole.made) };
        files::add(&tx, self.export.id, &[file], kind, whole.rows, cursor).await?;
        tx.commit_telemetry().await?;
        self.export.cursor = cursor.to_owned();
        self.export.next_file = number + 1;
        Ok(())
    }

    /// Notes where the phase goes on.
    pub async fn move_to(&mut self, cursor: &str) -> Result<(), Stopped> {
        let tx = self.begin().await?;
        self.settle(tx, cursor).await
    }

    /// Commits what was written, and where the phase goes on.
    pub async fn settle(&mut self, tx: WriteTx, cursor: &str) -> Result<(), Stopped> {
        repo::set_cursor(&tx, self.export.id, cursor).await?;
        tx.commit_telemetry().await?;
        self.export.cursor = cursor.to_owned();
        Ok(())
    }

    async fn enter(&mut self, phase: Phase) -> Result<(), Stopped> {
        let tx = self.begin().await?;
        repo::set_phase(&tx, self.export.id, phase).await?;
        tx.commit_telemetry().await?;
        self.export.phase = phase;
        self.export.cursor = String::new();
        Ok(())
    }

    async fn finish(&self) -> Result<(), Stopped> {
        let tx = self.begin().await?;
        let counts = repo::counts(&tx, &[self.export.id]).await?.remove(&self.export.id).unwrap_or_default();
        let ended = repo::end(&tx, self.export.id, State::Done, "", EXPORT_DAYS).await?.ok_or(Stopped::Over)?;
        tx.enqueue(&ClearExport { export: ended.id, wait_days: EXPORT_DAYS.unsigned_abs() }).await?;
        tell(&tx, &ended).await?;
        let told = |count: &super::Count| (count.kind.clone(), json!({ "rows": count.rows, "bytes": count.bytes }));
        let counts = Value::Object(counts.iter().map(told).collect());
        let detail = json!({ "bytes": ended.size, "damagedFiles": ended.damaged, "expiresAt": ended.expires_at, "counts": counts });
        Ok(tx.commit(entry("export.finish", &ended).detail(detail)).await?)
    }
}

/// What was stored while somebody cancelled the export: its own clearing may have passed by already.
async fn tidy(scope: &Scope, services: &Services, id: ExportId) -> Result<(), Fault> {
    let found = repo::find(&scope.grant::<WriteExports>()?.begin().await?, id).await?;
    if found.is_some_and(|export| matches!(export.state, State::Cancelled | State::Failed)) {
        services.blobs.remove_parts(scope.tenant().id, id.uuid()).await?;
    }
    Ok(())
}

/// Ends an export that comes to nothing.
pub async fn fail(scope: &Scope, id: ExportId, reason: &str) -> Result<(), Fault> {
    let tx = scope.grant::<WriteExports>()?.begin().await?;
    let Some(ended) = repo::end(&tx, id, State::Failed, reason, 0).await? else { return Ok(()) };
    tx.enqueue(&ClearExport { export: id, wait_days: 0 }).await?;
    tell(&tx, &ended).await?;
    tx.commit(entry("export.fail", &ended).detail(json!({ "reason": reason }))).await
}

/// Removes some of the files that the archive was made of. `true`: none is left.
async fn clear_some(work: &Work<'_>) -> Result<bool, Stopped> {
    let first = files::first(&work.begin().await?, work.export.id, FORGOTTEN).await?;
    let Some((last, _)) = first.last() else { return Ok(true) };
    for (number, _) in first.iter().filter(|(_, made)| *made) {
        work.services.blobs.remove_part(work.tenant(), work.export.id.uuid(), u32::try_from(*number).map_err(Fault::internal)?).await?;
    }
    let tx = work.begin().await?;
    files::forget(&tx, work.export.id, *last).await?;
    tx.commit_telemetry().await?;
    Ok(false)
}

/// Removes all that an export left in the store, when its time is over or it came to nothing; while it goes on, nothing.
///
/// # Errors
/// `Unavailable` or `Internal`; then it is to be called again.
pub async fn clear(scope: &Scope, services: &Services, id: ExportId) -> Result<(), Fault> {
    let tx = scope.grant::<WriteExports>()?.begin().await?;
    match repo::find(&tx, id).await? {
        None | Some(Export { state: State::Running, .. }) => return Ok(()),
        Some(_) => {}
    }
    // First nobody is shown it any more, then its bytes go.
    match repo::remove(&tx, id).await? {
        Some(export) => tx.commit(entry("export.remove", &export).detail(json!({ "bytes": export.size, "downloads": export.downloads }))).await?,
        None => tx.commit_telemetry().await?,
    }
    services.blobs.remove_parts(scope.tenant().id, id.uuid()).await?;
    loop {
        let tx = scope.grant::<WriteExports>()?.begin().await?;
        let first = files::first(&tx, id, FORGOTTEN).await?;
        let Some((last, _)) = first.last() else { return Ok(()) };
        files::forget(&tx, id, *last).await?;
        tx.commit_telemetry().await?;
    }
}
