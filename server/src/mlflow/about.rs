//! What clients ask of the server itself.

use actix_web::{HttpResponse, http::Method, web};
use serde_json::json;

use super::{Answer, Endpoint};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::public(Method::GET, "mlflow/server-info", || web::to(server_info))];

/// The version of the protocol. From 3.4 on clients send spans to `/v1/traces`.
const PROTOCOL: &str = "3.17.2";

/// Mounted under their whole paths.
pub(super) const WHOLE_PATHS: &[Endpoint] =
    &[Endpoint::public(Method::GET, "/health", || web::to(health)), Endpoint::public(Method::GET, "/version", || web::to(version))];

async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK")
}

async fn version() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(PROTOCOL)
}

async fn server_info() -> Answer<serde_json::Value> {
    Ok(web::Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": true,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": true,
        // Offered to who asks; as a default it would cost every small file a second request.
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": { "gateway": false },
    })))
}
