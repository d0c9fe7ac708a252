//! The normal distribution and Student's t.

use std::f64::consts::{PI, SQRT_2};

/// P(Z > z).
pub fn normal_above(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// P(Z <= z).
pub fn normal_below(z: f64) -> f64 {
    normal_above(-z)
}

/// The z with P(Z <= z) = p, 0 < p < 1.
pub fn normal_quantile(p: f64) -> f64 {
    // In the smaller tail, where nothing is lost.
    if p > 0.5 { root(0.0, 40.0, |z| normal_above(z) < 1.0 - p) } else { -root(0.0, 40.0, |z| normal_above(z) < p) }
}

/// P(|T| > |t|) with `df` > 0 degrees of freedom: I_x(df/2, 1/2) with x = df / (df + t²) (DLMF 8.17, Abramowitz and Stegun 26.7.1).
pub fn t_outside(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let square = t * t;
    beta_fraction(df / 2.0, 0.5, df / (df + square), square / (df + square))
}

/// The t > 0 with P(|T| > t) = `outside`.
pub fn t_quantile(outside: f64, df: f64) -> f64 {
    let mut high = 1.0;
    while t_outside(high, df) > outside && high < 1e300 {
        high *= 2.0;
    }
    root(0.0, high, |t| t_outside(t, df) < outside)
}

/// Where `beyond` begins to hold, by halving until no double lies between.
fn root(mut low: f64, mut high: f64, beyond: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if beyond(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// The regularised incomplete beta function I_x(a, b), with `y` = 1 - x given so that no digit is lost: the continued fraction of DLMF 8.17.22, evaluated by
/// Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_fraction(b, a, y, x);
    }
    let ln = |value: f64, rest: f64| if value > 0.5 { (-rest).ln_1p() } else { value.ln() };
    let front = (a * ln(x, y) + b * ln(y, x) - ln_beta(a, b)).exp() / a;
    let tiny = 1e-300;
    let away = |value: f64| if value.abs() < tiny { tiny } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let mut step = |numerator: f64| {
            d = 1.0 / away(1.0 + numerator * d);
            c = away(1.0 + numerator / c);
            fraction *= d * c;
            d * c
        };
        step(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
        let change = step(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)));
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// ln B(a, b). Where the larger is at least 10, the difference of its logarithms of gamma is taken apart by Stirling's formula, so that it keeps its digits.
fn ln_beta(a: f64, b: f64) -> f64 {
    let (large, small) = (a.max(b), a.min(b));
    if large < 10.0 {
        return libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    }
    let difference = -(large - 0.5) * (small / large).ln_1p() - small * (large + small).ln() + small;
    libm::lgamma(small) + difference + stirling_rest(large) - stirling_rest(large + small)
}

/// ln Γ(x) - ((x - ½) ln x - x + ½ ln 2π) for x >= 10 (DLMF 5.11.1).
fn stirling_rest(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0 - square * 691.0 / 360_360.0)))))
        / x
}

/// ln Γ(x + ½) - ln Γ(x), x > 0.
pub fn ln_gamma_half(x: f64) -> f64 {
    // B(x, ½) = Γ(x) Γ(½) / Γ(x + ½).
    0.5 * PI.ln() - ln_beta(x, 0.5)
}
