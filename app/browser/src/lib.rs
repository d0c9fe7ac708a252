//! The web app as the browser loads it. A crate of its own, so that the server links the app as a plain library.
#![cfg(target_arch = "wasm32")]

pub use app::hydrate;
