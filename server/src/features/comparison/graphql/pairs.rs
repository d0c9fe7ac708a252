//! Two groups held against each other, as the API shows them.

use async_graphql::SimpleObject;

use super::super as domain;
use crate::stats::effect::Size;

/// Two ends, at 95 %.
#[derive(SimpleObject)]
pub struct ComparedInterval {
    /// The lower end.
    low: f64,
    /// The upper end.
    high: f64,
}

/// A size with its interval at 95 %.
#[derive(SimpleObject)]
pub struct ComparedEffect {
    /// The size.
    value: f64,
    /// The lower end of the interval.
    low: f64,
    /// The upper end of the interval.
    high: f64,
}

/// A size, as the API shows it.
pub fn size(size: Size) -> ComparedEffect {
    ComparedEffect { value: size.value, low: size.low, high: size.high }
}

/// Two groups: `right` less `left`, which are places in the list of groups. Whatever needs two values in each group is null where there are fewer.
#[derive(SimpleObject)]
pub struct ComparedPair {
    /// The place of the first group, from 0.
    left: usize,
    /// The place of the second group, from 0.
    right: usize,
    /// Welch's t-test.
    welch: Option<ComparedWelch>,
    /// The Mann-Whitney test.
    mann_whitney: Option<ComparedRanks>,
    /// Of the difference of means: BCa bootstrap, 2,000 draws.
    bootstrap: Option<ComparedInterval>,
    /// Cohen's d: the difference of means in standard deviations, pooled.
    cohens_d: Option<f64>,
    /// Hedges' g: Cohen's d without its bias in small samples.
    hedges_g: Option<ComparedEffect>,
    /// Cliff's delta: the share of pairs in which the right is greater less the share in which it is smaller.
    rank_biserial: Option<ComparedEffect>,
}

/// Welch's t-test of a difference of means.
#[derive(SimpleObject)]
pub struct ComparedWelch {
    /// The right mean less the left.
    difference: f64,
    /// Of the difference.
    interval: ComparedInterval,
    /// The statistic t.
    t: f64,
    /// Degrees of freedom (Welch and Satterthwaite).
    df: f64,
    /// Two-sided, 0 to 1.
    p: f64,
    /// Adjusted for all pairs (Holm).
    p_adjusted: Option<f64>,
}

/// The Mann-Whitney test.
#[derive(SimpleObject)]
pub struct ComparedRanks {
    /// Pairs in which the right value is the greater, ties half.
    u: f64,
    /// Two-sided, 0 to 1.
    p: f64,
    /// Adjusted for all pairs (Holm).
    p_adjusted: Option<f64>,
    /// Whether p is exact, and not by the normal distribution: without ties, and with at most 8 values in the smaller group.
    exact: bool,
}

/// Two groups, as the API shows them.
pub fn pair(pair: &domain::Pair) -> ComparedPair {
    ComparedPair {
        left: pair.left,
        right: pair.right,
        welch: pair.welch.map(|test| ComparedWelch {
            difference: test.difference,
            interval: ComparedInterval { low: test.low, high: test.high },
            t: test.t,
            df: test.df,
            p: test.p,
            p_adjusted: pair.welch_adjusted,
        }),
        mann_whitney: pair.ranks.map(|test| ComparedRanks { u: test.u, p: test.p, p_adjusted: pair.ranks_adjusted, exact: test.exact }),
        bootstrap: pair.bootstrap.map(|(low, high)| ComparedInterval { low, high }),
        cohens_d: pair.effect.map(|effect| effect.d),
        hedges_g: pair.effect.map(|effect| size(effect.g)),
        rank_biserial: pair.rank_biserial.map(size),
    }
}
