//! Why a sign-in by a provider did not lead in.

use shared::{ErrorCode, sso::SsoProblem};

use super::id_token::Rejected;
use crate::{fault::Fault, platform::OutboundError};

/// One case a sentence of [`SsoProblem`].
#[derive(Debug)]
pub enum SsoError {
    Unknown,
    Stale,
    Declined,
    Unreachable,
    /// One word for the audit log.
    Untrusted(&'static str),
    Unverified,
    Unsaid,
    NoAccess,
    TooMany,
    /// The database is away, or a defect of ours.
    Fault(Fault),
}

impl SsoError {
    /// What the page says of it; `None` for what is not about signing in.
    pub fn problem(&self) -> Option<SsoProblem> {
        Some(match self {
            Self::Unknown => SsoProblem::Unknown,
            Self::Stale => SsoProblem::Stale,
            Self::Declined => SsoProblem::Declined,
            Self::Unreachable => SsoProblem::Unreachable,
            Self::Untrusted(_) => SsoProblem::Untrusted,
            Self::Unverified => SsoProblem::Unverified,
            Self::Unsaid => SsoProblem::Unsaid,
            Self::NoAccess => SsoProblem::NoAccess,
            Self::TooMany => SsoProblem::TooMany,
            Self::Fault(_) => return None,
        })
    }

    /// One word for the audit log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Untrusted(why) => why,
            other => other.problem().map_or("fault", SsoProblem::as_str),
        }
    }
}

impl From<Fault> for SsoError {
    fn from(fault: Fault) -> Self {
        if fault.code() == ErrorCode::TooManyRequests { Self::TooMany } else { Self::Fault(fault) }
    }
}

impl From<OutboundError> for SsoError {
    fn from(_: OutboundError) -> Self {
        Self::Unreachable
    }
}

impl From<Rejected> for SsoError {
    fn from(rejected: Rejected) -> Self {
        Self::Untrusted(rejected.as_str())
    }
}
