//! Statistics: pure functions of numbers, no input or output.
//!
//! What must stay true: the same values always give the same answer (what is drawn at random has a fixed seed); values are finite, callers leave out what is
//! not; each function names the source of its formula; `golden.json`, which `golden.py` makes with scipy, holds what they have to answer to 1e-9.

pub mod bootstrap;
pub mod effect;
pub mod forest;
#[cfg(test)]
mod golden;
mod random;
pub mod summary;
pub mod tests_of_two;

mod distribution;

/// The level that intervals are given at.
pub const LEVEL: f64 = 0.95;

/// Holm's step-down adjustment of p-values of one family (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Statistics 6, 1979): the
/// chance of one false alarm among all of them is at most the level. In the order given, each between 0 and 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(p[at] * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}
