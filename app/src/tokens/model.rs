//! API tokens as the page sees them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ApiError, Moment, Operation};

const CREATE: Operation = Operation(include_str!("create_token.graphql"));
const REVOKE: Operation = Operation(include_str!("revoke_token.graphql"));

/// One of the reader's tokens, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    pub id: String,
    pub name: String,
    /// The last four characters of the secret.
    pub hint: String,
    /// `*` alone, or names of permissions.
    pub scopes: Vec<String>,
    pub created_at: Moment,
    pub expires_at: Option<Moment>,
    pub last_used_at: Option<Moment>,
    pub expired: bool,
}

/// What a new token is to be.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    pub name: String,
    pub scopes: Vec<String>,
    /// `None`: it does not expire.
    pub expires_in_days: Option<u32>,
}

/// A new token's name and secret, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub name: String,
    pub secret: String,
}

pub(super) async fn create(api: Api, wanted: Wanted) -> Result<Created, ApiError> {
    let data: Value = api.query(CREATE, json!({ "input": wanted })).await?;
    let created = &data["createToken"];
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(ApiError::unreadable);
    Ok(Created { name: text(&created["token"]["name"])?, secret: text(&created["secret"])? })
}

pub(super) async fn revoke(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REVOKE, json!({ "id": id })).await.map(drop)
}
