//! Spans as OpenTelemetry's exporters send them: OTLP over HTTP, in protobuf.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Decompress,
    http::{Method, header},
    web,
};
use bytes::BytesMut;
use futures::StreamExt;
use shared::Permission;

use super::{
    Code, Endpoint, Error,
    call::{MAX_BODY, caller},
    experiments::reference,
    runs::run_id,
    wire::Text,
};
use crate::{
    fault::Fault,
    features::traces::{self, WriteTraces, otlp},
};

/// Mounted under its whole path.
pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::new(Method::POST, "/v1/traces", Permission::RunsWrite, || web::to(export))];

async fn export(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let scope = caller(&request).await?;
    let grant = scope.grant::<WriteTraces>()?;
    let named = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(|text| Text(text.to_owned()));
    let kind = named("content-type").unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-protobuf")) {
        return Err(Error::invalid("Invalid Content-Type. Expected: application/x-protobuf"));
    }
    let experiment = reference("x-mlflow-experiment-id", named("x-mlflow-experiment-id"))?;
    let run = named("x-mlflow-run-id").map(|id| run_id(Some(id), None)).transpose()?;
    let body = read(&request, payload).await?;
    let spans = otlp::read(&body).map_err(Fault::from)?;
    traces::log_spans(grant, experiment, run, &spans).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/x-protobuf")).finish())
}

/// The body, decompressed as its `Content-Encoding` says; what it grows to is counted, not what it says.
async fn read(request: &HttpRequest, payload: web::Payload) -> Result<BytesMut, Error> {
    let mut payload = Decompress::from_headers(payload, request.headers());
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::invalid("The request body could not be read"))?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::new(Code::PayloadTooLarge, format!("The request body is larger than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
