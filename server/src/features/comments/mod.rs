//! What people say: threads of comments about an experiment, a run, or one point of a metric of a run.
//!
//! What must stay true: a comment belongs to a member, who alone edits and removes it; what is removed keeps its place and loses its text; text is shown as
//! [`markdown`] writes it and in no other way; whoever is mentioned is a member of the organization; a subject that was removed can be read and not
//! commented.

mod error;
pub mod graphql;
pub mod markdown;
mod mentions;
mod model;
mod repo;
mod service;

pub use error::CommentError;
pub use model::{About, Comment, Point, Reaction, State, Subject, Thread};
pub use service::{edit, list, react, remove, reply, resolve, start, thread};

use crate::access::{Permission, Reads, Writes};

/// Read threads.
pub struct ReadComments;
impl Permission for ReadComments {
    const NAME: shared::Permission = shared::Permission::CommentsRead;
    type Mode = Reads;
}

/// Start threads, reply, react, resolve; edit and remove one's own.
pub struct WriteComments;
impl Permission for WriteComments {
    const NAME: shared::Permission = shared::Permission::CommentsWrite;
    type Mode = Writes;
}
