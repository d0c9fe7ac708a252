//! The statements of projects.

use sea_orm::{DbErr, QueryResult};
use shared::ids::ProjectId;

use super::{Project, ProjectError};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
    features::sharing::Access,
};

fn read(row: &QueryResult) -> Result<Project, DbErr> {
    Ok(Project {
        id: ProjectId::from_uuid(row.try_get("", "id")?),
        name: row.try_get("", "name")?,
        slug: row.try_get("", "slug")?,
        description: row.try_get("", "description")?,
        access: Access::read(&row.try_get::<String>("", "access")?),
        created_at: row.try_get("", "created_at")?,
    })
}

/// Projects by name, the default first.
pub async fn list<C: Connection>(tx: &C) -> Result<Vec<Project>, Fault> {
    let rows = tx.rows("select id, name, slug, description, access, created_at from projects order by is_default desc, name, id", vec![]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub async fn find<C: Connection>(tx: &C, slug: &str) -> Result<Option<Project>, Fault> {
    let row = tx.row("select id, name, slug, description, access, created_at from projects where slug = $1", vec![slug.into()]).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

/// A project, locked until the transaction ends.
pub async fn lock(tx: &WriteTx, slug: &str) -> Result<Option<Project>, Fault> {
    let row = tx.row("select id, name, slug, description, access, created_at from projects where slug = $1 for update", vec![slug.into()]).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

pub async fn insert(tx: &WriteTx, project: &Project) -> Result<(), Fault> {
    let sql = "insert into projects (id, name, slug, description, created_at) values ($1, $2, $3, $4, $5)";
    let values = vec![
        project.id.uuid().into(),
        project.name.clone().into(),
        project.slug.clone().into(),
        project.description.clone().into(),
        project.created_at.into(),
    ];
    tx.run(sql, values).await.map(drop).map_err(|error| match broken_constraint(&error).as_deref() {
        Some("projects_name") => ProjectError::NameTaken.into(),
        Some("projects_slug") => ProjectError::SlugTaken(project.slug.clone()).into(),
        _ => error.into(),
    })
}

pub async fn describe(tx: &WriteTx, id: ProjectId, description: &str) -> Result<(), Fault> {
    tx.run("update projects set description = $2 where id = $1", vec![id.uuid().into(), description.into()]).await?;
    Ok(())
}

/// How many experiments (removed ones too) and registered models a project holds.
pub async fn holds(tx: &WriteTx, id: ProjectId) -> Result<(i64, i64), Fault> {
    let sql = "select (select count(*) from experiments where project_id = $1), (select count(*) from registered_models where project_id = $1)";
    let row = tx.row(sql, vec![id.uuid().into()]).await?;
    Ok(row.map_or(Ok((0, 0)), |row| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))?)
}

/// Moves what a project holds into the default one.
pub async fn empty(tx: &WriteTx, project: &Project) -> Result<(), Fault> {
    let taken = |error: DbErr| match broken_constraint(&error).as_deref() {
        Some("experiments_name" | "registered_models_name" | "templates_name") => ProjectError::SameNames(project.slug.clone()).into(),
        _ => Fault::from(error),
    };
    let to_default = "update experiments set project_id = (select id from projects where is_default) where project_id = $1";
    tx.run(to_default, vec![project.id.uuid().into()]).await.map_err(taken)?;
    let to_default = "update templates set project_id = (select id from projects where is_default) where project_id = $1";
    tx.run(to_default, vec![project.id.uuid().into()]).await.map_err(taken)?;
    let to_default = "update registered_models set project_id = (select id from projects where is_default) where project_id = $1";
    tx.run(to_default, vec![project.id.uuid().into()]).await.map_err(taken)?;
    Ok(())
}

pub async fn remove(tx: &WriteTx, id: ProjectId) -> Result<(), Fault> {
    tx.run("delete from projects where id = $1", vec![id.uuid().into()]).await?;
    Ok(())
}
