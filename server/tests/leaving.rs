//! Taking an organization along, and leaving it.

mod archive;
mod catalog;
mod closing;
mod erasing;
mod export;
mod hostile;
mod points;

use crate::support::{Actor, Organization, World};
use archive::Unpacked;
use serde_json::{Value, json};

const EXPORT: &str = "query($id: ID!) { organizationExport(id: $id) { state phase reason path size fileBytes damagedFiles downloads expiresAt counts { kind files rows bytes } } }";
const CLOSE: &str = "mutation($name: String!) { closeOrganization(name: $name) { closedAt eraseAt } }";

/// Asks for an export; its id.
async fn start(organization: &Organization<'_>) -> String {
    let answer = organization.owner.graphql("mutation { startOrganizationExport { id } }", Value::Null).await;
    answer["data"]["startOrganizationExport"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn look(organization: &Organization<'_>, id: &str) -> Value {
    let answer = organization.owner.graphql(EXPORT, json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["organizationExport"].clone()
}

/// Exports the organization and downloads the archive.
async fn exported(organization: &Organization<'_>) -> (Value, Unpacked) {
    let id = start(organization).await;
    organization.world.drain().await;
    let export = look(organization, &id).await;
    assert_eq!(export["state"], "DONE", "{export}");
    let answer = organization.owner.get(export["path"].as_str().expect("a path")).await;
    assert_eq!((answer.status, answer.body.len() as i64), (200, export["size"].as_i64().expect("a size")));
    (export, Unpacked::read(&answer.body))
}

/// The organization's name, as its owner reads it.
async fn name(owner: &Actor) -> String {
    let answer = owner.graphql("{ viewer { organization { name } } }", Value::Null).await;
    answer["data"]["viewer"]["organization"]["name"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Closes the organization as its owner does.
async fn close(organization: &Organization<'_>) -> Value {
    let name = name(&organization.owner).await;
    let answer = organization.owner.graphql(CLOSE, json!({ "name": name })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["closeOrganization"].clone()
}

/// The secret in the newest link that an address was mailed.
async fn token(world: &World, email: &str) -> String {
    world.link_to(email).await.split("token=").nth(1).expect("a token").to_owned()
}
