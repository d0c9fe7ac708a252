//! What a run logged, summed up for the entry that ends it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Run, RunData, repo};
use crate::{fault::Fault, features::metrics::LoggedSeries};

/// What a run logged, for the entry that ends it.
#[derive(Default)]
pub struct Logged {
    pairs: RunData,
    series: LoggedSeries,
}

impl Logged {
    /// All of it, from its stored pieces.
    ///
    /// # Errors
    /// `Internal` for a series that cannot be read.
    pub fn of(logs: Vec<repo::Logs>) -> Result<Self, Fault> {
        let mut all = Self::default();
        for piece in logs {
            match piece {
                repo::Logs::Params(params) => all.pairs.params.extend(params),
                repo::Logs::Tag(key, value) => all.pairs.tags.push((key, value)),
                repo::Logs::Series(part) => all.series.add(part)?,
            }
        }
        all.series.tidy();
        Ok(all)
    }
}

/// SHA-256 over what a run logged. Of params and then of tags: their number, and of each, by key, key and value, every text with its length before it; then
/// the series as [`LoggedSeries::digest`] says. Numbers are 64 bits, big-endian. Also whether the series are worth compacting.
pub fn digest(run: &Run, Logged { pairs: data, series }: &Logged) -> (Value, bool) {
    let mut sum = Sha256::new();
    for list in [&data.params, &data.tags] {
        let mut list: Vec<&(String, String)> = list.iter().collect();
        // The database sorts by its own collation; the digest must not depend on it.
        list.sort_unstable();
        sum.update((list.len() as u64).to_be_bytes());
        for text in list.into_iter().flat_map(|(key, value)| [key, value]) {
            sum.update((text.len() as u64).to_be_bytes());
            sum.update(text.as_bytes());
        }
    }
    let logged = series.digest(&mut sum);
    let digest: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let detail = json!({
        "status": run.status.as_str(), "sha256": digest,
        "params": data.params.len(), "tags": data.tags.len(), "metrics": logged.keys, "points": logged.points,
    });
    (detail, logged.worth_compacting)
}
