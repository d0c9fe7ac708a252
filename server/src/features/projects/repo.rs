//! The statements of projects.

use sea_orm::DbErr;
use shared::ids::ProjectId;

use super::Project;
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// Projects by name, the default first.
pub async fn list<C: Connection>(tx: &C) -> Result<Vec<Project>, Fault> {
    let rows = tx.rows("select id, name, created_at from projects order by is_default desc, name, id", vec![]).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Project { id: ProjectId::from_uuid(row.try_get("", "id")?), name: row.try_get("", "name")?, created_at: row.try_get("", "created_at")? })
    };
    Ok(rows.iter().map(read).collect::<Result<_, DbErr>>()?)
}

/// Writes a project; `false` when the name is taken.
pub async fn insert(tx: &WriteTx, project: &Project) -> Result<bool, Fault> {
    let written = tx
        .run(
            "insert into projects (id, name, created_at) values ($1, $2, $3) on conflict (name) do nothing",
            vec![project.id.uuid().into(), project.name.clone().into(), project.created_at.into()],
        )
        .await?;
    Ok(written == 1)
}
