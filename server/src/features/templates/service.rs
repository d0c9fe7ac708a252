//! Making runs templates, and finding what was started from them.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{ExperimentId, RunId, TemplateId};
use uuid::Uuid;

use super::{Template, TemplateError, model::check, repo};
use crate::{
    access::{
        Grant, Reach, Sql, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        notifications::{self, Happening},
        page::{Page, Paged},
        runs::{ReadRuns, Status, WriteRuns},
        sharing,
        slack::Post,
    },
};

fn entry(action: &'static str, template: &Template) -> Entry {
    Entry::new(action, Subject::new("template", template.id, &template.name)).detail(json!({ "run": template.run }))
}

fn announce(tx: &WriteTx, template: &Template, experiment: ExperimentId) {
    tx.announce(Topic::Run(template.run));
    tx.announce(Topic::Experiment(experiment));
}

/// Templates in reach, the newest first.
///
/// # Errors
/// `Invalid` for a cursor that is not ours.
pub async fn list(grant: Grant<'_, ReadRuns>, reach: Reach, page: &Page) -> Result<Paged<Template>, Fault> {
    let tx = grant.read().await?;
    let after = page.after_id::<TemplateId>()?.map(TemplateId::uuid);
    let rows = repo::list(tx, reach, after, page.limit_and_one()).await?;
    Ok(Paged::of(rows, page, repo::count(tx, reach).await?, |template| template.id.to_string()))
}

/// One template, removed ones too.
///
/// # Errors
/// `NotFound`.
pub async fn get(grant: Grant<'_, ReadRuns>, id: TemplateId) -> Result<Template, Fault> {
    Ok(repo::find(grant.read().await?, id).await?.ok_or(TemplateError::Missing(id))?)
}

/// The templates that runs are.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_runs(grant: Grant<'_, ReadRuns>, runs: &[RunId]) -> Result<HashMap<RunId, Template>, Fault> {
    let ids: Vec<Uuid> = runs.iter().map(|run| run.uuid()).collect();
    Ok(repo::of_runs(grant.read().await?, &ids).await?.into_iter().map(|template| (template.run, template)).collect())
}

/// Of each template: how many runs were started from it, and the latest of them.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn started(grant: Grant<'_, ReadRuns>, ids: &[TemplateId]) -> Result<HashMap<TemplateId, (i64, Vec<RunId>)>, Fault> {
    let mut started: HashMap<TemplateId, (i64, Vec<RunId>)> = HashMap::new();
    for (id, count, run) in repo::started(grant.read().await?, ids).await? {
        let of = started.entry(id).or_default();
        of.0 = count;
        of.1.push(run);
    }
    Ok(started)
}

/// Makes a run that has finished a template.
///
/// # Errors
/// `Invalid` naming `name` or `description`; `NotFound`; `Conflict` for a run that did not finish or was removed; `AlreadyExists`.
pub async fn create(grant: Grant<'_, WriteRuns>, run: RunId, name: &str, description: &str) -> Result<Template, Fault> {
    let (name, description) = check(name, description)?;
    let tx = grant.begin().await?;
    let origin = repo::origin(&tx, run).await?.ok_or(TemplateError::NoRun(run))?;
    if origin.removed {
        return Err(TemplateError::RunRemoved.into());
    }
    if origin.status != Status::Finished.as_str() {
        return Err(TemplateError::NotFinished.into());
    }
    let template = Template {
        id: TemplateId::from_uuid(Uuid::now_v7()),
        run,
        name,
        description,
        created_by: tx.actor().called(),
        created_at: tx.now(),
        removed: false,
    };
    repo::insert(&tx, &template, origin.project).await?;
    announce(&tx, &template, origin.experiment);
    if sharing::is_everybodys(&tx, run.uuid()).await? {
        let happening = Happening {
            post: Post::Template,
            id: template.id.to_string(),
            sentence: format!("{} made the template {}", template.created_by, template.name),
            quote: template.description.clone(),
            button: "Open the template",
            path: format!("/templates/{}", template.id),
        };
        notifications::post(&tx, happening).await?;
    }
    tx.commit(entry("template.create", &template)).await?;
    Ok(template)
}

async fn lock(tx: &WriteTx, id: TemplateId) -> Result<(Template, ExperimentId), Fault> {
    Ok(repo::lock(tx, id).await?.ok_or(TemplateError::Missing(id))?)
}

/// Changes what a template is called and said to be good for.
///
/// # Errors
/// `Invalid` naming `name` or `description`; `NotFound`; `Conflict` for a removed one; `AlreadyExists`.
pub async fn update(grant: Grant<'_, WriteRuns>, id: TemplateId, name: &str, description: &str) -> Result<Template, Fault> {
    let (name, description) = check(name, description)?;
    let tx = grant.begin().await?;
    let (mut template, experiment) = lock(&tx, id).await?;
    if template.removed {
        return Err(TemplateError::Removed.into());
    }
    repo::update(&tx, id, &name, &description).await?;
    (template.name, template.description) = (name, description);
    announce(&tx, &template, experiment);
    tx.commit(entry("template.update", &template)).await?;
    Ok(template)
}

/// Takes a template away; its run stays as it is, and it can be brought back. Doing so twice changes nothing.
///
/// # Errors
/// `NotFound`.
pub async fn remove(grant: Grant<'_, WriteRuns>, id: TemplateId) -> Result<Template, Fault> {
    let tx = grant.begin().await?;
    let (mut template, experiment) = lock(&tx, id).await?;
    if template.removed {
        return Ok(template);
    }
    repo::remove(&tx, id).await?;
    template.removed = true;
    announce(&tx, &template, experiment);
    tx.commit(entry("template.remove", &template)).await?;
    Ok(template)
}

/// Brings a removed template back. Doing so twice changes nothing.
///
/// # Errors
/// `NotFound`; `AlreadyExists` when its run or its name is another template's meanwhile.
pub async fn restore(grant: Grant<'_, WriteRuns>, id: TemplateId) -> Result<Template, Fault> {
    let tx = grant.begin().await?;
    let (mut template, experiment) = lock(&tx, id).await?;
    if !template.removed {
        return Ok(template);
    }
    repo::restore(&tx, id).await?;
    template.removed = false;
    announce(&tx, &template, experiment);
    tx.commit(entry("template.restore", &template)).await?;
    Ok(template)
}
