//! Creating, finding and changing experiments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::ids::{ExperimentId, ProjectId};
use uuid::Uuid;

use super::{
    Experiment, ExperimentError, ExperimentQuery, ExperimentRef, Keys, ReadExperiments, Stats, WriteExperiments,
    model::{self, GRAMMAR},
    repo,
};
use crate::{
    access::{
        Grant, Sql, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::filter::{self, keyset},
};

/// A page of experiments.
#[derive(Clone, Debug)]
pub struct Found {
    pub experiments: Vec<Experiment>,
    /// Continues the list, if it goes on.
    pub next: Option<String>,
}

/// Now, to the millisecond, which is what the MLflow protocol shows.
fn now_ms(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

fn entry(action: &'static str, experiment: &Experiment) -> Entry {
    Entry::new(action, Subject::new("experiment", experiment.id, &experiment.name))
}

/// Creates an experiment in a project; without one, in the project that the caller reaches.
///
/// # Errors
/// `Invalid` naming `name` or `tags`; `LimitExceeded`; `AlreadyExists`, also when the holder of the name is removed; `NotFound` for the project.
pub async fn create(
    grant: Grant<'_, WriteExperiments>,
    name: &str,
    project: Option<ProjectId>,
    tags: &[(String, String)],
) -> Result<Experiment, Fault> {
    let name = model::check_name(name)?;
    model::check_tags(tags)?;
    let (created_by, now) = (grant.actor().called(), now_ms(grant.now()));
    let tx = grant.begin().await?;
    let project = project.or_else(|| tx.reach().project().map(ProjectId::from_uuid));
    let project_id = repo::project(&tx, project)
        .await?
        .ok_or_else(|| Fault::not_found("project", project.map_or_else(|| "default".to_owned(), |id| id.to_string())))?;
    let id = ExperimentId::from_uuid(Uuid::now_v7());
    let experiment =
        Experiment { id, project_id, name, is_default: false, created_by, created_at: now, updated_at: now, removed_at: None, shared: None };
    repo::insert(&tx, &experiment).await?;
    if !tags.is_empty() {
        repo::set_tags(&tx, id, tags).await?;
    }
    tx.commit(entry("experiment.create", &experiment)).await?;
    Ok(experiment)
}

/// Inserts an experiment that begins like another one: in its project, with its tags, which its note is among, and with one more. Whoever asks commits, with
/// the entry that comes back. How many tags there are was decided when the other one got them.
///
/// # Errors
/// `Invalid` naming `name`; `NotFound`; `Conflict` when the other one is removed; `AlreadyExists`, also when the holder of the name is removed.
pub async fn insert_like(tx: &WriteTx, other: ExperimentId, name: &str, more: (String, String)) -> Result<(Experiment, Entry), Fault> {
    let name = model::check_name(name)?;
    let like = repo::find(tx, ExperimentRef::Id(other)).await?.ok_or_else(|| ExperimentError::Missing(other.hex()))?;
    if like.removed_at.is_some() {
        return Err(ExperimentError::Removed(other.hex()).into());
    }
    let (id, now) = (ExperimentId::from_uuid(Uuid::now_v7()), now_ms(tx.now()));
    let experiment = Experiment {
        id,
        project_id: like.project_id,
        name,
        is_default: false,
        created_by: tx.actor().called(),
        created_at: now,
        updated_at: now,
        removed_at: None,
        shared: None,
    };
    repo::insert(tx, &experiment).await?;
    let tags = repo::tags(tx, &[other.uuid()]).await?.into_iter().map(|(_, key, value)| (key, value));
    repo::set_tags(tx, id, &tags.chain([more]).collect::<Vec<_>>()).await?;
    let entry = entry("experiment.create", &experiment);
    Ok((experiment, entry))
}

/// One experiment, removed ones too.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadExperiments>, experiment: ExperimentRef) -> Result<Experiment, Fault> {
    Ok(repo::find(grant.read().await?, experiment).await?.ok_or_else(|| ExperimentError::Missing(experiment.to_string()))?)
}

/// Several experiments; those that do not exist are left out.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn get_many(grant: Grant<'_, ReadExperiments>, ids: &[ExperimentId]) -> Result<Vec<Experiment>, Fault> {
    repo::find_many(grant.read().await?, &uuids(ids)).await
}

/// The experiment of a name, removed ones too.
///
/// # Errors
/// `NotFound`.
pub async fn find_by_name(grant: Grant<'_, ReadExperiments>, name: &str) -> Result<Experiment, Fault> {
    let missing = || ExperimentError::NoSuchName(name.to_owned());
    let kept = model::check_name(name).map_err(|_| missing())?;
    Ok(repo::find_by_name(grant.read().await?, &kept).await?.ok_or_else(missing)?)
}

/// A page of experiments and, with `count`, how many there are in all.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`.
pub async fn list(grant: Grant<'_, ReadExperiments>, query: &ExperimentQuery, count: bool) -> Result<(Found, i64), Fault> {
    let filter = filter::parse(&query.filter, &GRAMMAR)?;
    let order = filter::orders(&query.order, &GRAMMAR)?;
    let described = format!("experiments {} {:?} {filter:?} {order:?} {:?}", grant.tenant().id, query.reach, query.lifecycle);
    let after = query.after.as_deref().map(|cursor| keyset::open(&described, cursor)).transpose()?;
    let tx = grant.read().await?;
    let mut experiments = repo::search(tx, query.reach, &filter, &order, query.lifecycle, after, query.limit + 1).await?;
    let more = experiments.len() as u64 > query.limit;
    experiments.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    let next = experiments.last().filter(|_| more).map(|last| keyset::seal(&described, last.id.uuid()));
    let total = if count { repo::count(tx, query.reach, &filter, query.lifecycle).await? } else { 0 };
    Ok((Found { experiments, next }, total))
}

async fn active(tx: &WriteTx, experiment: ExperimentRef) -> Result<Experiment, Fault> {
    let found = repo::lock(tx, experiment).await?.ok_or_else(|| ExperimentError::Missing(experiment.to_string()))?;
    match found.removed_at {
        None => Ok(found),
        Some(_) => Err(ExperimentError::Removed(experiment.to_string()).into()),
    }
}

/// Renames an experiment.
///
/// # Errors
/// `Invalid` naming `name`; `NotFound`; `AlreadyExists`; `Conflict` for a removed experiment and for the default one.
pub async fn rename(grant: Grant<'_, WriteExperiments>, experiment: ExperimentRef, name: &str) -> Result<Experiment, Fault> {
    let name = model::check_name(name)?;
    let tx = grant.begin().await?;
    let mut found = active(&tx, experiment).await?;
    if found.is_default {
        return Err(ExperimentError::Default.into());
    }
    let now = now_ms(tx.now());
    repo::rename(&tx, found.id, &name, now).await?;
    let before = std::mem::replace(&mut found.name, name);
    found.updated_at = now;
    tx.commit(entry("experiment.rename", &found).detail(json!({ "before": before }))).await?;
    Ok(found)
}

/// Removes an experiment and all its runs. They can be restored.
///
/// # Errors
/// `NotFound` when there is none that is active; `Conflict` for the default experiment.
pub async fn remove(grant: Grant<'_, WriteExperiments>, experiment: ExperimentRef) -> Result<Experiment, Fault> {
    let tx = grant.begin().await?;
    let mut found = repo::lock(&tx, experiment)
        .await?
        .filter(|found| found.removed_at.is_none())
        .ok_or_else(|| ExperimentError::Missing(experiment.to_string()))?;
    if found.is_default {
        return Err(ExperimentError::Default.into());
    }
    let now = now_ms(tx.now());
    repo::set_removed(&tx, found.id, Some(now), now).await?;
    (found.removed_at, found.updated_at) = (Some(now), now);
    tx.commit(entry("experiment.remove", &found)).await?;
    Ok(found)
}

/// Restores a removed experiment and all its runs.
///
/// # Errors
/// `NotFound` when there is none that is removed.
pub async fn restore(grant: Grant<'_, WriteExperiments>, experiment: ExperimentRef) -> Result<Experiment, Fault> {
    let tx = grant.begin().await?;
    let mut found = repo::lock(&tx, experiment).await?.ok_or_else(|| ExperimentError::Missing(experiment.to_string()))?;
    if found.removed_at.is_none() {
        return Err(ExperimentError::NotRemoved(experiment.to_string()).into());
    }
    let now = now_ms(tx.now());
    repo::set_removed(&tx, found.id, None, now).await?;
    (found.removed_at, found.updated_at) = (None, now);
    tx.commit(entry("experiment.restore", &found)).await?;
    Ok(found)
}

/// Sets a tag.
///
/// # Errors
/// `Invalid` naming `tags`; `NotFound`; `Conflict` for a removed experiment.
pub async fn set_tag(grant: Grant<'_, WriteExperiments>, experiment: ExperimentRef, key: &str, value: &str) -> Result<(), Fault> {
    model::check_tag(key, value)?;
    let tx = grant.begin().await?;
    let found = active(&tx, experiment).await?;
    repo::set_tags(&tx, found.id, &[(key.to_owned(), value.to_owned())]).await?;
    tx.commit(entry("experiment.tag", &found).detail(json!({ "key": key }))).await
}

/// Removes a tag.
///
/// # Errors
/// `NotFound` for the experiment or the tag; `Conflict` for a removed experiment.
pub async fn remove_tag(grant: Grant<'_, WriteExperiments>, experiment: ExperimentRef, key: &str) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let found = active(&tx, experiment).await?;
    if !repo::remove_tag(&tx, found.id, key).await? {
        return Err(ExperimentError::NoSuchTag(key.to_owned(), experiment.to_string()).into());
    }
    tx.commit(entry("experiment.untag", &found).detail(json!({ "key": key }))).await
}

/// The tags of several experiments, by key.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn tags(grant: Grant<'_, ReadExperiments>, ids: &[ExperimentId]) -> Result<HashMap<ExperimentId, Vec<(String, String)>>, Fault> {
    let mut tags: HashMap<ExperimentId, Vec<(String, String)>> = HashMap::new();
    for (id, key, value) in repo::tags(grant.read().await?, &uuids(ids)).await? {
        tags.entry(id).or_default().push((key, value));
    }
    Ok(tags)
}

/// What the runs of several experiments say of them.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn stats(grant: Grant<'_, ReadExperiments>, ids: &[ExperimentId]) -> Result<HashMap<ExperimentId, Stats>, Fault> {
    Ok(repo::stats(grant.read().await?, &uuids(ids)).await?.into_iter().collect())
}

/// The keys that the latest 500 runs of an experiment carry.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn keys(grant: Grant<'_, ReadExperiments>, id: ExperimentId) -> Result<Keys, Fault> {
    repo::keys(grant.read().await?, id).await
}

fn uuids(ids: &[ExperimentId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
