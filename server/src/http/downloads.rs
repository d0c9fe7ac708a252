//! Downloads of artifacts and exports, with a session's cookie or a token.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::Permission;

use super::{
    Edge, caller,
    files::{self, Show},
    routes::{Route, Who},
};
use crate::{
    access::rates::Kind,
    fault::Fault,
    features::{
        artifacts::{
            self,
            location::{Location, Owner, parse_model_id},
            path::ArtifactPath,
        },
        exports,
    },
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/artifacts/runs/{id}/{path:.*}", Who::Needs(Permission::ArtifactsRead), || web::to(of_run)),
    Route::get("/artifacts/models/{id}/{path:.*}", Who::Needs(Permission::ArtifactsRead), || web::to(of_model)),
    Route::get("/exports/{id}", Who::Needs(Permission::OrganizationExport), || web::to(export)),
];

async fn of_run(request: HttpRequest, edge: web::Data<Edge>, part: web::Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let owner = Owner::Run(part.0.parse()?);
    send(&request, &edge, owner).await
}

async fn of_model(request: HttpRequest, edge: web::Data<Edge>, part: web::Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let owner = match parse_model_id(&part.0) {
        Some(id) => Owner::Model(id),
        None => Owner::Model(part.0.parse()?),
    };
    send(&request, &edge, owner).await
}

/// The archive of an export. It is sent as it is, for hours if need be: who may have it was decided when it began.
async fn export(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    caller::spend(&request, &edge.services, Kind::Asking, 1)?;
    let scope = caller::authenticate(&request, &edge.services).await?;
    let grant = scope.grant()?;
    let archive = exports::download(grant, id.parse()?).await.inspect_err(|fault| scope.note(fault))?;
    files::send_archive(&request, &edge.services.blobs, &scope, &archive).await
}

async fn send(request: &HttpRequest, edge: &Edge, owner: Owner) -> Result<HttpResponse, Fault> {
    caller::spend(request, &edge.services, Kind::Asking, 1)?;
    let scope = caller::authenticate(request, &edge.services).await?;
    let grant = scope.grant()?;
    let asked = |name: &str| request.query_string().split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let number = |text: &str| text.parse::<i32>().map_err(|_| Fault::invalid("version", "A version is a whole number."));
    let at = Location { owner, path: raw_path(request)? };
    let file = artifacts::find_version(grant, &at, asked("version").map(number).transpose()?).await?;
    let show = if asked("inline") == Some("1") { Show::Inline } else { Show::Download };
    files::send(request, &edge.services.blobs, &scope, &file, show).await
}

/// The path as it was sent: the router decodes in part, and a path is decoded exactly once.
fn raw_path(request: &HttpRequest) -> Result<ArtifactPath, Fault> {
    let raw = request.uri().path().splitn(5, '/').nth(4).unwrap_or_default();
    Ok(ArtifactPath::decode(raw)?.file()?)
}
