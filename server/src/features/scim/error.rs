//! Why the directory was not followed.

use shared::ErrorCode;

use crate::fault::Fault;

/// What is wrong with a request, as the protocol tells it apart (RFC 7644, table 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Filter,
    Path,
    NoTarget,
    Value,
    Syntax,
    Mutability,
}

/// One case, one answer.
#[derive(Debug)]
pub enum ScimError {
    /// The request breaks a rule; in words.
    Invalid(Wrong, String),
    /// Another user or group has the name.
    Taken(String),
    /// It is not what the caller believes it to be any more.
    Stale,
    Fault(Fault),
}

impl ScimError {
    /// A value that cannot be.
    pub fn value(why: impl Into<String>) -> Self {
        Self::Invalid(Wrong::Value, why.into())
    }
}

impl From<Fault> for ScimError {
    fn from(fault: Fault) -> Self {
        match fault.code() {
            // The last owner, or a role that cannot be taken: the directory asks for what the organization does not allow.
            ErrorCode::Conflict | ErrorCode::Invalid => Self::value(fault.message()),
            ErrorCode::AlreadyExists => Self::Taken(fault.message().to_owned()),
            _ => Self::Fault(fault),
        }
    }
}

/// For the API, which has one kind of error.
impl From<ScimError> for Fault {
    fn from(error: ScimError) -> Self {
        match error {
            ScimError::Invalid(_, why) => Self::new(ErrorCode::Invalid, why),
            ScimError::Taken(why) => Self::new(ErrorCode::AlreadyExists, why),
            ScimError::Stale => Self::conflict("It was changed meanwhile. Read it again."),
            ScimError::Fault(fault) => fault,
        }
    }
}
