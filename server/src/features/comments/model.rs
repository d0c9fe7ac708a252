//! Threads, comments and their rules.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use shared::{
    field::CommentText,
    ids::{CommentId, ExperimentId, MemberId, RunId, ThreadId},
    key::check_key,
};
use uuid::Uuid;

use super::{CommentError, mentions::Mention};
use crate::access::live::Topic;

/// Comments of one thread.
pub const THREAD_MAX: i64 = 500;

/// What can be talked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Experiment(ExperimentId),
    Run(RunId),
}

impl Subject {
    /// The word for it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Experiment(_) => "experiment",
            Self::Run(_) => "run",
        }
    }

    pub fn uuid(self) -> Uuid {
        match self {
            Self::Experiment(id) => id.uuid(),
            Self::Run(id) => id.uuid(),
        }
    }

    /// What open pages of it listen to.
    pub fn topic(self) -> Topic {
        match self {
            Self::Experiment(id) => Topic::Experiment(id),
            Self::Run(id) => Topic::Run(id),
        }
    }

    /// The address of the page with its discussion.
    pub fn path(self) -> String {
        match self {
            Self::Experiment(id) => format!("/experiments/{id}/discussion"),
            Self::Run(id) => format!("/runs/{id}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Experiment(id) => id.fmt(out),
            Self::Run(id) => id.fmt(out),
        }
    }
}

impl FromStr for Subject {
    type Err = CommentError;

    /// Reads `run_…` or `exp_…`. Without its prefix an id could be of either kind.
    fn from_str(text: &str) -> Result<Self, CommentError> {
        match text.parse() {
            Ok(Topic::Run(id)) => Ok(Self::Run(id)),
            Ok(Topic::Experiment(id)) => Ok(Self::Experiment(id)),
            _ => Err(CommentError::NoSubject(text.chars().take(80).collect())),
        }
    }
}

/// A subject with what an entry says of it.
#[derive(Clone, Debug)]
pub struct About {
    pub subject: Subject,
    pub name: String,
    pub removed: bool,
}

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub key: String,
    pub step: i64,
}

impl Point {
    /// Checks that a subject has such points.
    ///
    /// # Errors
    /// [`CommentError::Point`].
    pub fn check(&self, subject: Subject) -> Result<(), CommentError> {
        if matches!(subject, Subject::Experiment(_)) {
            return Err(CommentError::Point("Only metrics of a run have points to comment on.".to_owned()));
        }
        check_key(&self.key).map_err(|refused| CommentError::Point(refused.0))
    }
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Thread {
    pub id: ThreadId,
    pub subject: Subject,
    pub point: Option<Point>,
    pub created_at: DateTime<Utc>,
    /// When and by whom it was resolved.
    pub resolved: Option<(DateTime<Utc>, String)>,
    /// In the order they were written.
    pub comments: Vec<Comment>,
}

/// What somebody said.
#[derive(Clone, Debug)]
pub struct Comment {
    pub id: CommentId,
    pub thread: ThreadId,
    pub author: MemberId,
    /// The author's name when they wrote it.
    pub author_name: String,
    /// Markdown; empty when removed.
    pub body: String,
    pub mentions: Vec<Mention>,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub removed: bool,
    pub reactions: Vec<(Reaction, MemberId, String)>,
}

/// How somebody reacted to a comment, without words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    ThumbsUp,
    Heart,
    Rocket,
    Eyes,
}

impl Reaction {
    pub const ALL: [Reaction; 4] = [Self::ThumbsUp, Self::Heart, Self::Rocket, Self::Eyes];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThumbsUp => "thumbs_up",
            Self::Heart => "heart",
            Self::Rocket => "rocket",
            Self::Eyes => "eyes",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reaction| reaction.as_str() == text)
    }
}

/// Which threads a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Resolved,
    All,
}

/// A text that may be said: trimmed, with plain line ends.
///
/// # Errors
/// [`CommentError::Text`].
pub fn check_body(text: &str) -> Result<String, CommentError> {
    CommentText::parse(text).map(CommentText::into_string).map_err(|refused| CommentError::Text(refused.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t42_a_body_is_bounded_and_without_control_characters() {
        assert_eq!(check_body("\r\na\r\nb \n"), Ok("a\nb".to_owned()));
        let refused = |text: &str| matches!(check_body(text), Err(CommentError::Text(_)));
        assert!(refused(" \n\t ") && refused(&"é".repeat(10_001)) && refused(&"x".repeat(1 << 20)));
        for text in ["a\0b", "a\u{1b}[31m", "a\u{202E}b", "a\u{2067}b"] {
            assert!(refused(text), "{text:?}");
        }
    }

    #[test]
    fn a_subject_is_read_with_its_prefix_only() {
        let run = Subject::Run(RunId::from_uuid(Uuid::now_v7()));
        assert_eq!(run.to_string().parse(), Ok(run));
        assert_eq!(run.path(), format!("/runs/{run}"));
        let hex = run.uuid().simple().to_string();
        for wrong in [hex.as_str(), "", "run_", "mem_00000000000000000000000000000000", "../x", "*"] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_runs_have_points() {
        let point = Point { key: "loss".into(), step: 3 };
        assert!(point.check(Subject::Run(RunId::from_uuid(Uuid::nil()))).is_ok());
        assert!(point.check(Subject::Experiment(ExperimentId::from_uuid(Uuid::nil()))).is_err());
        assert!(Point { key: "a\0".into(), step: 3 }.check(Subject::Run(RunId::from_uuid(Uuid::nil()))).is_err());
    }
}
