use gloo_net::http::Request;
use send_wrapper::SendWrapper;
use serde_json::{Value, json};

use super::{ApiError, Operation, Reply, Transport};

/// Posts operations to `/graphql` of the page's own origin; the session cookie goes along. A page that a link opened asks by the link instead, whoever else
/// the reader may be.
pub struct Browser;

impl Transport for Browser {
    fn execute(&self, operation: Operation, variables: Value) -> Reply {
        Box::pin(SendWrapper::new(post(operation, variables)))
    }
}

async fn post(operation: Operation, variables: Value) -> Result<String, ApiError> {
    let body = json!({ "query": operation.0, "variables": variables });
    let path = leptos::prelude::location().pathname().unwrap_or_default();
    let secret = path.strip_prefix("/shared/").and_then(|rest| rest.split('/').next());
    let request = Request::post("/graphql");
    let request = match secret {
        Some(secret) => request.header("authorization", &format!("Link {secret}")),
        None => request,
    };
    let request = request.json(&body).map_err(|_| ApiError::unreadable())?;
    let response = request.send().await.map_err(|_| ApiError::unreachable())?;
    response.text().await.map_err(|_| ApiError::unreachable())
}

/// As [`super::send_at_last`].
pub fn send_at_last(operation: Operation, variables: Value) {
    let Ok(headers) = web_sys::Headers::new() else { return };
    let _ = headers.set("content-type", "application/json");
    let request = web_sys::RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&json!({ "query": operation.0, "variables": variables }).to_string().into());
    let _ = js_sys::Reflect::set(&request, &"keepalive".into(), &true.into());
    let sent = leptos::prelude::window().fetch_with_str_and_init("/graphql", &request);
    wasm_bindgen_futures::spawn_local(async move { drop(wasm_bindgen_futures::JsFuture::from(sent).await) });
}
