//! The table of metrics with all digits, a row a metric and group (RFC 4180).

use shared::{
    comparison::Better,
    csv::{quoted, record},
};

use crate::features::comparison::Comparison;

const HEAD: [&str; 19] = [
    "metric",
    "better",
    "group",
    "runs",
    "n",
    "mean",
    "sd",
    "low",
    "q1",
    "median",
    "q3",
    "high",
    "difference",
    "relative",
    "p_welch",
    "p_holm",
    "hedges_g",
    "g_low",
    "g_high",
];

pub fn write(comparison: &Comparison) -> String {
    let mut out = String::new();
    record(&mut out, HEAD.map(str::to_owned).into_iter());
    for row in &comparison.metrics {
        for (group, cell) in comparison.groups.iter().zip(&row.cells) {
            let Some(own) = &cell.summary else { continue };
            let better = match row.better {
                Some(Better::Higher) => "higher",
                Some(Better::Lower) => "lower",
                None => "",
            };
            let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let difference = cell.difference;
            let size = difference.and_then(|one| one.size);
            let numbers = [own.mean, own.sd, own.low, own.first_quartile, own.median, own.third_quartile, own.high].map(|value| value.to_string());
            let [mean, sd, low, q1, median, q3, high] = numbers;
            record(
                &mut out,
                [
                    row.key.clone(),
                    better.into(),
                    group.name.clone(),
                    group.runs.to_string(),
                    own.count.to_string(),
                    mean,
                    sd,
                    low,
                    q1,
                    median,
                    q3,
                    high,
                    optional(difference.map(|one| one.mean)),
                    optional(difference.and_then(|one| one.relative)),
                    optional(difference.and_then(|one| one.p)),
                    optional(difference.and_then(|one| one.adjusted)),
                    optional(size.map(|size| size.value)),
                    optional(size.map(|size| size.low)),
                    optional(size.map(|size| size.high)),
                ]
                .map(|cell| quoted(&cell))
                .into_iter(),
            );
        }
    }
    out
}
