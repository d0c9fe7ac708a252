//! Making runs and experiments templates, and starting from them.

use std::collections::HashMap;

use serde_json::json;
use shared::ids::{ExperimentId, RunId, TemplateId};
use uuid::Uuid;

use super::{
    Origin, Template, TemplateError,
    model::{TAG, check},
    repo,
};
use crate::{
    access::{
        Grant, Reach, Sql, WriteTx,
        audit::{Entry, Subject},
        live::Topic,
    },
    fault::Fault,
    features::{
        experiments::{self, Experiment, ExperimentError, ExperimentRef, ReadExperiments, WriteExperiments},
        notifications::{self, Happening},
        page::{Page, Paged},
        runs::{ReadRuns, Status, WriteRuns},
        sharing,
        slack::Post,
    },
};

fn entry(action: &'static str, template: &Template) -> Entry {
    let detail = match template.origin {
        Origin::Run(run) => json!({ "run": run }),
        Origin::Experiment(experiment) => json!({ "experiment": experiment }),
    };
    Entry::new(action, Subject::new("template", template.id, &template.name)).detail(detail)
}

fn announce(tx: &WriteTx, template: &Template, experiment: ExperimentId) {
    template.origin.run().into_iter().for_each(|run| tx.announce(Topic::Run(run)));
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
    let found = repo::of_runs(grant.read().await?, &ids).await?;
    Ok(found.into_iter().filter_map(|template| Some((template.origin.run()?, template))).collect())
}

/// The templates that experiments are.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn of_experiments(grant: Grant<'_, ReadRuns>, experiments: &[ExperimentId]) -> Result<HashMap<ExperimentId, Template>, Fault> {
    let ids: Vec<Uuid> = experiments.iter().map(|experiment| experiment.uuid()).collect();
    let found = repo::of_experiments(grant.read().await?, &ids).await?;
    Ok(found.into_iter().filter_map(|template| Some((template.origin.experiment()?, template))).collect())
}

/// Of each template: how many runs and experiments were started from it, and the latest of the runs.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn started(grant: Grant<'_, ReadRuns>, ids: &[TemplateId]) -> Result<HashMap<TemplateId, (i64, Vec<RunId>)>, Fault> {
    let tx = grant.read().await?;
    let mut started: HashMap<TemplateId, (i64, Vec<RunId>)> = HashMap::new();
    for (id, count, run) in repo::started(tx, ids).await? {
        let of = started.entry(id).or_default();
        of.0 = count;
        of.1.push(run);
    }
    // Each row tells how many there are in all.
    let experiments: HashMap<TemplateId, i64> = repo::started_experiments(tx, ids).await?.into_iter().map(|(id, count, _)| (id, count)).collect();
    for (id, count) in experiments {
        started.entry(id).or_default().0 += count;
    }
    Ok(started)
}

/// Of each template: the latest of the experiments that were started from it.
///
/// # Errors
/// `Unavailable` or `Internal`.
pub async fn started_experiments(grant: Grant<'_, ReadExperiments>, ids: &[TemplateId]) -> Result<HashMap<TemplateId, Vec<ExperimentId>>, Fault> {
    let mut started: HashMap<TemplateId, Vec<ExperimentId>> = HashMap::new();
    for (id, _, experiment) in repo::started_experiments(grant.read().await?, ids).await? {
        started.entry(id).or_default().push(experiment);
    }
    Ok(started)
}

/// Makes a run that has finished a template.
///
/// # Errors
/// `Invalid` naming `name` or `description`; `NotFound`; `Conflict` for a run that did not finish or was removed; `AlreadyExists`.
pub async fn create(grant: Grant<'_, WriteRuns>, run: RunId, name: &str, description: &str) -> Result<Template, Fault> {
    let words = check(name, description)?;
    let tx = grant.begin().await?;
    let place = repo::place_of_run(&tx, run).await?.ok_or(TemplateError::NoRun(run))?;
    if place.removed {
        return Err(TemplateError::RunRemoved.into());
    }
    if place.status.as_deref() != Some(Status::Finished.as_str()) {
        return Err(TemplateError::NotFinished.into());
    }
    add(tx, Origin::Run(run), &place, words).await
}

/// Makes an experiment a template.
///
/// # Errors
/// `Invalid` naming `name` or `description`; `NotFound`; `Conflict` for one that was removed; `AlreadyExists`.
pub async fn create_of_experiment(
    grant: Grant<'_, WriteExperiments>,
    experiment: ExperimentRef,
    name: &str,
    description: &str,
) -> Result<Template, Fault> {
    let words = check(name, description)?;
    let tx = grant.begin().await?;
    let place = repo::place_of_experiment(&tx, experiment).await?.ok_or_else(|| ExperimentError::Missing(experiment.to_string()))?;
    if place.removed {
        return Err(TemplateError::ExperimentRemoved.into());
    }
    add(tx, Origin::Experiment(place.experiment), &place, words).await
}

/// Inserts a template, tells of it where everybody may see it, and commits.
async fn add(tx: WriteTx, origin: Origin, place: &repo::Place, (name, description): (String, String)) -> Result<Template, Fault> {
    let template = Template {
        id: TemplateId::from_uuid(Uuid::now_v7()),
        origin,
        name,
        description,
        created_by: tx.actor().called(),
        created_at: tx.now(),
        removed: false,
    };
    repo::insert(&tx, &template, place.project).await?;
    announce(&tx, &template, place.experiment);
    if sharing::is_everybodys(&tx, origin.uuid()).await? {
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

/// Starts an experiment from a template that is one: in its project, with its tags and its note, and the tag that links it back.
///
/// # Errors
/// `Invalid` naming `name`; `NotFound`; `Conflict` for a template that was removed, whose experiment was, or that is a run; `AlreadyExists`.
pub async fn start_experiment(grant: Grant<'_, WriteExperiments>, id: TemplateId, name: &str) -> Result<Experiment, Fault> {
    let tx = grant.begin().await?;
    let template = repo::find(&tx, id).await?.ok_or(TemplateError::Missing(id))?;
    if template.removed {
        return Err(TemplateError::Removed.into());
    }
    let origin = template.origin.experiment().ok_or(TemplateError::IsRun)?;
    let (experiment, entry) = experiments::insert_like(&tx, origin, name, (TAG.to_owned(), id.to_string())).await?;
    tx.announce(Topic::Experiment(origin));
    tx.commit(entry.detail(json!({ "template": id }))).await?;
    Ok(experiment)
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

/// Takes a template away; what it is made of stays as it is, and it can be brought back. Doing so twice changes nothing.
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
/// `NotFound`; `AlreadyExists` when its run, its experiment or its name is another template's meanwhile.
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
