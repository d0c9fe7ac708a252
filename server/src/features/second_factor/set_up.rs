//! Setting it up, new recovery codes, turning it off.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use shared::{ErrorCode, field::Password};

use super::{
    Holder, Qr,
    model::{Key, Typed, recovery_codes, shown},
    repo,
    service::{check, mark, reset_page, sealed_for},
};
use crate::{
    access::{
        RequestInfo, Secret,
        audit::{Author, Entry, Subject},
        lobby::LobbyTx,
        password,
        throttle::Limit,
    },
    fault::Fault,
    features::mail::{Letter, SendMail},
    services::Services,
};

/// Proofs that one person brings on the page of their account.
const PROOFS: Limit = Limit { attempts: 10, window: Duration::from_secs(900) };
/// How long an offered secret can be confirmed, in seconds.
const OFFERED: i64 = 3600;

/// A secret that nobody has confirmed: it is kept nowhere but on the page that shows it.
pub struct Offer {
    /// To type into an app.
    pub secret: String,
    /// To scan.
    pub qr: Qr,
    /// What the page brings back.
    pub sealed: String,
}

/// It is on.
pub struct Confirmed {
    /// Recovery codes, to be shown this once.
    pub codes: Vec<String>,
    /// What opens the session from now on: it is worth more than before, and an old copy of its cookie is worth nothing.
    pub session: Secret,
    pub max_age: Duration,
}

/// Offers a new secret, or again the one that a page has brought back.
///
/// # Errors
/// `Internal`.
pub fn offer(services: &Services, holder: &Holder, again: &str) -> Result<Offer, Fault> {
    let (key, sealed) = match opened(services, holder, again) {
        Some(key) => (key, again.to_owned()),
        None => {
            let key = Key::generate()?;
            let text = format!("{} {}", services.clock().now().timestamp(), key.text());
            let sealed = URL_SAFE_NO_PAD.encode(services.seal.seal(&offered_to(holder), &text)?);
            (key, sealed)
        }
    };
    Ok(Offer { secret: key.text(), qr: Qr::of(&key.address(&holder.email))?, sealed })
}

/// The key of an offer that was made to this session within the hour.
fn opened(services: &Services, holder: &Holder, sealed: &str) -> Option<Key> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let text = services.seal.unseal(&offered_to(holder), &bytes)?;
    let (at, secret) = text.split_once(' ')?;
    let age = services.clock().now().timestamp() - at.parse::<i64>().ok()?;
    (0..OFFERED).contains(&age).then(|| Key::read(secret).ok()).flatten()
}

fn offered_to(holder: &Holder) -> String {
    format!("second factor offered to {}", holder.session)
}

/// Turns it on with the first code of the app. The password is asked for, so that whoever finds a browser open locks nobody out.
///
/// # Errors
/// `Invalid` naming `code` or `password`; `Conflict` when it is on; `Forbidden` for a session that a provider vouched for; `TooManyRequests`.
pub async fn confirm(
    services: &Services,
    request: &RequestInfo,
    holder: &Holder,
    sealed: &str,
    code: &str,
    password: &str,
) -> Result<Confirmed, Fault> {
    may_change(holder)?;
    if holder.since.is_some() {
        return Err(is_on());
    }
    throttle(services, holder).await?;
    let key = opened(services, holder, sealed);
    let key = key.ok_or_else(|| {
        Fault::invalid("code", "The code above is a new one: the page had waited too long. Scan it, and enter what your app shows then.")
    })?;
    let step = match Typed::read(code) {
        Typed::Code(code) => key.step_of(&code, services.clock().now()),
        _ => None,
    };
    let wrong =
        || Fault::invalid("code", "This is not what the app shows now. Enter the newest code; if it is refused too, set the clock of your device.");
    let step = step.ok_or_else(wrong)?;
    if !is_password(holder, password).await? {
        return Err(Fault::invalid("password", "This is not the password of your account."));
    }
    let (codes, session) = (recovery_codes(), Secret::opaque());
    let tx = services.vault.lobby().await?;
    let secret = services.seal.seal(&sealed_for(holder.person), &key.text())?;
    if !repo::turn_on(&tx, holder.person, secret, step).await? {
        return Err(is_on());
    }
    repo::set_recovery_codes(&tx, holder.person, codes.iter().map(|code| mark(services, holder.person, code)).collect()).await?;
    let ended = repo::keep_only(&tx, holder, session.hash()).await?;
    let letter = Letter::SecondFactorOn { name: holder.name.clone(), reset: reset_page(services) };
    enter(services, tx, request, holder, letter, Entry::new("second_factor.create", subject(holder)).detail(json!({ "sessionsEnded": ended.len() })))
        .await?;
    let max_age = (holder.ends - services.clock().now()).to_std().unwrap_or_default();
    Ok(Confirmed { codes: codes.iter().map(|code| shown(code)).collect(), session, max_age })
}

/// Makes new recovery codes; the old ones are worth nothing.
///
/// # Errors
/// `Invalid` naming `passwordOrCode`; `Conflict` when it is off; `Forbidden`, `TooManyRequests` as for [`confirm`].
pub async fn renew_codes(services: &Services, request: &RequestInfo, holder: &Holder, proof: &str) -> Result<Vec<String>, Fault> {
    let tx = proven(services, holder, proof).await?;
    let codes = recovery_codes();
    repo::set_recovery_codes(&tx, holder.person, codes.iter().map(|code| mark(services, holder.person, code)).collect()).await?;
    let letter = Letter::RecoveryCodesRenewed { name: holder.name.clone(), reset: reset_page(services) };
    enter(services, tx, request, holder, letter, Entry::new("second_factor.renew_codes", subject(holder)).detail(json!({ "left": holder.left })))
        .await?;
    Ok(codes.iter().map(|code| shown(code)).collect())
}

/// Turns it off.
///
/// # Errors
/// As [`renew_codes`].
pub async fn remove(services: &Services, request: &RequestInfo, holder: &Holder, proof: &str) -> Result<(), Fault> {
    let tx = proven(services, holder, proof).await?;
    if !repo::turn_off(&tx, holder.person).await? {
        return Err(is_off());
    }
    let letter = Letter::SecondFactorOff { name: holder.name.clone(), reset: reset_page(services) };
    enter(services, tx, request, holder, letter, Entry::new("second_factor.remove", subject(holder)).detail(json!({ "since": holder.since }))).await
}

/// A transaction of somebody who has shown the password or a code, which is then used up.
async fn proven(services: &Services, holder: &Holder, proof: &str) -> Result<LobbyTx, Fault> {
    may_change(holder)?;
    if holder.since.is_none() {
        return Err(is_off());
    }
    throttle(services, holder).await?;
    let wrong = || Fault::invalid("passwordOrCode", "This is neither your password nor a code that works now.");
    match Typed::read(proof) {
        Typed::Other => {
            if !is_password(holder, proof).await? {
                return Err(wrong());
            }
            services.vault.lobby().await
        }
        _ => {
            let tx = services.vault.lobby().await?;
            check(services, &tx, holder.person, proof).await?.ok_or_else(wrong)?;
            Ok(tx)
        }
    }
}

fn may_change(holder: &Holder) -> Result<(), Fault> {
    if holder.vouched {
        return Err(Fault::new(
            ErrorCode::Forbidden,
            "Your organization's provider says who you are here. Sign in with your password to change this.",
        ));
    }
    Ok(())
}

fn is_on() -> Fault {
    Fault::conflict("Two-factor sign-in is on already.")
}

fn is_off() -> Fault {
    Fault::conflict("Two-factor sign-in is off.")
}

async fn throttle(services: &Services, holder: &Holder) -> Result<(), Fault> {
    services.throttle.attempt(&format!("second-factor:change:{}", holder.person), PROOFS).await
}

async fn is_password(holder: &Holder, text: &str) -> Result<bool, Fault> {
    match Password::attempt(text) {
        Ok(password) => password::verify(password, Some(holder.password_hash.clone())).await,
        Err(_) => Ok(false),
    }
}

fn subject(holder: &Holder) -> Subject {
    Subject::new("person", holder.person, &holder.email)
}

/// Commits with one entry in the log of each organization of the person, because it is about their password, and so about all of them; and with the letter
/// that tells the person, who may not be the one that did it.
async fn enter(services: &Services, tx: LobbyTx, request: &RequestInfo, holder: &Holder, letter: Letter, entry: Entry) -> Result<(), Fault> {
    tx.enqueue(&SendMail { to: holder.email.clone(), letter }, &request.id).await?;
    let tenants = repo::tenants(&tx, holder.person).await?;
    let author = Author {
        kind: "member",
        id: holder.member.to_string(),
        name: holder.email.clone(),
        credential: holder.session.simple().to_string(),
        request_id: request.id.clone(),
        address: request.address.clone(),
    };
    tx.commit_in_all(&tenants, &author, &entry).await?;
    // Sessions may have ended by it.
    tenants.into_iter().for_each(|tenant| services.vault.live().standing_changed(tenant));
    Ok(())
}
