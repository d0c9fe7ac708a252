//! Health and measurements on an address of their own: a worker has no other.

use std::net::TcpListener;

use actix_web::{App, HttpServer, dev::Server, web};
use metrics_exporter_prometheus::PrometheusHandle;

use super::health::{alive, measurements, readiness};
use crate::services::Services;

/// Answers to whoever reaches the address.
///
/// # Errors
/// When the socket cannot be used.
pub fn monitor(services: Services, metrics: PrometheusHandle, listener: TcpListener) -> std::io::Result<Server> {
    let app = move || {
        let (services, metrics) = (services.clone(), metrics.clone());
        App::new()
            .service(web::resource("/healthz").get(alive))
            .service(web::resource("/readyz").get(move || readiness(services.clone())))
            .service(web::resource("/metrics").get(move || std::future::ready(measurements(&metrics))))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}
