//! A token, without its secret.

use chrono::{DateTime, Utc};
use shared::{
    Permission,
    field::{DisplayName, Refused},
    ids::TokenId,
    limits,
};

use crate::fault::Fault;

/// An API token.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    /// The last four characters of the secret.
    pub hint: String,
    /// `*`, or names of permissions.
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// Who made it, where that is not its holder.
    pub made_by: Option<String>,
}

/// What a new token is to be, checked.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: DisplayName,
    pub scopes: Vec<String>,
    /// `None`: it does not expire.
    pub days: Option<i64>,
}

impl NewToken {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// `Invalid` naming `name`, `scopes` or `expiresInDays`.
    pub fn check(name: &str, scopes: &[String], expires_in_days: Option<i32>) -> Result<Self, Fault> {
        Ok(Self {
            name: DisplayName::parse(name).map_err(|refused| Fault::invalid("name", refused.0))?,
            scopes: check_scopes(scopes).map_err(|refused| Fault::invalid("scopes", refused.0))?,
            days: check_days(expires_in_days).map_err(|refused| Fault::invalid("expiresInDays", refused.0))?,
        })
    }
}

/// The scopes of a new token: `*` alone, or permissions that exist, each once.
pub fn check_scopes(scopes: &[String]) -> Result<Vec<String>, Refused> {
    if scopes.is_empty() {
        return Err(Refused("Choose at least one scope.".into()));
    }
    if scopes.iter().any(|scope| scope == "*") {
        return Ok(vec!["*".into()]);
    }
    let mut checked: Vec<String> = Vec::new();
    for scope in scopes {
        let permission = Permission::parse(scope).ok_or_else(|| Refused("Choose scopes from the list; one of these does not exist.".into()))?;
        if !checked.iter().any(|known| known == permission.as_str()) {
            checked.push(permission.as_str().into());
        }
    }
    Ok(checked)
}

/// The life of a new token in days; `None` never expires.
pub fn check_days(days: Option<i32>) -> Result<Option<i64>, Refused> {
    match days {
        None => Ok(None),
        Some(days) if (1..=limits::TOKEN_DAYS_MAX as i32).contains(&days) => Ok(Some(days.into())),
        Some(_) => Err(Refused(format!("Choose between 1 and {} days, or no expiry.", limits::TOKEN_DAYS_MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_scopes_are_from_the_list() {
        let check = |scopes: &[&str]| check_scopes(&scopes.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(check(&["runs:read", "runs:read"]), Ok(vec!["runs:read".into()]));
        assert_eq!(check(&["runs:read", "*"]), Ok(vec!["*".into()]));
        assert!(check(&[]).is_err() && check(&["runs:*"]).is_err() && check(&[""]).is_err());
    }

    #[test]
    fn a_life_is_between_a_day_and_a_year() {
        assert_eq!(check_days(None), Ok(None));
        assert_eq!(check_days(Some(30)), Ok(Some(30)));
        assert!(check_days(Some(0)).is_err() && check_days(Some(367)).is_err() && check_days(Some(i32::MIN)).is_err());
    }
}
