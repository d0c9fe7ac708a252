//! Notifications as the pages see them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation, PageEnd},
    slack::Channel,
};

const LIST: Operation = Operation(include_str!("notifications.graphql"));
const READ: Operation = Operation(include_str!("mark_notifications_read.graphql"));
const PREFER: Operation = Operation(include_str!("set_notification_preference.graphql"));

/// Notifications of a page.
const FIRST: usize = 50;

/// Something the reader was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: String,
    pub kind: String,
    pub actor: String,
    pub subject: String,
    pub path: String,
    pub quote: String,
    pub at: Moment,
    pub read_at: Option<Moment>,
}

impl Notification {
    /// Who did what, where.
    pub fn sentence(&self) -> String {
        let did = match self.kind.as_str() {
            "MENTION" => "mentioned you on",
            "REPLY" => "replied on",
            "DISCONNECT" => "takes no more messages for",
            "EXPORT" => "ended the export of",
            _ => "resolved a thread on",
        };
        format!("{} {did} {}", self.actor, self.subject)
    }
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    pub nodes: Vec<Notification>,
    pub page_info: PageEnd,
    pub total_count: i64,
    pub unread_count: i64,
}

/// How the reader is told of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Preference {
    pub kind: String,
    pub in_app: bool,
    pub mail: bool,
    pub slack: bool,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub notifications: List,
    pub notification_preferences: Vec<Preference>,
    pub own_slack_channel: Option<Channel>,
}

pub(super) async fn fetch(api: Api, unread: bool, after: Option<String>) -> Result<Shown, ApiError> {
    api.query(LIST, json!({ "first": FIRST, "after": after, "unread": unread })).await
}

/// Marks notifications as read; all of them without ids.
pub async fn mark_read(api: Api, ids: Option<Vec<String>>) -> Result<(), ApiError> {
    api.query::<Value>(READ, json!({ "ids": ids })).await.map(drop)
}

pub(super) async fn prefer(api: Api, preference: Preference) -> Result<(), ApiError> {
    api.query::<Value>(PREFER, preference).await.map(drop)
}
