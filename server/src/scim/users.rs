//! Users of the protocol.

use actix_web::{HttpRequest, http::StatusCode, web};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use shared::ids::MemberId;

use super::{
    call::{Answer, Call, check_schema, flag, get as attribute, tag, text},
    error::Error,
    filter, no_content,
    patch::{Act, Operation, Path, operations},
};
use crate::{
    features::scim::{Profile, User, UserChange, UserEdit, users},
    http::Edge,
};

pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// What directories send of a user and nobody here looks at. A password is never one of ours.
const PASSED_OVER: [&str; 16] = [
    "nickname",
    "profileurl",
    "title",
    "usertype",
    "preferredlanguage",
    "locale",
    "timezone",
    "password",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509certificates",
    "$ref",
];
/// What only this server says.
const OWN: [&str; 4] = ["id", "meta", "groups", "schemas"];

pub async fn list(request: HttpRequest, edge: web::Data<Edge>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let terms = filter::users(call.query.filter.as_deref())?;
    let found = call.noted(users::list(&call.scope, &terms, call.query.offset, call.query.count).await)?;
    Ok(call.list(found.total, found.rows.iter().map(|user| show(&call, user)).collect()))
}

pub async fn get(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let user = call.noted(users::get(&call.scope, user_id(&call, &id)?).await)?;
    Ok(call.one(StatusCode::OK, show(&call, &user)))
}

pub async fn create(request: HttpRequest, edge: web::Data<Edge>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let (profile, active) = read(&body)?;
    let profile = Profile { active: active.unwrap_or(true), ..profile };
    let user = call.noted(users::create(&call.scope, &call.public_url, profile).await)?;
    Ok(call.one(StatusCode::CREATED, show(&call, &user)))
}

pub async fn replace(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let id = user_id(&call, &id)?;
    let (profile, active) = read(&body)?;
    let edit = UserEdit::Replace(profile, active);
    let user = call.noted(users::edit(&call.scope, &call.public_url, id, call.expected(), edit).await)?;
    Ok(call.one(StatusCode::OK, show(&call, &user)))
}

pub async fn patch(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>, payload: web::Payload) -> Answer {
    let (call, body) = Call::with_body(&request, &edge, payload).await?;
    let id = user_id(&call, &id)?;
    let mut edit = Vec::new();
    for operation in operations(&body)? {
        changes(&operation, &mut edit)?;
    }
    let user = call.noted(users::edit(&call.scope, &call.public_url, id, call.expected(), UserEdit::Change(edit)).await)?;
    Ok(call.one(StatusCode::OK, show(&call, &user)))
}

pub async fn remove(request: HttpRequest, edge: web::Data<Edge>, id: web::Path<String>) -> Answer {
    let call = Call::enter(&request, &edge).await?;
    let id = user_id(&call, &id)?;
    call.noted(users::remove(&call.scope, id, call.expected()).await)?;
    Ok(no_content())
}

/// An id of the form that users' have; any other is nobody's.
fn user_id(call: &Call, id: &str) -> Result<MemberId, Error> {
    call.noted(id.parse::<MemberId>().map_err(|error| crate::fault::Fault::from(error).into()))
}

/// A moment as the protocol writes it.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn show(call: &Call, user: &User) -> Value {
    let (id, profile) = (user.id.to_string(), &user.profile);
    let groups: Vec<Value> = user
        .groups
        .iter()
        .map(|(group, name)| json!({ "value": group.to_string(), "$ref": call.location("Groups", &group.to_string()), "display": name, "type": "direct" }))
        .collect();
    let mut shown = json!({
        "schemas": [SCHEMA],
        "id": id,
        "userName": profile.user_name,
        "name": { "formatted": profile.full_name(), "givenName": profile.given_name, "familyName": profile.family_name },
        "displayName": profile.display_name,
        "emails": [{ "value": profile.email, "type": "work", "primary": true }],
        "active": profile.active,
        "groups": groups,
        "meta": {
            "resourceType": "User", "created": moment(user.created_at), "lastModified": moment(user.updated_at),
            "location": call.location("Users", &id), "version": tag(&user.version()),
        },
    });
    if let Some(external) = &profile.external_id {
        shown["externalId"] = json!(external);
    }
    shown
}

/// A whole user, and what is said of their access.
fn read(body: &Map<String, Value>) -> Result<(Profile, Option<bool>), Error> {
    check_schema(body, SCHEMA)?;
    let said = |name: &str| attribute(body, name).map_or(Ok(String::new()), |value| text(name, value));
    let mut profile = Profile {
        user_name: said("userName")?,
        external_id: attribute(body, "externalId").map(|value| text("externalId", value)).transpose()?,
        display_name: said("displayName")?,
        email: attribute(body, "emails").map_or(Ok(String::new()), email)?,
        ..Profile::default()
    };
    if let Some(name) = attribute(body, "name") {
        let Value::Object(name) = name else { return Err(Error::value("name is an object.")) };
        let part = |part: &str| attribute(name, part).map_or(Ok(String::new()), |value| text(part, value));
        (profile.given_name, profile.family_name, profile.formatted_name) = (part("givenName")?, part("familyName")?, part("formatted")?);
    }
    let active = attribute(body, "active").map(|value| flag("active", value)).transpose()?;
    Ok((profile, active))
}

/// The address in `emails`: the primary one, else the one of work, else the first.
fn email(value: &Value) -> Result<String, Error> {
    let of = |element: &Value| match element {
        Value::Object(map) => attribute(map, "value").map_or(Ok(String::new()), |value| text("emails.value", value)),
        other => text("emails.value", other),
    };
    match value {
        Value::Array(all) => {
            let is = |element: &&Value, name: &str, expected: &Value| element.as_object().and_then(|map| attribute(map, name)) == Some(expected);
            let primary = all.iter().find(|element| is(element, "primary", &json!(true)));
            let chosen = primary.or_else(|| all.iter().find(|element| is(element, "type", &json!("work")))).or(all.first());
            chosen.map_or(Ok(String::new()), of)
        }
        other => of(other),
    }
}

/// What an operation changes.
fn changes(operation: &Operation<'_>, edit: &mut Vec<UserChange>) -> Result<(), Error> {
    let Some(path) = &operation.path else {
        let Value::Object(map) = operation.value else { return Err(Error::value("Without a path, value is an object of attributes.")) };
        for (name, value) in map {
            let path = Path::parse(name)?;
            // Whole users are sent back with what only this server says.
            if !OWN.contains(&path.attribute.as_str()) {
                change(&path, operation.act, value, edit)?;
            }
        }
        return Ok(());
    };
    if OWN.contains(&path.attribute.as_str()) {
        return Err(Error::mutability(format!("{} cannot be changed here.", path.attribute)));
    }
    change(path, operation.act, operation.value, edit)
}

fn change(path: &Path, act: Act, value: &Value, edit: &mut Vec<UserChange>) -> Result<(), Error> {
    let gone = act == Act::Remove;
    let said = |name: &str| if gone { Ok(String::new()) } else { text(name, value) };
    let unknown = || Error::path(format!("Users have no attribute {:?}.", path.attribute.chars().take(80).collect::<String>()));
    if path.attribute != "emails" && path.filter.is_some() && !PASSED_OVER.contains(&path.attribute.as_str()) {
        return Err(unknown());
    }
    match (path.attribute.as_str(), path.part.as_deref()) {
        ("username", None) if gone => return Err(Error::mutability("userName is required.")),
        ("username", None) => edit.push(UserChange::UserName(said("userName")?)),
        ("externalid", None) => edit.push(UserChange::ExternalId(Some(said("externalId")?).filter(|id| !id.is_empty()))),
        ("displayname", None) => edit.push(UserChange::DisplayName(said("displayName")?)),
        // What is no longer said is as it is when it never was.
        ("active", None) if gone => edit.push(UserChange::Active(true)),
        ("active", None) => edit.push(UserChange::Active(flag("active", value)?)),
        ("name", None) if gone => {
            edit.extend([UserChange::GivenName, UserChange::FamilyName, UserChange::FormattedName].map(|change| change(String::new())));
        }
        ("name", None) => {
            let Value::Object(name) = value else { return Err(Error::value("name is an object.")) };
            for (part, value) in name {
                let path = Path { attribute: "name".into(), filter: None, part: Some(part.to_ascii_lowercase()) };
                change(&path, act, value, edit)?;
            }
        }
        ("name", Some("givenname")) => edit.push(UserChange::GivenName(said("name.givenName")?)),
        ("name", Some("familyname")) => edit.push(UserChange::FamilyName(said("name.familyName")?)),
        ("name", Some("formatted")) => edit.push(UserChange::FormattedName(said("name.formatted")?)),
        ("name", Some("middlename" | "honorificprefix" | "honorificsuffix")) => {}
        ("emails", None) if path.filter.is_none() => edit.push(UserChange::Email(if gone { String::new() } else { email(value)? })),
        ("emails", None | Some("value")) if is_ours(path) => edit.push(UserChange::Email(if gone { String::new() } else { email(value)? })),
        ("emails", None | Some("value" | "type" | "primary" | "display")) => {}
        (name, _) if PASSED_OVER.contains(&name) || name.starts_with("urn:") => {}
        _ => return Err(unknown()),
    }
    Ok(())
}

/// Whether a path into `emails` means the address that is kept.
fn is_ours(path: &Path) -> bool {
    match &path.filter {
        None => true,
        Some((name, value)) => (name == "type" && *value == json!("work")) || (name == "primary" && *value == json!(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UserChange::{Active, DisplayName, Email, ExternalId, FamilyName, GivenName};

    fn read_all(body: Value) -> Result<Vec<UserChange>, Error> {
        let mut edit = Vec::new();
        for operation in operations(body.as_object().expect("an object"))? {
            changes(&operation, &mut edit)?;
        }
        Ok(edit)
    }

    #[test]
    fn changes_are_read_as_okta_and_entra_send_them() {
        for (operation, expected) in [
            (json!({ "op": "replace", "value": { "active": false } }), vec![Active(false)]),
            (json!({ "op": "Replace", "path": "active", "value": "False" }), vec![Active(false)]),
            (json!({ "op": "Add", "path": "active", "value": "True" }), vec![Active(true)]),
            (json!({ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@b.c" }), vec![Email("a@b.c".into())]),
            (json!({ "op": "Replace", "path": "emails[type eq \"home\"].value", "value": "a@b.c" }), vec![]),
            (
                json!({ "op": "Add", "value": { "name.givenName": "Ada", "displayName": "Ada K", "id": "x" } }),
                vec![DisplayName("Ada K".into()), GivenName("Ada".into())],
            ),
            (json!({ "op": "replace", "path": "name", "value": { "familyName": "King", "middleName": "B" } }), vec![FamilyName("King".into())]),
            (json!({ "op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "ML" }), vec![]),
            (json!({ "op": "remove", "path": "externalId" }), vec![ExternalId(None)]),
            (json!({ "op": "replace", "value": { "password": "secret", "groups": [] } }), vec![]),
        ] {
            let mut found = read_all(json!({ "Operations": [operation] })).unwrap_or_else(|error| panic!("{operation}: {error}"));
            found.sort_by_key(|change| format!("{change:?}"));
            assert_eq!(found, expected, "{operation}");
        }
    }

    #[test]
    fn changes_that_mean_nothing_are_refused() {
        for operation in [
            json!({ "op": "replace", "path": "shoeSize", "value": 43 }),
            json!({ "op": "replace", "path": "active", "value": "perhaps" }),
            json!({ "op": "replace", "path": "active", "value": [true] }),
            json!({ "op": "replace", "path": "id", "value": "x" }),
            json!({ "op": "remove", "path": "userName" }),
            json!({ "op": "replace", "path": "userName", "value": { "a": 1 } }),
            json!({ "op": "replace", "path": "userName[value eq \"x\"]", "value": "x" }),
            json!({ "op": "replace", "path": "name", "value": "Ada" }),
            json!({ "op": "replace", "path": "name.shoe", "value": "x" }),
            json!({ "op": "replace", "value": "active" }),
            json!({ "op": "replace", "value": { "a b": 1 } }),
        ] {
            assert!(read_all(json!({ "Operations": [operation] })).is_err(), "{operation}");
        }
    }

    #[test]
    fn the_address_is_the_primary_one() {
        let all = json!([{ "value": "h@b.c", "type": "home" }, { "value": "w@b.c", "type": "work" }, { "value": "p@b.c", "primary": true }]);
        assert_eq!(email(&all), Ok("p@b.c".into()));
        assert_eq!(email(&json!([{ "value": "h@b.c" }, { "value": "w@b.c", "type": "work" }])), Ok("w@b.c".into()));
        assert_eq!((email(&json!([])), email(&json!("a@b.c"))), (Ok(String::new()), Ok("a@b.c".into())));
        assert!(email(&json!([[[]]])).is_err());
    }
}
