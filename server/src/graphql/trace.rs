//! The span of an operation.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use async_graphql::{Request, Response, Value, parser::types::OperationType};
use shared::ErrorCode;

use crate::platform::telemetry::{Span, SpanKind};

/// Names of operations that are told apart: whoever asks chooses them, and what keeps traces keeps an index of them.
const NAMES_MAX: usize = 1_000;
/// The longest of them.
const NAME_MAX: usize = 64;
/// What stands for every further one.
const OTHER: &str = "other";

/// Begins the span, with type and name of what is asked for.
pub fn begin(request: &mut Request) -> Span {
    let span = Span::part("GraphQL", SpanKind::Internal);
    if !span.is_recorded() {
        return span;
    }
    let wanted = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else { return span };
    let mut operations = document.operations.iter();
    let operation = match &wanted {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted)),
        None => operations.next(),
    };
    let Some((name, operation)) = operation else { return span };
    let kind = match operation.node.ty {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    };
    span.set("graphql.operation.type", kind);
    match name {
        Some(name) => {
            let name = known(name.as_str());
            span.rename(format!("{kind} {name}"));
            span.set("graphql.operation.name", name);
        }
        None => span.rename(kind),
    }
    span
}

/// Says what came of it. A refusal is no failure of ours.
pub fn end(span: &Span, response: &Response) {
    if response.errors.is_empty() || !span.is_recorded() {
        return;
    }
    span.set("assay.graphql.errors", response.errors.len() as i64);
    let code = |error: &async_graphql::ServerError| match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code.clone()),
        _ => None,
    };
    let codes: Vec<String> = response.errors.iter().filter_map(code).collect();
    let ours = [ErrorCode::Internal, ErrorCode::Unavailable].map(ErrorCode::as_str);
    match codes.iter().find(|code| ours.contains(&code.as_str())) {
        Some(failure) => span.fail(failure.clone()),
        None => codes.first().into_iter().for_each(|code| span.set("error.type", code.clone())),
    }
}

fn known(name: &str) -> String {
    static NAMES: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    if name.len() > NAME_MAX {
        return OTHER.to_owned();
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if names.contains(name) || (names.len() < NAMES_MAX && names.insert(name.to_owned())) { name.to_owned() } else { OTHER.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_callers_make_up_are_told_apart_up_to_a_limit() {
        assert_eq!(known("Runs"), "Runs");
        assert_eq!(known(&"n".repeat(65)), OTHER);
        for n in 0..2 * NAMES_MAX {
            known(&format!("Made{n}"));
        }
        assert_eq!((known("Made1").as_str(), known("OneMore").as_str(), known("Runs").as_str()), ("Made1", OTHER, "Runs"));
    }
}
