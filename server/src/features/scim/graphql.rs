//! The directory's groups in the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use shared::ids::ScimGroupId;

use super::Group;
use crate::{
    fault::Fault,
    features::page::{Listing, Page, PageInfo, Paged},
    graphql::scope,
};

/// A group of the organization's directory, as provisioning knows it (SCIM).
pub struct ProvisionedGroup(Group);

/// A group of the organization's directory (SCIM).
#[Object]
impl ProvisionedGroup {
    /// `grp_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// What the directory calls it.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }
    /// What its members are here; null: nothing.
    async fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }
    /// How many of its people are members here.
    async fn member_count(&self) -> i64 {
        self.0.member_count
    }
    /// When the directory last changed it.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A page of groups.
pub struct ProvisionedGroupConnection(Paged<Group>);

#[Object]
impl ProvisionedGroupConnection {
    async fn nodes(&self) -> Vec<ProvisionedGroup> {
        self.0.rows.iter().cloned().map(ProvisionedGroup).collect()
    }
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
    async fn total_count(&self) -> i64 {
        self.0.total
    }
}

#[derive(Default)]
pub struct ScimQuery;

#[Object]
impl ScimQuery {
    /// The groups of the organization's directory with their roles here, the eldest first.
    #[graphql(complexity = "crate::graphql::page_cost(first, child_complexity)")]
    async fn provisioned_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<ProvisionedGroupConnection> {
        let scope = scope(ctx)?;
        let page = Page::new(Listing::of(scope, "provisioned_groups"), first, after)?;
        Ok(ProvisionedGroupConnection(super::groups::mapped(scope.grant()?, page).await?))
    }
}

#[derive(Default)]
pub struct ScimMutation;

#[Object]
impl ScimMutation {
    /// Says what the members of a group are here, never owners; at once for all of them. Null: nothing; who is left without a role becomes a viewer.
    async fn set_group_role(&self, ctx: &Context<'_>, id: ID, role: Option<String>) -> Result<ProvisionedGroup> {
        let id: ScimGroupId = id.parse().map_err(Fault::from)?;
        Ok(ProvisionedGroup(super::groups::set_role(scope(ctx)?, id, role.as_deref()).await?))
    }
}
