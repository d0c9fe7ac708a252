//! What is known about the reader's visit on the server and in the browser alike: the address the
//! app is reached at, and the small choices kept in this browser.

use leptos::prelude::*;

use crate::document::PublicUrl;

/// The `Cookie` header of the request. The server provides it by context.
#[derive(Clone, Debug, Default)]
pub struct Cookies(pub String);

/// The address a client connects to, without a slash at its end. Call it at the root of a page.
pub fn use_origin() -> String {
    SharedValue::new(|| use_context::<PublicUrl>().map(|url| url.0).unwrap_or_else(page_origin)).into_inner()
}

/// A cookie of this site that scripts may read. Call it at the root of a page: hydration sees what the server saw.
pub fn use_cookie(name: &str) -> Option<String> {
    SharedValue::new(|| cookie(&use_context::<Cookies>().map_or_else(own_cookies, |cookies| cookies.0), name)).into_inner()
}

/// Keeps a choice in this browser for a year, as a cookie of all pages; `None` forgets it.
pub fn remember(name: &str, value: Option<&str>) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let kept = leptos_router::location::Url::escape(value.unwrap_or_default());
        let age = if value.is_some() { 31_536_000 } else { 0 };
        if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
            let _ = document.set_cookie(&format!("{name}={kept}; Path=/; Max-Age={age}; SameSite=Lax"));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (name, value);
}

/// The value of a cookie in a `Cookie` header; `None` when it is empty.
fn cookie(header: &str, name: &str) -> Option<String> {
    let value = header.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(leptos_router::location::Url::unescape(value)).filter(|value| !value.is_empty())
}

#[cfg(feature = "hydrate")]
fn own_cookies() -> String {
    use wasm_bindgen::JsCast;
    document().dyn_ref::<web_sys::HtmlDocument>().and_then(|document| document.cookie().ok()).unwrap_or_default()
}

#[cfg(not(feature = "hydrate"))]
fn own_cookies() -> String {
    String::new()
}

#[cfg(feature = "hydrate")]
fn page_origin() -> String {
    window().location().origin().unwrap_or_default()
}

#[cfg(not(feature = "hydrate"))]
fn page_origin() -> String {
    "http://localhost:8080".to_owned()
}
