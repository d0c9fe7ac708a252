//! Groups of the protocol.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, http::StatusCode, web};
use serde_json::{Map, Value, json};
use shared::ids::{MemberId, ScimGroupId};

use super::{
    call::{Answer, Call, check_schema, get as attribute, tag, text},
    error::Error,
    filter, no_content,
    patch::{Act, Operation, Path, operations},
    users::moment,
};
use crate::{
    features::scim::{Group, GroupEdit, MemberChange, groups},
    http::Edge,
};

pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

pub async fn list(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let terms = filter::groups(call.query.filter.as_deref())?;
    let query = &call.query;
    let found = call.noted(groups::list(&call.scope, &terms, query.offset, query.count, query.wants("members")).await)?;
    Ok(call.list(found.total, found.rows.iter().map(|group| show(&call, group)).collect()))
}

pub async fn get(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let group = call.noted(groups::get(&call.scope, group_id(&call, &id)?, call.query.wants("members")).await)?;
    Ok(call.one(StatusCode::OK, show(&call, &group)))
}

pub async fn create(request: HttpRequest, edge: web::Data<Edge>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let (name, external, members) = read(&body)?;
    let group = call.noted(groups::create(&call.scope, &name, external, members).await)?;
    Ok(call.one(StatusCode::CREATED, show(&call, &group)))
}

pub async fn replace(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let id = group_id(&call, &id)?;
    let (name, external, members) = read(&body)?;
    let mut change = MemberChange::default();
    change.set(members);
    let edit = GroupEdit { display_name: Some(name), external_id: Some(external), members: change };
    let group = call.noted(groups::edit(&call.scope, id, call.expected(), edit, call.query.wants("members")).await)?;
    Ok(call.one(StatusCode::OK, show(&call, &group)))
}

/// Answers without the group, which may be large, unless the caller says what of it they want.
pub async fn patch(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let id = group_id(&call, &id)?;
    let mut edit = GroupEdit::default();
    for operation in operations(&body)? {
        changes(&operation, &mut edit)?;
    }
    let shown = call.query.is_choosy();
    let group = call.noted(groups::edit(&call.scope, id, call.expected(), edit, shown && call.query.wants("members")).await)?;
    Ok(if shown { call.one(StatusCode::OK, show(&call, &group)) } else { no_content() })
}

pub async fn remove(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let id = group_id(&call, &id)?;
    call.noted(groups::remove(&call.scope, id, call.expected()).await)?;
    Ok(no_content())
}

fn group_id(call: &Call, id: &str) -> Result<ScimGroupId, Error> {
    call.noted(id.parse::<ScimGroupId>().map_err(|error| crate::fault::Fault::from(error).into()))
}

fn show(call: &Call, group: &Group) -> Value {
    let id = group.id.to_string();
    let member = |(id, name): &(MemberId, String)| {
        let id = id.to_string();
        json!({ "value": id, "$ref": call.location("Users", &id), "display": name, "type": "User" })
    };
    let mut shown = json!({
        "schemas": [SCHEMA],
        "id": id,
        "displayName": group.display_name,
        "members": group.members.iter().map(member).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "Group", "created": moment(group.created_at), "lastModified": moment(group.updated_at),
            "location": call.location("Groups", &id), "version": tag(&group.version.to_string()),
        },
    });
    if let Some(external) = &group.external_id {
        shown["externalId"] = json!(external);
    }
    shown
}

/// A whole group.
fn read(body: &Map<String, Value>) -> Result<(String, Option<String>, BTreeSet<MemberId>), Error> {
    check_schema(body, SCHEMA)?;
    let name = attribute(body, "displayName").map_or(Ok(String::new()), |value| text("displayName", value))?;
    let external = attribute(body, "externalId").map(|value| text("externalId", value)).transpose()?;
    Ok((name, external, attribute(body, "members").map_or(Ok(BTreeSet::new()), members)?))
}

/// Members as they are named: a list of objects with their ids, or one of them.
fn members(value: &Value) -> Result<BTreeSet<MemberId>, Error> {
    match value {
        Value::Array(all) => all.iter().map(member).collect(),
        other => Ok(BTreeSet::from([member(other)?])),
    }
}

fn member(value: &Value) -> Result<MemberId, Error> {
    let id = match value {
        Value::Object(map) => attribute(map, "value").and_then(Value::as_str),
        Value::String(id) => Some(id.as_str()),
        _ => None,
    };
    let id = id.ok_or_else(|| Error::value("A member is an object with the id of a user as value."))?;
    id.parse().map_err(|_| Error::value("One of the members is no user of this organization."))
}

fn changes(operation: &Operation<'_>, edit: &mut GroupEdit) -> Result<(), Error> {
    let Some(path) = &operation.path else {
        let Value::Object(map) = operation.value else { return Err(Error::value("Without a path, value is an object of attributes.")) };
        for (name, value) in map {
            let path = Path::parse(name)?;
            if !matches!(path.attribute.as_str(), "id" | "meta" | "schemas") {
                change(&path, operation.act, value, edit)?;
            }
        }
        return Ok(());
    };
    if matches!(path.attribute.as_str(), "id" | "meta" | "schemas") {
        return Err(Error::mutability(format!("{} cannot be changed.", path.attribute)));
    }
    change(path, operation.act, operation.value, edit)
}

fn change(path: &Path, act: Act, value: &Value, edit: &mut GroupEdit) -> Result<(), Error> {
    let unknown = || Error::path(format!("Groups have no attribute {:?}.", path.attribute.chars().take(80).collect::<String>()));
    match (path.attribute.as_str(), &path.filter, path.part.as_deref(), act) {
        ("displayname", None, None, Act::Remove) => return Err(Error::mutability("displayName is required.")),
        ("displayname", None, None, _) => edit.display_name = Some(text("displayName", value)?),
        ("externalid", None, None, Act::Remove) => edit.external_id = Some(None),
        ("externalid", None, None, _) => edit.external_id = Some(Some(text("externalId", value)?)),
        ("members", None, None, Act::Add) => members(value)?.into_iter().for_each(|member| edit.members.add(member)),
        ("members", None, None, Act::Replace) => edit.members.set(members(value)?),
        ("members", None, None, Act::Remove) if value.is_null() => edit.members.set(BTreeSet::new()),
        // Entra ID names whom it removes in the value.
        ("members", None, None, Act::Remove) => members(value)?.into_iter().for_each(|member| edit.members.remove(member)),
        ("members", Some((name, wanted)), None | Some("value"), act) if name == "value" => {
            let member = member(wanted)?;
            match act {
                Act::Remove => edit.members.remove(member),
                Act::Add | Act::Replace => edit.members.add(member),
            }
        }
        ("members", Some(_), ..) => return Err(Error::path("Members are named by members[value eq \"id\"].")),
        (name, ..) if name.starts_with("urn:") => {}
        _ => return Err(unknown()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn edited(list: Value) -> Result<GroupEdit, Error> {
        let body = json!({ "Operations": list });
        let mut edit = GroupEdit::default();
        for operation in operations(body.as_object().expect("an object"))? {
            changes(&operation, &mut edit)?;
        }
        Ok(edit)
    }

    #[test]
    fn changes_of_members_are_read_as_okta_and_entra_send_them() {
        let [a, b] = [1, 2].map(|n| MemberId::from_uuid(Uuid::from_u128(n)));
        let (first, second) = (a.to_string(), b.to_string());
        let change = |anew: bool, add: &[MemberId], remove: &[MemberId]| MemberChange {
            anew,
            add: add.iter().copied().collect(),
            remove: remove.iter().copied().collect(),
        };
        for (list, expected) in [
            (
                json!([{ "op": "add", "path": "members", "value": [{ "value": first, "display": "A" }, { "value": second }] }]),
                change(false, &[a, b], &[]),
            ),
            (json!([{ "op": "Add", "path": "members", "value": { "value": first } }]), change(false, &[a], &[])),
            (json!([{ "op": "add", "value": { "members": [{ "value": first }] } }]), change(false, &[a], &[])),
            (json!([{ "op": "remove", "path": format!("members[value eq \"{first}\"]") }]), change(false, &[], &[a])),
            (json!([{ "op": "Remove", "path": "members", "value": [{ "value": first }] }]), change(false, &[], &[a])),
            (json!([{ "op": "remove", "path": "members" }]), change(true, &[], &[])),
            (json!([{ "op": "replace", "path": "members", "value": [{ "value": second }] }]), change(true, &[b], &[])),
            (
                json!([{ "op": "replace", "path": "members", "value": [] }, { "op": "add", "path": "members", "value": first }]),
                change(true, &[a], &[]),
            ),
        ] {
            assert_eq!(edited(list.clone()).map(|edit| edit.members), Ok(expected), "{list}");
        }
        let renamed = edited(json!([{ "op": "replace", "value": { "id": "grp_x", "displayName": "ML" } }])).expect("reads");
        assert_eq!(renamed, GroupEdit { display_name: Some("ML".into()), ..GroupEdit::default() });
        for wrong in [
            json!([{ "op": "add", "path": "members", "value": [{ "value": "../../etc" }] }]),
            json!([{ "op": "add", "path": "members", "value": [{}] }]),
            json!([{ "op": "add", "path": "members", "value": 5 }]),
            json!([{ "op": "remove", "path": "members[display eq \"A\"]" }]),
            json!([{ "op": "remove", "path": "displayName" }]),
            json!([{ "op": "replace", "path": "id", "value": "x" }]),
            json!([{ "op": "replace", "path": "colour", "value": "red" }]),
        ] {
            assert!(edited(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
