//! Fewer points that draw the same line.
//!
//! Min-max aggregation: a series is cut into buckets of equally many points, and of each the point with the least and the one with the greatest value
//! are kept, besides the first and the last of the series. With two buckets a pixel column the drawn line covers the same pixels (Jugel et al., "M4: A
//! Visualization-Oriented Time Series Data Aggregation", VLDB 2014; Van Der Donckt et al., "MinMaxLTTB", IEEE VIS 2023).

use super::model::Point;

/// At most `limit` (at least 4) of `points`, in their order. A NaN is a gap in the line: of each bucket that has any, the first one is kept too.
pub fn downsample(points: &[Point], limit: usize) -> Vec<Point> {
    kept(points, limit).into_iter().map(|place| points[place]).collect()
}

/// The places of the points that [`downsample`] keeps.
pub fn kept(points: &[Point], limit: usize) -> Vec<usize> {
    let limit = limit.max(4);
    if points.len() <= limit {
        return (0..points.len()).collect();
    }
    let inner = &points[1..points.len() - 1];
    let a_bucket = if inner.iter().any(|point| point.value.is_nan()) { 3 } else { 2 };
    let buckets = ((limit - 2) / a_bucket).max(1);
    let mut kept = Vec::with_capacity(limit);
    kept.push(0);
    for bucket in 0..buckets {
        let (from, to) = (bucket * inner.len() / buckets, (bucket + 1) * inner.len() / buckets);
        let room = a_bucket.min(limit - 1 - kept.len());
        kept.extend(extremes(&inner[from..to], room).into_iter().map(|place| 1 + from + place));
    }
    kept.push(points.len() - 1);
    kept
}

/// At most `most` places of a bucket: the least, the greatest, and the first gap.
fn extremes(bucket: &[Point], most: usize) -> Vec<usize> {
    let numbers = || bucket.iter().enumerate().filter(|(_, point)| !point.value.is_nan());
    let least = numbers().min_by(|a, b| a.1.value.total_cmp(&b.1.value)).map(|(place, _)| place);
    let greatest = numbers().max_by(|a, b| a.1.value.total_cmp(&b.1.value)).map(|(place, _)| place);
    let gap = bucket.iter().position(|point| point.value.is_nan());
    // Where room is short the extremes stay and the gap goes.
    let mut places: Vec<usize> = [least, greatest, gap].into_iter().flatten().take(most).collect();
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Vec<Point> {
        values.into_iter().enumerate().map(|(step, value)| Point { step: step as i64, at_ms: 0, value }).collect()
    }

    #[test]
    fn short_series_stay_whole() {
        let points = series([1.0, 2.0, 3.0]);
        assert_eq!(downsample(&points, 4), points);
        assert!(downsample(&[], 100).is_empty());
    }

    #[test]
    fn a_spike_and_a_gap_stay_visible() {
        let mut values = vec![0.5; 10_000];
        values[4_321] = 99.0;
        values[6_789] = f64::NAN;
        values[7_000] = f64::NEG_INFINITY;
        let kept = downsample(&series(values), 600);
        assert!(kept.len() <= 600 && kept.len() > 300);
        assert!(
            kept.iter().any(|point| point.value == 99.0)
                && kept.iter().any(|point| point.value.is_nan())
                && kept.iter().any(|point| point.value == f64::NEG_INFINITY)
        );
        assert_eq!((kept[0].step, kept[kept.len() - 1].step), (0, 9_999));
    }

    proptest! {
        #[test]
        fn extremes_order_and_size_hold(values in prop::collection::vec(prop_oneof![5 => -1e3..1e3_f64, 1 => Just(f64::NAN)], 1..500), limit in 4_usize..60) {
            let points = series(values);
            let kept = downsample(&points, limit);
            prop_assert!(kept.len() <= limit.max(4));
            prop_assert!(kept.windows(2).all(|pair| pair[0].step < pair[1].step));
            let high = |points: &[Point]| points.iter().map(|point| point.value).filter(|value| !value.is_nan()).fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(high(&points), high(&kept));
        }
    }
}
