//! Making versions, describing, staging and finding them.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{LoggedModelId, RegisteredModelId, RunId};

use super::{
    ReadRegistry, RegistryError, VersionQuery, WriteRegistry,
    model::{self, ModelName, ModelVersion, Source, Stage},
    repo::{self, VersionRow},
    search::VERSIONS,
    service::{entry, lock, missing},
};
use crate::{
    access::{Connection, Grant, WriteTx},
    fault::Fault,
    features::{
        artifacts::{
            self,
            location::{Owner, show_model_id},
        },
        filter,
    },
};

/// A version as a client asks for it.
#[derive(Clone, Debug, Default)]
pub struct NewVersion {
    pub name: String,
    pub source: String,
    pub run: Option<RunId>,
    pub run_link: String,
    pub logged_model: Option<LoggedModelId>,
    pub description: String,
    pub tags: Vec<(String, String)>,
}

/// Longest link to a run, in bytes.
const RUN_LINK_MAX: usize = 500;

/// Where a version's files are, and what they came from.
struct Resolved {
    owner: Option<Owner>,
    path: String,
    run: Option<RunId>,
    logged_model: Option<LoggedModelId>,
}

/// Makes the next version of a model from files of a run or a logged model, or from another version. Those files cannot be changed afterwards. A prompt's
/// version has none.
///
/// # Errors
/// `Invalid` for a source that is not files of this organization, or that contradicts the run or the logged model named with it; `LimitExceeded` for too many
/// tags; `NotFound`.
pub async fn create(grant: Grant<'_, WriteRegistry>, new: &NewVersion) -> Result<ModelVersion, Fault> {
    let name = ModelName::parse(&new.name)?;
    let source = Source::of(&new.source, &new.tags)?;
    model::check_description(&new.description)?;
    model::check_tags(&new.tags)?;
    if new.run_link.len() > RUN_LINK_MAX {
        return Err(Fault::invalid("run_link", "The link to the run is longer than 500 bytes."));
    }
    let tx = grant.begin().await?;
    let id = lock(&tx, &name).await?;
    let resolved = resolve(&tx, new, source).await?;
    if let Some(owner) = resolved.owner {
        artifacts::hold(&tx, owner).await?;
    }
    let row = VersionRow {
        source: &new.source,
        owner: resolved.owner,
        source_path: &resolved.path,
        run: resolved.run,
        run_link: &new.run_link,
        logged_model: resolved.logged_model,
        description: &new.description,
    };
    let version = repo::insert_version(&tx, id, &row).await?;
    for (key, value) in &new.tags {
        repo::set_version_tag(&tx, id, version, key, value).await?;
    }
    if let Some(logged_model) = resolved.logged_model {
        repo::note_version(&tx, logged_model, name.as_str(), version).await?;
    }
    let made = find(&tx, id, &name, version).await?;
    let detail = json!({ "version": version, "source": new.source, "run": resolved.run, "loggedModel": resolved.logged_model });
    tx.commit(entry("model_version.create", id, &name).detail(detail)).await?;
    Ok(made)
}

/// A source is resolved once, to an owner of this organization; what cannot be resolved is refused the same way as what does not exist.
async fn resolve(tx: &WriteTx, new: &NewVersion, source: Source) -> Result<Resolved, Fault> {
    let refused = || Fault::from(RegistryError::Source(new.source.chars().take(200).collect()));
    if let Some(run) = new.run
        && !repo::run_exists(tx, run).await?
    {
        return Err(RegistryError::RunMissing(run.hex()).into());
    }
    if let Some(id) = new.logged_model
        && repo::find_logged_model(tx, id).await?.is_none()
    {
        return Err(RegistryError::LoggedModelMissing(show_model_id(id)).into());
    }
    match source {
        Source::Version { name, version } => {
            let id = repo::find_id(tx, &name).await?.ok_or_else(refused)?;
            let original = repo::versions(tx, &[id], Some(version)).await?.pop().ok_or_else(refused)?;
            let logged_model = original.logged_model_id;
            Ok(Resolved {
                owner: Some(original.owner.ok_or_else(refused)?),
                path: original.source_path,
                run: new.run.or(original.run_id),
                logged_model: new.logged_model.or(logged_model),
            })
        }
        Source::Artifacts { owner: Owner::Model(id), path } => {
            let source_run = repo::find_logged_model(tx, id).await?.ok_or_else(refused)?;
            if new.logged_model.is_some_and(|named| named != id) {
                return Err(refused());
            }
            Ok(Resolved { owner: Some(Owner::Model(id)), path: path.to_string(), run: new.run.or(source_run), logged_model: Some(id) })
        }
        Source::Artifacts { owner: Owner::Run(run), path } => {
            if new.run != Some(run) {
                return Err(refused());
            }
            Ok(Resolved { owner: Some(Owner::Run(run)), path: path.to_string(), run: Some(run), logged_model: new.logged_model })
        }
        Source::Prompt => Ok(Resolved { owner: None, path: String::new(), run: new.run, logged_model: new.logged_model }),
    }
}

async fn find<C: Connection>(tx: &C, id: RegisteredModelId, name: &ModelName, version: i32) -> Result<ModelVersion, Fault> {
    let found = repo::versions(tx, &[id], Some(version)).await?.pop();
    found.ok_or_else(|| RegistryError::VersionMissing(name.to_string(), version).into())
}

/// One version.
///
/// # Errors
/// `NotFound`; `Invalid` when `version` is no number.
pub async fn get(grant: Grant<'_, ReadRegistry>, name: &str, version: &str) -> Result<ModelVersion, Fault> {
    let name = ModelName::parse(name)?;
    let version = model::parse_version(version)?;
    let tx = grant.read().await?;
    let id = repo::find_id(tx, &name).await?.ok_or_else(|| RegistryError::VersionMissing(name.to_string(), version))?;
    find(tx, id, &name, version).await
}

/// The version an alias points at; `latest` is the highest.
///
/// # Errors
/// `NotFound` for the model; `Invalid` when there is no such alias.
pub async fn by_alias(grant: Grant<'_, ReadRegistry>, name: &str, alias: &str) -> Result<ModelVersion, Fault> {
    let name = ModelName::parse(name)?;
    let tx = grant.read().await?;
    let id = repo::find_id(tx, &name).await?.ok_or_else(|| missing(&name))?;
    let absent = || RegistryError::AliasMissing(alias.chars().take(model::ALIAS_MAX).collect());
    if alias == "latest" {
        return Ok(repo::versions(tx, &[id], None).await?.into_iter().next().ok_or_else(absent)?);
    }
    let version = repo::find_alias(tx, id, alias).await?.ok_or_else(absent)?;
    find(tx, id, &name, version).await
}

/// The newest version of each stage asked for, or of every stage.
///
/// # Errors
/// `NotFound` for the model; `Invalid` for an unknown stage.
pub async fn latest(grant: Grant<'_, ReadRegistry>, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>, Fault> {
    let name = ModelName::parse(name)?;
    let stages: Vec<Stage> = stages.iter().map(|stage| Stage::from_mlflow(stage)).collect::<Result<_, _>>()?;
    let tx = grant.read().await?;
    let id = repo::find_id(tx, &name).await?.ok_or_else(|| missing(&name))?;
    let mut versions = repo::latest(tx, &[id]).await?;
    versions.retain(|version| stages.is_empty() || stages.contains(&version.stage));
    Ok(versions)
}

/// Every version of some models, the newest first within each.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_models(grant: Grant<'_, ReadRegistry>, models: &[RegisteredModelId]) -> Result<HashMap<RegisteredModelId, Vec<ModelVersion>>, Fault> {
    let mut of_models: HashMap<RegisteredModelId, Vec<ModelVersion>> = HashMap::new();
    for version in repo::versions(grant.read().await?, models, None).await? {
        of_models.entry(version.model_id).or_default().push(version);
    }
    Ok(of_models)
}

/// The versions that match; and whether there are more than asked for.
///
/// # Errors
/// `Invalid` for a filter or an order that cannot be read.
pub async fn search(grant: Grant<'_, ReadRegistry>, query: &VersionQuery) -> Result<(Vec<ModelVersion>, bool), Fault> {
    let filter = filter::parse(&query.filter, &VERSIONS)?;
    let order = filter::orders(&query.order, &VERSIONS)?;
    let tx = grant.read().await?;
    let mut keys = repo::search::versions(tx, &filter, &order, query.limit as u64 + 1, query.offset).await?;
    let more = keys.len() > query.limit;
    keys.truncate(query.limit);
    Ok((repo::versions_by_key(tx, &keys).await?, more))
}

/// The URI under which a client finds a version's files; of a prompt, the word it was made with.
///
/// # Errors
/// As [`get`].
pub async fn download_uri(grant: Grant<'_, ReadRegistry>, name: &str, version: &str) -> Result<String, Fault> {
    let name = ModelName::parse(name)?;
    let version = model::parse_version(version)?;
    let tx = grant.read().await?;
    let id = repo::find_id(tx, &name).await?.ok_or_else(|| RegistryError::VersionMissing(name.to_string(), version))?;
    let version = find(tx, id, &name, version).await?;
    let Some(owner) = version.owner else { return Ok(version.source) };
    let root = artifacts::root_uri(tx, owner).await?;
    Ok(if version.source_path.is_empty() { root } else { format!("{root}/{}", version.source_path) })
}

/// Changes the description.
///
/// # Errors
/// `NotFound`, `Invalid`.
pub async fn update(grant: Grant<'_, WriteRegistry>, name: &str, version: &str, description: &str) -> Result<ModelVersion, Fault> {
    model::check_description(description)?;
    let (tx, id, name, version) = open(grant, name, version).await?;
    if !repo::update_version(&tx, id, version, Some(description), None).await? {
        return Err(RegistryError::VersionMissing(name.to_string(), version).into());
    }
    let made = find(&tx, id, &name, version).await?;
    tx.commit(entry("model_version.update", id, &name).detail(json!({ "version": version }))).await?;
    Ok(made)
}

/// Moves a version to another stage; on request every other version of that stage is archived.
///
/// # Errors
/// `NotFound`; `Invalid` for an unknown stage, or when others are to be archived from a stage that is not staging or production.
pub async fn transition(
    grant: Grant<'_, WriteRegistry>,
    name: &str,
    version: &str,
    stage: &str,
    archive_others: bool,
) -> Result<ModelVersion, Fault> {
    let stage = Stage::from_mlflow(stage)?;
    if archive_others && !matches!(stage, Stage::Staging | Stage::Production) {
        return Err(RegistryError::ArchiveStage(stage.mlflow()).into());
    }
    let (tx, id, name, version) = open(grant, name, version).await?;
    let before = find(&tx, id, &name, version).await?.stage;
    repo::update_version(&tx, id, version, None, Some(stage)).await?;
    let archived = if archive_others { repo::archive_others(&tx, id, version, stage).await? } else { Vec::new() };
    repo::update(&tx, id, None, None).await?;
    let made = find(&tx, id, &name, version).await?;
    let detail = json!({ "version": version, "from": before.as_str(), "to": stage.as_str(), "archived": archived });
    tx.commit(entry("model_version.transition", id, &name).detail(detail)).await?;
    Ok(made)
}

/// Removes a version with its aliases. Its number is not given again.
///
/// # Errors
/// `NotFound`.
pub async fn remove(grant: Grant<'_, WriteRegistry>, name: &str, version: &str) -> Result<(), Fault> {
    let (tx, id, name, version) = open(grant, name, version).await?;
    if !repo::delete_version(&tx, id, version).await? {
        return Err(RegistryError::VersionMissing(name.to_string(), version).into());
    }
    repo::update(&tx, id, None, None).await?;
    tx.commit(entry("model_version.remove", id, &name).detail(json!({ "version": version }))).await
}

/// Sets a version's tag.
///
/// # Errors
/// `NotFound`, `Invalid`.
pub async fn set_tag(grant: Grant<'_, WriteRegistry>, name: &str, version: &str, key: &str, value: &str) -> Result<(), Fault> {
    model::check_tag(key, value)?;
    let (tx, id, name, version) = open(grant, name, version).await?;
    if !repo::set_version_tag(&tx, id, version, key, value).await? {
        return Err(RegistryError::VersionMissing(name.to_string(), version).into());
    }
    repo::update_version(&tx, id, version, None, None).await?;
    tx.commit(entry("model_version.set_tag", id, &name).detail(json!({ "version": version, "key": key }))).await
}

/// Removes a version's tag; an absent one is fine.
///
/// # Errors
/// `NotFound` for the version.
pub async fn remove_tag(grant: Grant<'_, WriteRegistry>, name: &str, version: &str, key: &str) -> Result<(), Fault> {
    let (tx, id, name, version) = open(grant, name, version).await?;
    find(&tx, id, &name, version).await?;
    repo::remove_version_tag(&tx, id, version, key).await?;
    repo::update_version(&tx, id, version, None, None).await?;
    tx.commit(entry("model_version.remove_tag", id, &name).detail(json!({ "version": version, "key": key }))).await
}

async fn open(grant: Grant<'_, WriteRegistry>, name: &str, version: &str) -> Result<(WriteTx, RegisteredModelId, ModelName, i32), Fault> {
    let name = ModelName::parse(name)?;
    let version = model::parse_version(version)?;
    let tx = grant.begin().await?;
    let id = lock(&tx, &name).await?;
    Ok((tx, id, name, version))
}
