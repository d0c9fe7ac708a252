//! `POST /graphql`: JSON in, JSON out.

use actix_web::{HttpRequest, HttpResponse, http::header, middleware::Compress, web};
use async_graphql::{BatchRequest, Request};
use shared::ErrorCode;

use super::{
    Edge, body, caller,
    once::Once,
    render,
    routes::{Route, Who},
};
use crate::{
    access::rates::Kind,
    fault::Fault,
    graphql::{self, BATCH_MAX, BODY_MAX},
};

/// What of the schema answers whom is decided field by field.
pub(super) const ROUTES: &[Route] = &[
    Route::post("/graphql", Who::Public, || web::to(post).wrap(Compress::default())),
    Route::any("/graphql", Who::Public, || web::to(wrong_method)),
];

async fn wrong_method() -> HttpResponse {
    render::response(&Fault::new(ErrorCode::MethodNotAllowed, "GraphQL is asked by POST with a JSON body."))
}

async fn post(request: HttpRequest, payload: web::Payload, edge: web::Data<Edge>) -> Result<HttpResponse, Fault> {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        return Err(Fault::new(ErrorCode::UnsupportedMediaType, "Send the query as application/json."));
    }
    let body = body::read(payload, BODY_MAX).await?;
    let unreadable = |_| Fault::new(ErrorCode::Invalid, "The body is not a GraphQL request in JSON.");
    serde_json::from_slice::<Once>(&body).map_err(unreadable)?;
    let mut batch: BatchRequest = serde_json::from_slice(&body).map_err(unreadable)?;
    let operations = match &mut batch {
        BatchRequest::Single(operation) => std::slice::from_mut(operation),
        BatchRequest::Batch(operations) => operations,
    };
    if let Err(fault) = spend(&request, &edge, operations) {
        return Ok(too_many(&fault));
    }
    if !operations.iter_mut().any(graphql::changes) {
        caller::note_reading(&request);
    }
    let scope = caller::scope_of(&request, &edge.services).await?;
    match batch {
        BatchRequest::Single(operation) => {
            let response = graphql::execute(&edge.schema, scope, operation).await;
            Ok(answer(&request, &response).await)
        }
        BatchRequest::Batch(mut operations) => {
            check_batch(&mut operations)?;
            let mut responses = Vec::with_capacity(operations.len());
            for operation in operations {
                responses.push(graphql::execute(&edge.schema, scope.clone(), operation).await);
            }
            drop(scope);
            Ok(answer(&request, &responses).await)
        }
    }
}

/// Counts every field of the root, so that twenty attempts under twenty names are not one.
fn spend(request: &HttpRequest, edge: &Edge, operations: &mut [Request]) -> Result<(), Fault> {
    let attempts = operations.iter_mut().take(BATCH_MAX).map(graphql::attempts).sum();
    if caller::spend(request, &edge.services, Kind::Asking, attempts)? {
        return Ok(());
    }
    edge.services.rates.spend_at(&caller::request_info(request).address, attempts)
}

/// In the form of GraphQL, which whoever asks reads anyway.
fn too_many(fault: &Fault) -> HttpResponse {
    HttpResponse::build(render::status(fault)).insert_header((header::RETRY_AFTER, render::RETRY_AFTER)).json(graphql::refused(fault))
}

/// The answer, once what was tried in vain is in the audit log.
async fn answer(request: &HttpRequest, body: &impl serde::Serialize) -> HttpResponse {
    match caller::let_go(request).await {
        Ok(()) => HttpResponse::Ok().json(body),
        Err(fault) => HttpResponse::Ok().json(graphql::refused(&fault)),
    }
}

fn check_batch(operations: &mut [Request]) -> Result<(), Fault> {
    if operations.len() > BATCH_MAX {
        return Err(Fault::new(ErrorCode::LimitExceeded, format!("A batch holds at most {BATCH_MAX} operations.")));
    }
    if operations.len() > 1 && operations.iter_mut().any(graphql::changes) {
        return Err(Fault::new(ErrorCode::LimitExceeded, "A batch holds queries only. Send each mutation alone."));
    }
    Ok(())
}
