//! Invitations: how somebody becomes a member.
//!
//! What must stay true: an invitation works once, for seven days, for the address it was sent to;
//! only its hash is stored; only an owner invites owners.

pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{Expected, Invitation, Preview};
pub use service::{accept, expect, invite, join, list, preview, revoke, withdraw};

use crate::access::{Permission, Reads, Writes};

/// See open invitations.
pub struct ListInvitations;
impl Permission for ListInvitations {
    const NAME: shared::Permission = shared::Permission::MembersWrite;
    type Mode = Reads;
}

/// Invite, and revoke invitations.
pub struct ManageInvitations;
impl Permission for ManageInvitations {
    const NAME: shared::Permission = shared::Permission::MembersWrite;
    type Mode = Writes;
}
