//! What a file held before.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{artifacts::Artifact, model};
use crate::{
    api::{Api, ApiError, Moment, Operation},
    kit::{Chip, RelativeTime, Tone, number, shortened, use_address},
};

const VERSIONS: Operation = Operation(include_str!("artifact_versions.graphql"));

/// A content that a file has or had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub number: i32,
    pub is_current: bool,
    size: i64,
    digest: String,
    created_by: String,
    created_at: Moment,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    artifact_versions: Vec<Version>,
}

/// Asks for the versions of a file, the newest first.
pub(super) async fn of(api: &Api, id: &str, path: &str) -> Result<Vec<Version>, ApiError> {
    let data: Data = model::part(api, VERSIONS, json!({ "id": id, "path": path })).await?;
    Ok(data.artifact_versions)
}

impl Version {
    /// The file as it was then.
    pub fn of(&self, file: Artifact) -> Artifact {
        Artifact { size: Some(self.size), digest: Some(self.digest.clone()), url: Some(self.url.clone()), ..file }
    }
}

/// The versions of a file that has several, to choose one of.
#[component]
pub(super) fn Versions(
    versions: Vec<Version>,
    /// The number of the one that is shown; nothing for the current one.
    version: Option<i32>,
) -> impl IntoView {
    if versions.len() < 2 {
        return ().into_any();
    }
    let address = use_address();
    let count = number::counted(versions.len() as i64, "version", "versions");
    let summary = match version {
        Some(number) => format!("Version {number} is shown, not the current one. {count}"),
        None => count,
    };
    let lines = versions
        .into_iter()
        .map(|one| {
            let shown = if one.is_current { version.is_none() } else { version == Some(one.number) };
            let target = (!one.is_current).then(|| one.number.to_string());
            view! {
                <li>
                    <a href=address.with("version", target.as_deref()) data-noscroll aria-current=shown.then_some("true")>{format!("Version {}", one.number)}</a>
                    {one.is_current.then(|| view! { <Chip tone=Tone::Good>"Current"</Chip> })}
                    <span class="muted">{number::bytes(one.size)}</span>
                    <code title=one.digest.clone()>{shortened(&one.digest)}</code>
                    <span class="muted by">{one.created_by}", "<RelativeTime at=one.created_at/></span>
                </li>
            }
        })
        .collect_view();
    view! { <details class="fold versions" open=version.is_some()><summary>{summary}</summary><ul>{lines}</ul></details> }.into_any()
}
