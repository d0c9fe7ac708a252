//! Registered models and their versions.

use actix_web::{http::Method, web};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{Permission, ids::RunId};

use super::{
    Answer, Call, Endpoint, Error,
    logged_models::{limit, model_id, pairs, show_pairs},
    page_token,
    wire::{Flag, Int, List, Pair, Text, filled, present, required, text},
};
use crate::features::{
    page::Listing,
    registry::{self, ModelQuery, ModelVersion, NewVersion, RegisteredModel},
};

const READ: Permission = Permission::ModelsRead;
const WRITE: Permission = Permission::ModelsWrite;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/registered-models/create", WRITE, || web::to(create)),
    Endpoint::new(Method::GET, "mlflow/registered-models/get", READ, || web::to(get)),
    Endpoint::new(Method::GET, "mlflow/registered-models/search", READ, || web::to(search)),
    Endpoint::new(Method::PATCH, "mlflow/registered-models/update", WRITE, || web::to(update)),
    Endpoint::new(Method::POST, "mlflow/registered-models/rename", WRITE, || web::to(rename)),
    Endpoint::new(Method::DELETE, "mlflow/registered-models/delete", WRITE, || web::to(delete)),
    Endpoint::new(Method::POST, "mlflow/registered-models/get-latest-versions", READ, || web::to(latest)),
    Endpoint::new(Method::GET, "mlflow/registered-models/get-latest-versions", READ, || web::to(latest)),
    Endpoint::new(Method::POST, "mlflow/registered-models/set-tag", WRITE, || web::to(set_tag)),
    Endpoint::new(Method::DELETE, "mlflow/registered-models/delete-tag", WRITE, || web::to(delete_tag)),
    Endpoint::new(Method::POST, "mlflow/registered-models/alias", WRITE, || web::to(set_alias)),
    Endpoint::new(Method::GET, "mlflow/registered-models/alias", READ, || web::to(get_alias)),
    Endpoint::new(Method::DELETE, "mlflow/registered-models/alias", WRITE, || web::to(delete_alias)),
    Endpoint::new(Method::POST, "mlflow/model-versions/create", WRITE, || web::to(create_version)),
    Endpoint::new(Method::GET, "mlflow/model-versions/get", READ, || web::to(get_version)),
    Endpoint::new(Method::GET, "mlflow/model-versions/get-download-uri", READ, || web::to(download_uri)),
    Endpoint::new(Method::GET, "mlflow/model-versions/search", READ, || web::to(search_versions)),
    Endpoint::new(Method::PATCH, "mlflow/model-versions/update", WRITE, || web::to(update_version)),
    Endpoint::new(Method::POST, "mlflow/model-versions/transition-stage", WRITE, || web::to(transition)),
    Endpoint::new(Method::DELETE, "mlflow/model-versions/delete", WRITE, || web::to(delete_version)),
    Endpoint::new(Method::POST, "mlflow/model-versions/set-tag", WRITE, || web::to(set_version_tag)),
    Endpoint::new(Method::DELETE, "mlflow/model-versions/delete-tag", WRITE, || web::to(delete_version_tag)),
];

fn show_version(version: &ModelVersion) -> Value {
    let mut shown = json!({
        "name": version.name,
        "version": version.version.to_string(),
        "creation_timestamp": version.created_at.timestamp_millis(),
        "last_updated_timestamp": version.updated_at.timestamp_millis(),
        "current_stage": version.stage.mlflow(),
        "description": version.description,
        "source": version.source,
        "run_id": version.run_id.map(RunId::hex).unwrap_or_default(),
        "run_link": version.run_link,
        "status": "READY",
        "user_id": version.created_by,
    });
    if let Some(id) = version.logged_model_id {
        shown["model_id"] = crate::features::artifacts::location::show_model_id(id).into();
    }
    if !version.tags.is_empty() {
        shown["tags"] = show_pairs(&version.tags);
    }
    if !version.aliases.is_empty() {
        shown["aliases"] = version.aliases.clone().into();
    }
    shown
}

fn show(model: &RegisteredModel) -> Value {
    let mut shown = json!({
        "name": model.name,
        "creation_timestamp": model.created_at.timestamp_millis(),
        "last_updated_timestamp": model.updated_at.timestamp_millis(),
        "description": model.description,
    });
    if !model.latest.is_empty() {
        shown["latest_versions"] = model.latest.iter().map(show_version).collect();
    }
    if !model.tags.is_empty() {
        shown["tags"] = show_pairs(&model.tags);
    }
    if !model.aliases.is_empty() {
        shown["aliases"] = model.aliases.iter().map(|(alias, version)| json!({ "alias": alias, "version": version.to_string() })).collect();
    }
    shown
}

fn model_answer(model: &RegisteredModel) -> Answer<Value> {
    Ok(web::Json(json!({ "registered_model": show(model) })))
}

fn version_answer(version: &ModelVersion) -> Answer<Value> {
    Ok(web::Json(json!({ "model_version": show_version(version) })))
}

fn done() -> Answer<Value> {
    Ok(web::Json(json!({})))
}

/// The fields of every call that names a model, a version or an alias.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    name: Option<Text>,
    #[serde(alias = "newName")]
    new_name: Option<Text>,
    description: Option<Text>,
    version: Option<VersionText>,
    alias: Option<Text>,
    key: Option<Text>,
    value: Option<Text>,
    stage: Option<Text>,
    stages: List<Text>,
    #[serde(alias = "archiveExistingVersions")]
    archive_existing_versions: Option<Flag>,
    tags: List<Pair>,
    source: Option<Text>,
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    #[serde(alias = "runLink")]
    run_link: Option<Text>,
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
}

/// A version: its digits as text, or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum VersionText {
    Number(i64),
    Text(Text),
}

impl Input {
    fn name(&mut self) -> Result<String, Error> {
        required("name", self.name.take())
    }

    fn version(&mut self) -> Result<String, Error> {
        match self.version.take() {
            Some(VersionText::Number(number)) => Ok(number.to_string()),
            Some(VersionText::Text(text)) => required("version", Some(text)),
            None => Err(Error::required("version")),
        }
    }
}

async fn create(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    let model = registry::create(grant, &name, &text(call.input.description), &pairs(call.input.tags)?).await?;
    model_answer(&model)
}

async fn get(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    model_answer(&registry::get(grant, &call.input.name()?).await?)
}

async fn update(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    model_answer(&registry::update(grant, &name, &text(call.input.description)).await?)
}

async fn rename(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    model_answer(&registry::rename(grant, &name, &required("new_name", call.input.new_name)?).await?)
}

async fn delete(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    registry::remove(grant, &call.input.name()?).await?;
    done()
}

async fn latest(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    let versions = registry::latest_versions(grant, &name, &call.input.stages.strings()).await?;
    Ok(web::Json(if versions.is_empty() { json!({}) } else { json!({ "model_versions": versions.iter().map(show_version).collect::<Vec<_>>() }) }))
}

async fn set_tag(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    registry::set_tag(grant, &name, &required("key", call.input.key)?, &present("value", call.input.value)?).await?;
    done()
}

async fn delete_tag(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    registry::remove_tag(grant, &name, &required("key", call.input.key)?).await?;
    done()
}

async fn set_alias(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    registry::set_alias(grant, &name, &required("alias", call.input.alias)?, &version).await?;
    done()
}

async fn get_alias(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    version_answer(&registry::by_alias(grant, &name, &required("alias", call.input.alias)?).await?)
}

async fn delete_alias(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    registry::remove_alias(grant, &name, &required("alias", call.input.alias)?).await?;
    done()
}

async fn create_version(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let name = call.input.name()?;
    let input = call.input;
    let run = match filled(input.run_id) {
        Some(id) => Some(id.parse::<RunId>().map_err(|_| Error::missing(format!("Run with id={id} not found")))?),
        None => None,
    };
    let new = NewVersion {
        name,
        source: required("source", input.source)?,
        run,
        run_link: text(input.run_link),
        logged_model: input.model_id.filter(|id| !id.0.is_empty()).map(|id| model_id(Some(id))).transpose()?,
        description: text(input.description),
        tags: pairs(input.tags)?,
    };
    version_answer(&registry::create_version(grant, &new).await?)
}

async fn get_version(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    version_answer(&registry::get_version(grant, &name, &version).await?)
}

async fn download_uri(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    Ok(web::Json(json!({ "artifact_uri": registry::download_uri(grant, &name, &version).await? })))
}

async fn update_version(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    version_answer(&registry::update_version(grant, &name, &version, &text(call.input.description)).await?)
}

async fn transition(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    let stage = required("stage", call.input.stage)?;
    let archive = present("archive_existing_versions", call.input.archive_existing_versions)?.0;
    version_answer(&registry::transition(grant, &name, &version, &stage, archive).await?)
}

async fn delete_version(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    registry::remove_version(grant, &name, &version).await?;
    done()
}

async fn set_version_tag(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    let (key, value) = (required("key", call.input.key)?, present("value", call.input.value)?);
    registry::set_version_tag(grant, &name, &version, &key, &value).await?;
    done()
}

async fn delete_version_tag(mut call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let (name, version) = (call.input.name()?, call.input.version()?);
    registry::remove_version_tag(grant, &name, &version, &required("key", call.input.key)?).await?;
    done()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchInput {
    filter: Option<Text>,
    #[serde(alias = "maxResults")]
    max_results: Option<Int>,
    #[serde(alias = "orderBy")]
    order_by: List<Text>,
    #[serde(alias = "pageToken")]
    page_token: Option<Text>,
}

impl SearchInput {
    fn query(self, list: &Listing, default: i64, max: i64) -> Result<ModelQuery, Error> {
        Ok(ModelQuery {
            filter: text(self.filter),
            order: self.order_by.strings(),
            limit: limit(self.max_results, default, max)?,
            offset: page_token::offset(list, self.page_token)?,
        })
    }
}

fn page(list: &Listing, field: &str, rows: Vec<Value>, more: bool, offset: u64) -> Answer<Value> {
    let mut answer = json!({});
    if let Some(token) = page_token::next(list, more, offset, rows.len()) {
        answer["next_page_token"] = token.into();
    }
    if !rows.is_empty() {
        answer[field] = rows.into();
    }
    Ok(web::Json(answer))
}

async fn search(call: Call<SearchInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let list = Listing::of(&call.scope, "registered models by offset");
    let query = call.input.query(&list, 100, 1_000)?;
    let (models, more) = registry::search(grant, &query).await?;
    page(&list, "registered_models", models.iter().map(show).collect(), more, query.offset)
}

/// MLflow's default page is 200,000 rows; ours is its client's 10,000, and the token leads on.
async fn search_versions(call: Call<SearchInput>) -> Answer<Value> {
    let grant = call.scope.grant()?;
    let list = Listing::of(&call.scope, "model versions");
    let mut query = call.input.query(&list, 10_000, 200_000)?;
    query.limit = query.limit.min(10_000);
    let (versions, more) = registry::search_versions(grant, &query).await?;
    page(&list, "model_versions", versions.iter().map(show_version).collect(), more, query.offset)
}
