//! Providers, what they say of somebody, and what that is worth here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Role,
    field::{DisplayName, Email, Refused},
    ids::TenantId,
    provider,
};

use crate::access::Tenant;

/// Groups of a person that are looked at.
const GROUPS_READ_MAX: usize = 2_000;

/// Issuers at which anybody can have an account.
const EVERYBODYS: [&str; 3] = ["https://github.com", "https://gitlab.com", "https://accounts.google.com"];

/// How a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenID Connect with discovery.
    Oidc,
    /// GitHub's OAuth 2, also of GitHub Enterprise.
    Github,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Github => "github",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Oidc, Self::Github].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Members of a group have a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    /// As the provider names it, exactly.
    pub group: String,
    /// A role's name, never `owner`.
    pub role: String,
}

/// An organization's identity provider, without its client secret.
#[derive(Clone, Debug)]
pub struct Provider {
    pub tenant: TenantId,
    /// The organization's short name.
    pub slug: String,
    pub kind: Kind,
    /// What the button says: "Northwind Okta".
    pub label: String,
    /// The issuer, or GitHub's address.
    pub issuer: String,
    pub client_id: String,
    /// The claim that holds groups; `a.b` is a claim within a claim.
    pub groups_claim: String,
    pub group_roles: Vec<GroupRole>,
    /// What somebody becomes whom no group gives a role; `None`: nothing.
    pub default_role: Option<Role>,
    /// Whether passwords do not lead in, except owners'.
    pub required: bool,
    /// Whether the organization admits mail addresses of every domain.
    pub every_address: bool,
    /// How many have signed in through it.
    pub signed_in: i64,
    /// Since when it is this one: what an earlier issuer or client vouched for is worth nothing.
    pub vouched_since: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Provider {
    /// Whether it vouches for whoever comes: it is everybody's, and the organization admits every address.
    fn is_open_to_all(&self) -> bool {
        self.every_address && EVERYBODYS.contains(&self.issuer.trim_end_matches('/'))
    }

    /// The role of whom no group gives one. Of a provider that vouches for whoever comes, nobody becomes a member so.
    fn fallback(&self) -> Option<String> {
        self.default_role.filter(|_| !self.is_open_to_all()).map(|role| role.as_str().to_owned())
    }

    /// Says why a default role would have no effect.
    pub fn check_default(&self) -> Result<(), Wrong> {
        if self.default_role.is_some() && self.is_open_to_all() {
            let why =
                "Anybody can have an account there and would become a member. List your mail domains under Access first, or give roles by groups.";
            return Err(("defaultRole", why.to_owned()));
        }
        Ok(())
    }
}

/// What a page shows before somebody has signed in.
#[derive(Clone, Debug)]
pub struct Preview {
    pub slug: String,
    pub label: String,
}

/// A provider as an owner wants it; texts as they were typed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub kind: String,
    pub label: String,
    pub issuer: String,
    pub client_id: String,
    /// Empty: as it was.
    pub client_secret: String,
    /// Empty: `groups`.
    pub groups_claim: String,
    pub group_roles: Vec<GroupRole>,
    pub default_role: Option<String>,
    pub required: bool,
}

/// Names the field that a rule was broken in.
pub type Wrong = (&'static str, String);

impl Wanted {
    /// The provider that is meant. Whether it answers is another question.
    pub fn check(&self, tenant: &Tenant, now: DateTime<Utc>) -> Result<Provider, Wrong> {
        let kind = Kind::parse(&self.kind).ok_or_else(|| ("kind", "Choose how the provider is asked.".to_owned()))?;
        let label = DisplayName::parse(&self.label).map_err(wrong("label"))?;
        let issuer = self.issuer.trim();
        // An issuer is compared letter by letter with what the provider says of itself; GitHub's address is only ours.
        let issuer = if kind == Kind::Github { issuer.trim_end_matches('/') } else { issuer };
        let pairs = self.group_roles.iter().map(|rule| (rule.group.as_str(), rule.role.as_str()));
        let group_roles = provider::rules(pairs).map_err(wrong("groupRoles"))?;
        let default_role = self.default_role.as_deref().filter(|role| !role.is_empty()).map(provider::role).transpose();
        Ok(Provider {
            tenant: tenant.id,
            slug: tenant.slug.clone(),
            kind,
            label: label.as_str().to_owned(),
            issuer: provider::issuer(issuer).map_err(wrong("issuer"))?,
            client_id: provider::client_id(&self.client_id).map_err(wrong("clientId"))?,
            groups_claim: provider::claim(&self.groups_claim).map_err(wrong("groupsClaim"))?,
            group_roles: group_roles.into_iter().map(|(group, role)| GroupRole { group, role }).collect(),
            default_role: default_role.map_err(wrong("defaultRole"))?,
            required: self.required,
            every_address: true,
            signed_in: 0,
            vouched_since: now,
            updated_at: now,
        })
    }
}

fn wrong(field: &'static str) -> impl Fn(Refused) -> Wrong {
    move |Refused(why)| (field, why)
}

/// What a provider says of somebody who has signed in there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Never changes and never passes to somebody else.
    pub subject: String,
    pub email: Option<Email>,
    /// `None` when the issuer does not say.
    pub email_verified: Option<bool>,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

impl Vouched {
    /// Reads the claims of an ID token or of the user info endpoint.
    pub fn read(claims: &Value, groups_claim: &str) -> Self {
        let text = |name: &str| claims[name].as_str();
        Self {
            subject: text("sub").unwrap_or_default().to_owned(),
            email: text("email").and_then(|email| Email::parse(email).ok()),
            email_verified: verified(claims),
            name: text("name").or(text("preferred_username")).and_then(|name| DisplayName::parse(name).ok()).map(|name| name.as_str().to_owned()),
            groups: groups(claims, groups_claim),
        }
    }

    /// The name of a new member: as the provider says, else the address before the `@`.
    pub fn display_name(&self, email: &Email) -> String {
        self.name.clone().unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned())
    }
}

/// Whether the issuer calls the address verified. Microsoft Entra ID never sends the standard claim; that it knows the owner of the address's domain
/// (`xms_edov`) is the same statement, and counts where the standard one is missing, never against it.
fn verified(claims: &Value) -> Option<bool> {
    // Some providers write it as text, and Entra ID also as a number.
    let yes = |said: &Value| *said == true || *said == "true";
    let yes_of_entra = |said: &Value| yes(said) || *said == 1 || *said == "1";
    claims.get("email_verified").map(yes).or_else(|| claims.get("xms_edov").map(yes_of_entra))
}

/// The groups in a claim: a list, or one text; found under its name, else along its path.
fn groups(claims: &Value, name: &str) -> Vec<String> {
    let claim = claims.get(name).or_else(|| name.split('.').try_fold(claims, |at, part| at.get(part)));
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(GROUPS_READ_MAX).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The roles of somebody after signing in; `None`: they have no place here.
///
/// Where groups decide, they decide each time: who has left a group leaves its role. An owner stays one. Where they do not, a member
/// keeps their roles, and somebody new is what their invitation says, else the default.
pub fn standing(provider: &Provider, groups: &[String], current: Option<&[String]>, invited: Option<&str>) -> Option<Vec<String>> {
    let mut roles: Vec<String> = Vec::new();
    for GroupRole { group, role } in &provider.group_roles {
        if groups.contains(group) && !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    match current {
        Some(current) if provider.group_roles.is_empty() => return Some(current.to_vec()),
        Some(current) => {
            if roles.is_empty() {
                roles.extend(provider.fallback());
            }
            let owner = Role::Owner.as_str();
            if current.iter().any(|role| role == owner) {
                roles.insert(0, owner.to_owned());
            }
        }
        None if roles.is_empty() => roles.extend(invited.map(str::to_owned).or_else(|| provider.fallback())),
        None => {}
    }
    (!roles.is_empty()).then_some(roles)
}

/// The same roles and those that groups of the organization's directory gave, which a sign-in does not take.
pub fn with_provisioned(roles: Option<Vec<String>>, provisioned: &[String]) -> Option<Vec<String>> {
    if provisioned.is_empty() {
        return roles;
    }
    let mut roles = roles.unwrap_or_default();
    roles.extend(provisioned.iter().filter(|role| !roles.contains(role)).cloned().collect::<Vec<_>>());
    Some(roles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn wanted() -> Wanted {
        let group_roles = [("ml", "data_scientist"), ("ops", "ops"), ("ml", "data_scientist")];
        Wanted {
            kind: "oidc".into(),
            label: "Okta".into(),
            issuer: " https://login.example.com ".into(),
            client_id: "assay".into(),
            group_roles: group_roles.map(|(group, role)| GroupRole { group: group.into(), role: role.into() }).to_vec(),
            ..Wanted::default()
        }
    }

    fn checked(wanted: &Wanted) -> Result<Provider, Wrong> {
        let tenant = Tenant { id: TenantId::from_uuid(Uuid::nil()), slug: "northwind".into(), name: "Northwind".into() };
        wanted.check(&tenant, DateTime::default())
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_provider_is_checked_field_by_field() {
        let provider = checked(&wanted()).expect("valid");
        assert_eq!(
            (provider.issuer.as_str(), provider.groups_claim.as_str(), provider.group_roles.len()),
            ("https://login.example.com", "groups", 2)
        );
        let field = |change: fn(&mut Wanted)| {
            let mut wanted = wanted();
            change(&mut wanted);
            checked(&wanted).map_err(|(field, _)| field).err()
        };
        assert_eq!(field(|wanted| wanted.kind = "saml".into()), Some("kind"));
        assert_eq!(field(|wanted| wanted.label = String::new()), Some("label"));
        assert_eq!(field(|wanted| wanted.issuer = " ".into()), Some("issuer"));
        assert_eq!(field(|wanted| wanted.client_id = "a\nb".into()), Some("clientId"));
        assert_eq!(field(|wanted| wanted.default_role = Some("king".into())), Some("defaultRole"));
    }

    #[test]
    fn t17_no_provider_makes_owners() {
        let mut by_group = wanted();
        by_group.group_roles[0].role = "owner".into();
        assert_eq!(checked(&by_group).map_err(|(field, _)| field).err(), Some("groupRoles"));
        let by_default = Wanted { default_role: Some("owner".into()), ..wanted() };
        assert_eq!(checked(&by_default).map_err(|(field, _)| field).err(), Some("defaultRole"));
    }

    #[test]
    fn c7_1a_groups_decide_roles_at_each_sign_in() {
        let mapped = checked(&wanted()).expect("valid");
        let open = Provider { group_roles: Vec::new(), default_role: Some(Role::Viewer), ..mapped.clone() };
        let closed = Provider { group_roles: Vec::new(), ..mapped.clone() };
        let with_default = Provider { default_role: Some(Role::Viewer), ..mapped.clone() };
        let (ml, none) = (strings(&["staff", "ml"]), strings(&["ML", "ml "]));
        let (admin, owner) = (strings(&["admin"]), strings(&["owner", "admin"]));
        for (provider, groups, current, invited, expected) in [
            (&mapped, &ml, None, None, Some(strings(&["data_scientist"]))),
            (&mapped, &none, None, None, None),
            (&mapped, &none, None, Some("risk"), Some(strings(&["risk"]))),
            (&mapped, &ml, Some(&admin), None, Some(strings(&["data_scientist"]))),
            (&mapped, &none, Some(&admin), None, None),
            (&mapped, &none, Some(&owner), None, Some(strings(&["owner"]))),
            (&mapped, &ml, Some(&owner), None, Some(strings(&["owner", "data_scientist"]))),
            (&with_default, &none, Some(&admin), None, Some(strings(&["viewer"]))),
            (&open, &none, None, None, Some(strings(&["viewer"]))),
            (&open, &none, Some(&admin), None, Some(admin.clone())),
            (&closed, &ml, None, None, None),
            (&closed, &ml, Some(&admin), None, Some(admin.clone())),
        ] {
            assert_eq!(standing(provider, groups, current.map(Vec::as_slice), invited), expected, "{groups:?} {current:?} {invited:?}");
        }
    }

    #[test]
    fn what_the_directory_gave_is_not_taken_by_signing_in() {
        let (given, viewer) = (strings(&["ops"]), strings(&["viewer"]));
        assert_eq!(with_provisioned(None, &[]), None);
        assert_eq!(with_provisioned(None, &given), Some(given.clone()));
        assert_eq!(with_provisioned(Some(viewer.clone()), &given), Some(strings(&["viewer", "ops"])));
        assert_eq!(with_provisioned(Some(given.clone()), &given), Some(given));
        assert_eq!(with_provisioned(Some(viewer.clone()), &[]), Some(viewer));
    }

    #[test]
    fn t17_a_provider_that_is_everybodys_makes_nobody_a_member_by_default() {
        let mut wanted = Wanted { kind: "github".into(), issuer: "https://github.com/".into(), default_role: Some("viewer".into()), ..wanted() };
        let open = checked(&wanted).expect("valid");
        assert_eq!(open.check_default().map_err(|(field, _)| field), Err("defaultRole"));
        assert_eq!(standing(&open, &strings(&["staff"]), None, None), None);
        assert_eq!(standing(&open, &strings(&["ml"]), None, None), Some(strings(&["data_scientist"])), "by a group of one's own");
        assert_eq!(standing(&open, &[], None, Some("risk")), Some(strings(&["risk"])), "or by an invitation");
        let narrow = Provider { every_address: false, ..open };
        assert!(narrow.check_default().is_ok());
        assert_eq!(standing(&narrow, &[], None, None), Some(strings(&["viewer"])), "whose addresses are admitted decides then");
        wanted.issuer = "https://github.example.com".into();
        assert!(checked(&wanted).is_ok_and(|own| own.check_default().is_ok()));
    }

    #[test]
    fn claims_are_read_as_providers_write_them() {
        let claims =
            json!({ "sub": "1", "email": "Ada@Example.com", "email_verified": "true", "realm_access": { "roles": ["ml", 7] }, "groups": "one" });
        let vouched = Vouched::read(&claims, "realm_access.roles");
        assert_eq!(vouched.groups, ["ml"]);
        assert_eq!(vouched.email.map(|email| email.as_str().to_owned()).as_deref(), Some("ada@example.com"));
        assert_eq!(Vouched::read(&claims, "groups").groups, ["one"]);
        for (claims, said) in [
            (claims, Some(true)),
            (json!({}), None),
            (json!({ "email_verified": false }), Some(false)),
            (json!({ "email_verified": 1 }), Some(false)),
            (json!({ "email_verified": "yes" }), Some(false)),
            (json!({ "xms_edov": true }), Some(true)),
            (json!({ "xms_edov": 1 }), Some(true)),
            (json!({ "xms_edov": "1" }), Some(true)),
            (json!({ "xms_edov": "true" }), Some(true)),
            (json!({ "xms_edov": "yes" }), Some(false)),
            (json!({ "xms_edov": 0 }), Some(false)),
            (json!({ "email_verified": false, "xms_edov": true }), Some(false)),
        ] {
            assert_eq!(Vouched::read(&claims, "groups").email_verified, said, "{claims}");
        }
    }
}
