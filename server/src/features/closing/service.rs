//! Closing an organization, and restoring it.

use chrono::TimeDelta;
use serde_json::json;
use shared::{
    ids::TenantId,
    limits::{CLOSING_DAYS, FRESH_MINUTES},
};

use super::{
    CloseOrganization, Closed, ClosingError, Contents, CountContents,
    jobs::{EraseOrganization, RemindOwners},
    repo,
};
use crate::{
    access::{
        ActorKind, Grant, RequestInfo, Scope, Secret, Sql,
        audit::{Author, Entry, Subject},
        hash_of,
        lobby::LobbyTx,
    },
    fault::Fault,
    features::{
        mail::{self, Letter, SendMail},
        members::{self, Owner},
    },
    services::Services,
};

/// What the organization holds, and what would go.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn contents(grant: Grant<'_, CountContents>) -> Result<Contents, Fault> {
    let tx = grant.read().await?;
    tx.patience().await?;
    repo::contents(tx, grant.tenant().id).await
}

/// Closes the organization: nobody enters it any more, and it is erased after the time of grace. Every owner is mailed a link that restores it.
///
/// # Errors
/// `Invalid` naming `name` when it is not the organization's; `Forbidden` for a token and when the sign-in is an hour old; `Conflict` when it is closed already.
pub async fn close(services: &Services, scope: &Scope, name: &str) -> Result<Closed, Fault> {
    scope.grant::<CloseOrganization>()?;
    let (actor, tenant) = (scope.actor(), scope.tenant());
    if actor.kind != ActorKind::Member {
        return Err(ClosingError::Token.into());
    }
    if actor.signed_in_at().is_none_or(|at| scope.now() - at > TimeDelta::minutes(FRESH_MINUTES)) {
        return Err(ClosingError::Stale.into());
    }
    if name.trim() != tenant.name {
        return Err(ClosingError::Name.into());
    }
    let held = contents(scope.grant()?).await?;
    // It is about who enters, which the control plane decides: the organization's own transactions end here.
    let tx = services.vault.lobby().await?;
    let closed = Closed { closed_at: tx.now(), erase_at: tx.now() + TimeDelta::days(CLOSING_DAYS) };
    if !repo::close(&tx, tenant.id, actor.person, closed.erase_at).await? {
        return Err(ClosingError::Meanwhile.into());
    }
    let by = actor.called();
    mail_owners(&tx, services, tenant.id, closed, scope.request(), |owner, link| Letter::OrganizationClosed {
        name: owner.name.clone(),
        organization: tenant.name.clone(),
        by: by.clone(),
        erased_on: mail::day(closed.erase_at),
        link,
    })
    .await?;
    tx.enqueue(&RemindOwners { tenant: tenant.id }, &scope.request().id).await?;
    tx.enqueue(&EraseOrganization { tenant: tenant.id }, &scope.request().id).await?;
    let entry = Entry::new("organization.close", Subject::new("organization", tenant.id, &tenant.name))
        .detail(json!({ "eraseAt": closed.erase_at, "members": held.members, "runs": held.runs, "files": held.files, "bytes": held.bytes }));
    let author = Author {
        kind: actor.kind.as_str(),
        id: actor.member.to_string(),
        name: actor.email.clone(),
        credential: actor.credential.simple().to_string(),
        request_id: scope.request().id.clone(),
        address: scope.request().address.clone(),
    };
    // Whoever listens there proves themselves again, and is sent away.
    tx.commit_in(tenant.id, author, entry).await?;
    Ok(closed)
}

/// Opens an organization again with a link that an owner was mailed. Everything is as it was; nobody is signed in by it.
///
/// # Errors
/// `Invalid` naming `token` when the link is unknown, used or expired, when whoever it was mailed to is no owner any more, and when the organization is being erased.
pub async fn restore(services: &Services, request: &RequestInfo, token: &str) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let (tenant, person) = repo::take_link(&tx, hash_of(token)).await?.ok_or(ClosingError::Link)?;
    let owners = members::reachable_owners(&tx, tenant).await?;
    let owner = owners.iter().find(|owner| owner.person == person).ok_or(ClosingError::Link)?;
    let organization = repo::reopen(&tx, tenant).await?.ok_or(ClosingError::Link)?;
    repo::remove_links(&tx, tenant).await?;
    let sign_in = format!("{}/sign-in", services.config.public_url());
    for told in &owners {
        let letter = Letter::OrganizationRestored {
            name: told.name.clone(),
            organization: organization.clone(),
            by: owner.name.clone(),
            link: sign_in.clone(),
        };
        tx.enqueue(&SendMail { to: told.email.clone(), letter }, &request.id).await?;
    }
    let author = Author {
        kind: "member",
        id: owner.member.to_string(),
        name: owner.email.clone(),
        credential: String::new(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    };
    tx.commit_in(tenant, author, Entry::new("organization.restore", Subject::new("organization", tenant, &organization))).await
}

/// Mails the owners of a closed organization that it is about to be erased, each with a further link that restores it. Nothing for one that is open again.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub(super) async fn remind(services: &Services, tenant: TenantId, request: &RequestInfo) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let Some((organization, closed)) = repo::find_closed(&tx, tenant).await? else { return Ok(()) };
    if closed.erase_at - tx.now() > TimeDelta::days(1) {
        // It was restored and closed again: that closing has a reminder of its own.
        return Ok(());
    }
    let entry =
        Entry::new("organization.remind_owners", Subject::new("organization", tenant, &organization)).detail(json!({ "eraseAt": closed.erase_at }));
    mail_owners(&tx, services, tenant, closed, request, |owner, link| Letter::OrganizationErasedSoon {
        name: owner.name.clone(),
        organization: organization.clone(),
        erased_on: mail::day(closed.erase_at),
        link,
    })
    .await?;
    let author = Author {
        kind: "job",
        id: String::new(),
        name: "organization.remind_owners".into(),
        credential: String::new(),
        request_id: request.id.clone(),
        address: String::new(),
    };
    tx.commit_in(tenant, author, entry).await
}

/// Makes a link for each owner and mails it.
async fn mail_owners(
    tx: &LobbyTx,
    services: &Services,
    tenant: TenantId,
    closed: Closed,
    request: &RequestInfo,
    letter: impl Fn(&Owner, String) -> Letter,
) -> Result<(), Fault> {
    let owners = members::reachable_owners(tx, tenant).await?;
    let secrets: Vec<Secret> = owners.iter().map(|_| Secret::opaque()).collect();
    let links: Vec<_> = owners.iter().zip(&secrets).map(|(owner, secret)| (secret.hash(), owner.person)).collect();
    repo::insert_links(tx, tenant, &links, closed.erase_at).await?;
    for (owner, secret) in owners.iter().zip(&secrets) {
        let link = format!("{}/restore?token={}", services.config.public_url(), secret.expose());
        tx.enqueue(&SendMail { to: owner.email.clone(), letter: letter(owner, link) }, &request.id).await?;
    }
    Ok(())
}
