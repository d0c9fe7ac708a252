//! Signing in and out.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use shared::{
    ErrorCode,
    field::{Email, Password},
    ids::{MemberId, PersonId, SessionId, TenantId},
};
use uuid::Uuid;

use super::{
    EndSessions, Entrance, ListSessions, Means, Opened, SESSION_DAYS, Session, SignedIn, Switched,
    model::Admission,
    repo::{self, Whose},
};
use crate::{
    access::{
        ActorKind, RequestInfo, Scope, Secret, Sql,
        audit::{Author, Entry, Subject},
        hash_of,
        lobby::LobbyTx,
        password,
        throttle::Limit,
    },
    fault::Fault,
    features::{
        page::{Page, Paged},
        second_factor::{self, Given},
    },
    services::Services,
};

const WINDOW: Duration = Duration::from_secs(900);
/// On one account from one place.
pub const PER_ACCOUNT: Limit = Limit { attempts: 10, window: WINDOW };
/// From one place, on whatever account.
const PER_PLACE: Limit = Limit { attempts: 300, window: WINDOW };
/// On one account from all places: passwords are then also guessed slowly by whoever has many.
pub const PER_ACCOUNT_ANYWHERE: Limit = Limit { attempts: 100, window: WINDOW };
/// On all accounts from all places.
pub const IN_ALL: Limit = Limit { attempts: 6_000, window: WINDOW };
/// How long a place from which somebody signed in keeps its own attempts, whatever others do, in days.
const PLACE_DAYS: i64 = 90;

/// Signs in by e-mail and password, into the organization the person saw last; whoever has a second factor is asked for it first, and goes on to `next` after it.
///
/// # Errors
/// `Unauthenticated` with one sentence for an unknown address, a wrong password, a disabled person
/// and one whom no organization lets in; `TooManyRequests` when an account, a place or the whole
/// service sees too many attempts.
pub async fn sign_in(services: &Services, request: &RequestInfo, email: &str, password: &str, next: &str) -> Result<SignedIn, Fault> {
    let refused = || Fault::new(ErrorCode::Unauthenticated, "The e-mail address or the password is not right.");
    let typed = hash_of(password);
    let password = Password::attempt(password).map_err(|wrong| Fault::invalid("password", wrong.0))?;
    let Ok(email) = Email::parse(email) else { return Err(refused()) };
    throttle(services, &request.place(), &email).await?;
    let tx = services.vault.lobby().await?;
    let login = repo::find_login(&tx, email.as_str()).await?;
    let one_time = repo::is_one_time(&tx, email.as_str(), typed).await?;
    drop(tx);
    let hash = login.as_ref().map(|login| login.password_hash.clone());
    let right = password::verify(password, hash).await? || one_time;
    let Some(login) = login.filter(|login| right && !login.disabled) else {
        note_refusal(services.clone(), request.clone(), email);
        return Err(refused());
    };
    let tx = services.vault.lobby().await?;
    let Some((tenant, member)) = repo::first_admitting(&tx, login.person, login.second_factor).await? else {
        note_refusal(services.clone(), request.clone(), email);
        return Err(refused());
    };
    if one_time {
        return Ok(SignedIn::Once);
    }
    if login.second_factor {
        return Ok(SignedIn::Half(second_factor::begin_step(tx, login.person, None, next).await?));
    }
    let entrance = Entrance { person: login.person, tenant, member: MemberId::from_uuid(member), email: email.as_str(), second_factor: None };
    Ok(SignedIn::In(open(tx, request, &entrance, Means::Password, Vec::new()).await?))
}

/// Opens a session for a person whose password was right and who gave their second factor.
///
/// # Errors
/// `Invalid` naming `step` when no organization lets them in any more.
pub async fn enter(tx: LobbyTx, request: &RequestInfo, person: PersonId, email: &str, given: Given) -> Result<Opened, Fault> {
    let place = repo::first_admitting(&tx, person, true).await?;
    let (tenant, member) = place.ok_or_else(|| Fault::invalid("step", "No organization lets you in any more. Ask whoever invited you."))?;
    let entrance = Entrance { person, tenant, member: MemberId::from_uuid(member), email, second_factor: Some(given) };
    open(tx, request, &entrance, Means::Password, Vec::new()).await
}

/// The organization that the person saw last, with their membership there, whether it lets them in or not.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn last_seen(tx: &LobbyTx, person: PersonId) -> Result<Option<(TenantId, MemberId)>, Fault> {
    Ok(repo::memberships(tx, person).await?.first().map(|(tenant, member)| (*tenant, MemberId::from_uuid(*member))))
}

/// Counts an attempt. What a place has too much of counts no further, so that it takes many places to fill what all share; and what all share keeps nobody out
/// where they signed in before, or a stranger could keep people out of their own accounts for ever.
async fn throttle(services: &Services, place: &str, email: &Email) -> Result<(), Fault> {
    services.throttle.attempt(&format!("sign-in:account:{}:{place}", email.as_str()), PER_ACCOUNT).await?;
    services.throttle.attempt(&format!("sign-in:address:{place}"), PER_PLACE).await?;
    let anywhere = services.throttle.attempt(&format!("sign-in:account-anywhere:{}", email.as_str()), PER_ACCOUNT_ANYWHERE).await;
    let all = match &anywhere {
        Ok(()) => services.throttle.attempt("sign-in:all", IN_ALL).await,
        Err(_) => Ok(()),
    };
    let Err(crowded) = anywhere.and(all) else { return Ok(()) };
    let tx = services.vault.lobby().await?;
    let known = repo::knows_place(&tx, email.as_str(), place, tx.now() - TimeDelta::days(PLACE_DAYS)).await?;
    if known { Ok(()) } else { Err(crowded) }
}

/// Remembers where a person proved who they are: there they keep attempts of their own when many try their account.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn remember_place(tx: &LobbyTx, request: &RequestInfo, person: PersonId) -> Result<(), Fault> {
    repo::remember_place(tx, person, &request.place()).await
}

/// Opens a session for a person who has just proved who they are, and commits with the entries of what came before and the act's own.
/// A password that leads into an organization which asks for its single sign-on is entered as what it is: breaking the glass.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn open(tx: LobbyTx, request: &RequestInfo, who: &Entrance<'_>, means: Means<'_>, mut entries: Vec<Entry>) -> Result<Opened, Fault> {
    let secret = Secret::opaque();
    let life = TimeDelta::days(SESSION_DAYS);
    let vouched = matches!(means, Means::Provider { .. });
    let (id, break_glass) = repo::insert(&tx, secret.hash(), who, vouched, request, tx.now() + life).await?;
    // A provider speaks for its organization; a password leads into all of the person's.
    if !vouched {
        remember_place(&tx, request, who.person).await?;
    }
    let (action, mut detail) = match means {
        Means::Provider { issuer, linked } => ("session.create", json!({ "userAgent": request.user_agent, "issuer": issuer, "linked": linked })),
        Means::Password if break_glass => ("session.break_glass", json!({ "userAgent": request.user_agent })),
        Means::Password => ("session.create", json!({ "userAgent": request.user_agent })),
        Means::Invitation => ("invitation.accept", json!({ "userAgent": request.user_agent, "breakGlass": break_glass })),
    };
    detail["secondFactor"] = match who.second_factor {
        None => json!(null),
        Some(Given::Code) => json!("code"),
        Some(Given::Recovery { left }) => json!({ "recoveryCodesLeft": left }),
    };
    entries.push(Entry::new(action, Subject::new("session", SessionId::from_uuid(id), who.email)).detail(detail));
    tx.commit_acts_in(who.tenant, &author(request, who.member, who.email, id), &entries).await?;
    Ok(Opened { secret, max_age: Duration::from_secs(SESSION_DAYS as u64 * 86_400) })
}

/// Ends the scope's session.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn sign_out(services: &Services, scope: &Scope) -> Result<(), Fault> {
    scope.rest();
    let tx = services.vault.lobby().await?;
    let session = scope.actor().credential;
    repo::delete(&tx, session).await?;
    let entry = Entry::new("session.remove", Subject::new("session", shared::ids::SessionId::from_uuid(session), &scope.actor().email));
    tx.commit_in(scope.tenant().id, of_scope(scope), entry).await
}

/// Whether the scope's session was vouched for by an organization's provider, so that it is worth something there alone.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn is_vouched(services: &Services, scope: &Scope) -> Result<bool, Fault> {
    let tx = services.vault.lobby().await?;
    Ok(repo::vouched_by(&tx, scope.actor().credential).await?.is_some())
}

/// Ends every session of the person, this one too; asked by one that a provider vouched for, those in its organization.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn sign_out_everywhere(services: &Services, scope: &Scope) -> Result<(), Fault> {
    scope.rest();
    let tx = services.vault.lobby().await?;
    let whose = whose(&tx, scope).await?;
    let ended = repo::delete_all(&tx, whose).await?;
    let tenants: Vec<TenantId> = match whose.tenant {
        Some(tenant) => vec![tenant],
        None => repo::memberships(&tx, whose.person).await?.into_iter().map(|(tenant, _)| tenant).collect(),
    };
    let entry =
        Entry::new("session.remove_all", Subject::new("member", scope.actor().member, &scope.actor().email)).detail(json!({ "sessions": ended }));
    tx.commit_in_all(&tenants, &of_scope(scope), &entry).await
}

/// Moves the scope's session to another organization of the same person. It gets a new id and a new secret, because it has other rights there; it stays as
/// old as it is, and what vouched for it.
///
/// # Errors
/// `NotFound` when the person does not belong to it; `Unauthenticated` when the session has ended meanwhile.
pub async fn switch_organization(services: &Services, scope: &Scope, organization: &str) -> Result<Switched, Fault> {
    let wanted: TenantId = organization.parse()?;
    scope.rest();
    let tx = services.vault.lobby().await?;
    let memberships = repo::memberships(&tx, scope.actor().person).await?;
    let Some((tenant, member)) = memberships.into_iter().find(|(tenant, _)| *tenant == wanted) else {
        return Err(Fault::not_found("organization", organization));
    };
    if repo::vouched_by(&tx, scope.actor().credential).await?.is_some_and(|vouching| vouching != tenant) {
        return Err(Fault::not_found("organization", organization));
    }
    let admission = repo::admission(&tx, scope.actor().credential, tenant).await?;
    let break_glass = match admission {
        Some(Admission { admits: true, recent: true, takes: true, break_glass, .. }) => break_glass,
        Some(Admission { admits: true, recent: true, takes: false, takes_with_second_factor: true, .. }) => return Ok(Switched::SecondFactor),
        Some(Admission { admits: true, takes_with_second_factor: false, .. }) => return Ok(Switched::OtherWay),
        Some(Admission { admits: true, recent: false, .. }) => return Ok(Switched::TooOld),
        _ => return Ok(Switched::NotAdmitted),
    };
    let secret = Secret::opaque();
    let (id, expires_at) = repo::move_to(&tx, scope.actor().credential, tenant, secret.hash()).await?.ok_or_else(Fault::unauthenticated)?;
    let max_age = (expires_at - tx.now()).to_std().unwrap_or_default();
    let author = author(scope.request(), MemberId::from_uuid(member), &scope.actor().email, id);
    let entry = Entry::new("session.switch", Subject::new("organization", tenant, ""))
        .detail(json!({ "from": scope.tenant().id.to_string(), "breakGlass": break_glass }));
    tx.commit_in(tenant, author, entry).await?;
    services.vault.live().standing_changed(scope.tenant().id);
    Ok(Switched::There(Opened { secret, max_age }))
}

/// The reader's sessions in all their organizations, the newest first; a token, which is for one organization, sees those there.
///
/// # Errors
/// `Forbidden` for a token without the scope; `Invalid` for a cursor that is not ours.
pub async fn list(services: &Services, scope: &Scope, page: Page) -> Result<Paged<Session>, Fault> {
    scope.grant::<ListSessions>()?;
    let tx = services.vault.lobby().await?;
    let whose = whose(&tx, scope).await?;
    let before = page.after_id::<SessionId>()?.map(SessionId::uuid);
    let rows = repo::list(&tx, whose, before, page.limit_and_one()).await?;
    Ok(Paged::of(rows, &page, repo::count(&tx, whose).await?, |session| session.id.to_string()))
}

/// Ends one of the reader's sessions, at once and on every replica.
///
/// # Errors
/// `NotFound` when it is not theirs or has ended; `Forbidden` for a token without the scope.
pub async fn end(services: &Services, scope: &Scope, id: SessionId) -> Result<Session, Fault> {
    scope.grant::<EndSessions>()?;
    scope.rest();
    let tx = services.vault.lobby().await?;
    let session = repo::delete_own(&tx, whose(&tx, scope).await?, id).await?.ok_or_else(|| Fault::not_found("session", id))?;
    let entry = Entry::new("session.remove", Subject::new("session", id, &scope.actor().email))
        .detail(json!({ "userAgent": session.user_agent, "address": session.address }));
    tx.commit_in_all(&concerned(scope, [session.tenant]), &of_scope(scope), &entry).await?;
    Ok(session)
}

/// Ends the reader's sessions except the one that asks; returns how many ended. Asked by a token, those in its organization end.
///
/// # Errors
/// `Forbidden` for a token without the scope.
pub async fn end_others(services: &Services, scope: &Scope) -> Result<usize, Fault> {
    scope.grant::<EndSessions>()?;
    scope.rest();
    let tx = services.vault.lobby().await?;
    let ended = repo::delete_others(&tx, whose(&tx, scope).await?, scope.actor().credential).await?;
    let count = ended.len();
    let tenants = concerned(scope, ended);
    let entry =
        Entry::new("session.remove_others", Subject::new("member", scope.actor().member, &scope.actor().email)).detail(json!({ "sessions": count }));
    tx.commit_in_all(&tenants, &of_scope(scope), &entry).await?;
    Ok(count)
}

/// The sessions that the scope sees: all of the person, or those in one organization for what is for that one alone.
async fn whose(tx: &LobbyTx, scope: &Scope) -> Result<Whose, Fault> {
    let tenant = match scope.actor().kind {
        ActorKind::Member => repo::vouched_by(tx, scope.actor().credential).await?,
        ActorKind::Token | ActorKind::Service | ActorKind::Job | ActorKind::Link | ActorKind::JobToken | ActorKind::Support => {
            Some(scope.tenant().id)
        }
    };
    Ok(Whose { person: scope.actor().person, tenant })
}

/// The organizations whose logs an act on sessions belongs in: the reader's own and those of the sessions, each once.
fn concerned(scope: &Scope, ended: impl IntoIterator<Item = TenantId>) -> Vec<TenantId> {
    let mut tenants = vec![scope.tenant().id];
    for tenant in ended {
        if !tenants.contains(&tenant) {
            tenants.push(tenant);
        }
    }
    tenants
}

/// Who an entry names while there is no scope in the right organization.
fn author(request: &RequestInfo, member: MemberId, email: &str, session: Uuid) -> Author {
    Author {
        kind: "member",
        id: member.to_string(),
        name: email.to_owned(),
        credential: session.simple().to_string(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    }
}

fn of_scope(scope: &Scope) -> Author {
    let actor = scope.actor();
    Author { kind: actor.kind.as_str(), ..author(scope.request(), actor.member, &actor.email, actor.credential) }
}

/// A refused sign-in of somebody who exists stands in the log of their organizations. Written after
/// the answer, so that it does not make known addresses slower than unknown ones.
fn note_refusal(services: Services, request: RequestInfo, email: Email) {
    tokio::spawn(async move {
        let noted = async {
            let tx = services.vault.lobby().await?;
            let Some(login) = repo::find_login(&tx, email.as_str()).await? else { return Ok(()) };
            let memberships = repo::memberships(&tx, login.person).await?;
            let Some((tenant, member)) = memberships.first().copied() else { return Ok(()) };
            let author = author(&request, MemberId::from_uuid(member), email.as_str(), Uuid::nil());
            let entry = Entry::new("session.create", Subject::new("member", MemberId::from_uuid(member), email.as_str())).denied();
            tx.commit_in(tenant, author, entry).await
        };
        if let Err(error) = noted.await {
            let error: Fault = error;
            tracing::warn!(%error, "could not enter a refused sign-in");
        }
    });
}
