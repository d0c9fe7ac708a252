//! What can be done with runs.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use super::open::Open;
use crate::api::{Api, ApiError, Operation};

const RENAME: Operation = Operation(include_str!("rename_run.graphql"));
const NOTE: Operation = Operation(include_str!("note_run.graphql"));
const SET_TAG: Operation = Operation(include_str!("set_run_tag.graphql"));
const REMOVE_TAG: Operation = Operation(include_str!("remove_run_tag.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_runs.graphql"));
const RESTORE: Operation = Operation(include_str!("restore_runs.graphql"));

/// Removes runs or brings them back.
pub async fn set_removed(api: Api, ids: Vec<String>, removed: bool) -> Result<(), ApiError> {
    api.query::<Value>(if removed { REMOVE } else { RESTORE }, json!({ "ids": ids })).await.map(drop)
}

/// Gives a run another name.
pub async fn rename(api: Api, id: String, name: String) -> Result<(), ApiError> {
    api.query::<Value>(RENAME, json!({ "id": id, "name": name })).await.map(drop)
}

pub(super) async fn note(api: Api, id: String, note: String) -> Result<(), ApiError> {
    api.query::<Value>(NOTE, json!({ "id": id, "note": note })).await.map(drop)
}

/// Sets a tag; `None` removes it.
pub(super) async fn set_tag(api: Api, id: String, key: String, value: Option<String>) -> Result<(), ApiError> {
    let (operation, variables) = match value {
        Some(value) => (SET_TAG, json!({ "id": id, "key": key, "value": value })),
        None => (REMOVE_TAG, json!({ "id": id, "key": key })),
    };
    api.query::<Value>(operation, variables).await.map(drop)
}

/// The work of a change; ends with why it was refused.
pub(super) type Change = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// As [`done`]; why it was refused is said in a toast.
pub(super) fn change(open: Open, said: String, act: Change, undo: impl Fn(Api) -> Change + Send + Sync + 'static) {
    let toasts = open.toasts;
    spawn_local(async move {
        if let Err(error) = done(open, said, act, undo).await {
            toasts.fail(&error);
        }
    });
}

/// Does something to the run of the page, shows its new state, and offers for ten seconds to take
/// it back. Ends with why it was refused.
pub(super) async fn done(open: Open, said: String, act: Change, undo: impl Fn(Api) -> Change + Send + Sync + 'static) -> Result<(), ApiError> {
    // An undo outlives the page it was offered on.
    let (api, toasts) = (open.api(), open.toasts);
    act.await?;
    open.refresh();
    toasts.undo(said, move || {
        let back = undo(api.clone());
        spawn_local(async move {
            match back.await {
                Ok(()) => open.refresh(),
                Err(error) => toasts.fail(&error),
            }
        });
    });
    Ok(())
}

/// Removes the run of the page or brings it back.
pub(super) fn remove(open: Open, removed: bool) {
    let (ids, name) = open.run.with_untracked(|run| (vec![run.id.clone()], run.name.clone()));
    let said = format!("{name} was {}.", if removed { "removed" } else { "restored" });
    change(open, said, Box::pin(set_removed(open.api(), ids.clone(), removed)), move |api| Box::pin(set_removed(api, ids.clone(), !removed)));
}
