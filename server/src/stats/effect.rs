//! How large a difference is, apart from how sure.

use super::{
    LEVEL,
    distribution::{ln_gamma_half, normal_quantile},
    summary::{mean, variance},
};

/// A size with its interval at [`LEVEL`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The difference of means in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardized {
    /// Cohen's d: by the pooled standard deviation (Cohen 1988, section 2.2).
    pub d: f64,
    /// Hedges' g: d without its bias in small samples.
    pub g: Size,
}

/// Cohen's d and Hedges' g with the exact correction J = Γ(m/2) / (√(m/2) Γ((m-1)/2)), m = n₁ + n₂ - 2 (Hedges, "Distribution theory for Glass's estimator of
/// effect size", J. Educational Statistics 6, 1981). The interval is the one for large samples: g ± z √((n₁+n₂)/(n₁n₂) + g²/(2(n₁+n₂))) (Hedges and Olkin 1985,
/// chapter 5). `None` with fewer than two values in a sample or no spread.
pub fn standardized(first: &[f64], second: &[f64]) -> Option<Standardized> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let free = n + m - 2.0;
    let pooled = (((n - 1.0) * variance(first) + (m - 1.0) * variance(second)) / free).sqrt();
    let d = (mean(first) - mean(second)) / pooled;
    if !d.is_finite() {
        return None;
    }
    let correction = (ln_gamma_half((free - 1.0) / 2.0) - 0.5 * (free / 2.0).ln()).exp();
    let g = d * correction;
    let half = z() * ((n + m) / (n * m) + g * g / (2.0 * (n + m))).sqrt();
    Some(Standardized { d, g: Size { value: g, low: g - half, high: g + half } })
}

/// The rank-biserial correlation, which is Cliff's delta: the share of pairs in which the first is greater less the share in which the second is (Cliff,
/// "Dominance statistics", Psychological Bulletin 114, 1993). The interval is Cliff's asymmetric one with the unbiased variance (Feng and Cliff, "Monte Carlo
/// evaluation of ordinal d with improved confidence interval", J. Modern Applied Statistical Methods 3, 2004). `None` with fewer than two values in a sample.
pub fn rank_biserial(first: &[f64], second: &[f64]) -> Option<Size> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (rows, tied) = dominance(first, second);
    let (columns, _) = dominance(second, first);
    let d = rows.iter().sum::<f64>() / n;
    let squares = |list: &[f64], mean: f64| list.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
    let each = (n * m - tied) - n * m * d * d;
    let unbiased = (m * m * squares(&rows, d) + n * n * squares(&columns, -d) - each) / (n * m * (n - 1.0) * (m - 1.0));
    let variance = unbiased.max((1.0 - d * d) / (n * m - 1.0));
    let z = z();
    if d.abs() == 1.0 {
        let least = n.min(m);
        let bound = (least - z * z) / (least + z * z);
        return Some(if d > 0.0 { Size { value: d, low: bound, high: 1.0 } } else { Size { value: d, low: -1.0, high: -bound } });
    }
    let middle = d - d.powi(3);
    let half = z * variance.sqrt() * ((1.0 - d * d).powi(2) + z * z * variance).sqrt();
    let under = 1.0 - d * d + z * z * variance;
    Some(Size { value: d, low: ((middle - half) / under).max(-1.0), high: ((middle + half) / under).min(1.0) })
}

/// Of each value of `first`: the share of `second` below it less the share above; and how many pairs are tied.
fn dominance(first: &[f64], second: &[f64]) -> (Vec<f64>, f64) {
    let mut sorted = second.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut tied = 0.0;
    let of = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let upto = sorted.partition_point(|other| other <= value);
        tied += (upto - below) as f64;
        (below as f64 - (sorted.len() - upto) as f64) / sorted.len() as f64
    };
    (first.iter().map(of).collect(), tied)
}

fn z() -> f64 {
    normal_quantile(0.5 + LEVEL / 2.0)
}
