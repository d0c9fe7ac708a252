//! Members of an organization and their roles: people, and the service accounts that it has made (`features::service_accounts`).
//!
//! What must stay true: an organization always has an owner, who is a person; only an owner makes or removes owners;
//! every change of a role raises the organization's authorization epoch in the same transaction, so
//! that it holds for every request that starts after the change returned.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::MemberError;
pub use model::{Member, Owner, check_roles};
pub use service::{
    active, called, contact, find, get, give_roles, list, locked, owners, reachable_owners, remove, resume, suspend, take_out, update_roles,
};

use crate::access::{Permission, Reads, Writes};

/// See who belongs to the organization.
pub struct ListMembers;
impl Permission for ListMembers {
    const NAME: shared::Permission = shared::Permission::MembersRead;
    type Mode = Reads;
}

/// Change roles and remove members.
pub struct ManageMembers;
impl Permission for ManageMembers {
    const NAME: shared::Permission = shared::Permission::MembersWrite;
    type Mode = Writes;
}
