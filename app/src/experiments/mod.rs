//! Experiments and the table of their runs.

mod bulk;
mod columns;
mod discussion;
mod export;
mod guide;
mod list;
mod model;
mod page;
mod sheet;
mod table;

pub use discussion::ExperimentDiscussion;
pub use list::ExperimentsPage;
pub(crate) use list::filter;
pub use model::{PageInfo, Tag};
pub use page::ExperimentPage;
