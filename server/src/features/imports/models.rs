//! Taking logged models, and tying them to the runs that read or made them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::{ExperimentId, LoggedModelId};
use uuid::Uuid;

use super::{
    model::Kind,
    repo::{self, Found, Settled, models::Row},
    runs::{local_id, pairs},
    step::{Stopped, Work},
    wire,
};
use crate::features::{
    artifacts::location::parse_model_id,
    logged_models::{self, Dataset, Direction, ModelLink, ModelMetric, Status},
};

/// Models of one transaction, and runs whose links are written in one.
const MODELS_AT_ONCE: u64 = 50;
const LINKS_AT_ONCE: u64 = 500;
/// Longest name and kind, in characters.
const NAME_MAX: usize = 256;

/// The models that a run read and made: their ids with the step.
#[derive(Default, Serialize, Deserialize)]
pub struct Links {
    inputs: Vec<(String, i64)>,
    outputs: Vec<(String, i64)>,
}

impl Links {
    /// What the source says of a run.
    pub fn of(run: &wire::Run) -> Self {
        let list = |links: &[wire::ModelLink]| links.iter().map(|link| (link.model_id.clone(), link.step.0)).collect();
        Self { inputs: list(&run.inputs.model_inputs), outputs: list(&run.outputs.model_outputs) }
    }

    /// As text, until the models are there; empty without any.
    pub fn keep(&self) -> String {
        if self.inputs.is_empty() && self.outputs.is_empty() { String::new() } else { json!(self).to_string() }
    }
}

/// Takes some models or ties some runs to theirs; whether nothing is left.
///
/// # Errors
/// Why the step stops.
pub async fn take(work: &Work<'_>) -> Result<bool, Stopped> {
    let waiting = {
        let tx = work.begin().await?;
        repo::waiting(&tx, work.import.id, Kind::Model, MODELS_AT_ONCE).await?
    };
    if waiting.is_empty() {
        return link(work).await;
    }
    write(work, &waiting).await?;
    Ok(false)
}

async fn write(work: &Work<'_>, waiting: &[Found]) -> Result<(), Stopped> {
    let import = &work.import;
    let tx = work.begin().await?;
    let told: Vec<wire::LoggedModel> = waiting.iter().map(|one| serde_json::from_str(&one.payload).unwrap_or_default()).collect();
    let experiments: Vec<String> = told.iter().map(|model| model.info.experiment_id.clone()).collect::<HashSet<_>>().into_iter().collect();
    let experiments = repo::origins(&tx, &import.source, Kind::Experiment, &experiments).await?;
    let source_ids: Vec<String> = waiting.iter().map(|one| one.source_id.clone()).collect();
    let known = repo::origins(&tx, &import.source, Kind::Model, &source_ids).await?;
    let ids: Vec<Uuid> = source_ids.iter().filter_map(|id| parse_model_id(id)).map(LoggedModelId::uuid).collect();
    let existing = repo::models::existing(&tx, &ids).await?;
    let (mut rows, mut measured, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for (found, model) in waiting.iter().zip(&told) {
        let (Some(id), Some(experiment)) = (parse_model_id(&found.source_id), experiments.get(&model.info.experiment_id)) else {
            settled.push(Settled::failed(found, "Its experiment was not taken."));
            continue;
        };
        match existing.get(&id.uuid()) {
            Some(_) if !known.contains_key(&found.source_id) => {
                settled.push(Settled::failed(found, "A model with this id is here already, and it did not come from this server."));
                continue;
            }
            Some(true) => {
                settled.push(Settled::failed(found, "This model was removed here."));
                continue;
            }
            _ => {}
        }
        let mut remarks = Vec::new();
        rows.push(row(work, id, ExperimentId::from_uuid(*experiment), model, &mut remarks));
        measured.extend(model.data.metrics.iter().map(|metric| ModelMetric {
            model: id,
            run: local_id(import, &metric.run_id),
            key: metric.key.clone(),
            value: metric.value.0,
            step: metric.step.0,
            at_ms: metric.timestamp.0,
            dataset: Dataset { name: metric.dataset_name.clone(), digest: metric.dataset_digest.clone() },
        }));
        settled.push(Settled { reason: remarks.join(" "), ..Settled::taken(found, id.uuid()) });
    }
    repo::models::write(&tx, &rows, &import.started_by).await?;
    let runs: Vec<Uuid> = measured.iter().map(|metric| metric.run.uuid()).collect::<HashSet<_>>().into_iter().collect();
    let runs = repo::runs::existing(&tx, &runs).await?;
    measured.retain(|metric| runs.contains_key(&metric.run.uuid()));
    if !measured.is_empty() {
        logged_models::record_metrics(&tx, &measured).await?;
    }
    repo::settle(&tx, import, Kind::Model, &settled).await?;
    let failed = settled.iter().filter(|one| one.local.is_none()).count();
    work.commit(tx, "import.models", json!({ "models": rows.len(), "failed": failed })).await
}

fn row(work: &Work<'_>, id: LoggedModelId, experiment: ExperimentId, model: &wire::LoggedModel, remarks: &mut Vec<String>) -> Row {
    let info = &model.info;
    let text = |text: &str| text.replace('\0', "").chars().take(NAME_MAX).collect::<String>();
    let at = |ms: i64| DateTime::<Utc>::from_timestamp_millis(ms.max(0)).unwrap_or_default();
    Row {
        id,
        experiment,
        source_run: (!info.source_run_id.is_empty()).then(|| local_id(&work.import, &info.source_run_id)),
        name: if info.name.is_empty() { format!("model-{}", &id.hex()[24..]) } else { text(&info.name) },
        model_type: text(&info.model_type),
        status: match info.status.as_str() {
            "LOGGED_MODEL_PENDING" => Status::Pending,
            "LOGGED_MODEL_UPLOAD_FAILED" => Status::UploadFailed,
            _ => Status::Ready,
        },
        created_at: at(info.creation_timestamp_ms.0),
        updated_at: at(info.last_updated_timestamp_ms.0),
        params: pairs(&model.data.params, "Param", remarks),
        tags: pairs(&info.tags, "Tag", remarks),
    }
}

async fn link(work: &Work<'_>) -> Result<bool, Stopped> {
    let tx = work.begin().await?;
    let kept = repo::models::kept_links(&tx, work.import.id, LINKS_AT_ONCE).await?;
    if kept.is_empty() {
        return Ok(true);
    }
    let mut links = Vec::new();
    for (run, told) in &kept {
        let told: Links = serde_json::from_str(told).unwrap_or_default();
        for (list, direction) in [(told.inputs, Direction::Input), (told.outputs, Direction::Output)] {
            let parsed = list.into_iter().filter_map(|(model, step)| Some((parse_model_id(&model)?, step)));
            links.extend(parsed.map(|(model, step)| ModelLink { run: local_id(&work.import, run), model, direction, step }));
        }
    }
    let runs: Vec<String> = kept.into_iter().map(|(run, _)| run).collect();
    repo::models::link(&tx, work.import.id, &links, &runs).await?;
    work.commit(tx, "import.links", json!({ "runs": runs.len(), "links": links.len() })).await?;
    Ok(false)
}
