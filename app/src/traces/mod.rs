//! Traces: what one request to a model or an agent went through.

mod data;
mod list;
mod page;
mod span;
mod waterfall;

pub use list::TracesPage;
pub use page::TracePage;
