//! For orchestrators and monitoring.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use metrics_exporter_prometheus::PrometheusHandle;

use super::{
    Edge,
    routes::{Route, Who},
};
use crate::services::Services;

/// Headers by which a proxy says that it asks for somebody else.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

pub(super) const ROUTES: &[Route] = &[
    Route::any("/healthz", Who::Public, || web::to(alive)),
    Route::any("/readyz", Who::Public, || web::to(ready)),
    Route::any("/metrics", Who::Loopback, || web::to(metrics)),
];

pub(super) async fn alive() -> &'static str {
    "OK"
}

async fn ready(edge: web::Data<Edge>) -> HttpResponse {
    readiness(edge.services.clone()).await
}

pub(super) async fn readiness(services: Services) -> HttpResponse {
    if services.vault.ready().await {
        HttpResponse::Ok().body("OK")
    } else {
        HttpResponse::ServiceUnavailable().body("the database is away or not migrated")
    }
}

/// Measurements for a scraper on this machine. A proxy on this machine is none: behind one, they are had at an address of their own only.
async fn metrics(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let proxied = edge.services.config.behind_proxy || FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    let local = !proxied && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    match &edge.metrics {
        Some(handle) if local => measurements(handle),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// In Prometheus' text format.
pub(super) fn measurements(handle: &PrometheusHandle) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").insert_header((header::CACHE_CONTROL, "no-store")).body(handle.render())
}
