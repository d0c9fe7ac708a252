//! A notification, and how its receiver wants it.

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, NotificationId};

use crate::features::slack::Post;

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// Somebody mentioned them.
    Mention,
    /// Somebody replied in a thread they wrote in.
    Reply,
    /// Somebody resolved a thread they wrote in.
    Resolve,
    /// Slack does not take messages for a channel of theirs any more.
    Disconnect,
    /// An export that they asked for has ended.
    Export,
}

impl Occasion {
    pub const ALL: [Occasion; 5] = [Self::Mention, Self::Reply, Self::Resolve, Self::Disconnect, Self::Export];
    /// Those of which everybody chooses how they are told.
    pub const CHOSEN: [Occasion; 3] = [Self::Mention, Self::Reply, Self::Resolve];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Reply => "reply",
            Self::Resolve => "resolve",
            Self::Disconnect => "disconnect",
            Self::Export => "export",
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
            Occasion::Disconnect => "takes no more messages for",
            Occasion::Export => "ended the export of",
        };
        format!("{} {did} {}", self.actor, self.subject_name)
    }
}

impl News {
    /// What leads to where it can be read.
    pub fn button(&self) -> &'static str {
        match self.occasion {
            Occasion::Mention | Occasion::Reply | Occasion::Resolve => "Open the discussion",
            Occasion::Disconnect => "Open the channel",
            Occasion::Export => "Open the export",
        }
    }
}

/// How a member wants to be told of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference {
    pub occasion: Occasion,
    pub in_app: bool,
    pub mail: bool,
    /// In a channel of their own, once one is connected.
    pub slack: bool,
}

impl Preference {
    /// Of who chose nothing: a resolved thread is no reason for a mail.
    pub fn usual(occasion: Occasion) -> Self {
        let leaves = matches!(occasion, Occasion::Mention | Occasion::Reply);
        // An archive takes its time, and is there for some days only.
        Self { occasion, in_app: true, mail: leaves || occasion == Occasion::Export, slack: leaves }
    }
}

/// Something that the organization's channel may be told of.
#[derive(Clone, Debug)]
pub struct Happening {
    pub post: Post,
    /// The id of what happened: the channel is told once of each.
    pub id: String,
    /// One sentence: who did what, where.
    pub sentence: String,
    /// The beginning of what was said; may be empty.
    pub quote: String,
    /// What leads there, and where that is.
    pub button: &'static str,
    pub path: String,
}
