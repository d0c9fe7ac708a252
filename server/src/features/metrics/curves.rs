//! One metric of many runs, for lines over each other.

use std::collections::HashMap;

use shared::ids::RunId;

use super::{Point, ReadMetrics, Series, downsample::downsample, service};
use crate::{access::Grant, fault::Fault};

/// How lines are to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// Points of each line at the most.
    pub points: usize,
    /// Weight of the past, 0 (as logged) to 0.99: an exponential moving average with the bias of its start taken out.
    pub smoothing: f64,
    /// The first and the last step.
    pub steps: (i64, i64),
}

impl Drawing {
    /// Keeps the points that are to be drawn.
    pub(super) fn cut(&self, points: &mut Vec<Point>) {
        points.retain(|point| (self.steps.0..=self.steps.1).contains(&point.step));
    }
}

/// The series of a key of several runs, smoothed at full resolution and only then cut and thinned: thinned first, a smooth line would be one of its spikes. A run
/// without the key is left out. One statement.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn curves(grant: Grant<'_, ReadMetrics>, runs: &[RunId], key: &str, drawing: Drawing) -> Result<HashMap<RunId, Series>, Fault> {
    let drawn = service::of_key(grant.read().await?, runs, key).await?.into_iter().map(|(run, mut points)| {
        smooth(&mut points, drawing.smoothing);
        drawing.cut(&mut points);
        (run, Series { key: key.to_owned(), total: points.len(), points: downsample(&points, drawing.points), smoothed: Vec::new() })
    });
    Ok(drawn.collect())
}

/// What is not finite stays as it is and does not count (Kingma and Ba, "Adam", 2015, section 3, for the correction by 1 - weight^n).
pub(super) fn smooth(points: &mut [Point], weight: f64) {
    if weight <= 0.0 {
        return;
    }
    let (mut mean, mut left) = (0.0, 1.0);
    for point in points.iter_mut().filter(|point| point.value.is_finite()) {
        mean = mean * weight + (1.0 - weight) * point.value;
        left *= weight;
        point.value = mean / (1.0 - left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_3b_smoothing_comes_before_thinning() {
        let mut points: Vec<Point> = (0..10_000).map(|step| Point { step, at_ms: 0, value: if step % 2 == 0 { 1.0 } else { -1.0 } }).collect();
        smooth(&mut points, 0.99);
        let drawn = downsample(&points, 100);
        assert!(drawn.iter().skip(20).all(|point| point.value.abs() < 0.02), "the line is smooth, not its spikes");
        let mut gap = [1.0, f64::NAN, 3.0].map(|value| Point { step: 0, at_ms: 0, value });
        smooth(&mut gap, 0.5);
        assert!(gap[0].value == 1.0 && gap[1].value.is_nan() && (gap[2].value - 7.0 / 3.0).abs() < 1e-12);
    }
}
