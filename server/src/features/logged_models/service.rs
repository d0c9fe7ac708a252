//! Logging models, finishing their upload, describing and finding them.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{LoggedModelId, RunId};
use uuid::Uuid;

use super::{
    LoggedModel, LoggedModelError, ModelLink, ModelMetric, NewModel, Order, Query, ReadModels, Status, WriteModels,
    model::{self, DATASETS_MAX},
    repo::{self, search::Term},
    search::MODELS,
};
use crate::{
    access::{
        Connection, Grant, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{artifacts::location::show_model_id, filter},
};

fn missing(id: LoggedModelId) -> Fault {
    LoggedModelError::Missing(show_model_id(id)).into()
}

fn entry(action: &'static str, id: LoggedModelId, name: &str) -> Entry {
    Entry::new(action, Subject::new("logged_model", id, name))
}

async fn loaded<C: Connection>(tx: &C, id: LoggedModelId) -> Result<LoggedModel, Fault> {
    repo::load(tx, &[id], false).await?.pop().ok_or_else(|| missing(id))
}

/// Creates a model whose files are still to come.
///
/// # Errors
/// `NotFound` for the experiment or the run; `Invalid` for a removed experiment or a field that breaks a rule.
pub async fn create(grant: Grant<'_, WriteModels>, mut new: NewModel) -> Result<LoggedModel, Fault> {
    new.check()?;
    model::shorten(&mut new.params);
    let id = LoggedModelId::from_uuid(Uuid::now_v7());
    if new.name.is_empty() {
        new.name = format!("model-{}", &id.hex()[24..]);
    }
    let tx = grant.begin().await?;
    let experiment = match repo::find_experiment(&tx, &new.experiment).await? {
        Some((id, false)) => id,
        Some((_, true)) => return Err(LoggedModelError::ExperimentRemoved(new.experiment).into()),
        None => return Err(LoggedModelError::ExperimentMissing(new.experiment).into()),
    };
    repo::insert(&tx, id, experiment, &new).await?;
    let model = loaded(&tx, id).await?;
    tx.commit(entry("logged_model.create", id, &new.name).detail(json!({ "run": new.source_run, "type": new.model_type }))).await?;
    Ok(model)
}

/// One model.
///
/// # Errors
/// `NotFound`; a removed one is found only `with_removed`.
pub async fn get(grant: Grant<'_, ReadModels>, id: LoggedModelId, with_removed: bool) -> Result<LoggedModel, Fault> {
    repo::load(grant.read().await?, &[id], with_removed).await?.pop().ok_or_else(|| missing(id))
}

/// Says how the upload ended.
///
/// # Errors
/// `NotFound`; `Invalid` for `Pending`.
pub async fn finalize(grant: Grant<'_, WriteModels>, id: LoggedModelId, status: Status) -> Result<LoggedModel, Fault> {
    if status == Status::Pending {
        return Err(LoggedModelError::Status.into());
    }
    let tx = grant.begin().await?;
    let name = repo::lock(&tx, id).await?.ok_or_else(|| missing(id))?;
    repo::touch(&tx, id, Some(status)).await?;
    let model = loaded(&tx, id).await?;
    tx.commit(entry("logged_model.finalize", id, &name).detail(json!({ "status": status.as_str() }))).await?;
    Ok(model)
}

/// Sets tags.
///
/// # Errors
/// `NotFound`; `Invalid` for a key or a value that breaks a rule.
pub async fn set_tags(grant: Grant<'_, WriteModels>, id: LoggedModelId, tags: &[(String, String)]) -> Result<LoggedModel, Fault> {
    model::check_tags(tags)?;
    let tx = grant.begin().await?;
    let name = repo::lock(&tx, id).await?.ok_or_else(|| missing(id))?;
    repo::set_tags(&tx, id, tags).await?;
    repo::touch(&tx, id, None).await?;
    let model = loaded(&tx, id).await?;
    let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    tx.commit(entry("logged_model.set_tags", id, &name).detail(json!({ "keys": keys }))).await?;
    Ok(model)
}

/// Removes a tag.
///
/// # Errors
/// `NotFound` for the model or the tag.
pub async fn remove_tag(grant: Grant<'_, WriteModels>, id: LoggedModelId, key: &str) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let name = repo::lock(&tx, id).await?.ok_or_else(|| missing(id))?;
    if !repo::remove_tag(&tx, id, key).await? {
        return Err(LoggedModelError::TagMissing(key.to_owned(), show_model_id(id)).into());
    }
    repo::touch(&tx, id, None).await?;
    tx.commit(entry("logged_model.remove_tag", id, &name).detail(json!({ "key": key }))).await
}

/// Adds params; the same value again is fine.
///
/// # Errors
/// `NotFound`; `Invalid` when a param has another value already.
pub async fn add_params(grant: Grant<'_, WriteModels>, id: LoggedModelId, mut params: Vec<(String, String)>) -> Result<(), Fault> {
    model::check_params(&params)?;
    model::shorten(&mut params);
    let tx = grant.begin().await?;
    let name = repo::lock(&tx, id).await?.ok_or_else(|| missing(id))?;
    if let Some(key) = repo::add_params(&tx, id, &params).await?.into_iter().next() {
        return Err(LoggedModelError::ParamChanged(key).into());
    }
    repo::touch(&tx, id, None).await?;
    tx.commit(entry("logged_model.add_params", id, &name).detail(json!({ "params": params.len() }))).await
}

/// Removes a model; its files stay for the versions made from them.
///
/// # Errors
/// `NotFound`.
pub async fn remove(grant: Grant<'_, WriteModels>, id: LoggedModelId) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let name = repo::lock(&tx, id).await?.ok_or_else(|| missing(id))?;
    repo::remove(&tx, id).await?;
    tx.commit(entry("logged_model.remove", id, &name)).await
}

/// The models of some experiments; and whether there are more than asked for.
///
/// # Errors
/// `Invalid` for a filter or an order that cannot be read.
pub async fn search(grant: Grant<'_, ReadModels>, query: &Query) -> Result<(Vec<LoggedModel>, bool), Fault> {
    let filter = filter::parse(&query.filter, &MODELS)?;
    let terms = terms(&query.order)?;
    if query.datasets.len() > DATASETS_MAX {
        return Err(LoggedModelError::Search(format!("A search names at most {DATASETS_MAX} datasets.")).into());
    }
    let tx = grant.read().await?;
    let experiments = repo::experiments(tx, &query.experiments).await?;
    let mut ids = repo::search::ids(tx, experiments, &filter, &query.datasets, &terms, query.limit as u64 + 1, query.offset).await?;
    let more = ids.len() > query.limit;
    ids.truncate(query.limit);
    Ok((repo::load(tx, &ids, false).await?, more))
}

/// An order, as short as any; the same field may stand in it for several datasets.
fn terms(order: &[Order]) -> Result<Vec<Term>, Fault> {
    if order.len() > filter::MAX_ORDERS {
        return Err(filter::FilterError::TooManyOrders.into());
    }
    let mut terms: Vec<Term> = Vec::with_capacity(order.len());
    for one in order {
        let field = filter::orders(std::slice::from_ref(&one.field), &MODELS)?.pop();
        let field = field.ok_or_else(|| LoggedModelError::Search("Invalid order_by: a field_name is missing.".into()))?;
        let same = |known: &Term| (known.entity, &known.key, &known.dataset) == (field.entity, &field.key, &one.dataset);
        if terms.iter().any(same) {
            return Err(filter::FilterError::DuplicateOrder(one.field.clone()).into());
        }
        terms.push(Term { entity: field.entity, key: field.key, descending: one.descending, dataset: one.dataset.clone() });
    }
    Ok(terms)
}

/// The models that each run made.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_runs(grant: Grant<'_, ReadModels>, runs: &[RunId]) -> Result<HashMap<RunId, Vec<LoggedModel>>, Fault> {
    let tx = grant.read().await?;
    let made = repo::made_by(tx, runs).await?;
    let mut ids: Vec<LoggedModelId> = made.iter().map(|(_, model)| *model).collect();
    ids.sort();
    ids.dedup();
    let models: HashMap<_, _> = repo::load(tx, &ids, false).await?.into_iter().map(|model| (model.id, model)).collect();
    let mut of_runs: HashMap<RunId, Vec<LoggedModel>> = HashMap::new();
    for (run, id) in made {
        if let Some(model) = models.get(&id) {
            of_runs.entry(run).or_default().push(model.clone());
        }
    }
    Ok(of_runs)
}

// What the writers of runs call inside their own transaction.

/// Keeps the latest of these metrics on their models. Metrics of unknown models are dropped.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn record_metrics(tx: &WriteTx, metrics: &[ModelMetric]) -> Result<(), Fault> {
    repo::upsert_metrics(tx, &model::latest(metrics)).await
}

/// Ties models to the runs that read or made them. The runs must exist.
///
/// # Errors
/// `NotFound` naming the first model that does not exist.
pub async fn link(tx: &WriteTx, links: &[ModelLink]) -> Result<(), Fault> {
    let ids: Vec<LoggedModelId> = links.iter().map(|link| link.model).collect();
    let existing = repo::existing(tx, &ids).await?;
    match ids.into_iter().find(|id| !existing.contains(id)) {
        Some(id) => Err(missing(id)),
        None => repo::link(tx, links).await,
    }
}

/// What runs read and made.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn links_of_runs<C: Connection>(tx: &C, runs: &[RunId]) -> Result<Vec<ModelLink>, Fault> {
    repo::links_of_runs(tx, runs).await
}
