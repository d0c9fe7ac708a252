//! The statements of who works where.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult};
use shared::{
    Permission,
    ids::{ExperimentId, MemberId, ProjectId},
};
use uuid::Uuid;

use super::model::{Access, Place, Worker};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::Fault,
};

/// A project, locked until the transaction ends.
pub async fn lock(tx: &WriteTx, id: ProjectId) -> Result<Option<Place>, Fault> {
    let row = tx.row("select name, is_default from projects where id = $1 for update", vec![id.uuid().into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>(Place { id, name: row.try_get_by_index(0)?, is_default: row.try_get_by_index(1)? })).transpose()?)
}

pub async fn set_access(tx: &WriteTx, id: ProjectId, access: Access) -> Result<(), Fault> {
    tx.run("update projects set access = $2 where id = $1", vec![id.uuid().into(), access.as_str().into()]).await?;
    tx.raise_epoch().await
}

fn worker(row: &QueryResult) -> Result<Worker, DbErr> {
    Ok(Worker {
        project: ProjectId::from_uuid(row.try_get("", "project_id")?),
        member: MemberId::from_uuid(row.try_get("", "member_id")?),
        name: row.try_get("", "name")?,
        email: row.try_get("", "email")?,
        is_service: row.try_get("", "is_service")?,
        role: row.try_get("", "role")?,
        added_by: row.try_get("", "added_by")?,
        added_at: row.try_get("", "added_at")?,
    })
}

/// The members who have a role in one of the projects, by name.
pub async fn workers<C: Connection>(tx: &C, projects: &[Uuid]) -> Result<Vec<Worker>, Fault> {
    let sql = "select w.project_id, w.member_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, w.role, w.added_by, w.added_at \
        from project_members w join public.memberships m on m.id = w.member_id join public.people p on p.id = m.person_id \
        where w.project_id = any($1) order by p.name, w.member_id";
    Ok(tx.rows(sql, vec![projects.to_vec().into()]).await?.iter().map(worker).collect::<Result<_, _>>()?)
}

pub async fn worker_of(tx: &WriteTx, project: ProjectId, member: MemberId) -> Result<Option<Worker>, Fault> {
    let sql = "select w.project_id, w.member_id, p.name, coalesce(p.email, p.name) as email, p.service_of is not null as is_service, w.role, w.added_by, w.added_at \
        from project_members w join public.memberships m on m.id = w.member_id join public.people p on p.id = m.person_id \
        where w.project_id = $1 and w.member_id = $2";
    Ok(tx.row(sql, vec![project.uuid().into(), member.uuid().into()]).await?.as_ref().map(worker).transpose()?)
}

/// What a role may do; empty for one that does not exist.
pub async fn permissions_of(tx: &WriteTx, role: &str) -> Result<Vec<Permission>, Fault> {
    let rows = tx.rows("select permission from role_permissions where role = $1", vec![role.into()]).await?;
    let names = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, DbErr>>()?;
    Ok(names.iter().filter_map(|name| Permission::parse(name)).collect())
}

pub async fn put(tx: &WriteTx, project: ProjectId, member: MemberId, role: &str, by: &str) -> Result<(), Fault> {
    let sql = "insert into project_members (project_id, member_id, role, added_by, added_at) values ($1, $2, $3, $4, $5) \
        on conflict (project_id, member_id) do update set role = excluded.role, added_by = excluded.added_by, added_at = excluded.added_at";
    tx.run(sql, vec![project.uuid().into(), member.uuid().into(), role.into(), by.into(), tx.now().into()]).await?;
    tx.raise_epoch().await
}

pub async fn remove(tx: &WriteTx, project: ProjectId, member: MemberId) -> Result<bool, Fault> {
    let gone =
        tx.run("delete from project_members where project_id = $1 and member_id = $2", vec![project.uuid().into(), member.uuid().into()]).await?;
    tx.raise_epoch().await?;
    Ok(gone > 0)
}

/// The name of an experiment and whether it is removed; locked until the transaction ends.
pub async fn lock_experiment(tx: &WriteTx, id: ExperimentId) -> Result<Option<(String, bool)>, Fault> {
    let row = tx.row("select name, removed_at is not null from experiments where id = $1 for update", vec![id.uuid().into()]).await?;
    Ok(row.map(|row| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()?)
}

pub async fn set_shared(tx: &WriteTx, id: ExperimentId, shared: Option<(DateTime<Utc>, &str)>) -> Result<(), Fault> {
    let (at, by) = shared.unzip();
    let by: Option<String> = by.map(str::to_owned);
    tx.run("update experiments set shared_at = $2, shared_by = $3 where id = $1", vec![id.uuid().into(), at.into(), by.into()]).await?;
    Ok(())
}

/// Whether everybody has the project of an experiment or a run, or it is shared with them.
pub async fn is_everybodys(tx: &WriteTx, subject: Uuid) -> Result<bool, Fault> {
    let sql = "select p.access = 'open' or e.shared_at is not null from experiments e join projects p on p.id = e.project_id \
        where e.id = coalesce((select r.experiment_id from runs r where r.id = $1), $1)";
    let row = tx.row(sql, vec![subject.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}

/// Those of the members who have the project of an experiment or a run, or everybody does, or it is shared with them. A service account reads nothing that it
/// is told.
pub async fn readers(tx: &WriteTx, subject: Uuid, members: &[Uuid]) -> Result<Vec<MemberId>, Fault> {
    let sql = "select m.id from public.memberships m, experiments e join projects p on p.id = e.project_id \
        where m.id = any($1) and m.suspended_at is null \
        and exists (select from public.people p where p.id = m.person_id and p.service_of is null) and e.id = coalesce((select r.experiment_id from runs r where r.id = $2), $2) and ( \
            p.access = 'open' or e.shared_at is not null or exists (select from project_members w where w.project_id = p.id and w.member_id = m.id) \
            or exists (select from role_permissions r where r.role = any(m.roles) and r.permission = 'organization:write'))";
    let rows = tx.rows(sql, vec![members.to_vec().into(), subject.into()]).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0).map(MemberId::from_uuid)).collect::<Result<_, DbErr>>()?)
}

/// Each role that a member has in a project, with what it may do.
pub async fn roles_of(tx: &WriteTx, member: MemberId) -> Result<Vec<(ProjectId, Permission)>, Fault> {
    let sql =
        "select w.project_id, r.permission from project_members w join role_permissions r on r.role = w.role where w.member_id = $1 order by 1, 2";
    let rows = tx.rows(sql, vec![member.uuid().into()]).await?;
    let read = |row: &QueryResult| Ok::<_, DbErr>((ProjectId::from_uuid(row.try_get_by_index(0)?), row.try_get_by_index::<String>(1)?));
    let all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().filter_map(|(project, name)| Some((project, Permission::parse(&name)?))).collect())
}
