//! Links that show an experiment or a run to whoever has them: how they are made, and the pages they open.

mod list;
mod page;

pub(crate) use list::{LinkTo, Links};
pub(crate) use page::ended;
pub use page::{SharedPage, SharedRunPage};
