//! The owner's side of the database: applying migrations and creating tenants. It has connections
//! of its own, which requests never get.

use chrono::{DateTime, Utc};
use migrations::Migration;
use serde_json::json;
use shared::{
    Role,
    field::Slug,
    ids::{TenantId, TokenId},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, Row};
use uuid::Uuid;

use super::{
    Secret, Vault,
    audit::{self, Author, Entry, Subject},
    hash_of,
};
use crate::fault::Fault;

/// Serialises migrations and the creation of tenants across processes.
const MIGRATION_LOCK: i64 = 0x0041_5353_4159;
/// A backend keeps what it planned for each tenant that it changed, and looks through all of it at each change of a table: after so many a new one goes on.
const TENANTS_OF_A_BACKEND: usize = 32;

/// What founds an organization.
pub struct Founding {
    pub organization: String,
    pub slug: Slug,
    pub person: Uuid,
    pub member: Uuid,
    /// `Some` for somebody who signs up; `None` when the person exists.
    pub account: Option<NewPerson>,
    /// The ways in of an owner who is not there to choose a password.
    pub issued: Option<Issued>,
    /// Bytes that it may store; `None`: without a limit.
    pub storage_quota: Option<u64>,
    pub request_id: String,
    pub address: String,
}

/// A person who does not exist yet.
pub struct NewPerson {
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

/// What is handed to the first owner of an installation.
pub struct Issued {
    /// Typed at the sign-in it leads to choosing a password, as the link of a mail does, and nowhere else.
    pub one_time_password: String,
    pub token: Secret,
}

/// Why an organization was not founded.
#[derive(Debug)]
pub enum FoundingError {
    /// The e-mail address has an account.
    EmailTaken,
    /// Anything else.
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for FoundingError {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Vault {
    /// Brings the control plane and every tenant to the newest version. Safe to run again and from
    /// several processes at once; a tenant is one transaction, so it can be resumed.
    ///
    /// # Errors
    /// `Unavailable`, or `Internal` with the failing file in the log.
    pub async fn migrate(&self) -> Result<usize, Fault> {
        let mut connection = self.owner().acquire().await?;
        sqlx::query("select pg_advisory_lock($1)").bind(MIGRATION_LOCK).execute(&mut *connection).await?;
        let outcome = self.migrate_all(&mut connection).await;
        sqlx::query("select pg_advisory_unlock($1)").bind(MIGRATION_LOCK).execute(&mut *connection).await?;
        outcome
    }

    /// Everything in order; `connection` holds the lock.
    async fn migrate_all(&self, connection: &mut PgConnection) -> Result<usize, Fault> {
        connection
            .execute(
                "do $$ begin if not exists (select from pg_roles where rolname = 'assay_app') then create role assay_app nologin; end if; end $$",
            )
            .await?;
        connection.execute("grant assay_app to current_user").await?;
        // Who works in some projects only is this role, which has all rights of the other one and row policies of its own.
        connection
            .execute(
                "do $$ begin if not exists (select from pg_roles where rolname = 'assay_part') then create role assay_part nologin; end if; end $$",
            )
            .await?;
        connection.execute("grant assay_app to assay_part; grant assay_part to current_user").await?;
        // Who comes by a link is this role, which reads what row policies of its own name.
        connection
            .execute(
                "do $$ begin if not exists (select from pg_roles where rolname = 'assay_link') then create role assay_link nologin; end if; end $$",
            )
            .await?;
        connection.execute("grant assay_link to current_user").await?;
        // Who comes by a job token is this role, which logs to the run that row policies of its own name.
        connection
            .execute(
                "do $$ begin if not exists (select from pg_roles where rolname = 'assay_job') then create role assay_job nologin; end if; end $$",
            )
            .await?;
        connection.execute("grant assay_job to current_user").await?;
        connection.execute("create table if not exists public.schema_migrations (tenant_id uuid not null, name text not null, applied_at timestamptz not null default now(), primary key (tenant_id, name))").await?;
        let mut applied = 0;
        for migration in migrations::CONTROL {
            applied += apply(connection, Uuid::nil(), migration).await?;
        }
        for some in behind(connection).await?.chunks(TENANTS_OF_A_BACKEND) {
            let mut backend = self.owner().acquire().await?;
            backend.close_on_drop();
            for tenant in some {
                applied += bring_up(&mut backend, *tenant).await?;
            }
        }
        Ok(applied)
    }

    /// Creates an organization: its rows on the control plane, its schema, its default project and
    /// policy, and the first entry of its audit log. One transaction: all of it or nothing.
    ///
    /// # Errors
    /// [`FoundingError::EmailTaken`], or a fault.
    pub async fn found(&self, founding: Founding) -> Result<TenantId, FoundingError> {
        let now = self.clock().now();
        let tenant = TenantId::from_uuid(Uuid::now_v7());
        // See `TENANTS_OF_A_BACKEND`; here one is as good as many.
        let mut connection = self.owner().acquire().await?;
        connection.close_on_drop();
        let mut tx = connection.begin().await?;
        if let Some(account) = &founding.account {
            let inserted = sqlx::query(
                "insert into public.people (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5) on conflict (email) do nothing",
            )
            .bind(founding.person)
            .bind(&account.email)
            .bind(&account.name)
            .bind(&account.password_hash)
            .bind(now)
            .execute(&mut *tx)
            .await?;
            if inserted.rows_affected() == 0 {
                return Err(FoundingError::EmailTaken);
            }
        }
        let slug = free_slug(&mut tx, founding.slug.as_str()).await?;
        let quota = founding.storage_quota.map(i64::try_from).transpose().map_err(Fault::internal)?;
        sqlx::query("insert into public.tenants (id, slug, name, created_at, storage_quota) values ($1, $2, $3, $4, $5)")
            .bind(tenant.uuid())
            .bind(&slug)
            .bind(&founding.organization)
            .bind(now)
            .bind(quota)
            .execute(&mut *tx)
            .await?;
        sqlx::query("insert into public.memberships (id, tenant_id, person_id, roles, joined_at) values ($1, $2, $3, $4, $5)")
            .bind(founding.member)
            .bind(tenant.uuid())
            .bind(founding.person)
            .bind(vec![Role::Owner.as_str().to_owned()])
            .bind(now)
            .execute(&mut *tx)
            .await?;
        create_schema(&mut tx, tenant, now).await?;
        let person: (String,) = sqlx::query_as("select email from public.people where id = $1").bind(founding.person).fetch_one(&mut *tx).await?;
        let author = Author {
            kind: "member",
            id: shared::ids::MemberId::from_uuid(founding.member).to_string(),
            name: person.0,
            credential: String::new(),
            request_id: founding.request_id,
            address: founding.address,
        };
        let mut entries = vec![Entry::new("organization.create", Subject::new("organization", tenant, &founding.organization))];
        if let Some(issued) = &founding.issued {
            entries.push(issue(&mut tx, tenant, founding.person, issued, now).await?);
        }
        let pairs: Vec<_> = entries.iter().map(|entry| (&author, entry)).collect();
        let append = sqlx::query(audit::APPEND).bind(now);
        audit::columns(&pairs).into_iter().fold(append, |append, column| append.bind(column)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// Whether anybody has an account: then a first organization was made once.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn has_people(&self) -> Result<bool, Fault> {
        Ok(sqlx::query_scalar("select exists (select from public.people)").fetch_one(self.owner()).await?)
    }

    /// Id and slug of every tenant that is open, for commands that an operator runs on all of them.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`.
    pub async fn tenants(&self) -> Result<Vec<(TenantId, String)>, Fault> {
        let rows = sqlx::query("select id, slug from public.tenants where closed_at is null order by created_at, id").fetch_all(self.owner()).await?;
        rows.iter().map(|row| Ok((TenantId::from_uuid(row.try_get(0)?), row.try_get(1)?))).collect()
    }
}

/// Makes what a founder is handed, and the entry of it. The one-time password is worth something until they have chosen one of their own, however long that takes.
async fn issue(tx: &mut PgConnection, tenant: TenantId, person: Uuid, issued: &Issued, now: DateTime<Utc>) -> Result<Entry, Fault> {
    sqlx::query("insert into public.password_resets (hash, person_id, created_at, expires_at) values ($1, $2, $3, 'infinity')")
        .bind(hash_of(&issued.one_time_password))
        .bind(person)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    let (token, name, scopes) = (TokenId::from_uuid(Uuid::now_v7()), "First token", ["*".to_owned()]);
    sqlx::query(
        "insert into public.api_tokens (id, hash, tenant_id, person_id, name, hint, scopes, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.uuid())
    .bind(issued.token.hash())
    .bind(tenant.uuid())
    .bind(person)
    .bind(name)
    .bind(issued.token.hint())
    .bind(&scopes[..])
    .bind(now)
    .execute(tx)
    .await?;
    Ok(Entry::new("token.create", Subject::new("token", token, name)).detail(json!({ "scopes": scopes, "expiresAt": null })))
}

/// Tenants whose schema is not the newest, asked in one statement: mostly none are, however many there are. Of one that is being erased, some tables are gone.
async fn behind(connection: &mut PgConnection) -> Result<Vec<TenantId>, Fault> {
    let names: Vec<&str> = migrations::TENANT.iter().map(|migration| migration.name).collect();
    let tenants: Vec<Uuid> = sqlx::query_scalar(
        "select t.id from public.tenants t where t.erasing_since is null
             and (select count(*) from public.schema_migrations m where m.tenant_id = t.id and m.name = any ($1)) < cardinality($1)
         order by t.created_at",
    )
    .bind(names)
    .fetch_all(connection)
    .await?;
    Ok(tenants.into_iter().map(TenantId::from_uuid).collect())
}

/// Brings one tenant's schema to the newest version, in one transaction.
async fn bring_up(connection: &mut PgConnection, tenant: TenantId) -> Result<usize, Fault> {
    let mut tx = connection.begin().await?;
    enter_schema(&mut tx, tenant).await?;
    let mut applied = 0;
    for migration in migrations::TENANT {
        applied += apply(&mut tx, tenant.uuid(), migration).await?;
    }
    if applied > 0 {
        gate(&mut tx, tenant).await?;
    }
    tx.commit().await?;
    Ok(applied)
}

async fn create_schema(tx: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>) -> Result<(), Fault> {
    tx.execute(AssertSqlSafe(format!("create schema {}", schema(tenant)))).await?;
    enter_schema(tx, tenant).await?;
    // Nothing is there yet: all of them at once, without asking for each whether it was applied.
    let all: Vec<String> = migrations::TENANT.iter().map(|migration| text_for(migration, tenant)).collect();
    tx.execute(AssertSqlSafe(all.join("\n"))).await.inspect_err(|error| tracing::error!(%error, "a new organization's tables cannot be made"))?;
    let names: Vec<&str> = migrations::TENANT.iter().map(|migration| migration.name).collect();
    sqlx::query("insert into public.schema_migrations (tenant_id, name) select $1, unnest($2::text[])")
        .bind(tenant.uuid())
        .bind(names)
        .execute(&mut *tx)
        .await?;
    gate(tx, tenant).await?;
    sqlx::query("insert into projects (id, name, slug, is_default, created_at) values ($1, 'default', 'default', true, $2)")
        .bind(Uuid::now_v7())
        .bind(now)
        .execute(&mut *tx)
        .await?;
    let (roles, permissions): (Vec<String>, Vec<String>) = Role::ALL
        .iter()
        .flat_map(|role| role.permissions().into_iter().map(|permission| (role.as_str().to_owned(), permission.as_str().to_owned())))
        .unzip();
    sqlx::query("insert into role_permissions (role, permission) select * from unnest($1::text[], $2::text[])")
        .bind(roles)
        .bind(permissions)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

pub(super) async fn enter_schema(tx: &mut PgConnection, tenant: TenantId) -> Result<(), Fault> {
    sqlx::query("select set_config('search_path', $1, true), set_config('app.tenant_id', $2, true)")
        .bind(schema(tenant))
        .bind(tenant.uuid().to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// The second wall: no table of the schema shows or takes a row unless `app.tenant_id` is this tenant, of its owner neither, and the application's role may read
/// the audit log but not write it. Whoever comes by a link or a job token may ask every table and sees what a migration has said it shows. One statement, and tables by what
/// hangs on the schema: `pg_class` by its schema, as in `on all tables in schema`, is read from end to end, with the tables of all tenants.
async fn gate(tx: &mut PgConnection, tenant: TenantId) -> Result<(), Fault> {
    let (schema, id) = (schema(tenant), tenant.uuid());
    let gates = format!(
        "do $do$ declare held record; begin
            for held in
                select c.relname from pg_depend d join pg_class c on c.oid = d.objid
                where d.refclassid = 'pg_namespace'::regclass and d.refobjid = '{schema}'::regnamespace and d.classid = 'pg_class'::regclass
                    and c.relkind = 'r' and not c.relforcerowsecurity
            loop
                execute format('alter table {schema}.%1$I enable row level security, force row level security; '
                    'create policy gate on {schema}.%1$I to assay_app using (%2$s) with check (%2$s); '
                    'grant select on {schema}.%1$I to assay_link, assay_job; grant %3$s on {schema}.%1$I to assay_app',
                    held.relname, $$nullif(current_setting('app.tenant_id', true), '') = '{id}'$$,
                    case when held.relname like 'audit\\_%' then 'select' else 'select, insert, update, delete' end);
            end loop;
        end $do$;
        grant usage on schema {schema} to assay_app, assay_link, assay_job"
    );
    tx.execute(AssertSqlSafe(gates)).await?;
    Ok(())
}

async fn apply(connection: &mut PgConnection, tenant: Uuid, migration: &Migration) -> Result<usize, Fault> {
    let done: Option<(i32,)> = sqlx::query_as("select 1 from public.schema_migrations where tenant_id = $1 and name = $2")
        .bind(tenant)
        .bind(migration.name)
        .fetch_optional(&mut *connection)
        .await?;
    if done.is_some() {
        return Ok(0);
    }
    let sql = text_for(migration, TenantId::from_uuid(tenant));
    let mut tx = connection.begin().await?;
    tx.execute(AssertSqlSafe(sql)).await.inspect_err(|error| tracing::error!(migration = migration.name, %error, "migration failed"))?;
    sqlx::query("insert into public.schema_migrations (tenant_id, name) values ($1, $2)").bind(tenant).bind(migration.name).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(1)
}

/// The statements of a change, for one tenant.
fn text_for(migration: &Migration, tenant: TenantId) -> String {
    migration.sql.replace("{schema}", &schema(tenant)).replace("{tenant}", &tenant.uuid().to_string())
}

/// `t_` and the tenant's UUID: never text that somebody typed.
pub(super) fn schema(tenant: TenantId) -> String {
    format!("t_{}", tenant.hex())
}

/// The slug that was asked for, or the first free one with a number behind it. Whoever asks for the same one at the same time waits.
async fn free_slug(tx: &mut PgConnection, wanted: &str) -> Result<String, Fault> {
    let stem = wanted[..wanted.len().min(34)].trim_end_matches('-');
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))").bind(format!("slug:{stem}")).execute(&mut *tx).await?;
    let taken: Vec<(String,)> =
        sqlx::query_as("select slug from public.tenants where slug = $1 or slug like $2 || '-%'").bind(wanted).bind(stem).fetch_all(tx).await?;
    let is_free = |slug: &String| !taken.iter().any(|(other,)| other == slug);
    let slugs = std::iter::once(wanted.to_owned()).chain((2..).map(|n| format!("{stem}-{n}")));
    slugs.into_iter().find(is_free).ok_or_else(|| Fault::internal("no free slug"))
}
