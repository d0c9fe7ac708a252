//! A member.

use chrono::{DateTime, Utc};
use shared::{
    Role,
    ids::{MemberId, PersonId},
};

use super::MemberError;

/// Roles of one member.
const ROLES_MAX: usize = 30;

/// An owner who has access, and can be told.
#[derive(Clone, Debug)]
pub struct Owner {
    pub person: PersonId,
    pub member: MemberId,
    pub email: String,
    pub name: String,
}

/// A person in an organization, or a service account.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: MemberId,
    pub person: PersonId,
    pub name: String,
    /// A service account has none: its name.
    pub email: String,
    /// Whether it is a service account, and no person.
    pub is_service: bool,
    pub roles: Vec<String>,
    pub joined_at: DateTime<Utc>,
    /// To within half a minute.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Since when the directory says that they have no access.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Since when the directory keeps them.
    pub provisioned_at: Option<DateTime<Utc>>,
    /// Those of the roles that groups of the directory gave.
    pub group_roles: Vec<String>,
}

impl Member {
    pub fn is_owner(&self) -> bool {
        self.roles.iter().any(|role| role == Role::Owner.as_str())
    }
}

/// The roles a member is to have: at least one, each once. Whether they exist is another question.
pub fn check_roles(roles: &[String]) -> Result<Vec<String>, MemberError> {
    let mut checked: Vec<String> = Vec::new();
    for name in roles {
        if !checked.contains(name) {
            checked.push(name.clone());
        }
    }
    if checked.is_empty() || checked.len() > ROLES_MAX { Err(MemberError::NoRole) } else { Ok(checked) }
}

/// What groups of the directory gave is taken by them alone.
pub fn check_kept(member: &Member, roles: &[String]) -> Result<(), MemberError> {
    match member.group_roles.iter().find(|role| !roles.contains(role)) {
        Some(role) => Err(MemberError::OfGroup(role.clone())),
        None => Ok(()),
    }
}

/// Whether `actor_roles` may turn `member` into one with `roles` (`None`: remove it).
/// `owners` counts the organization's owners before the change, who are not suspended.
pub fn check_change(actor_roles: &[String], member: &Member, roles: Option<&[String]>, owners: i64) -> Result<(), MemberError> {
    let is_owner = |roles: &[String]| roles.iter().any(|role| role == Role::Owner.as_str());
    let becomes_owner = roles.is_some_and(is_owner);
    if becomes_owner && member.is_service {
        return Err(MemberError::ServiceOwner);
    }
    if becomes_owner != member.is_owner() && !is_owner(actor_roles) {
        return Err(MemberError::OwnersOnly);
    }
    // Who is suspended is none of those who are counted.
    if member.is_owner() && member.suspended_at.is_none() && !becomes_owner && owners <= 1 {
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
            is_service: false,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            joined_at: DateTime::default(),
            last_seen_at: None,
            suspended_at: None,
            provisioned_at: None,
            group_roles: Vec::new(),
        }
    }

    fn named(role: &str) -> Vec<String> {
        vec![role.to_owned()]
    }

    #[test]
    fn t17_owners_are_made_and_removed_by_owners_and_one_stays() {
        let (owner, admin) = (vec!["owner".to_owned()], vec!["admin".to_owned()]);
        assert!(matches!(check_change(&admin, &member(&["admin"]), Some(&named("owner")), 1), Err(MemberError::OwnersOnly)));
        assert!(matches!(check_change(&admin, &member(&["owner"]), None, 2), Err(MemberError::OwnersOnly)));
        assert!(matches!(check_change(&owner, &member(&["owner"]), Some(&named("viewer")), 1), Err(MemberError::LastOwner)));
        assert!(check_change(&owner, &member(&["owner"]), Some(&named("viewer")), 2).is_ok());
        assert!(check_change(&admin, &member(&["viewer"]), Some(&named("admin")), 1).is_ok());
        let service = Member { is_service: true, ..member(&["viewer"]) };
        assert!(matches!(check_change(&owner, &service, Some(&named("owner")), 1), Err(MemberError::ServiceOwner)), "nobody could sign in as it");
    }

    #[test]
    fn a_member_has_at_least_one_role_and_each_once() {
        assert!(check_roles(&[]).is_err());
        assert_eq!(check_roles(&["viewer".into(), "viewer".into()]).map(|r| r.len()).ok(), Some(1));
    }
}
