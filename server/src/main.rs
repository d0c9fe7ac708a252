//! The binary `assay`.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use server::commands::{Cli, run};

/// Answers are made of many small pieces that live for one request.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // One TLS provider for the whole process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(Cli::parse())
}
