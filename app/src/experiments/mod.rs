//! Experiments and the table of their runs.

mod arrangement;
mod bulk;
mod columns;
mod discussion;
mod export;
mod facets;
mod groups;
mod guide;
mod list;
mod live;
mod model;
mod news;
mod page;
mod removal;
mod row_menu;
mod rows;
mod share;
mod sheet;
mod steps;
mod table;
mod tag;
mod work;

pub(crate) use columns::{Shows, at_first, order};
pub use discussion::ExperimentDiscussion;
pub use list::ExperimentsPage;
pub(crate) use list::filter;
pub use model::{PageInfo, Tag};
pub use page::ExperimentPage;
