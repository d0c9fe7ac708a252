//! What the latest runs of an experiment have in common, for people who choose and do not type.

use shared::ids::ExperimentId;

use super::{ReadRuns, repo};
use crate::{access::Grant, fault::Fault};

/// A field of the filter that few values tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// As a filter names it, without quotes: `attributes.status`, `params.model`.
    pub field: String,
    /// Its values, the most frequent first, each with how many of the runs carry it.
    pub values: Vec<(String, i64)>,
}

/// The fields of the latest 500 runs that have at most eight values: state and user first, then what most runs carry.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn facets(grant: Grant<'_, ReadRuns>, experiment: ExperimentId) -> Result<Vec<Facet>, Fault> {
    let mut facets: Vec<Facet> = Vec::new();
    for (field, value, count) in repo::facets(grant.read().await?, experiment).await? {
        match facets.last_mut().filter(|facet| facet.field == field) {
            Some(facet) => facet.values.push((value, count)),
            None => facets.push(Facet { field, values: vec![(value, count)] }),
        }
    }
    Ok(facets)
}
