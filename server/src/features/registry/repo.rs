//! The statements of the registry.

pub mod search;

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::ids::{LoggedModelId, ProjectId, RegisteredModelId, RunId};
use uuid::Uuid;

use super::{
    RegistryError,
    model::{Alias, ModelName, ModelVersion, RegisteredModel, Stage},
};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::artifacts::location::Owner,
};

fn taken(name: &ModelName) -> impl Fn(DbErr) -> Fault {
    move |error| match broken_constraint(&error).as_deref() {
        Some("registered_models_name") => RegistryError::ModelExists(name.to_string()).into(),
        _ => error.into(),
    }
}

pub async fn insert(tx: &WriteTx, id: RegisteredModelId, name: &ModelName, description: &str) -> Result<(), Fault> {
    tx.run(
        "insert into registered_models (id, project_id, name, description, created_by, created_at, updated_at) \
            values ($1, coalesce($6, (select id from projects where is_default)), $2, $3, $4, $5, $5)",
        vec![
            id.uuid().into(),
            name.as_str().into(),
            description.into(),
            tx.actor().name.as_str().into(),
            tx.now().into(),
            tx.reach().project().into(),
        ],
    )
    .await
    .map_err(taken(name))?;
    Ok(())
}

/// A model's id, locked until the transaction ends.
pub async fn lock(tx: &WriteTx, name: &ModelName) -> Result<Option<RegisteredModelId>, Fault> {
    let sql = "select id from registered_models where project_id = coalesce($2, (select id from projects where is_default)) and name = $1 for no key update";
    let row = tx.row(sql, vec![name.as_str().into(), tx.reach().project().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(RegisteredModelId::from_uuid)).transpose()?)
}

pub async fn find_id<C: Connection>(tx: &C, name: &ModelName) -> Result<Option<RegisteredModelId>, Fault> {
    let sql = "select id from registered_models where project_id = coalesce($2, (select id from projects where is_default)) and name = $1";
    let row = tx.row(sql, vec![name.as_str().into(), tx.reach().project().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(RegisteredModelId::from_uuid)).transpose()?)
}

/// A model's id by the slug of its project, or in the default one.
pub async fn find_id_in<C: Connection>(tx: &C, project: Option<&str>, name: &ModelName) -> Result<Option<RegisteredModelId>, Fault> {
    let sql = "select id from registered_models where project_id = (select id from projects where slug = coalesce($2, 'default')) and name = $1";
    let row = tx.row(sql, vec![name.as_str().into(), project.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(RegisteredModelId::from_uuid)).transpose()?)
}

/// Notes that a model changed, with another name or description if one is given.
pub async fn update(tx: &WriteTx, id: RegisteredModelId, name: Option<&ModelName>, description: Option<&str>) -> Result<(), Fault> {
    let statement = tx.run(
        "update registered_models set updated_at = greatest(updated_at, $2), name = coalesce($3, name), description = coalesce($4, description) where id = $1",
        vec![id.uuid().into(), tx.now().into(), name.map(ModelName::as_str).into(), description.into()],
    );
    match name {
        Some(name) => statement.await.map_err(taken(name))?,
        None => statement.await?,
    };
    Ok(())
}

pub async fn delete(tx: &WriteTx, id: RegisteredModelId) -> Result<(), Fault> {
    tx.run("delete from registered_models where id = $1", vec![id.uuid().into()]).await?;
    Ok(())
}

/// Models with tags and aliases, in the order of `ids`.
pub async fn load<C: Connection>(tx: &C, ids: &[RegisteredModelId]) -> Result<Vec<RegisteredModel>, Fault> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    if uuids.is_empty() {
        return Ok(Vec::new());
    }
    let heads = tx
        .rows(
            "select id, project_id, name, description, created_at, updated_at from registered_models where id = any($1)",
            vec![uuids.clone().into()],
        )
        .await?;
    let mut models: HashMap<Uuid, RegisteredModel> = heads.iter().map(head).collect::<Result<_, _>>()?;
    let tags = tx
        .rows(
            "select model_id, key, value from registered_model_tags where model_id = any($1) order by key collate \"C\"",
            vec![uuids.clone().into()],
        )
        .await?;
    for row in &tags {
        let tag = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        models.entry(row.try_get_by_index(0)?).and_modify(|model| model.tags.push(tag));
    }
    let aliases = tx
        .rows(
            "select model_id, alias, version from registered_model_aliases where model_id = any($1) order by alias collate \"C\"",
            vec![uuids.clone().into()],
        )
        .await?;
    for row in &aliases {
        let alias = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        models.entry(row.try_get_by_index(0)?).and_modify(|model| model.aliases.push(alias));
    }
    Ok(uuids.iter().filter_map(|id| models.remove(id)).collect())
}

fn head(row: &QueryResult) -> Result<(Uuid, RegisteredModel), DbErr> {
    let id: Uuid = row.try_get("", "id")?;
    let model = RegisteredModel {
        id: RegisteredModelId::from_uuid(id),
        project_id: ProjectId::from_uuid(row.try_get("", "project_id")?),
        name: row.try_get("", "name")?,
        description: row.try_get("", "description")?,
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
        tags: Vec::new(),
        aliases: Vec::new(),
        latest: Vec::new(),
    };
    Ok((id, model))
}

/// The newest version of each stage of some models, ordered by model.
pub async fn latest<C: Connection>(tx: &C, models: &[RegisteredModelId]) -> Result<Vec<ModelVersion>, Fault> {
    let uuids: Vec<Uuid> = models.iter().map(|id| id.uuid()).collect();
    let rows = tx
        .rows(
            "select distinct on (model_id, stage) model_id, version from model_versions where model_id = any($1) order by model_id, stage, version desc",
            vec![uuids.into()],
        )
        .await?;
    let keys: Vec<(Uuid, i32)> = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, DbErr>>()?;
    versions_by_key(tx, &keys).await
}

/// [`load`] with the newest version of each stage.
pub async fn load_with_latest<C: Connection>(tx: &C, ids: &[RegisteredModelId]) -> Result<Vec<RegisteredModel>, Fault> {
    let mut models = load(tx, ids).await?;
    for version in latest(tx, ids).await? {
        if let Some(model) = models.iter_mut().find(|model| model.id == version.model_id) {
            model.latest.push(version);
        }
    }
    Ok(models)
}

pub async fn set_tag(tx: &WriteTx, id: RegisteredModelId, key: &str, value: &str) -> Result<(), Fault> {
    tx.run(
        "insert into registered_model_tags (model_id, key, value) values ($1, $2, $3) on conflict (model_id, key) do update set value = excluded.value",
        vec![id.uuid().into(), key.into(), value.into()],
    )
    .await?;
    Ok(())
}

/// Removes a tag; whether there was one.
pub async fn remove_tag(tx: &WriteTx, id: RegisteredModelId, key: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from registered_model_tags where model_id = $1 and key = $2", vec![id.uuid().into(), key.into()]).await? > 0)
}

/// Points an alias at a version; whether that version exists.
pub async fn set_alias(tx: &WriteTx, id: RegisteredModelId, alias: &Alias, version: i32) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "insert into registered_model_aliases (model_id, alias, version) \
             select v.model_id, $2, v.version from model_versions v where v.model_id = $1 and v.version = $3 \
             on conflict (model_id, alias) do update set version = excluded.version",
            vec![id.uuid().into(), alias.as_str().into(), version.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Removes an alias; whether there was one.
pub async fn remove_alias(tx: &WriteTx, id: RegisteredModelId, alias: &str) -> Result<bool, Fault> {
    Ok(tx.run("delete from registered_model_aliases where model_id = $1 and alias = $2", vec![id.uuid().into(), alias.into()]).await? > 0)
}

/// The version an alias points at.
pub async fn find_alias<C: Connection>(tx: &C, id: RegisteredModelId, alias: &str) -> Result<Option<i32>, Fault> {
    let row = tx.row("select version from registered_model_aliases where model_id = $1 and alias = $2", vec![id.uuid().into(), alias.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// What a new version is made of.
pub struct VersionRow<'a> {
    pub source: &'a str,
    pub owner: Option<Owner>,
    pub source_path: &'a str,
    pub run: Option<RunId>,
    pub run_link: &'a str,
    pub logged_model: Option<LoggedModelId>,
    pub description: &'a str,
}

/// Inserts a version under the next number, which it returns.
pub async fn insert_version(tx: &WriteTx, id: RegisteredModelId, new: &VersionRow<'_>) -> Result<i32, Fault> {
    let (owner_run, owner_model) = match new.owner {
        Some(Owner::Run(run)) => (Some(run.uuid()), None),
        Some(Owner::Model(model)) => (None, Some(model.uuid())),
        None => (None, None),
    };
    let row = tx
        .row(
            "with next as (update registered_models set last_version = last_version + 1, updated_at = greatest(updated_at, $2) where id = $1 returning last_version) \
             insert into model_versions (model_id, version, source, owner_run_id, owner_model_id, source_path, run_id, run_link, logged_model_id, description, stage, created_by, created_at, updated_at) \
             select $1, last_version, $3, $4, $5, $6, $7, $8, $9, $10, 'development', $11, $2, $2 from next returning version",
            vec![
                id.uuid().into(),
                tx.now().into(),
                new.source.into(),
                owner_run.into(),
                owner_model.into(),
                new.source_path.into(),
                new.run.map(RunId::uuid).into(),
                new.run_link.into(),
                new.logged_model.map(LoggedModelId::uuid).into(),
                new.description.into(),
                tx.actor().name.as_str().into(),
            ],
        )
        .await?;
    row.map(|row| row.try_get_by_index(0)).transpose()?.ok_or_else(|| Fault::internal("a registered model vanished under its lock"))
}

/// The versions of some models, or the given ones, newest first; with tags and aliases.
pub async fn versions<C: Connection>(tx: &C, models: &[RegisteredModelId], version: Option<i32>) -> Result<Vec<ModelVersion>, Fault> {
    let uuids: Vec<Uuid> = models.iter().map(|id| id.uuid()).collect();
    let rows = tx
        .rows(
            "select v.*, m.name, \
                (select coalesce(array_agg(t.key order by t.key), '{}') from model_version_tags t where t.model_id = v.model_id and t.version = v.version) as tag_keys, \
                (select coalesce(array_agg(t.value order by t.key), '{}') from model_version_tags t where t.model_id = v.model_id and t.version = v.version) as tag_values, \
                (select coalesce(array_agg(a.alias order by a.alias), '{}') from registered_model_aliases a where a.model_id = v.model_id and a.version = v.version) as aliases \
             from model_versions v join registered_models m on m.id = v.model_id \
             where v.model_id = any($1) and ($2::integer is null or v.version = $2) order by m.name, v.version desc",
            vec![uuids.into(), version.into()],
        )
        .await?;
    Ok(rows.iter().map(read_version).collect::<Result<_, DbErr>>()?)
}

/// Several versions by model and number, in the order asked.
pub async fn versions_by_key<C: Connection>(tx: &C, keys: &[(Uuid, i32)]) -> Result<Vec<ModelVersion>, Fault> {
    let models: Vec<Uuid> = keys.iter().map(|(model, _)| *model).collect();
    let numbers: Vec<i32> = keys.iter().map(|(_, version)| *version).collect();
    let rows = tx
        .rows(
            "select v.*, m.name, \
                (select coalesce(array_agg(t.key order by t.key), '{}') from model_version_tags t where t.model_id = v.model_id and t.version = v.version) as tag_keys, \
                (select coalesce(array_agg(t.value order by t.key), '{}') from model_version_tags t where t.model_id = v.model_id and t.version = v.version) as tag_values, \
                (select coalesce(array_agg(a.alias order by a.alias), '{}') from registered_model_aliases a where a.model_id = v.model_id and a.version = v.version) as aliases \
             from unnest($1::uuid[], $2::integer[]) with ordinality as k (model_id, version, place) \
             join model_versions v on v.model_id = k.model_id and v.version = k.version join registered_models m on m.id = v.model_id order by k.place",
            vec![models.into(), numbers.into()],
        )
        .await?;
    Ok(rows.iter().map(read_version).collect::<Result<_, DbErr>>()?)
}

fn read_version(row: &QueryResult) -> Result<ModelVersion, DbErr> {
    let owner_run: Option<Uuid> = row.try_get("", "owner_run_id")?;
    let owner_model: Option<Uuid> = row.try_get("", "owner_model_id")?;
    let owner = match (owner_run, owner_model) {
        (Some(run), _) => Some(Owner::Run(RunId::from_uuid(run))),
        (None, Some(model)) => Some(Owner::Model(LoggedModelId::from_uuid(model))),
        (None, None) => None,
    };
    let stage: String = row.try_get("", "stage")?;
    let (keys, values): (Vec<String>, Vec<String>) = (row.try_get("", "tag_keys")?, row.try_get("", "tag_values")?);
    Ok(ModelVersion {
        model_id: RegisteredModelId::from_uuid(row.try_get("", "model_id")?),
        name: row.try_get("", "name")?,
        version: row.try_get("", "version")?,
        source: row.try_get("", "source")?,
        owner,
        source_path: row.try_get("", "source_path")?,
        run_id: row.try_get::<Option<Uuid>>("", "run_id")?.map(RunId::from_uuid),
        run_link: row.try_get("", "run_link")?,
        logged_model_id: row.try_get::<Option<Uuid>>("", "logged_model_id")?.map(LoggedModelId::from_uuid),
        description: row.try_get("", "description")?,
        stage: stage.parse().map_err(|()| DbErr::Type(format!("{stage} is no stage")))?,
        created_by: row.try_get("", "created_by")?,
        created_at: row.try_get("", "created_at")?,
        updated_at: row.try_get("", "updated_at")?,
        tags: keys.into_iter().zip(values).collect(),
        aliases: row.try_get("", "aliases")?,
    })
}

/// Changes a version; whether it exists.
pub async fn update_version(
    tx: &WriteTx,
    id: RegisteredModelId,
    version: i32,
    description: Option<&str>,
    stage: Option<Stage>,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "update model_versions set updated_at = $3, description = coalesce($4, description), stage = coalesce($5, stage) where model_id = $1 and version = $2",
            vec![id.uuid().into(), version.into(), tx.now().into(), description.into(), stage.map(Stage::as_str).into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Archives every other version of a stage; returns their numbers.
pub async fn archive_others(tx: &WriteTx, id: RegisteredModelId, version: i32, stage: Stage) -> Result<Vec<i32>, Fault> {
    let rows = tx
        .rows(
            "update model_versions set stage = 'archived', updated_at = $4 where model_id = $1 and version <> $2 and stage = $3 returning version",
            vec![id.uuid().into(), version.into(), stage.as_str().into(), tx.now().into()],
        )
        .await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}

/// Deletes a version with its tags and aliases; whether it existed.
pub async fn delete_version(tx: &WriteTx, id: RegisteredModelId, version: i32) -> Result<bool, Fault> {
    Ok(tx.run("delete from model_versions where model_id = $1 and version = $2", vec![id.uuid().into(), version.into()]).await? > 0)
}

/// Sets a version's tag; whether the version exists.
pub async fn set_version_tag(tx: &WriteTx, id: RegisteredModelId, version: i32, key: &str, value: &str) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "insert into model_version_tags (model_id, version, key, value) \
             select v.model_id, v.version, $3, $4 from model_versions v where v.model_id = $1 and v.version = $2 \
             on conflict (model_id, version, key) do update set value = excluded.value",
            vec![id.uuid().into(), version.into(), key.into(), value.into()],
        )
        .await?;
    Ok(changed > 0)
}

/// Removes a version's tag; whether there was one.
pub async fn remove_version_tag(tx: &WriteTx, id: RegisteredModelId, version: i32, key: &str) -> Result<bool, Fault> {
    Ok(tx
        .run("delete from model_version_tags where model_id = $1 and version = $2 and key = $3", vec![id.uuid().into(), version.into(), key.into()])
        .await?
        > 0)
}

/// Whether a run exists.
pub async fn run_exists<C: Connection>(tx: &C, id: RunId) -> Result<bool, Fault> {
    Ok(tx.row("select from runs where id = $1", vec![id.uuid().into()]).await?.is_some())
}

/// A logged model that was not removed, locked against removal: the run it names as its source.
pub async fn find_logged_model(tx: &WriteTx, id: LoggedModelId) -> Result<Option<Option<RunId>>, Fault> {
    let row = tx.row("select source_run_id from logged_models where id = $1 and removed_at is null for share", vec![id.uuid().into()]).await?;
    let source: Option<Option<Uuid>> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(source.map(|run| run.map(RunId::from_uuid)))
}

/// Adds a version to the list that a logged model's tag `mlflow.modelVersions` keeps.
pub async fn note_version(tx: &WriteTx, logged_model: LoggedModelId, name: &str, version: i32) -> Result<(), Fault> {
    let row =
        tx.row("select value from logged_model_tags where model_id = $1 and key = 'mlflow.modelVersions'", vec![logged_model.uuid().into()]).await?;
    let old: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    let mut list: Vec<serde_json::Value> = old.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    list.push(serde_json::json!({ "name": name, "version": version }));
    let text = serde_json::Value::from(list).to_string();
    tx.run(
        "insert into logged_model_tags (model_id, key, value) values ($1, 'mlflow.modelVersions', $2) on conflict (model_id, key) do update set value = excluded.value",
        vec![logged_model.uuid().into(), text.into()],
    )
    .await?;
    Ok(())
}
