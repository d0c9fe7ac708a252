//! Points, series and their rules.

use std::cmp::Ordering;

use shared::key::check_key;

use super::error::MetricError;

/// One measurement of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The client's step; any 64-bit integer.
    pub step: i64,
    /// The client's time, milliseconds since the epoch.
    pub at_ms: i64,
    /// Kept bit by bit, NaN and infinities too.
    pub value: f64,
}

/// Orders values as Postgres does: NaN equals itself and is greater than everything; -0.0 equals 0.0.
pub fn compare_values(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl Point {
    /// The order of stored series, total: step, time, value; bits tell apart what compares equal.
    pub fn by_step(&self, other: &Self) -> Ordering {
        (self.step, self.at_ms)
            .cmp(&(other.step, other.at_ms))
            .then_with(|| compare_values(self.value, other.value))
            .then_with(|| self.value.to_bits().cmp(&other.value.to_bits()))
    }

    /// The order of the MLflow protocol's histories: time, step, value.
    pub fn by_time(&self, other: &Self) -> Ordering {
        (self.at_ms, self.step)
            .cmp(&(other.at_ms, other.step))
            .then_with(|| compare_values(self.value, other.value))
            .then_with(|| self.value.to_bits().cmp(&other.value.to_bits()))
    }

    /// Whether the other is an exact duplicate, which is kept once.
    pub fn same(&self, other: &Self) -> bool {
        self.step == other.step && self.at_ms == other.at_ms && self.value.to_bits() == other.value.to_bits()
    }
}

/// Sorts by step and drops exact duplicates.
pub fn tidy(points: &mut Vec<Point>) {
    points.sort_unstable_by(Point::by_step);
    points.dedup_by(|a, b| a.same(b));
}

/// A point with its key, as a client sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    pub key: String,
    pub point: Point,
}

impl Measurement {
    /// Checks what needs no database. Every value and step is allowed.
    ///
    /// # Errors
    /// [`MetricError`] for a key that breaks a rule or a time before the epoch.
    pub fn check(&self) -> Result<(), MetricError> {
        check_key(&self.key).map_err(|refused| MetricError::Key(refused.0))?;
        if self.point.at_ms < 0 {
            return Err(MetricError::Timestamp(self.point.at_ms, self.key.clone()));
        }
        Ok(())
    }
}

/// What is known of a key without reading its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    pub key: String,
    /// The point with the greatest (step, time, value).
    pub point: Point,
    /// Points received, exact duplicates included.
    pub count: i64,
    /// The least and greatest value; `None` while every value is NaN.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Latest {
    fn of(key: &str, point: Point) -> Self {
        let bound = (!point.value.is_nan()).then_some(point.value);
        Self { key: key.to_owned(), point, count: 1, low: bound, high: bound }
    }

    /// What a whole series says of its key; `None` for an empty one.
    pub fn of_series(key: &str, points: &[Point]) -> Option<Self> {
        let (first, rest) = points.split_first()?;
        let mut latest = Self::of(key, *first);
        rest.iter().for_each(|point| latest.merge_point(*point));
        Some(latest)
    }

    fn merge_point(&mut self, point: Point) {
        let bound = (!point.value.is_nan()).then_some(point.value);
        self.merge(&Self { key: String::new(), point, count: 1, low: bound, high: bound });
    }

    /// Takes in what is known of the same key from elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        let newer = (other.point.step, other.point.at_ms)
            .cmp(&(self.point.step, self.point.at_ms))
            .then_with(|| compare_values(other.point.value, self.point.value));
        if newer == Ordering::Greater {
            self.point = other.point;
        }
        self.low = [self.low, other.low].into_iter().flatten().reduce(f64::min);
        self.high = [self.high, other.high].into_iter().flatten().reduce(f64::max);
    }
}

/// Measurements grouped by key, in the order the keys first came, and what each group says of its key.
pub fn group(measurements: &[Measurement]) -> Vec<(Latest, Vec<Point>)> {
    let mut groups: Vec<(Latest, Vec<Point>)> = Vec::new();
    let mut places: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for Measurement { key, point } in measurements {
        match places.get(key.as_str()) {
            Some(place) => {
                groups[*place].0.merge_point(*point);
                groups[*place].1.push(*point);
            }
            None => {
                places.insert(key, groups.len());
                groups.push((Latest::of(key, *point), vec![*point]));
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: i64, at_ms: i64, value: f64) -> Measurement {
        Measurement { key: "k".into(), point: Point { step, at_ms, value } }
    }

    #[test]
    fn latest_is_the_greatest_step_then_time_then_value() {
        let groups = group(&[at(2, 5, 1.0), at(1, 9, 9.0), at(2, 6, 0.5), at(2, 6, 0.7), at(2, 6, -1.0)]);
        let latest = &groups[0].0;
        assert_eq!(latest.point, Point { step: 2, at_ms: 6, value: 0.7 });
        assert_eq!((latest.count, latest.low, latest.high), (5, Some(-1.0), Some(9.0)));
    }

    #[test]
    fn t48_nan_is_the_greatest_value_and_bounds_nothing() {
        let groups = group(&[at(0, 0, f64::NAN), at(0, 0, f64::INFINITY)]);
        assert!(groups[0].0.point.value.is_nan());
        assert_eq!((groups[0].0.low, groups[0].0.high), (Some(f64::INFINITY), Some(f64::INFINITY)));
        assert_eq!(group(&[at(i64::MIN, 0, f64::NAN)])[0].0.low, None);
    }

    #[test]
    fn exact_duplicates_are_kept_once() {
        let nan = |bits: u64| Point { step: 1, at_ms: 1, value: f64::from_bits(bits) };
        let mut points = vec![
            nan(0x7ff8_0000_0000_0001),
            at(1, 1, 0.0).point,
            at(1, 1, -0.0).point,
            nan(0x7ff8_0000_0000_0001),
            at(1, 1, 0.0).point,
            nan(0x7ff8_0000_0000_0002),
        ];
        tidy(&mut points);
        assert_eq!(points.len(), 4);
    }
}
