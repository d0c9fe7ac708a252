//! The prompts with which a trace was made. They are listed in a tag that clients of MLflow write as well, word for word.

use serde_json::{Value, json};

use super::{
    TraceError, TraceId, WriteTraces,
    model::PROMPTS_TAG,
    python, repo,
    service::{entry, lock},
};
use crate::{access::Grant, fault::Fault};

/// Most prompts of one request.
const PROMPTS_MAX: usize = 100;
/// Longest list, in characters: what a tag holds. Cut, it would be no list.
const LIST_MAX: usize = 8_000;

/// Links versions of prompts to a trace; those that are linked already are left out. Whether there are such prompts is not asked, as in MLflow.
///
/// # Errors
/// `NotFound` for the trace; `LimitExceeded`; `Invalid` when the tag holds no list.
pub async fn link_prompts(grant: Grant<'_, WriteTraces>, id: TraceId, prompts: &[(String, u64)]) -> Result<(), Fault> {
    if prompts.len() > PROMPTS_MAX {
        return Err(TraceError::TooMany { what: "prompts", most: PROMPTS_MAX, got: prompts.len() }.into());
    }
    let tx = grant.begin().await?;
    let name = lock(&tx, id).await?;
    let before = repo::tag(&tx, id, PROMPTS_TAG).await?;
    let no_list = || TraceError::Asked(format!("Invalid JSON format for '{PROMPTS_TAG}' tag"));
    let mut list: Vec<Value> = before.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text).map_err(|_| no_list()))?;
    let known = list.len();
    for (name, version) in prompts {
        let one = json!({ "name": name, "version": version.to_string() });
        if !list.contains(&one) {
            list.push(one);
        }
    }
    if list.len() == known {
        return Ok(());
    }
    let added = list[known..].to_vec();
    let text = python::json(&list.into());
    if text.chars().count() > LIST_MAX {
        return Err(TraceError::Long("list of linked prompts", LIST_MAX).into());
    }
    repo::set_tags(&tx, &[(id, PROMPTS_TAG, &text)], true).await?;
    tx.commit(entry("trace.link_prompts", id, &name).detail(json!({ "prompts": added }))).await
}
