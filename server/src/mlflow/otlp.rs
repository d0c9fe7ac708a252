//! Spans as OpenTelemetry's exporters send them: OTLP over HTTP, in protobuf.

use std::io::Read;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use bytes::BytesMut;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use shared::Permission;

use super::{
    Code, Endpoint, Error,
    call::{MAX_BODY, caller_with},
    experiments::reference,
    runs::run_id,
    wire::Text,
};
use crate::{
    fault::Fault,
    features::traces::{self, WriteTraces, otlp},
    http::body,
};

/// Mounted under its whole path.
pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::new(Method::POST, "/v1/traces", Permission::RunsWrite, || web::to(export))];

async fn export(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let (scope, body) = caller_with(&request, async { Ok(body::read(payload, MAX_BODY).await?) }).await?;
    let grant = scope.grant::<WriteTraces>()?;
    let named = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(|text| Text(text.to_owned()));
    let kind = named("content-type").unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-protobuf")) {
        return Err(Error::invalid("Invalid Content-Type. Expected: application/x-protobuf"));
    }
    let experiment = reference("x-mlflow-experiment-id", named("x-mlflow-experiment-id"))?;
    let run = named("x-mlflow-run-id").map(|id| run_id(Some(id), None)).transpose()?;
    let body = inflate(&request, body).await?;
    let spans = otlp::read(&body).map_err(Fault::from)?;
    traces::log_spans(grant, experiment, run, &spans).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/x-protobuf")).finish())
}

/// A body that came, inflated as its `Content-Encoding` says.
///
/// # Errors
/// 413 when it grows beyond [`MAX_BODY`], of which no more than that is inflated; 400 when it is cut off or of another encoding.
async fn inflate(request: &HttpRequest, body: BytesMut) -> Result<Vec<u8>, Error> {
    let mut encodings = request.headers().get_all(header::CONTENT_ENCODING);
    let encoding = encodings.next().map_or("identity", |value| value.to_str().unwrap_or_default()).to_ascii_lowercase();
    if encoding == "identity" && encodings.next().is_none() {
        return Ok(body.into());
    }
    if encodings.next().is_some() || !["gzip", "deflate"].contains(&encoding.as_str()) {
        return Err(Error::invalid("Invalid Content-Encoding. Expected: gzip or deflate"));
    }
    let inflated = web::block(move || {
        let mut inflated = Vec::new();
        let most = MAX_BODY as u64 + 1;
        if encoding == "gzip" {
            MultiGzDecoder::new(&body[..]).take(most).read_to_end(&mut inflated)
        } else {
            ZlibDecoder::new(&body[..]).take(most).read_to_end(&mut inflated)
        }
        .map(|_| inflated)
    });
    let inflated = inflated.await.map_err(Fault::internal)?.map_err(|_| Error::invalid("The request body could not be read"))?;
    if inflated.len() > MAX_BODY {
        return Err(Error::new(Code::PayloadTooLarge, format!("The request body is larger than {MAX_BODY} bytes")));
    }
    Ok(inflated)
}
