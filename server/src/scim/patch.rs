//! The operations of a PATCH, and the paths they name (RFC 7644, section 3.5.2).

use serde_json::{Map, Value};

use super::{
    call::{check_schema, get},
    error::Error,
    filter,
};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Operations of one request.
const OPERATIONS_MAX: usize = 20_000;
/// Longest path, in bytes.
const PATH_MAX: usize = 500;

/// What is done. Directories write it in upper and lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Add,
    Replace,
    Remove,
}

/// One operation.
#[derive(Debug)]
pub struct Operation<'v> {
    pub act: Act,
    pub path: Option<Path>,
    /// Null where there is none.
    pub value: &'v Value,
}

/// Where something is done: `attribute[filter].part`. Names are in lower case and without their schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub attribute: String,
    /// What an element of the attribute must equal.
    pub filter: Option<(String, Value)>,
    pub part: Option<String>,
}

/// The operations of a body.
pub fn operations(body: &Map<String, Value>) -> Result<Vec<Operation<'_>>, Error> {
    check_schema(body, SCHEMA)?;
    let Some(Value::Array(operations)) = get(body, "Operations") else { return Err(Error::syntax("Operations is a list of what is to be done.")) };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(Error::syntax(format!("Operations holds 1 to {OPERATIONS_MAX} of what is to be done.")));
    }
    operations.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation<'_>, Error> {
    let Value::Object(map) = value else { return Err(Error::syntax("An operation is an object with op, path and value.")) };
    let act = match get(map, "op").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Act::Add,
        Some("replace") => Act::Replace,
        Some("remove") => Act::Remove,
        _ => return Err(Error::syntax("op is add, replace or remove.")),
    };
    let path = match get(map, "path") {
        None => None,
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(Path::parse(path)?),
        Some(_) => return Err(Error::path("path is a text.")),
    };
    let value = get(map, "value").unwrap_or(&Value::Null);
    match (act, &path) {
        (Act::Remove, None) => Err(Error::no_target("What is removed is named by path.")),
        (Act::Add | Act::Replace, _) if value.is_null() => Err(Error::value("What is added or replaced has a value.")),
        _ => Ok(Operation { act, path, value }),
    }
}

impl Path {
    /// Reads a path, or a name of an object's attribute, which Entra ID also writes with dots.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = || Error::path(format!("{:?} is no path.", text.chars().take(80).collect::<String>()));
        if text.len() > PATH_MAX || text.chars().any(char::is_control) {
            return Err(malformed());
        }
        let text = text.trim();
        let bare = |schema: &str| text.get(..schema.len()).filter(|start| start.eq_ignore_ascii_case(schema)).map(|_| &text[schema.len()..]);
        let core =
            ["urn:ietf:params:scim:schemas:core:2.0:User:", "urn:ietf:params:scim:schemas:core:2.0:Group:"].iter().find_map(|schema| bare(schema));
        if core.is_none() && bare("urn:").is_some() {
            // What other schemas say of somebody is not kept.
            return Ok(Self { attribute: text.to_ascii_lowercase(), filter: None, part: None });
        }
        let text = core.unwrap_or(text);
        let (attribute, filter, rest) = match text.split_once('[') {
            Some((attribute, rest)) => {
                let ((name, value), rest) = filter::term(rest.trim_start()).map_err(|_| malformed())?;
                let rest = rest.trim_start().strip_prefix(']').ok_or_else(malformed)?;
                (attribute, Some((name, value)), rest)
            }
            None => {
                let end = text.find('.').unwrap_or(text.len());
                (&text[..end], None, &text[end..])
            }
        };
        let part = match rest {
            "" => None,
            rest => Some(rest.strip_prefix('.').filter(|part| is_name(part)).ok_or_else(malformed)?.to_ascii_lowercase()),
        };
        if !is_name(attribute) {
            return Err(malformed());
        }
        Ok(Self { attribute: attribute.to_ascii_lowercase(), filter, part })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(attribute: &str, filter: Option<(&str, Value)>, part: Option<&str>) -> Path {
        Path { attribute: attribute.into(), filter: filter.map(|(name, value)| (name.into(), value)), part: part.map(str::to_owned) }
    }

    #[test]
    fn paths_are_read_as_directories_write_them() {
        for (text, expected) in [
            ("active", path("active", None, None)),
            ("name.familyName", path("name", None, Some("familyname"))),
            (r#"emails[type eq "work"].value"#, path("emails", Some(("type", json!("work"))), Some("value"))),
            (r#"members[value eq "mem_1"]"#, path("members", Some(("value", json!("mem_1"))), None)),
            (r#"members[ value EQ "a]b" ]"#, path("members", Some(("value", json!("a]b"))), None)),
            ("emails[primary eq true].value", path("emails", Some(("primary", json!(true))), Some("value"))),
            ("urn:ietf:params:scim:schemas:core:2.0:User:displayName", path("displayname", None, None)),
        ] {
            assert_eq!(Path::parse(text), Ok(expected), "{text}");
        }
        for wrong in
            ["members[", "members[value]", "members[value eq", r#"members[value eq "a""#, "a b", ".x", "a..b", "a.", "a\0", "[[[[", r#"x[a eq "b"]y"#]
        {
            assert!(Path::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Path::parse(&"x".repeat(501)).is_err());
    }

    #[test]
    fn operations_are_read_in_any_case() {
        let read = |body: Value| operations(body.as_object().expect("an object")).map(|all| all.len()).map_err(|error| error.to_string());
        assert_eq!(read(json!({ "operations": [{ "OP": "Replace", "path": "active", "value": "False" }] })), Ok(1));
        assert_eq!(
            read(json!({ "schemas": [SCHEMA], "Operations": [{ "op": "add", "value": { "active": true } }, { "op": "remove", "path": "members" }] })),
            Ok(2)
        );
        for wrong in [
            json!({}),
            json!({ "Operations": [] }),
            json!({ "Operations": {} }),
            json!({ "Operations": ["add"] }),
            json!({ "Operations": [{ "op": "move", "path": "a", "value": 1 }] }),
            json!({ "Operations": [{ "op": "remove" }] }),
            json!({ "Operations": [{ "op": "add", "path": "active" }] }),
            json!({ "Operations": [{ "op": "add", "path": 5, "value": 1 }] }),
            json!({ "schemas": ["urn:other"], "Operations": [{ "op": "add", "path": "active", "value": true }] }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
