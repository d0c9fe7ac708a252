//! Whole series at once, as they come from elsewhere: written as a compaction would leave them, without going through batches first.

use std::collections::{BTreeMap, HashSet};

use shared::ids::RunId;

use super::{
    Appended, Latest, Measurement, Packed, Point, codec,
    compaction::{CHUNK_FROM, CHUNK_POINTS, Chunk},
    model, repo, service,
};
use crate::{access::WriteTx, fault::Fault};

/// The series of a run, by key.
pub type RunSeries = (RunId, BTreeMap<String, Vec<Point>>);

/// Writes the series of runs that have none yet. Keys and times are checked.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn place(tx: &WriteTx, runs: Vec<RunSeries>) -> Result<(), Fault> {
    let mut appended = Appended::default();
    let mut chunks: Vec<(RunId, Chunk)> = Vec::new();
    for (run, mut series) in runs {
        series.values_mut().for_each(model::tidy);
        series.retain(|_, points| !points.is_empty());
        appended.latest.extend(series.iter().filter_map(|(key, points)| Some((run, Latest::of_series(key, points)?))));
        let (long, short): (Vec<_>, Vec<_>) = series.into_iter().partition(|(_, points)| points.len() >= CHUNK_FROM);
        for (key, points) in long {
            let cut = points.chunks(CHUNK_POINTS).zip(0..);
            chunks.extend(cut.map(|(points, ordinal)| (run, Chunk { key: key.clone(), ordinal, points: points.to_vec() })));
        }
        if !short.is_empty() {
            let points = short.iter().map(|(_, points)| points.len()).sum::<usize>();
            let data = codec::encode_batch(short.iter().map(|(key, points)| (key.as_str(), points.as_slice())));
            appended.batches.push((run, i32::try_from(points).unwrap_or(i32::MAX), data));
        }
    }
    if !chunks.is_empty() {
        repo::insert_chunks(tx, &chunks).await?;
    }
    repo::append(tx, &appended).await
}

/// Adds to the series of a run the points that are not there yet; how many those were.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn complete(tx: &WriteTx, run: RunId, series: &BTreeMap<String, Vec<Point>>) -> Result<usize, Fault> {
    repo::lock_compaction(tx, run).await?;
    let (known, _) = service::read(tx, run, None, (i64::MIN, i64::MAX)).await?;
    let identity = |point: &Point| (point.step, point.at_ms, point.value.to_bits());
    let mut measurements = Vec::new();
    for (key, points) in series {
        let mut there: HashSet<_> = known.get(key).into_iter().flatten().map(identity).collect();
        let new = points.iter().filter(|point| there.insert(identity(point)));
        measurements.extend(new.map(|point| Measurement { key: key.clone(), point: *point }));
    }
    repo::append(tx, &Appended::of(Packed::of(&measurements).iter().map(|packed| (run, packed)))).await?;
    Ok(measurements.len())
}
