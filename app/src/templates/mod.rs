//! Templates: finished runs and experiments that the team starts from.

mod begin;
mod data;
mod dialog;
mod list;
mod page;
mod start;

pub use data::{create, create_of_experiment, set_removed};
pub use dialog::TemplateDialog;
pub use list::TemplatesPage;
pub use page::TemplatePage;
