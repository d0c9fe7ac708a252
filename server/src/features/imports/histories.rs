//! Reading the full histories of runs.

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    source::{POINTS_MAX, Source},
    wire::{self, BulkHistory},
};
use crate::{features::metrics::Point, platform::OutboundError};

/// Keys that are asked for at one time.
const KEYS_AT_ONCE: usize = 2;
/// Runs of one question; MLflow takes no more.
const RUNS_MAX: usize = 100;

/// The series of each run, by key.
pub type Histories = HashMap<String, BTreeMap<String, Vec<Point>>>;
/// The points of an answer by run, in the answer's order, and how many there are.
type ByRun = (Vec<(String, Vec<Point>)>, usize);
/// Of one key: the points of each run, and the runs whose points could not be read.
type OfKey = (String, Vec<(String, Vec<Point>)>, Vec<String>);

/// Reads every point of every metric of the runs, and what could not be read: a run and a key.
///
/// # Errors
/// What may pass by itself: the whole is to be asked for again later.
pub async fn read(source: &Source, runs: &[wire::Run]) -> Result<(Histories, Vec<(String, String)>), OutboundError> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for run in runs {
        for metric in &run.data.metrics {
            keys.entry(&metric.key).or_default().push(&run.info.run_id);
        }
    }
    let questions: Vec<_> = keys.into_iter().map(|(key, runs)| of_key(source, key, runs)).collect();
    let all: Vec<OfKey> = stream::iter(questions).buffer_unordered(KEYS_AT_ONCE).try_collect().await?;
    let (mut histories, mut unread) = (Histories::new(), Vec::new());
    for (key, series, failed) in all {
        for (run, points) in series {
            histories.entry(run).or_default().insert(key.clone(), points);
        }
        unread.extend(failed.into_iter().map(|run| (run, key.clone())));
    }
    Ok((histories, unread))
}

async fn of_key(source: &Source, key: &str, mut runs: Vec<&str>) -> Result<OfKey, OutboundError> {
    let (mut series, mut failed): (HashMap<String, Vec<Point>>, Vec<String>) = Default::default();
    runs.sort_unstable();
    runs.dedup();
    let mut size = RUNS_MAX;
    // One run is asked for as any client does; MLflow's page for charts knows several, other servers may not.
    while runs.len() > 1 {
        let asked: Vec<&str> = runs.iter().copied().take(size).collect();
        let bulk = match source.bulk_history(&asked, key).await {
            Ok(bytes) => group(&bytes),
            Err(error) if error.may_pass() => return Err(error),
            Err(_) => None,
        };
        let Some((groups, total)) = bulk else { break };
        let cut = total >= POINTS_MAX;
        let mut groups: Vec<(String, Vec<Point>)> = groups.into_iter().filter(|(run, _)| asked.contains(&run.as_str())).collect();
        if cut {
            // The last run may go on.
            groups.pop();
        }
        if groups.is_empty() && cut {
            break;
        }
        size = if cut { groups.len() } else { size };
        if cut {
            runs.retain(|run| !groups.iter().any(|(done, _)| done == run));
        } else {
            runs.retain(|run| !asked.contains(run));
        }
        series.extend(groups);
    }
    for run in runs {
        match alone(source, run, key).await {
            Ok(points) => drop(series.insert(run.to_owned(), points)),
            Err(error) if error.may_pass() => return Err(error),
            Err(_) => failed.push(run.to_owned()),
        }
    }
    Ok((key.to_owned(), series.into_iter().collect(), failed))
}

/// Reads an answer; `None`: it is none.
fn group(bytes: &[u8]) -> Option<ByRun> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Ok(bulk) = serde_json::from_str(text) {
        return Some(by_run(&bulk));
    }
    // Python writes NaN, which JSON has no word for. A key cannot hold a quotation mark, so this is no part of one.
    let text = text.replace("\"value\": NaN", "\"value\":\"NaN\"").replace("\"value\":NaN", "\"value\":\"NaN\"");
    Some(by_run(&serde_json::from_str(&text).ok()?))
}

fn by_run(bulk: &BulkHistory<'_>) -> ByRun {
    let mut groups: Vec<(String, Vec<Point>)> = Vec::new();
    for point in &bulk.metrics {
        let new = Point { step: point.step, at_ms: point.timestamp, value: point.value.0 };
        match groups.last_mut().filter(|(run, _)| run == point.run_id) {
            Some((_, points)) => points.push(new),
            None => groups.push((point.run_id.to_owned(), vec![new])),
        }
    }
    (groups, bulk.metrics.len())
}

async fn alone(source: &Source, run: &str, key: &str) -> Result<Vec<Point>, OutboundError> {
    let (mut points, mut token) = (Vec::new(), String::new());
    loop {
        let page = source.history(run, key, &token).await?;
        points.extend(page.metrics.iter().map(|metric| Point { step: metric.step.0, at_ms: metric.timestamp.0, value: metric.value.0 }));
        if page.next_page_token.is_empty() || page.next_page_token == token || page.metrics.is_empty() {
            return Ok(points);
        }
        token = page.next_page_token;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_grouped_by_run_and_may_hold_pythons_nan() {
        let point = |run: &str, value: &str| format!(r#"{{"key":"m","run_id":"{run}","step":2,"timestamp":1,"value": {value}}}"#);
        let text = format!(r#"{{"metrics":[{},{},{}]}}"#, point("a", "0.5"), point("a", "NaN"), point("b", "1"));
        let (groups, total) = group(text.as_bytes()).expect("reads");
        assert_eq!((groups.len(), total), (2, 3));
        assert!(groups[0].0 == "a" && groups[0].1[0].value == 0.5 && groups[0].1[1].value.is_nan());
        assert_eq!(groups[1].1, [Point { step: 2, at_ms: 1, value: 1.0 }]);
        assert!(group(b"<html>").is_none());
    }
}
