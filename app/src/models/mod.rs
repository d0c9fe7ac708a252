//! Registered models and their versions.

mod data;
mod list;
mod page;
mod versions;

pub use list::ModelsPage;
pub use page::ModelPage;
