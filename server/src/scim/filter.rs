//! Filters: `attribute eq value`, with `and` between them (RFC 7644, section 3.4.2.2).

use serde_json::{Deserializer, Value};

use super::{call::flag, error::Error};
use crate::features::scim::{GroupTerm, UserTerm};

/// Longest filter, in bytes.
const LENGTH_MAX: usize = 2_000;
/// Conditions in one filter.
const TERMS_MAX: usize = 10;

/// The conditions of a filter on users.
pub fn users(text: Option<&str>) -> Result<Vec<UserTerm>, Error> {
    read(text)?.into_iter().map(|(name, value)| user_term(&name, &value)).collect()
}

/// The conditions of a filter on groups.
pub fn groups(text: Option<&str>) -> Result<Vec<GroupTerm>, Error> {
    read(text)?.into_iter().map(|(name, value)| group_term(&name, &value)).collect()
}

fn user_term(name: &str, value: &Value) -> Result<UserTerm, Error> {
    let name = core(name, "urn:ietf:params:scim:schemas:core:2.0:user:");
    Ok(match name.as_str() {
        "username" => UserTerm::UserName(text(&name, value)?),
        "externalid" => UserTerm::ExternalId(text(&name, value)?),
        "id" => UserTerm::Id(text(&name, value)?.parse().ok()),
        "emails" | "emails.value" | "emails[type eq \"work\"].value" => UserTerm::Email(text(&name, value)?),
        "active" => UserTerm::Active(flag("active", value).map_err(|_| Error::filter("active is compared with true or false."))?),
        _ => return Err(Error::filter("Users are found by userName, externalId, id, emails.value and active.")),
    })
}

fn group_term(name: &str, value: &Value) -> Result<GroupTerm, Error> {
    let name = core(name, "urn:ietf:params:scim:schemas:core:2.0:group:");
    Ok(match name.as_str() {
        "displayname" => GroupTerm::DisplayName(text(&name, value)?),
        "externalid" => GroupTerm::ExternalId(text(&name, value)?),
        "id" => GroupTerm::Id(text(&name, value)?.parse().ok()),
        "members" | "members.value" => GroupTerm::Member(text(&name, value)?.parse().ok()),
        _ => return Err(Error::filter("Groups are found by displayName, externalId, id and members.value.")),
    })
}

fn core(name: &str, schema: &str) -> String {
    name.strip_prefix(schema).unwrap_or(name).to_owned()
}

fn text(name: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) if !text.contains('\0') => Ok(text.clone()),
        _ => Err(Error::filter(format!("{name} is compared with a text in double quotes."))),
    }
}

/// Attributes, in lower case, with what they are to equal.
fn read(text: Option<&str>) -> Result<Vec<(String, Value)>, Error> {
    let Some(text) = text else { return Ok(Vec::new()) };
    if text.len() > LENGTH_MAX {
        return Err(Error::filter(format!("A filter holds at most {LENGTH_MAX} characters.")));
    }
    let (mut rest, mut terms) = (text.trim(), Vec::new());
    loop {
        let (term, after) = term(rest)?;
        terms.push(term);
        if terms.len() > TERMS_MAX {
            return Err(Error::filter(format!("A filter has at most {TERMS_MAX} conditions.")));
        }
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(terms);
        }
        let (word, next) = word(after);
        if !word.eq_ignore_ascii_case("and") {
            return Err(Error::filter("Conditions are joined by and; nothing else is offered."));
        }
        rest = next.trim_start();
    }
}

/// One condition at the beginning of a text, and what stands behind it.
pub fn term(text: &str) -> Result<((String, Value), &str), Error> {
    let malformed = || Error::filter("Write a filter like userName eq \"ada@example.com\".");
    let (name, rest) = match text.find('[') {
        // The blanks inside of brackets are the attribute's.
        Some(open) if text[..open].bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._-".contains(&byte)) => {
            let close = text.find(']').ok_or_else(malformed)?;
            let end = text[close..].find(' ').map_or(text.len(), |blank| close + blank);
            text.split_at(end)
        }
        _ => word(text),
    };
    let (operator, rest) = word(rest.trim_start());
    if name.is_empty() || operator.is_empty() {
        return Err(malformed());
    }
    if !operator.eq_ignore_ascii_case("eq") {
        return Err(Error::filter("Attributes are compared by eq; nothing else is offered."));
    }
    let rest = rest.trim_start();
    let mut values = Deserializer::from_str(rest).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value @ (Value::String(_) | Value::Bool(_) | Value::Number(_)))) => value,
        // Some write True.
        _ => {
            let (bare, rest) = word(rest);
            let known = ["true", "false"].into_iter().find(|known| bare.eq_ignore_ascii_case(known)).ok_or_else(malformed)?;
            return Ok(((name.to_ascii_lowercase(), Value::Bool(known == "true")), rest));
        }
    };
    let end = values.byte_offset();
    let after = &rest[end..];
    if !after.is_empty() && !after.starts_with([' ', ')', ']']) {
        return Err(malformed());
    }
    Ok(((name.to_ascii_lowercase(), value), after))
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_directories_write_them() {
        let ada = || UserTerm::UserName("ada@example.com".into());
        for (text, expected) in [
            (r#"userName eq "ada@example.com""#, vec![ada()]),
            (r#"  USERNAME EQ "ada@example.com"  "#, vec![ada()]),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@example.com""#, vec![ada()]),
            (r#"userName eq "ada@example.com" and active eq true"#, vec![ada(), UserTerm::Active(true)]),
            (r#"active eq "False" AND externalId eq "a \"b\" and c""#, vec![UserTerm::Active(false), UserTerm::ExternalId("a \"b\" and c".into())]),
            ("active eq True", vec![UserTerm::Active(true)]),
            (r#"emails[type eq "work"].value eq "a@b.c""#, vec![UserTerm::Email("a@b.c".into())]),
            (r#"id eq "nonsense""#, vec![UserTerm::Id(None)]),
        ] {
            assert_eq!(users(Some(text)), Ok(expected), "{text}");
        }
        assert_eq!(groups(Some(r#"displayName eq "ML \u0026 Ops""#)), Ok(vec![GroupTerm::DisplayName("ML & Ops".into())]));
        assert_eq!(users(None), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let many = [r#"userName eq "a""#; 11].join(" and ");
        let long = format!("userName eq \"{}\"", "x".repeat(2_000));
        for wrong in [
            "userName",
            "userName eq",
            r#"eq "a""#,
            r#"userName eq "a"#,
            r#"userName eq "a"x"#,
            r#"userName eq 'a'"#,
            r#"userName co "a""#,
            r#"userName eq "a" or active eq true"#,
            r#"userName eq "a" and"#,
            r#"not (userName eq "a")"#,
            r#"(userName eq "a")"#,
            r#"password eq "a""#,
            r#"userName eq {"a":1}"#,
            "userName eq true",
            r#"userName eq "a\u0000""#,
            r#"active eq "maybe""#,
            "[[[[[[",
            "emails[ eq",
            "\u{301}\u{301} eq \"a\"",
            &many,
            &long,
        ] {
            assert!(users(Some(wrong)).is_err(), "{wrong:.60}");
        }
    }
}
