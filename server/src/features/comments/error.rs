//! Why something was not said.

use shared::ErrorCode;

use super::Subject;
use crate::fault::Fault;

/// One case a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentError {
    /// Neither a run nor an experiment of this organization.
    NoSubject(String),
    SubjectRemoved(Subject),
    NoThread(String),
    NoComment(String),
    NotYours,
    /// Why the text cannot be said.
    Text(String),
    /// A point that is no point of a run's metric.
    Point(String),
    ThreadFull,
}

impl From<CommentError> for Fault {
    fn from(error: CommentError) -> Self {
        use CommentError as E;
        match error {
            E::NoSubject(id) => {
                let message = format!("Run or experiment {id} was not found.");
                Self::missing(if id.starts_with("exp_") { "experiment" } else { "run" }, id, message)
            }
            E::SubjectRemoved(subject) => Self::conflict(format!("This {} was removed. Restore it to comment on it.", subject.noun())),
            E::NoThread(id) => Self::not_found("thread", id),
            E::NoComment(id) => Self::not_found("comment", id),
            E::NotYours => Self::new(ErrorCode::Forbidden, "Only who wrote a comment edits or removes it."),
            E::Text(why) => Self::invalid("body", why),
            E::Point(why) => Self::invalid("key", why),
            E::ThreadFull => Self::new(ErrorCode::LimitExceeded, "This thread is full. Start a new one."),
        }
    }
}
