//! What an owner writes about an identity provider.

use crate::{Role, field::Refused};

/// Longest text, in bytes.
const TEXT_MAX: usize = 500;
/// Longest name of a role, in bytes.
const ROLE_MAX: usize = 40;
/// Groups that can be given a role.
const GROUPS_MAX: usize = 200;

fn text(text: &str, why: &str) -> Result<String, Refused> {
    let plain = !text.trim().is_empty() && text.len() <= TEXT_MAX && !text.chars().any(char::is_control);
    if plain { Ok(text.trim().to_owned()) } else { Err(Refused(why.to_owned())) }
}

/// The issuer, or GitHub's address. Whether it can be asked is another question.
///
/// # Errors
/// When it is empty, longer than 500 bytes, or holds control characters; so for the others.
pub fn issuer(typed: &str) -> Result<String, Refused> {
    text(typed, "Enter the provider's address: https://login.example.com")
}

/// What the provider calls this application.
///
/// # Errors
/// As for [`issuer`].
pub fn client_id(typed: &str) -> Result<String, Refused> {
    text(typed, "Enter the client id that the provider gave this application.")
}

/// What the application proves itself with, where none is kept.
///
/// # Errors
/// When it is empty.
pub fn client_secret(typed: &str) -> Result<(), Refused> {
    if typed.trim().is_empty() { Err(Refused("Enter the client secret that the provider gave this application.".into())) } else { Ok(()) }
}

/// The claim that holds groups; of an empty text `groups`.
///
/// # Errors
/// As for [`issuer`].
pub fn claim(typed: &str) -> Result<String, Refused> {
    text(if typed.trim().is_empty() { "groups" } else { typed }, "Enter the name of the claim.")
}

/// A group, as the provider names it.
///
/// # Errors
/// As for [`issuer`].
pub fn group(typed: &str) -> Result<String, Refused> {
    text(typed, "Name each group as the provider does, in at most 500 characters.")
}

/// A role that a provider may give.
///
/// # Errors
/// For owners, whom no provider makes, and for what is no role.
pub fn role(name: &str) -> Result<Role, Refused> {
    match Role::parse(name) {
        Some(Role::Owner) => Err(Refused("No provider makes owners. An owner makes them, under Members.".into())),
        Some(role) => Ok(role),
        None => Err(Refused(format!("{name:?} is not a role. Write roles as in the list: viewer, data_scientist, admin."))),
    }
}

/// The name of a role that a group may give: one that every organization has, or what one of the organization's own can be called. Whether there is one of
/// that name is another question.
///
/// # Errors
/// For owners, whom no group makes, and for what is no role's name.
pub fn group_role(name: &str) -> Result<String, Refused> {
    let plain = (1..=ROLE_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && Role::parse(name) != Some(Role::Owner) { Ok(name.to_owned()) } else { role(name).map(|role| role.as_str().to_owned()) }
}

/// Groups and their roles, each once.
///
/// # Errors
/// When one of them breaks a rule, or they are more than 200.
pub fn rules<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<(String, String)>, Refused> {
    let mut rules: Vec<(String, String)> = Vec::new();
    for (name, of) in pairs {
        let rule = (group(name)?, group_role(of)?);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.len() > GROUPS_MAX { Err(Refused(format!("Give roles to at most {GROUPS_MAX} groups."))) } else { Ok(rules) }
}

/// Reads one rule a line: `group = role`. The group may hold `=` itself.
///
/// # Errors
/// For a line without `=`. What stands beside it is not checked.
pub fn pairs(typed: &str) -> Result<Vec<(&str, &str)>, Refused> {
    typed
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let (group, role) =
                line.rsplit_once('=').ok_or_else(|| Refused(format!("Line {}: write the group, an equals sign, and the role.", number + 1)))?;
            Ok((group.trim(), role.trim()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_line_by_line() {
        assert_eq!(pairs("ml = data_scientist\r\n\n cn=ops,dc=x =admin\n"), Ok(vec![("ml", "data_scientist"), ("cn=ops,dc=x", "admin")]));
        assert_eq!(pairs("ml = viewer\nops").map_err(|refused| refused.0), Err("Line 2: write the group, an equals sign, and the role.".into()));
    }

    #[test]
    fn t17_no_rule_makes_owners() {
        assert_eq!(rules([("ml", "viewer"), (" ml", "viewer")]), Ok(vec![("ml".to_owned(), "viewer".to_owned())]));
        assert_eq!(rules([("ml", "model_keeper")]), Ok(vec![("ml".to_owned(), "model_keeper".to_owned())]));
        for wrong in [("ml", "owner"), ("ml", "Model keeper"), ("ml", ""), ("ml", "*"), ("", "viewer")] {
            assert!(rules([wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn texts_are_short_and_plain() {
        assert_eq!((issuer(" https://login.example.com "), claim("  ")), (Ok("https://login.example.com".into()), Ok("groups".into())));
        for wrong in ["", " ", "a\nb", &"x".repeat(501)] {
            assert!(issuer(wrong).is_err() && client_id(wrong).is_err() && group(wrong).is_err(), "{wrong:.20?}");
        }
    }
}
