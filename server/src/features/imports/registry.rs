//! Taking registered models with their versions, under the numbers they have.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::ids::{RegisteredModelId, RunId};
use uuid::Uuid;

use super::{
    model::{Import, Kind},
    repo::{self, Found, Settled, registry::Version},
    runs::{local_id, pairs},
    step::{Stopped, Work},
    wire,
};
use crate::features::{
    artifacts::{
        self,
        location::{Owner, parse_model_id},
        path::ArtifactPath,
    },
    registry::{Alias, ModelName, Stage},
};

/// Longest description, and link to a run, in bytes.
const DESCRIPTION_MAX: usize = 5_000;
const LINK_MAX: usize = 500;
/// Versions that are told of one by one when they could not be taken.
const TOLD: usize = 10;

/// Takes one registered model; whether none is left.
///
/// # Errors
/// Why the step stops.
pub async fn take(work: &Work<'_>) -> Result<bool, Stopped> {
    let waiting = {
        let tx = work.begin().await?;
        repo::waiting(&tx, work.import.id, Kind::RegisteredModel, 1).await?.pop()
    };
    let Some(found) = waiting else { return Ok(true) };
    let versions = work.source.versions(&found.source_id).await?;
    let versions: Vec<wire::ModelVersion> = versions.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect();
    write(work, &found, versions).await?;
    Ok(false)
}

async fn write(work: &Work<'_>, found: &Found, versions: Vec<wire::ModelVersion>) -> Result<(), Stopped> {
    let import = &work.import;
    let tx = work.begin().await?;
    let known = repo::origins(&tx, &import.source, Kind::RegisteredModel, std::slice::from_ref(&found.source_id)).await?.remove(&found.source_id);
    let settled = match ModelName::parse(&found.source_id) {
        Err(error) => Settled::failed(found, error.to_string()),
        Ok(name) => match (repo::registry::find(&tx, name.as_str()).await?, known) {
            (Some(here), known) if known != Some(here.uuid()) => Settled::failed(
                found,
                "A model of this name is here already, and it did not come from this server. Rename one of the two, then import again.",
            ),
            (here, _) => {
                let id = here.unwrap_or_else(|| RegisteredModelId::from_uuid(Uuid::now_v7()));
                let remarks = fill(&tx, import, id, &name, found, &versions).await?;
                Settled { reason: remarks.join(" "), ..Settled::taken(found, id.uuid()) }
            }
        },
    };
    let failed = usize::from(settled.local.is_none());
    repo::settle(&tx, import, Kind::RegisteredModel, &[settled]).await?;
    work.commit(tx, "import.registry", json!({ "model": found.label, "versions": versions.len(), "failed": failed })).await
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms.max(0)).unwrap_or_default()
}

fn short(text: &str, most: usize) -> String {
    let text = text.replace('\0', "");
    text[..text.floor_char_boundary(most)].to_owned()
}

async fn fill(
    tx: &crate::access::WriteTx,
    import: &Import,
    id: RegisteredModelId,
    name: &ModelName,
    found: &Found,
    versions: &[wire::ModelVersion],
) -> Result<Vec<String>, Stopped> {
    let told: wire::RegisteredModel = serde_json::from_str(&found.payload).unwrap_or_default();
    let mut remarks = Vec::new();
    let tags = pairs(&told.tags, "Tag", &mut remarks);
    let times = (at(told.creation_timestamp.0), at(told.last_updated_timestamp.0));
    repo::registry::write_model(tx, id, name.as_str(), &short(&told.description, DESCRIPTION_MAX), times, &tags, &import.started_by).await?;
    let resolved: Vec<(&wire::ModelVersion, Option<(Owner, String)>)> = versions.iter().map(|version| (version, files(import, version))).collect();
    let (mut runs, mut models) = (Vec::new(), Vec::new());
    for (_, place) in &resolved {
        match place {
            Some((Owner::Run(run), _)) => runs.push(run.uuid()),
            Some((Owner::Model(model), _)) => models.push(model.uuid()),
            None => {}
        }
    }
    let here = repo::registry::owners(tx, &runs, &models).await?;
    let (mut rows, mut lost) = (Vec::new(), Vec::new());
    for (version, place) in resolved {
        let number = i32::try_from(version.version.0).ok().filter(|number| *number > 0);
        let place = place.filter(|(owner, _)| match owner {
            Owner::Run(run) => here.contains(&run.uuid()),
            Owner::Model(model) => here.contains(&model.uuid()),
        });
        match (number, place) {
            (Some(number), Some((owner, path))) => {
                artifacts::hold(tx, owner).await?;
                rows.push(row(import, number, version, owner, path, &mut remarks));
            }
            _ => lost.push(version.version.0.to_string()),
        }
    }
    if !lost.is_empty() {
        let all = lost.len();
        lost.truncate(TOLD);
        let more = if all > TOLD { format!(" and {} more", all - TOLD) } else { String::new() };
        remarks
            .push(format!("Versions {}{more} were left out: their files do not belong to a run or a logged model that was taken.", lost.join(", ")));
    }
    repo::registry::write_versions(tx, id, &rows, &import.started_by).await?;
    let aliases: Vec<(String, i32)> = told
        .aliases
        .iter()
        .filter(|alias| Alias::parse(&alias.alias).is_ok())
        .filter_map(|alias| Some((alias.alias.clone(), i32::try_from(alias.version.0).ok()?)))
        .collect();
    repo::registry::write_aliases(tx, id, &aliases).await?;
    Ok(remarks)
}

fn row(import: &Import, number: i32, version: &wire::ModelVersion, owner: Owner, source_path: String, remarks: &mut Vec<String>) -> Version {
    let named = (!version.run_id.is_empty()).then(|| local_id(import, &version.run_id));
    Version {
        version: number,
        source: short(&version.source, DESCRIPTION_MAX),
        run: named.or(match owner {
            Owner::Run(run) => Some(run),
            Owner::Model(_) => None,
        }),
        run_link: short(&version.run_link, LINK_MAX),
        logged_model: match owner {
            Owner::Model(model) => Some(model),
            Owner::Run(_) => parse_model_id(&version.model_id),
        },
        owner,
        source_path,
        description: short(&version.description, DESCRIPTION_MAX),
        stage: Stage::from_mlflow(&version.current_stage).unwrap_or(Stage::Development),
        created_at: at(version.creation_timestamp.0),
        updated_at: at(version.last_updated_timestamp.0),
        tags: pairs(&version.tags, "Tag", remarks),
    }
}

/// Where a version's files are: in a logged model or a run, by what the source calls them. The store they lie in there does not matter.
fn files(import: &Import, version: &wire::ModelVersion) -> Option<(Owner, String)> {
    let source = version.source.trim_end_matches('/');
    let clean = |path: &str| ArtifactPath::parse(path.trim_matches('/')).ok().map(|path| path.to_string());
    let after = |mark: &str| source.find(mark).map(|start| &source[start + mark.len()..]);
    let model = |id: &str, path: &str| Some((Owner::Model(parse_model_id(id)?), clean(path)?));
    let run = |id: &str, path: &str| Some((Owner::Run(run_of(import, id)?), clean(path)?));
    if let Some(found) = source.strip_prefix("models:/").and_then(|id| model(id, "")) {
        return Some(found);
    }
    if let Some((id, path)) = source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/')) {
        return run(id, path);
    }
    if let Some((id, rest)) = after("/models/").and_then(|rest| rest.split_once("/artifacts"))
        && let Some(found) = model(id, rest)
    {
        return Some(found);
    }
    if !version.run_id.is_empty()
        && let Some(path) = after(&format!("/{}/artifacts", version.run_id))
    {
        return run(&version.run_id, path);
    }
    model(&version.model_id, "")
}

fn run_of(import: &Import, source_id: &str) -> Option<RunId> {
    (!source_id.is_empty()).then(|| local_id(import, source_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::imports::{Phase, State};

    #[test]
    fn files_are_found_by_what_the_source_calls_them() {
        let import = Import {
            id: shared::ids::ImportId::from_uuid(Uuid::nil()),
            source: "http://x".into(),
            experiments: Vec::new(),
            with_files: true,
            with_registry: true,
            started_by: String::new(),
            state: State::Running,
            phase: Phase::Registry,
            phase_at: DateTime::default(),
            step: 0,
            troubles: 0,
            reason: String::new(),
            created_at: DateTime::default(),
            finished_at: None,
        };
        let hex = "0190aaaabbbb7ccc8dddeeeeffff0001";
        let owner = |source: &str, run_id: &str, model_id: &str| {
            let version = wire::ModelVersion { source: source.into(), run_id: run_id.into(), model_id: model_id.into(), ..Default::default() };
            files(&import, &version).map(|(owner, path)| (matches!(owner, Owner::Model(_)), path))
        };
        let model = format!("m-{hex}");
        assert_eq!(owner(&format!("models:/{model}"), "", ""), Some((true, String::new())));
        assert_eq!(owner(&format!("s3://b/1/models/{model}/artifacts/"), "", ""), Some((true, String::new())));
        assert_eq!(owner(&format!("runs:/{hex}/model"), hex, ""), Some((false, "model".into())));
        assert_eq!(owner(&format!("s3://bucket/1/{hex}/artifacts/a/b"), hex, ""), Some((false, "a/b".into())));
        assert_eq!(owner(&format!("mlflow-artifacts:/1/{hex}/artifacts"), hex, ""), Some((false, String::new())));
        assert_eq!(owner("dbfs:/somewhere", hex, &model), Some((true, String::new())));
        assert_eq!(owner("s3://elsewhere/model", hex, ""), None);
        assert_eq!(owner(&format!("/srv/1/{hex}/artifacts/../../etc"), hex, ""), None);
    }
}
