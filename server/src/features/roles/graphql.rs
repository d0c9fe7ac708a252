//! Roles in the API.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use shared::{
    Permission,
    ids::{MemberId, ProjectId},
};

use super::{ListRoles, NewRole, Role as Domain};
use crate::{
    access::{Explanation, Grant},
    fault::Fault,
    features::{
        members::{self, Member},
        projects::graphql::project_of,
    },
    graphql::scope,
};

/// What a member of this organization can be.
pub struct Role(Domain);

/// What members who have it may do.
#[Object]
impl Role {
    /// The name, as members carry it: `data_scientist`.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The name people read: `Data scientist`.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// What it is for; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// `object:action`.
    async fn permissions(&self) -> Vec<&'static str> {
        self.0.permissions.iter().map(|permission| permission.as_str()).collect()
    }
    /// Whether every organization has it; it is not changed.
    async fn is_built_in(&self) -> bool {
        self.0.is_built_in()
    }
}

/// A role of the organization's own.
#[derive(InputObject)]
pub struct RoleInput {
    /// What people call it.
    title: String,
    /// What it is for, in at most 300 characters.
    #[graphql(default)]
    description: String,
    /// As `object:action`. What others of them need is added.
    permissions: Vec<String>,
}

impl From<RoleInput> for NewRole {
    fn from(input: RoleInput) -> Self {
        Self { title: input.title, description: input.description, permissions: input.permissions }
    }
}

/// Why a member may do something, or may not.
#[derive(SimpleObject)]
pub struct AccessExplanation {
    /// Whether they may, in the project if one was named.
    allowed: bool,
    /// The answer in words.
    reason: String,
    /// What would change it; null when it is allowed.
    remedy: Option<String>,
    /// Those of the member's roles that include it.
    roles: Vec<String>,
    /// Every role that does.
    granting_roles: Vec<String>,
    /// The member's role in the project that was asked about.
    project_role: Option<String>,
    /// Whether that project is there for its members only.
    is_restricted: bool,
}

/// The sentences of an explanation, with roles by their titles.
fn in_words(who: &str, permission: Permission, explained: Explanation, project: Option<&str>, titles: &[Domain]) -> AccessExplanation {
    let title = |name: &String| titles.iter().find(|role| role.name == *name).map_or_else(|| name.clone(), |role| role.title.clone());
    let listed = |names: &[String]| names.iter().map(title).collect::<Vec<_>>().join(", ");
    let (own, others) = (listed(&explained.roles), listed(&explained.granting));
    let place = explained.project.clone();
    let of_project = permission.is_of_project();
    let reason = match (&place, project, explained.allowed) {
        (Some(place), Some(name), true) if of_project && place.includes => {
            format!("{who} has the role {} in {name}, which includes {permission}.", place.role.as_ref().map(title).unwrap_or_default())
        }
        (Some(place), Some(name), true) if of_project && place.restricted => {
            format!("{name} is restricted, and {who} may change the organization ({own}): every project is theirs.")
        }
        (_, _, true) => format!("{who} has {own}, which includes {permission}."),
        (Some(place), Some(name), false) if of_project && place.restricted => match &place.role {
            None => format!("{name} is restricted, and {who} has no role in it."),
            Some(role) => format!("{name} is restricted, and the role of {who} there, {}, does not include {permission}.", title(role)),
        },
        _ => format!("None of the roles of {who} includes {permission}."),
    };
    let remedy = (!explained.allowed).then(|| match (&place, project) {
        (Some(place), Some(name)) if of_project && place.restricted => format!("Give {who} one of these roles in {name}: {others}."),
        (Some(_), Some(name)) if of_project => format!("Give {who} one of these roles, in {name} or everywhere: {others}."),
        _ => format!("Give {who} one of these roles: {others}."),
    });
    AccessExplanation {
        allowed: explained.allowed,
        reason,
        remedy,
        roles: explained.roles,
        granting_roles: explained.granting,
        project_role: place.as_ref().and_then(|place| place.role.clone()),
        is_restricted: place.is_some_and(|place| place.restricted),
    }
}

/// The same of a member who has no access for the time being, whatever their roles.
fn of_suspended(member: &Member, explanation: AccessExplanation) -> AccessExplanation {
    let who = &member.name;
    let (by, remedy) = match member.is_service {
        true => ("", format!("Resume {who} under Service accounts.")),
        false => (" by the organization's identity provider", format!("Activate {who} there.")),
    };
    AccessExplanation {
        allowed: false,
        reason: format!("{who} is suspended{by}: nothing is allowed, whatever their roles."),
        remedy: Some(remedy),
        ..explanation
    }
}

#[derive(Default)]
pub struct RolesQuery;

#[Object]
impl RolesQuery {
    /// What each role may do: those of every organization first, then its own.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        Ok(super::list(scope(ctx)?.grant()?).await?.into_iter().map(Role).collect())
    }

    /// Why a member may do something, or may not; in a project, if one is named. A token may do less than its member: what its scopes leave.
    async fn access_explanation(&self, ctx: &Context<'_>, member: ID, permission: String, project: Option<ID>) -> Result<AccessExplanation> {
        let scope = scope(ctx)?;
        let grant: Grant<'_, ListRoles> = scope.grant()?;
        let found = members::get(scope.grant()?, member.parse::<MemberId>().map_err(Fault::from)?).await?;
        let project = match project {
            Some(id) => Some(project_of(ctx, id.parse().map_err(Fault::from)?).await?),
            None => None,
        };
        let id: Option<ProjectId> = project.as_ref().map(|project| project.0.id);
        let (permission, explained) = super::explain(scope, &grant, found.id, &found.roles, &permission, id)?;
        let name = project.as_ref().map(|project| project.0.name.as_str());
        let titles = super::list(grant).await?;
        let explanation = in_words(&found.name, permission, explained, name, &titles);
        Ok(if found.suspended_at.is_some() { of_suspended(&found, explanation) } else { explanation })
    }
}

#[derive(Default)]
pub struct RolesMutation;

#[Object]
impl RolesMutation {
    /// Makes a role of the organization's own.
    async fn create_role(&self, ctx: &Context<'_>, input: RoleInput) -> Result<Role> {
        Ok(Role(super::create(scope(ctx)?, &input.into()).await?))
    }

    /// Changes a role of the organization's own, at once for everybody who has it.
    async fn update_role(&self, ctx: &Context<'_>, name: String, input: RoleInput) -> Result<Role> {
        Ok(Role(super::update(scope(ctx)?, &name, &input.into()).await?))
    }

    /// Removes a role that nobody has.
    async fn remove_role(&self, ctx: &Context<'_>, name: String) -> Result<Role> {
        Ok(Role(super::remove(scope(ctx)?, &name).await?))
    }
}
