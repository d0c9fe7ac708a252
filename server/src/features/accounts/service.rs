//! Signing up and resetting a password.

use std::time::Duration;

use chrono::TimeDelta;
use shared::{
    ErrorCode,
    field::{DisplayName, Email, Password, Slug},
    ids::{MemberId, PersonId, TenantId},
    limits::{RESET_MINUTES, SIGN_UP_HOURS},
};
use uuid::Uuid;

use super::{jobs::MailReset, repo};
use crate::{
    access::{
        ActorKind, RequestInfo, Scope, Secret, Sql,
        audit::{Author, Entry, Subject},
        password,
        provision::{Founding, FoundingError, NewPerson},
        throttle::Limit,
    },
    fault::Fault,
    features::{
        mail::{Letter, SendMail},
        sessions::{self, Entrance, Means, Opened, Switched},
    },
    services::Services,
};

const MAILS_PER_ADDRESS: Limit = Limit { attempts: 6, window: Duration::from_secs(3600) };
/// Each creates a schema.
const ORGANIZATIONS_PER_PERSON: Limit = Limit { attempts: 10, window: Duration::from_secs(3600) };
const MAILS_PER_CALLER: Limit = Limit { attempts: 120, window: Duration::from_secs(3600) };

/// What the sign-up form sends.
pub struct SignUp<'a> {
    pub organization: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub password: &'a str,
}

/// Starts a sign-up. What happens next is told only to the address, by mail: a link to confirm, or,
/// where the address has an account, that it has one.
///
/// # Errors
/// `Invalid` naming the field; `Forbidden` where sign-up is closed; `TooManyRequests`.
pub async fn sign_up(services: &Services, request: &RequestInfo, form: SignUp<'_>) -> Result<(), Fault> {
    check_open(services)?;
    let organization = field("organization", DisplayName::parse(form.organization))?;
    let name = field("name", DisplayName::parse(form.name))?;
    let email = field("email", Email::parse(form.email))?;
    let password = field("password", Password::choose(form.password))?;
    throttle_mail(services, request, &email).await?;
    let password_hash = password::hash(password).await?;
    let tx = services.vault.lobby().await?;
    let url = services.config.public_url();
    let known = repo::find_person(&tx, email.as_str()).await?;
    let secret = Secret::opaque();
    // A known address takes the same statements as an unknown one; nobody is mailed the secret of its sign-up.
    let pending =
        repo::Pending { email: email.as_str().into(), name: name.as_str().into(), organization: organization.as_str().into(), password_hash };
    repo::insert_sign_up(&tx, secret.hash(), &pending, tx.now() + TimeDelta::hours(SIGN_UP_HOURS)).await?;
    let letter = match known {
        Some((_, name)) => Letter::AlreadySignedUp { name, sign_in: format!("{url}/sign-in"), reset: format!("{url}/forgot-password") },
        None => {
            Letter::ConfirmSignUp { name: pending.name, organization: pending.organization, link: format!("{url}/confirm?token={}", secret.expose()) }
        }
    };
    tx.enqueue(&SendMail { to: email.as_str().into(), letter }, &request.id).await?;
    // No organization exists yet, so there is no log to enter this in; its own first entry follows.
    tx.commit_unlogged().await
}

/// Founds the organization that a confirmed address asked for, and signs its owner in.
///
/// # Errors
/// `Invalid` when the link is unknown, used or expired.
pub async fn confirm_sign_up(services: &Services, request: &RequestInfo, token: &str) -> Result<Opened, Fault> {
    let stale = || Fault::invalid("token", "This link was used or has expired. Sign up again to get a new one.");
    let hash = crate::access::hash_of(token);
    let tx = services.vault.lobby().await?;
    let pending = repo::find_sign_up(&tx, hash.clone()).await?.ok_or_else(stale)?;
    drop(tx);
    let (person, member) = (Uuid::now_v7(), Uuid::now_v7());
    let founding = Founding {
        slug: slug(&pending.organization)?,
        organization: pending.organization,
        person,
        member,
        account: Some(NewPerson { email: pending.email.clone(), name: pending.name, password_hash: pending.password_hash }),
        issued: None,
        storage_quota: services.config.storage_quota,
        request_id: request.id.clone(),
        address: request.address.clone(),
    };
    let tenant = services.vault.found(founding).await.map_err(|error| match error {
        FoundingError::EmailTaken => stale(),
        FoundingError::Fault(fault) => fault,
    })?;
    // Only now: whoever meets a fault before keeps a link that works. Of two at once, the second finds its address taken.
    let tx = services.vault.lobby().await?;
    repo::remove_sign_up(&tx, hash).await?;
    let entrance =
        Entrance { person: PersonId::from_uuid(person), tenant, member: MemberId::from_uuid(member), email: &pending.email, second_factor: None };
    sessions::open(tx, request, &entrance, Means::Password, Vec::new()).await
}

/// Founds a further organization for somebody who has signed in, as its owner, and moves their
/// session there, under a new secret.
///
/// # Errors
/// `Invalid` naming `organization`; `Forbidden` where sign-up is closed, and for a script, whose
/// token is for one organization, and for a session that a provider vouched for; `TooManyRequests`.
pub async fn found_organization(services: &Services, scope: &Scope, organization: &str) -> Result<Opened, Fault> {
    let actor = scope.actor();
    if actor.kind != ActorKind::Member {
        return Err(Fault::new(ErrorCode::Forbidden, "Sign in with a browser to create an organization."));
    }
    check_open(services)?;
    let organization = field("organization", DisplayName::parse(organization))?;
    services.throttle.attempt(&format!("organization:{}", actor.person), ORGANIZATIONS_PER_PERSON).await?;
    scope.rest();
    if sessions::is_vouched(services, scope).await? {
        return Err(Fault::new(ErrorCode::Forbidden, "Single sign-on opens one organization. Sign in with your password to create another."));
    }
    let founding = Founding {
        slug: slug(organization.as_str())?,
        organization: organization.as_str().into(),
        person: actor.person.uuid(),
        member: Uuid::now_v7(),
        account: None,
        issued: None,
        storage_quota: services.config.storage_quota,
        request_id: scope.request().id.clone(),
        address: scope.request().address.clone(),
    };
    let tenant = services.vault.found(founding).await.map_err(|error| match error {
        FoundingError::EmailTaken => Fault::internal("a founding without an account took an address"),
        FoundingError::Fault(fault) => fault,
    })?;
    // A new organization asks nothing of a sign-in yet.
    match sessions::switch_organization(services, scope, &tenant.to_string()).await? {
        Switched::There(opened) => Ok(opened),
        _ => Err(Fault::internal("a new organization does not take its founder")),
    }
}

fn check_open(services: &Services) -> Result<(), Fault> {
    if services.config.sign_up {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::Forbidden, "New organizations are created by invitation here. Ask an administrator."))
}

/// Mails a link to choose a new password, if the address has an account. Whether it has one is looked up by the job, so that known and unknown addresses are
/// answered alike and after the same time.
///
/// # Errors
/// `Invalid` when the address is not one; `TooManyRequests`.
pub async fn request_reset(services: &Services, request: &RequestInfo, email: &str) -> Result<(), Fault> {
    let email = field("email", Email::parse(email))?;
    throttle_mail(services, request, &email).await?;
    let tx = services.vault.lobby().await?;
    let job = MailReset { email: email.as_str().to_owned(), request_id: request.id.clone(), address: request.address.clone() };
    tx.enqueue(&job, &request.id).await?;
    tx.commit_unlogged().await
}

/// Mails a link to choose a new password to an address that has an account; for any other there is nothing to do.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub(super) async fn mail_reset(services: &Services, request: &RequestInfo, email: &str) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let Some((person, name)) = repo::find_person(&tx, email).await? else { return Ok(()) };
    let secret = Secret::opaque();
    repo::insert_reset(&tx, secret.hash(), person, tx.now() + TimeDelta::minutes(RESET_MINUTES)).await?;
    let link = format!("{}/reset-password?token={}", services.config.public_url(), secret.expose());
    tx.enqueue(&SendMail { to: email.to_owned(), letter: Letter::ResetPassword { name, link } }, &request.id).await?;
    let tenants = tenants_of(&tx, person).await?;
    let entry = Entry::new("password.request_reset", Subject::new("person", person, email));
    tx.commit_in_all(&tenants, &anonymous(request), &entry).await
}

/// Sets a new password with a link from a mail. Every session of the person ends.
///
/// # Errors
/// `Invalid` naming `token` when the link is unknown, used or expired, or `password`.
pub async fn reset_password(services: &Services, request: &RequestInfo, token: &str, password: &str) -> Result<(), Fault> {
    let password = field("password", Password::choose(password))?;
    let tx = services.vault.lobby().await?;
    let taken = repo::take_reset(&tx, crate::access::hash_of(token)).await?;
    let person = taken.ok_or_else(|| Fault::invalid("token", "This link was used or has expired. Ask for a new one."))?;
    let password_hash = password::hash(password).await?;
    let (email, name) = repo::set_password(&tx, person, &password_hash).await?;
    // Whoever reads the person's mail has a way in, also from elsewhere and while strangers try the account.
    sessions::remember_place(&tx, request, person).await?;
    let reset = format!("{}/forgot-password", services.config.public_url());
    tx.enqueue(&SendMail { to: email.clone(), letter: Letter::PasswordChanged { name, reset } }, &request.id).await?;
    let tenants = tenants_of(&tx, person).await?;
    let entry = Entry::new("password.reset", Subject::new("person", person, &email));
    tx.commit_in_all(&tenants, &Author { name: email, ..anonymous(request) }, &entry).await
}

/// Changes the person's own name.
///
/// # Errors
/// `Invalid` naming `name`; `Forbidden` for a session that one organization's provider vouched for, when the person belongs to others.
pub async fn rename(services: &Services, scope: &Scope, name: &str) -> Result<String, Fault> {
    scope.grant::<super::ChangeOwnName>()?;
    if scope.actor().kind == ActorKind::Service {
        return Err(Fault::new(ErrorCode::Forbidden, "A service account is named by whoever manages it."));
    }
    let name = field("name", DisplayName::parse(name))?;
    scope.rest();
    let tx = services.vault.lobby().await?;
    let actor = scope.actor();
    if !repo::set_name(&tx, actor.person, actor.credential, name.as_str()).await? {
        return Err(Fault::new(ErrorCode::Forbidden, "Your name is the same in all your organizations. Sign in with your password to change it."));
    }
    let author = Author {
        kind: actor.kind.as_str(),
        id: actor.member.to_string(),
        name: actor.email.clone(),
        credential: actor.credential.simple().to_string(),
        ..anonymous(scope.request())
    };
    let entry = Entry::new("person.rename", Subject::new("person", actor.person, name.as_str()));
    tx.commit_in(scope.tenant().id, author, entry).await?;
    Ok(name.as_str().to_owned())
}

/// The organizations of the scope's person: id, name, slug.
pub(crate) async fn organizations(services: &Services, scope: &Scope) -> Result<Vec<(TenantId, String, String)>, Fault> {
    let tx = services.vault.lobby().await?;
    let rows = repo::organizations(&tx, scope.actor().person, scope.actor().credential).await?;
    Ok(rows.into_iter().map(|(id, name, slug, _)| (id, name, slug)).collect())
}

async fn tenants_of(tx: &crate::access::lobby::LobbyTx, person: PersonId) -> Result<Vec<TenantId>, Fault> {
    Ok(repo::organizations(tx, person, Uuid::nil()).await?.into_iter().map(|(tenant, ..)| tenant).collect())
}

async fn throttle_mail(services: &Services, request: &RequestInfo, email: &Email) -> Result<(), Fault> {
    services.throttle.attempt(&format!("mail:to:{}", email.as_str()), MAILS_PER_ADDRESS).await?;
    services.throttle.attempt(&format!("mail:from:{}", request.address), MAILS_PER_CALLER).await
}

/// Names the field a rule was broken in.
fn field<T>(name: &'static str, parsed: Result<T, shared::field::Refused>) -> Result<T, Fault> {
    parsed.map_err(|refused| Fault::invalid(name, refused.0))
}

/// The organization's slug: from its name, or a neutral one where the name has too few Latin letters.
fn slug(organization: &str) -> Result<Slug, Fault> {
    Slug::from_name(organization).or_else(|| Slug::parse("team").ok()).ok_or_else(|| Fault::internal("no slug"))
}

fn anonymous(request: &RequestInfo) -> Author {
    Author {
        kind: "anonymous",
        id: String::new(),
        name: String::new(),
        credential: String::new(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    }
}
