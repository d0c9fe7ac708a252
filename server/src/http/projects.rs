//! The project that the reader's lists show. It is kept in a cookie: a choice and no right, so what is in it is believed no further than to show less.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::{Permission, ids::ProjectId};

use super::{
    Edge, caller,
    fields::{Fields, field},
    forms,
    routes::{Route, Who},
};
use crate::{fault::Fault, features::projects};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/project", Who::SignedIn, || web::to(choose)),
    Route::post("/new-project", Who::Needs(Permission::ProjectsWrite), || web::to(create)),
];

/// Remembers the choice for a year and goes on; whatever is no id means all projects.
async fn choose(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    caller::authenticate(&request, &edge.services).await?;
    let chosen = field(&fields, "project").parse().ok();
    Ok(remembering(&edge, chosen, forms::own_path(&edge.pages, field(&fields, "next"))))
}

/// Creates a project and goes into it.
async fn create(request: HttpRequest, edge: web::Data<Edge>, fields: Fields) -> Result<HttpResponse, Fault> {
    let scope = caller::authenticate(&request, &edge.services).await?;
    let outcome = match scope.grant() {
        Ok(grant) => projects::create(grant, field(&fields, "name")).await,
        Err(fault) => Err(fault),
    };
    Ok(match outcome {
        Ok(project) => remembering(&edge, Some(project.id), "/experiments"),
        Err(fault) => forms::refused_inside(&request, &edge, Some(scope), &fields, &fault).await,
    })
}

fn remembering(edge: &Edge, project: Option<ProjectId>, next: &str) -> HttpResponse {
    let id = project.map(|id| id.to_string()).unwrap_or_default();
    forms::with_cookie(forms::see_other(next), forms::lasting_cookie(&edge.services.config, "project", &id))
}
