//! Invitations in the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use shared::ids::InvitationId;

use super::{Invitation as Domain, Preview};
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::{scope, services},
};

/// An open invitation.
pub struct Invitation(Domain);

/// An invitation to the organization that was not accepted yet.
#[Object]
impl Invitation {
    /// `inv_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The address it went to, and the only one that can accept it.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// The name of the role that accepting gives.
    async fn role(&self) -> &str {
        &self.0.role
    }
    /// The name of who invited.
    async fn invited_by(&self) -> Option<&str> {
        self.0.invited_by.as_deref()
    }
    /// When it was sent last.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When its link dies.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
}

/// A page of invitations.
pub struct InvitationConnection(Paged<Domain>);

#[Object]
impl InvitationConnection {
    async fn nodes(&self) -> Vec<Invitation> {
        self.0.rows.iter().cloned().map(Invitation).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

/// What the page behind an invitation's link shows.
pub struct InvitationPreview(Preview);

/// What an invitation's link stands for, for whoever has it.
#[Object]
impl InvitationPreview {
    /// The name of the organization.
    async fn organization(&self) -> &str {
        &self.0.organization
    }
    /// The name of who invited.
    async fn invited_by(&self) -> Option<&str> {
        self.0.invited_by.as_deref()
    }
    /// The address that was invited.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// The name of the role that accepting gives.
    async fn role(&self) -> &str {
        &self.0.role
    }
    /// Whether the address has an account, whose password is then asked for.
    async fn has_account(&self) -> bool {
        self.0.has_account
    }
    /// The short name of the organization when its single sign-on accepts the invitation, and no password does.
    async fn single_sign_on(&self) -> Option<&str> {
        self.0.single_sign_on.as_deref()
    }
}

#[derive(Default)]
pub struct InvitationsQuery;

#[Object]
impl InvitationsQuery {
    /// Open invitations, the newest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn invitations(&self, ctx: &Context<'_>, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<InvitationConnection> {
        let scope = scope(ctx)?;
        Ok(InvitationConnection(super::list(scope.grant()?, Page::new(Listing::of(scope, "invitations"), first, after)?).await?))
    }

    /// What an invitation's link stands for; null when it does not work any more. Needs no sign-in.
    async fn invitation_preview(&self, ctx: &Context<'_>, token: String) -> Result<Option<InvitationPreview>> {
        Ok(super::preview(services(ctx)?, &token).await?.map(InvitationPreview))
    }
}

#[derive(Default)]
pub struct InvitationsMutation;

#[Object]
impl InvitationsMutation {
    /// Invites an address; the link goes there by mail. Inviting again replaces the link.
    async fn invite_member(&self, ctx: &Context<'_>, email: String, role: String) -> Result<Invitation> {
        let url = services(ctx)?.config.public_url();
        Ok(Invitation(super::invite(scope(ctx)?, &url, &email, &role).await?))
    }

    /// Revokes an open invitation; its link dies.
    async fn revoke_invitation(&self, ctx: &Context<'_>, id: ID) -> Result<Invitation> {
        let id: InvitationId = id.parse().map_err(Fault::from)?;
        Ok(Invitation(super::revoke(scope(ctx)?.grant()?, id).await?))
    }
}
