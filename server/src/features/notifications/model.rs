//! A notification, and how its receiver wants it.

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, NotificationId};

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// Somebody mentioned them.
    Mention,
    /// Somebody replied in a thread they wrote in.
    Reply,
    /// Somebody resolved a thread they wrote in.
    Resolve,
}

impl Occasion {
    pub const ALL: [Occasion; 3] = [Self::Mention, Self::Reply, Self::Resolve];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Reply => "reply",
            Self::Resolve => "resolve",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.as_str() == text)
    }
}

/// What somebody is to be told.
#[derive(Clone, Debug)]
pub struct News {
    pub member: MemberId,
    pub occasion: Occasion,
    /// The name of who did it.
    pub actor: String,
    /// The id of what it is about, and its name.
    pub subject: String,
    pub subject_name: String,
    /// Where it can be read.
    pub path: String,
    /// The beginning of what was said; may be empty.
    pub quote: String,
}

/// What somebody was told.
#[derive(Clone, Debug)]
pub struct Notification {
    pub id: NotificationId,
    pub news: News,
    pub at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

impl News {
    /// One sentence: who did what, where.
    pub fn sentence(&self) -> String {
        let did = match self.occasion {
            Occasion::Mention => "mentioned you on",
            Occasion::Reply => "replied on",
            Occasion::Resolve => "resolved a thread on",
        };
        format!("{} {did} {}", self.actor, self.subject_name)
    }
}

/// How a member wants to be told of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference {
    pub occasion: Occasion,
    pub in_app: bool,
    pub mail: bool,
}

impl Preference {
    /// Of who chose nothing: a resolved thread is no reason for a mail.
    pub fn usual(occasion: Occasion) -> Self {
        Self { occasion, in_app: true, mail: occasion != Occasion::Resolve }
    }
}
