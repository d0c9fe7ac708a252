//! Service accounts as the page sees them, and what can be done with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::{Api, ApiError, Moment, Operation},
    tokens::model::Wanted,
};

pub(super) const ACCOUNTS: Operation = Operation(include_str!("service_accounts.graphql"));
const CREATE: Operation = Operation(include_str!("create_service_account.graphql"));
const UPDATE: Operation = Operation(include_str!("update_service_account.graphql"));
const SUSPEND: Operation = Operation(include_str!("suspend_service_account.graphql"));
const RESUME: Operation = Operation(include_str!("resume_service_account.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_service_account.graphql"));
const CREATE_TOKEN: Operation = Operation(include_str!("create_service_account_token.graphql"));
const REVOKE_TOKEN: Operation = Operation(include_str!("revoke_service_account_token.graphql"));

/// A member that is no person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub id: String,
    pub name: String,
    /// What it is for.
    pub description: String,
    pub roles: Vec<String>,
    pub created_by: String,
    pub created_at: Moment,
    pub last_used_at: Option<Moment>,
    /// Since when its tokens open nothing.
    pub suspended_at: Option<Moment>,
    pub tokens: Vec<Token>,
}

/// One of its tokens, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    pub id: String,
    pub name: String,
    /// The last four characters of the secret.
    pub hint: String,
    /// `*` alone, or names of permissions.
    pub scopes: Vec<String>,
    pub created_at: Moment,
    pub created_by: Option<String>,
    pub expires_at: Option<Moment>,
    pub last_used_at: Option<Moment>,
    pub expired: bool,
}

/// What a service account is to be.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Draft {
    pub name: String,
    pub description: String,
    pub roles: Vec<String>,
}

/// Makes an account, or changes the one of an id.
pub(super) async fn save(api: Api, id: Option<String>, draft: Draft) -> Result<(), ApiError> {
    match id {
        None => api.query::<Value>(CREATE, json!({ "input": draft })).await.map(drop),
        Some(id) => api.query::<Value>(UPDATE, json!({ "id": id, "input": draft })).await.map(drop),
    }
}

pub(super) async fn set_suspended(api: Api, id: String, suspended: bool) -> Result<(), ApiError> {
    api.query::<Value>(if suspended { SUSPEND } else { RESUME }, json!({ "id": id })).await.map(drop)
}

pub(super) async fn remove(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REMOVE, json!({ "id": id })).await.map(drop)
}

/// Makes a token; answers it with its secret, which is shown once.
pub(super) async fn create_token(api: Api, account: String, wanted: Wanted) -> Result<(Token, String), ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        create_service_account_token: Created,
    }
    #[derive(Deserialize)]
    struct Created {
        token: Token,
        secret: String,
    }
    let data: Data = api.query(CREATE_TOKEN, json!({ "account": account, "input": wanted })).await?;
    Ok((data.create_service_account_token.token, data.create_service_account_token.secret))
}

pub(super) async fn revoke_token(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REVOKE_TOKEN, json!({ "id": id })).await.map(drop)
}
