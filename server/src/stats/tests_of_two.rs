//! Whether two samples come from one distribution.

use super::{
    LEVEL,
    distribution::{normal_above, t_outside, t_quantile},
    summary::{mean, ranks, variance},
};

/// The difference of two means, first minus second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    pub difference: f64,
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided.
    pub p: f64,
    /// Of the difference, at [`LEVEL`].
    pub low: f64,
    pub high: f64,
}

/// Welch's t-test, which does not take the variances for equal (Welch, "The generalization of Student's problem when several different population variances
/// are involved", Biometrika 34, 1947; degrees of freedom by Satterthwaite 1946). `None` with fewer than two values in a sample or no spread in either.
pub fn welch(first: &[f64], second: &[f64]) -> Option<Welch> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let error = |values: &[f64]| variance(values) / values.len() as f64;
    let (a, b) = (error(first), error(second));
    let difference = mean(first) - mean(second);
    let spread = (a + b).sqrt();
    let df = (a + b).powi(2) / (a * a / (first.len() - 1) as f64 + b * b / (second.len() - 1) as f64);
    let t = difference / spread;
    if !t.is_finite() || !df.is_finite() {
        return None;
    }
    let half = t_quantile(1.0 - LEVEL, df) * spread;
    Some(Welch { difference, t, df, p: t_outside(t, df), low: difference - half, high: difference + half })
}

/// A comparison of ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the value of the first sample is the greater, ties half.
    pub u: f64,
    /// Two-sided.
    pub p: f64,
    /// Whether p was counted and not approximated.
    pub exact: bool,
}

/// Where the smaller sample has at most so many values and none are tied, p is counted.
const EXACT: usize = 8;

/// The Mann-Whitney U test (Mann and Whitney, Annals of Math. Statistics 18, 1947): exact without ties where the smaller sample has at most 8 values, else by
/// the normal distribution with the correction for ties and for continuity, which is what scipy's `auto` does. `None` with an empty sample or no spread at all.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Option<MannWhitney> {
    let (n, m) = (first.len(), second.len());
    if n == 0 || m == 0 {
        return None;
    }
    let (ranks, ties) = ranks(&[first, second].concat());
    let u = ranks[..n].iter().sum::<f64>() - (n * (n + 1)) as f64 / 2.0;
    let pairs = (n * m) as f64;
    let larger = u.max(pairs - u);
    if n.min(m) <= EXACT && ties.iter().all(|tie| *tie == 1) {
        return Some(MannWhitney { u, p: (2.0 * counted_below(n.min(m), n.max(m), (pairs - larger) as usize)).min(1.0), exact: true });
    }
    let all = (n + m) as f64;
    let tied: f64 = ties.iter().map(|tie| (*tie as f64).powi(3) - *tie as f64).sum();
    let spread = (pairs / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)))).sqrt();
    let z = (larger - pairs / 2.0 - 0.5) / spread;
    (spread > 0.0).then(|| MannWhitney { u, p: (2.0 * normal_above(z)).min(1.0), exact: false })
}

/// P(U <= u) when all orders are equally likely. The number of orders with each U are the coefficients of the Gaussian binomial (n + m over n): in turn for
/// i = 1..n multiplied by (1 - q^(m+i)) and divided by (1 - q^i). `u` is at most n m / 2.
fn counted_below(n: usize, m: usize, u: usize) -> f64 {
    let mut counts = vec![0.0; u + 1];
    counts[0] = 1.0;
    let mut orders = 1.0;
    for i in 1..=n {
        for at in i..=u {
            counts[at] += counts[at - i];
        }
        for at in (m + i..=u).rev() {
            counts[at] -= counts[at - m - i];
        }
        orders *= (m + i) as f64 / i as f64;
    }
    counts.iter().sum::<f64>() / orders
}
