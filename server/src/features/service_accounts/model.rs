//! Service accounts and their rules.

use chrono::{DateTime, Utc};
use shared::{
    Role,
    field::DisplayName,
    ids::{MemberId, PersonId},
};

use super::ServiceAccountError;

/// Service accounts of one organization.
pub const ACCOUNTS_MAX: i64 = 500;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 300;

/// A member that is no person.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// The membership's.
    pub id: MemberId,
    /// Who its tokens are of.
    pub person: PersonId,
    pub name: String,
    /// What it is for.
    pub description: String,
    pub roles: Vec<String>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// To within half a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Since when its tokens open nothing.
    pub suspended_at: Option<DateTime<Utc>>,
}

/// What a service account is to be.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    pub description: String,
    pub roles: Vec<String>,
}

impl NewAccount {
    /// The account with its rules kept. Whether its roles exist is another question.
    ///
    /// # Errors
    /// [`ServiceAccountError`] naming the part.
    pub fn check(self) -> Result<Self, ServiceAccountError> {
        let name = DisplayName::parse(&self.name).map_err(|refused| ServiceAccountError::Name(refused.0))?;
        // Logs call people by their addresses: what acts must not look like somebody it is not.
        if name.as_str().contains('@') {
            return Err(ServiceAccountError::Name("A service account\u{2019}s name has no @: it could be taken for a person.".into()));
        }
        let description = self.description.trim();
        if description.chars().count() > DESCRIPTION_MAX || description.chars().any(char::is_control) {
            return Err(ServiceAccountError::Description);
        }
        let roles = crate::features::members::check_roles(&self.roles).map_err(|_| ServiceAccountError::NoRole)?;
        if roles.iter().any(|role| role == Role::Owner.as_str()) {
            return Err(ServiceAccountError::Owner);
        }
        Ok(Self { name: name.as_str().to_owned(), description: description.to_owned(), roles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, description: &str, roles: &[&str]) -> Result<NewAccount, ServiceAccountError> {
        NewAccount { name: name.into(), description: description.into(), roles: roles.iter().map(|role| (*role).to_owned()).collect() }.check()
    }

    #[test]
    fn c7_1a_a_service_account_is_called_like_no_person_and_is_no_owner() {
        let good = new(" nightly training ", " logs each night ", &["data_scientist", "data_scientist"]).expect("is one");
        assert_eq!((good.name.as_str(), good.description.as_str(), good.roles.len()), ("nightly training", "logs each night", 1));
        for name in ["", "ada@example.com", "a\nb", &"x".repeat(10_000)] {
            assert!(matches!(new(name, "", &["viewer"]), Err(ServiceAccountError::Name(_))), "{name:.20}");
        }
        assert_eq!(new("bot", &"x".repeat(301), &["viewer"]).err(), Some(ServiceAccountError::Description));
        assert_eq!(new("bot", "", &[]).err(), Some(ServiceAccountError::NoRole));
        assert_eq!(new("bot", "", &["viewer", "owner"]).err(), Some(ServiceAccountError::Owner));
    }
}
