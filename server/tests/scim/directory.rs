//! A directory that is connected to an organization.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, Organization, actor::Answer, world};

pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An organization whose own domain is `example.com`, and the script of its directory.
pub struct Directory<'w> {
    pub organization: Organization<'w>,
    pub script: Actor,
}

impl Directory<'static> {
    pub async fn connected() -> Self {
        let directory = Self::of_no_domain().await;
        let own = "mutation { updateSignInPolicy(input: { mailDomains: [\"example.com\"] }) { mailDomains } }";
        let answer = directory.organization.owner.graphql(own, Value::Null).await;
        assert!(answer["errors"].is_null(), "{answer}");
        directory
    }

    /// The same where the organization lists no domain.
    pub async fn of_no_domain() -> Self {
        let organization = world().organization().await;
        let script = organization.owner.token(&["scim:write"]).await;
        Self { organization, script }
    }
}

impl Directory<'_> {
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        call(&self.script, method, path, body).await
    }

    /// The body of an answer that must have this status.
    pub async fn expect(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {body:.300}: {}", answer.text());
        if answer.status != 204 {
            assert_eq!(answer.header("content-type"), "application/scim+json", "{method} {path}");
        }
        answer.json()
    }

    /// A refusal: its status and the protocol's word for it.
    pub async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let answer = self.call(method, path, body).await;
        let error = answer.json();
        assert_eq!((&error["schemas"], &error["status"]), (&json!([ERROR]), &json!(answer.status.to_string())), "{method} {path}: {}", answer.text());
        assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{error}");
        (answer.status, error["scimType"].as_str().unwrap_or_default().to_owned())
    }

    /// A new user at the organization's own domain: id and address.
    pub async fn user(&self, name: &str) -> (String, String) {
        let email = fresh(name);
        let made = self.expect(201, "POST", "Users", json!({ "userName": email, "displayName": name, "externalId": format!("ext-{email}") })).await;
        (id(&made), email)
    }

    /// A new group of these users.
    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        id(&self.expect(201, "POST", "Groups", json!({ "displayName": name, "members": members })).await)
    }

    /// The operations of a PATCH that must be carried out.
    pub async fn patch(&self, path: &str, operations: Value) -> Value {
        let answer = self.call("PATCH", path, json!({ "schemas": [PATCH], "Operations": operations })).await;
        assert!([200, 204].contains(&answer.status), "{path} {operations:.300}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// A member as the members page shows them.
    pub async fn member(&self, id: &str) -> Value {
        let query = "{ members(first: 200) { nodes { id name email roles suspendedAt isProvisioned groupRoles } } }";
        let answer = self.organization.owner.graphql(query, Value::Null).await;
        let nodes = answer["data"]["members"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        nodes.into_iter().find(|node| node["id"] == id).unwrap_or(Value::Null)
    }

    /// Says what a group's members are.
    pub async fn map(&self, group: &str, role: Value) -> Value {
        let query = "mutation($id: ID!, $role: String) { setGroupRole(id: $id, role: $role) { id role memberCount } }";
        self.organization.owner.graphql(query, json!({ "id": group, "role": role })).await
    }
}

pub async fn call(script: &Actor, method: &str, path: &str, body: Value) -> Answer {
    let request = script.request(method.parse::<Method>().expect("a method"), &format!("/scim/v2/{path}"));
    let request = if body.is_null() { request } else { request.header("content-type", "application/scim+json").body(body.to_string()) };
    script.send(request).await
}

pub fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("{resource}")).to_owned()
}

pub fn fresh(name: &str) -> String {
    format!("{}-{}@example.com", name.to_lowercase(), Uuid::now_v7().simple())
}

/// A person as `eq` in a filter names them, in an address.
pub fn filter(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
