//! Setting the limit, on the server's machine.

use serde_json::json;
use uuid::Uuid;

use super::repo;
use crate::{
    access::audit::{Author, Entry, Subject},
    fault::Fault,
    services::Services,
};

/// Sets what an organization may store, in bytes; `None`: without a limit. It holds from the next upload on. What is stored already stays.
///
/// # Errors
/// `NotFound` for an organization that is not there or closed.
pub async fn set_by_operator(services: &Services, slug: &str, quota: Option<u64>) -> Result<(), Fault> {
    let tx = services.vault.lobby().await?;
    let (tenant, name, before) = repo::set_quota(&tx, slug, quota).await?.ok_or_else(|| Fault::not_found("organization", slug))?;
    let author = Author {
        kind: "operator",
        id: String::new(),
        name: "operator".to_owned(),
        credential: String::new(),
        request_id: Uuid::now_v7().simple().to_string(),
        address: String::new(),
    };
    let entry = Entry::new("storage.set_quota", Subject::new("organization", tenant, name)).detail(json!({ "before": before, "quota": quota }));
    tx.commit_in(tenant, author, entry).await
}
