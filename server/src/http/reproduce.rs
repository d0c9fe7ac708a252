//! What runs a run again, to keep: the script of a run, and the module that logs what the script needs.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use shared::{Permission, ids::RunId};

use super::{
    Edge, caller,
    routes::{Route, Who},
};
use crate::{
    access::rates::Kind,
    fault::Fault,
    features::environment::{self, MODULE},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/assay_environment.py", Who::Public, || web::to(module)),
    Route::get("/runs/{id}/reproduce.sh", Who::Needs(Permission::RunsRead), || web::to(of_run)),
];

async fn module() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/x-python; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=assay_environment.py"))
        .body(MODULE)
}

async fn of_run(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    caller::spend(&request, &edge.services, Kind::Asking, 1)?;
    let scope = caller::authenticate(&request, &edge.services).await?;
    let run: RunId = id.parse()?;
    let recipe = environment::recipe(&scope, run, &edge.services.config.public_url()).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/x-shellscript; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=reproduce.sh"))
        .body(environment::script(&recipe)))
}
