//! The answers of scipy, read from `golden.json`. `golden.py` says how they were made.

use serde::Deserialize;

use super::{bootstrap, effect, holm, summary::Summary, tests_of_two};

#[derive(Deserialize)]
struct Golden {
    made_with: String,
    cases: Vec<Case>,
    holm: Vec<Family>,
    bootstrap: Vec<Draws>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    /// count, mean, sd, min, quartiles and max of `a`.
    summary: [f64; 8],
    /// t, df, p and the interval.
    welch: [f64; 5],
    /// U and p.
    mann_whitney: [f64; 2],
    /// d, g and the interval of g.
    hedges: [f64; 4],
    /// The rank-biserial correlation and its interval.
    rank_biserial: [f64; 3],
}

#[derive(Deserialize)]
struct Family {
    p: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Draws {
    a: Vec<f64>,
    b: Vec<f64>,
    draws: Vec<f64>,
    interval: [f64; 2],
}

/// To 1e-9 of the value, or of 1 where the value is a sum of larger ones that take each other away. A p-value has to be right in its own size.
fn close(ours: &[f64], theirs: &[f64], what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let most = 1e-9 * theirs.abs().max(if what.ends_with('p') { 0.0 } else { 1e-3 });
        assert!((ours - theirs).abs() <= most, "{what} [{at}]: {ours} instead of {theirs}");
    }
}

#[test]
fn c5_3a_statistics_agree_with_scipy() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).expect("the table");
    assert!(golden.made_with.starts_with("scipy ") && golden.cases.len() >= 20, "{}", golden.made_with);
    for Case { name, a, b, summary, welch, mann_whitney, hedges, rank_biserial } in golden.cases {
        let all = Summary::of(&a).expect("values");
        let all = [all.count as f64, all.mean, all.sd, all.low, all.first_quartile, all.median, all.third_quartile, all.high];
        close(&all, &summary, &format!("{name} summary"));
        let test = tests_of_two::welch(&a, &b).expect("spread");
        close(&[test.t, test.df, test.low, test.high], &[welch[0], welch[1], welch[3], welch[4]], &format!("{name} welch"));
        close(&[test.p], &[welch[2]], &format!("{name} welch p"));
        let test = tests_of_two::mann_whitney(&a, &b).expect("values");
        close(&[test.u], &[mann_whitney[0]], &format!("{name} u"));
        close(&[test.p], &[mann_whitney[1]], &format!("{name} u p"));
        let size = effect::standardized(&a, &b).expect("spread");
        close(&[size.d, size.g.value, size.g.low, size.g.high], &hedges, &format!("{name} hedges"));
        let size = effect::rank_biserial(&a, &b).expect("values");
        close(&[size.value, size.low, size.high], &rank_biserial, &format!("{name} rank-biserial"));
    }
    for Family { p, adjusted } in golden.holm {
        close(&holm(&p), &adjusted, "holm p");
    }
    for Draws { a, b, draws, interval } in golden.bootstrap {
        let (low, high) = bootstrap::bca(&a, &b, draws).expect("an interval");
        close(&[low, high], &interval, "bca");
    }
}

#[test]
fn c5_3a_too_little_is_no_test() {
    assert_eq!(tests_of_two::welch(&[1.0], &[1.0, 2.0]), None);
    assert_eq!(tests_of_two::welch(&[1.0, 1.0], &[2.0, 2.0]), None);
    assert_eq!(tests_of_two::mann_whitney(&[], &[1.0]), None);
    assert_eq!(tests_of_two::mann_whitney(&[1.0; 9], &[1.0; 9]), None);
    assert_eq!(effect::standardized(&[1.0, 1.0], &[2.0, 2.0]), None);
    assert_eq!(bootstrap::difference_of_means(&[1.0, 1.0], &[1.0, 1.0]), None);
    assert_eq!(Summary::of(&[]), None);
    assert!(holm(&[]).is_empty());
}

#[test]
fn c5_3a_a_bootstrap_holds_the_difference_and_is_the_same_each_time() {
    let a: Vec<f64> = (0..40).map(|at| f64::from(at % 7) + 3.0).collect();
    let b: Vec<f64> = (0..25).map(|at| f64::from(at % 5)).collect();
    let (low, high) = bootstrap::difference_of_means(&a, &b).expect("an interval");
    let welch = tests_of_two::welch(&a, &b).expect("spread");
    assert!(low < welch.difference && welch.difference < high && (low - welch.low).abs() < 0.3 && (high - welch.high).abs() < 0.3);
    assert_eq!(bootstrap::difference_of_means(&a, &b), Some((low, high)));
}
