//! Parquet and Arrow: the same batches of columns, written in two ways.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use parquet::{arrow::ArrowWriter, basic::Compression, errors::ParquetError, file::properties::WriterProperties};

use super::calendar;
use crate::{
    fault::Fault,
    features::run_table::{Cell, Column, Row, Type},
};

/// Rows of a group of Parquet: what is held in memory, compressed, until it is sent.
const GROUP: usize = 20_000;

/// What a writer wrote and nobody took yet.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Arc<Schema> {
    let ty = |column: &Column| match column.ty {
        Type::Text => DataType::Utf8,
        Type::Number => DataType::Float64,
        Type::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    };
    Arc::new(Schema::new(columns.iter().map(|column| Field::new(column.key(), ty(column), true)).collect::<Vec<_>>()))
}

fn batch(schema: &Arc<Schema>, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let column = |(at, field): (usize, &Arc<Field>)| -> ArrayRef {
        let cells = rows.iter().map(|row| row.cells.get(at).unwrap_or(&Cell::Absent));
        match field.data_type() {
            DataType::Float64 => {
                Arc::new(cells.map(|cell| if let Cell::Number(number) = cell { Some(*number) } else { None }).collect::<Float64Array>())
            }
            DataType::Utf8 => {
                Arc::new(cells.map(|cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None }).collect::<StringArray>())
            }
            // A time beyond the calendar stands in no form, so that all say the same.
            _ => {
                let times = cells.map(|cell| if let Cell::Time(ms) = cell { calendar(*ms).map(|_| *ms) } else { None });
                Arc::new(times.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
            }
        }
    };
    RecordBatch::try_new(schema.clone(), schema.fields().iter().enumerate().map(column).collect())
}

fn not_arrow(error: ArrowError) -> Fault {
    Fault::internal(error)
}

fn not_parquet(error: ParquetError) -> Fault {
    Fault::internal(error)
}

pub struct Parquet {
    schema: Arc<Schema>,
    sink: Sink,
    writer: ArrowWriter<Sink>,
}

impl Parquet {
    pub fn begin(columns: &[Column]) -> Result<Self, Fault> {
        let (schema, sink) = (schema(columns), Sink::default());
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(GROUP)).build();
        let writer = ArrowWriter::try_new(sink.clone(), schema.clone(), Some(properties)).map_err(not_parquet)?;
        Ok(Self { schema, sink, writer })
    }

    pub fn add(&mut self, rows: &[Row]) -> Result<Vec<u8>, Fault> {
        self.writer.write(&batch(&self.schema, rows).map_err(not_arrow)?).map_err(not_parquet)?;
        Ok(self.sink.take())
    }

    pub fn end(self) -> Result<Vec<u8>, Fault> {
        self.writer.close().map_err(not_parquet)?;
        Ok(self.sink.take())
    }
}

pub struct Ipc {
    schema: Arc<Schema>,
    sink: Sink,
    writer: FileWriter<Sink>,
}

impl Ipc {
    pub fn begin(columns: &[Column]) -> Result<Self, Fault> {
        let (schema, sink) = (schema(columns), Sink::default());
        let writer = FileWriter::try_new(sink.clone(), &schema).map_err(not_arrow)?;
        Ok(Self { schema, sink, writer })
    }

    pub fn add(&mut self, rows: &[Row]) -> Result<Vec<u8>, Fault> {
        if !rows.is_empty() {
            self.writer.write(&batch(&self.schema, rows).map_err(not_arrow)?).map_err(not_arrow)?;
        }
        Ok(self.sink.take())
    }

    pub fn end(mut self) -> Result<Vec<u8>, Fault> {
        self.writer.finish().map_err(not_arrow)?;
        Ok(self.sink.take())
    }
}
