//! What a run ran in, and how it is run again.
//!
//! What must stay true: nothing a client logged becomes part of a command but as a quoted text; where something is not known, it is said and not guessed;
//! files are fetched by whoever runs the commands, with their own token, and used only when their digest is the one that was logged.

mod differences;
mod error;
pub mod graphql;
mod model;
mod script;
mod service;

pub use differences::{Difference, RUNS_MAX, differences};
pub use error::EnvironmentError;
pub use model::{Facts, Gap, Package, packages};
pub use script::{Recipe, script};
pub use service::{DIFF, Files, files, recipe};

/// The Python module that logs what the MLflow client does not send by itself.
pub const MODULE: &str = include_str!("assay_environment.py");
