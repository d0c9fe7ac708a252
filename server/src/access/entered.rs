//! What the first statement of a transaction finds out (`public.enter`, `public.enter_link`, `public.enter_job`, `public.enter_support`).

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use shared::{
    Role,
    ids::{MemberId, PersonId, TenantId},
};
use uuid::Uuid;

use super::{Credential, CredentialKind, Tenant, part::Shown, pool::READING, transaction::Transaction};
use crate::{
    fault::Fault,
    platform::telemetry::{Span, SpanKind},
};

/// Who holds a credential, where, with which rights, under which authorization epoch.
pub(super) struct Entered {
    pub tenant: Tenant,
    pub epoch: i64,
    pub person: PersonId,
    pub member: MemberId,
    pub name: String,
    /// A service account has none, and is called by its name.
    pub email: String,
    /// Whether it is a service account.
    pub is_service: bool,
    pub roles: Vec<String>,
    pub scopes: Option<Vec<String>>,
    pub credential: Uuid,
    /// All that is seen by whoever came by a link.
    pub shown: Option<Shown>,
}

/// The span of entering.
pub(super) fn span(kind: CredentialKind) -> Span {
    let span = Span::part("enter", SpanKind::Internal);
    span.set("assay.credential.kind", kind.as_str());
    span
}

/// Says in it where somebody entered, if anywhere.
pub(super) fn found(span: &Span, tenant: Option<TenantId>) {
    span.set("assay.entered", tenant.is_some());
    if let Some(tenant) = tenant.filter(|_| span.is_recorded()) {
        span.set("assay.tenant.id", tenant.to_string());
    }
}

/// Makes of the row that a door answered who entered.
type Read = fn(&QueryResult) -> Result<Entered, DbErr>;

impl Entered {
    /// Looks a credential up and enters its tenant, in the first statement of a transaction; those that follow have little time where it only `reads`. `None`:
    /// it is unknown, expired or revoked.
    pub async fn by(tx: &Transaction, credential: &Credential, now: DateTime<Utc>, reads: bool) -> Result<Option<Self>, Fault> {
        let (hash, now): (Value, Value) = (credential.hash().to_vec().into(), now.into());
        let (call, mut values, read): (_, Vec<Value>, Read) = match credential.kind() {
            CredentialKind::Link => ("enter_link($1, $2)", vec![hash, now], Self::by_link),
            CredentialKind::JobToken => ("enter_job($1, $2)", vec![hash, now], Self::read),
            CredentialKind::Support => ("enter_support($1, $2)", vec![hash, now], Self::by_support),
            kind @ (CredentialKind::Session | CredentialKind::Token) => ("enter($1, $2, $3)", vec![kind.as_str().into(), hash, now], Self::read),
        };
        values.push(reads.into());
        let limited = |(name, limit): &(&str, &str)| {
            format!(", set_config('{name}', case when ${} then '{limit}' else current_setting('{name}') end, true)", values.len())
        };
        let limits: String = READING.iter().map(limited).collect();
        let sql = format!(
            "select e.*, set_config('search_path', 't_' || replace(e.tenant_id::text, '-', ''), true), \
             set_config('app.tenant_id', e.tenant_id::text, true){limits} from public.{call} e"
        );
        let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        Ok(row.as_ref().map(|row| Self::noted(tx, row, read)).transpose()?)
    }

    fn noted(tx: &Transaction, row: &QueryResult, read: Read) -> Result<Self, DbErr> {
        let entered = read(row)?;
        tx.is_in(entered.tenant.id);
        Ok(entered)
    }

    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let name: String = row.try_get("", "person_name")?;
        let address: Option<String> = row.try_get("", "email")?;
        Ok(Self {
            tenant: tenant(row)?,
            epoch: row.try_get("", "authz_epoch")?,
            person: PersonId::from_uuid(row.try_get("", "person_id")?),
            member: MemberId::from_uuid(row.try_get("", "member_id")?),
            is_service: address.is_none(),
            email: address.unwrap_or_else(|| name.clone()),
            name,
            roles: row.try_get("", "roles")?,
            scopes: row.try_get("", "scopes")?,
            credential: row.try_get("", "credential_id")?,
            shown: None,
        })
    }

    /// No member: what may be done is a viewer's, as far as the grant names it.
    fn by_support(row: &QueryResult) -> Result<Self, DbErr> {
        let (operator, granted_by): (String, String) = (row.try_get("", "operator")?, row.try_get("", "granted_by")?);
        Ok(Self {
            tenant: tenant(row)?,
            epoch: row.try_get("", "authz_epoch")?,
            person: PersonId::from_uuid(Uuid::nil()),
            member: MemberId::from_uuid(Uuid::nil()),
            name: supporter(&operator, &granted_by),
            email: String::new(),
            is_service: false,
            roles: vec![Role::Viewer.as_str().to_owned()],
            scopes: Some(row.try_get("", "scopes")?),
            credential: row.try_get("", "credential_id")?,
            shown: None,
        })
    }

    fn by_link(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            tenant: tenant(row)?,
            epoch: row.try_get("", "authz_epoch")?,
            person: PersonId::from_uuid(Uuid::nil()),
            member: MemberId::from_uuid(Uuid::nil()),
            name: row.try_get("", "label")?,
            email: String::new(),
            is_service: false,
            roles: Vec::new(),
            scopes: None,
            credential: row.try_get("", "credential_id")?,
            shown: Some(Shown { experiment: row.try_get("", "experiment_id")?, run: row.try_get("", "run_id")? }),
        })
    }
}

/// What every line of a log calls somebody of the operator: who they are, and by whose leave they came.
pub fn supporter(operator: &str, granted_by: &str) -> String {
    format!("Support: {operator} (granted by {granted_by})")
}

fn tenant(row: &QueryResult) -> Result<Tenant, DbErr> {
    Ok(Tenant {
        id: TenantId::from_uuid(row.try_get("", "tenant_id")?),
        slug: row.try_get("", "tenant_slug")?,
        name: row.try_get("", "tenant_name")?,
    })
}
