//! What a transaction sees whose actor has not all projects alike (`infra/decisions/0023-project-access.md`).

use std::collections::HashMap;

use sea_orm::{DbBackend, Statement};
use shared::{
    Permission::{self, ArtifactsRead, ArtifactsWrite, CommentsRead, ExperimentsRead, ModelsRead, RunsRead, RunsWrite},
    ids::{MemberId, ProjectId},
};
use uuid::Uuid;

use super::{
    Credential, CredentialKind,
    policy::{ProjectRules, Rights, Standing},
    transaction::Transaction,
};
use crate::fault::Fault;

/// Who works in which project.
pub(super) async fn project_rules(tx: &Transaction) -> Result<Vec<ProjectRules>, Fault> {
    let sql =
        "select p.id, p.access = 'restricted', m.member_id, m.role from projects p left join project_members m on m.project_id = p.id order by p.id";
    let mut projects: Vec<ProjectRules> = Vec::new();
    for row in tx.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
        let project = ProjectId::from_uuid(row.try_get_by_index(0)?);
        if projects.last().is_none_or(|last| last.project != project) {
            projects.push(ProjectRules { project, restricted: row.try_get_by_index(1)?, members: HashMap::new() });
        }
        let member: Option<Uuid> = row.try_get_by_index(2)?;
        if let (Some(member), Some(last)) = (member, projects.last_mut()) {
            last.members.insert(MemberId::from_uuid(member), row.try_get_by_index(3)?);
        }
    }
    Ok(projects)
}

/// The role of a transaction whose actor has not all projects alike. Row policies of that role alone read the settings below
/// (`migrations/tenant/0019_project_access.sql`).
const PART: &str = "assay_part";

/// Makes what a transaction sees the projects of its actor, until it ends.
pub(super) async fn narrow(tx: &Transaction, standing: &Standing) -> Result<(), Fault> {
    if !standing.is_part() {
        return Ok(());
    }
    let sql = "select set_config('role', $1, true), set_config('app.see_experiments', $2, true), set_config('app.see_runs', $3, true), \
        set_config('app.see_artifacts', $4, true), set_config('app.see_models', $5, true), set_config('app.see_comments', $6, true), \
        set_config('app.write', '{}', true)";
    let kinds = [ExperimentsRead, RunsRead, ArtifactsRead, ModelsRead, CommentsRead].map(|kind| standing.readable(kind).into());
    let values = std::iter::once(PART.into()).chain(kinds);
    tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(())
}

/// What a link shows.
pub(super) struct Shown {
    pub experiment: Uuid,
    /// `None`: every run of the experiment.
    pub run: Option<Uuid>,
}

/// The role of a transaction of whoever came by a link: it reads, and row policies of its own show it one thing (`migrations/tenant/0026_links.sql`).
const LINK: &str = "assay_link";

/// Makes what a transaction sees the thing that a link shows, until it ends; what may be done in it.
pub(super) async fn by_link(tx: &Transaction, shown: &Shown) -> Result<Standing, Fault> {
    let sql = "select set_config('role', $1, true), set_config('app.link_experiment', $2, true), set_config('app.link_run', $3, true)";
    let run = shown.run.map_or_else(String::new, |run| run.to_string());
    let values = [LINK.into(), shown.experiment.to_string().into(), run.into()];
    tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(Standing::whole(Rights::of(&[ExperimentsRead, RunsRead])))
}

/// The role of a transaction of a job token: row policies of its own let it log to one run (`migrations/tenant/0035_job_tokens.sql`).
const JOB: &str = "assay_job";

/// Makes what a transaction sees and writes the run of a job token, until it ends; what of its maker's rights it has there.
///
/// # Errors
/// `Unauthenticated` when the run has ended since the token was made, or its maker may not log to it any more.
pub(super) async fn by_job(tx: &Transaction, token: Uuid, maker: &Standing) -> Result<Standing, Fault> {
    // The columns are made of the row that was found: what it is found by is looked at with the rights that the transaction began with.
    let sql = "select e.project_id, set_config('role', $1, true), set_config('app.job_run', r.id::text, true), \
            set_config('app.job_experiment', e.id::text, true) \
        from job_tokens k join runs r on r.id = k.run_id join experiments e on e.id = r.experiment_id where k.id = $2";
    let row = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [JOB.into(), token.into()])).await?;
    let project = ProjectId::from_uuid(row.ok_or_else(Fault::unauthenticated)?.try_get_by_index(0)?);
    let rights: Vec<Permission> =
        [RunsRead, RunsWrite, ArtifactsRead, ArtifactsWrite].into_iter().filter(|right| maker.may_in(*right, project)).collect();
    if rights.contains(&RunsWrite) { Ok(Standing::whole(Rights::of(&rights))) } else { Err(Fault::unauthenticated()) }
}

/// Makes a transaction of the operator's support one in which nothing can be changed, whatever is asked of it, until it ends.
pub(super) async fn look_only(tx: &Transaction, credential: &Credential) -> Result<(), Fault> {
    if credential.kind() != CredentialKind::Support {
        return Ok(());
    }
    tx.query_one_raw(Statement::from_string(DbBackend::Postgres, "select set_config('transaction_read_only', 'on', true)")).await?;
    Ok(())
}

/// Lets a transaction write in the projects in which its actor has the permission.
pub(super) async fn let_write(tx: &Transaction, standing: &Standing, permission: Permission) -> Result<(), Fault> {
    if standing.is_part() {
        let statement =
            Statement::from_sql_and_values(DbBackend::Postgres, "select set_config('app.write', $1, true)", [standing.writable(permission).into()]);
        tx.query_one_raw(statement).await?;
    }
    Ok(())
}
