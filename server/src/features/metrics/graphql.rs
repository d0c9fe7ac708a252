//! Metrics in the API. They hang on runs.

use async_graphql::{Context, InputValueError, InputValueResult, Object, Result, Scalar, ScalarType, Value};
use chrono::{DateTime, Utc};
use shared::ids::RunId;

use super::{Drawing, Latest, Series};
use crate::{fault::Fault, graphql::scope};

/// A JSON number, or `"NaN"`, `"Infinity"` or `"-Infinity"`.
pub struct MetricValue(pub f64);

/// A value of a metric: a JSON number, or `"NaN"`, `"Infinity"` or `"-Infinity"`.
#[Scalar]
impl ScalarType for MetricValue {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number.as_f64().map(Self).ok_or_else(|| InputValueError::custom("not a number")),
            Value::String(text) => match text.as_str() {
                "NaN" => Ok(Self(f64::NAN)),
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(InputValueError::custom("not a number")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        match async_graphql::Number::from_f64(self.0) {
            Some(number) => Value::Number(number),
            None if self.0.is_nan() => Value::String("NaN".into()),
            None if self.0 > 0.0 => Value::String("Infinity".into()),
            None => Value::String("-Infinity".into()),
        }
    }
}

/// The time of client milliseconds; what no calendar holds shows as the nearest it does.
pub fn time(ms: i64) -> DateTime<Utc> {
    // RFC 3339 has four digits for the year.
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;
    DateTime::from_timestamp_millis(ms.clamp(FIRST, LAST)).unwrap_or_default()
}

/// The latest value of a metric and what its series spans.
pub struct Metric(pub Latest);

/// The latest value of a metric of a run, and what its series spans.
#[Object]
impl Metric {
    /// The metric's name.
    async fn key(&self) -> &str {
        &self.0.key
    }
    /// The value with the greatest step, then time, then value.
    async fn value(&self) -> MetricValue {
        MetricValue(self.0.point.value)
    }
    /// The step of the latest point; may be negative.
    async fn step(&self) -> i64 {
        self.0.point.step
    }
    /// The time that the client gave the latest point.
    async fn at(&self) -> DateTime<Utc> {
        time(self.0.point.at_ms)
    }
    /// The least value; null while every value is NaN.
    async fn low(&self) -> Option<MetricValue> {
        self.0.low.map(MetricValue)
    }
    /// The greatest value; null while every value is NaN.
    async fn high(&self) -> Option<MetricValue> {
        self.0.high.map(MetricValue)
    }
    /// Points received.
    async fn count(&self) -> i64 {
        self.0.count
    }
}

/// A series, by step, with few enough points to draw.
pub struct MetricSeries(pub Series);

/// Points of a metric. The lists are of one length, a place a point, by step.
#[Object]
impl MetricSeries {
    /// The metric's name.
    async fn key(&self) -> &str {
        &self.0.key
    }
    /// Points in the range, before sampling.
    async fn total(&self) -> usize {
        self.0.total
    }
    /// Whether points were left out. The least and the greatest value of every stretch are kept.
    async fn sampled(&self) -> bool {
        self.0.points.len() < self.0.total
    }
    /// The steps; may be negative.
    async fn steps(&self) -> Vec<i64> {
        self.0.points.iter().map(|point| point.step).collect()
    }
    /// Milliseconds since the epoch.
    async fn times(&self) -> Vec<f64> {
        self.0.points.iter().map(|point| point.at_ms as f64).collect()
    }
    /// The values as they were logged.
    async fn values(&self) -> Vec<MetricValue> {
        self.0.points.iter().map(|point| MetricValue(point.value)).collect()
    }
    /// Of each point its value in the smoothed series; empty without a smoothing.
    async fn smoothed(&self) -> Vec<MetricValue> {
        self.0.smoothed.iter().copied().map(MetricValue).collect()
    }
}

/// Series of a run for a chart.
///
/// # Errors
/// `Invalid` naming `points`, `smoothing` or `keys`; `Forbidden`.
pub async fn series_of_run(
    ctx: &Context<'_>,
    run: RunId,
    keys: &[String],
    (points, smoothing): (i32, f64),
    steps: (Option<i64>, Option<i64>),
) -> Result<Vec<MetricSeries>> {
    let most = shared::limits::SERIES_POINTS_MAX;
    let limit = usize::try_from(points)
        .ok()
        .filter(|points| (4..=most).contains(points))
        .ok_or_else(|| Fault::invalid("points", format!("Ask for 4 to {most} points.")))?;
    if !(0.0..=0.99).contains(&smoothing) {
        return Err(Fault::invalid("smoothing", "A smoothing is between 0 and 0.99.").into());
    }
    if keys.len() > 100 {
        return Err(Fault::invalid("keys", "Ask for at most 100 series.").into());
    }
    let steps = (steps.0.unwrap_or(i64::MIN), steps.1.unwrap_or(i64::MAX));
    let list = super::sample(scope(ctx)?.grant()?, run, keys, Drawing { points: limit, smoothing, steps }).await?;
    Ok(list.into_iter().map(MetricSeries).collect())
}
