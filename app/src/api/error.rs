use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::ErrorCode;

/// Why an operation has no result, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What kind of refusal it is.
    pub code: ErrorCode,
    /// One or two sentences; safe to show.
    pub message: String,
    /// Finds the request in the server's log.
    pub reference: Option<String>,
    /// The input field to blame, in the spelling of the schema.
    pub field: Option<String>,
}

impl ApiError {
    fn new(code: ErrorCode, message: &str) -> Self {
        Self { code, message: message.to_owned(), reference: None, field: None }
    }

    /// The request did not reach the server, or no answer came back.
    pub fn unreachable() -> Self {
        Self::new(ErrorCode::Unavailable, "The server did not answer. Check the connection and try again.")
    }

    /// The subject of a page is absent, or hidden from the reader.
    pub fn absent(message: &str) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// The same in a page's own words where the error is that its subject is absent.
    pub fn or_absent(self, message: &str) -> Self {
        if self.is_not_found() { Self::absent(message) } else { self }
    }

    /// The answer is not of the shape this version of the app understands.
    pub fn unreadable() -> Self {
        Self::new(ErrorCode::Internal, "The answer could not be read. Reload the page to get the current version.")
    }

    /// Reads one entry of a response's `errors`.
    pub fn from_response(error: &Value) -> Self {
        let extensions = &error["extensions"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            code: super::read_value(&extensions["code"]).unwrap_or(ErrorCode::Internal),
            message: text(&error["message"]).unwrap_or_else(|| "Something went wrong on the server.".to_owned()),
            reference: text(&extensions["reference"]),
            field: text(&extensions["field"]),
        }
    }

    /// Whether the reader has to sign in first.
    pub fn is_unauthenticated(&self) -> bool {
        self.code == ErrorCode::Unauthenticated
    }

    /// Whether the subject is absent, or hidden from the reader: the two look the same.
    pub fn is_not_found(&self) -> bool {
        self.code == ErrorCode::NotFound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_api_is_read_with_its_extensions() {
        let error = ApiError::from_response(&serde_json::json!({
            "message": "The name is taken.",
            "extensions": { "code": "ALREADY_EXISTS", "reference": "req_1", "field": "name" },
        }));
        assert_eq!(error.code, ErrorCode::AlreadyExists);
        assert_eq!(error.reference.as_deref(), Some("req_1"));
        assert_eq!(error.field.as_deref(), Some("name"));
        assert_eq!(ApiError::from_response(&serde_json::json!({})).code, ErrorCode::Internal);
    }
}
