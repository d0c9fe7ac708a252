//! What can be wrong with a metric.

use crate::fault::Fault;

/// The messages are those the MLflow protocol uses where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    #[error("{0}")]
    Key(String),
    #[error("Invalid value {0} for parameter 'timestamp' supplied: the timestamp of metric '{1}' must be a non-negative integer of milliseconds.")]
    Timestamp(i64, String),
}

impl From<MetricError> for Fault {
    fn from(error: MetricError) -> Self {
        Fault::invalid("metrics", error.to_string())
    }
}

impl From<super::codec::Corrupt> for Fault {
    fn from(error: super::codec::Corrupt) -> Self {
        Fault::internal(error)
    }
}
