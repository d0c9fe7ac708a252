//! Roles: what the organization's members can be, and why one may do something or not.
//!
//! What must stay true: the roles every organization has are not changed; nobody makes, changes or gives a role that allows what they may not do themselves;
//! every change raises the organization's authorization epoch in the same transaction.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::RoleError;
pub use model::{NewRole, Role};
pub use service::{check_gift, create, explain, list, remove, update};

use crate::access::{Permission, Reads, Writes};

/// See what each role may do.
pub struct ListRoles;
impl Permission for ListRoles {
    const NAME: shared::Permission = shared::Permission::RolesRead;
    type Mode = Reads;
}

/// Create, change and remove roles.
pub struct ManageRoles;
impl Permission for ManageRoles {
    const NAME: shared::Permission = shared::Permission::RolesWrite;
    type Mode = Writes;
}
