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

/// What [`remember`] kept under a name for the page at the present path. Call it at the root of a
/// page: the server reads a cookie, the browser its storage, and hydration sees what the server saw.
pub fn use_remembered(name: &str) -> Option<String> {
    SharedValue::new(|| match use_context::<Cookies>() {
        Some(Cookies(header)) => cookie(&header, name),
        None => stored(name),
    })
    .into_inner()
}

/// A cookie of this site that scripts may read. Call it at the root of a page: hydration sees what the server saw.
pub fn use_cookie(name: &str) -> Option<String> {
    SharedValue::new(|| cookie(&use_context::<Cookies>().map_or_else(own_cookies, |cookies| cookies.0), name)).into_inner()
}

/// Keeps a choice in this browser for a year; `None` forgets it. `path` is the page it belongs to.
pub fn remember(path: &str, name: &str, value: Option<&str>) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = match value {
                Some(value) => storage.set_item(&format!("{path}#{name}"), value),
                None => storage.remove_item(&format!("{path}#{name}")),
            };
        }
        let kept = leptos_router::location::Url::escape(value.unwrap_or_default());
        // More than a cookie holds is only kept in the storage.
        let age = if value.is_some() && kept.len() < 3000 { 31_536_000 } else { 0 };
        if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
            let _ = document.set_cookie(&format!("{name}={kept}; Path={path}; Max-Age={age}; SameSite=Lax"));
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (path, name, value);
}

fn cookie(header: &str, name: &str) -> Option<String> {
    let value = header.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(leptos_router::location::Url::unescape(value)).filter(|value| !value.is_empty())
}

#[cfg(feature = "hydrate")]
fn stored(name: &str) -> Option<String> {
    let path = leptos_router::hooks::use_location().pathname.get_untracked();
    window().local_storage().ok().flatten()?.get_item(&format!("{path}#{name}")).ok().flatten()
}

#[cfg(not(feature = "hydrate"))]
fn stored(_: &str) -> Option<String> {
    None
}

#[cfg(feature = "hydrate")]
fn page_origin() -> String {
    window().location().origin().unwrap_or_default()
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

#[cfg(not(feature = "hydrate"))]
fn page_origin() -> String {
    "http://localhost:8080".to_owned()
}

#[cfg(test)]
mod tests {
    use super::cookie;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let header = "theme=dark; columns=metrics.auc%7Cparams.model; columns2=x";
        assert_eq!(cookie(header, "columns").as_deref(), Some("metrics.auc|params.model"));
        assert_eq!(cookie(header, "column"), None);
        assert_eq!(cookie("columns=", "columns"), None);
    }
}
