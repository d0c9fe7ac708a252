//! Passwords: argon2id, off the async threads, at most two at a time.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::Instant,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use shared::{ErrorCode, field::Password};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::fault::Fault;

/// Concurrent hashes: each takes a core and 19 MiB.
static SLOTS: Semaphore = Semaphore::const_new(2);
/// Hashes that may wait for a slot; more are turned away.
static QUEUE: Semaphore = Semaphore::const_new(22);
/// What hashes are computed in, one for each slot, kept for the next: asked for and given back each time, glibc's allocator would find none of it again
/// (argon2 asks for aligned memory) and the process would grow by 19 MiB with every sign-in.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// The hash of a password that nobody knows, checked for unknown accounts so that they take as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| new_hash(super::Secret::opaque().expose().as_bytes()).unwrap_or_default());

/// OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
fn params() -> Params {
    Params::new(19 * 1024, 2, 1, None).unwrap_or_default()
}

/// Argon2id of a password, in memory that is used again.
fn compute(password: &[u8], salt: &[u8], params: Params) -> Result<Output, Fault> {
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::new());
    }
    let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let computed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(password, salt, &mut output, &mut memory);
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    computed.map_err(Fault::internal)?;
    Output::new(&output).map_err(Fault::internal)
}

fn new_hash(password: &[u8]) -> Result<String, Fault> {
    let (salt, params) = (Salt::generate(), params());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(Fault::internal)?,
        salt: Some(salt),
        hash: Some(compute(password, &salt, params)?),
    };
    Ok(hash.to_string())
}

fn is_of(stored: &str, password: &[u8]) -> Result<bool, Fault> {
    let stored = PasswordHash::new(stored).map_err(Fault::internal)?;
    let params = Params::try_from(&stored).map_err(Fault::internal)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else { return Ok(false) };
    Ok(compute(password, &salt, params)?.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// Hashes a new password.
///
/// # Errors
/// `TooManyRequests` when too many are waiting.
pub async fn hash(password: Password) -> Result<String, Fault> {
    off_thread(move || new_hash(password.expose())).await?
}

/// The hash of a password that nobody knows, for somebody who has none: they choose one by mail, if ever.
///
/// # Errors
/// `TooManyRequests` when too many are waiting.
pub async fn hash_of_nobodys() -> Result<String, Fault> {
    off_thread(|| new_hash(super::Secret::opaque().expose().as_bytes())).await?
}

/// Checks a password against a stored hash; with `None` it takes as long and answers no.
///
/// # Errors
/// `TooManyRequests` when too many are waiting.
pub async fn verify(password: Password, stored: Option<String>) -> Result<bool, Fault> {
    off_thread(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.clone());
        Ok(is_of(&stored, password.expose())? && known)
    })
    .await?
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let busy = || Fault::new(ErrorCode::TooManyRequests, "Too many people are signing in at this moment. Try again in a few seconds.");
    let _place = QUEUE.try_acquire().map_err(|_| busy())?;
    let _slot = SLOTS.acquire().await.map_err(Fault::internal)?;
    let started = Instant::now();
    let done = tokio::task::spawn_blocking(work).await.map_err(Fault::internal);
    metrics::histogram!("assay_password_seconds").record(started.elapsed().as_secs_f64());
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_passes() {
        let password = || Password::choose("correct horse battery").expect("valid");
        let stored = hash(password()).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(password(), Some(stored.clone())).await.expect("verifies"));
        assert!(!verify(Password::attempt("wrong").expect("valid"), Some(stored)).await.expect("verifies"));
        assert!(!verify(password(), None).await.expect("verifies"));
    }

    #[test]
    fn a_hash_of_another_implementation_is_understood() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let own = new_hash(b"correct horse battery").expect("hashes");
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, params());
        assert!(library.verify_password(b"correct horse battery", own.as_str()).is_ok());
        let theirs = Argon2::default().hash_password(b"correct horse battery").expect("hashes").to_string();
        assert!(is_of(&theirs, b"correct horse battery").expect("verifies"));
        assert!(!is_of(&theirs, b"wrong").expect("verifies"));
    }
}
