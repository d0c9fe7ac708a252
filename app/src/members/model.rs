//! Members, invitations and roles as the pages see them, and what can be done with them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::Role as Known;

use crate::api::{Answer, Api, ApiError, Moment, Operation};

const UPDATE_ROLES: Operation = Operation(include_str!("update_member_roles.graphql"));
const REMOVE: Operation = Operation(include_str!("remove_member.graphql"));
const CREATE_ROLE: Operation = Operation(include_str!("create_role.graphql"));
const UPDATE_ROLE: Operation = Operation(include_str!("update_role.graphql"));
const REMOVE_ROLE: Operation = Operation(include_str!("remove_role.graphql"));
const INVITE: Operation = Operation(include_str!("invite_member.graphql"));
const REVOKE: Operation = Operation(include_str!("revoke_invitation.graphql"));

/// A person in the organization, or a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub id: String,
    pub name: String,
    /// Of a service account its name.
    pub email: String,
    pub is_service: bool,
    pub roles: Vec<String>,
    pub joined_at: Moment,
    pub last_seen_at: Option<Moment>,
    pub is_viewer: bool,
    /// Since when the directory says that they have no access.
    pub suspended_at: Option<Moment>,
    /// Whether the directory keeps them.
    pub is_provisioned: bool,
    /// Those of the roles that groups of the directory gave.
    pub group_roles: Vec<String>,
}

impl Member {
    /// Whether an owner is needed to change or remove them.
    pub fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role == Known::Owner.as_str())
    }
}

/// An invitation nobody has accepted yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    pub id: String,
    pub email: String,
    pub role: String,
    pub invited_by: Option<String>,
    pub created_at: Moment,
    pub expires_at: Moment,
}

/// What a role may do in this organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub name: String,
    pub title: String,
    pub description: String,
    pub permissions: Vec<String>,
    /// Whether every organization has it; it is not changed.
    pub is_built_in: bool,
}

/// What all tabs share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    pub members: Count,
    pub invitations: Option<Count>,
    pub service_accounts: Option<Count>,
    #[serde(default)]
    pub roles: Vec<Role>,
}

/// The length of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    pub total_count: i64,
}

/// The words for a role's name.
pub fn title(role: &str) -> String {
    Known::parse(role).map_or_else(|| role.to_owned(), |role| role.title().to_owned())
}

/// Moves when somebody was invited, changed or removed: every list on the page asks again.
#[derive(Clone, Copy)]
pub struct Changes(RwSignal<u32>);

impl Changes {
    /// Before anything happened.
    pub fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// Something happened.
    pub fn happened(self) {
        self.0.update(|count| *count += 1);
    }

    /// Runs a query again after each change.
    pub fn refetch<T: Serialize + DeserializeOwned + Send + Sync + 'static>(self, query: Answer<T>) {
        Effect::new(move |before: Option<u32>| {
            let now = self.0.get();
            if before.is_some_and(|before| before != now) {
                query.refetch();
            }
            now
        });
    }
}

/// The changes of the page around.
pub fn use_changes() -> Changes {
    use_context().unwrap_or_else(Changes::new)
}

pub(super) async fn update_roles(api: Api, id: String, roles: Vec<String>) -> Result<(), ApiError> {
    api.query::<Value>(UPDATE_ROLES, json!({ "id": id, "roles": roles })).await.map(drop)
}

pub(super) async fn remove(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REMOVE, json!({ "id": id })).await.map(drop)
}

/// Makes a role, or changes the one of a name: title, description, permissions.
pub(super) async fn save_role(
    api: Api,
    name: Option<String>,
    (title, description, permissions): (String, String, Vec<String>),
) -> Result<(), ApiError> {
    let input = json!({ "title": title, "description": description, "permissions": permissions });
    match name {
        None => api.query::<Value>(CREATE_ROLE, json!({ "input": input })).await.map(drop),
        Some(name) => api.query::<Value>(UPDATE_ROLE, json!({ "name": name, "input": input })).await.map(drop),
    }
}

pub(super) async fn remove_role(api: Api, name: String) -> Result<(), ApiError> {
    api.query::<Value>(REMOVE_ROLE, json!({ "name": name })).await.map(drop)
}

pub(super) async fn invite(api: Api, email: String, role: String) -> Result<(), ApiError> {
    api.query::<Value>(INVITE, json!({ "email": email, "role": role })).await.map(drop)
}

pub(super) async fn revoke(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(REVOKE, json!({ "id": id })).await.map(drop)
}
