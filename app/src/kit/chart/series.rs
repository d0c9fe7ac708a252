use leptos::prelude::*;

use super::Threshold;

/// The values of one metric of one run, in the order of their steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// Its colour, 1 to 6, the same wherever it is shown.
    pub colour: u8,
    /// Steps, ascending.
    pub steps: Vec<i64>,
    /// Milliseconds since 1970, one for each step.
    pub times: Vec<f64>,
    /// Values, one for each step; what is not finite becomes a gap.
    pub values: Vec<f64>,
    /// Values that were smoothed before the series was thinned, one for each step, and by which weight of the past. With another weight the values that
    /// are here are smoothed meanwhile.
    pub smoothed: Option<(f64, Vec<f64>)>,
    /// How many points the server holds.
    pub total: usize,
    /// Whether these are fewer than it holds.
    pub sampled: bool,
}

/// Something said about one step of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub step: i64,
    /// Who said what, for hover and for who reads with their ears.
    pub words: String,
    /// Where it can be read whole.
    pub href: String,
}

/// Where a step stands on x; by time, where the point nearest to it does. `None` without points.
pub(super) fn place(series: &[Series], step: i64, by_time: bool) -> Option<f64> {
    if !by_time {
        return series.iter().any(|series| !series.steps.is_empty()).then_some(step as f64);
    }
    let origin = series.iter().flat_map(|series| series.times.iter().copied()).fold(f64::INFINITY, f64::min);
    let points = series.iter().flat_map(|series| series.steps.iter().zip(&series.times));
    points.min_by_key(|(own, _)| own.abs_diff(step)).map(|(_, time)| time - origin)
}

/// The step nearest to an x; without one, the last.
pub(super) fn step_at(series: &[Series], x: Option<f64>, by_time: bool) -> Option<i64> {
    let origin = series.iter().flat_map(|series| series.times.iter().copied()).fold(f64::INFINITY, f64::min);
    let points = series.iter().flat_map(|series| series.steps.iter().zip(&series.times));
    match x {
        None => points.map(|(step, _)| *step).max(),
        Some(x) => {
            let away = |step: i64, time: f64| (if by_time { time - origin } else { step as f64 } - x).abs();
            points.min_by(|a, b| away(*a.0, *a.1).total_cmp(&away(*b.0, *b.1))).map(|(step, _)| *step)
        }
    }
}

/// What charts of a page share. `Copy`: hand the same to all of them and to the controls.
#[derive(Clone, Copy)]
pub struct ChartOptions {
    /// Weight of the past in the smoothed line, 0 (raw) to 0.99.
    pub smoothing: RwSignal<f64>,
    /// Whether the values stand on a logarithmic scale.
    pub log: RwSignal<bool>,
    /// Whether x is the time since the first point instead of the step.
    pub by_time: RwSignal<bool>,
    /// The part of x that is shown, in steps or milliseconds; `None` shows all.
    pub range: RwSignal<Option<(f64, f64)>>,
    /// Where the crosshair stands on x.
    pub cursor: RwSignal<Option<f64>>,
    /// What they are held against.
    pub thresholds: RwSignal<Vec<Threshold>>,
}

impl ChartOptions {
    /// Raw values, linear, by step, everything shown, held against nothing.
    pub fn new() -> Self {
        Self {
            smoothing: RwSignal::new(0.0),
            log: RwSignal::new(false),
            by_time: RwSignal::new(false),
            range: RwSignal::new(None),
            cursor: RwSignal::new(None),
            thresholds: RwSignal::new(Vec::new()),
        }
    }

    /// What the chart of a title is held against; tracks.
    pub fn held(self, chart: &str) -> Vec<Threshold> {
        self.thresholds.with(|all| all.iter().filter(|threshold| threshold.chart == chart).cloned().collect())
    }
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// One line on the plane: x ascending, y as logged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub name: String,
    pub colour: u8,
    pub xs: Vec<f64>,
    pub raw: Vec<f64>,
    pub smooth: Vec<f64>,
}

impl Line {
    /// Puts a series on the plane; `origin` is the time that counts as 0.
    pub fn of(series: &Series, by_time: bool, origin: f64, smoothing: f64) -> Self {
        let xs: Vec<f64> =
            if by_time { series.times.iter().map(|time| time - origin).collect() } else { series.steps.iter().map(|step| *step as f64).collect() };
        let mut order: Vec<usize> = (0..xs.len().min(series.values.len())).collect();
        order.sort_by(|a, b| xs[*a].total_cmp(&xs[*b]));
        let raw: Vec<f64> = order.iter().map(|at| series.values[*at]).collect();
        let made = series.smoothed.as_ref().filter(|(weight, values)| *weight == smoothing && values.len() >= series.values.len());
        let smooth = match made {
            Some((_, values)) => order.iter().map(|at| values[*at]).collect(),
            None => smoothed(&raw, smoothing),
        };
        Self { name: series.name.clone(), colour: series.colour, xs: order.iter().map(|at| xs[*at]).collect(), raw, smooth }
    }

    /// The place of the point nearest to an x.
    pub fn nearest(&self, x: f64) -> Option<usize> {
        let after = self.xs.partition_point(|own| *own < x);
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter(|at| *at < self.xs.len())
            .min_by(|a, b| (self.xs[*a] - x).abs().total_cmp(&(self.xs[*b] - x).abs()))
    }
}

/// Exponential moving average with the bias of its start taken out (as in Adam: divided by
/// `1 - weight^n`). What is not finite stays as it is and does not count.
fn smoothed(values: &[f64], weight: f64) -> Vec<f64> {
    if weight <= 0.0 {
        return values.to_vec();
    }
    let (mut mean, mut counted) = (0.0, 0.0_f64);
    values
        .iter()
        .map(|value| {
            if !value.is_finite() {
                return *value;
            }
            counted += 1.0;
            mean = mean * weight + (1.0 - weight) * value;
            mean / (1.0 - weight.powf(counted))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_leaves_gaps() {
        let smooth = smoothed(&[2.0, 2.0, f64::NAN, 4.0], 0.5);
        assert_eq!(&smooth[..2], [2.0, 2.0]);
        assert!(smooth[2].is_nan() && smooth[3] > 2.0 && smooth[3] < 4.0);
        assert_eq!(smoothed(&[1.0, 5.0], 0.0), [1.0, 5.0]);
    }

    #[test]
    fn what_was_smoothed_before_it_was_thinned_is_drawn_as_it_is() {
        let series =
            Series { steps: vec![0, 9], times: vec![2.0, 1.0], values: vec![1.0, -1.0], smoothed: Some((0.9, vec![0.1, 0.2])), ..Default::default() };
        assert_eq!(Line::of(&series, false, 0.0, 0.9).smooth, [0.1, 0.2]);
        assert_eq!(Line::of(&series, true, 0.0, 0.9).smooth, [0.2, 0.1], "by time");
        assert_ne!(Line::of(&series, false, 0.0, 0.5).smooth, [0.1, 0.2], "another weight");
    }

    #[test]
    fn a_mark_stands_at_its_step_whatever_x_is() {
        let series = [Series { steps: vec![0, 10, 20], times: vec![100.0, 300.0, 400.0], values: vec![1.0, 2.0, 3.0], ..Default::default() }];
        assert_eq!([place(&series, 11, false), place(&series, 11, true), place(&[], 1, false)], [Some(11.0), Some(200.0), None]);
        assert_eq!(
            [step_at(&series, None, false), step_at(&series, Some(14.0), false), step_at(&series, Some(190.0), true)],
            [Some(20), Some(10), Some(10)]
        );
    }

    #[test]
    fn the_nearest_point_is_found() {
        let series = Series { steps: vec![0, 10, 20], times: vec![5.0, 3.0, 4.0], values: vec![1.0, 2.0, 3.0], ..Default::default() };
        let line = Line::of(&series, false, 0.0, 0.0);
        assert_eq!([-5.0, 4.0, 16.0, 99.0].map(|x| line.nearest(x)), [Some(0), Some(0), Some(2), Some(2)]);
        assert_eq!(Line::of(&series, true, 3.0, 0.0).raw, [2.0, 3.0, 1.0]);
        assert_eq!(Line::of(&Series::default(), false, 0.0, 0.0).nearest(1.0), None);
    }
}
