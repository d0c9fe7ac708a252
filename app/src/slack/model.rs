//! Channels as the pages see them, and what can be done with them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ApiError, Moment, Operation};

const CONNECT: Operation = Operation(include_str!("connect_slack.graphql"));
const CONNECT_OWN: Operation = Operation(include_str!("connect_own_slack.graphql"));
const DISCONNECT: Operation = Operation(include_str!("disconnect_slack.graphql"));
const DISCONNECT_OWN: Operation = Operation(include_str!("disconnect_own_slack.graphql"));
const TEST: Operation = Operation(include_str!("test_slack.graphql"));
const TEST_OWN: Operation = Operation(include_str!("test_own_slack.graphql"));
const CHOOSE: Operation = Operation(include_str!("set_slack_posts.graphql"));

/// Whose channel it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The organization's.
    Organization,
    /// The reader's.
    Own,
}

impl Whose {
    fn either(self, organization: Operation, own: Operation) -> Operation {
        match self {
            Self::Organization => organization,
            Self::Own => own,
        }
    }
}

/// A connected channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub label: String,
    pub hint: String,
    pub posts: Vec<String>,
    pub connected_by: String,
    pub connected_at: Moment,
    pub posted_at: Option<Moment>,
    pub broken_at: Option<Moment>,
    pub broken_reason: Option<String>,
}

/// What Slack said of a message that was sent to try a channel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Tested {
    pub posted: bool,
    pub answer: String,
}

pub(super) async fn connect(api: Api, whose: Whose, label: String, address: String) -> Result<(), ApiError> {
    let input = json!({ "input": { "label": label.trim(), "address": address.trim() } });
    api.query::<Value>(whose.either(CONNECT, CONNECT_OWN), input).await.map(drop)
}

pub(super) async fn disconnect(api: Api, whose: Whose) -> Result<(), ApiError> {
    api.query::<Value>(whose.either(DISCONNECT, DISCONNECT_OWN), ()).await.map(drop)
}

pub(super) async fn test(api: Api, whose: Whose) -> Result<Tested, ApiError> {
    // The one field of the answer is named after whose channel it is.
    let answer: HashMap<String, Tested> = api.query(whose.either(TEST, TEST_OWN), ()).await?;
    answer.into_values().next().ok_or_else(ApiError::unreadable)
}

pub(super) async fn choose(api: Api, posts: Vec<String>) -> Result<(), ApiError> {
    api.query::<Value>(CHOOSE, json!({ "posts": posts })).await.map(drop)
}
