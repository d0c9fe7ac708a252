//! What a member, a token or a job may be allowed to do, and the roles that bundle it.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $object:literal $action:literal;)*) => {
        /// One right. Its text is `object:action`; tokens carry it as a scope.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &'static [Permission] = &[$(Permission::$name,)*];

            /// The object half, for casbin.
            pub fn object(self) -> &'static str {
                match self { $(Self::$name => $object,)* }
            }

            /// The action half, for casbin.
            pub fn action(self) -> &'static str {
                match self { $(Self::$name => $action,)* }
            }

            /// `object:action`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => concat!($object, ":", $action),)* }
            }
        }
    };
}

permissions! {
    /// See experiments.
    ExperimentsRead = "experiments" "read";
    /// Create, rename, remove and restore experiments.
    ExperimentsWrite = "experiments" "write";
    /// See runs, their params, metrics and tags.
    RunsRead = "runs" "read";
    /// Create runs, log to them, rename, remove and restore them.
    RunsWrite = "runs" "write";
    /// List and download artifacts.
    ArtifactsRead = "artifacts" "read";
    /// Upload and delete artifacts.
    ArtifactsWrite = "artifacts" "write";
    /// See logged and registered models.
    ModelsRead = "models" "read";
    /// Log models, register them, tag and alias their versions.
    ModelsWrite = "models" "write";
    /// Read what is said about experiments and runs.
    CommentsRead = "comments" "read";
    /// Start threads, reply, react, resolve; edit and remove one's own comments.
    CommentsWrite = "comments" "write";
    /// See projects.
    ProjectsRead = "projects" "read";
    /// Create and rename projects.
    ProjectsWrite = "projects" "write";
    /// Decide who works in a project, and share its experiments with everybody.
    ProjectsShare = "projects" "share";
    /// See who belongs to the organization.
    MembersRead = "members" "read";
    /// Invite members, change their roles, remove them.
    MembersWrite = "members" "write";
    /// See the organization's service accounts and their tokens.
    ServiceAccountsRead = "service_accounts" "read";
    /// Make, change and remove service accounts, and make and revoke their tokens.
    ServiceAccountsWrite = "service_accounts" "write";
    /// See what each role may do.
    RolesRead = "roles" "read";
    /// Create, change and remove roles of the organization's own.
    RolesWrite = "roles" "write";
    /// Create and revoke one's own API tokens.
    TokensOwn = "tokens" "own";
    /// Read the audit log.
    AuditRead = "audit" "read";
    /// Change the organization itself.
    OrganizationWrite = "organization" "write";
    /// Take the whole organization along, as one archive.
    OrganizationExport = "organization" "export";
    /// Close the organization, after which it is erased.
    OrganizationClose = "organization" "close";
    /// Decide which provider vouches for members: whoever it says they are, they are.
    IdentityWrite = "identity" "write";
    /// Provision members and groups from a directory (SCIM).
    ScimWrite = "scim" "write";
}

impl Permission {
    /// Reads `object:action`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text)
    }

    /// Whether it is about what projects hold, so that a member can have it in some of them only.
    pub fn is_of_project(self) -> bool {
        matches!(self.object(), "experiments" | "runs" | "artifacts" | "models" | "comments") || self == Self::ProjectsShare
    }

    /// What somebody needs besides, to make use of it: what a project holds hangs on its experiments.
    pub fn implies(self) -> Option<Self> {
        (self.is_of_project() && self != Self::ExperimentsRead).then_some(Self::ExperimentsRead)
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The roles every organization starts with. A tenant's policy rows say what each may do;
/// [`Role::permissions`] is what those rows are when the organization is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    MlEngineer,
    DataScientist,
    Ops,
    Risk,
    Compliance,
    Finance,
    Viewer,
}

impl Role {
    /// Every role, the most powerful first.
    pub const ALL: &'static [Role] =
        &[Role::Owner, Role::Admin, Role::MlEngineer, Role::DataScientist, Role::Ops, Role::Risk, Role::Compliance, Role::Finance, Role::Viewer];

    /// The name in tables, tokens and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::MlEngineer => "ml_engineer",
            Self::DataScientist => "data_scientist",
            Self::Ops => "ops",
            Self::Risk => "risk",
            Self::Compliance => "compliance",
            Self::Finance => "finance",
            Self::Viewer => "viewer",
        }
    }

    /// The name people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::MlEngineer => "ML engineer",
            Self::DataScientist => "Data scientist",
            Self::Ops => "Operations",
            Self::Risk => "Risk manager",
            Self::Compliance => "Compliance officer",
            Self::Finance => "Finance",
            Self::Viewer => "Viewer",
        }
    }

    /// One line for the page that explains roles.
    pub fn description(self) -> &'static str {
        match self {
            Self::Owner => "Everything, including the organization itself and its owners.",
            Self::Admin => "Everything except making or removing owners, who vouches for members, and closing the organization.",
            Self::MlEngineer => "Tracks and registers, and manages projects.",
            Self::DataScientist => "Tracks experiments and registers models.",
            Self::Ops => "Watches runs and models in operation and keeps artifacts.",
            Self::Risk => "Reads all work and the audit log.",
            Self::Compliance => "Reads all work and the audit log.",
            Self::Finance => "Reads experiments and runs for cost questions.",
            Self::Viewer => "Reads experiments, runs and models.",
        }
    }

    /// Reads a role's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }

    /// Whether a member can have it in a single project. Who has one of the others has all projects.
    pub fn is_for_projects(self) -> bool {
        !matches!(self, Self::Owner | Self::Admin)
    }

    /// What the role may do in a new organization.
    pub fn permissions(self) -> Vec<Permission> {
        use Permission::*;
        let reads = [ExperimentsRead, RunsRead, ArtifactsRead, ModelsRead, CommentsRead, ProjectsRead, MembersRead, RolesRead, TokensOwn];
        let tracks = [ExperimentsWrite, RunsWrite, ArtifactsWrite, ModelsWrite];
        let mut may: Vec<Permission> = reads.to_vec();
        match self {
            Self::Owner => return Permission::ALL.to_vec(),
            Self::Admin => {
                return Permission::ALL.iter().copied().filter(|permission| !matches!(permission, IdentityWrite | OrganizationClose)).collect();
            }
            Self::MlEngineer => may.extend(tracks.into_iter().chain([CommentsWrite, ProjectsWrite, ProjectsShare])),
            Self::DataScientist => may.extend(tracks.into_iter().chain([CommentsWrite])),
            Self::Ops => may.extend([ArtifactsWrite, CommentsWrite]),
            Self::Risk | Self::Compliance => may.extend([CommentsWrite, AuditRead]),
            Self::Finance => may = vec![ExperimentsRead, RunsRead, CommentsRead, CommentsWrite, ProjectsRead, MembersRead, RolesRead, TokensOwn],
            Self::Viewer => {}
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
        }
    }

    #[test]
    fn a_viewer_changes_nothing_but_its_own_tokens() {
        assert!(Role::Viewer.permissions().iter().all(|p| p.action() != "write"));
        assert!(Role::Owner.permissions().len() == Permission::ALL.len());
    }
}
