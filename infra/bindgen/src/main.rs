//! Turns the compiled web app into what a browser loads: `bindgen APP.wasm FOLDER` makes in FOLDER
//! - `app_bg.wasm`, what every page needs, and `app.js`, the JavaScript it runs with;
//! - a wasm file for each part of the app and each set of parts that share code, and `parts.js`, which fetches them;
//! - `parts.json`: for each part its files.
//!
//! What the programs `wasm-split` and `wasm-bindgen` do, without the test runner, the HTTP server and the client of the latter.

use std::{fs, path::PathBuf};

use anyhow::Context;
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (wasm, folder) = arguments.next().zip(arguments.next()).context("usage: bindgen APP.wasm FOLDER")?;
    let whole = fs::read(wasm)?;
    let first = folder.join("first.wasm");
    let mut options = Options::new(&whole);
    options.output_dir = &folder;
    options.main_out_path = &first;
    options.link_name = "./parts.js";
    options.main_module = "./app.js";
    let split = wasm_split_cli_support::transform(options).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    fs::write(folder.join("parts.json"), serde_json::to_vec(&split.prefetch_map)?)?;

    Bindgen::new()
        .web(true)?
        .keep_lld_exports(true)
        .typescript(false)
        .omit_default_module_path(true)
        .input_path(&first)
        .out_name("app")
        .generate(&folder)?;
    fs::remove_file(first).context("the first part")
}
