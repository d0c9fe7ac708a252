//! From values to places, and the round numbers on an axis.

use crate::kit::number;

/// An interval of values laid on 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    pub log: bool,
}

impl Scale {
    /// Holds the given finite values with a little air above and below. With `log` only values
    /// above 0 count.
    pub fn around(values: impl Iterator<Item = f64>, log: bool) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite() && (!log || *value > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return None;
        }
        let scale = if low == high {
            let air = if log { low * 0.5 } else { (low.abs() * 0.1).max(0.5) };
            Self { low: low - air, high: high + air, log }
        } else if log {
            let air = (high / low).powf(0.04);
            Self { low: low / air, high: high * air, log }
        } else {
            let air = (high - low) * 0.05;
            // A value that is never negative is not shown below 0.
            Self { low: if low >= 0.0 { (low - air).max(0.0) } else { low - air }, high: high + air, log }
        };
        (scale.low.is_finite() && scale.high.is_finite() && scale.high > scale.low).then_some(scale)
    }

    /// Where a value stands, 0 to 1 inside the interval.
    pub fn at(self, value: f64) -> f64 {
        if self.log { (value / self.low).ln() / (self.high / self.low).ln() } else { (value - self.low) / (self.high - self.low) }
    }

    /// The value at a place.
    pub fn value(self, at: f64) -> f64 {
        if self.log { self.low * (self.high / self.low).powf(at) } else { self.low + at * (self.high - self.low) }
    }

    /// About `count` round values inside the interval, with their words.
    pub fn ticks(self, count: usize) -> Vec<(f64, String)> {
        if self.log { self.powers() } else { self.rounds(count, &[1.0, 2.0, 2.5, 5.0]) }
    }

    /// Round numbers of whole steps.
    pub fn step_ticks(self, count: usize) -> Vec<(f64, String)> {
        self.every(round_step((self.high - self.low) / count as f64, &[1.0, 2.0, 5.0]).max(1.0))
    }

    /// Round lengths of time, from milliseconds.
    pub fn time_ticks(self, count: usize) -> Vec<(f64, String)> {
        const STEPS: [f64; 22] =
            [100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5];
        let wanted = (self.high - self.low) / count as f64;
        let step = STEPS.into_iter().find(|step| *step >= wanted).unwrap_or_else(|| (wanted / 864e5).ceil() * 864e5);
        self.places(step).map(|value| (value, span(value))).collect()
    }

    fn rounds(self, count: usize, nice: &[f64]) -> Vec<(f64, String)> {
        self.every(round_step((self.high - self.low) / count as f64, nice))
    }

    fn every(self, step: f64) -> Vec<(f64, String)> {
        let largest = self.low.abs().max(self.high.abs());
        let decimals = (-step.log10().floor()).max(0.0) as usize
            + usize::from(step.log10().floor() <= 0.0 && (step / 10f64.powf(step.log10().floor()) - 2.5).abs() < 1e-9);
        self.places(step)
            .map(|value| {
                let words = if largest >= 1e6 || decimals > 5 {
                    short(value)
                } else if decimals == 0 {
                    number::count(value.round() as i64)
                } else {
                    format!("{value:.decimals$}").replace('-', "\u{2212}")
                };
                (value, words)
            })
            .collect()
    }

    fn places(self, step: f64) -> impl Iterator<Item = f64> {
        let first = (self.low / step).ceil();
        let count = ((self.high / step).floor() - first).clamp(-1.0, 30.0) as i64;
        (0..=count).map(move |at| (first + at as f64) * step)
    }

    fn powers(self) -> Vec<(f64, String)> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades = (last - first).max(1);
        let within: &[f64] = match decades {
            1 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            2 | 3 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let every = (decades / 6).max(1);
        (first..=last)
            .filter(|power| power % every == 0)
            .flat_map(|power| within.iter().map(move |part| part * 10f64.powi(power)))
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| (value, short(value)))
            .collect()
    }
}

fn round_step(rough: f64, nice: &[f64]) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    nice.iter().copied().chain([10.0]).map(|part| part * power).find(|step| *step >= rough * 0.999).unwrap_or(power * 10.0)
}

/// Few characters for an axis: `1.2M`, `3e−5`.
fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1e15 || (size > 0.0 && size < 1e-3) => number::number(value),
        _ if size >= 1e9 => format!("{}G", number::number(value / 1e9)),
        _ if size >= 1e6 => format!("{}M", number::number(value / 1e6)),
        _ if size >= 1e4 => format!("{}k", number::number(value / 1e3)),
        _ => number::number(value),
    }
}

/// A length of time in one unit or two: `90 s`, `5 min`, `1h 30m`.
pub(super) fn span(ms: f64) -> String {
    let seconds = ms / 1000.0;
    match seconds.abs() {
        size if size < 120.0 => format!("{} s", number::number((seconds * 10.0).round() / 10.0)),
        size if size < 7200.0 && seconds % 60.0 == 0.0 => format!("{} min", number::number(seconds / 60.0)),
        _ => crate::kit::moment::duration(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        let scale = |low, high| Scale { low, high, log: false };
        assert_eq!(words(scale(0.0, 1.05).ticks(4)), ["0.0", "0.5", "1.0"]);
        assert_eq!(words(scale(0.0, 1.0).ticks(5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(words(scale(0.1, 0.9).ticks(4)), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(words(scale(0.1, 1.0).ticks(4)), ["0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(words(scale(0.0, 1000.0).step_ticks(4)), ["0", "500", "1\u{202F}000"]);
        assert_eq!(words(scale(0.0, 3.0).step_ticks(8)), ["0", "1", "2", "3"]);
        assert_eq!(words(scale(-3.0, 3.0).ticks(3)), ["\u{2212}2", "0", "2"]);
        assert_eq!(words(scale(0.0, 600_000.0).time_ticks(4)), ["0 s", "5 min", "10 min"]);
        assert_eq!(words(Scale { low: 1e-4, high: 10.0, log: true }.ticks(5)), ["0.0001", "0.001", "0.01", "0.1", "1", "10"]);
    }

    #[test]
    fn odd_values_still_have_a_scale() {
        assert_eq!(Scale::around([f64::NAN, f64::INFINITY].into_iter(), false), None);
        assert_eq!(Scale::around([-1.0, 0.0].into_iter(), true), None);
        let flat = Scale::around([3.0].into_iter(), false).expect("a scale");
        assert!(flat.low < 3.0 && flat.high > 3.0 && (flat.at(3.0) - 0.5).abs() < 1e-9);
        let log = Scale::around([1.0, 100.0].into_iter(), true).expect("a scale");
        assert!((log.value(log.at(10.0)) - 10.0).abs() < 1e-9);
        assert_eq!(Scale::around([f64::MIN, f64::MAX].into_iter(), false), None);
    }
}
