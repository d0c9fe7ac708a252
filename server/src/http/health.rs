//! For orchestrators and monitoring.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Edge,
    routes::{Route, Who},
};

pub(super) const ROUTES: &[Route] = &[
    Route::any("/healthz", Who::Public, || web::to(alive)),
    Route::any("/readyz", Who::Public, || web::to(ready)),
    Route::any("/metrics", Who::Loopback, || web::to(metrics)),
];

async fn alive() -> &'static str {
    "OK"
}

async fn ready(edge: web::Data<Edge>) -> HttpResponse {
    if edge.services.vault.ready().await {
        HttpResponse::Ok().body("OK")
    } else {
        HttpResponse::ServiceUnavailable().body("the database is away or not migrated")
    }
}

/// Measurements in Prometheus' text format, for a scraper on this machine.
async fn metrics(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let local = request.peer_addr().is_none_or(|peer| peer.ip().is_loopback());
    match &edge.metrics {
        Some(handle) if local => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render()),
        _ => HttpResponse::NotFound().finish(),
    }
}
