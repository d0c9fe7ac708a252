//! Threads as the pages see them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ApiError, Moment, Operation, PageEnd};

const THREADS: Operation = Operation(include_str!("threads.graphql"));
const START: Operation = Operation(include_str!("start_thread.graphql"));
const REPLY: Operation = Operation(include_str!("reply_to_thread.graphql"));
const EDIT: Operation = Operation(include_str!("edit_comment.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_comment.graphql"));
const RESOLVE: Operation = Operation(include_str!("resolve_thread.graphql"));
const REOPEN: Operation = Operation(include_str!("reopen_thread.graphql"));
const REACT: Operation = Operation(include_str!("react_to_comment.graphql"));
const FIND: Operation = Operation(include_str!("find_members.graphql"));

/// Threads of a page.
const FIRST: usize = 30;

/// Threads of a subject, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Threads {
    pub nodes: Vec<Thread>,
    pub page_info: PageEnd,
    pub total_count: i64,
    pub open_count: i64,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    pub id: String,
    pub point: Option<Point>,
    pub created_at: Moment,
    pub resolved_at: Option<Moment>,
    pub resolved_by: Option<String>,
    pub comments: Vec<Comment>,
}

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub key: String,
    pub step: i64,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub id: String,
    pub author: String,
    pub is_own: bool,
    /// Markdown.
    pub body: String,
    /// The same as the server shows it: safe.
    pub html: String,
    pub created_at: Moment,
    pub edited_at: Option<Moment>,
    pub removed: bool,
    pub reactions: Vec<Reactions>,
}

/// Reactions of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    pub kind: String,
    pub count: i64,
    pub mine: bool,
    pub members: Vec<String>,
}

/// Somebody who can be mentioned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Person {
    pub name: String,
    pub email: String,
}

#[derive(Deserialize)]
struct Found {
    threads: Threads,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct People {
    find_members: Vec<Person>,
}

/// The threads of a subject; at least as many as are shown already.
pub(super) async fn fetch(api: Api, about: String, shown: usize) -> Result<Threads, ApiError> {
    let found: Found = api.query(THREADS, json!({ "about": about, "first": shown.clamp(FIRST, 200) })).await?;
    Ok(found.threads)
}

/// The threads after a cursor.
pub(super) async fn more(api: Api, about: String, after: String) -> Result<Threads, ApiError> {
    api.query::<Found>(THREADS, json!({ "about": about, "first": FIRST, "after": after })).await.map(|found| found.threads)
}

/// Something to do with a thread or a comment.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Start { about: String, body: String, point: Option<Point> },
    Reply { thread: String, body: String },
    Edit { comment: String, body: String },
    Remove { comment: String },
    Resolve { thread: String, resolved: bool },
    React { comment: String, kind: String, on: bool },
}

impl Act {
    pub async fn run(self, api: Api) -> Result<(), ApiError> {
        let (operation, variables) = match self {
            Self::Start { about, body, point } => {
                let (key, step) = point.map_or((None, None), |point| (Some(point.key), Some(point.step)));
                (START, json!({ "input": { "about": about, "body": body, "key": key, "step": step } }))
            }
            Self::Reply { thread, body } => (REPLY, json!({ "id": thread, "body": body })),
            Self::Edit { comment, body } => (EDIT, json!({ "id": comment, "body": body })),
            Self::Remove { comment } => (REMOVE, json!({ "id": comment })),
            Self::Resolve { thread, resolved: true } => (RESOLVE, json!({ "id": thread })),
            Self::Resolve { thread, resolved: false } => (REOPEN, json!({ "id": thread })),
            Self::React { comment, kind, on } => (REACT, json!({ "id": comment, "kind": kind, "on": on })),
        };
        api.query::<Value>(operation, variables).await.map(drop)
    }
}

/// Whom a text after an `@` could mean.
pub(super) async fn people(api: Api, text: String) -> Result<Vec<Person>, ApiError> {
    api.query::<People>(FIND, json!({ "text": text })).await.map(|people| people.find_members)
}
