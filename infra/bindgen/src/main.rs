//! Writes the JavaScript that a browser runs the web app's wasm with: `bindgen APP.wasm FOLDER` makes `app.js`, `app_bg.wasm`
//! and `snippets/` in FOLDER.
//!
//! What the program `wasm-bindgen` does with a third of its code: the other two thirds are a test runner with an HTTP server and a client.

use anyhow::Context;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (wasm, folder) = arguments.next().zip(arguments.next()).context("usage: bindgen APP.wasm FOLDER")?;
    Bindgen::new().web(true)?.typescript(false).omit_default_module_path(true).input_path(wasm).out_name("app").generate(folder)
}
