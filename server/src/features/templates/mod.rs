//! Templates: finished runs that the team starts from.
//!
//! What must stay true: only a run that finished is a template, and once at a time; a name is used once in a project; a removed template can be brought back,
//! and what was started from it stays linked to it.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::TemplateError;
pub use model::{TAG, Template};
pub use service::{create, get, list, of_runs, remove, restore, started, update};
