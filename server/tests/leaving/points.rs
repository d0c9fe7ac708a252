//! Series that are longer than what is held at once.

use std::collections::BTreeSet;

use server::features::metrics::{Point, codec::encode_batch, codec::encode_chunk};
use sqlx::Executor;

use super::exported;
use crate::support::{World, tracking::run_in};

/// A walk of numbers that do not compress.
fn noise(seed: u64) -> f64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits >> 12) as f64 / 4096.0
}

#[tokio::test]
async fn a_series_of_many_chunks_comes_stretch_by_stretch_with_every_point_once() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let (long, short) = (run_in(&script, "0").await, run_in(&script, "0").await);
    let mut tamperer = organization.tamperer().await;
    let (chunks, points) = (45_i64, 8_192_i64);
    let at = |step: i64| Point { step, at_ms: step * 2, value: noise(step.unsigned_abs()) };
    let id: uuid::Uuid = long.parse().expect("a UUID");
    for ordinal in 0..chunks {
        // Every second step, so that what is not compacted yet falls between.
        let list: Vec<Point> = (0..points).map(|n| at((ordinal * points + n) * 2)).collect();
        let sql = "insert into metric_chunks (run_id, key, ordinal, points, first_step, last_step, first_ms, last_ms, data) values ($1, 'loss', $2, $3, $4, $5, 0, 0, $6)";
        let query = sqlx::query(sql)
            .bind(id)
            .bind(i32::try_from(ordinal).expect("small"))
            .bind(i32::try_from(points).expect("small"))
            .bind(list[0].step)
            .bind(list[list.len() - 1].step)
            .bind(encode_chunk(&list));
        tamperer.execute(query).await.expect("a chunk");
    }
    // Not compacted: some between, some that are in the chunks too, some behind the end; and another key.
    let end = chunks * points * 2;
    let loose: Vec<Point> = [1, 3, 16_385, 300_001, 600_001, 4, 16_384, end + 1, end + 5].map(at).to_vec();
    let other = [at(7)];
    let data = encode_batch([("loss", loose.as_slice()), ("other", other.as_slice())].into_iter());
    let sql = "insert into metric_batches (run_id, at, points, data) values ($1, now(), 10, $2)";
    tamperer.execute(sqlx::query(sql).bind(id).bind(data)).await.expect("a batch");
    for key in ["loss", "other"] {
        let sql = "insert into latest_metrics (run_id, key, value, step, at_ms, count) values ($1, $2, 0, 0, 0, 1)";
        tamperer.execute(sqlx::query(sql).bind(id).bind(key)).await.expect("a latest value");
    }
    crate::support::tracking::ok(
        &script,
        "POST",
        "runs/log-metric",
        serde_json::json!({ "run_id": short, "key": "loss", "value": 1.5, "timestamp": 3, "step": 3 }),
    )
    .await;

    let (_, archive) = exported(&organization).await;
    let taken = archive.points();
    let of = |run: &str, key: &str| {
        taken.iter().filter(|(own, name, ..)| own == run && name == key).map(|(_, _, step, at, bits)| (*step, *at, *bits)).collect::<Vec<_>>()
    };
    let all = of(&long, "loss");
    let expected: BTreeSet<i64> = (0..chunks * points).map(|n| n * 2).chain([1, 3, 16_385, 300_001, 600_001, end + 1, end + 5]).collect();
    assert!(all.is_sorted(), "in order");
    assert_eq!(all.len(), expected.len(), "every point once");
    assert!(
        all.iter()
            .zip(&expected)
            .all(|((step, at_ms, bits), expected)| step == expected && *at_ms == expected * 2 && *bits == at(*expected).value.to_bits())
    );
    assert_eq!((of(&long, "other").len(), of(&short, "loss")), (1, vec![(3, 3, 1.5_f64.to_bits())]));
}
