//! Why a member was not changed.

use shared::ErrorCode;

use crate::fault::Fault;

/// One case a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberError {
    NoRole,
    OwnersOnly,
    LastOwner,
    /// Nobody can sign in as one.
    ServiceOwner,
    /// A group of the directory gave the role.
    OfGroup(String),
}

impl From<MemberError> for Fault {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::NoRole => Self::invalid("roles", "Choose at least one role from the list."),
            MemberError::OwnersOnly => Self::new(ErrorCode::Forbidden, "Only an owner makes or removes owners."),
            MemberError::ServiceOwner => Self::conflict("A service account is no owner: owners are people who sign in."),
            MemberError::OfGroup(role) => Self::conflict(format!(
                "A group of your identity provider gives the role {role}. Take them out of the group there, or give the group another role."
            )),
            MemberError::LastOwner => Self::conflict("This is the last owner. Make somebody else an owner first."),
        }
    }
}
