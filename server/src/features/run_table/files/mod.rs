//! The table as a file, written page by page: whatever its length, no more than a group of rows is in memory.

mod arrow;
mod csv;

use chrono::{DateTime, Utc};

use super::{Column, Row, TableError};
use crate::fault::Fault;

/// In what form a table leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180. Numbers with all their digits; NaN, `Infinity` and `-Infinity` in words; times in UTC, ISO 8601; what a run does not have is empty. What a
    /// spreadsheet would run as a formula has a quote mark before it.
    Csv,
    /// Compressed with Snappy, a group of rows every 20,000.
    Parquet,
    /// The Arrow IPC file format, which is also Feather: `pandas.read_feather` and `polars.read_ipc` read it as they read a file of their own. It is the
    /// stream format with an index behind, and is written as one goes as well.
    Arrow,
}

impl Format {
    /// By the ending of the file's name.
    ///
    /// # Errors
    /// [`TableError::Format`].
    pub fn parse(ending: &str) -> Result<Self, TableError> {
        [Self::Csv, Self::Parquet, Self::Arrow]
            .into_iter()
            .find(|format| format.ending() == ending)
            .ok_or_else(|| TableError::Format(ending.chars().take(20).collect()))
    }

    /// The ending of the file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// The media type, as IANA lists it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
        }
    }
}

/// Writes one table.
pub enum Writer {
    Csv(csv::Writer),
    Parquet(arrow::Parquet),
    Arrow(arrow::Ipc),
}

impl Writer {
    /// Begins a file with its columns.
    ///
    /// # Errors
    /// `Internal`.
    pub fn begin(format: Format, columns: &[Column]) -> Result<Self, Fault> {
        Ok(match format {
            Format::Csv => Self::Csv(csv::Writer::begin(columns)),
            Format::Parquet => Self::Parquet(arrow::Parquet::begin(columns)?),
            Format::Arrow => Self::Arrow(arrow::Ipc::begin(columns)?),
        })
    }

    /// Adds rows; the bytes that are ready, which may be none yet.
    ///
    /// # Errors
    /// `Internal`.
    pub fn add(&mut self, rows: &[Row]) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Csv(writer) => Ok(writer.add(rows)),
            Self::Parquet(writer) => writer.add(rows),
            Self::Arrow(writer) => writer.add(rows),
        }
    }

    /// The last bytes of the file.
    ///
    /// # Errors
    /// `Internal`.
    pub fn end(self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Csv(mut writer) => Ok(writer.add(&[])),
            Self::Parquet(writer) => writer.end(),
            Self::Arrow(writer) => writer.end(),
        }
    }
}

/// A time within what a calendar holds.
fn calendar(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms)
}
