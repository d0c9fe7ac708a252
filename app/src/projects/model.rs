//! A project as its page sees it, and what can be done with it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{Permission, Role as BuiltIn};

use crate::api::{Api, ApiError, Moment, Operation};

pub(super) const PROJECT: Operation = Operation(include_str!("project.graphql"));
const SET_ACCESS: Operation = Operation(include_str!("set_project_access.graphql"));
const SET_MEMBER: Operation = Operation(include_str!("set_project_member.graphql"));
const REMOVE_MEMBER: Operation = Operation(include_str!("remove_project_member.graphql"));
const UNSHARE: Operation = Operation(include_str!("unshare_experiment.graphql"));

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    pub projects: Vec<Project>,
    pub experiments: Nodes<Experiment>,
    pub members: Nodes<Member>,
    pub roles: Vec<Role>,
}

/// The rows of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nodes<T> {
    pub nodes: Vec<T>,
}

/// A project with its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    pub id: String,
    pub name: String,
    pub slug: String,
    pub description: String,
    pub access: String,
    pub viewer_permissions: Vec<String>,
    pub members: Vec<Worker>,
}

impl Project {
    /// Whether it is there for its members only.
    pub fn is_restricted(&self) -> bool {
        self.access == "RESTRICTED"
    }

    /// Whether every organization has it: it stays open.
    pub fn is_default(&self) -> bool {
        self.slug == "default"
    }

    /// Whether the reader decides who works in it.
    pub fn is_shared_by_viewer(&self) -> bool {
        self.viewer_permissions.iter().any(|own| own == Permission::ProjectsShare.as_str())
    }
}

/// A member with a role in the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    pub id: String,
    pub name: String,
    pub email: String,
    pub is_service: bool,
    pub role: String,
    pub added_by: String,
    pub added_at: Moment,
}

/// An experiment of the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    pub id: String,
    pub name: String,
    pub shared_at: Option<Moment>,
    pub shared_by: Option<String>,
}

/// Somebody of the organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub id: String,
    pub name: String,
    pub email: String,
    pub is_service: bool,
    pub roles: Vec<String>,
}

/// A role of the organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub title: String,
    pub description: String,
    pub permissions: Vec<String>,
}

impl Role {
    /// Whether the reader can give it in a project: it is one for projects, and allows nothing there that they may not do themselves.
    pub fn can_be_given(&self, project: &Project) -> bool {
        let of_project = |name: &&String| Permission::parse(name).is_some_and(Permission::is_of_project);
        BuiltIn::parse(&self.name).is_none_or(BuiltIn::is_for_projects)
            && self.permissions.iter().filter(of_project).all(|permission| project.viewer_permissions.contains(permission))
    }
}

pub(super) async fn set_access(api: Api, id: String, restricted: bool) -> Result<(), ApiError> {
    let access = if restricted { "RESTRICTED" } else { "OPEN" };
    api.query::<Value>(SET_ACCESS, json!({ "id": id, "access": access })).await.map(drop)
}

pub(super) async fn set_member(api: Api, project: String, member: String, role: String) -> Result<(), ApiError> {
    api.query::<Value>(SET_MEMBER, json!({ "project": project, "member": member, "role": role })).await.map(drop)
}

pub(super) async fn remove_member(api: Api, project: String, member: String) -> Result<(), ApiError> {
    api.query::<Value>(REMOVE_MEMBER, json!({ "project": project, "member": member })).await.map(drop)
}

pub(super) async fn unshare(api: Api, id: String) -> Result<(), ApiError> {
    api.query::<Value>(UNSHARE, json!({ "id": id })).await.map(drop)
}
