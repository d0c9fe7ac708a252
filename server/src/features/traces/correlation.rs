//! How much oftener than by chance two filters find the same traces: MLflow's normalized pointwise mutual information.

use super::{ReadTraces, repo, search::GRAMMAR};
use crate::{
    access::Grant,
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        filter::{self, Filter},
    },
};

/// What is added to each of the four counts: a prior (Jeffreys') that keeps few traces from saying much.
const SMOOTHING: f64 = 0.5;

/// How two filters go together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// From -1 (never together) by 0 (by chance) to 1 (always together); nothing where a filter finds nothing.
    pub npmi: Option<f64>,
    pub npmi_smoothed: Option<f64>,
    pub first: i64,
    pub second: i64,
    pub both: i64,
    pub total: i64,
}

/// How two filters go together among the traces of experiments that a third one finds.
///
/// # Errors
/// `Invalid` naming `filter`.
pub async fn correlate(grant: Grant<'_, ReadTraces>, experiments: &[ExperimentRef], base: &str, filters: (&str, &str)) -> Result<Correlation, Fault> {
    let read = |text: &str| filter::parse(text, &GRAMMAR);
    let (base, first, second): (Filter, Filter, Filter) = (read(base)?, read(filters.0)?, read(filters.1)?);
    if experiments.is_empty() {
        return Ok(of_counts([0; 4]));
    }
    Ok(of_counts(repo::together(grant.read().await?, experiments, &base, (&first, &second)).await?))
}

fn of_counts([total, first, second, both]: [i64; 4]) -> Correlation {
    let found = Correlation { npmi: None, npmi_smoothed: None, first, second, both, total };
    if total <= 0 || first == 0 || second == 0 {
        return found;
    }
    let cells = [both, first - both, second - both, total - first - second + both].map(|count| count as f64);
    let npmi = if both == 0 { Some(-1.0) } else { npmi(cells, 0.0) };
    Correlation { npmi, npmi_smoothed: self::npmi(cells, SMOOTHING), ..found }
}

/// Of the counts: both, the first alone, the second alone, neither.
fn npmi(cells: [f64; 4], smoothing: f64) -> Option<f64> {
    let [both, first, second, neither] = cells.map(|count| count + smoothing);
    if both <= 0.0 {
        return None;
    }
    if cells[1..] == [0.0; 3] {
        return Some(1.0);
    }
    let total = both + first + second + neither;
    let information = (both.ln() + total.ln()) - ((both + first).ln() + (both + second).ln());
    Some((information / -(both.ln() - total.ln())).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What MLflow 3.17 answers (`mlflow/store/analytics/trace_correlation.py`).
    #[test]
    fn it_is_what_mlflow_computes() {
        for (counts, expected) in [
            ([100, 20, 15, 10], Some((0.522_878_745_280_337_8, 0.509_868_999_183_141_2))),
            ([20, 5, 5, 0], Some((-1.0, -0.313_309_791_621_121_66))),
            ([5, 5, 5, 5], Some((1.0, 1.0))),
            ([10, 5, 5, 5], Some((1.0, 0.776_939_248_701_118_6))),
            ([3, 2, 2, 1], Some((-0.261_859_507_142_914_7, -0.151_433_284_986_890_24))),
            ([10, 0, 5, 0], None),
            ([0, 0, 0, 0], None),
        ] {
            let found = of_counts(counts);
            let near = |found: Option<f64>, expected: Option<f64>| match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
                (found, expected) => found == expected,
            };
            assert!(near(found.npmi, expected.map(|pair| pair.0)), "{counts:?}: {found:?}");
            assert!(near(found.npmi_smoothed, expected.map(|pair| pair.1)), "{counts:?}: {found:?}");
        }
    }
}
