//! What each role of a tenant may do, as casbin decides it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use moka::sync::Cache;
use shared::{
    Permission,
    ids::{MemberId, ProjectId},
};
use uuid::Uuid;

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

    /// What a member can have in single projects.
    fn of_projects() -> Self {
        Permission::ALL.iter().copied().filter(|permission| permission.is_of_project()).fold(Self::default(), Self::with)
    }

    /// What either set holds.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
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

/// Who works in a project, as a tenant's rows say it.
pub struct ProjectRules {
    pub project: ProjectId,
    /// Whether it is there for its members only.
    pub restricted: bool,
    /// The role of each member it has.
    pub members: HashMap<MemberId, String>,
}

/// Roles whose decisions are kept: what the same rules allow is the same in every organization, and most have the roles they began with.
static DECIDED: LazyLock<Cache<(String, BTreeSet<String>), Rights>> = LazyLock::new(|| Cache::new(1024));

/// Loads a role's rules into an enforcer and asks it every question once. It is asked about the one role, so no other's rules matter; it
/// goes through all it has for each question, by a script: for all roles of an organization at once that was most of a first request.
async fn decided(role: &str, permissions: BTreeSet<String>) -> Result<Rights, Fault> {
    let key = (role.to_owned(), permissions);
    if let Some(rights) = DECIDED.get(&key) {
        return Ok(rights);
    }
    let model = DefaultModel::from_str(MODEL).await.map_err(Fault::internal)?;
    let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.map_err(Fault::internal)?;
    for (object, action) in key.1.iter().filter_map(|permission| permission.split_once(':')) {
        enforcer.add_policy(vec![role.to_owned(), object.to_owned(), action.to_owned()]).await.map_err(Fault::internal)?;
    }
    let mut rights = Rights::default();
    for permission in Permission::ALL {
        if enforcer.enforce((role, permission.object(), permission.action())).map_err(Fault::internal)? {
            rights = rights.with(*permission);
        }
    }
    DECIDED.insert(key, rights);
    Ok(rights)
}

/// The decisions of one tenant under one authorization epoch.
pub struct Policy {
    roles: HashMap<String, Rights>,
    projects: Vec<ProjectRules>,
}

impl Policy {
    /// What the tenant's rows, a role and a permission each, come to.
    pub async fn load(rows: Vec<(String, String)>, projects: Vec<ProjectRules>) -> Result<Self, Fault> {
        let mut rules: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (role, permission) in rows {
            rules.entry(role).or_default().insert(permission);
        }
        let mut roles = HashMap::with_capacity(rules.len());
        for (role, permissions) in rules {
            let rights = decided(&role, permissions).await?;
            roles.insert(role, rights);
        }
        Ok(Self { roles, projects })
    }

    /// What roles allow together.
    pub fn rights(&self, roles: &[String]) -> Rights {
        roles.iter().filter_map(|role| self.roles.get(role)).fold(Rights::default(), |all, one| all.or(*one))
    }

    /// What a member with these roles may do, and where. Who may change the organization has every project.
    pub fn standing(&self, member: MemberId, roles: &[String]) -> Standing {
        let everywhere = self.rights(roles);
        if everywhere.contains(Permission::OrganizationWrite) {
            return Standing::whole(everywhere);
        }
        let part = |rules: &ProjectRules| Part { project: rules.project, open: !rules.restricted, rights: self.rights_in(rules, member, everywhere) };
        let parts: Vec<Part> = self.projects.iter().map(part).collect();
        let same = parts.iter().all(|part| part.rights == everywhere.and(Rights::of_projects()));
        Standing { parts: (!same).then(|| parts.into()), ..Standing::whole(everywhere) }
    }

    /// Why a member with these roles may do something, or may not; in a project, if one is meant.
    pub fn explain(&self, member: MemberId, roles: &[String], permission: Permission, project: Option<ProjectId>) -> Explanation {
        let includes = |role: &String| self.roles.get(role).is_some_and(|rights| rights.contains(permission));
        let standing = self.standing(member, roles);
        let rules = project.and_then(|project| self.projects.iter().find(|rules| rules.project == project));
        let mut granting: Vec<String> = self.roles.keys().filter(|role| includes(role)).cloned().collect();
        granting.sort();
        Explanation {
            allowed: match project {
                Some(project) => standing.may_in(permission, project),
                None => standing.may(permission),
            },
            roles: roles.iter().filter(|role| includes(role)).cloned().collect(),
            granting,
            has_all_projects: self.rights(roles).contains(Permission::OrganizationWrite),
            project: rules.map(|rules| {
                let role = rules.members.get(&member).cloned();
                InProject { restricted: rules.restricted, includes: role.as_ref().is_some_and(includes), role }
            }),
        }
    }

    fn rights_in(&self, rules: &ProjectRules, member: MemberId, everywhere: Rights) -> Rights {
        let own = rules.members.get(&member).and_then(|role| self.roles.get(role)).copied().unwrap_or_default();
        let all = if rules.restricted { own } else { own.or(everywhere) };
        all.and(Rights::of_projects())
    }
}

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub allowed: bool,
    /// Those of the member's roles that include the permission.
    pub roles: Vec<String>,
    /// Every role that does, by name.
    pub granting: Vec<String>,
    /// Whether no project is closed to them.
    pub has_all_projects: bool,
    /// What the project says, if one was meant and it is there.
    pub project: Option<InProject>,
}

/// What a project has to do with a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InProject {
    pub restricted: bool,
    /// The member's role in it.
    pub role: Option<String>,
    /// Whether that role includes the permission.
    pub includes: bool,
}

/// What somebody may do in one project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub project: ProjectId,
    /// Whether what one may do everywhere holds in it.
    pub open: bool,
    pub rights: Rights,
}

/// What somebody may do, and where.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What the roles allow where nothing else is said.
    everywhere: Rights,
    /// What a token's scopes leave of it.
    scopes: Rights,
    /// Every project with the rights in it, for whom these are not the same in all of them.
    parts: Option<Arc<[Part]>>,
}

impl Standing {
    /// The same rights in all projects.
    pub fn whole(everywhere: Rights) -> Self {
        Self { everywhere, scopes: Rights::ALL, parts: None }
    }

    /// The same without a token's limits: what its member may do.
    pub fn unlimited(&self) -> Self {
        Self { scopes: Rights::ALL, ..self.clone() }
    }

    /// What a token's scopes leave of it.
    pub fn limited(self, scopes: &[String]) -> Self {
        Self { scopes: Rights::of_scopes(scopes), ..self }
    }

    /// Whether it has the permission, be it in one project only.
    pub fn may(&self, permission: Permission) -> bool {
        let in_one = || self.parts.iter().flat_map(|parts| parts.iter()).any(|part| part.rights.contains(permission));
        self.scopes.contains(permission) && (self.everywhere.contains(permission) && !self.is_nowhere(permission) || in_one())
    }

    /// Whether it has the permission in a project.
    pub fn may_in(&self, permission: Permission, project: ProjectId) -> bool {
        match &self.parts {
            Some(parts) if permission.is_of_project() => {
                self.scopes.contains(permission) && parts.iter().any(|part| part.project == project && part.rights.contains(permission))
            }
            _ => self.may(permission),
        }
    }

    /// Whether it is a right in projects and there is no project that it holds in. Reading stays allowed: it finds what is shared, or nothing.
    fn is_nowhere(&self, permission: Permission) -> bool {
        let some = |parts: &Arc<[Part]>| parts.iter().any(|part| part.rights.contains(permission));
        permission.is_of_project() && permission.action() != "read" && self.parts.as_ref().is_some_and(|parts| !some(parts))
    }

    /// Whether statements must be told which projects are meant.
    pub fn is_part(&self) -> bool {
        self.parts.is_some()
    }

    /// The projects whose things of a kind (`runs`) may be read, as an array's text. Among them is the nil UUID when what is shared may be. A token's scopes do
    /// not count here: they say what is asked for, not what it is found by.
    pub fn readable(&self, permission: Permission) -> String {
        let shared = self.everywhere.contains(permission).then(Uuid::nil);
        let own = self.parts.iter().flat_map(|parts| parts.iter()).filter(|part| part.rights.contains(permission)).map(|part| part.project.uuid());
        array(shared.into_iter().chain(own))
    }

    /// The projects in which a transaction with this permission writes, as an array's text.
    pub fn writable(&self, permission: Permission) -> String {
        let allows = |part: &&Part| match permission.is_of_project() {
            true => part.rights.contains(permission),
            // What the whole organization's roles allow stops before a project that is not theirs.
            false => part.open || part.rights.contains(Permission::ProjectsShare),
        };
        array(self.parts.iter().flat_map(|parts| parts.iter()).filter(allows).map(|part| part.project.uuid()))
    }
}

/// Ids as the text of a Postgres array.
fn array(ids: impl Iterator<Item = Uuid>) -> String {
    format!("{{{}}}", ids.map(|id| id.to_string()).collect::<Vec<_>>().join(","))
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
        let policy = Policy::load(rows, Vec::new()).await.expect("loads");
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

    /// The roles every organization has.
    fn rows() -> Vec<(String, String)> {
        let of = |role: &shared::Role| {
            role.permissions().into_iter().map(|permission| (role.as_str().to_owned(), permission.to_string())).collect::<Vec<_>>()
        };
        shared::Role::ALL.iter().flat_map(of).collect()
    }

    fn names(role: &str) -> Vec<String> {
        vec![role.to_owned()]
    }

    #[tokio::test]
    async fn c5_2d_a_role_in_a_project_counts_there_and_a_restricted_one_is_for_its_members() {
        let (open, closed) = (ProjectId::from_uuid(Uuid::from_u128(1)), ProjectId::from_uuid(Uuid::from_u128(2)));
        let (guest, member, other) =
            (MemberId::from_uuid(Uuid::from_u128(3)), MemberId::from_uuid(Uuid::from_u128(4)), MemberId::from_uuid(Uuid::from_u128(5)));
        let rules = vec![
            ProjectRules { project: open, restricted: false, members: HashMap::from([(guest, "data_scientist".to_owned())]) },
            ProjectRules { project: closed, restricted: true, members: HashMap::from([(member, "viewer".to_owned())]) },
        ];
        let policy = Policy::load(rows(), rules).await.expect("loads");

        let guest = policy.standing(guest, &names("viewer"));
        assert!(guest.may(Permission::RunsWrite) && guest.may_in(Permission::RunsWrite, open) && !guest.may_in(Permission::RunsRead, closed));
        assert!(!guest.may(Permission::MembersWrite) && !guest.may(Permission::ProjectsShare));

        let member = policy.standing(member, &names("data_scientist"));
        assert!(
            member.may_in(Permission::RunsWrite, open)
                && member.may_in(Permission::RunsRead, closed)
                && !member.may_in(Permission::RunsWrite, closed)
        );
        assert_eq!(member.writable(Permission::RunsWrite), format!("{{{}}}", open.uuid()));
        assert_eq!(member.readable(Permission::RunsRead), format!("{{{},{},{}}}", Uuid::nil(), open.uuid(), closed.uuid()));

        assert!(!policy.standing(other, &names("owner")).is_part());
        let finance = policy.standing(other, &names("finance"));
        assert_eq!(finance.readable(Permission::ArtifactsRead), "{}");
    }

    #[tokio::test]
    async fn who_may_the_same_everywhere_is_not_told_apart_by_projects() {
        let rules = vec![ProjectRules { project: ProjectId::from_uuid(Uuid::nil()), restricted: false, members: HashMap::new() }];
        let policy = Policy::load(rows(), rules).await.expect("loads");
        assert!(!policy.standing(MemberId::from_uuid(Uuid::nil()), &names("viewer")).is_part());
    }
}
