//! Passwords: argon2id, off the async threads, at most two at a time.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use shared::{ErrorCode, field::Password};
use tokio::sync::Semaphore;

use crate::fault::Fault;

/// Concurrent hashes: each takes a core and 19 MiB.
static SLOTS: Semaphore = Semaphore::const_new(2);
/// Hashes that may wait for a slot; more are turned away.
static QUEUE: Semaphore = Semaphore::const_new(22);

/// The hash of a password that nobody knows, checked for unknown accounts so that they take as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let secret = super::Secret::opaque();
    hasher().hash_password(secret.expose().as_bytes()).map(|hash| hash.to_string()).unwrap_or_default()
});

/// OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a new password.
///
/// # Errors
/// `TooManyRequests` when too many are waiting.
pub async fn hash(password: Password) -> Result<String, Fault> {
    off_thread(move || hasher().hash_password(password.expose()).map(|hash| hash.to_string()).map_err(Fault::internal)).await?
}

/// Checks a password against a stored hash; with `None` it takes as long and answers no.
///
/// # Errors
/// `TooManyRequests` when too many are waiting.
pub async fn verify(password: Password, stored: Option<String>) -> Result<bool, Fault> {
    off_thread(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.clone());
        let matches = PasswordHash::new(&stored).is_ok_and(|hash| hasher().verify_password(password.expose(), &hash).is_ok());
        matches && known
    })
    .await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let busy = || Fault::new(ErrorCode::TooManyRequests, "Too many people are signing in at this moment. Try again in a few seconds.");
    let _place = QUEUE.try_acquire().map_err(|_| busy())?;
    let _slot = SLOTS.acquire().await.map_err(Fault::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
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
}
