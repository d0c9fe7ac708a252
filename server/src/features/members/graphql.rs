//! Members and roles in the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use shared::ids::MemberId;

use super::Member as Domain;
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// A person in the organization, or a service account.
pub struct Member(Domain, bool);

/// A person's membership of the organization.
#[Object]
impl Member {
    /// `mem_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What they call themselves.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The address they sign in with; of a service account its name: it has no address.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// Whether it is a service account, and no person.
    async fn is_service(&self) -> bool {
        self.0.is_service
    }
    /// The names of their roles, at least one.
    async fn roles(&self) -> &[String] {
        &self.0.roles
    }
    /// When they joined.
    async fn joined_at(&self) -> DateTime<Utc> {
        self.0.joined_at
    }
    /// To within half a minute; null: not seen yet.
    async fn last_seen_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_seen_at
    }
    /// Since when they have no access, by the organization's directory or as a suspended service account; null: they have.
    async fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.suspended_at
    }
    /// Whether the organization's directory keeps them (SCIM).
    async fn is_provisioned(&self) -> bool {
        self.0.provisioned_at.is_some()
    }
    /// Those of the roles that groups of the directory gave: they are changed there.
    async fn group_roles(&self) -> &[String] {
        &self.0.group_roles
    }
    /// Whether this is you.
    async fn is_viewer(&self) -> bool {
        self.1
    }
}

/// A page of members.
pub struct MemberConnection(Paged<Domain>, MemberId);

#[Object]
impl MemberConnection {
    async fn nodes(&self) -> Vec<Member> {
        self.0.rows.iter().map(|member| Member(member.clone(), member.id == self.1)).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

#[derive(Default)]
pub struct MembersQuery;

#[Object]
impl MembersQuery {
    /// Who belongs to the organization, in the order they joined.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn members(&self, ctx: &Context<'_>, #[graphql(default = 50)] first: i32, after: Option<String>) -> Result<MemberConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "members"), first, after)?;
        Ok(MemberConnection(super::list(scope.grant()?, page).await?, scope.actor().member))
    }

    /// The first people, by name, whose name or address contains a text: whom a comment can mention.
    async fn find_members(&self, ctx: &Context<'_>, text: String, #[graphql(default = 8)] first: i32) -> Result<Vec<Member>> {
        let scope = scope(ctx)?;
        let found = super::find(scope.grant()?, &text, first).await?;
        let viewer = scope.actor().member;
        Ok(found
            .into_iter()
            .map(|member| {
                let own = member.id == viewer;
                Member(member, own)
            })
            .collect())
    }
}

#[derive(Default)]
pub struct MembersMutation;

#[Object]
impl MembersMutation {
    /// Gives a member other roles, at once and everywhere.
    async fn update_member_roles(&self, ctx: &Context<'_>, id: ID, roles: Vec<String>) -> Result<Member> {
        let scope = scope(ctx)?;
        let id: MemberId = id.parse().map_err(Fault::from)?;
        Ok(Member(super::update_roles(scope, id, &roles).await?, id == scope.actor().member))
    }

    /// Removes a member; their sessions here end and their tokens are revoked.
    async fn remove_member(&self, ctx: &Context<'_>, id: ID) -> Result<Member> {
        let scope = scope(ctx)?;
        let id: MemberId = id.parse().map_err(Fault::from)?;
        Ok(Member(super::remove(scope, id).await?, id == scope.actor().member))
    }
}
