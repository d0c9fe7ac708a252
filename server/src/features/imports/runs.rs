//! Taking runs: params, tags, datasets and full histories, some dozens a transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, stream};
use serde_json::json;
use shared::{
    ids::{ExperimentId, RunId},
    key::check_key,
};
use uuid::Uuid;

use super::{
    histories::{self, Histories},
    model::{Import, Kind},
    models::Links,
    repo::{self, Found, Settled, runs::Row},
    step::{Stopped, Work},
    wire,
};
use crate::features::{
    datasets,
    metrics::{self, jobs::CompactMetrics},
    runs::{NAME_TAG, Status, check_name, check_params, check_tags},
};

/// Runs of one transaction.
const RUNS_AT_ONCE: usize = 50;
/// Transactions' worth of runs that are read at the same time, and that are asked for at once.
const READERS: usize = 4;
const LOOK_AHEAD: usize = 8;

/// A listed run with what the source said of it and its histories.
struct Fetched {
    found: Vec<Found>,
    runs: Vec<wire::Run>,
    histories: Histories,
    unread: Vec<(String, String)>,
}

/// Takes some runs; whether none is left.
///
/// # Errors
/// Why the step stops.
pub async fn take(work: &Work<'_>) -> Result<bool, Stopped> {
    let waiting = {
        let tx = work.begin().await?;
        repo::waiting(&tx, work.import.id, Kind::Run, (RUNS_AT_ONCE * LOOK_AHEAD) as u64).await?
    };
    let readers: Vec<_> = waiting.chunks(RUNS_AT_ONCE).map(|batch| fetch(work, batch.to_vec())).collect();
    let none = readers.is_empty();
    let mut fetched = stream::iter(readers).buffer_unordered(READERS);
    while let Some(batch) = fetched.next().await {
        write(work, batch?).await?;
    }
    Ok(none)
}

async fn fetch(work: &Work<'_>, found: Vec<Found>) -> Result<Fetched, Stopped> {
    let runs: Vec<wire::Run> = found.iter().map(|one| serde_json::from_str(&one.payload).unwrap_or_default()).collect();
    let (histories, unread) = histories::read(&work.source, &runs).await?;
    Ok(Fetched { found, runs, histories, unread })
}

/// What a run is here: the id it has there, or, where that is none of ours, one made from it.
pub fn local_id(import: &Import, source_id: &str) -> RunId {
    let own = |text: &str| text.parse::<RunId>().ok().filter(|id| !id.uuid().is_nil());
    own(source_id).unwrap_or_else(|| RunId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}#{source_id}", import.source).as_bytes())))
}

async fn write(work: &Work<'_>, mut batch: Fetched) -> Result<(), Stopped> {
    let import = &work.import;
    let tx = work.begin().await?;
    let experiments: Vec<String> = batch.runs.iter().map(|run| run.info.experiment_id.clone()).collect::<HashSet<_>>().into_iter().collect();
    let experiments = repo::origins(&tx, &import.source, Kind::Experiment, &experiments).await?;
    let source_ids: Vec<String> = batch.found.iter().map(|one| one.source_id.clone()).collect();
    let known = repo::origins(&tx, &import.source, Kind::Run, &source_ids).await?;
    let ids: Vec<Uuid> = source_ids.iter().map(|id| local_id(import, id).uuid()).collect();
    let existing = repo::runs::existing(&tx, &ids).await?;

    let (mut rows, mut fresh, mut changed, mut settled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (found, run) in batch.found.iter().zip(&batch.runs) {
        let id = local_id(import, &found.source_id);
        let here = existing.get(&id.uuid());
        let Some(experiment) = experiments.get(&run.info.experiment_id) else {
            settled.push(Settled::failed(found, "Its experiment was not taken."));
            continue;
        };
        match here {
            Some(_) if !known.contains_key(&found.source_id) => {
                settled.push(Settled::failed(found, "A run with this id is here already, and it did not come from this server."));
                continue;
            }
            Some(true) => {
                settled.push(Settled::failed(found, "This run was removed here. Restore it, then import again."));
                continue;
            }
            _ => {}
        }
        let mut remarks = Vec::new();
        let series = series(batch.histories.remove(&found.source_id).unwrap_or_default(), &mut remarks);
        remarks.extend(
            batch.unread.iter().filter(|(run, _)| *run == found.source_id).map(|(_, key)| format!("The history of metric {key} could not be read.")),
        );
        let points: usize = series.values().map(Vec::len).sum();
        rows.push(row(id, ExperimentId::from_uuid(*experiment), run, &mut remarks));
        if here.is_some() { &mut changed } else { &mut fresh }.push((id, series));
        let keep = Links::of(run).keep();
        settled.push(Settled {
            reason: remarks.join(" "),
            keep,
            amount: i64::try_from(points).unwrap_or(i64::MAX),
            ..Settled::taken(found, id.uuid())
        });
    }
    repo::runs::write(&tx, &rows, &import.started_by).await?;
    metrics::place(&tx, fresh).await?;
    for (run, series) in &changed {
        metrics::complete(&tx, *run, series).await?;
    }
    let compactions: Vec<CompactMetrics> = changed.iter().map(|(run, _)| CompactMetrics { run: *run, revision: import.step }).collect();
    tx.enqueue_all(&compactions).await?;
    repo::settle(&tx, import, Kind::Run, &settled).await?;
    let points: i64 = settled.iter().map(|one| one.amount).sum();
    let failed = settled.iter().filter(|one| one.local.is_none()).count();
    let detail = json!({ "runs": rows.len(), "changed": changed.len(), "points": points, "failed": failed });
    work.commit(tx, "import.runs", detail).await
}

/// The series that can be kept. What cannot is told.
fn series(series: BTreeMap<String, Vec<metrics::Point>>, remarks: &mut Vec<String>) -> BTreeMap<String, Vec<metrics::Point>> {
    let mut kept = BTreeMap::new();
    for (key, mut points) in series {
        if check_key(&key).is_err() {
            remarks.push(format!("Metric {} has a name that cannot be kept.", shown(&key)));
            continue;
        }
        let all = points.len();
        points.retain(|point| point.at_ms >= 0);
        if points.len() < all {
            remarks.push(format!("{} points of metric {key} are older than 1970.", all - points.len()));
        }
        kept.insert(key, points);
    }
    kept
}

fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

/// Pairs whose keys can be kept, each key once. What cannot is told.
pub fn pairs(list: &[wire::Pair], what: &str, remarks: &mut Vec<String>) -> Vec<(String, String)> {
    let mut kept: HashMap<String, String> = HashMap::new();
    for pair in list {
        if check_key(&pair.key).is_ok() {
            kept.insert(pair.key.clone(), pair.value.replace('\0', "\u{fffd}"));
        } else {
            remarks.push(format!("{what} {} has a name that cannot be kept.", shown(&pair.key)));
        }
    }
    kept.into_iter().collect()
}

fn row(id: RunId, experiment: ExperimentId, run: &wire::Run, remarks: &mut Vec<String>) -> Row {
    let info = &run.info;
    let mut params = pairs(&run.data.params, "Param", remarks);
    let mut tags = pairs(&run.data.tags, "Tag", remarks);
    let tag = tags.iter().find(|(key, _)| key == NAME_TAG).map(|(_, value)| value.clone());
    let named = [info.run_name.clone(), tag.unwrap_or_default()].into_iter().find(|name| check_name(name).is_ok());
    let name = named.unwrap_or_else(|| format!("run-{}", &id.hex()[..8]));
    tags.retain(|(key, _)| key != NAME_TAG);
    tags.push((NAME_TAG.to_owned(), name.clone()));
    // Long values are cut; everything else was looked at above.
    let _ = check_params(&mut params);
    let _ = check_tags(&mut tags);
    let mut inputs: Vec<datasets::Input> = run.inputs.dataset_inputs.iter().map(|input| dataset(input, remarks)).collect();
    if let Err(error) = datasets::settle(&mut inputs) {
        remarks.push(format!("Its datasets were left out: {error}"));
        inputs.clear();
    }
    Row {
        id,
        experiment,
        name,
        user: info.user_id.replace('\0', ""),
        status: Status::parse(&info.status).unwrap_or(Status::Finished),
        started_ms: info.start_time.0.max(0),
        ended_ms: info.end_time.map(|at| at.0).filter(|at| *at >= 0),
        params,
        tags,
        datasets: inputs,
    }
}

fn dataset(input: &wire::DatasetInput, remarks: &mut Vec<String>) -> datasets::Input {
    let told = &input.dataset;
    datasets::Input {
        name: told.name.clone(),
        digest: told.digest.clone(),
        source_type: told.source_type.clone(),
        source: told.source.clone(),
        schema: told.schema.clone(),
        profile: told.profile.clone(),
        tags: pairs(&input.tags, "A dataset's tag", remarks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_kept_as_it_was_and_what_cannot_be_is_told() {
        let text = r#"{"info":{"run_id":"0190aaaabbbb7ccc8dddeeeeffff0001","run_name":"amber","status":"FINISHED","start_time":5,"end_time":9,"user_id":"ada"},
            "data":{"params":[{"key":"rate","value":"0.1"},{"key":"it's","value":"x"}],"tags":[{"key":"team","value":"fraud"},{"key":"mlflow.runName","value":"amber"}]},
            "inputs":{"dataset_inputs":[{"dataset":{"name":"d","digest":"1"},"tags":[{"key":"mlflow.data.context","value":"training"}]}]}}"#;
        let run: wire::Run = serde_json::from_str(text).expect("reads");
        let mut remarks = Vec::new();
        let row = row("0190aaaabbbb7ccc8dddeeeeffff0001".parse().expect("an id"), ExperimentId::from_uuid(Uuid::nil()), &run, &mut remarks);
        assert_eq!((row.name.as_str(), row.status, row.started_ms, row.ended_ms), ("amber", Status::Finished, 5, Some(9)));
        assert_eq!(row.params, [("rate".to_owned(), "0.1".to_owned())]);
        assert_eq!(row.tags.len(), 2);
        assert_eq!(row.datasets[0].context(), Some("training"));
        assert_eq!(remarks.len(), 1, "{remarks:?}");
    }

    #[test]
    fn series_without_a_name_or_before_1970_are_told() {
        let point = |at_ms| metrics::Point { step: 0, at_ms, value: 1.0 };
        let mut remarks = Vec::new();
        let kept = series(BTreeMap::from([("ok".to_owned(), vec![point(1), point(-1)]), ("a\"b".to_owned(), vec![point(1)])]), &mut remarks);
        assert_eq!((kept.len(), kept["ok"].len(), remarks.len()), (1, 1, 2));
    }
}
