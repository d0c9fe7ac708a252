//! What a list of values amounts to.

/// Of finite values, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub count: usize,
    pub mean: f64,
    /// Of the sample (divided by n - 1); 0 for one value.
    pub sd: f64,
    pub low: f64,
    /// Quartiles by linear interpolation (Hyndman and Fan 1996, type 7: numpy's and R's own).
    pub first_quartile: f64,
    pub median: f64,
    pub third_quartile: f64,
    pub high: f64,
}

impl Summary {
    /// `None` of no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        Some(Self {
            count: sorted.len(),
            mean: mean(&sorted),
            sd: variance(&sorted).sqrt(),
            low,
            first_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            third_quartile: quantile(&sorted, 0.75),
            high,
        })
    }
}

/// The arithmetic mean: a running one, which does not overflow where the sum would.
pub fn mean(values: &[f64]) -> f64 {
    let scale = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return 0.0;
    }
    let rough = values.iter().map(|value| value / scale).sum::<f64>() / values.len() as f64;
    // What rounding took away comes back.
    let rest = values.iter().map(|value| value / scale - rough).sum::<f64>() / values.len() as f64;
    (rough + rest) * scale
}

/// The variance of the sample (divided by n - 1); 0 for fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 || values.iter().all(|value| *value == values[0]) {
        return 0.0;
    }
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// A quantile of sorted values by linear interpolation, 0 <= `part` <= 1.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let weight = place - below as f64;
    sorted[below] * (1.0 - weight) + sorted[above] * weight
}

/// Ranks from 1, ties with the mean of theirs, and of each tie the number of its values.
pub fn ranks(values: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut ties, mut from) = (vec![0.0; values.len()], Vec::new(), 0);
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && values[order[to]] == values[order[from]] {
            to += 1;
        }
        let rank = (from + to + 1) as f64 / 2.0;
        order[from..to].iter().for_each(|at| ranks[*at] = rank);
        ties.push(to - from);
        from = to;
    }
    (ranks, ties)
}
