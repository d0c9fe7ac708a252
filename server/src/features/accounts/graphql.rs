//! You, in the API.

use async_graphql::{Context, ID, Object, Result};

use crate::{
    access::Scope,
    graphql::{scope, services},
};

/// Who asks, and what they may do.
pub struct Viewer {
    scope: Scope,
    renamed: Option<String>,
}

/// An organization you belong to.
pub struct Organization {
    id: String,
    name: String,
    slug: String,
}

/// A customer of the product: people, and what they work on, apart from all others.
#[Object]
impl Organization {
    /// `org_` and 32 hexadecimal characters.
    async fn id(&self) -> ID {
        self.id.clone().into()
    }
    /// What it calls itself.
    async fn name(&self) -> &str {
        &self.name
    }
    /// The short name in addresses.
    async fn slug(&self) -> &str {
        &self.slug
    }
}

/// Who asks.
#[Object]
impl Viewer {
    /// Your membership of this organization.
    async fn id(&self) -> ID {
        self.scope.actor().member.to_string().into()
    }
    /// What you call yourself, in all your organizations.
    async fn name(&self) -> &str {
        self.renamed.as_deref().unwrap_or(&self.scope.actor().name)
    }
    /// The address you sign in with.
    async fn email(&self) -> &str {
        &self.scope.actor().email
    }
    /// The organization your session or token is in.
    async fn organization(&self) -> Organization {
        let tenant = self.scope.tenant();
        Organization { id: tenant.id.to_string(), name: tenant.name.clone(), slug: tenant.slug.clone() }
    }
    /// Every organization you belong to.
    #[graphql(complexity = "10 + child_complexity")]
    async fn organizations(&self, ctx: &Context<'_>) -> Result<Vec<Organization>> {
        let organizations = super::organizations(services(ctx)?, &self.scope).await?;
        Ok(organizations.into_iter().map(|(id, name, slug)| Organization { id: id.to_string(), name, slug }).collect())
    }
    /// The names of your roles here.
    async fn roles(&self) -> &[String] {
        self.scope.roles()
    }
    /// What you may do here: `object:action`, after the scopes of the token that asks.
    async fn permissions(&self) -> Vec<&'static str> {
        shared::Permission::ALL.iter().filter(|permission| self.scope.may(**permission)).map(|permission| permission.as_str()).collect()
    }
}

#[derive(Default)]
pub struct AccountsQuery;

#[Object]
impl AccountsQuery {
    /// Who asks, and what they may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer { scope: scope(ctx)?.clone(), renamed: None })
    }
}

#[derive(Default)]
pub struct AccountsMutation;

#[Object]
impl AccountsMutation {
    /// Changes your own name, in all your organizations.
    async fn update_viewer(&self, ctx: &Context<'_>, name: String) -> Result<Viewer> {
        let scope = scope(ctx)?;
        let renamed = super::rename(services(ctx)?, scope, &name).await?;
        Ok(Viewer { scope: scope.clone(), renamed: Some(renamed) })
    }
}
