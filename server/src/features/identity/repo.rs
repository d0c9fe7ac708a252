//! The statements of single sign-on. They live on the control plane; a member sees their own organization's rows.

use sea_orm::{DbErr, QueryResult};
use shared::{
    Role,
    field::Email,
    ids::{PersonId, TenantId},
};
use uuid::Uuid;

use super::{GroupRole, Kind, Provider};
use crate::{
    access::{Sql, WriteTx, live::Topic, lobby::LobbyTx},
    fault::Fault,
};

/// A sign-in under way.
pub struct Attempt {
    pub tenant: TenantId,
    pub nonce: String,
    pub verifier: String,
    pub next: String,
}

/// Somebody whom a provider vouches for, as they are known here.
pub struct Known {
    pub person: PersonId,
    pub email: String,
    pub disabled: bool,
}

/// A membership as signing in finds it.
pub struct Standing {
    pub member: Uuid,
    pub roles: Vec<String>,
    /// Those of the roles that groups of the organization's directory gave.
    pub group_roles: Vec<String>,
    /// Whether the directory says that they have no access.
    pub suspended: bool,
}

/// What an invitation says of a membership.
pub struct Invited {
    pub role: String,
    /// What the membership is to be known as.
    pub member: Option<Uuid>,
    /// What groups of the organization's directory give.
    pub group_roles: Vec<String>,
}

fn provider(row: &QueryResult) -> Result<(Provider, Vec<u8>), Fault> {
    let kind: String = row.try_get("", "kind")?;
    let groups: serde_json::Value = row.try_get("", "group_roles")?;
    let group_roles: Vec<GroupRole> = serde_json::from_value(groups).map_err(Fault::internal)?;
    let default_role: Option<String> = row.try_get("", "default_role")?;
    let provider = Provider {
        tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
        slug: row.try_get("", "slug")?,
        kind: Kind::parse(&kind).ok_or_else(|| Fault::internal(format!("a provider of kind {kind}")))?,
        label: row.try_get("", "label")?,
        issuer: row.try_get("", "issuer")?,
        client_id: row.try_get("", "client_id")?,
        groups_claim: row.try_get("", "groups_claim")?,
        group_roles,
        default_role: default_role.as_deref().and_then(Role::parse),
        required: row.try_get("", "sso_only")?,
        every_address: row.try_get("", "every_address")?,
        signed_in: row.try_get("", "signed_in")?,
        vouched_since: row.try_get("", "vouched_since")?,
        updated_at: row.try_get("", "updated_at")?,
    };
    Ok((provider, row.try_get("", "client_secret")?))
}

/// The organization's provider and its sealed secret.
pub async fn find<S: Sql>(tx: &S, tenant: TenantId) -> Result<Option<(Provider, Vec<u8>)>, Fault> {
    let sql = "select i.tenant_id, t.slug, i.kind, i.label, i.issuer, i.client_id, i.client_secret, i.groups_claim, i.group_roles, i.default_role, \
               i.updated_at, t.sso_only, t.mail_domains = '{}' as every_address, coalesce(t.vouched_since, i.updated_at) as vouched_since, \
               (select count(*) from public.identities d where d.tenant_id = i.tenant_id and d.issuer = i.issuer) as signed_in \
               from public.identity_providers i join public.tenants t on t.id = i.tenant_id where i.tenant_id = $1";
    tx.row(sql, vec![tenant.uuid().into()]).await?.as_ref().map(provider).transpose()
}

/// The provider of the organization with a short name.
pub async fn find_by_slug(tx: &LobbyTx, slug: &str) -> Result<Option<(Provider, Vec<u8>)>, Fault> {
    let Some(row) = tx.row("select id from tenants where slug = $1", vec![slug.into()]).await? else { return Ok(None) };
    find(tx, TenantId::from_uuid(row.try_get_by_index(0)?)).await
}

/// What is so of a provider that is to be: how many members have signed in through it, and whether addresses of every domain are admitted.
pub async fn circumstances(tx: &WriteTx, provider: &Provider) -> Result<(i64, bool), Fault> {
    let sql = "select (select count(*) from public.identities where tenant_id = t.id and issuer = $2), t.mail_domains = '{}' from public.tenants t where t.id = $1";
    let row = tx.row(sql, vec![provider.tenant.uuid().into(), provider.issuer.clone().into()]).await?;
    let row = row.ok_or_else(|| Fault::not_found("organization", provider.tenant))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

pub async fn set(tx: &WriteTx, provider: &Provider, secret: Vec<u8>) -> Result<(), Fault> {
    let groups = serde_json::to_value(&provider.group_roles).map_err(Fault::internal)?;
    tx.run(
        "insert into public.identity_providers \
             (tenant_id, kind, label, issuer, client_id, client_secret, groups_claim, group_roles, default_role, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         on conflict (tenant_id) do update set kind = excluded.kind, label = excluded.label, issuer = excluded.issuer, \
             client_id = excluded.client_id, client_secret = excluded.client_secret, groups_claim = excluded.groups_claim, \
             group_roles = excluded.group_roles, default_role = excluded.default_role, updated_at = excluded.updated_at",
        vec![
            provider.tenant.uuid().into(),
            provider.kind.as_str().into(),
            provider.label.clone().into(),
            provider.issuer.clone().into(),
            provider.client_id.clone().into(),
            secret.into(),
            provider.groups_claim.clone().into(),
            groups.into(),
            provider.default_role.map(Role::as_str).into(),
            provider.updated_at.into(),
        ],
    )
    .await?;
    tx.run(
        "update public.tenants set sso_only = $2, vouched_since = $3 where id = $1",
        vec![provider.tenant.uuid().into(), provider.required.into(), provider.vouched_since.into()],
    )
    .await?;
    // Sessions by password end where it is the only way in, and what another provider vouched for ends with it.
    tx.announce(Topic::Standing);
    Ok(())
}

/// Removes the provider; passwords lead in again.
pub async fn remove(tx: &WriteTx, tenant: TenantId) -> Result<(), Fault> {
    tx.run("delete from public.identity_providers where tenant_id = $1", vec![tenant.uuid().into()]).await?;
    tx.run("update public.tenants set sso_only = false, vouched_since = null where id = $1", vec![tenant.uuid().into()]).await?;
    // Sessions that it vouched for have ended.
    tx.announce(Topic::Standing);
    Ok(())
}

/// What an attempt is found by: its state, and the browser that began it.
pub struct Keys {
    pub state_hash: Vec<u8>,
    pub browser_hash: Vec<u8>,
}

pub async fn insert_attempt(tx: &LobbyTx, keys: Keys, attempt: &Attempt, minutes: i64) -> Result<(), Fault> {
    tx.run(
        "insert into sso_attempts (state_hash, tenant_id, browser_hash, nonce, verifier, next, begun_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            keys.state_hash.into(),
            attempt.tenant.uuid().into(),
            keys.browser_hash.into(),
            attempt.nonce.clone().into(),
            attempt.verifier.clone().into(),
            attempt.next.clone().into(),
            tx.now().into(),
            (tx.now() + chrono::TimeDelta::minutes(minutes)).into(),
        ],
    )
    .await?;
    Ok(())
}

/// Takes the attempt of a state and a browser; a second taker finds nothing. One that began before the organization chose its present
/// provider is nobody's.
pub async fn take_attempt(tx: &LobbyTx, keys: Keys) -> Result<Option<Attempt>, Fault> {
    let row = tx
        .row(
            "delete from sso_attempts a using tenants t where a.state_hash = $1 and a.browser_hash = $2 and a.expires_at > $3 \
             and t.id = a.tenant_id and a.begun_at >= t.vouched_since returning a.tenant_id, a.nonce, a.verifier, a.next",
            vec![keys.state_hash.into(), keys.browser_hash.into(), tx.now().into()],
        )
        .await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Attempt {
            tenant: TenantId::from_uuid(row.try_get("", "tenant_id")?),
            nonce: row.try_get("", "nonce")?,
            verifier: row.try_get("", "verifier")?,
            next: row.try_get("", "next")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

fn known(row: &QueryResult) -> Result<Known, DbErr> {
    Ok(Known { person: PersonId::from_uuid(row.try_get_by_index(0)?), email: row.try_get_by_index(1)?, disabled: row.try_get_by_index(2)? })
}

/// The person that a provider's subject stands for.
pub async fn find_identity(tx: &LobbyTx, provider: &Provider, subject: &str) -> Result<Option<Known>, Fault> {
    let row = tx
        .row(
            "update identities i set last_used_at = $4 from people p where i.tenant_id = $1 and i.issuer = $2 and i.subject = $3 and p.id = i.person_id \
             returning p.id, p.email, p.disabled",
            vec![provider.tenant.uuid().into(), provider.issuer.clone().into(), subject.into(), tx.now().into()],
        )
        .await?;
    Ok(row.as_ref().map(known).transpose()?)
}

/// The person with an address.
pub async fn find_person(tx: &LobbyTx, email: &Email) -> Result<Option<Known>, Fault> {
    let row = tx.row("select id, email, disabled from people where email = $1", vec![email.as_str().into()]).await?;
    Ok(row.as_ref().map(known).transpose()?)
}

/// The person with an address, made if there is none.
pub async fn insert_person(tx: &LobbyTx, email: &Email, name: &str, password_hash: &str) -> Result<Known, Fault> {
    let row = tx
        .row(
            "insert into people (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5) \
             on conflict (email) do update set email = excluded.email returning id, email, disabled",
            vec![Uuid::now_v7().into(), email.as_str().into(), name.into(), password_hash.into(), tx.now().into()],
        )
        .await?;
    Ok(known(&row.ok_or_else(|| Fault::internal("no person was written"))?)?)
}

/// Remembers who a subject is. `false`: the provider knows the person under another subject.
pub async fn insert_identity(tx: &LobbyTx, provider: &Provider, subject: &str, person: PersonId) -> Result<bool, Fault> {
    let written = tx
        .run(
            "insert into identities (tenant_id, issuer, subject, person_id, created_at, last_used_at) values ($1, $2, $3, $4, $5, $5) \
             on conflict do nothing",
            vec![provider.tenant.uuid().into(), provider.issuer.clone().into(), subject.into(), person.uuid().into(), tx.now().into()],
        )
        .await?;
    Ok(written == 1)
}

/// The person's membership, locked until the transaction ends.
pub async fn find_member(tx: &LobbyTx, tenant: TenantId, person: PersonId) -> Result<Option<Standing>, Fault> {
    let sql =
        "select id, roles, group_roles, suspended_at is not null as suspended from memberships where tenant_id = $1 and person_id = $2 for update";
    let row = tx.row(sql, vec![tenant.uuid().into(), person.uuid().into()]).await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Standing {
            member: row.try_get("", "id")?,
            roles: row.try_get("", "roles")?,
            group_roles: row.try_get("", "group_roles")?,
            suspended: row.try_get("", "suspended")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

/// Uses up an open invitation of the address. Owners are invited by a link to their mailbox, and no provider opens that. Whom the directory asked for is
/// expected for as long as it says so, whatever has become of the link.
pub async fn take_invitation(tx: &LobbyTx, tenant: TenantId, email: &str) -> Result<Option<Invited>, Fault> {
    let sql = "update invitations set accepted_at = $3 where tenant_id = $1 and email = $2 and accepted_at is null \
               and (expires_at > $3 or member_id is not null) and role <> 'owner' returning role, member_id, group_roles";
    let row = tx.row(sql, vec![tenant.uuid().into(), email.into(), tx.now().into()]).await?;
    let read = |row: QueryResult| -> Result<_, DbErr> {
        Ok(Invited { role: row.try_get("", "role")?, member: row.try_get("", "member_id")?, group_roles: row.try_get("", "group_roles")? })
    };
    Ok(row.map(read).transpose()?)
}

/// Makes the person a member, as the invitation says if there is one, or gives them other roles; the membership. Every replica loads the policy anew at its
/// next request.
pub async fn put_member(tx: &LobbyTx, tenant: TenantId, person: PersonId, roles: &[String], invited: Option<&Invited>) -> Result<Uuid, Fault> {
    let expected = invited.and_then(|invited| invited.member);
    let group_roles = invited.map(|invited| invited.group_roles.clone()).unwrap_or_default();
    let row = tx
        .row(
            "insert into memberships (id, tenant_id, person_id, roles, joined_at, group_roles, provisioned_at) \
             values ($1, $2, $3, $4, $5, $6, case when $7 then $5 end) \
             on conflict (tenant_id, person_id) do update set roles = excluded.roles returning id",
            vec![
                expected.unwrap_or_else(Uuid::now_v7).into(),
                tenant.uuid().into(),
                person.uuid().into(),
                roles.to_vec().into(),
                tx.now().into(),
                group_roles.into(),
                expected.is_some().into(),
            ],
        )
        .await?
        .ok_or_else(|| Fault::internal("no membership was written"))?;
    tx.run("update tenants set authz_epoch = authz_epoch + 1 where id = $1", vec![tenant.uuid().into()]).await?;
    Ok(row.try_get_by_index(0)?)
}

/// Whether the organization lets an address in.
pub async fn admits(tx: &LobbyTx, tenant: TenantId, email: &str) -> Result<bool, Fault> {
    let sql = "select admits(t, $2, null, $3) from tenants t where t.id = $1";
    let row = tx.row(sql, vec![tenant.uuid().into(), email.into(), tx.now().into()]).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
}
