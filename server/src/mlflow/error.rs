//! Errors of the MLflow edge: `{"error_code": …, "message": …}` with MLflow's own names and statuses.
//!
//! The client retries 408, 429 and every 5xx for about four minutes and then loses the message, so a permanent error is never one of those.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;
use shared::ErrorCode;

use crate::fault::{Fault, Missing};

/// Error names of the MLflow protocol that this server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidParameterValue,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    ResourceConflict,
    EndpointNotFound,
    Unauthenticated,
    PermissionDenied,
    PayloadTooLarge,
    StorageFull,
    /// The client sends such a request again by itself.
    TooSlow,
    DigestMismatch,
    RequestLimitExceeded,
    NotImplemented,
    TemporarilyUnavailable,
    InternalError,
}

impl Code {
    /// The name on the wire. A body that is too large, or not what was declared, has no name in MLflow; its client derives the class from the name alone.
    pub fn name(self) -> &'static str {
        match self {
            Code::InvalidParameterValue | Code::PayloadTooLarge | Code::DigestMismatch => "INVALID_PARAMETER_VALUE",
            Code::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Code::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Code::ResourceConflict => "RESOURCE_CONFLICT",
            Code::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::StorageFull => "RESOURCE_EXHAUSTED",
            Code::RequestLimitExceeded => "REQUEST_LIMIT_EXCEEDED",
            Code::NotImplemented => "NOT_IMPLEMENTED",
            Code::TemporarilyUnavailable | Code::TooSlow => "TEMPORARILY_UNAVAILABLE",
            Code::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The HTTP status MLflow pairs with the name. "Already exists" is 400 there, and clients look at the name only.
    pub fn status(self) -> StatusCode {
        match self {
            Code::InvalidParameterValue | Code::ResourceAlreadyExists => StatusCode::BAD_REQUEST,
            Code::ResourceDoesNotExist | Code::EndpointNotFound => StatusCode::NOT_FOUND,
            Code::ResourceConflict => StatusCode::CONFLICT,
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
            Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::PayloadTooLarge | Code::StorageFull => StatusCode::PAYLOAD_TOO_LARGE,
            Code::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Code::DigestMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Code::RequestLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
            Code::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Error {
    pub code: Code,
    pub message: String,
    /// What was named by an id and not found.
    pub missing: Option<Box<Missing>>,
    /// The file that was met and is damaged.
    pub damaged: Option<Box<str>>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), missing: None, damaged: None }
    }

    /// 400 with the caller's mistake in words.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// 404 for a thing that is absent, or that the caller may not see.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }

    /// 400 for a required field that is absent or empty.
    pub fn required(field: &str) -> Self {
        Self::invalid(format!("Missing value for required parameter '{field}'. See the API docs for more information about request parameters."))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let code = match fault.code() {
            ErrorCode::Unauthenticated => Code::Unauthenticated,
            ErrorCode::Forbidden => Code::PermissionDenied,
            ErrorCode::NotFound => Code::ResourceDoesNotExist,
            ErrorCode::AlreadyExists => Code::ResourceAlreadyExists,
            ErrorCode::Invalid | ErrorCode::Conflict | ErrorCode::LimitExceeded | ErrorCode::UnsupportedMediaType => Code::InvalidParameterValue,
            ErrorCode::TooManyRequests => Code::RequestLimitExceeded,
            ErrorCode::PayloadTooLarge => Code::PayloadTooLarge,
            ErrorCode::StorageFull => Code::StorageFull,
            ErrorCode::TooSlow => Code::TooSlow,
            ErrorCode::DigestMismatch => Code::DigestMismatch,
            ErrorCode::MethodNotAllowed => Code::EndpointNotFound,
            ErrorCode::NotImplemented => Code::NotImplemented,
            ErrorCode::Unavailable => Code::TemporarilyUnavailable,
            ErrorCode::IntegrityError | ErrorCode::Internal => Code::InternalError,
        };
        let message = match fault.reference() {
            Some(reference) => format!("{} (reference {reference})", fault.message()),
            None => fault.message().to_owned(),
        };
        Self { code, message, missing: fault.what_is_missing().cloned().map(Box::new), damaged: fault.what_is_damaged().map(Box::from) }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.code.status());
        if self.code == Code::Unauthenticated {
            answer.insert_header(("WWW-Authenticate", "Basic realm=\"mlflow\""));
        }
        // Not for an outage: the client would wait no longer than it is told, and give up sooner than it does by itself.
        if self.code == Code::RequestLimitExceeded {
            answer.insert_header(("Retry-After", crate::http::RETRY_AFTER));
        }
        answer.json(json!({ "error_code": self.code.name(), "message": self.message }))
    }
}
