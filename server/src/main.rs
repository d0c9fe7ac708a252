//! The binary `assay`.

use std::process::ExitCode;

use clap::Parser;
use server::commands::{Cli, run};

fn main() -> ExitCode {
    // One TLS provider for the whole process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(Cli::parse())
}
