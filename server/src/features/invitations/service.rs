//! Inviting and accepting.

use chrono::TimeDelta;
use serde_json::json;
use shared::{
    ErrorCode, Role,
    field::{DisplayName, Email, Password},
    ids::{InvitationId, MemberId, PersonId},
    limits::INVITATION_DAYS,
};
use uuid::Uuid;

use super::{
    Expected, Invitation, ListInvitations, ManageInvitations, Preview,
    repo::{self, Taken},
};
use crate::{
    access::{
        Grant, RequestInfo, Scope, Secret, Sql, WriteTx,
        audit::{Entry, Subject},
        hash_of,
        lobby::LobbyTx,
        password,
    },
    fault::Fault,
    features::{
        mail::{Letter, SendMail},
        page::{Page, Paged},
        roles,
        second_factor::{self, Given},
        sessions::{self, Entrance, Means, Opened, SignedIn},
    },
    services::Services,
};

/// Open invitations, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ListInvitations>, page: Page) -> Result<Paged<Invitation>, Fault> {
    let tx = grant.read().await?;
    let after = page.after_id::<InvitationId>()?.map(InvitationId::uuid);
    let rows = repo::list(tx, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(tx).await?, |invitation| invitation.id.to_string()))
}

/// Invites an address and mails the link. Inviting it again replaces the link.
///
/// # Errors
/// `Invalid` naming `role`, or `email`, also when the organization does not admit its domain; `Forbidden` when a non-owner invites an owner, and
/// for a role that allows what the caller may not do;
/// `AlreadyExists` when the address belongs to a member.
pub async fn invite(scope: &Scope, public_url: &str, email: &str, role: &str) -> Result<Invitation, Fault> {
    let grant: Grant<'_, ManageInvitations> = scope.grant()?;
    let email = Email::parse(email).map_err(|refused| Fault::invalid("email", refused.0))?;
    let tenant = grant.tenant().id;
    let tx = grant.begin().await?;
    if role == Role::Owner.as_str() && !tx.roles().iter().any(|role| role == Role::Owner.as_str()) {
        return Err(Fault::new(ErrorCode::Forbidden, "Only an owner invites owners."));
    }
    let titles = roles::check_gift(&tx, &[role.to_owned()]).await?;
    if !repo::admits(&tx, tenant, email.as_str()).await? {
        return Err(Fault::invalid("email", "The organization admits only addresses of its own domains. An owner or admin lists them under Access."));
    }
    if repo::is_member(&tx, email.as_str()).await? {
        return Err(Fault::new(ErrorCode::AlreadyExists, "This address already belongs to a member."));
    }
    let invitation = send(&tx, public_url, &email, (role, titles.concat()), None).await?;
    let entry =
        Entry::new("invitation.create", Subject::new("invitation", invitation.id, &invitation.email)).detail(json!({ "role": invitation.role }));
    tx.commit(entry).await?;
    Ok(invitation)
}

/// Invites whom the organization's directory expects. What they are now is what its groups give when they come.
///
/// # Errors
/// `Invalid` when the organization does not admit the address's domain; `AlreadyExists` when the address belongs to a member.
pub async fn expect(tx: &WriteTx, public_url: &str, expected: &Expected) -> Result<(), Fault> {
    if !repo::admits(tx, tx.tenant().id, expected.email.as_str()).await? {
        return Err(Fault::invalid("email", "The organization admits only addresses of its own domains."));
    }
    if repo::is_member(tx, expected.email.as_str()).await? {
        return Err(Fault::new(ErrorCode::AlreadyExists, "This address already belongs to a member."));
    }
    let role = expected.group_roles.first().map_or(Role::Viewer.as_str(), String::as_str);
    let title = Role::parse(role).map_or_else(|| role.to_owned(), |role| role.title().to_owned());
    send(tx, public_url, &expected.email, (role, title), Some(expected)).await.map(drop)
}

/// Withdraws the invitation of whom the directory does not expect any more.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn withdraw(tx: &WriteTx, member: MemberId) -> Result<(), Fault> {
    repo::withdraw(tx, member).await
}

/// Writes the invitation and mails its link; of the role its name and its title.
async fn send(tx: &WriteTx, public_url: &str, email: &Email, role: (&str, String), expected: Option<&Expected>) -> Result<Invitation, Fault> {
    let (secret, actor, tenant) = (Secret::opaque(), tx.actor(), tx.tenant());
    let (name, title) = role;
    let invitation = Invitation {
        id: InvitationId::from_uuid(Uuid::now_v7()),
        email: email.as_str().into(),
        role: name.to_owned(),
        invited_by: Some(actor.name.clone()),
        created_at: tx.now(),
        expires_at: tx.now() + TimeDelta::days(INVITATION_DAYS),
    };
    repo::insert(tx, tenant.id, &invitation, secret.hash(), actor.person, expected).await?;
    let letter = Letter::Invitation {
        organization: tenant.name.clone(),
        inviter: actor.name.clone(),
        role: title,
        link: format!("{public_url}/invitation?token={}", secret.expose()),
    };
    tx.enqueue(&SendMail { to: invitation.email.clone(), letter }).await?;
    Ok(invitation)
}

/// Revokes an open invitation; its link dies.
///
/// # Errors
/// `NotFound`.
pub async fn revoke(grant: Grant<'_, ManageInvitations>, id: InvitationId) -> Result<Invitation, Fault> {
    let tx = grant.begin().await?;
    let invitation = repo::delete(&tx, id).await?.ok_or_else(|| Fault::not_found("invitation", id))?;
    tx.commit(Entry::new("invitation.revoke", Subject::new("invitation", id, &invitation.email))).await?;
    Ok(invitation)
}

/// What the page behind a link shows; `None` when the link does not work any more.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn preview(services: &Services, token: &str) -> Result<Option<Preview>, Fault> {
    let tx = services.vault.lobby().await?;
    repo::find_preview(&tx, hash_of(token)).await
}

/// Accepts an invitation: with a name and a new password, or with the password of the account the
/// address has. Signs in; of whoever has a second factor nothing is accepted before it is given. Where an organization asks for its single sign-on, that accepts invitations, except owners'.
///
/// # Errors
/// `Invalid` naming `token`, `name` or `password`.
pub async fn accept(services: &Services, request: &RequestInfo, token: &str, name: &str, password: &str) -> Result<SignedIn, Fault> {
    let stale = || Fault::invalid("token", "This invitation was used, revoked or has expired. Ask for a new one.");
    let shown = preview(services, token).await?.ok_or_else(stale)?;
    if shown.single_sign_on.is_some() {
        return Err(Fault::invalid("token", "This organization is entered by its single sign-on, which accepts the invitation."));
    }
    services.throttle.attempt(&format!("invitation:{}", shown.email), crate::features::sessions::PER_ACCOUNT).await?;
    let new_account = if shown.has_account {
        None
    } else {
        let name = DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?;
        let password = Password::choose(password).map_err(|refused| Fault::invalid("password", refused.0))?;
        Some((name, password::hash(password).await?))
    };
    let tx = services.vault.lobby().await?;
    let taken = repo::take(&tx, hash_of(token)).await?.ok_or_else(stale)?;
    if !repo::admits(&tx, taken.tenant, &taken.email).await? {
        return Err(Fault::invalid("token", "The organization no longer admits addresses of this domain. Ask whoever invited you."));
    }
    let person = match (repo::find_account(&tx, &taken.email).await?, new_account) {
        (Some(account), _) => {
            let attempt = Password::attempt(password).map_err(|refused| Fault::invalid("password", refused.0))?;
            if !password::verify(attempt, Some(account.password_hash)).await? {
                return Err(Fault::invalid("password", "This is not the password of your account."));
            }
            if account.second_factor {
                drop(tx);
                let tx = services.vault.lobby().await?;
                return Ok(SignedIn::Half(second_factor::begin_step(tx, account.person, Some(hash_of(token)), "/").await?));
            }
            account.person
        }
        (None, Some((name, hash))) => repo::insert_person(&tx, &taken.email, name.as_str(), &hash, tx.now()).await?,
        (None, None) => return Err(stale()),
    };
    Ok(SignedIn::In(enter(tx, request, &taken, person, None).await?))
}

/// Accepts the invitation with a hash for the person it was for, who gave their second factor.
///
/// # Errors
/// `Invalid` naming `step` when it was used, revoked or has expired meanwhile, or the organization does not take it any more.
pub async fn join(tx: LobbyTx, request: &RequestInfo, invitation: Vec<u8>, person: PersonId, given: Given) -> Result<Opened, Fault> {
    let stale = || Fault::invalid("step", "The invitation was used, revoked or has expired meanwhile. Ask for a new one.");
    let shown = repo::find_preview(&tx, invitation.clone()).await?.ok_or_else(stale)?;
    let taken = repo::take(&tx, invitation).await?.ok_or_else(stale)?;
    let own = repo::find_account(&tx, &taken.email).await?.is_some_and(|account| account.person == person);
    if shown.single_sign_on.is_some() || !own || !repo::admits(&tx, taken.tenant, &taken.email).await? {
        return Err(stale());
    }
    enter(tx, request, &taken, person, Some(given)).await
}

async fn enter(tx: LobbyTx, request: &RequestInfo, taken: &Taken, person: PersonId, second_factor: Option<Given>) -> Result<Opened, Fault> {
    let member = repo::join(&tx, taken, person).await?;
    let entrance = Entrance { person, tenant: taken.tenant, member: MemberId::from_uuid(member), email: &taken.email, second_factor };
    sessions::open(tx, request, &entrance, Means::Invitation, Vec::new()).await
}
