//! The statements of the policy. It stands on the organization's row of the control plane, gated by the tenant's row policy.

use shared::ids::{PersonId, TenantId};

use super::SignInPolicy;
use crate::{
    access::{Connection, Sql, WriteTx, live::Topic},
    fault::Fault,
};

const SELECT: &str = "select session_minutes, mail_domains, second_factor_required from public.tenants where id = $1";
const SELECT_FOR_UPDATE: &str = "select session_minutes, mail_domains, second_factor_required from public.tenants where id = $1 for update";

pub async fn get<C: Connection>(tx: &C, tenant: TenantId) -> Result<SignInPolicy, Fault> {
    read(tx, SELECT, tenant).await
}

/// The policy, which nobody else changes until the transaction ends.
pub async fn get_for_update(tx: &WriteTx, tenant: TenantId) -> Result<SignInPolicy, Fault> {
    read(tx, SELECT_FOR_UPDATE, tenant).await
}

async fn read<C: Connection>(tx: &C, sql: &'static str, tenant: TenantId) -> Result<SignInPolicy, Fault> {
    let row = tx.row(sql, vec![tenant.uuid().into()]).await?.ok_or_else(|| Fault::not_found("organization", tenant))?;
    Ok(SignInPolicy {
        session_minutes: row.try_get("", "session_minutes")?,
        mail_domains: row.try_get("", "mail_domains")?,
        second_factor_required: row.try_get("", "second_factor_required")?,
    })
}

pub async fn set(tx: &WriteTx, tenant: TenantId, policy: &SignInPolicy) -> Result<(), Fault> {
    tx.run(
        "update public.tenants set session_minutes = $2, mail_domains = $3, second_factor_required = $4 where id = $1",
        vec![tenant.uuid().into(), policy.session_minutes.into(), policy.mail_domains.clone().into(), policy.second_factor_required.into()],
    )
    .await?;
    // Sessions may have ended by it.
    tx.announce(Topic::Standing);
    Ok(())
}

/// Members who enter now and would no longer, because their address is of none of `domains`; and whether an owner is among them.
pub async fn count_shut_out(tx: &WriteTx, tenant: TenantId, now: &[String], domains: &[String]) -> Result<(i64, bool), Fault> {
    let row = tx
        .row(
            "select count(*), coalesce(bool_or('owner' = any(m.roles)), false) from public.memberships m join public.people p on p.id = m.person_id \
             where m.tenant_id = $1 and m.suspended_at is null and split_part(p.email, '@', 2) <> all($2) and ($3 = '{}' or split_part(p.email, '@', 2) = any($3))",
            vec![tenant.uuid().into(), domains.to_vec().into(), now.to_vec().into()],
        )
        .await?
        .ok_or_else(|| Fault::internal("a count without a row"))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Whether a person has a second factor.
pub async fn has_second_factor(tx: &WriteTx, person: PersonId) -> Result<bool, Fault> {
    let row = tx.row("select second_factor_since is not null from public.people where id = $1", vec![person.uuid().into()]).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
}

/// People who have no second factor.
pub async fn count_without_second_factor<C: Connection>(tx: &C, tenant: TenantId) -> Result<i64, Fault> {
    let sql = "select count(*) from public.memberships m join public.people p on p.id = m.person_id where m.tenant_id = $1 and p.second_factor_since is null and p.service_of is null";
    let row = tx.row(sql, vec![tenant.uuid().into()]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}
