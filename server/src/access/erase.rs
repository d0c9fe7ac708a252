//! Erasing an organization that was closed: the owner's side of the database, as creating one is.
//!
//! What must stay true: nothing is erased that was restored, nor before its time; each call does a bounded piece of work in transactions of its own, and can be
//! cut off and made again; the organization's own row goes last, so that what is left is always found; what stays is a row of `public.tombstones`.

use chrono::{DateTime, Utc};
use shared::ids::TenantId;
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, Row};
use uuid::Uuid;

use super::{
    Vault,
    provision::{enter_schema, schema},
};
use crate::fault::Fault;

/// Rows that one transaction removes.
const ROWS: i64 = 1_000;
/// Tables that one transaction removes, whatever they hold.
const TABLES: i64 = 8;

/// Whose rows name the organization in a column, in the order in which they go. `tests/leaving.rs` finds a table that is missing here.
pub const HELD: [(&str, &str); 17] = [
    ("restorations", "tenant_id"),
    ("sessions", "tenant_id"),
    ("sessions", "vouched_by"),
    ("api_tokens", "tenant_id"),
    ("job_tokens", "tenant_id"),
    ("links", "tenant_id"),
    ("support_visits", "tenant_id"),
    ("support_grants", "tenant_id"),
    ("invitations", "tenant_id"),
    ("sso_attempts", "tenant_id"),
    ("identities", "tenant_id"),
    ("identity_providers", "tenant_id"),
    ("jobs", "tenant_id"),
    ("memberships", "tenant_id"),
    ("people", "service_of"),
    ("schema_migrations", "tenant_id"),
    ("tenants", "id"),
];

/// What is to be done about an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// It is open, or its time has not come.
    NotDue,
    /// It is being erased from now on.
    Begun,
    /// Nothing of it is left.
    Over,
}

impl Vault {
    /// Begins to erase an organization whose time has come, or finds that this was begun. Nothing brings it back from then on.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn begin_erasure(&self, tenant: TenantId) -> Result<Erasure, Fault> {
        let now = self.clock().now();
        let mut connection = self.owner().acquire().await?;
        let mut tx = connection.begin().await?;
        let sql = "select closed_at, closed_by, erase_at, erasing_since from public.tenants where id = $1 for update";
        let Some(row) = sqlx::query(sql).bind(tenant.uuid()).fetch_optional(&mut *tx).await? else {
            sqlx::query("update public.tombstones set erased_at = $2 where id = $1 and erased_at is null")
                .bind(tenant.uuid())
                .bind(now)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            return Ok(Erasure::Over);
        };
        if row.try_get::<Option<DateTime<Utc>>, _>("erasing_since")?.is_some() {
            return Ok(Erasure::Begun);
        }
        let erase_at: Option<DateTime<Utc>> = row.try_get("erase_at")?;
        if erase_at.is_none_or(|at| at > now) {
            return Ok(Erasure::NotDue);
        }
        enter_schema(&mut tx, tenant).await?;
        let (entries, hash): (i64, Vec<u8>) = sqlx::query_as("select seq, hash from audit_head").fetch_one(&mut *tx).await?;
        sqlx::query(
            "insert into public.tombstones (id, closed_at, closed_by, erasing_since, audit_entries, audit_hash) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant.uuid())
        .bind(row.try_get::<DateTime<Utc>, _>("closed_at")?)
        .bind(row.try_get::<Vec<u8>, _>("closed_by")?)
        .bind(now)
        .bind(entries)
        .bind(hash)
        .execute(&mut *tx)
        .await?;
        sqlx::query("update public.tenants set erasing_since = $2 where id = $1").bind(tenant.uuid()).bind(now).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Erasure::Begun)
    }

    /// Erases a further piece of what the database holds of an organization that is being erased. `false`: nothing was left.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; then it is to be called again.
    pub async fn erase_some(&self, tenant: TenantId) -> Result<bool, Fault> {
        let mut connection = self.owner().acquire().await?;
        if !is_being_erased(&mut connection, tenant).await? {
            return Ok(false);
        }
        if drop_some(&mut connection, tenant).await? || remove_people(&mut connection, tenant).await? {
            return Ok(true);
        }
        for (table, column) in HELD {
            let sql =
                format!("delete from public.{table} where ctid = any (array(select ctid from public.{table} where {column} = $1 limit {ROWS}))");
            if sqlx::query(AssertSqlSafe(sql)).bind(tenant.uuid()).execute(&mut *connection).await?.rows_affected() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn is_being_erased(connection: &mut PgConnection, tenant: TenantId) -> Result<bool, Fault> {
    let sql = "select 1 from public.tenants where id = $1 and erasing_since is not null";
    Ok(sqlx::query(sql).bind(tenant.uuid()).fetch_optional(connection).await?.is_some())
}

/// Removes some tables of the tenant's schema, the youngest first, and the schema itself behind the last one.
async fn drop_some(connection: &mut PgConnection, tenant: TenantId) -> Result<bool, Fault> {
    let schema = schema(tenant);
    let known: Option<(String,)> =
        sqlx::query_as("select nspname::text from pg_namespace where nspname = $1").bind(&schema).fetch_optional(&mut *connection).await?;
    if known.is_none() {
        return Ok(false);
    }
    let tables: Vec<(String,)> =
        sqlx::query_as("select relname::text from pg_class where relnamespace = $1::regnamespace and relkind = 'r' order by oid desc limit $2")
            .bind(&schema)
            .bind(TABLES)
            .fetch_all(&mut *connection)
            .await?;
    let mut tx = connection.begin().await?;
    for (table,) in &tables {
        tx.execute(AssertSqlSafe(format!("drop table {schema}.{table} cascade"))).await?;
    }
    if tables.is_empty() {
        tx.execute(AssertSqlSafe(format!("drop schema {schema} cascade"))).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes accounts of people who belong to no other organization. Whoever joins one meanwhile waits, and finds the account gone; whoever has joined keeps it.
async fn remove_people(connection: &mut PgConnection, tenant: TenantId) -> Result<bool, Fault> {
    let mut tx = connection.begin().await?;
    let people: Vec<(Uuid,)> = sqlx::query_as(
        "select p.id from public.people p join public.memberships m on m.person_id = p.id where m.tenant_id = $1 \
         and not exists (select from public.memberships o where o.person_id = p.id and o.tenant_id <> $1) order by p.id limit $2 for update of p",
    )
    .bind(tenant.uuid())
    .bind(ROWS)
    .fetch_all(&mut *tx)
    .await?;
    if people.is_empty() {
        return Ok(false);
    }
    let ids: Vec<Uuid> = people.into_iter().map(|(id,)| id).collect();
    let removed = sqlx::query(
        "delete from public.people p where p.id = any ($2) and not exists (select from public.memberships o where o.person_id = p.id and o.tenant_id <> $1)",
    )
    .bind(tenant.uuid())
    .bind(ids)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    tx.commit().await?;
    Ok(removed > 0)
}
