//! Opening and closing projects, and sharing what is in them.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{ExperimentId, MemberId, ProjectId};
use uuid::Uuid;

use super::{
    Access, ListWorkers, ShareProjects, SharingError, Worker,
    model::{Place, is_for_projects},
    repo,
};
use crate::{
    access::{
        Grant, Scope, Sql, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        members,
        notifications::{self, Happening},
        slack::Post,
    },
};

fn entry(action: &'static str, project: &Place) -> Entry {
    Entry::new(action, Subject::new("project", project.id, &project.name))
}

/// The members who have a role in projects, by name.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn workers(grant: Grant<'_, ListWorkers>, projects: &[ProjectId]) -> Result<HashMap<ProjectId, Vec<Worker>>, Fault> {
    let ids: Vec<_> = projects.iter().map(|id| id.uuid()).collect();
    let mut by_project: HashMap<ProjectId, Vec<Worker>> = HashMap::new();
    for worker in repo::workers(grant.read().await?, &ids).await? {
        by_project.entry(worker.project).or_default().push(worker);
    }
    Ok(by_project)
}

async fn locked(tx: &WriteTx, id: ProjectId) -> Result<Place, Fault> {
    repo::lock(tx, id).await?.ok_or_else(|| Fault::not_found("project", id))
}

/// Makes a project one for its members only. Whoever does so stays in it, with the role that let them.
///
/// # Errors
/// `NotFound`; `Conflict` for the default project; `Forbidden`.
pub async fn restrict(scope: &Scope, id: ProjectId) -> Result<(), Fault> {
    let grant: Grant<'_, ShareProjects> = scope.grant()?;
    let (member, by) = (grant.actor().member, grant.actor().called());
    let tx = grant.begin().await?;
    let place = locked(&tx, id).await?;
    if place.is_default {
        return Err(SharingError::Default.into());
    }
    repo::set_access(&tx, id, Access::Restricted).await?;
    let administers = scope.may(shared::Permission::OrganizationWrite);
    if !administers && repo::worker_of(&tx, id, member).await?.is_none() {
        repo::put(&tx, id, member, &sharing_role(&tx).await?, &by).await?;
    }
    tx.commit(entry("project.restrict", &place)).await
}

/// The role of the caller's that lets them share.
async fn sharing_role(tx: &WriteTx) -> Result<String, Fault> {
    for role in tx.roles().iter().filter(|role| is_for_projects(role)) {
        if repo::permissions_of(tx, role).await?.contains(&shared::Permission::ProjectsShare) {
            return Ok(role.clone());
        }
    }
    Err(SharingError::Role.into())
}

/// Makes a project everybody's again, as their roles say.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn open(grant: Grant<'_, ShareProjects>, id: ProjectId) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let place = locked(&tx, id).await?;
    repo::set_access(&tx, id, Access::Open).await?;
    tx.commit(entry("project.open", &place)).await
}

/// Gives a member a role in a project, or another one.
///
/// # Errors
/// `NotFound` for the project or the member; `Invalid` naming `role`; `Forbidden`, also for a role that allows more there than the caller may.
pub async fn set_worker(scope: &Scope, project: ProjectId, member: MemberId, role: &str) -> Result<Worker, Fault> {
    let grant: Grant<'_, ShareProjects> = scope.grant()?;
    let by = grant.actor().called();
    let tx = grant.begin().await?;
    let place = locked(&tx, project).await?;
    let rights = repo::permissions_of(&tx, role).await?;
    if rights.is_empty() || !is_for_projects(role) {
        return Err(SharingError::Role.into());
    }
    if let Some(more) = rights.into_iter().find(|right| right.is_of_project() && !tx.has(*right, Some(project))) {
        return Err(SharingError::TooMuch(more).into());
    }
    let found = members::active(&tx, member).await?.ok_or_else(|| Fault::not_found("member", member))?;
    let before = repo::worker_of(&tx, project, member).await?;
    repo::put(&tx, project, member, role, &by).await?;
    let detail = json!({ "member": found.email, "from": before.map(|worker| worker.role), "to": role });
    let now = tx.now();
    tx.commit(entry("project.set_member", &place).detail(detail)).await?;
    Ok(Worker {
        project,
        member,
        name: found.name,
        email: found.email,
        is_service: found.is_service,
        role: role.to_owned(),
        added_by: by,
        added_at: now,
    })
}

/// Whether the caller has in each project what a member's role there allows: whoever acts as the member does no more than they could themselves.
///
/// # Errors
/// `Forbidden` naming what they have not; `Unavailable` or `Internal`.
pub async fn check_within(tx: &WriteTx, member: MemberId) -> Result<(), Fault> {
    let rights = repo::roles_of(tx, member).await?;
    match rights.into_iter().find(|(project, right)| right.is_of_project() && !tx.has(*right, Some(*project))) {
        Some((_, more)) => Err(SharingError::TooMuch(more).into()),
        None => Ok(()),
    }
}

/// Takes a member's role in a project away.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn remove_worker(grant: Grant<'_, ShareProjects>, project: ProjectId, member: MemberId) -> Result<(), Fault> {
    let tx = grant.begin().await?;
    let place = locked(&tx, project).await?;
    let Some(worker) = repo::worker_of(&tx, project, member).await? else { return Err(Fault::not_found("member", member)) };
    if !repo::remove(&tx, project, member).await? {
        return Err(SharingError::NotThere(worker.email).into());
    }
    tx.commit(entry("project.remove_member", &place).detail(json!({ "member": worker.email, "role": worker.role }))).await
}

/// Those of the members who may see an experiment or a run: who is told of something is not told more than they may see.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn readers(tx: &WriteTx, subject: Uuid, members: &[MemberId]) -> Result<Vec<MemberId>, Fault> {
    let ids: Vec<Uuid> = members.iter().map(|id| id.uuid()).collect();
    repo::readers(tx, subject, &ids).await
}

/// Whether everybody whose roles let them may see an experiment or a run: what is told to all is told of nothing else.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn is_everybodys(tx: &WriteTx, subject: Uuid) -> Result<bool, Fault> {
    repo::is_everybodys(tx, subject).await
}

/// Lets everybody read an experiment whose roles let them read experiments, whatever its project.
///
/// # Errors
/// `NotFound`; `Conflict` for a removed one; `Forbidden`.
pub async fn share(grant: Grant<'_, ShareProjects>, id: ExperimentId) -> Result<(), Fault> {
    let by = grant.actor().called();
    set_shared(grant, id, Some(by)).await
}

/// Leaves an experiment to those who have its project.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub async fn unshare(grant: Grant<'_, ShareProjects>, id: ExperimentId) -> Result<(), Fault> {
    set_shared(grant, id, None).await
}

async fn set_shared(grant: Grant<'_, ShareProjects>, id: ExperimentId, by: Option<String>) -> Result<(), Fault> {
    let now = grant.now();
    let tx = grant.begin().await?;
    let (name, removed) = repo::lock_experiment(&tx, id).await?.ok_or_else(|| Fault::not_found("experiment", id))?;
    if removed && by.is_some() {
        return Err(SharingError::Removed.into());
    }
    repo::set_shared(&tx, id, by.as_deref().map(|by| (now, by))).await?;
    // Who may see it has changed: whoever looks at it, or may now, looks again.
    tx.announce(Topic::Experiment(id));
    tx.announce(Topic::Standing);
    if let Some(by) = &by {
        let happening = Happening {
            post: Post::Share,
            // Shared again after it was not, it is news again.
            id: format!("{id} {}", now.timestamp_millis()),
            sentence: format!("{by} shared the experiment {name} with everybody"),
            quote: String::new(),
            button: "Open the experiment",
            path: format!("/experiments/{id}"),
        };
        notifications::post(&tx, happening).await?;
    }
    let action = if by.is_some() { "experiment.share" } else { "experiment.unshare" };
    tx.commit(Entry::new(action, Subject::new("experiment", id, name))).await
}
