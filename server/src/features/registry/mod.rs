//! The model registry: models under names, their numbered versions, stages, aliases and tags.

mod error;
pub mod model;

pub use error::RegistryError;
