//! An entry as it is stored, and the hash chain over entries.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::audit::write_field;

/// A stored entry.
#[derive(Clone, Debug)]
pub struct LogEntry {
    pub sequence: i64,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: String,
    pub actor: String,
    pub credential_id: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_name: String,
    pub outcome: String,
    pub detail: String,
    pub request_id: String,
    pub address: String,
    pub hash: Vec<u8>,
}

/// What verification found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An entry is missing, doubled or out of order at this sequence number.
    Sequence { expected: i64, found: i64 },
    /// The entry, or one before it, is not what was written.
    Changed { sequence: i64 },
    /// An entry's time is before its predecessor's.
    Time { sequence: i64 },
    /// The head does not fit the last entry: entries were cut off or added behind the log's back.
    Head { entries: i64, head: i64 },
    /// The log does not hold the entry of a mark that was kept: it was rewritten, or cut before it.
    Mark { sequence: i64 },
}

/// An entry of the chain, as somebody keeps it outside of the database: whoever has one can tell whether the log still holds it. Its text is `SEQ:HASH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub sequence: i64,
    pub hash: Vec<u8>,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:", self.sequence)?;
        self.hash.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl std::str::FromStr for Mark {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (sequence, hash) = text.split_once(':')?;
            let sequence = sequence.parse().ok().filter(|sequence| *sequence >= 0)?;
            if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let byte = |at: usize| u8::from_str_radix(hash.get(at..at + 2)?, 16).ok();
            Some(Self { sequence, hash: (0..64).step_by(2).map(byte).collect::<Option<_>>()? })
        };
        read().ok_or("a mark is SEQ:HASH, as `assay audit verify` prints the head")
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sequence { expected, found } => write!(out, "entry {expected} is missing or out of order (found {found})"),
            Self::Changed { sequence } => write!(out, "entry {sequence} was changed, inserted or moved: its hash does not fit"),
            Self::Time { sequence } => write!(out, "entry {sequence} is older than the one before it"),
            Self::Head { entries, head } => write!(out, "the log ends at entry {entries}, its head says {head}"),
            Self::Mark { sequence } => write!(out, "entry {sequence} is not the one that was kept: the log was rewritten, or cut before it"),
        }
    }
}

/// The hash before the first entry.
pub fn origin(tenant: Uuid) -> Vec<u8> {
    Sha256::digest(tenant.to_string()).to_vec()
}

fn canonical(tenant: Uuid, entry: &LogEntry) -> String {
    let mut text = String::with_capacity(256);
    for field in ["assay-audit-1", &tenant.to_string(), &entry.sequence.to_string(), &entry.at.timestamp_micros().to_string()] {
        write_field(&mut text, field);
    }
    for field in [
        &entry.actor_kind,
        &entry.actor_id,
        &entry.actor,
        &entry.credential_id,
        &entry.action,
        &entry.subject_kind,
        &entry.subject_id,
        &entry.subject_name,
        &entry.outcome,
        &entry.detail,
        &entry.request_id,
        &entry.address,
    ] {
        write_field(&mut text, field);
    }
    text
}

/// The hash of an entry, given the hash of the one before it:
/// `sha256("chain1" || before || sha256(0x00 || canonical))`.
pub fn chain(tenant: Uuid, before: &[u8], entry: &LogEntry) -> Vec<u8> {
    let leaf = Sha256::new().chain_update([0]).chain_update(canonical(tenant, entry)).finalize();
    Sha256::new().chain_update("chain1").chain_update(before).chain_update(leaf).finalize().to_vec()
}

/// Checks entries one after the other.
pub struct Verifier {
    tenant: Uuid,
    hash: Vec<u8>,
    sequence: i64,
    at: Option<DateTime<Utc>>,
    /// What the chain must hold, until it was seen.
    mark: Option<Mark>,
}

impl Verifier {
    /// Begins with the first entry. A mark that was kept must be in the chain.
    pub fn new(tenant: Uuid, mark: Option<Mark>) -> Self {
        Self { tenant, hash: origin(tenant), sequence: 0, at: None, mark }
    }

    /// How many entries were checked.
    pub fn checked(&self) -> i64 {
        self.sequence
    }

    /// The last entry that was checked.
    pub fn head(&self) -> Mark {
        Mark { sequence: self.sequence, hash: self.hash.clone() }
    }

    /// Whether the mark, if it is of the last entry that was checked, is its.
    fn compare(&mut self) -> Result<(), Finding> {
        match self.mark.take_if(|mark| mark.sequence == self.sequence) {
            Some(mark) if mark.hash != self.hash => Err(Finding::Mark { sequence: mark.sequence }),
            _ => Ok(()),
        }
    }

    /// Checks the next entry.
    pub fn next(&mut self, entry: &LogEntry) -> Result<(), Finding> {
        self.compare()?;
        if entry.sequence != self.sequence + 1 {
            return Err(Finding::Sequence { expected: self.sequence + 1, found: entry.sequence });
        }
        if self.at.is_some_and(|at| entry.at < at) {
            return Err(Finding::Time { sequence: entry.sequence });
        }
        let hash = chain(self.tenant, &self.hash, entry);
        if hash != entry.hash {
            return Err(Finding::Changed { sequence: entry.sequence });
        }
        (self.hash, self.sequence, self.at) = (hash, entry.sequence, Some(entry.at));
        Ok(())
    }

    /// Checks the stored head against the last entry, and that the mark was met.
    pub fn finish(&mut self, head: i64, hash: &[u8]) -> Result<(), Finding> {
        self.compare()?;
        if head != self.sequence || hash != self.hash {
            return Err(Finding::Head { entries: self.sequence, head });
        }
        match &self.mark {
            Some(mark) => Err(Finding::Mark { sequence: mark.sequence }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_nothing_else_does() {
        let text = format!("12:{}", "0fA9".repeat(16));
        let mark: Mark = text.parse().expect("a mark");
        assert_eq!(mark.to_string(), text.to_lowercase());
        let hash = "00".repeat(32);
        for bad in [
            "",
            "12",
            "12:",
            ":",
            &format!("-1:{hash}"),
            &format!("x:{hash}"),
            &format!("1:{hash}0"),
            &format!("1:{}+f", "00".repeat(31)),
            &format!("1:{}\u{20ac}", "0".repeat(61)),
        ] {
            assert!(bad.parse::<Mark>().is_err(), "{bad}");
        }
    }
}
