//! Imports: another tracking server's experiments, runs, models, files and registry, taken over its REST API in the background.
//!
//! What must stay true: a step of an import can be cut off anywhere and done again; running an import again takes only what is new or has changed at the
//! source; nothing is written to what did not come from the same source; runs and logged models keep their ids, points their bits; credentials are stored
//! sealed, shown to nobody and gone when the import ends; the source is asked only through [`crate::platform::Outbound`].
//!
//! An import goes through phases. `listing` writes down what there is, with what the source said of each thing; the later phases work that list off, some
//! things a transaction. A step of it is a job that ends after some seconds and asks for the next.

mod error;
mod files;
pub mod graphql;
mod histories;
pub mod jobs;
mod listing;
mod model;
mod models;
mod registry;
mod repo;
mod runs;
mod service;
mod source;
mod step;
mod wire;

pub use error::ImportError;
pub use model::{Count, Credentials, Import, Kind, NewImport, Phase, Problem, State, time_left};
pub use service::{cancel, counts, get, list, problems, start};

use crate::access::{Permission, Reads, Writes};

/// See imports.
pub struct ReadImports;
impl Permission for ReadImports {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Reads;
}

/// Start and cancel imports, and carry them out.
pub struct WriteImports;
impl Permission for WriteImports {
    const NAME: shared::Permission = shared::Permission::OrganizationWrite;
    type Mode = Writes;
}
