//! Errors as the protocol has them (RFC 7644, section 3.12).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Value, json};
use shared::ErrorCode;

use super::call::MEDIA_TYPE;
use crate::{
    fault::Fault,
    features::scim::{ScimError, Wrong},
    http,
};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    status: u16,
    /// One of the protocol's words, where it has one.
    scim_type: Option<&'static str>,
    detail: String,
}

impl Error {
    fn new(status: u16, scim_type: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into() }
    }

    pub fn syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidSyntax"), detail)
    }

    pub fn value(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidValue"), detail)
    }

    pub fn path(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidPath"), detail)
    }

    pub fn filter(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidFilter"), detail)
    }

    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(400, Some("mutability"), detail)
    }

    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(400, Some("noTarget"), detail)
    }

    pub fn not_here(detail: impl Into<String>) -> Self {
        Self::new(404, None, detail)
    }

    pub fn method() -> Self {
        Self::new(405, None, "This address does not take the method.")
    }

    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    pub fn media_type() -> Self {
        Self::new(415, None, "Send application/scim+json.")
    }

    /// The body of the answer.
    fn body(&self) -> Value {
        let mut body = json!({ "schemas": [SCHEMA], "status": self.status.to_string(), "detail": self.detail });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = json!(scim_type);
        }
        body
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let scim_type = match fault.code() {
            ErrorCode::Invalid => Some("invalidValue"),
            ErrorCode::AlreadyExists => Some("uniqueness"),
            _ => None,
        };
        let detail = match fault.reference() {
            Some(reference) => format!("{} (reference {reference})", fault.message()),
            None => fault.message().to_owned(),
        };
        Self::new(fault.code().status(), scim_type, detail)
    }
}

impl From<ScimError> for Error {
    fn from(error: ScimError) -> Self {
        match error {
            ScimError::Invalid(wrong, why) => match wrong {
                Wrong::Filter => Self::filter(why),
                Wrong::Path => Self::path(why),
                Wrong::NoTarget => Self::no_target(why),
                Wrong::Value => Self::value(why),
                Wrong::Syntax => Self::syntax(why),
                Wrong::Mutability => Self::mutability(why),
            },
            ScimError::Taken(why) => Self::new(409, Some("uniqueness"), why),
            ScimError::Stale => Self::new(412, None, "It was changed meanwhile. Read it again, and send its version in If-Match."),
            ScimError::Fault(fault) => fault.into(),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match self.status {
            401 => answer.insert_header(("WWW-Authenticate", "Bearer realm=\"assay\"")),
            429 | 503 => answer.insert_header(("Retry-After", http::RETRY_AFTER)),
            _ => &mut answer,
        };
        answer.content_type(MEDIA_TYPE).body(self.body().to_string())
    }
}
