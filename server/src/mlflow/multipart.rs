//! Transfers in parts: uploads whose parts the client sends side by side, and downloads whose ranges it asks for side by side.
//!
//! MLflow hands out signed addresses of an object store. Here the server itself takes the parts, so the address is one of its own and the credential
//! is the caller's, handed back to the caller alone.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::Permission;
use uuid::Uuid;

use super::{
    Answer, Call, Endpoint, Error,
    artifacts::{identity, location, refused},
    call::caller,
    wire::{Int, List, Text, required, text},
};
use crate::{
    features::artifacts::{
        self, WriteArtifacts,
        location::Location,
        path::ArtifactPath,
        uploads::{self, MAX_PARTS},
    },
    http::{Edge, body},
    platform::{Digest, Part},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow-artifacts/mpu/create/{folder:.*}", Permission::ArtifactsWrite, || web::to(create)).for_jobs(),
    Endpoint::new(Method::PUT, "mlflow-artifacts/mpu/part/{upload_id}/{part_number}", Permission::ArtifactsWrite, || web::to(part)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow-artifacts/mpu/complete/{folder:.*}", Permission::ArtifactsWrite, || web::to(complete)).for_jobs(),
    Endpoint::new(Method::POST, "mlflow-artifacts/mpu/abort/{folder:.*}", Permission::ArtifactsWrite, || web::to(abort)).for_jobs(),
    Endpoint::new(Method::GET, "mlflow-artifacts/presigned/{path:.*}", Permission::ArtifactsRead, || web::to(presigned)).for_jobs(),
];

/// What stands before a path in a request for an address to download from.
const PRESIGNED: &str = "/mlflow-artifacts/presigned/";

/// The folder stands in the request's path; `path` is the file's name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Input {
    folder: Option<Text>,
    path: Option<Text>,
    #[serde(alias = "numParts")]
    num_parts: Option<Int>,
    #[serde(alias = "uploadId")]
    upload_id: Option<Text>,
    parts: List<PartBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartBody {
    #[serde(alias = "partNumber")]
    part_number: Option<Int>,
    etag: Option<Text>,
}

/// The place that a call names: the folder in its own path, and the file in the body.
fn place(folder: Option<Text>, name: Option<Text>) -> Result<Location, Error> {
    let parse = |text: &str| ArtifactPath::parse(text).map_err(|error| Error::invalid(error.to_string()));
    let name = required("path", name)?;
    // Clients name a local file, with or without its folders: only its own name counts.
    let name = parse(name.rsplit(['/', '\\']).next().unwrap_or_default())?.file().map_err(|error| Error::invalid(error.to_string()))?;
    let folder = text(folder);
    let path = parse(folder.strip_suffix('/').unwrap_or(&folder))?.join(&name).map_err(|error| Error::invalid(error.to_string()))?;
    Location::from_proxy_path(&path).map_err(|error| Error::invalid(error.to_string()))
}

/// The address under which the caller reaches this server: the configured one, or the one it used. What a header says of it counts only from a proxy: the
/// caller sends its credential there.
fn base(request: &HttpRequest, edge: &Edge) -> String {
    let used = || {
        if edge.services.config.behind_proxy {
            let connection = request.connection_info();
            return format!("{}://{}", connection.scheme(), connection.host());
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("http://{host}")
    };
    edge.services.config.url.as_deref().map_or_else(used, |url| url.trim_end_matches('/').to_owned())
}

/// The caller's own credential and project, for requests that the client makes without its usual headers.
fn headers(request: &HttpRequest) -> Map<String, Value> {
    let own = [header::AUTHORIZATION.as_str(), super::call::WORKSPACE];
    own.into_iter().filter_map(|name| Some((name.to_owned(), Value::from(request.headers().get(name)?.to_str().ok()?)))).collect()
}

async fn create(request: HttpRequest, edge: web::Data<Edge>, call: Call<Input>) -> Answer<Value> {
    let grant = call.scope.grant::<WriteArtifacts>()?;
    let at = place(call.input.folder, call.input.path)?;
    let parts = call.input.num_parts.map_or(1, |parts| parts.0);
    let parts = u32::try_from(parts).unwrap_or(MAX_PARTS + 1);
    let upload = uploads::begin(grant, &at, parts).await.map_err(refused)?.simple();
    let (base, headers) = (base(&request, &edge), headers(&request));
    let credential = |number| {
        let url = format!("{base}/api/2.0/mlflow-artifacts/mpu/part/{upload}/{number}");
        json!({ "url": url, "part_number": number, "headers": headers })
    };
    let credentials: Vec<Value> = (1..=parts).map(credential).collect();
    Ok(web::Json(json!({ "upload_id": upload.to_string(), "credentials": credentials })))
}

fn upload_id(text: Option<Text>) -> Result<Uuid, Error> {
    let text = required("upload_id", text)?;
    Uuid::try_parse(&text)
        .map_err(|_| Error::missing(format!("No such upload: '{}'", text.chars().take(64).flat_map(char::escape_debug).collect::<String>())))
}

async fn part(request: HttpRequest, edge: web::Data<Edge>, payload: web::Payload) -> Result<HttpResponse, Error> {
    let scope = caller(&request).await?;
    scope.grant::<WriteArtifacts>()?;
    identity(&request)?;
    let named = |name: &str| request.match_info().get(name).map(|text| Text(text.to_owned()));
    let upload = upload_id(named("upload_id"))?;
    let number = required("part_number", named("part_number"))?.parse().map_err(|_| Error::invalid("A part's number is a positive integer"))?;
    let (body, cause) = body::watched(&request, payload)?;
    let stored = uploads::put_part(&scope, &edge.services.blobs, upload, number, body::declared(&request), body).await;
    let digest = stored.map_err(|fault| cause.take().unwrap_or(fault))?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{digest}\""))).finish())
}

async fn complete(edge: web::Data<Edge>, call: Call<Input>) -> Answer<Value> {
    call.scope.grant::<WriteArtifacts>()?;
    let at = place(call.input.folder, call.input.path)?;
    let upload = upload_id(call.input.upload_id)?;
    let read = |part: PartBody| {
        let etag = required("etag", part.etag)?;
        let number = part.part_number.and_then(|number| u32::try_from(number.0).ok()).ok_or_else(|| Error::required("part_number"))?;
        let digest = Digest::parse(etag.trim_matches('"')).ok_or_else(|| Error::invalid("An ETag is not one that this server answered with"))?;
        Ok(Part { number, digest })
    };
    let parts = call.input.parts.0.into_iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    uploads::complete(&call.scope, &edge.services.blobs, &at, upload, parts).await.map_err(refused)?;
    Ok(web::Json(json!({})))
}

async fn abort(edge: web::Data<Edge>, call: Call<Input>) -> Answer<Value> {
    call.scope.grant::<WriteArtifacts>()?;
    let at = place(call.input.folder, call.input.path)?;
    uploads::abort(&call.scope, &edge.services.blobs, &at, upload_id(call.input.upload_id)?).await?;
    Ok(web::Json(json!({})))
}

async fn presigned(request: HttpRequest, edge: web::Data<Edge>) -> Answer<Value> {
    let scope = caller(&request).await?;
    let grant = scope.grant()?;
    let raw = request.uri().path().split_once(PRESIGNED).map(|(_, raw)| raw).unwrap_or_default();
    let file = artifacts::find(grant, &location(raw)?).await?;
    let url = format!("{}/api/2.0/mlflow-artifacts/artifacts/{raw}", base(&request, &edge));
    Ok(web::Json(json!({ "url": url, "headers": headers(&request), "file_size": file.blob.size })))
}
