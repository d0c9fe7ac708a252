//! What runs have under some keys, for whoever shows a few of many.

use std::collections::HashMap;

use shared::ids::RunId;

use super::{ReadRuns, repo};
use crate::{access::Grant, fault::Fault, features::metrics};

/// Keys of what runs log.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub metrics: Vec<String>,
    pub params: Vec<String>,
    pub tags: Vec<String>,
}

/// What a run has under some keys.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// The latest value of each metric.
    pub metrics: HashMap<String, f64>,
    pub params: HashMap<String, String>,
    pub tags: HashMap<String, String>,
}

/// What several runs have under some keys: two statements, or fewer where nothing of a kind is asked for.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn values(grant: Grant<'_, ReadRuns>, ids: &[RunId], keys: &Keys) -> Result<HashMap<RunId, Values>, Fault> {
    let mut values: HashMap<RunId, Values> = HashMap::new();
    let tx = grant.read().await?;
    if !keys.params.is_empty() || !keys.tags.is_empty() {
        for pair in repo::pairs_of(tx, &ids.iter().map(|id| id.uuid()).collect::<Vec<_>>(), &keys.params, &keys.tags).await? {
            let own = values.entry(pair.run).or_default();
            if pair.is_param { &mut own.params } else { &mut own.tags }.insert(pair.key, pair.value);
        }
    }
    if !keys.metrics.is_empty() {
        for (run, key, value) in metrics::latest_of(tx, ids, &keys.metrics).await? {
            values.entry(run).or_default().metrics.insert(key, value);
        }
    }
    Ok(values)
}
