//! Roles and their rules.

use shared::{
    Permission, Role as BuiltIn,
    field::{DisplayName, Slug},
};

use super::RoleError;

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 300;

/// A role of the organization.
#[derive(Clone, Debug)]
pub struct Role {
    /// As members carry it: `data_scientist`.
    pub name: String,
    /// As people read it: `Data scientist`.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// In the order of [`Permission::ALL`].
    pub permissions: Vec<Permission>,
}

impl Role {
    /// Whether every organization has it.
    pub fn is_built_in(&self) -> bool {
        BuiltIn::parse(&self.name).is_some()
    }
}

/// Who has a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub members: i64,
    /// In projects.
    pub workers: i64,
    /// Open invitations.
    pub invited: i64,
    /// Groups of the directory and of the identity provider that give it.
    pub groups: i64,
}

impl Uses {
    pub fn all(self) -> i64 {
        self.members + self.workers + self.invited + self.groups
    }
}

/// A role that is to be made, or what one is to become.
#[derive(Clone, Debug)]
pub struct NewRole {
    pub title: String,
    pub description: String,
    /// As `object:action`.
    pub permissions: Vec<String>,
}

impl NewRole {
    /// The role with its rules kept: under a name made of the title's letters, and with the permissions without which its own are of no use.
    ///
    /// # Errors
    /// [`RoleError`] naming the part.
    pub fn check(&self) -> Result<Role, RoleError> {
        let title = DisplayName::parse(&self.title).map_err(|_| RoleError::Title("Call it something: 1 to 100 ordinary characters."))?;
        let name = Slug::from_name(title.as_str()).ok_or(RoleError::Title("A role's name has letters or digits of the Latin alphabet."))?;
        let description = self.description.trim();
        if description.chars().count() > DESCRIPTION_MAX || description.chars().any(char::is_control) {
            return Err(RoleError::Description);
        }
        let chosen = self.permissions.iter().map(|text| Permission::parse(text).ok_or_else(|| RoleError::Permission(text.escape_debug().collect())));
        let mut chosen = chosen.collect::<Result<Vec<Permission>, _>>()?;
        chosen.extend(chosen.clone().into_iter().filter_map(Permission::implies));
        let permissions: Vec<Permission> = Permission::ALL.iter().copied().filter(|permission| chosen.contains(permission)).collect();
        if permissions.is_empty() {
            return Err(RoleError::Nothing);
        }
        let name = name.as_str().replace('-', "_");
        if BuiltIn::parse(&name).is_some() || BuiltIn::ALL.iter().any(|role| role.title().eq_ignore_ascii_case(title.as_str())) {
            return Err(RoleError::Taken);
        }
        Ok(Role { name, title: title.as_str().to_owned(), description: description.to_owned(), permissions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(title: &str, permissions: &[&str]) -> NewRole {
        NewRole { title: title.into(), description: String::new(), permissions: permissions.iter().map(|text| (*text).to_owned()).collect() }
    }

    #[test]
    fn t18_a_role_is_called_what_a_name_can_be_and_allows_what_is_on_the_list() {
        let reviewer = role("Model reviewer", &["models:write"]).check().expect("is a role");
        assert_eq!((reviewer.name.as_str(), reviewer.is_built_in()), ("model_reviewer", false));
        assert_eq!(reviewer.permissions, [Permission::ExperimentsRead, Permission::ModelsWrite]);
        for title in ["", "*", "a\nb", "../", &"x".repeat(10_000), "Owner", "ML Engineer", "data scientist"] {
            assert!(role(title, &["runs:read"]).check().is_err(), "{title:.20}");
        }
        for permission in ["*", "runs:*", "p, alice, /*, .*", "runs", "runs:read "] {
            assert!(role("Reviewer", &[permission]).check().is_err(), "{permission}");
        }
        assert!(role("Reviewer", &[]).check().is_err());
    }
}
