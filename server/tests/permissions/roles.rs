//! What each role may, written down by hand: the nets ask the server against this table, not against its own lists.

use shared::{Permission, Role};

/// The roles, in the order of the columns.
const ROLES: [Role; 9] =
    [Role::Owner, Role::Admin, Role::MlEngineer, Role::DataScientist, Role::Ops, Role::Risk, Role::Compliance, Role::Finance, Role::Viewer];

/// Every permission, and whether a role has it in a new organization.
#[rustfmt::skip]
const MAY: [(&str, &str); 26] = [
    //                     Owner     ML engineer     Operations Compliance  Viewer
    //                       |  Admin  |  Data scientist | Risk   | Finance |
    ("experiments:read",   "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("experiments:write",  "yes yes   yes    yes        no  no   no   no   no "),
    ("runs:read",          "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("runs:write",         "yes yes   yes    yes        no  no   no   no   no "),
    ("artifacts:read",     "yes yes   yes    yes        yes yes  yes  no   yes"),
    ("artifacts:write",    "yes yes   yes    yes        yes no   no   no   no "),
    ("models:read",        "yes yes   yes    yes        yes yes  yes  no   yes"),
    ("models:write",       "yes yes   yes    yes        no  no   no   no   no "),
    ("comments:read",      "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("comments:write",     "yes yes   yes    yes        yes yes  yes  yes  no "),
    ("projects:read",      "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("projects:write",     "yes yes   yes    no         no  no   no   no   no "),
    ("projects:share",     "yes yes   yes    no         no  no   no   no   no "),
    ("members:read",       "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("members:write",      "yes yes   no     no         no  no   no   no   no "),
    ("roles:read",         "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("roles:write",        "yes yes   no     no         no  no   no   no   no "),
    ("tokens:own",         "yes yes   yes    yes        yes yes  yes  yes  yes"),
    ("audit:read",         "yes yes   no     no         no  yes  yes  no   no "),
    ("organization:write", "yes yes   no     no         no  no   no   no   no "),
    ("organization:export","yes yes   no     no         no  no   no   no   no "),
    ("organization:close", "yes no    no     no         no  no   no   no   no "),
    ("service_accounts:read",  "yes yes no   no         no  no   no   no   no "),
    ("service_accounts:write", "yes yes no   no         no  no   no   no   no "),
    ("identity:write",     "yes no    no     no         no  no   no   no   no "),
    ("scim:write",         "yes yes   no     no         no  no   no   no   no "),
];

/// Whether a role has a permission.
pub fn may(role: Role, permission: Permission) -> bool {
    let column = ROLES.iter().position(|one| *one == role).unwrap_or_else(|| panic!("{role:?} has no column"));
    let (_, row) = MAY.iter().find(|(name, _)| *name == permission.as_str()).unwrap_or_else(|| panic!("{permission} has no row"));
    match row.split_whitespace().nth(column) {
        Some("yes") => true,
        Some("no") => false,
        other => panic!("{permission} of {role:?}: {other:?}"),
    }
}

#[test]
fn c7_1a_each_role_has_what_the_table_says_and_nothing_else() {
    assert_eq!((ROLES.len(), MAY.len()), (Role::ALL.len(), Permission::ALL.len()));
    for role in Role::ALL {
        let has = role.permissions();
        for permission in Permission::ALL {
            assert_eq!(has.contains(permission), may(*role, *permission), "{role:?} {permission}");
        }
    }
}
