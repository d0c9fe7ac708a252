//! Links that show one experiment, or one run of it, to whoever has them, without an account.
//!
//! What must stay true: the secret is shown once and stored hashed; every link ends by itself, within a year; whoever comes by one reads what row policies of
//! a database role of its own show it (`migrations/tenant/0026_links.sql`) and writes nothing; revoking works on every replica at once, because every request
//! looks the link up in its first statement; nobody makes a link to what they could not share themselves.

mod error;
pub mod graphql;
mod model;
mod repo;
mod service;

pub use error::LinkError;
pub use model::{Link, Opened};
pub use service::{Shows, create, list, opened, revoke};

use crate::access::{Permission, Reads, Writes};

/// See the links to an experiment.
pub struct ListLinks;
impl Permission for ListLinks {
    const NAME: shared::Permission = shared::Permission::ProjectsShare;
    type Mode = Reads;
}

/// Make and revoke links.
pub struct ManageLinks;
impl Permission for ManageLinks {
    const NAME: shared::Permission = shared::Permission::ProjectsShare;
    type Mode = Writes;
}

/// See what a link shows.
pub struct OpenLink;
impl Permission for OpenLink {
    const NAME: shared::Permission = shared::Permission::ExperimentsRead;
    type Mode = Reads;
}
