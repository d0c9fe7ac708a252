//! Exports: the whole organization as one archive, made in the background.
//!
//! What must stay true: a step of an export can be cut off anywhere and done again, and the archive comes out the same; however large the organization is, a step
//! holds some dozens of megabytes; no secret leaves, and no name in the archive leads out of its folder; whoever unpacks it can check every file against the
//! manifest; what an export leaves in the store goes with it.
//!
//! An export goes through phases. `tables` writes a file for so many rows of each kind, `histories` the points of all metrics, `files` lists the artifacts,
//! `checking` computes the checksums that archives need, `manifest` lists all files, `packing` makes the archive of them, and `clearing` removes what it was made
//! of. A step is a job that ends after some seconds and asks for the next; only packing is one piece, which is begun again when it is cut off.

mod artifacts;
mod error;
pub mod graphql;
mod histories;
pub mod jobs;
mod manifest;
mod model;
mod names;
mod pack;
mod repo;
mod service;
mod sheet;
mod step;
mod tables;
mod zip;

pub use error::ExportError;
pub use model::{Archive, Count, Export, Phase, State};
pub use service::{cancel, counts, download, get, list, start};

use crate::access::{Permission, Reads, Writes};

/// See exports.
pub struct ReadExports;
impl Permission for ReadExports {
    const NAME: shared::Permission = shared::Permission::OrganizationExport;
    type Mode = Reads;
}

/// Ask for exports, carry them out, download and cancel them.
pub struct WriteExports;
impl Permission for WriteExports {
    const NAME: shared::Permission = shared::Permission::OrganizationExport;
    type Mode = Writes;
}
