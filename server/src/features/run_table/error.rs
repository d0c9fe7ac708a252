//! What can be wrong with the table that was asked for.

use shared::ErrorCode;

use super::{
    groups::{BY_MAX, NUMBERS_MAX},
    model::{COLUMNS_MAX, EXPERIMENTS_MAX},
};
use crate::fault::Fault;

/// The message is public and says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("'{0}' is no column. Name an attribute ({1}), or metrics.<key>, params.<key>, tags.<key>.")]
    Column(String, String),
    #[error("'{0}' is not text: only params and tags are read AS NUMBER.")]
    NotText(String),
    #[error("The column '{0}' is named twice.")]
    Twice(String),
    #[error("A table has at most {COLUMNS_MAX} columns.")]
    TooManyColumns,
    #[error("Name 1 to {EXPERIMENTS_MAX} experiments.")]
    Experiments,
    #[error("No Experiment with id={0} exists")]
    NoExperiment(String),
    #[error("Group by 1 to {BY_MAX} columns: attributes, params or tags.")]
    By,
    #[error("Summed up are at most {NUMBERS_MAX} columns of numbers, by columns that are no metrics.")]
    Numbers,
    #[error("A table is read as csv, parquet or arrow, not as '{0}'.")]
    Format(String),
}

impl From<TableError> for Fault {
    fn from(error: TableError) -> Self {
        use TableError as E;
        let message = error.to_string();
        match error {
            E::Column(..) | E::NotText(_) | E::Twice(_) => Fault::invalid("columns", message),
            E::TooManyColumns => Fault::new(ErrorCode::LimitExceeded, message),
            E::By => Fault::invalid("by", message),
            E::Numbers => Fault::invalid("numbers", message),
            E::Experiments => Fault::invalid("experiments", message),
            E::NoExperiment(id) => Fault::missing("experiment", format!("exp_{id}"), message),
            E::Format(_) => Fault::new(ErrorCode::NotFound, message),
        }
    }
}
