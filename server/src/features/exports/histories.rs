//! The points of all metrics, in Parquet: a row a point.

use std::sync::Arc;

use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use shared::ids::RunId;

use super::{
    sheet::Whole,
    step::{Stopped, Work},
};
use crate::{
    fault::Fault,
    features::metrics::{self, Point, Walk},
};

/// Points after which a file ends.
const POINTS: usize = 1_000_000;
/// Rows of a group: what is held in memory before it is compressed.
const GROUP: usize = 100_000;

/// The kind of these files.
pub const KIND: &str = "metric_points";

/// Writes the next file. `true`: every point is taken.
pub async fn take(work: &mut Work<'_>) -> Result<bool, Stopped> {
    let mut place = Walk::parse(&work.export.cursor).ok_or_else(|| Fault::internal("an export's place among the points cannot be read"))?;
    let mut table = Points::begin()?;
    let mut next = Some(place.clone());
    while let Some(at) = next.take_if(|_| table.rows < POINTS) {
        let (portion, after) = metrics::walk(&work.begin().await?, at).await?;
        table = tokio::task::spawn_blocking(move || table.add(portion)).await.map_err(Fault::internal)??;
        if let Some(after) = &after {
            place = after.clone();
        }
        next = after;
    }
    let done = next.is_none();
    if table.rows == 0 {
        work.move_to(&place.to_string()).await?;
    } else {
        let path = format!("data/{KIND}/{:05}.parquet", work.export.next_file);
        work.keep(&path, table.end()?, KIND, &place.to_string()).await?;
    }
    Ok(done)
}

/// A file of points.
struct Points {
    schema: Arc<Schema>,
    writer: ArrowWriter<Vec<u8>>,
    rows: usize,
}

impl Points {
    fn begin() -> Result<Self, Fault> {
        let field = |name: &str, kind: DataType| Field::new(name, kind, false);
        let schema = Arc::new(Schema::new(vec![
            field("run_id", DataType::Utf8),
            field("key", DataType::Utf8),
            field("step", DataType::Int64),
            field("timestamp_ms", DataType::Int64),
            field("value", DataType::Float64),
        ]));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(GROUP)).build();
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(Fault::internal)?;
        Ok(Self { schema, writer, rows: 0 })
    }

    fn add(mut self, portion: Vec<(RunId, String, Vec<Point>)>) -> Result<Self, Fault> {
        for (run, key, points) in portion {
            let run = run.uuid().to_string();
            let columns: Vec<arrow_array::ArrayRef> = vec![
                Arc::new(points.iter().map(|_| Some(run.as_str())).collect::<StringArray>()),
                Arc::new(points.iter().map(|_| Some(key.as_str())).collect::<StringArray>()),
                Arc::new(points.iter().map(|point| point.step).collect::<Int64Array>()),
                Arc::new(points.iter().map(|point| point.at_ms).collect::<Int64Array>()),
                Arc::new(points.iter().map(|point| point.value).collect::<Float64Array>()),
            ];
            let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(Fault::internal)?;
            self.writer.write(&batch).map_err(Fault::internal)?;
            self.rows += points.len();
        }
        Ok(self)
    }

    fn end(self) -> Result<Whole, Fault> {
        let rows = i64::try_from(self.rows).map_err(Fault::internal)?;
        Whole::stored(self.writer.into_inner().map_err(Fault::internal)?, rows)
    }
}
