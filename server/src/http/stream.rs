//! `GET /graphql/stream`: GraphQL subscriptions as server-sent events, in the "distinct connections" form of graphql-sse, so that a browser's own
//! `EventSource` reads them. A reader that is slow makes the stream wait, not the server remember.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use async_graphql::{Request, Variables, parser::types::OperationType};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use shared::ErrorCode;

use super::{
    Edge, caller, guard, render,
    routes::{Route, Who},
};
use crate::{access::rates::Kind, fault::Fault, graphql};

/// A line nobody reads, by which both ends find out that the other is gone.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Bytes of an address's query.
const QUERY_MAX: usize = 8 * 1024;

pub(super) const ROUTES: &[Route] =
    &[Route::get("/graphql/stream", Who::SignedIn, || web::to(get)), Route::any("/graphql/stream", Who::Public, || web::to(wrong_method))];

async fn wrong_method() -> HttpResponse {
    render::response(&Fault::new(ErrorCode::MethodNotAllowed, "Subscriptions are asked by GET."))
}

#[derive(Deserialize)]
struct Asked {
    query: String,
    #[serde(default)]
    variables: Option<String>,
}

fn invalid<E>(_: E) -> Fault {
    Fault::new(ErrorCode::Invalid, "Send the subscription as `query`, its variables as JSON in `variables`.")
}

async fn get(request: HttpRequest, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    guard::check_listener(request.headers(), &edge.services.config)?;
    if let Err(fault) = caller::spend(&request, &edge.services, Kind::Asking, 1) {
        return if wants_events(&request) { Ok(refusal(&fault)) } else { Err(fault) };
    }
    let scope = match caller::authenticate(&request, &edge.services).await {
        Err(fault) if fault.code() == ErrorCode::Unauthenticated && wants_events(&request) => return Ok(refusal(&fault)),
        found => found?,
    };
    // The stream outlives the request: it proves itself again for each look, and holds no connection between.
    scope.rest();
    if request.query_string().len() > QUERY_MAX {
        return Err(Fault::new(ErrorCode::LimitExceeded, format!("The address holds more than {QUERY_MAX} bytes.")));
    }
    let asked = web::Query::<Asked>::from_query(request.query_string()).map_err(invalid)?.into_inner();
    let variables = match asked.variables.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Variables::from_json(serde_json::from_str(text).map_err(invalid)?),
        None => Variables::default(),
    };
    // An address may be opened from anywhere: nothing but listening is done by it.
    let document = async_graphql::parser::parse_query(&asked.query).map_err(invalid)?;
    if document.operations.iter().any(|(_, operation)| operation.node.ty != OperationType::Subscription) {
        return Err(Fault::new(ErrorCode::MethodNotAllowed, "Only subscriptions are asked here. Queries and mutations are posted to /graphql."));
    }
    let responses = graphql::execute_stream(&edge.schema, scope, Request::new(asked.query).variables(variables));
    let events = responses.map(|response| {
        let data = serde_json::to_string(&response).unwrap_or_default();
        Bytes::from(format!("event: next\ndata: {data}\n\n"))
    });
    let last = stream::once(async { Bytes::from_static(b"event: complete\ndata: {}\n\n") });
    Ok(HttpResponse::Ok()
        .content_type(EVENTS)
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(alive(events.chain(last)).map(Ok::<_, Fault>)))
}

const EVENTS: &str = "text/event-stream";

/// Whether a browser's `EventSource` asks.
fn wants_events(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == EVENTS.as_bytes())
}

/// A refusal as an event: an `EventSource` can read nothing else, and reports any other answer as an error of the page, though that a session ends while a
/// page is open is none.
fn refusal(fault: &Fault) -> HttpResponse {
    let data = serde_json::json!({ "errors": [{ "message": fault.message(), "extensions": { "code": fault.code().as_str() } }] });
    HttpResponse::Ok()
        .content_type(EVENTS)
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(format!("event: next\ndata: {data}\n\nevent: complete\ndata: {{}}\n\n"))
}

/// The stream, with a comment whenever it is silent for long; the first at once, so that the reader knows it is heard.
fn alive(events: impl Stream<Item = Bytes> + 'static) -> impl Stream<Item = Bytes> {
    let hello = stream::once(async { Bytes::from_static(b"retry: 3000\n: open\n\n") });
    let rest = stream::unfold(Box::pin(events), |mut events| async move {
        match tokio::time::timeout(ALIVE_EVERY, events.next()).await {
            Ok(Some(event)) => Some((event, events)),
            Ok(None) => None,
            Err(_) => Some((Bytes::from_static(b": alive\n\n"), events)),
        }
    });
    hello.chain(rest)
}
