//! Who started runs.

use shared::ids::RunId;

use super::{ReadRuns, repo};
use crate::{access::Grant, fault::Fault};

/// Those of the runs that a service account started, whether it is there still or not.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_services(grant: Grant<'_, ReadRuns>, ids: &[RunId]) -> Result<Vec<RunId>, Fault> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    repo::of_services(grant.read().await?, &ids).await
}
