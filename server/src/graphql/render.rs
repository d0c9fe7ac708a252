//! The one place where a fault becomes a GraphQL error.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use shared::ErrorCode;

use crate::{access::Scope, fault::Fault};

/// A response that is one refusal.
pub fn refused(fault: &Fault) -> Response {
    let mut error = ServerError::new(fault.message(), None);
    error.extensions = Some(extensions(fault));
    Response::from_errors(vec![error])
}

/// Gives every error its code. Errors that are not ours come from reading or limiting the query.
pub fn errors(mut response: Response) -> Response {
    for error in &mut response.errors {
        let values = match fault_of(error) {
            Some(fault) => extensions(fault),
            None => code(if is_limit(&error.message) { ErrorCode::LimitExceeded } else { ErrorCode::Invalid }),
        };
        error.extensions = Some(values);
        error.source = None;
    }
    response
}

/// Remembers what was named and not found, of every part of a response.
pub fn note(scope: &Scope, response: &Response) {
    response.errors.iter().filter_map(fault_of).for_each(|fault| scope.note(fault));
}

fn fault_of(error: &ServerError) -> Option<&Fault> {
    let source = error.source.as_ref()?;
    source.downcast_ref::<Arc<Fault>>().map(|fault| &**fault).or_else(|| source.downcast_ref::<Fault>())
}

fn is_limit(message: &str) -> bool {
    ["too complex", "too deep", "recursion", "too many", "directives"].iter().any(|word| message.to_ascii_lowercase().contains(word))
}

fn code(code: ErrorCode) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    values.set("code", code.as_str());
    values
}

fn extensions(fault: &Fault) -> ErrorExtensionValues {
    let mut values = code(fault.code());
    if let Some(reference) = fault.reference() {
        values.set("reference", Value::String(reference));
    }
    if let Some(field) = fault.field() {
        values.set("field", field);
    }
    values
}
