//! Fewer points that draw the same line.
//!
//! Min-max aggregation: a series is cut into buckets of equally many points, and of each the point with the least and the one with the greatest value
//! are kept, besides the first and the last of the series. With two buckets a pixel column the drawn line covers the same pixels (Jugel et al., "M4: A
//! Visualization-Oriented Time Series Data Aggregation", VLDB 2014; Van Der Donckt et al., "MinMaxLTTB", IEEE VIS 2023).

use super::model::Point;

/// At most `limit` (at least 4) of `points`, in their order. A NaN is a gap in the line: of each bucket that has any, the first one is kept too.
pub fn downsample(points: &[Point], limit: usize) -> Vec<Point> {
    let limit = limit.max(4);
    let (Some((first, _)), Some((last, _))) = (points.split_first(), points.split_last()) else { return Vec::new() };
    if points.len() <= limit {
        return points.to_vec();
    }
    let inner = &points[1..points.len() - 1];
    let a_bucket = if inner.iter().any(|point| point.value.is_nan()) { 3 } else { 2 };
    let buckets = ((limit - 2) / a_bucket).max(1);
    let mut kept = Vec::with_capacity(limit);
    kept.push(*first);
    for bucket in 0..buckets {
        let range = bucket * inner.len() / buckets..(bucket + 1) * inner.len() / buckets;
        keep_extremes(&inner[range], a_bucket, limit - 1, &mut kept);
    }
    kept.push(*last);
    kept
}

fn keep_extremes(bucket: &[Point], most: usize, limit: usize, kept: &mut Vec<Point>) {
    let numbers = || bucket.iter().enumerate().filter(|(_, point)| !point.value.is_nan());
    let least = numbers().min_by(|a, b| a.1.value.total_cmp(&b.1.value)).map(|(place, _)| place);
    let greatest = numbers().max_by(|a, b| a.1.value.total_cmp(&b.1.value)).map(|(place, _)| place);
    let gap = bucket.iter().position(|point| point.value.is_nan());
    // Where room is short the extremes stay and the gap goes.
    let mut places: Vec<usize> = [least, greatest, gap].into_iter().flatten().take(most.min(limit - kept.len())).collect();
    places.sort_unstable();
    places.dedup();
    kept.extend(places.into_iter().map(|place| bucket[place]));
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
