//! Intervals without a distribution: by drawing from the values again.

use super::{
    LEVEL,
    distribution::{normal_below, normal_quantile},
    random::Random,
    summary::{mean, quantile},
};

/// How often the samples are drawn again.
pub const DRAWS: usize = 2_000;
const SEED: u64 = 0x0a55_a700_0000_0001;

/// The interval of the difference of two means (first minus second) at [`LEVEL`]: bias-corrected and accelerated, from [`DRAWS`] draws with a fixed seed.
/// `None` with fewer than two values in a sample or no spread.
pub fn difference_of_means(first: &[f64], second: &[f64]) -> Option<(f64, f64)> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut drawn = |values: &[f64]| (0..values.len()).map(|_| values[random.below(values.len())]).sum::<f64>() / values.len() as f64;
    let draws: Vec<f64> = (0..DRAWS).map(|_| drawn(first) - drawn(second)).collect();
    bca(first, second, draws)
}

/// The BCa interval from given draws of the difference of means (Efron, "Better Bootstrap Confidence Intervals", JASA 82, 1987; for two samples Efron and
/// Tibshirani 1993, exercise 14.9 and `scipy.stats.bootstrap`). The acceleration is by the jackknife, which of a mean leaves x - mean.
pub fn bca(first: &[f64], second: &[f64], mut draws: Vec<f64>) -> Option<(f64, f64)> {
    let observed = mean(first) - mean(second);
    draws.sort_by(f64::total_cmp);
    // Of few values many draws are the observed difference, but for the last bits that another order of adding leaves.
    let bits = 1e-12 * first.iter().chain(second).fold(0.0_f64, |most, value| most.max(value.abs()));
    let below = draws.partition_point(|draw| *draw < observed - bits);
    let upto = draws.partition_point(|draw| *draw <= observed + bits);
    let bias = normal_quantile_or_none((below + upto) as f64 / (2 * draws.len()) as f64)?;
    let moment = |values: &[f64], power: i32| {
        let mean = mean(values);
        values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / (values.len() as f64).powi(power)
    };
    let acceleration = (moment(first, 3) - moment(second, 3)) / (6.0 * (moment(first, 2) + moment(second, 2)).powf(1.5));
    if !acceleration.is_finite() {
        return None;
    }
    let end = |part: f64| {
        let z = bias + normal_quantile(part);
        quantile(&draws, normal_below(bias + z / (1.0 - acceleration * z)))
    };
    Some((end((1.0 - LEVEL) / 2.0), end((1.0 + LEVEL) / 2.0)))
}

fn normal_quantile_or_none(p: f64) -> Option<f64> {
    (p > 0.0 && p < 1.0).then(|| normal_quantile(p))
}
