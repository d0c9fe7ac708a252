//! Who works where, in the API.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, ID, Object, Result, dataloader::Loader};
use chrono::{DateTime, Utc};
use shared::{
    Permission,
    ids::{ExperimentId, MemberId, ProjectId},
};

use super::{Access, Worker};
use crate::{
    access::Scope,
    fault::Fault,
    graphql::{Batch, batch, scope},
};

/// Whom a project is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Access")]
pub enum ProjectAccess {
    /// Every member, as their roles say.
    Open,
    /// The members it lists, owners and admins.
    Restricted,
}

/// A member with a role in a project.
#[derive(Clone)]
pub struct ProjectMember(Worker);

/// A member's role in one project.
#[Object]
impl ProjectMember {
    /// The member's.
    async fn id(&self) -> ID {
        self.0.member.to_string().into()
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
    /// What they may do in the project beside what their roles say everywhere; in a restricted one, all they may do there.
    async fn role(&self) -> &str {
        &self.0.role
    }
    /// Who gave it to them.
    async fn added_by(&self) -> &str {
        &self.0.added_by
    }
    /// When they were given the role.
    async fn added_at(&self) -> DateTime<Utc> {
        self.0.added_at
    }
}

/// What the caller may do in a project, of what is about projects.
pub fn permissions_in(scope: &Scope, project: ProjectId) -> Vec<&'static str> {
    let may = |permission: &&Permission| permission.is_of_project() && scope.may_in(**permission, project);
    Permission::ALL.iter().filter(may).map(|permission| permission.as_str()).collect()
}

/// The members of a project. Those of several are asked for at once.
///
/// # Errors
/// `Forbidden`.
pub async fn workers_of(ctx: &Context<'_>, project: ProjectId) -> Result<Vec<ProjectMember>> {
    Ok(batch(ctx)?.load_one(WorkersOf(project)).await?.unwrap_or_default().into_iter().map(ProjectMember).collect())
}

/// The members a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkersOf(ProjectId);

impl Loader<WorkersOf> for Batch {
    type Value = Vec<Worker>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[WorkersOf]) -> Result<HashMap<WorkersOf, Self::Value>, Self::Error> {
        let ids: Vec<ProjectId> = keys.iter().map(|WorkersOf(id)| *id).collect();
        Ok(super::workers(self.scope().grant()?, &ids).await?.into_iter().map(|(id, workers)| (WorkersOf(id), workers)).collect())
    }
}

#[derive(Default)]
pub struct SharingMutation;

#[Object]
impl SharingMutation {
    /// Makes a project one for its members only, or everybody's again, as their roles say. Holds for every request that starts after the answer.
    async fn set_project_access(&self, ctx: &Context<'_>, id: ID, access: ProjectAccess) -> Result<ProjectAccess> {
        let (scope, id): (_, ProjectId) = (scope(ctx)?, id.parse().map_err(Fault::from)?);
        match access {
            ProjectAccess::Restricted => super::restrict(scope, id).await?,
            ProjectAccess::Open => super::open(scope.grant()?, id).await?,
        }
        Ok(access)
    }

    /// Gives a member a role in a project, or another one.
    async fn set_project_member(&self, ctx: &Context<'_>, project: ID, member: ID, role: String) -> Result<ProjectMember> {
        let (project, member): (ProjectId, MemberId) = (project.parse().map_err(Fault::from)?, member.parse().map_err(Fault::from)?);
        Ok(ProjectMember(super::set_worker(scope(ctx)?, project, member, &role).await?))
    }

    /// Takes a member's role in a project away. Answers the member's id.
    async fn remove_project_member(&self, ctx: &Context<'_>, project: ID, member: ID) -> Result<ID> {
        let (project, id): (ProjectId, MemberId) = (project.parse().map_err(Fault::from)?, member.parse().map_err(Fault::from)?);
        super::remove_worker(scope(ctx)?.grant()?, project, id).await?;
        Ok(member)
    }

    /// Lets everybody read an experiment whose roles let them read experiments, whatever its project. Answers its id.
    async fn share_experiment(&self, ctx: &Context<'_>, id: ID) -> Result<ID> {
        let experiment: ExperimentId = id.parse().map_err(Fault::from)?;
        super::share(scope(ctx)?.grant()?, experiment).await?;
        Ok(id)
    }

    /// Leaves an experiment to those who have its project. Answers its id.
    async fn unshare_experiment(&self, ctx: &Context<'_>, id: ID) -> Result<ID> {
        let experiment: ExperimentId = id.parse().map_err(Fault::from)?;
        super::unshare(scope(ctx)?.grant()?, experiment).await?;
        Ok(id)
    }
}
