//! What is known about the reader's visit on the server and in the browser alike: the address the
//! app is reached at.

use leptos::prelude::*;

use crate::document::PublicUrl;

/// The address a client connects to, without a slash at its end. Call it at the root of a page.
pub fn use_origin() -> String {
    SharedValue::new(|| use_context::<PublicUrl>().map(|url| url.0).unwrap_or_else(page_origin)).into_inner()
}

#[cfg(feature = "hydrate")]
fn page_origin() -> String {
    window().location().origin().unwrap_or_default()
}

#[cfg(not(feature = "hydrate"))]
fn page_origin() -> String {
    "http://localhost:8080".to_owned()
}
