//! Every point of the organization, portion by portion, for whoever takes all of them along. A portion is bounded however long the series are: runs that hold little
//! come together, and of one that holds much, a stretch of one key at a time.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    fmt,
};

use shared::ids::RunId;
use uuid::Uuid;

use super::{Point, codec, model::tidy, repo, service::collect};
use crate::{access::Connection, fault::Fault};

/// Runs that are looked at together, and the stored bytes they hold together at the most: about a million points.
const RUNS: u64 = 500;
const BYTES: i64 = 1 << 20;
/// Chunks of a stretch, and batches that are read at a time.
const CHUNKS: u64 = 32;
const BATCHES: u64 = 256;

/// Where a walk goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Walk {
    /// After a run; the nil one is before all.
    After(RunId),
    /// Within a run that holds much: from a chunk of a key on, behind the last point that was taken of it.
    Within { run: RunId, key: String, ordinal: i32, last: Option<Point> },
}

impl fmt::Display for Walk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(run) => write!(out, "{run}"),
            Self::Within { run, key, ordinal, last: None } => write!(out, "{run} {ordinal} - - - {key}"),
            Self::Within { run, key, ordinal, last: Some(Point { step, at_ms, value }) } => {
                write!(out, "{run} {ordinal} {step} {at_ms} {} {key}", value.to_bits())
            }
        }
    }
}

impl Walk {
    /// Reads what [`fmt::Display`] writes; the empty text is the beginning.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::After(RunId::from_uuid(Uuid::nil())));
        }
        let Some((run, rest)) = text.split_once(' ') else { return text.parse().ok().map(Self::After) };
        let mut parts = rest.splitn(5, ' ');
        let mut next = || parts.next();
        let ordinal = next()?.parse().ok()?;
        let last = match (next()?, next()?, next()?) {
            ("-", "-", "-") => None,
            (step, at_ms, bits) => Some(Point { step: step.parse().ok()?, at_ms: at_ms.parse().ok()?, value: f64::from_bits(bits.parse().ok()?) }),
        };
        Some(Self::Within { run: run.parse().ok()?, key: next()?.to_owned(), ordinal, last })
    }
}

/// Points of one key of a run, tidy.
type Stretch = (RunId, String, Vec<Point>);

/// The next portion, and where the walk goes on after it; `None`: that was the last.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn walk<C: Connection>(tx: &C, at: Walk) -> Result<(Vec<Stretch>, Option<Walk>), Fault> {
    match at {
        Walk::After(run) => several(tx, run).await,
        Walk::Within { run, key, ordinal, last } => stretch(tx, run, key, ordinal, last).await,
    }
}

async fn several<C: Connection>(tx: &C, after: RunId) -> Result<(Vec<Stretch>, Option<Walk>), Fault> {
    let weights = repo::weights(tx, after.uuid(), RUNS).await?;
    let Some((first, weight)) = weights.first().copied() else { return Ok((Vec::new(), None)) };
    if weight > BYTES {
        let key = repo::next_key(tx, first, "").await?;
        return Ok((Vec::new(), Some(key.map_or(Walk::After(first), |key| Walk::Within { run: first, key, ordinal: 0, last: None }))));
    }
    let mut held = 0;
    let fits = |(_, weight): &&(RunId, i64)| {
        held += weight;
        held <= BYTES
    };
    let runs: Vec<RunId> = weights.iter().take_while(fits).map(|(run, _)| *run).collect();
    let mut all: HashMap<RunId, BTreeMap<String, Vec<Point>>> = HashMap::new();
    let ids: Vec<Uuid> = runs.iter().map(|run| run.uuid()).collect();
    for (run, part) in repo::parts_of_runs(tx, &ids).await? {
        collect(part, |_| true, all.entry(run).or_default(), &mut 0)?;
    }
    let mut taken = Vec::new();
    for run in &runs {
        for (key, mut points) in all.remove(run).unwrap_or_default() {
            tidy(&mut points);
            taken.push((*run, key, points));
        }
    }
    Ok((taken, runs.last().map(|run| Walk::After(*run))))
}

async fn stretch<C: Connection>(tx: &C, run: RunId, key: String, ordinal: i32, last: Option<Point>) -> Result<(Vec<Stretch>, Option<Walk>), Fault> {
    // What is not compacted yet comes first: a compaction moves points out of it into chunks, never back.
    let mut loose = Vec::new();
    let mut after = i64::MIN;
    loop {
        let batches = repo::batches_after(tx, run, after, BATCHES).await?;
        let Some((id, _)) = batches.last() else { break };
        after = *id;
        for (_, data) in &batches {
            codec::decode_batch(data, |own| own == key, |_, mut points| loose.append(&mut points))?;
        }
    }
    tidy(&mut loose);
    let chunks = repo::chunks_from(tx, run, &key, ordinal, CHUNKS).await?;
    let ends = chunks.len() < CHUNKS as usize;
    let mut packed = Vec::new();
    for (_, data) in &chunks {
        codec::decode_chunk(data, &mut packed)?;
    }
    let points = merged(packed, loose, last, ends);
    let next = match chunks.last().filter(|_| !ends) {
        Some((ordinal, _)) => {
            let last = points.last().copied().or(last);
            Some(Walk::Within { run, key: key.clone(), ordinal: ordinal + 1, last })
        }
        None => match repo::next_key(tx, run, &key).await? {
            Some(key) => Some(Walk::Within { run, key, ordinal: 0, last: None }),
            None => Some(Walk::After(run)),
        },
    };
    Ok((vec![(run, key, points)], next))
}

/// Two tidy lists as one, without what comes up to the last point that was taken. Unless the series ends here, no further than the chunks go.
fn merged(packed: Vec<Point>, loose: Vec<Point>, last: Option<Point>, ends: bool) -> Vec<Point> {
    let is_new = |point: &Point| last.is_none_or(|last| point.by_step(&last) == Ordering::Greater);
    let end = packed.last().copied().filter(|_| !ends);
    let mut points: Vec<Point> = packed.into_iter().filter(is_new).collect();
    points.extend(loose.into_iter().filter(|point| is_new(point) && end.is_none_or(|end| point.by_step(&end) != Ordering::Greater)));
    tidy(&mut points);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        let run = RunId::from_uuid(Uuid::from_u128(7));
        let last = Point { step: -3, at_ms: 5, value: f64::NEG_INFINITY };
        for place in [
            Walk::After(run),
            Walk::Within { run, key: "a b/c".into(), ordinal: 0, last: None },
            Walk::Within { run, key: "-".into(), ordinal: 9, last: Some(last) },
        ] {
            assert_eq!(Walk::parse(&place.to_string()), Some(place));
        }
        assert_eq!(Walk::parse(""), Some(Walk::After(RunId::from_uuid(Uuid::nil()))));
        assert_eq!(Walk::parse("run_7"), None);
    }

    #[test]
    fn stretch_by_stretch_every_point_comes_once_and_in_order() {
        let at = |step| Point { step, at_ms: 0, value: 0.5 };
        let steps = |points: Vec<Point>| points.iter().map(|point| point.step).collect::<Vec<_>>();
        let loose = || vec![at(2), at(5), at(9), at(30)];
        let first = merged(vec![at(1), at(5)], loose(), None, false);
        assert_eq!(steps(first), [1, 2, 5]);
        // A compaction has moved 2 into the chunks meanwhile, and 5 along with it.
        let second = merged(vec![at(5), at(8), at(20)], loose(), Some(at(5)), false);
        assert_eq!(steps(second), [8, 9, 20]);
        assert_eq!(steps(merged(Vec::new(), loose(), Some(at(20)), true)), [30]);
    }
}
