//! Why support access was not given, or not used.

use shared::{ErrorCode, limits::SUPPORT_ADDRESS_MINUTES};

use super::model::VISITS_MAX;
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SupportError {
    #[error("Choose 1, 4, 24 or 72 hours.")]
    Hours,
    #[error("Say what it is for: it stands in the audit log.")]
    Reason,
    #[error("Support access is open already. End it before you open it anew.")]
    Open,
    #[error("{0} has not opened support access, or it has ended. Ask one of its owners to open it on the page Organization.")]
    NoGrant(String),
    #[error("Support entered {VISITS_MAX} times by this grant. Ask for a new one.")]
    Many,
    #[error(
        "This address was opened before, is older than {SUPPORT_ADDRESS_MINUTES} minutes, or the support access has ended. Enter again on the server."
    )]
    Address,
    #[error("Say who you are: --operator \"Name <mail address>\".")]
    Operator,
}

impl From<SupportError> for Fault {
    fn from(error: SupportError) -> Self {
        let text = error.to_string();
        match error {
            SupportError::Hours => Self::invalid("hours", text),
            SupportError::Reason => Self::invalid("reason", text),
            SupportError::Open | SupportError::NoGrant(_) => Self::conflict(text),
            SupportError::Many => Self::new(ErrorCode::LimitExceeded, text),
            SupportError::Address => Self::invalid("token", text),
            SupportError::Operator => Self::invalid("operator", text),
        }
    }
}
