//! Writing down what the source has.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::{ErrorCode, key::check_key, spelling::composed};

use super::{
    model::Kind,
    repo::{self, Found, Settled},
    step::{Stopped, Work},
    wire::{self, PageOf},
};
use crate::{
    access::WriteTx,
    fault::Fault,
    features::{
        artifacts::location::parse_model_id,
        experiments::{self, ExperimentRef},
    },
};

/// Longest value of an experiment's tag that is taken, in characters.
const TAG_VALUE_MAX: usize = 20_000;

/// Where listing goes on; the experiment is the first that waits.
#[derive(Serialize, Deserialize)]
enum Cursor {
    Experiments(String),
    Registry(String),
    Runs(String),
    Models(String),
}

/// Lists one page; whether that was the last one.
///
/// # Errors
/// Why the step stops.
pub async fn go_on(work: &mut Work<'_>) -> Result<bool, Stopped> {
    let cursor = serde_json::from_str(&work.cursor).unwrap_or(Cursor::Experiments(String::new()));
    let next = match cursor {
        Cursor::Experiments(token) => {
            let page = work.source.experiments(&token).await?;
            let found = experiments_of(work, &page);
            if page.next_page_token.is_empty() {
                let next = if work.import.with_registry { Cursor::Registry(String::new()) } else { Cursor::Runs(String::new()) };
                let tx = work.begin().await?;
                repo::add_items(&tx, &work.import, &found).await?;
                note_absent(&tx, work).await?;
                return keep(work, tx, next).await;
            }
            write(work, &found, Cursor::Experiments(page.next_page_token)).await?
        }
        Cursor::Registry(token) => {
            let page = work.source.registered_models(&token).await?;
            let found = named(&page, Kind::RegisteredModel, |row| row["name"].as_str().map(|name| (name.to_owned(), name.to_owned())));
            let next = if page.next_page_token.is_empty() { Cursor::Runs(String::new()) } else { Cursor::Registry(page.next_page_token) };
            write(work, &found, next).await?
        }
        Cursor::Runs(token) => {
            let Some(experiment) = waiting_experiment(work).await? else { return Ok(true) };
            if token.is_empty()
                && let Err(reason) = arrive(work, &experiment).await?
            {
                settle(work, Settled::failed(&experiment, reason)).await?;
                return Ok(false);
            }
            let page = work.source.runs(&experiment.source_id, &token).await?;
            let mut found = named(&page, Kind::Run, |row| {
                let info = &row["info"];
                Some((info["run_id"].as_str()?.to_owned(), info["run_name"].as_str().unwrap_or_default().to_owned()))
            });
            add_files(work, &mut found, Kind::RunFiles);
            let next = if page.next_page_token.is_empty() { Cursor::Models(String::new()) } else { Cursor::Runs(page.next_page_token) };
            write(work, &found, next).await?
        }
        Cursor::Models(token) => {
            let Some(experiment) = waiting_experiment(work).await? else { return Ok(true) };
            let page = work.source.models(&experiment.source_id, &token).await?;
            let mut found = named(&page, Kind::Model, |row| {
                let info = &row["info"];
                let id = info["model_id"].as_str().filter(|id| parse_model_id(id).is_some())?;
                Some((id.to_owned(), info["name"].as_str().unwrap_or_default().to_owned()))
            });
            add_files(work, &mut found, Kind::ModelFiles);
            if !page.next_page_token.is_empty() {
                write(work, &found, Cursor::Models(page.next_page_token)).await?
            } else {
                let local = local_experiment(work, &experiment).await?;
                let tx = work.begin().await?;
                repo::add_items(&tx, &work.import, &found).await?;
                let settled = match local {
                    Some(local) => Settled::taken(&experiment, local),
                    None => Settled::failed(&experiment, "This experiment was removed here while it was imported."),
                };
                repo::settle(&tx, &work.import, Kind::Experiment, &[settled]).await?;
                return keep(work, tx, Cursor::Runs(String::new())).await;
            }
        }
    };
    work.cursor = next;
    Ok(false)
}

async fn write(work: &Work<'_>, found: &[Found], next: Cursor) -> Result<String, Stopped> {
    let tx = work.begin().await?;
    repo::add_items(&tx, &work.import, found).await?;
    let cursor = serde_json::to_string(&next).map_err(Fault::internal)?;
    repo::set_cursor(&tx, work.import.id, &cursor).await?;
    tx.commit_telemetry().await?;
    Ok(cursor)
}

/// Commits what was listed, and where listing goes on.
async fn keep(work: &mut Work<'_>, tx: WriteTx, next: Cursor) -> Result<bool, Stopped> {
    work.cursor = serde_json::to_string(&next).map_err(Fault::internal)?;
    repo::set_cursor(&tx, work.import.id, &work.cursor).await?;
    tx.commit_telemetry().await?;
    Ok(false)
}

/// What the rows of a page are: their ids and names. What has none is left out.
fn named(page: &PageOf, kind: Kind, name: impl Fn(&Value) -> Option<(String, String)>) -> Vec<Found> {
    let found = |row: &Value| {
        let (source_id, label) = name(row)?;
        // Postgres keeps no NUL in text, escaped or not.
        let payload = row.to_string().replace("\\u0000", "\\ufffd");
        let fingerprint = Sha256::digest(payload.as_bytes()).to_vec();
        Some(Found { kind, source_id: clean(&source_id), label: clean(&label), payload, fingerprint })
    };
    page.rows.iter().filter_map(found).collect()
}

fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The files of what was found, which are as old as what holds them.
fn add_files(work: &Work<'_>, found: &mut Vec<Found>, kind: Kind) {
    if work.import.with_files {
        let files: Vec<Found> = found.iter().map(|holder| Found { kind, payload: String::new(), ..holder.clone() }).collect();
        found.extend(files);
    }
}

/// Experiments are looked through each time, whatever is known of them.
fn experiments_of(work: &Work<'_>, page: &PageOf) -> Vec<Found> {
    let wanted = &work.import.experiments;
    let mut found = named(page, Kind::Experiment, |row| {
        let name = row["name"].as_str().filter(|name| wanted.is_empty() || wanted.iter().any(|one| one == name))?;
        Some((row["experiment_id"].as_str()?.to_owned(), name.to_owned()))
    });
    found.iter_mut().for_each(|one| one.fingerprint = work.import.id.uuid().as_bytes().to_vec());
    found
}

/// Reports experiments that were asked for and are not there.
async fn note_absent(tx: &WriteTx, work: &Work<'_>) -> Result<(), Stopped> {
    let known = repo::labels(tx, work.import.id, Kind::Experiment).await?;
    let absent = |name: &&String| !known.contains(name);
    let found: Vec<Found> = work
        .import
        .experiments
        .iter()
        .filter(absent)
        .map(|name| Found {
            kind: Kind::Experiment,
            source_id: format!("name:{name}"),
            label: name.clone(),
            payload: String::new(),
            fingerprint: Vec::new(),
        })
        .collect();
    repo::add_items(tx, &work.import, &found).await?;
    let settled: Vec<Settled<'_>> = found.iter().map(|one| Settled::failed(one, "There is no experiment of this name at the source.")).collect();
    Ok(repo::settle(tx, &work.import, Kind::Experiment, &settled).await?)
}

async fn waiting_experiment(work: &Work<'_>) -> Result<Option<Found>, Stopped> {
    let tx = work.begin().await?;
    Ok(repo::waiting(&tx, work.import.id, Kind::Experiment, 1).await?.pop())
}

async fn settle(work: &Work<'_>, settled: Settled<'_>) -> Result<(), Stopped> {
    let tx = work.begin().await?;
    repo::settle(&tx, &work.import, Kind::Experiment, &[settled]).await?;
    Ok(tx.commit_telemetry().await?)
}

/// The experiment here that a listed one goes into: the one of its name.
async fn local_experiment(work: &Work<'_>, experiment: &Found) -> Result<Option<uuid::Uuid>, Stopped> {
    let tx = work.begin().await?;
    Ok(repo::runs::experiment(&tx, &composed(&experiment.label)).await?.filter(|(_, removed)| !removed).map(|(id, _)| id.uuid()))
}

/// Makes sure that the experiment is here, and notes which one it is; or why it cannot be.
async fn arrive(work: &Work<'_>, experiment: &Found) -> Result<Result<(), String>, Stopped> {
    let known = {
        let tx = work.begin().await?;
        repo::runs::experiment(&tx, &composed(&experiment.label)).await?
    };
    let id = match known {
        Some((_, true)) => return Ok(Err("An experiment of this name was removed here. Restore it, then import again.".into())),
        Some((id, false)) => id,
        None => {
            let told: wire::Experiment = serde_json::from_str(&experiment.payload).unwrap_or_default();
            let tags: Vec<(String, String)> = wire::pairs(&told.tags)
                .into_iter()
                .filter(|(key, value)| check_key(key).is_ok() && value.chars().count() <= TAG_VALUE_MAX && !value.contains('\0'))
                .collect();
            match experiments::create(work.scope.grant()?, &experiment.label, None, &tags).await {
                Ok(made) => made.id,
                Err(fault) if fault.code() == ErrorCode::Invalid => return Ok(Err(fault.message().to_owned())),
                Err(fault) => return Err(fault.into()),
            }
        }
    };
    let tx = work.begin().await?;
    repo::note_origin(&tx, &work.import.source, Kind::Experiment, &experiment.source_id, id.uuid()).await?;
    let detail = json!({ "sourceExperiment": experiment.source_id, "experiment": ExperimentRef::Id(id).to_string() });
    work.commit(tx, "import.list", detail).await?;
    Ok(Ok(()))
}
