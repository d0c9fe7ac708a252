//! What each role of a tenant may do, as casbin decides it.

use std::collections::HashMap;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use shared::Permission;

use crate::fault::Fault;

/// Exact match of role, object and action: no wildcard can come from a tenant's text.
const MODEL: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
";

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u64);

impl Rights {
    /// Every permission there is.
    pub const ALL: Rights = Rights(u64::MAX);

    /// The set of these.
    pub fn of(permissions: &[Permission]) -> Self {
        permissions.iter().copied().fold(Self::default(), Self::with)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    fn with(self, permission: Permission) -> Self {
        Self(self.0 | (1 << permission as u64))
    }

    /// What both sets hold.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What a token's scopes name; unknown names mean nothing.
    pub fn of_scopes(scopes: &[String]) -> Self {
        if scopes.iter().any(|scope| scope == "*") {
            return Self::ALL;
        }
        scopes.iter().filter_map(|scope| Permission::parse(scope)).fold(Self::default(), Self::with)
    }
}

/// The decisions of one tenant under one authorization epoch.
pub struct Policy {
    roles: HashMap<String, Rights>,
}

impl Policy {
    /// Loads the tenant's rows into an enforcer and asks it every question once.
    pub async fn load(rows: Vec<(String, String)>) -> Result<Self, Fault> {
        let model = DefaultModel::from_str(MODEL).await.map_err(Fault::internal)?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.map_err(Fault::internal)?;
        let mut roles: HashMap<String, Rights> = HashMap::new();
        for (role, permission) in rows {
            let Some((object, action)) = permission.split_once(':') else { continue };
            let rule = vec![role.clone(), object.to_owned(), action.to_owned()];
            enforcer.add_policy(rule).await.map_err(Fault::internal)?;
            roles.entry(role).or_default();
        }
        for (role, rights) in &mut roles {
            for permission in Permission::ALL {
                let question = (role.as_str(), permission.object(), permission.action());
                if enforcer.enforce(question).map_err(Fault::internal)? {
                    *rights = rights.with(*permission);
                }
            }
        }
        Ok(Self { roles })
    }

    /// What a member with these roles may do.
    pub fn rights(&self, roles: &[String]) -> Rights {
        roles.iter().filter_map(|role| self.roles.get(role)).fold(Rights::default(), |all, one| Rights(all.0 | one.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn t18_a_role_named_like_a_pattern_gains_nothing() {
        let rows = vec![
            ("viewer".to_owned(), "runs:read".to_owned()),
            ("*".to_owned(), "runs:read".to_owned()),
            ("p, viewer, /*, .*".to_owned(), "runs:read".to_owned()),
        ];
        let policy = Policy::load(rows).await.expect("loads");
        assert!(policy.rights(&["viewer".into()]).contains(Permission::RunsRead));
        assert!(!policy.rights(&["viewer".into()]).contains(Permission::RunsWrite));
        assert!(!policy.rights(&["other".into()]).contains(Permission::RunsRead));
    }

    #[test]
    fn t15_scopes_only_narrow() {
        let scopes = Rights::of_scopes(&["runs:write".into(), "nonsense".into()]);
        assert!(scopes.contains(Permission::RunsWrite) && !scopes.contains(Permission::RunsRead));
        assert!(!Rights::default().and(Rights::ALL).contains(Permission::RunsRead));
    }
}
