//! Reports of comparisons, to keep: `/compare/report?format=pdf` and the parameters of the page.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use shared::{Permission, comparison::Wish};

use super::{
    Edge, caller,
    routes::{Route, Who},
};
use crate::{
    access::rates::Kind,
    fault::Fault,
    features::comparison::report::{self, Format},
};

pub(super) const ROUTES: &[Route] = &[Route::get("/compare/report", Who::Needs(Permission::RunsRead), || web::to(of_comparison))];

async fn of_comparison(request: HttpRequest, edge: web::Data<Edge>, query: web::Query<Vec<(String, String)>>) -> Result<HttpResponse, Fault> {
    caller::spend(&request, &edge.services, Kind::Asking, 1)?;
    let scope = caller::authenticate(&request, &edge.services).await?;
    let pairs = || query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let format = Format::parse(pairs().find(|(name, _)| *name == "format").map_or("", |(_, value)| value))?;
    let report = report::report(&scope, &Wish::read(pairs()), format, &edge.services.config.public_url()).await?;
    let day = scope.now().format("%Y-%m-%d");
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"comparison-{day}.{}\"", format.ending())))
        .body(report))
}
