//! A session of the support: how it begins, what it is, how it is left.

use serde_json::json;
use uuid::Uuid;

use super::{SeeOwnSession, SupportError, SupportSession, repo, service::subject};
use crate::{
    access::{
        ActorKind, Grant, RequestInfo, Scope, Secret, Sql,
        audit::{Author, Entry},
        hash_of, supporter,
    },
    fault::Fault,
    features::sessions::Opened,
    services::Services,
};

/// Begins a session with the address that the operator was given. It lasts as long as the grant, at most.
///
/// # Errors
/// `Invalid` naming `token` when the address is unknown, opened or too old, and when the grant stands no more.
pub async fn begin(services: &Services, request: &RequestInfo, token: &str) -> Result<Opened, Fault> {
    let tx = services.vault.lobby().await?;
    let secret = Secret::support();
    let opened = repo::open(&tx, hash_of(token), secret.hash()).await?.ok_or(SupportError::Address)?;
    let max_age = (opened.session.expires_at - tx.now()).to_std().unwrap_or_default();
    let entry = Entry::new("support.begin", subject(opened.grant, &opened.reason))
        .detail(json!({ "userAgent": request.user_agent, "expiresAt": opened.session.expires_at }));
    let author = author(request, opened.visit, &opened.session.operator, &opened.session.granted_by);
    tx.commit_in(opened.tenant, author, entry).await?;
    Ok(Opened { secret, max_age })
}

/// By whose leave the caller looks; `None` for everybody else.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn session(scope: &Scope) -> Result<Option<SupportSession>, Fault> {
    if scope.actor().kind != ActorKind::Support {
        return Ok(None);
    }
    let grant: Grant<'_, SeeOwnSession> = scope.grant()?;
    repo::session(grant.read().await?, scope.actor().credential).await
}

/// Ends the caller's own session of the support; the grant stands.
///
/// # Errors
/// `Unauthenticated` when it has ended meanwhile.
pub async fn leave(services: &Services, scope: &Scope) -> Result<(), Fault> {
    scope.rest();
    let (actor, request) = (scope.actor(), scope.request());
    let tx = services.vault.lobby().await?;
    let (grant, reason) = repo::leave(&tx, actor.credential).await?.ok_or_else(Fault::unauthenticated)?;
    let author = Author { name: actor.name.clone(), ..author(request, actor.credential, "", "") };
    tx.commit_in(scope.tenant().id, author, Entry::new("support.leave", subject(grant, &reason))).await
}

/// Who an entry names while there is no scope in the organization.
pub(super) fn author(request: &RequestInfo, visit: Uuid, operator: &str, granted_by: &str) -> Author {
    Author {
        kind: ActorKind::Support.as_str(),
        id: String::new(),
        name: supporter(operator, granted_by),
        credential: visit.simple().to_string(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    }
}
