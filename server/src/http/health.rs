//! For orchestrators and monitoring.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Edge;

pub fn configure(app: &mut web::ServiceConfig) {
    app.service(web::resource("/healthz").get(alive)).service(web::resource("/readyz").get(ready)).service(web::resource("/metrics").get(metrics));
}

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
