//! The flat table of runs, for tools that know tables and nothing of runs: a read-only slice over experiments, runs and what runs log.
//!
//! What must stay true: a row is a run and a column is one key, with one type from the first row to the last; a table named by its columns has the same columns
//! on every page; the API and the files say the same of a run; how many statements a page takes does not depend on its rows.

mod error;
pub mod files;
pub mod graphql;
mod groups;
mod model;
mod repo;
mod service;

pub use error::TableError;
pub use groups::{Group, Groups, Summary, groups};
pub use model::{Asked, Cell, Column, Kind, Row, Type};
pub use service::{Page, RunTable, count, open, page};

use crate::access::{Permission, Reads};

/// See the table of runs.
pub struct ReadTable;
impl Permission for ReadTable {
    const NAME: shared::Permission = shared::Permission::RunsRead;
    type Mode = Reads;
}

/// See the names of experiments in it.
pub struct NameExperiments;
impl Permission for NameExperiments {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}
