//! The statements of roles.

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};
use shared::{Permission, Role as BuiltIn};

use super::{Role, RoleError, model::Uses};
use crate::{
    access::{Connection, Sql, WriteTx},
    fault::{Fault, broken_constraint},
};

/// Every role: those of every organization first, the organization's own after them by title.
pub async fn list<C: Connection>(tx: &C) -> Result<Vec<Role>, Fault> {
    let mut allowed: HashMap<String, Vec<Permission>> = HashMap::new();
    for row in tx.rows("select role, permission from role_permissions", vec![]).await? {
        let (role, permission): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        allowed.entry(role).or_default().extend(Permission::parse(&permission));
    }
    let mut permissions = |name: &str| {
        let mut own = allowed.remove(name).unwrap_or_default();
        own.sort_unstable();
        own
    };
    let built_in = |role: &BuiltIn| (role.as_str().to_owned(), role.title().to_owned(), role.description().to_owned());
    let mut names: Vec<(String, String, String)> = BuiltIn::ALL.iter().map(built_in).collect();
    for row in tx.rows("select name, title, description from roles order by title, name", vec![]).await? {
        names.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    }
    let role = |(name, title, description): (String, String, String)| Role { permissions: permissions(&name), name, title, description };
    Ok(names.into_iter().map(role).collect())
}

/// Whether the organization made a role of this name; locked until the transaction ends.
pub async fn exists(tx: &WriteTx, name: &str) -> Result<bool, Fault> {
    Ok(tx.row("select 1 from roles where name = $1 for update", vec![name.into()]).await?.is_some())
}

fn taken(error: DbErr) -> Fault {
    match broken_constraint(&error).as_deref() {
        Some("roles_pkey" | "roles_title") => RoleError::Taken.into(),
        _ => error.into(),
    }
}

pub async fn insert(tx: &WriteTx, role: &Role, by: &str) -> Result<(), Fault> {
    let sql = "insert into roles (name, title, description, created_by, created_at) values ($1, $2, $3, $4, $5)";
    let values = vec![role.name.clone().into(), role.title.clone().into(), role.description.clone().into(), by.into(), tx.now().into()];
    tx.run(sql, values).await.map_err(taken)?;
    set_permissions(tx, role).await
}

pub async fn update(tx: &WriteTx, role: &Role) -> Result<(), Fault> {
    let sql = "update roles set title = $2, description = $3 where name = $1";
    tx.run(sql, vec![role.name.clone().into(), role.title.clone().into(), role.description.clone().into()]).await.map_err(taken)?;
    set_permissions(tx, role).await
}

async fn set_permissions(tx: &WriteTx, role: &Role) -> Result<(), Fault> {
    let permissions: Vec<String> = role.permissions.iter().map(Permission::to_string).collect();
    tx.run("delete from role_permissions where role = $1", vec![role.name.clone().into()]).await?;
    let sql = "insert into role_permissions (role, permission) select $1, * from unnest($2::text[])";
    tx.run(sql, vec![role.name.clone().into(), permissions.into()]).await?;
    tx.raise_epoch().await
}

pub async fn remove(tx: &WriteTx, name: &str) -> Result<(), Fault> {
    tx.run("delete from role_permissions where role = $1", vec![name.into()]).await?;
    tx.run("delete from roles where name = $1", vec![name.into()]).await?;
    tx.raise_epoch().await
}

/// How many have a role.
pub async fn uses(tx: &WriteTx, name: &str) -> Result<Uses, Fault> {
    let sql = "select (select count(*) from public.memberships where $1 = any(roles)) as members, \
        (select count(*) from project_members where role = $1) as workers, \
        (select count(*) from public.invitations where (role = $1 or $1 = any(group_roles)) and accepted_at is null) as invited, \
        (select count(*) from scim_groups where role = $1) + (select count(*) from public.identity_providers i \
            cross join lateral jsonb_array_elements(i.group_roles) r where r ->> 'role' = $1) as groups";
    let read = |row: QueryResult| {
        Ok::<_, DbErr>(Uses {
            members: row.try_get("", "members")?,
            workers: row.try_get("", "workers")?,
            invited: row.try_get("", "invited")?,
            groups: row.try_get("", "groups")?,
        })
    };
    Ok(tx.row(sql, vec![name.into()]).await?.map_or(Ok(Uses::default()), read)?)
}
