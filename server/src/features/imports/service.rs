//! Starting, watching and cancelling imports.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::ImportId;
use uuid::Uuid;

use super::{Count, Import, ImportError, Kind, NewImport, Problem, ReadImports, State, WriteImports, jobs::ImportStep, repo};
use crate::{
    access::{
        Grant, Scope,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged, bad_cursor},
    jobs::Job,
    services::Services,
};

/// What credentials are sealed for: they open for this import alone.
pub fn place(id: ImportId) -> String {
    format!("import {id}")
}

/// An entry about an import.
pub fn entry(action: &'static str, import: &Import) -> Entry {
    Entry::new(action, Subject::new("import", import.id, &import.source))
}

/// Starts an import. It goes on by itself, whatever becomes of whoever started it.
///
/// # Errors
/// `Invalid` naming what breaks a rule; `Forbidden` without the rights to write what is taken; `Conflict` while one from the same address is under way.
pub async fn start(scope: &Scope, services: &Services, new: NewImport) -> Result<Import, Fault> {
    let grant: Grant<'_, WriteImports> = scope.grant()?;
    ImportStep::FURTHER.iter().try_for_each(|permission| scope.require(*permission))?;
    let address = services.outbound.parse(&new.address).map_err(ImportError::Address)?;
    new.check()?;
    let source = address.as_str().trim_end_matches('/').to_owned();
    let id = ImportId::from_uuid(Uuid::now_v7());
    let sealed = services.seal.seal(&place(id), &serde_json::to_string(&new.credentials).map_err(Fault::internal)?)?;
    let by = grant.actor().called();
    let tx = grant.begin().await?;
    repo::insert(&tx, id, &source, &new, sealed, &by).await?;
    tx.enqueue(&ImportStep { import: id, step: 0, wait_seconds: 0 }).await?;
    let import = repo::find(&tx, id).await?.ok_or_else(|| missing(id))?;
    let signs_in = match (new.credentials.token.is_empty(), new.credentials.username.is_empty()) {
        (false, _) => "token",
        (true, false) => "password",
        (true, true) => "nothing",
    };
    let detail = json!({ "experiments": new.experiments, "files": new.files, "registry": new.registry, "signsInWith": signs_in });
    tx.commit(entry("import.start", &import).detail(detail)).await?;
    Ok(import)
}

fn missing(id: ImportId) -> Fault {
    ImportError::Missing(id.to_string()).into()
}

/// Ends an import where it stands. What was taken stays; running the import again goes on from there.
///
/// # Errors
/// `NotFound`; `Conflict` when it has ended.
pub async fn cancel(grant: Grant<'_, WriteImports>, id: ImportId) -> Result<Import, Fault> {
    let tx = grant.begin().await?;
    if let Some(import) = repo::end(&tx, id, State::Cancelled, "").await? {
        tx.commit(entry("import.cancel", &import)).await?;
        return Ok(import);
    }
    Err(repo::find(&tx, id).await?.map_or_else(|| missing(id), |_| ImportError::Ended.into()))
}

/// One import.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadImports>, id: ImportId) -> Result<Import, Fault> {
    repo::find(grant.read().await?, id).await?.ok_or_else(|| missing(id))
}

/// A page of imports, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadImports>, page: Page) -> Result<Paged<Import>, Fault> {
    let tx = grant.read().await?;
    let rows = repo::list(tx, page.after_id()?, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(tx).await?, |import| import.id.to_string()))
}

/// How far imports are, by kind in the order in which they are taken.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn counts(grant: Grant<'_, ReadImports>, imports: &[ImportId]) -> Result<HashMap<ImportId, Vec<Count>>, Fault> {
    let mut counts = repo::counts(grant.read().await?, imports).await?;
    let place = |kind: Kind| Kind::ALL.iter().position(|one| *one == kind);
    counts.values_mut().for_each(|list| list.sort_by_key(|count| place(count.kind)));
    Ok(counts)
}

/// A page of what could not be taken, or not as a whole.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn problems(grant: Grant<'_, ReadImports>, id: ImportId, page: &Page) -> Result<Paged<Problem>, Fault> {
    let after = match page.after().map(|text| text.split_once(' ').and_then(|(kind, id)| Some((Kind::parse(kind)?, id)))) {
        Some(None) => return Err(bad_cursor()),
        known => known.flatten(),
    };
    let tx = grant.read().await?;
    let rows = repo::problems(tx, id, after, page.limit_and_one()).await?;
    let total = repo::problem_count(tx, id).await?;
    Ok(Paged::of(rows, page, total, |problem| format!("{} {}", problem.kind.as_str(), problem.source_id)))
}
