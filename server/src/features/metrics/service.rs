//! Appending, reading and compacting series.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};
use shared::ids::RunId;

use super::{
    Drawing, Latest, Measurement, Point, ReadMetrics, WriteMetrics, codec,
    compaction::{self, CHUNK_FROM},
    curves, downsample, model,
    repo::{self, Part},
};
use crate::{
    access::{Connection, Grant, Scope},
    fault::Fault,
};

/// Measurements of one run that came together, as they are stored.
#[derive(Clone, Debug)]
pub struct Packed {
    points: i32,
    data: Vec<u8>,
    /// Each key once.
    latest: Vec<Latest>,
}

impl Packed {
    /// Packs measurements, which are checked. `None` when there are none.
    pub fn of(measurements: &[Measurement]) -> Option<Self> {
        let groups = model::group(measurements);
        let data = codec::encode_batch(groups.iter().map(|(one, points)| (one.key.as_str(), points.as_slice())));
        let points = i32::try_from(measurements.len()).unwrap_or(i32::MAX);
        (points > 0).then(|| Self { points, data, latest: groups.into_iter().map(|(one, _)| one).collect() })
    }
}

/// A series as a chart asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub key: String,
    /// Points in the range, before sampling.
    pub total: usize,
    /// By step.
    pub points: Vec<Point>,
    /// Of each point its value in the smoothed series; empty where nothing was to be smoothed.
    pub smoothed: Vec<f64>,
}

/// The rows that an append adds to and moves on; `runs` writes them together with what else was logged.
#[derive(Debug, Default)]
pub struct Appended {
    /// Each run and key once.
    pub latest: Vec<(RunId, Latest)>,
    /// Of each append its run, the number of its points, and their bytes.
    pub batches: Vec<(RunId, i32, Vec<u8>)>,
}

impl Appended {
    /// What packed measurements come to, several of one run too.
    pub fn of<'a>(all: impl Iterator<Item = (RunId, &'a Packed)>) -> Self {
        let mut appended = Self::default();
        let mut places: HashMap<(RunId, &str), usize> = HashMap::new();
        for (run, packed) in all {
            appended.batches.push((run, packed.points, packed.data.clone()));
            for one in &packed.latest {
                let place = *places.entry((run, one.key.as_str())).or_insert(appended.latest.len());
                match appended.latest.get_mut(place) {
                    Some((_, known)) => known.merge(one),
                    None => appended.latest.push((run, one.clone())),
                }
            }
        }
        appended
    }
}

/// The latest values that several runs have under some keys.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn latest_of<C: Connection>(tx: &C, runs: &[RunId], keys: &[String]) -> Result<Vec<(RunId, String, f64)>, Fault> {
    let ids: Vec<_> = runs.iter().map(|run| run.uuid()).collect();
    repo::latest_of(tx, &ids, keys).await
}

/// The tidy series of a run and how many batches hold a part of them. `keys`: `None` is every key.
pub(super) async fn read<C: Connection>(
    tx: &C,
    run: RunId,
    keys: Option<&[String]>,
    steps: (i64, i64),
) -> Result<(BTreeMap<String, Vec<Point>>, usize), Fault> {
    let mut batches = 0;
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    let wanted = |key: &str| keys.is_none_or(|keys| keys.iter().any(|one| one == key));
    tx.patience().await?;
    for part in repo::parts(tx, run, keys, steps).await? {
        collect(part, wanted, &mut series, &mut batches)?;
    }
    series.values_mut().for_each(model::tidy);
    Ok((series, batches))
}

/// Adds what a chunk or a batch holds to the series it belongs to.
pub(super) fn collect(
    part: Part,
    wanted: impl Fn(&str) -> bool,
    series: &mut BTreeMap<String, Vec<Point>>,
    batches: &mut usize,
) -> Result<(), Fault> {
    match part {
        Part::Chunk(key, data) => codec::decode_chunk(&data, series.entry(key).or_default())?,
        Part::Batch(data) => {
            *batches += 1;
            codec::decode_batch(&data, wanted, |key, mut points| match series.get_mut(key) {
                Some(known) => known.append(&mut points),
                None => {
                    series.insert(key.to_owned(), points);
                }
            })?;
        }
    }
    Ok(())
}

/// The whole history of a key in the order of the MLflow protocol: time, step, value. Empty for an unknown run or key.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn history(grant: Grant<'_, ReadMetrics>, run: RunId, key: &str) -> Result<Vec<Point>, Fault> {
    let keys = [key.to_owned()];
    let mut points = read(grant.read().await?, run, Some(&keys), (i64::MIN, i64::MAX)).await?.0.remove(key).unwrap_or_default();
    // Usually sorted already, which a stable sort notices in one pass.
    points.sort_by(Point::by_time);
    Ok(points)
}

/// [`history`] of a key for many runs at once, in the order asked; runs without it have an empty one.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn histories(grant: Grant<'_, ReadMetrics>, runs: &[RunId], key: &str) -> Result<Vec<(RunId, Vec<Point>)>, Fault> {
    let mut found = of_key(grant.read().await?, runs, key).await?;
    let points = |run: &RunId| {
        let mut points = found.remove(run).unwrap_or_default();
        points.sort_by(Point::by_time);
        (*run, points)
    };
    Ok(runs.iter().map(points).collect())
}

/// The tidy series of one key of several runs, in one statement. A run without the key is left out.
pub(super) async fn of_key<C: Connection>(tx: &C, runs: &[RunId], key: &str) -> Result<HashMap<RunId, Vec<Point>>, Fault> {
    let mut all: HashMap<RunId, BTreeMap<String, Vec<Point>>> = HashMap::new();
    let ids: Vec<_> = runs.iter().map(|run| run.uuid()).collect();
    tx.patience().await?;
    for (run, part) in repo::parts_of_key(tx, &ids, key).await? {
        collect(part, |own| own == key, all.entry(run).or_default(), &mut 0)?;
    }
    let tidy = |(run, mut series): (RunId, BTreeMap<String, Vec<Point>>)| {
        let mut points = series.remove(key)?;
        model::tidy(&mut points);
        Some((run, points))
    };
    Ok(all.into_iter().filter_map(tidy).collect())
}

/// Leaves at most `most` points of a series: the first, the last, and others evenly between them.
pub fn thin(points: &mut Vec<Point>, most: usize) {
    let (all, last) = (points.len(), points.len().saturating_sub(1));
    if all <= most || most == 0 {
        return;
    }
    let kept = |place: usize| points[if most == 1 { last } else { place * last / (most - 1) }];
    *points = (0..most).map(kept).collect();
}

/// The series of some keys as they are to be drawn; a key without points is left out. Smoothed is the whole series, before it is cut
/// and thinned: its smooth line at a step is the same however closely it is looked at.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn sample(grant: Grant<'_, ReadMetrics>, run: RunId, keys: &[String], drawing: Drawing) -> Result<Vec<Series>, Fault> {
    let smooths = drawing.smoothing > 0.0;
    let (mut all, _) = read(grant.read().await?, run, Some(keys), if smooths { (i64::MIN, i64::MAX) } else { drawing.steps }).await?;
    let mut list = Vec::new();
    for key in keys {
        let Some(mut points) = all.remove(key) else { continue };
        let mut smooth = if smooths { points.clone() } else { Vec::new() };
        curves::smooth(&mut smooth, drawing.smoothing);
        // Of both the same places stay.
        drawing.cut(&mut points);
        drawing.cut(&mut smooth);
        let places = downsample::kept(&points, drawing.points);
        list.push(Series {
            key: key.clone(),
            total: points.len(),
            points: places.iter().map(|place| points[*place]).collect(),
            smoothed: places.iter().filter_map(|place| smooth.get(*place)).map(|point| point.value).collect(),
        });
    }
    Ok(list)
}

/// What a run's series amount to, for the entry that ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    pub keys: usize,
    pub points: usize,
    /// Whether a compaction would change much.
    pub worth_compacting: bool,
}

/// The tidy series of one run.
#[derive(Default)]
pub struct LoggedSeries {
    series: BTreeMap<String, Vec<Point>>,
    batches: usize,
}

impl LoggedSeries {
    /// Takes in a stored part of the run's series; [`LoggedSeries::tidy`] comes after the last.
    ///
    /// # Errors
    /// `Internal` for bytes that are no series.
    pub fn add(&mut self, part: Part) -> Result<(), Fault> {
        collect(part, |_| true, &mut self.series, &mut self.batches)
    }

    /// Puts the points in order.
    pub fn tidy(&mut self) {
        self.series.values_mut().for_each(model::tidy);
    }

    /// Adds the series to a digest: of each, by key, the key with its length before it, the number of points, and of each point step, time and the bits of
    /// the value. Numbers are 64 bits, big-endian.
    pub fn digest(&self, sum: &mut Sha256) -> Logged {
        for (key, points) in &self.series {
            sum.update((key.len() as u64).to_be_bytes());
            sum.update(key.as_bytes());
            sum.update((points.len() as u64).to_be_bytes());
            for point in points {
                sum.update(point.step.to_be_bytes());
                sum.update(point.at_ms.to_be_bytes());
                sum.update(point.value.to_bits().to_be_bytes());
            }
        }
        let worth_compacting = self.batches > 16 || self.series.values().any(|points| points.len() >= CHUNK_FROM) && self.batches > 0;
        Logged { keys: self.series.len(), points: self.series.values().map(Vec::len).sum(), worth_compacting }
    }
}

/// Batches that one transaction of a compaction takes in.
const BATCHES_AT_ONCE: u64 = 2_048;

/// Moves a run's appended batches into chunks. Idempotent; safe beside appends, readers and itself: each transaction takes out exactly the batches it
/// has read.
///
/// # Errors
/// `Unavailable` or `Internal`; what is committed by then stays.
pub async fn compact(scope: &Scope, run: RunId) -> Result<(), Fault> {
    while compact_some(scope.grant()?, run).await? == BATCHES_AT_ONCE {}
    Ok(())
}

/// Takes in the oldest batches; how many there were.
async fn compact_some(grant: Grant<'_, WriteMetrics>, run: RunId) -> Result<u64, Fault> {
    let tx = grant.begin().await?;
    repo::lock_compaction(&tx, run).await?;
    let batches = repo::batches(&tx, run, BATCHES_AT_ONCE).await?;
    let mut series = compaction::gather(batches.iter().map(|(_, data)| data.as_slice()))?;
    let keys: Vec<String> = series.keys().cloned().collect();
    let mut spans: HashMap<String, Vec<compaction::Span>> = HashMap::new();
    for (key, span) in repo::spans(&tx, run, &keys).await? {
        spans.entry(key).or_default().push(span);
    }
    let mut from: Vec<(String, i32)> = Vec::new();
    for (key, points) in &series {
        let spans = spans.get(key).map_or(&[][..], Vec::as_slice);
        if let Some(first) = points.first().filter(|_| points.len() >= CHUNK_FROM || !spans.is_empty()) {
            from.push((key.clone(), compaction::rewrite_from(spans, first.step)));
        }
    }
    if from.is_empty() && batches.len() < 2 {
        return Ok(0);
    }
    let taken = repo::take_chunks(&tx, run, &from).await?;
    let mut chunks = Vec::new();
    for (key, ordinal) in &from {
        let overlapped: Vec<_> = taken.iter().filter(|chunk| chunk.key == *key).collect();
        chunks.extend(compaction::merge(key, series.remove(key).unwrap_or_default(), &overlapped, *ordinal)?);
    }
    if !chunks.is_empty() {
        let chunks: Vec<_> = chunks.into_iter().map(|chunk| (run, chunk)).collect();
        repo::insert_chunks(&tx, &chunks).await?;
    }
    let rest: i32 = series.values().map(|points| i32::try_from(points.len()).unwrap_or(i32::MAX)).sum();
    let batch = (!series.is_empty()).then(|| (rest, codec::encode_batch(series.iter().map(|(key, points)| (key.as_str(), points.as_slice())))));
    let ids: Vec<i64> = batches.iter().map(|(id, _)| *id).collect();
    repo::replace_batches(&tx, run, &ids, batch).await?;
    tx.commit_telemetry().await?;
    Ok(ids.len() as u64)
}
