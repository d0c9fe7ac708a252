//! Listing decisions.

use chrono::{DateTime, Utc};

use super::{ReadDecisions, repo};
use crate::{
    access::{Grant, Sql},
    fault::Fault,
    features::page::{Page, Paged, bad_cursor},
};

/// What one credential asked for in one minute.
#[derive(Clone, Debug)]
pub struct Decision {
    pub minute: DateTime<Utc>,
    /// The session or token, in 32 hexadecimal characters.
    pub credential: String,
    pub permission: String,
    pub allowed: bool,
    pub actor: String,
    pub actor_kind: String,
    pub times: i64,
}

impl Decision {
    /// Its place in the list.
    fn key(&self) -> String {
        format!("{} {} {} {}", self.minute.timestamp(), self.credential, self.permission, self.allowed)
    }
}

/// The place of a decision in the list: the newest minute first, then by credential, permission and outcome.
pub type Place = (DateTime<Utc>, uuid::Uuid, String, bool);

fn place(key: &str) -> Option<Place> {
    let mut parts = key.splitn(4, ' ');
    let minute = DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?;
    Some((minute, parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?.parse().ok()?))
}

/// Which decisions; an unset part matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The actor's e-mail address, exactly.
    pub actor: Option<String>,
    /// `runs:write`, or `runs` for all on runs.
    pub permission: Option<String>,
    pub allowed: Option<bool>,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

/// Matching decisions, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadDecisions>, filter: &Filter, page: Page) -> Result<Paged<Decision>, Fault> {
    let tx = grant.read().await?;
    let after = page.after().map(|key| place(key).ok_or_else(bad_cursor)).transpose()?;
    let rows = repo::list(tx, filter, after, page.limit_and_one()).await?;
    if *filter == Filter::default() {
        tx.patience().await?;
    }
    Ok(Paged::of(rows, &page, repo::count(tx, filter).await?, Decision::key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back() {
        let minute = DateTime::from_timestamp(1_800_000_000, 0).expect("is a time");
        let credential = uuid::Uuid::from_u128(7);
        let decision = Decision {
            minute,
            credential: credential.simple().to_string(),
            permission: "runs:read".into(),
            allowed: true,
            actor: String::new(),
            actor_kind: String::new(),
            times: 1,
        };
        assert_eq!(place(&decision.key()), Some((minute, credential, "runs:read".to_owned(), true)));
    }
}
