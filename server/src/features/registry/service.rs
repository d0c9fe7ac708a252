//! Registering, describing, tagging and finding models.

use serde_json::{Value, json};
use shared::ids::RegisteredModelId;
use uuid::Uuid;

use super::{
    ModelQuery, ReadRegistry, RegistryError, WriteRegistry,
    model::{self, Alias, ModelName, RegisteredModel},
    repo,
    search::MODELS,
};
use crate::{
    access::{
        Connection, Grant, Reach, WriteTx,
        audit::{Entry, Subject},
    },
    fault::Fault,
    features::{
        filter::{self, Filter},
        page::{Page, Paged, bad_cursor},
    },
};

pub(super) fn missing(name: &ModelName) -> Fault {
    RegistryError::ModelMissing(name.to_string()).into()
}

pub(super) async fn lock(tx: &WriteTx, name: &ModelName) -> Result<RegisteredModelId, Fault> {
    repo::lock(tx, name).await?.ok_or_else(|| missing(name))
}

pub(super) fn entry(action: &'static str, id: RegisteredModelId, name: &ModelName) -> Entry {
    Entry::new(action, Subject::new("registered_model", id, name.as_str()))
}

pub(super) async fn loaded<C: Connection>(tx: &C, id: RegisteredModelId) -> Result<RegisteredModel, Fault> {
    repo::load_with_latest(tx, &[id]).await?.pop().ok_or_else(|| Fault::not_found("registered_model", id))
}

/// Registers a name.
///
/// # Errors
/// `AlreadyExists`; `Invalid` naming the field that breaks a rule; `LimitExceeded` for too many tags.
pub async fn create(grant: Grant<'_, WriteRegistry>, name: &str, description: &str, tags: &[(String, String)]) -> Result<RegisteredModel, Fault> {
    let name = ModelName::parse(name)?;
    model::check_description(description)?;
    model::check_tags(tags)?;
    let id = RegisteredModelId::from_uuid(Uuid::now_v7());
    let tx = grant.begin().await?;
    repo::insert(&tx, id, &name, description).await?;
    for (key, value) in tags {
        repo::set_tag(&tx, id, key, value).await?;
    }
    let model = loaded(&tx, id).await?;
    tx.commit(entry("registered_model.create", id, &name)).await?;
    Ok(model)
}

/// A model by name.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadRegistry>, name: &str) -> Result<RegisteredModel, Fault> {
    let name = ModelName::parse(name)?;
    let tx = grant.read().await?;
    let id = repo::find_id(tx, &name).await?.ok_or_else(|| missing(&name))?;
    loaded(tx, id).await
}

/// A model by name in the project of a slug (the default one without), if there is one; a text that can be no name is no model's.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn find_by_name(grant: Grant<'_, ReadRegistry>, project: Option<&str>, name: &str) -> Result<Option<RegisteredModel>, Fault> {
    let Ok(name) = ModelName::parse(name) else { return Ok(None) };
    let tx = grant.read().await?;
    match repo::find_id_in(tx, project, &name).await? {
        Some(id) => loaded(tx, id).await.map(Some),
        None => Ok(None),
    }
}

/// Models by id, in the order asked; absent ones are left out.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_ids(grant: Grant<'_, ReadRegistry>, ids: &[RegisteredModelId]) -> Result<Vec<RegisteredModel>, Fault> {
    repo::load(grant.read().await?, ids).await
}

/// A page of the models within reach, by name. Prompts are left out unless the filter asks for them.
///
/// # Errors
/// `Invalid` for a filter or a cursor that cannot be read.
pub async fn list(grant: Grant<'_, ReadRegistry>, reach: Reach, filter: &str, page: &Page) -> Result<Paged<RegisteredModel>, Fault> {
    let filter = filter::parse(filter, &MODELS)?;
    // Projects may hold models of one name: the id tells them apart. No name holds a '/'.
    let after =
        page.after().map(|cursor| cursor.split_once('/').and_then(|(name, id)| Some((name, id.parse().ok()?))).ok_or_else(bad_cursor)).transpose()?;
    let tx = grant.read().await?;
    let ids = repo::search::models(tx, reach, &filter, &[], after, page.limit_and_one(), 0).await?;
    let models = repo::load(tx, &ids).await?;
    Ok(Paged::of(models, page, repo::search::count(tx, reach, &filter).await?, |model| format!("{}/{}", model.name, model.id.uuid())))
}

/// The models that match; and whether there are more than asked for.
///
/// # Errors
/// `Invalid` for a filter or an order that cannot be read.
pub async fn search(grant: Grant<'_, ReadRegistry>, query: &ModelQuery) -> Result<(Vec<RegisteredModel>, bool), Fault> {
    let filter: Filter = filter::parse(&query.filter, &MODELS)?;
    let order = filter::orders(&query.order, &MODELS)?;
    let tx = grant.read().await?;
    let mut ids = repo::search::models(tx, grant.reach(), &filter, &order, None, query.limit as u64 + 1, query.offset).await?;
    let more = ids.len() > query.limit;
    ids.truncate(query.limit);
    Ok((repo::load_with_latest(tx, &ids).await?, more))
}

/// Changes the description.
///
/// # Errors
/// `NotFound`, `Invalid`.
pub async fn update(grant: Grant<'_, WriteRegistry>, name: &str, description: &str) -> Result<RegisteredModel, Fault> {
    let name = ModelName::parse(name)?;
    model::check_description(description)?;
    let tx = grant.begin().await?;
    let id = lock(&tx, &name).await?;
    repo::update(&tx, id, None, Some(description)).await?;
    let model = loaded(&tx, id).await?;
    tx.commit(entry("registered_model.update", id, &name)).await?;
    Ok(model)
}

/// Gives a model another name; its versions come along.
///
/// # Errors
/// `NotFound`, `AlreadyExists`, `Invalid`.
pub async fn rename(grant: Grant<'_, WriteRegistry>, name: &str, new_name: &str) -> Result<RegisteredModel, Fault> {
    let name = ModelName::parse(name)?;
    let new_name = ModelName::parse(new_name)?;
    let tx = grant.begin().await?;
    let id = lock(&tx, &name).await?;
    repo::update(&tx, id, Some(&new_name), None).await?;
    let model = loaded(&tx, id).await?;
    tx.commit(entry("registered_model.rename", id, &new_name).detail(json!({ "from": name.as_str() }))).await?;
    Ok(model)
}

/// Removes a model with its versions, tags and aliases. The files stay with the runs and logged models they belong to.
///
/// # Errors
/// `NotFound`.
pub async fn remove(grant: Grant<'_, WriteRegistry>, name: &str) -> Result<(), Fault> {
    change(grant, "registered_model.remove", name, json!({}), async |tx, id| repo::delete(tx, id).await).await
}

/// Sets a tag.
///
/// # Errors
/// `NotFound`, `Invalid`.
pub async fn set_tag(grant: Grant<'_, WriteRegistry>, name: &str, key: &str, value: &str) -> Result<(), Fault> {
    model::check_tag(key, value)?;
    change(grant, "registered_model.set_tag", name, json!({ "key": key }), async |tx, id| {
        repo::set_tag(tx, id, key, value).await?;
        repo::update(tx, id, None, None).await
    })
    .await
}

/// Removes a tag; an absent one is fine.
///
/// # Errors
/// `NotFound` for the model.
pub async fn remove_tag(grant: Grant<'_, WriteRegistry>, name: &str, key: &str) -> Result<(), Fault> {
    change(grant, "registered_model.remove_tag", name, json!({ "key": key }), async |tx, id| {
        repo::remove_tag(tx, id, key).await?;
        repo::update(tx, id, None, None).await
    })
    .await
}

/// Points an alias at a version, away from where it pointed before.
///
/// # Errors
/// `NotFound` for the model or the version; `Invalid` for a reserved or malformed alias.
pub async fn set_alias(grant: Grant<'_, WriteRegistry>, name: &str, alias: &str, version: &str) -> Result<(), Fault> {
    let parsed = Alias::parse(alias)?;
    let version = model::parse_version(version)?;
    change(grant, "registered_model.set_alias", name, json!({ "alias": alias, "version": version }), async |tx, id| {
        if !repo::set_alias(tx, id, &parsed, version).await? {
            return Err(RegistryError::VersionMissing(name.to_owned(), version).into());
        }
        repo::update(tx, id, None, None).await
    })
    .await
}

/// Removes an alias; an absent one is fine.
///
/// # Errors
/// `NotFound` for the model.
pub async fn remove_alias(grant: Grant<'_, WriteRegistry>, name: &str, alias: &str) -> Result<(), Fault> {
    change(grant, "registered_model.remove_alias", name, json!({ "alias": alias }), async |tx, id| {
        repo::remove_alias(tx, id, alias).await?;
        repo::update(tx, id, None, None).await
    })
    .await
}

/// Carries out one change of a named model and enters it in the audit log.
async fn change(
    grant: Grant<'_, WriteRegistry>,
    action: &'static str,
    name: &str,
    detail: Value,
    act: impl AsyncFnOnce(&WriteTx, RegisteredModelId) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let name = ModelName::parse(name)?;
    let tx = grant.begin().await?;
    let id = lock(&tx, &name).await?;
    act(&tx, id).await?;
    tx.commit(entry(action, id, &name).detail(detail)).await
}
