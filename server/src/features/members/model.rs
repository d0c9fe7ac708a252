//! A member.

use chrono::{DateTime, Utc};
use shared::{
    Role,
    ids::{MemberId, PersonId},
};

use super::MemberError;

/// A person in an organization.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: MemberId,
    pub person: PersonId,
    pub name: String,
    pub email: String,
    pub roles: Vec<String>,
    pub joined_at: DateTime<Utc>,
    /// To within half a minute.
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl Member {
    pub fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role == Role::Owner.as_str())
    }
}

/// What a role may do in this organization.
#[derive(Clone, Debug)]
pub struct RoleSummary {
    pub role: Role,
    pub permissions: Vec<String>,
}

/// The roles a member is to have: at least one, each known, each once.
pub fn check_roles(roles: &[String]) -> Result<Vec<Role>, MemberError> {
    let mut checked = Vec::new();
    for name in roles {
        let role = Role::parse(name).ok_or(MemberError::UnknownRole)?;
        if !checked.contains(&role) {
            checked.push(role);
        }
    }
    if checked.is_empty() { Err(MemberError::UnknownRole) } else { Ok(checked) }
}

/// Whether `actor_roles` may turn `member` into one with `roles` (`None`: remove it).
/// `owners` counts the organization's owners before the change.
pub fn check_change(actor_roles: &[String], member: &Member, roles: Option<&[Role]>, owners: i64) -> Result<(), MemberError> {
    let becomes_owner = roles.is_some_and(|roles| roles.contains(&Role::Owner));
    let actor_is_owner = actor_roles.iter().any(|role| role == Role::Owner.as_str());
    if becomes_owner != member.is_owner() && !actor_is_owner {
        return Err(MemberError::OwnersOnly);
    }
    if member.is_owner() && !becomes_owner && owners <= 1 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn member(roles: &[&str]) -> Member {
        Member {
            id: MemberId::from_uuid(Uuid::nil()),
            person: PersonId::from_uuid(Uuid::nil()),
            name: String::new(),
            email: String::new(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            joined_at: DateTime::default(),
            last_seen_at: None,
        }
    }

    #[test]
    fn t17_owners_are_made_and_removed_by_owners_and_one_stays() {
        let (owner, admin) = (vec!["owner".to_owned()], vec!["admin".to_owned()]);
        assert!(matches!(check_change(&admin, &member(&["admin"]), Some(&[Role::Owner]), 1), Err(MemberError::OwnersOnly)));
        assert!(matches!(check_change(&admin, &member(&["owner"]), None, 2), Err(MemberError::OwnersOnly)));
        assert!(matches!(check_change(&owner, &member(&["owner"]), Some(&[Role::Viewer]), 1), Err(MemberError::LastOwner)));
        assert!(check_change(&owner, &member(&["owner"]), Some(&[Role::Viewer]), 2).is_ok());
        assert!(check_change(&admin, &member(&["viewer"]), Some(&[Role::Admin]), 1).is_ok());
    }

    #[test]
    fn t18_roles_are_from_the_list() {
        assert!(check_roles(&["*".into()]).is_err());
        assert!(check_roles(&[]).is_err());
        assert_eq!(check_roles(&["viewer".into(), "viewer".into()]).map(|r| r.len()).ok(), Some(1));
    }
}
