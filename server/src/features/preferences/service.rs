//! Reading and keeping what a member chose.

use serde_json::{Value, json};

use super::{KeepPreferences, ReadPreferences, repo};
use crate::{
    access::{
        Grant,
        audit::{Entry, Subject},
    },
    fault::Fault,
};

/// Longest key, in bytes.
const KEY_MAX: usize = 200;
/// Largest value, in bytes of its JSON.
const VALUE_MAX: usize = 8 * 1024;
/// Keys of one member.
const KEYS_MAX: u64 = 200;

fn check_key(key: &str) -> Result<(), Fault> {
    let fits = !key.is_empty() && key.len() <= KEY_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(()).ok_or_else(|| Fault::invalid("key", format!("A key is 1 to {KEY_MAX} ASCII characters without spaces.")))
}

/// What the caller chose under a key.
///
/// # Errors
/// `Invalid` naming `key`.
pub async fn get(grant: Grant<'_, ReadPreferences>, key: &str) -> Result<Option<Value>, Fault> {
    check_key(key)?;
    repo::get(grant.read().await?, grant.actor().member, key).await
}

/// Keeps what the caller chose; nothing forgets it. Of too many the one that was left alone for longest is forgotten.
///
/// # Errors
/// `Invalid` naming `key` or `value`.
pub async fn set(grant: Grant<'_, KeepPreferences>, key: &str, value: Option<Value>) -> Result<Option<Value>, Fault> {
    check_key(key)?;
    if let Some(value) = &value {
        let text = value.to_string();
        if text.len() > VALUE_MAX {
            return Err(Fault::invalid("value", format!("Keep at most {VALUE_MAX} bytes of JSON under a key.")));
        }
        // Postgres cannot hold it.
        if text.contains("\\u0000") {
            return Err(Fault::invalid("value", "The character U+0000 cannot be kept."));
        }
    }
    let (member, name) = (grant.actor().member, grant.actor().email.clone());
    let tx = grant.begin().await?;
    match &value {
        Some(value) => {
            repo::set(&tx, member, key, value).await?;
            repo::forget_beyond(&tx, member, KEYS_MAX).await?;
        }
        None => repo::forget(&tx, member, key).await?,
    }
    let detail = json!({ "key": key, "kept": value.is_some() });
    tx.commit(Entry::new("preference.set", Subject::new("member", member, name)).detail(detail)).await?;
    Ok(value)
}
