//! Entries of the audit log as the page sees them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Connection, Moment, Operation},
    kit::moment,
};

pub(super) const ENTRIES: Operation = Operation(include_str!("audit_entries.graphql"));
const ENTRY: Operation = Operation(include_str!("audit_entry.graphql"));
const VERIFICATION: Operation = Operation(include_str!("audit_verification.graphql"));

/// One act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub sequence: i64,
    /// RFC 3339 with all its digits, as it was hashed.
    pub at: String,
    pub actor: String,
    /// `member`, `token`, `service`, `job`, `link` or `anonymous`.
    pub actor_kind: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_name: Option<String>,
    /// `DONE` or `DENIED`.
    pub outcome: String,
    /// JSON, or nothing.
    pub detail: String,
    pub request_id: String,
    pub address: Option<String>,
    pub hash: String,
}

impl Entry {
    /// When it was.
    pub fn moment(&self) -> Moment {
        Moment(moment::parse(&self.at).unwrap_or_default())
    }

    /// Whether it was attempted and refused.
    pub fn is_denied(&self) -> bool {
        self.outcome == "DENIED"
    }

    /// What kind of thing the subject is, in words.
    pub fn subject_noun(&self) -> String {
        self.subject_kind.replace('_', " ")
    }

    /// What the subject was called, else its id.
    pub fn subject(&self) -> &str {
        self.subject_name.as_deref().unwrap_or(&self.subject_id)
    }

    /// The detail over several lines; nothing when there is none.
    pub fn pretty_detail(&self) -> Option<String> {
        let value: Value = serde_json::from_str(&self.detail).ok()?;
        let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        if empty { None } else { serde_json::to_string_pretty(&value).ok() }
    }
}

/// The answer to a page of entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    pub audit_entries: Connection<Entry>,
}

/// The entry that the address asks for, and the hash of the one before it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct One {
    pub audit_entry: Option<Entry>,
    pub before: Option<Hash>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hash {
    pub hash: String,
}

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verification {
    /// Entries checked, from the first.
    pub entries: i64,
    /// The first thing found wrong.
    pub finding: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    audit_verification: Verification,
}

pub(super) async fn verify(api: Api) -> Result<Verification, ApiError> {
    api.query::<Verified>(VERIFICATION, ()).await.map(|data| data.audit_verification)
}

/// The entry of a sequence number; nothing when none is asked for.
pub(super) async fn one(api: Api, sequence: Option<i64>) -> Result<One, ApiError> {
    match sequence {
        Some(sequence) => api.query(ENTRY, json!({ "sequence": sequence, "before": sequence - 1 })).await,
        None => Ok(One::default()),
    }
}

/// One page of entries that pass a filter.
pub(super) async fn page(api: &Api, first: usize, after: Option<String>, filter: &Value) -> Result<Connection<Entry>, ApiError> {
    api.query::<Data>(ENTRIES, json!({ "first": first, "after": after, "filter": filter })).await.map(|data| data.audit_entries)
}
