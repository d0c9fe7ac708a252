//! The one place where a fault becomes an HTTP answer (the MLflow edge has its own form).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;
use shared::ErrorCode;

use crate::fault::Fault;

/// Seconds after which a request that was one too many, or found the database away, is worth another try.
pub const RETRY_AFTER: &str = "5";

/// The answer to a fault, as JSON.
pub fn response(fault: &Fault) -> HttpResponse {
    let mut answer = HttpResponse::build(status(fault));
    if fault.code() == ErrorCode::Unauthenticated {
        answer.insert_header(("WWW-Authenticate", "Bearer realm=\"assay\""));
    }
    if matches!(fault.code(), ErrorCode::TooManyRequests | ErrorCode::Unavailable) {
        answer.insert_header(("Retry-After", RETRY_AFTER));
    }
    answer.json(
        json!({ "error": { "code": fault.code().as_str(), "message": fault.message(), "field": fault.field(), "reference": fault.reference() } }),
    )
}

/// The status that goes with a fault.
pub fn status(fault: &Fault) -> StatusCode {
    StatusCode::from_u16(fault.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        status(self)
    }

    fn error_response(&self) -> HttpResponse {
        response(self)
    }
}
