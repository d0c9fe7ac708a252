//! Provisioning: an organization's directory (Okta, Entra ID) says who its members are and in which groups (SCIM 2.0).
//!
//! What must stay true: a directory speaks for its own organization alone. It neither learns whether an address has an account elsewhere nor changes anything
//! of it: whoever's domain is not the organization's own is invited, whether there is such a person or not. Whose access it ends has none from the next
//! request on, on every replica. It makes no owners, and does not take the last one away. A group gives the role that an owner or admin mapped it to.

mod error;
pub mod graphql;
pub mod groups;
mod model;
mod repo;
pub mod users;

pub use error::{ScimError, Wrong};
pub use model::{Group, GroupEdit, GroupTerm, IfMatch, Listed, MemberChange, Person, Profile, User, UserChange, UserEdit, UserTerm};

use crate::access::{Permission, Reads, Writes};

/// See what the directory has said.
pub struct ReadProvisioned;
impl Permission for ReadProvisioned {
    const NAME: shared::Permission = shared::Permission::ScimWrite;
    type Mode = Reads;
}

/// Say what the directory says.
pub struct Provision;
impl Permission for Provision {
    const NAME: shared::Permission = shared::Permission::ScimWrite;
    type Mode = Writes;
}

/// Decide what a group's members are here.
pub struct MapGroups;
impl Permission for MapGroups {
    const NAME: shared::Permission = shared::Permission::MembersWrite;
    type Mode = Writes;
}
