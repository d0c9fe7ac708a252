//! A channel, and what it is told of.

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, TenantId};
use uuid::Uuid;

/// What the organization's channel can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Post {
    /// Somebody began to talk about an experiment or a run.
    Thread,
    /// A run or an experiment became a template.
    Template,
    /// An experiment was shared with everybody.
    Share,
}

impl Post {
    pub const ALL: [Post; 3] = [Self::Thread, Self::Template, Self::Share];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Template => "template",
            Self::Share => "share",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|post| post.as_str() == text)
    }
}

/// Whose channel it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Organization,
    Member(MemberId),
}

impl Owner {
    pub fn member(self) -> Option<MemberId> {
        match self {
            Self::Organization => None,
            Self::Member(member) => Some(member),
        }
    }

    /// The page on which it is chosen.
    pub fn path(self) -> &'static str {
        match self {
            Self::Organization => "/slack",
            Self::Member(_) => "/notifications",
        }
    }
}

/// A connected channel. Its address is not part of it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub id: Uuid,
    pub owner: Owner,
    pub label: String,
    /// The last characters of its address.
    pub hint: String,
    /// What the organization's channel is told of.
    pub posts: Vec<Post>,
    pub connected_by: MemberId,
    pub connected_by_name: String,
    pub connected_at: DateTime<Utc>,
    /// Since when it is not asked any more, and why.
    pub broken: Option<(DateTime<Utc>, String)>,
    pub quiet_until: Option<DateTime<Utc>>,
    pub posted_at: Option<DateTime<Utc>>,
}

impl Connection {
    /// What its address is sealed as.
    pub fn place(id: Uuid, tenant: TenantId) -> String {
        format!("slack webhook {} of {tenant}", id.simple())
    }
}

/// Characters of an address that are shown.
const HINT: usize = 4;

/// What is shown of an address: its end, and nothing of one that is hardly longer.
pub fn hint(address: &str) -> String {
    let letters: Vec<char> = address.rsplit('/').next().unwrap_or_default().chars().collect();
    if letters.len() < 3 * HINT { String::new() } else { letters[letters.len() - HINT..].iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_the_end_of_a_secret_that_is_longer() {
        assert_eq!(hint("https://hooks.slack.com/services/T0/B0/abcdefghijklmnop"), "mnop");
        assert_eq!(hint("https://hooks.slack.com/services/T0/B0/abcdefgh"), "");
    }
}
