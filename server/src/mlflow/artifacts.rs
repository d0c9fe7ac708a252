//! Artifacts by proxy (`mlflow-artifacts:`), and the old downloads.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{ErrorCode, Permission};

use super::{
    Answer, Call, Code, Endpoint, Error,
    call::caller,
    wire::{Text, required, text},
};
use crate::{
    access::ActorKind,
    fault::Fault,
    features::{
        artifacts::{
            self, Artifact, ReadArtifacts, WriteArtifacts,
            location::{Location, LocationError, Owner, parse_model_id},
            path::ArtifactPath,
        },
        registry,
    },
    http::{
        Edge, body,
        files::{self, Show},
    },
};

const FILES: &str = "mlflow-artifacts/artifacts/{path:.*}";
const MARK: &str = "/mlflow-artifacts/artifacts/";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::PUT, FILES, Permission::ArtifactsWrite, || web::to(put)).for_jobs(),
    Endpoint::new(Method::GET, FILES, Permission::ArtifactsRead, || web::to(get)).for_jobs(),
    Endpoint::new(Method::DELETE, FILES, Permission::ArtifactsWrite, || web::to(delete)),
    Endpoint::new(Method::GET, "mlflow-artifacts/artifacts", Permission::ArtifactsRead, || web::to(list)).for_jobs(),
    Endpoint::new(Method::GET, "mlflow/artifacts/list", Permission::ArtifactsRead, || web::to(list_of_run)).for_jobs(),
    Endpoint::new(Method::GET, "mlflow/logged-models/{model_id}/artifacts/directories", Permission::ArtifactsRead, || web::to(list_of_model)),
    Endpoint::new(Method::GET, "mlflow/logged-models/{model_id}/artifacts/files", Permission::ArtifactsRead, || web::to(get_of_model)),
];

/// The downloads that MLflow serves outside its API prefixes.
pub(super) const OLD_DOWNLOADS: &[Endpoint] = &[
    Endpoint::new(Method::GET, "/get-artifact", Permission::ArtifactsRead, || web::to(get_of_run)),
    Endpoint::new(Method::GET, "/model-versions/get-artifact", Permission::ArtifactsRead, || web::to(get_of_version)),
];

/// As the general form, but what must not change says so with MLflow's own name and 409.
pub(super) fn refused(fault: Fault) -> Error {
    match fault.code() {
        ErrorCode::Conflict => Error::new(Code::ResourceConflict, fault.message()),
        _ => fault.into(),
    }
}

fn invalid(error: LocationError) -> Error {
    Error::invalid(error.to_string())
}

/// The place a request's path names.
fn place(request: &HttpRequest) -> Result<Location, Error> {
    let raw = request.uri().path();
    location(raw.find(MARK).map(|at| &raw[at + MARK.len()..]).ok_or_else(|| invalid(LocationError::Shape))?)
}

/// The place that a part of a request's path names: as it was sent, decoded exactly once.
pub(super) fn location(raw: &str) -> Result<Location, Error> {
    let path = ArtifactPath::decode(raw).map_err(|error| Error::invalid(error.to_string()))?;
    Location::from_proxy_path(&path).map_err(invalid)
}

/// Bytes are stored as they come: a body that would have to be decoded first is refused.
pub(super) fn identity(request: &HttpRequest) -> Result<(), Error> {
    let encoding = request.headers().get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::from(artifacts::ArtifactError::Encoded).into());
    }
    Ok(())
}

async fn put(request: HttpRequest, edge: web::Data<Edge>, payload: web::Payload) -> Result<HttpResponse, Error> {
    let scope = caller(&request).await?;
    scope.grant::<WriteArtifacts>()?;
    identity(&request)?;
    let (body, cause) = body::watched(&request, payload)?;
    let stored = artifacts::put(&scope, &edge.services.blobs, &place(&request)?, body::declared(&request), body).await;
    stored.map_err(|fault| refused(cause.take().unwrap_or(fault)))?;
    Ok(HttpResponse::Ok().finish())
}

async fn get(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Error> {
    let scope = caller(&request).await?;
    let grant = scope.grant()?;
    let at = place(&request)?;
    let file = artifacts::find(grant, &at).await?;
    Ok(files::send(&request, &edge.services.blobs, &scope, &file, Show::Download).await?)
}

async fn delete(request: HttpRequest) -> Answer<Value> {
    let scope = caller(&request).await?;
    let grant = scope.grant()?;
    let at = place(&request)?;
    artifacts::remove(grant, &at).await.map_err(refused)?;
    Ok(web::Json(json!({})))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListInput {
    path: Option<Text>,
}

/// Names are relative to the folder, one segment each. Everything that holds no files answers the same empty list.
async fn list(call: Call<ListInput>) -> Answer<Value> {
    let grant = call.scope.grant::<ReadArtifacts>()?;
    let folder = text(call.input.path);
    let folder = ArtifactPath::parse(folder.strip_suffix('/').unwrap_or(&folder)).map_err(|error| Error::invalid(error.to_string()))?;
    let found = match Location::from_proxy_path(&folder) {
        // Who comes for one run is told when it is another one.
        Ok(at) if grant.actor().kind == ActorKind::JobToken => artifacts::list_with_root(grant, &at).await?.1,
        Ok(at) => artifacts::list(grant, &at).await?,
        Err(_) => Vec::new(),
    };
    Ok(web::Json(listing(&found, Artifact::name)))
}

fn listing(found: &[Artifact], path: for<'a> fn(&'a Artifact) -> &'a str) -> Value {
    let files: Vec<Value> = found
        .iter()
        .map(|artifact| match artifact.file {
            Some(file) => json!({ "path": path(artifact), "is_dir": false, "file_size": file.size }),
            None => json!({ "path": path(artifact), "is_dir": true }),
        })
        .collect();
    if files.is_empty() { json!({}) } else { json!({ "files": files }) }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceInput {
    #[serde(alias = "runId")]
    run_id: Option<Text>,
    run_uuid: Option<Text>,
    #[serde(alias = "modelId")]
    model_id: Option<Text>,
    path: Option<Text>,
    artifact_file_path: Option<Text>,
    artifact_directory_path: Option<Text>,
    name: Option<Text>,
    version: Option<Text>,
}

fn parsed(path: Option<Text>) -> Result<ArtifactPath, Error> {
    ArtifactPath::parse(&text(path)).map_err(|error| Error::invalid(error.to_string()))
}

fn run(input: &mut PlaceInput) -> Result<Owner, Error> {
    let id = required("run_id", input.run_id.take().or(input.run_uuid.take()))?;
    id.parse().map(Owner::Run).map_err(|_| Error::missing(format!("Run with id={id} not found")))
}

fn model(input: &mut PlaceInput) -> Result<Owner, Error> {
    let id = required("model_id", input.model_id.take())?;
    parse_model_id(&id).map(Owner::Model).ok_or_else(|| Error::missing(format!("Logged model with ID '{id}' not found.")))
}

async fn list_of_run(mut call: Call<PlaceInput>) -> Answer<Value> {
    call.scope.grant::<ReadArtifacts>()?;
    let at = Location { owner: run(&mut call.input)?, path: parsed(call.input.path.take())? };
    with_root(&call, &at).await
}

async fn list_of_model(mut call: Call<PlaceInput>) -> Answer<Value> {
    call.scope.grant::<ReadArtifacts>()?;
    let at = Location { owner: model(&mut call.input)?, path: parsed(call.input.artifact_directory_path.take())? };
    with_root(&call, &at).await
}

async fn with_root(call: &Call<PlaceInput>, at: &Location) -> Answer<Value> {
    let (root, found) = artifacts::list_with_root(call.scope.grant()?, at).await?;
    let mut answer = listing(&found, |artifact| &artifact.path);
    answer["root_uri"] = root.into();
    Ok(web::Json(answer))
}

async fn get_of_run(request: HttpRequest, edge: web::Data<Edge>, mut call: Call<PlaceInput>) -> Result<HttpResponse, Error> {
    call.scope.grant::<ReadArtifacts>()?;
    let at = Location { owner: run(&mut call.input)?, path: parsed(call.input.path.take())? };
    download(&request, &edge, &call, &at).await
}

async fn get_of_model(request: HttpRequest, edge: web::Data<Edge>, mut call: Call<PlaceInput>) -> Result<HttpResponse, Error> {
    call.scope.grant::<ReadArtifacts>()?;
    let at = Location { owner: model(&mut call.input)?, path: parsed(call.input.artifact_file_path.take())? };
    download(&request, &edge, &call, &at).await
}

async fn get_of_version(request: HttpRequest, edge: web::Data<Edge>, mut call: Call<PlaceInput>) -> Result<HttpResponse, Error> {
    call.scope.grant::<ReadArtifacts>()?;
    let (name, version) = (required("name", call.input.name.take())?, required("version", call.input.version.take())?);
    let path = parsed(call.input.path.take())?;
    let version = registry::get_version(call.scope.grant()?, &name, &version).await?;
    let folder = ArtifactPath::parse(&version.source_path).map_err(|error| Error::from(Fault::internal(error)))?;
    let owner = version.owner.ok_or_else(|| Error::missing("A prompt has no files"))?;
    let at = Location { owner, path: folder.join(&path).map_err(|error| Error::invalid(error.to_string()))? };
    download(&request, &edge, &call, &at).await
}

async fn download(request: &HttpRequest, edge: &Edge, call: &Call<PlaceInput>, at: &Location) -> Result<HttpResponse, Error> {
    let file = artifacts::find(call.scope.grant()?, at).await?;
    Ok(files::send(request, &edge.services.blobs, &call.scope, &file, Show::Download).await?)
}
