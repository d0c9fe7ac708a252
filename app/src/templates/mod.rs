//! Templates: finished runs that the team starts from.

mod data;
mod dialog;
mod list;
mod page;
mod start;

pub use data::{create, set_removed};
pub use dialog::TemplateDialog;
pub use list::TemplatesPage;
pub use page::TemplatePage;
