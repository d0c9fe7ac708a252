//! Asking for the factor, and who has one.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::ids::{MemberId, PersonId, TenantId};
use uuid::Uuid;

use super::{
    Given,
    model::{Key, Typed},
    repo,
};
use crate::{
    access::{ActorKind, RequestInfo, Scope, Secret, Sql, hash_of, lobby::LobbyTx, throttle::Limit},
    fault::Fault,
    features::mail::{Letter, SendMail},
    services::Services,
};

/// Of one person from one place.
const PER_PLACE: Limit = Limit { attempts: 10, window: Duration::from_secs(900) };
/// Of one person from all places: of a million codes three are right at any time.
const ANYWHERE: Limit = Limit { attempts: 30, window: Duration::from_secs(3600) };
/// How long a place from which somebody signed in keeps its own attempts, in days.
const PLACE_DAYS: i64 = 90;
/// Longest path that is remembered to go on to, in bytes.
const NEXT_MAX: usize = 2_000;

/// Whoever has a session, also one that is worth nothing until a second factor is given.
pub struct Holder {
    pub session: Uuid,
    /// Where it is.
    pub tenant: TenantId,
    pub organization: String,
    pub member: MemberId,
    pub person: PersonId,
    pub email: String,
    /// What they are called.
    pub name: String,
    pub(super) password_hash: String,
    /// Since when they have a second factor.
    pub since: Option<DateTime<Utc>>,
    /// Recovery codes that are left.
    pub left: i64,
    /// Whether a provider vouched for it, which no second factor is asked for.
    pub vouched: bool,
    /// Whether its organization asks for a second factor.
    pub required: bool,
    /// Whether it is worth something.
    pub enters: bool,
    pub ends: DateTime<Utc>,
}

/// What somebody has beside their password.
pub struct SecondFactor {
    /// `None`: nothing.
    pub since: Option<DateTime<Utc>>,
    pub recovery_codes_left: i64,
    /// Whether the organization asks for it.
    pub required: bool,
}

/// A sign-in whose password was right.
pub struct Step {
    pub person: PersonId,
    pub email: String,
    /// What they are called.
    pub name: String,
    /// The hash of the invitation that is accepted by it.
    pub invitation: Option<Vec<u8>>,
    pub next: String,
    pub(super) browser_hash: Vec<u8>,
}

/// Whoever holds the session of a cookie.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn holder(services: &Services, cookie: &str) -> Result<Option<Holder>, Fault> {
    let tx = services.vault.lobby().await?;
    repo::holder(&tx, hash_of(cookie)).await
}

/// What the reader has beside their password; `None` for whoever did not sign in by it.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn status(services: &Services, scope: &Scope) -> Result<Option<SecondFactor>, Fault> {
    if scope.actor().kind != ActorKind::Member {
        return Ok(None);
    }
    let tx = services.vault.lobby().await?;
    repo::status(&tx, scope.actor().credential).await
}

/// Remembers that a person's password was right, for the browser that sent it: what it must bring back beside the factor. It goes on to `next`, or accepts
/// the invitation with a hash.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn begin_step(tx: LobbyTx, person: PersonId, invitation: Option<Vec<u8>>, next: &str) -> Result<Secret, Fault> {
    let (browser, next) = (Secret::opaque(), if next.len() <= NEXT_MAX { next } else { "" });
    repo::insert_step(&tx, browser.hash(), person, invitation, next).await?;
    // Nobody has signed in yet, so there is nothing to enter anywhere.
    tx.commit_unlogged().await?;
    Ok(browser)
}

/// The sign-in that a browser is in the middle of. Each look is an attempt, whatever becomes of it.
///
/// # Errors
/// `Invalid` when there is none, it began too long ago or saw too many wrong codes; `TooManyRequests`.
pub async fn take_step(services: &Services, request: &RequestInfo, browser: &str) -> Result<Step, Fault> {
    let tx = services.vault.lobby().await?;
    let step = repo::try_step(&tx, hash_of(browser)).await?.ok_or_else(stale)?;
    tx.commit_unlogged().await?;
    throttle(services, step.person, &request.place()).await?;
    Ok(step)
}

/// Counts an attempt. What all places share keeps nobody out where they signed in before.
async fn throttle(services: &Services, person: PersonId, place: &str) -> Result<(), Fault> {
    services.throttle.attempt(&format!("second-factor:place:{person}:{place}"), PER_PLACE).await?;
    let Err(crowded) = services.throttle.attempt(&format!("second-factor:anywhere:{person}"), ANYWHERE).await else { return Ok(()) };
    let tx = services.vault.lobby().await?;
    let known = repo::knows_place(&tx, person, place, tx.now() - TimeDelta::days(PLACE_DAYS)).await?;
    if known { Ok(()) } else { Err(crowded) }
}

/// Ends a sign-in, once, in the transaction that opens its session.
///
/// # Errors
/// `Invalid` when it has ended.
pub async fn end_step(tx: &LobbyTx, step: &Step) -> Result<(), Fault> {
    if repo::delete_step(tx, step.browser_hash.clone()).await? { Ok(()) } else { Err(stale()) }
}

fn stale() -> Fault {
    Fault::invalid("step", "This sign-in was begun in another browser or more than ten minutes ago, or saw too many wrong codes. Sign in again.")
}

/// Whether what was typed is the person's factor, and uses it up.
///
/// # Errors
/// `Internal`, also when the secret was sealed with another key.
pub async fn check(services: &Services, tx: &LobbyTx, person: PersonId, typed: &str) -> Result<Option<Given>, Fault> {
    match Typed::read(typed) {
        Typed::Code(code) => {
            let Some(sealed) = repo::secret(tx, person).await? else { return Ok(None) };
            let text = services.seal.unseal(&sealed_for(person), &sealed);
            let key = Key::read(&text.ok_or_else(|| Fault::internal("a second factor was sealed with another key"))?)?;
            let Some(step) = key.step_of(&code, tx.now()) else { return Ok(None) };
            Ok(repo::use_step(tx, person, step).await?.then_some(Given::Code))
        }
        Typed::Recovery(code) => {
            let left = repo::use_recovery_code(tx, person, mark(services, person, &code)).await?;
            Ok(left.map(|left| Given::Recovery { left }))
        }
        Typed::Other => Ok(None),
    }
}

/// Tells whoever signs in with a recovery code so by mail, if the transaction that opens their session commits: a stranger with a found code is noticed.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn tell_of_use(services: &Services, tx: &LobbyTx, request: &RequestInfo, step: &Step, given: Given) -> Result<(), Fault> {
    let Given::Recovery { left } = given else { return Ok(()) };
    let letter = Letter::RecoveryCodeUsed { name: step.name.clone(), left, reset: reset_page(services) };
    tx.enqueue(&SendMail { to: step.email.clone(), letter }, &request.id).await
}

/// Where whoever did not do it themselves chooses a new password.
pub(super) fn reset_page(services: &Services) -> String {
    format!("{}/forgot-password", services.config.public_url())
}

/// What a person's secret is sealed as.
pub(super) fn sealed_for(person: PersonId) -> String {
    format!("second factor of {person}")
}

/// What is stored of a recovery code.
pub(super) fn mark(services: &Services, person: PersonId, code: &str) -> Vec<u8> {
    services.seal.mark(&format!("recovery code of {person}"), code).to_vec()
}
