//! Exports and their rules.

use chrono::{DateTime, Utc};
use shared::ids::{ExportId, MemberId};

use crate::platform::{Blob, Digest};

/// Whether an export goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Done,
    Failed,
    Cancelled,
    /// The archive was there and was removed.
    Removed,
}

impl State {
    const ALL: [Self; 5] = [Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Removed];

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Removed => "removed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// What an export is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everything but points and files, kind by kind.
    Tables,
    /// The points of all metrics.
    Histories,
    /// Listing the files.
    Files,
    /// Reading those that were never exported, for their checksums.
    Checking,
    Manifest,
    /// Writing the archive.
    Packing,
    /// Removing what it was made of.
    Clearing,
}

impl Phase {
    const ALL: [Self; 7] = [Self::Tables, Self::Histories, Self::Files, Self::Checking, Self::Manifest, Self::Packing, Self::Clearing];

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Histories => "histories",
            Self::Files => "files",
            Self::Checking => "checking",
            Self::Manifest => "manifest",
            Self::Packing => "packing",
            Self::Clearing => "clearing",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// What comes after it; `None`: the end.
    pub fn next(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|phase| *phase == self)?;
        Self::ALL.get(place + 1).copied()
    }
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    pub id: ExportId,
    pub requested_by: String,
    /// Whoever asked for it.
    pub member: MemberId,
    pub state: State,
    pub phase: Phase,
    pub step: i64,
    /// Where the phase goes on.
    pub cursor: String,
    pub next_file: i64,
    /// Bytes of the files that are taken, and of those what was checked.
    pub artifact_bytes: i64,
    pub checked_bytes: i64,
    /// Bytes of the archive so far.
    pub packed_bytes: i64,
    /// Files whose bytes are damaged in the store: they are left out.
    pub damaged: i64,
    /// Why it failed; empty while all is well.
    pub reason: String,
    /// Bytes of the archive, once it is there.
    pub size: Option<i64>,
    pub downloads: i64,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Until when the archive can be downloaded.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How much of a kind was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub kind: String,
    pub files: i64,
    pub rows: i64,
    pub bytes: i64,
}

/// What is needed to send an archive.
#[derive(Clone, Debug)]
pub struct Archive {
    pub export: ExportId,
    /// The name it is saved under.
    pub name: String,
    pub blob: Blob,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub number: i64,
    /// Below the archive's folder.
    pub path: String,
    /// Of the content.
    pub digest: Digest,
    pub size: i64,
    /// `None`: it is an artifact, and lies in the store as it is.
    pub made: Option<Made>,
}

/// How a file lies in the store that was made for an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub deflated: bool,
    pub packed: i64,
    pub packed_digest: Digest,
    pub crc: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other_to_the_end() {
        let list: Vec<_> = std::iter::successors(Some(Phase::Tables), |phase| phase.next()).collect();
        assert_eq!(list, Phase::ALL);
        assert!(Phase::ALL.iter().all(|phase| Phase::parse(phase.as_str()) == Some(*phase)));
        assert!(State::ALL.iter().all(|state| State::parse(state.as_str()) == Some(*state)));
    }
}
