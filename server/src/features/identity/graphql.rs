//! Identity providers in the API.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use shared::Role;

use super::{GroupRole as DomainGroupRole, Preview, Provider, Wanted};
use crate::graphql::{scope, services};

/// Members of a group at the provider have a role here.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "GroupRoleInput")]
pub struct GroupRole {
    /// As the provider names it, exactly; of GitHub `organization` or `organization/team`.
    group: String,
    /// A role's name, never `owner`.
    role: String,
}

/// The identity provider that an organization believes.
pub struct IdentityProvider(Provider);

/// Who vouches for members when they sign in: a provider of OpenID Connect, or GitHub. Its secret is never shown.
#[Object]
impl IdentityProvider {
    /// `oidc` or `github`.
    async fn kind(&self) -> &str {
        self.0.kind.as_str()
    }
    /// What people know it as.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// The issuer of OpenID Connect, or the address of GitHub.
    async fn issuer(&self) -> &str {
        &self.0.issuer
    }
    /// The client id that the provider gave.
    async fn client_id(&self) -> &str {
        &self.0.client_id
    }
    /// The claim that holds groups; `a.b` is a claim within a claim.
    async fn groups_claim(&self) -> &str {
        &self.0.groups_claim
    }
    /// What groups decide, at each sign-in. Empty: members keep the roles they have here.
    async fn group_roles(&self) -> Vec<GroupRole> {
        self.0.group_roles.iter().map(|rule| GroupRole { group: rule.group.clone(), role: rule.role.clone() }).collect()
    }
    /// What somebody becomes whom no group gives a role; null: they are not let in.
    async fn default_role(&self) -> Option<&'static str> {
        self.0.default_role.map(Role::as_str)
    }
    /// Whether passwords do not lead in, except owners'.
    async fn required(&self) -> bool {
        self.0.required
    }
    /// How many have signed in through it.
    async fn signed_in(&self) -> i64 {
        self.0.signed_in
    }
    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// What anybody may know of an organization's single sign-on.
pub struct SingleSignOn(Preview);

/// What leads to an organization's provider.
#[Object]
impl SingleSignOn {
    /// The short name of the organization.
    async fn organization(&self) -> &str {
        &self.0.slug
    }
    /// What its members know the provider as.
    async fn label(&self) -> &str {
        &self.0.label
    }
}

/// A whole provider: what is left out is no longer so.
#[derive(InputObject)]
pub struct IdentityProviderInput {
    /// `oidc` or `github`.
    kind: String,
    /// What people know it as.
    label: String,
    /// The issuer, letter by letter as its configuration shows it, or the address of GitHub.
    issuer: String,
    /// The client id that the provider gave.
    client_id: String,
    /// Null: as it was, while kind, issuer and client id are.
    client_secret: Option<String>,
    /// Null: `groups`.
    groups_claim: Option<String>,
    /// At most 200; empty: members keep the roles they have here.
    #[graphql(default)]
    group_roles: Vec<GroupRole>,
    /// What somebody becomes whom no group gives a role; null: they are not let in.
    default_role: Option<String>,
    /// Whether passwords shall not lead in, except owners'. Somebody must have signed in through the provider before.
    #[graphql(default)]
    required: bool,
}

#[derive(Default)]
pub struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// The identity provider that the organization believes; null when it has none.
    async fn identity_provider(&self, ctx: &Context<'_>) -> Result<Option<IdentityProvider>> {
        Ok(super::get(scope(ctx)?.grant()?).await?.map(IdentityProvider))
    }

    /// The single sign-on of the organization with a short name; null when it has none. Needs no sign-in.
    async fn single_sign_on(&self, ctx: &Context<'_>, organization: String) -> Result<Option<SingleSignOn>> {
        Ok(super::preview(services(ctx)?, &organization).await?.map(SingleSignOn))
    }
}

#[derive(Default)]
pub struct IdentityMutation;

#[Object]
impl IdentityMutation {
    /// Believes a provider from now on; only owners may say so. Another issuer or client ends every session that the former one vouched for.
    async fn set_identity_provider(&self, ctx: &Context<'_>, input: IdentityProviderInput) -> Result<IdentityProvider> {
        let wanted = Wanted {
            kind: input.kind,
            label: input.label,
            issuer: input.issuer,
            client_id: input.client_id,
            client_secret: input.client_secret.unwrap_or_default(),
            groups_claim: input.groups_claim.unwrap_or_default(),
            group_roles: input.group_roles.into_iter().map(|rule| DomainGroupRole { group: rule.group, role: rule.role }).collect(),
            default_role: input.default_role,
            required: input.required,
        };
        Ok(IdentityProvider(super::set(services(ctx)?, scope(ctx)?, wanted).await?))
    }

    /// Believes no provider any more: sessions that it vouched for end, and passwords lead in again.
    async fn remove_identity_provider(&self, ctx: &Context<'_>) -> Result<IdentityProvider> {
        Ok(IdentityProvider(super::remove(scope(ctx)?.grant()?).await?))
    }
}
