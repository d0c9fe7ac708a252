//! Requests to elsewhere, as spans.

use reqwest::{Error, Request, RequestBuilder, Response};

use super::{Span, SpanKind};

/// Sends a request. Its span says who is asked and not for what: the address of a webhook or of a sign-in is a secret. Whoever is asked is told nothing of the
/// trace.
pub async fn call(request: RequestBuilder) -> Result<Response, Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let span = begin(&request);
    let response = span.around(client.execute(request)).await.inspect_err(|_| span.fail("unreachable"))?;
    let status = response.status();
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_client_error() || status.is_server_error() {
        span.fail(status.as_u16().to_string());
    }
    Ok(response)
}

fn begin(request: &Request) -> Span {
    let span = Span::part(request.method().to_string(), SpanKind::Client);
    if span.is_recorded() {
        span.set("http.request.method", request.method().to_string());
        span.set("server.address", request.url().host_str().unwrap_or_default().to_owned());
        span.set("server.port", i64::from(request.url().port_or_known_default().unwrap_or_default()));
    }
    span
}
