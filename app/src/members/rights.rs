//! Permissions in words.

use shared::Permission;

/// What a permission lets a person do.
pub(crate) fn words(permission: Permission) -> &'static str {
    match permission {
        Permission::ExperimentsRead => "See experiments",
        Permission::ExperimentsWrite => "Create, rename, remove experiments",
        Permission::RunsRead => "See runs, params and metrics",
        Permission::RunsWrite => "Log, rename, remove runs",
        Permission::ArtifactsRead => "List and download artifacts",
        Permission::ArtifactsWrite => "Upload and delete artifacts",
        Permission::ModelsRead => "See models and versions",
        Permission::ModelsWrite => "Log, register, tag, alias models",
        Permission::CommentsRead => "Read discussions",
        Permission::CommentsWrite => "Comment, reply, resolve",
        Permission::ProjectsRead => "See projects",
        Permission::ProjectsWrite => "Create and rename projects",
        Permission::ProjectsShare => "Decide who works in projects, share",
        Permission::MembersRead => "See members",
        Permission::MembersWrite => "Invite, change, remove members",
        Permission::ServiceAccountsRead => "See service accounts",
        Permission::ServiceAccountsWrite => "Make, change, remove service accounts and their tokens",
        Permission::RolesRead => "See what roles may do",
        Permission::RolesWrite => "Create, change, remove own roles",
        Permission::TokensOwn => "Create and revoke own API tokens",
        Permission::AuditRead => "Read the audit log",
        Permission::OrganizationWrite => "Change the organization itself",
        Permission::OrganizationExport => "Export the whole organization",
        Permission::OrganizationClose => "Delete the organization",
        Permission::IdentityWrite => "Decide which provider vouches for members",
        Permission::ScimWrite => "Provision members and groups (SCIM)",
    }
}

/// The same for a name of the API; an unknown one stands for itself.
pub(crate) fn words_of(name: &str) -> String {
    Permission::parse(name).map_or_else(|| name.to_owned(), |permission| words(permission).to_owned())
}

/// Names of the API in words, in the order of the list.
pub(crate) fn in_order(names: &[String]) -> Vec<&'static str> {
    Permission::ALL.iter().filter(|permission| names.iter().any(|name| name == permission.as_str())).map(|permission| words(*permission)).collect()
}

/// Permissions by their noun, in the order of the list: `("runs", [read, write])`.
pub(crate) fn by_noun(permissions: impl Iterator<Item = Permission>) -> Vec<(&'static str, Vec<Permission>)> {
    let mut groups: Vec<(&'static str, Vec<Permission>)> = Vec::new();
    for permission in permissions {
        match groups.iter_mut().find(|(noun, _)| *noun == permission.object()) {
            Some((_, group)) => group.push(permission),
            None => groups.push((permission.object(), vec![permission])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_own_words_and_group() {
        let groups = by_noun(Permission::ALL.iter().copied());
        assert_eq!(groups.iter().map(|(_, group)| group.len()).sum::<usize>(), Permission::ALL.len());
        let mut all: Vec<_> = Permission::ALL.iter().map(|permission| words(*permission)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Permission::ALL.len());
        assert_eq!(words_of("something:else"), "something:else");
    }
}
