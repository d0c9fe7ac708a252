//! The statements that write registered models as they were elsewhere, with their version numbers.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, Value};
use shared::ids::{LoggedModelId, RegisteredModelId, RunId};
use uuid::Uuid;

use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
    features::{artifacts::location::Owner, registry::Stage},
};

/// A version as it was elsewhere, its files resolved.
pub struct Version {
    pub version: i32,
    pub source: String,
    pub owner: Owner,
    pub source_path: String,
    pub run: Option<RunId>,
    pub run_link: String,
    pub logged_model: Option<LoggedModelId>,
    pub description: String,
    pub stage: Stage,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub tags: Vec<(String, String)>,
}

fn column<T, V>(rows: &[T], pick: impl Fn(&T) -> V) -> Value
where
    Vec<V>: Into<Value>,
{
    rows.iter().map(pick).collect::<Vec<V>>().into()
}

pub async fn find<C: Connection>(tx: &C, name: &str) -> Result<Option<RegisteredModelId>, Fault> {
    let row = tx
        .row("select m.id from registered_models m join projects p on p.id = m.project_id and p.is_default where m.name = $1", vec![name.into()])
        .await?;
    Ok(row.map(|row| row.try_get_by_index(0).map(RegisteredModelId::from_uuid)).transpose()?)
}

/// A model with its description and tags; one that is here keeps its own.
pub async fn write_model(
    tx: &WriteTx,
    id: RegisteredModelId,
    name: &str,
    description: &str,
    at: (DateTime<Utc>, DateTime<Utc>),
    tags: &[(String, String)],
    by: &str,
) -> Result<(), Fault> {
    let sql = "insert into registered_models (id, project_id, name, description, created_by, created_at, updated_at) \
        select $1, id, $2, $3, $4, $5, $6 from projects where is_default on conflict (id) do nothing";
    tx.run(sql, vec![id.uuid().into(), name.into(), description.into(), by.into(), at.0.into(), at.1.into()]).await?;
    let sql = "insert into registered_model_tags (model_id, key, value) select $1, * from unnest($2::text[], $3::text[]) on conflict do nothing";
    tx.run(sql, vec![id.uuid().into(), column(tags, |tag| tag.0.clone()), column(tags, |tag| tag.1.clone())]).await?;
    Ok(())
}

/// Versions and their tags; those that are here stay as they are. Whether all of what they refer to exists was looked at before.
pub async fn write_versions(tx: &WriteTx, id: RegisteredModelId, versions: &[Version], by: &str) -> Result<(), Fault> {
    let sql = "insert into model_versions (model_id, version, source, owner_run_id, owner_model_id, source_path, run_id, run_link, logged_model_id, description, stage, created_by, created_at, updated_at) \
        select $1, n.version, n.source, nullif(n.owner_run, $15), nullif(n.owner_model, $15), n.path, run.id, n.link, model.id, n.description, n.stage, $14, n.created, n.updated \
        from unnest($2::integer[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[]) \
            as n (version, source, owner_run, owner_model, path, run, link, model, description, stage, created, updated) \
        left join lateral (select r.id from runs r where r.id = n.run offset 0) run on true \
        left join lateral (select m.id from logged_models m where m.id = n.model offset 0) model on true on conflict do nothing";
    let owner = |version: &Version| match version.owner {
        Owner::Run(run) => (run.uuid(), Uuid::nil()),
        Owner::Model(model) => (Uuid::nil(), model.uuid()),
    };
    let values = vec![
        id.uuid().into(),
        column(versions, |one| one.version),
        column(versions, |one| one.source.clone()),
        column(versions, |one| owner(one).0),
        column(versions, |one| owner(one).1),
        column(versions, |one| one.source_path.clone()),
        column(versions, |one| one.run.map_or(Uuid::nil(), RunId::uuid)),
        column(versions, |one| one.run_link.clone()),
        column(versions, |one| one.logged_model.map_or(Uuid::nil(), LoggedModelId::uuid)),
        column(versions, |one| one.description.clone()),
        column(versions, |one| one.stage.as_str().to_owned()),
        column(versions, |one| one.created_at),
        column(versions, |one| one.updated_at),
        by.into(),
        Uuid::nil().into(),
    ];
    tx.run(sql, values).await?;
    let tags: Vec<(i32, &(String, String))> = versions.iter().flat_map(|one| one.tags.iter().map(|tag| (one.version, tag))).collect();
    let sql = "insert into model_version_tags (model_id, version, key, value) select $1, * from unnest($2::integer[], $3::text[], $4::text[]) on conflict do nothing";
    let values = vec![
        id.uuid().into(),
        column(&tags, |(version, _)| *version),
        column(&tags, |(_, tag)| tag.0.clone()),
        column(&tags, |(_, tag)| tag.1.clone()),
    ];
    tx.run(sql, values).await?;
    let sql = "update registered_models set last_version = greatest(last_version, $2) where id = $1";
    tx.run(sql, vec![id.uuid().into(), versions.iter().map(|one| one.version).max().unwrap_or_default().into()]).await?;
    Ok(())
}

/// Aliases of versions that are here. One that points elsewhere stays where it points.
pub async fn write_aliases(tx: &WriteTx, id: RegisteredModelId, aliases: &[(String, i32)]) -> Result<(), Fault> {
    let sql = "insert into registered_model_aliases (model_id, alias, version) select v.model_id, n.alias, v.version from unnest($2::text[], $3::integer[]) as n (alias, version) \
        join model_versions v on v.model_id = $1 and v.version = n.version on conflict do nothing";
    tx.run(sql, vec![id.uuid().into(), column(aliases, |one| one.0.clone()), column(aliases, |one| one.1)]).await?;
    Ok(())
}

/// The runs and logged models among these that exist.
pub async fn owners<C: Connection>(tx: &C, runs: &[Uuid], models: &[Uuid]) -> Result<Vec<Uuid>, Fault> {
    let sql = "select id from runs where id = any($1) union all select id from logged_models where id = any($2)";
    let rows = tx.rows(sql, vec![runs.to_vec().into(), models.to_vec().into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, DbErr>>()?)
}
