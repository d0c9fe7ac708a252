//! What people and tools need to know the API: its schema as a file, and GraphiQL as whoever is signed in.
//!
//! GraphiQL is the pinned package that `infra/web` puts beside the app. It is loaded on its own page alone, under a policy as strict as any other page's: scripts
//! by nonce, nothing from elsewhere, no evaluated code.

use actix_web::{HttpRequest, HttpResponse, http::header, middleware::Compress, web};
use app::Theme;
use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

use super::{
    Edge, caller,
    routes::{Route, Who},
};
use crate::{access::rates::Kind, fault::Fault, graphql};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/schema.graphql", Who::SignedIn, || web::to(schema).wrap(Compress::default())),
    Route::get("/graphiql", Who::SignedIn, || web::to(graphiql).wrap(Compress::default())),
];

/// The schema in its definition language, as clients' generators read it.
async fn schema(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    caller::spend(&request, &edge.services, Kind::Asking, 1)?;
    caller::authenticate(&request, &edge.services).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"schema.graphql\""))
        .body(graphql::sdl()))
}

async fn graphiql(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    caller::spend(&request, &edge.services, Kind::Asking, 1)?;
    if caller::scope_of(&request, &edge.services).await.ok().flatten().is_none() {
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/sign-in?next=/graphiql")).finish());
    }
    let site = edge.assets.manifest();
    let theme = request.cookie("theme").map_or(Theme::System, |cookie| Theme::parse(cookie.value()));
    let nonce = STANDARD.encode([Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat());
    // The styles that its menus put into the page while they are open carry the nonce. Its editor's question for a line to jump to, and tables in descriptions,
    // are made from HTML with attributes of style: one styles its own element and loads nothing from elsewhere. The app's own pages have none.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    );
    let attribute = theme.attribute().map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default();
    let scripts: String = site.graphiql.scripts.iter().map(|name| format!("<script nonce=\"{nonce}\" src=\"/pkg/{name}\" defer></script>")).collect();
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"{attribute}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>GraphiQL · Assay</title><link rel=\"icon\" href=\"/pkg/{}\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"/pkg/{}\"><link rel=\"stylesheet\" href=\"/pkg/{}\">\
         <script nonce=\"{nonce}\">window.__webpack_nonce__ = \"{nonce}\";</script>{scripts}</head>\
         <body class=\"graphiql-page\"><header class=\"graphiql-back\"><h1>GraphiQL</h1><a href=\"/api-access\">Back to Assay</a></header>\
         <main id=\"graphiql\"><noscript>GraphiQL needs scripts. The schema is at <a href=\"/schema.graphql\">/schema.graphql</a>.</noscript></main></body></html>",
        site.favicon, site.css, site.graphiql.css,
    );
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((header::CONTENT_SECURITY_POLICY, policy)).body(html))
}
