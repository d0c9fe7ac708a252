//! What this server offers of the protocol, as it says itself (RFC 7644, section 4).

use actix_web::{HttpRequest, web};
use serde_json::{Value, json};

use super::{
    call::{Answer, COUNT_MAX, Call, json_answer},
    error::Error,
    groups, users,
};
use crate::http::Edge;

pub async fn config(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let no = json!({ "supported": false });
    Ok(json_answer(&json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": COUNT_MAX },
        "changePassword": no,
        "sort": no,
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "API token", "primary": true,
            "description": "An API token of an owner or admin with the scope scim:write, sent as a bearer token.",
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{}/scim/v2/ServiceProviderConfig", call.public_url) },
    })))
}

pub async fn resource_types(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    Ok(all(&types(&call)))
}

pub async fn resource_type(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    one(types(&call), &id)
}

pub async fn schemas(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    Ok(all(&definitions(&call)))
}

pub async fn schema(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    one(definitions(&call), &id)
}

/// All of them, whatever page is asked for: they are few.
fn all(resources: &[Value]) -> actix_web::HttpResponse {
    json_answer(&json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(), "Resources": resources,
    }))
}

fn one(resources: Vec<Value>, id: &str) -> Answer {
    let found = resources.into_iter().find(|resource| resource["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id)));
    found.map(|resource| json_answer(&resource)).ok_or_else(|| Error::not_here("There is nothing of this name."))
}

fn types(call: &Call) -> Vec<Value> {
    [("User", "/Users", users::SCHEMA, "Members of the organization"), ("Group", "/Groups", groups::SCHEMA, "Groups, which roles can be given to")]
        .into_iter()
        .map(|(name, endpoint, schema, description)| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": name, "name": name, "endpoint": endpoint, "description": description, "schema": schema,
                "meta": { "resourceType": "ResourceType", "location": call.location("ResourceTypes", name) },
            })
        })
        .collect()
}

/// What an attribute is like, where it is not the usual: one text, that may be written.
#[derive(Clone, Copy)]
struct Attribute<'a> {
    name: &'a str,
    kind: &'a str,
    many: bool,
    required: bool,
    exact: bool,
    mutability: &'a str,
    uniqueness: &'a str,
    description: &'a str,
}

const USUAL: Attribute<'static> =
    Attribute { name: "", kind: "string", many: false, required: false, exact: false, mutability: "readWrite", uniqueness: "none", description: "" };

impl Attribute<'_> {
    fn show(self, parts: &[Attribute<'_>]) -> Value {
        let mut shown = json!({
            "name": self.name, "type": self.kind, "multiValued": self.many, "required": self.required, "caseExact": self.exact,
            "mutability": self.mutability, "returned": "default", "uniqueness": self.uniqueness, "description": self.description,
        });
        if !parts.is_empty() {
            shown["subAttributes"] = parts.iter().map(|part| part.show(&[])).collect();
        }
        shown
    }
}

fn definitions(call: &Call) -> Vec<Value> {
    let part = |name, description| Attribute { name, description, ..USUAL };
    let read_only = |name, description| Attribute { name, mutability: "readOnly", description, ..USUAL };
    let external = Attribute { name: "externalId", exact: true, description: "What your directory calls it.", ..USUAL }.show(&[]);
    let user = json!([
        Attribute {
            name: "userName",
            required: true,
            uniqueness: "server",
            description: "What your directory calls the user; the mail address, where emails is left out.",
            ..USUAL
        }
        .show(&[]),
        external,
        Attribute { name: "name", kind: "complex", description: "The parts of the name.", ..USUAL }.show(&[
            part("formatted", "The whole name."),
            part("familyName", "The family name."),
            part("givenName", "The given name."),
        ]),
        part("displayName", "What the user is called.").show(&[]),
        Attribute {
            name: "emails",
            kind: "complex",
            many: true,
            description: "The primary address, or the one of work, is the one that is kept.",
            ..USUAL
        }
        .show(&[
            part("value", "The address."),
            part("type", "What it is used for."),
            Attribute { name: "primary", kind: "boolean", description: "Whether it is the one that counts.", ..USUAL },
        ]),
        Attribute {
            name: "active",
            kind: "boolean",
            description: "Whether the user has access. Ending it ends sessions and revokes tokens at once.",
            ..USUAL
        }
        .show(&[]),
        Attribute { name: "groups", kind: "complex", many: true, mutability: "readOnly", description: "The groups that the user is in.", ..USUAL }
            .show(&[
                read_only("value", "The id of the group."),
                read_only("$ref", "Where the group is."),
                read_only("display", "What the group is called."),
            ]),
    ]);
    let group = json!([
        Attribute { name: "displayName", required: true, uniqueness: "server", description: "What the group is called.", ..USUAL }.show(&[]),
        external,
        Attribute { name: "members", kind: "complex", many: true, description: "Who is in the group.", ..USUAL }.show(&[
            Attribute { name: "value", exact: true, mutability: "immutable", description: "The id of the user.", ..USUAL },
            Attribute { name: "$ref", kind: "reference", exact: true, mutability: "immutable", description: "Where the user is.", ..USUAL },
            read_only("display", "What the user is called."),
        ]),
    ]);
    [(users::SCHEMA, "User", "A member of the organization", user), (groups::SCHEMA, "Group", "A group of members", group)]
        .into_iter()
        .map(|(id, name, description, attributes)| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
                "id": id, "name": name, "description": description, "attributes": attributes,
                "meta": { "resourceType": "Schema", "location": call.location("Schemas", id) },
            })
        })
        .collect()
}
