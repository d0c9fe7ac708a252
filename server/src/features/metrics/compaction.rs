//! What a compaction does, decided without a database.

use std::collections::BTreeMap;

use super::{
    codec::{self, Corrupt},
    model::{Point, tidy},
};

/// Points of a chunk at the most.
pub const CHUNK_POINTS: usize = 8192;
/// A series shorter than this stays in the batches, many series a row: a row of its own would cost more than its points.
pub const CHUNK_FROM: usize = 64;

/// A chunk that is stored.
pub struct Stored {
    pub key: String,
    pub ordinal: i32,
    pub data: Vec<u8>,
}

/// Which stored chunks a compaction must read: those of a key from the first that new points overlap, and the last one if it has room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub ordinal: i32,
    pub points: usize,
    pub last_step: i64,
}

/// The ordinal from which a key's chunks are written anew when points from `first_step` on come. `spans` is in order.
pub fn rewrite_from(spans: &[Span], first_step: i64) -> i32 {
    let Some(last) = spans.last() else { return 0 };
    match spans.iter().find(|span| span.last_step >= first_step) {
        Some(span) => span.ordinal,
        None if last.points < CHUNK_POINTS => last.ordinal,
        None => last.ordinal + 1,
    }
}

/// A chunk to write.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub key: String,
    pub ordinal: i32,
    pub points: Vec<Point>,
}

/// The series of the batches, each tidy, by key.
pub fn gather<'a>(batches: impl IntoIterator<Item = &'a [u8]>) -> Result<BTreeMap<String, Vec<Point>>, Corrupt> {
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for batch in batches {
        codec::decode_batch(
            batch,
            |_| true,
            |key, mut points| match series.get_mut(key) {
                Some(known) => known.append(&mut points),
                None => {
                    series.insert(key.to_owned(), points);
                }
            },
        )?;
    }
    series.values_mut().for_each(tidy);
    Ok(series)
}

/// Merges new points with the stored chunks they overlap and cuts the result into chunks from `ordinal` on.
pub fn merge(key: &str, mut points: Vec<Point>, overlapped: &[&Stored], ordinal: i32) -> Result<Vec<Chunk>, Corrupt> {
    for chunk in overlapped {
        codec::decode_chunk(&chunk.data, &mut points)?;
    }
    tidy(&mut points);
    let cut = points.chunks(CHUNK_POINTS).zip(ordinal..);
    Ok(cut.map(|(points, ordinal)| Chunk { key: key.to_owned(), ordinal, points: points.to_vec() }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(ordinal: i32, points: usize, last_step: i64) -> Span {
        Span { ordinal, points, last_step }
    }

    #[test]
    fn only_overlapped_chunks_are_rewritten() {
        let full = [span(0, CHUNK_POINTS, 100), span(1, CHUNK_POINTS, 200)];
        assert_eq!(rewrite_from(&[], 5), 0);
        assert_eq!(rewrite_from(&full, 201), 2);
        assert_eq!(rewrite_from(&full, 200), 1);
        assert_eq!(rewrite_from(&full, 5), 0);
        assert_eq!(rewrite_from(&[span(0, CHUNK_POINTS, 100), span(1, 10, 200)], 500), 1);
    }

    proptest! {
        /// However the points come and wherever compactions fall, the chunks hold every distinct point once, in order.
        #[test]
        fn no_point_is_lost(appends in prop::collection::vec(prop::collection::vec((0_i64..50, 0_i64..3), 1..40), 1..8)) {
            let mut stored: Vec<Chunk> = Vec::new();
            let mut all: Vec<Point> = Vec::new();
            for append in appends {
                let points: Vec<Point> = append.into_iter().map(|(step, at_ms)| Point { step, at_ms, value: step as f64 }).collect();
                all.extend(&points);
                let batch = codec::encode_batch([("k", &points[..])].into_iter());
                let new = gather([&batch[..]]).unwrap().remove("k").unwrap();
                let spans: Vec<Span> = stored.iter().map(|chunk| span(chunk.ordinal, chunk.points.len(), chunk.points.last().unwrap().step)).collect();
                let from = rewrite_from(&spans, new[0].step);
                let overlapped: Vec<Stored> = stored.iter().filter(|chunk| chunk.ordinal >= from).map(|chunk| Stored { key: "k".into(), ordinal: chunk.ordinal, data: codec::encode_chunk(&chunk.points) }).collect();
                stored.retain(|chunk| chunk.ordinal < from);
                stored.extend(merge("k", new, &overlapped.iter().collect::<Vec<_>>(), from).unwrap());
            }
            tidy(&mut all);
            let kept: Vec<Point> = stored.iter().flat_map(|chunk| chunk.points.clone()).collect();
            prop_assert_eq!(kept, all);
        }
    }
}
