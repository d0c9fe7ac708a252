//! An invitation.

use chrono::{DateTime, Utc};
use shared::{
    field::Email,
    ids::{InvitationId, MemberId},
};

/// An open invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: String,
    /// The name of the member who invited, while they are one.
    pub invited_by: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Somebody whom the organization's directory says is to be a member.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What the membership is to be known as.
    pub member: MemberId,
    pub email: Email,
    /// What groups of the directory give; else they become a viewer.
    pub group_roles: Vec<String>,
}

/// What the page behind an invitation's link shows.
#[derive(Clone, Debug)]
pub struct Preview {
    pub organization: String,
    /// The name of who invited, while they exist.
    pub invited_by: Option<String>,
    pub email: String,
    pub role: String,
    /// Whether the address has an account, so that its password is asked for and not a new one.
    pub has_account: bool,
    /// The short name of the organization when its single sign-on accepts the invitation, and no password does.
    pub single_sign_on: Option<String>,
}
