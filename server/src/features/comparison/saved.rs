//! Comparisons kept under a name.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::{comparison::Wish, field::DisplayName, ids::ComparisonId};
use uuid::Uuid;

use super::{ComparisonError, ListComparisons, SaveComparisons, repo, service};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::page::{Page, Paged},
};

/// Comparisons an organization can keep.
const SAVED_MAX: u64 = 500;

/// A comparison under a name: what is compared, with its own filters and periods, found anew at each visit.
#[derive(Clone, Debug)]
pub struct Saved {
    pub id: ComparisonId,
    pub name: String,
    pub wish: Wish,
    /// Who saved it.
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

/// Saved comparisons, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListComparisons>, page: &Page) -> Result<Paged<Saved>, Fault> {
    let tx = grant.read().await?;
    let after = page.after_id::<ComparisonId>()?.map(ComparisonId::uuid);
    let rows = repo::saved(tx, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, page, repo::count_saved(tx).await?, |saved| saved.id.to_string()))
}

/// Keeps a comparison under a name.
///
/// # Errors
/// `Invalid` for what a comparison is refused for, or naming `name`; `NotFound` for a run or an experiment that is not there; `AlreadyExists`;
/// `LimitExceeded`.
pub async fn save(grant: Grant<'_, SaveComparisons>, name: &str, wish: Wish) -> Result<Saved, Fault> {
    let name = DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?;
    let (runs, experiments) = service::check(&wish)?;
    let saved = Saved {
        id: ComparisonId::from_uuid(Uuid::now_v7()),
        name: name.as_str().into(),
        wish,
        created_by: grant.actor().called(),
        created_at: grant.now(),
    };
    let tx = grant.begin().await?;
    match repo::absent(&tx, &runs, &experiments).await? {
        (Some(run), _) => return Err(ComparisonError::NoRun(run.to_string()).into()),
        (None, Some(experiment)) => return Err(ComparisonError::NoExperiment(experiment.to_string()).into()),
        (None, None) => {}
    }
    if repo::count_saved(&tx).await? >= SAVED_MAX {
        return Err(ComparisonError::Full.into());
    }
    if !repo::insert(&tx, &saved).await? {
        return Err(ComparisonError::Taken.into());
    }
    let entry = Entry::new("comparison.save", Subject::new("comparison", saved.id, &saved.name)).detail(json!({ "address": saved.wish.address() }));
    tx.commit(entry).await?;
    Ok(saved)
}

/// Takes a saved comparison away. Its runs stay as they are.
///
/// # Errors
/// `NotFound`.
pub async fn remove(grant: Grant<'_, SaveComparisons>, id: ComparisonId) -> Result<Saved, Fault> {
    let tx = grant.begin().await?;
    let saved = repo::remove(&tx, id).await?.ok_or_else(|| Fault::not_found("comparison", id))?;
    tx.commit(Entry::new("comparison.remove", Subject::new("comparison", saved.id, &saved.name))).await?;
    Ok(saved)
}
