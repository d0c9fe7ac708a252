//! Users and groups as a directory knows them, and what it can say of them.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use shared::{
    field::{DisplayName, Email},
    ids::{MemberId, ScimGroupId},
};

use super::ScimError;

/// Longest text, in characters.
const TEXT_MAX: usize = 250;

/// What a directory says of a person. Texts that were not said are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub user_name: String,
    pub external_id: Option<String>,
    /// Empty: the user name is the address.
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    pub formatted_name: String,
    pub display_name: String,
    pub active: bool,
}

/// Whom a profile is about, once it has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub profile: Profile,
    pub email: Email,
    /// What somebody is called here who is nobody yet.
    pub name: String,
}

impl Profile {
    /// The whole name.
    pub fn full_name(&self) -> String {
        if self.formatted_name.is_empty() {
            format!("{} {}", self.given_name, self.family_name).trim().to_owned()
        } else {
            self.formatted_name.clone()
        }
    }

    /// The profile with its rules kept.
    ///
    /// # Errors
    /// A value that is missing, too long, or holds control characters; no mail address.
    pub fn check(mut self) -> Result<Person, ScimError> {
        for (name, value) in [
            ("userName", &mut self.user_name),
            ("emails", &mut self.email),
            ("name.givenName", &mut self.given_name),
            ("name.familyName", &mut self.family_name),
            ("name.formatted", &mut self.formatted_name),
            ("displayName", &mut self.display_name),
        ] {
            *value = text(name, value)?;
        }
        self.external_id = self.external_id.map(|id| text("externalId", &id)).transpose()?.filter(|id| !id.is_empty());
        if self.user_name.is_empty() {
            return Err(ScimError::value("userName is required."));
        }
        let address = if self.email.is_empty() { self.user_name.clone() } else { self.email.clone() };
        let email = Email::parse(&address).map_err(|_| {
            ScimError::value("A user needs a mail address: in emails, or as userName. Map the attribute that holds it in your identity provider.")
        })?;
        self.email = email.as_str().to_owned();
        let called = [self.display_name.clone(), self.full_name(), address.split('@').next().unwrap_or_default().to_owned()];
        let name = called.iter().find_map(|name| DisplayName::parse(name).ok()).map_or_else(|| "Member".to_owned(), |name| name.as_str().to_owned());
        Ok(Person { profile: self, email, name })
    }
}

fn text(name: &str, value: &str) -> Result<String, ScimError> {
    let value = value.trim();
    if value.chars().count() > TEXT_MAX || value.chars().any(char::is_control) {
        return Err(ScimError::value(format!("{name} holds at most {TEXT_MAX} characters, and no control characters.")));
    }
    Ok(value.to_owned())
}

/// A member, or somebody who is invited to become one.
#[derive(Clone, Debug)]
pub struct User {
    pub id: MemberId,
    pub profile: Profile,
    /// Whether they are a member; else their invitation is open, or they have never had access.
    pub is_member: bool,
    pub groups: Vec<(ScimGroupId, String)>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// Changes whenever something of it does that the directory has said.
    pub fn version(&self) -> String {
        let Profile { user_name, external_id, email, given_name, family_name, formatted_name, display_name, active } = &self.profile;
        let texts = [user_name, external_id.as_ref().unwrap_or(user_name), email, given_name, family_name, formatted_name, display_name];
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        hash.update([u8::from(*active), u8::from(external_id.is_some())]);
        hash.update(self.updated_at.to_rfc3339_opts(SecondsFormat::Micros, true));
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A group of the directory.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: ScimGroupId,
    pub display_name: String,
    pub external_id: Option<String>,
    /// What its members are here.
    pub role: Option<String>,
    pub version: i64,
    pub member_count: i64,
    /// With what each is called; empty where they were not asked for.
    pub members: Vec<(MemberId, String)>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The name of a group with its rules kept.
pub fn group_name(name: &str) -> Result<String, ScimError> {
    let name = text("displayName", name)?;
    if name.is_empty() { Err(ScimError::value("displayName is required.")) } else { Ok(name) }
}

/// What the directory calls a group.
pub fn external_id(id: Option<String>) -> Result<Option<String>, ScimError> {
    Ok(id.map(|id| text("externalId", &id)).transpose()?.filter(|id| !id.is_empty()))
}

/// One thing that is to be otherwise of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserChange {
    UserName(String),
    ExternalId(Option<String>),
    Email(String),
    GivenName(String),
    FamilyName(String),
    FormattedName(String),
    DisplayName(String),
    Active(bool),
}

/// What a user is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserEdit {
    /// All that is said of them; about their access nothing may be, and then it stays.
    Replace(Profile, Option<bool>),
    /// In this order.
    Change(Vec<UserChange>),
}

impl UserEdit {
    /// The profile after it.
    pub fn apply(self, before: &Profile) -> Profile {
        let changes = match self {
            Self::Replace(profile, active) => return Profile { active: active.unwrap_or(before.active), ..profile },
            Self::Change(changes) => changes,
        };
        let mut profile = before.clone();
        for change in changes {
            match change {
                UserChange::UserName(name) => {
                    // Where one is the other, they stay so, unless something else is said or the name is no address.
                    if profile.email.eq_ignore_ascii_case(&profile.user_name) && Email::parse(&name).is_ok() {
                        profile.email.clear();
                    }
                    profile.user_name = name;
                }
                UserChange::ExternalId(id) => profile.external_id = id,
                UserChange::Email(email) => profile.email = email,
                UserChange::GivenName(name) => profile.given_name = name,
                UserChange::FamilyName(name) => profile.family_name = name,
                UserChange::FormattedName(name) => profile.formatted_name = name,
                UserChange::DisplayName(name) => profile.display_name = name,
                UserChange::Active(active) => profile.active = active,
            }
        }
        profile
    }
}

/// What becomes of a group's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// Whether nobody stays who is not added.
    pub anew: bool,
    pub add: BTreeSet<MemberId>,
    pub remove: BTreeSet<MemberId>,
}

impl MemberChange {
    /// These and nobody else.
    pub fn set(&mut self, members: BTreeSet<MemberId>) {
        *self = Self { anew: true, add: members, remove: BTreeSet::new() };
    }

    pub fn add(&mut self, member: MemberId) {
        self.remove.remove(&member);
        self.add.insert(member);
    }

    pub fn remove(&mut self, member: MemberId) {
        self.add.remove(&member);
        self.remove.insert(member);
    }
}

/// What a group is to become; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupEdit {
    pub display_name: Option<String>,
    pub external_id: Option<Option<String>>,
    pub members: MemberChange,
}

/// One condition on users; of several, all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserTerm {
    /// Upper and lower case are the same.
    UserName(String),
    /// As it was written.
    ExternalId(String),
    /// `None`: what was asked for is no id of a user.
    Id(Option<MemberId>),
    Email(String),
    Active(bool),
}

impl UserTerm {
    pub fn holds(&self, user: &User) -> bool {
        match self {
            Self::UserName(name) => user.profile.user_name.to_lowercase() == name.to_lowercase(),
            Self::ExternalId(id) => user.profile.external_id.as_ref() == Some(id),
            Self::Id(id) => *id == Some(user.id),
            Self::Email(email) => user.profile.email.to_lowercase() == email.to_lowercase(),
            Self::Active(active) => user.profile.active == *active,
        }
    }
}

/// One condition on groups; of several, all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupTerm {
    DisplayName(String),
    ExternalId(String),
    Id(Option<ScimGroupId>),
    Member(Option<MemberId>),
}

/// A part of what was found.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    pub total: i64,
    pub rows: Vec<T>,
}

/// Which versions a caller believes it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever there is.
    Any,
    One(Vec<String>),
}

impl IfMatch {
    /// Whether this version is meant.
    ///
    /// # Errors
    /// [`ScimError::Stale`].
    pub fn check(&self, version: &str) -> Result<(), ScimError> {
        match self {
            Self::Any => Ok(()),
            Self::One(versions) if versions.iter().any(|known| known == version) => Ok(()),
            Self::One(_) => Err(ScimError::Stale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn profile(user_name: &str) -> Profile {
        Profile { user_name: user_name.into(), active: true, ..Profile::default() }
    }

    #[test]
    fn a_user_has_an_address_and_a_name_whatever_the_directory_leaves_out() {
        let plain = profile(" Ada@Example.com ").check().expect("is a user");
        assert_eq!((plain.email.as_str(), plain.profile.user_name.as_str(), plain.name.as_str()), ("ada@example.com", "Ada@Example.com", "Ada"));
        let named = Profile { email: "ada@example.com".into(), given_name: "Ada".into(), family_name: "King".into(), ..profile("aking") };
        assert_eq!(named.check().map(|person| person.name).ok().as_deref(), Some("Ada King"));
        for wrong in [profile(""), profile("aking"), profile("a\0@example.com"), profile(&format!("{}@example.com", "x".repeat(300)))] {
            assert!(wrong.check().is_err());
        }
        let hidden = Profile { display_name: "Ada\nKing".into(), ..profile("ada@example.com") };
        assert!(hidden.check().is_err());
    }

    #[test]
    fn changes_follow_one_another() {
        let before = Profile { email: "ada@example.com".into(), ..profile("ada@example.com") };
        let renamed = UserEdit::Change(vec![UserChange::UserName("ada.king@example.com".into())]).apply(&before).check().expect("valid");
        assert_eq!(renamed.email.as_str(), "ada.king@example.com");
        let twice = UserEdit::Change(vec![UserChange::Active(false), UserChange::Active(true), UserChange::GivenName("Ada".into())]).apply(&before);
        assert!(twice.active && twice.given_name == "Ada");
    }

    #[test]
    fn of_what_is_said_of_a_member_the_last_counts() {
        let [a, b] = [1, 2].map(|n| MemberId::from_uuid(Uuid::from_u128(n)));
        let mut change = MemberChange::default();
        change.add(a);
        change.remove(a);
        change.add(b);
        assert_eq!((change.anew, change.add.len(), change.remove.len()), (false, 1, 1));
        change.set(BTreeSet::from([a]));
        assert_eq!(change, MemberChange { anew: true, add: BTreeSet::from([a]), remove: BTreeSet::new() });
    }

    #[test]
    fn a_version_is_another_once_anything_is() {
        let user = |profile: Profile| User {
            id: MemberId::from_uuid(Uuid::nil()),
            profile,
            is_member: true,
            groups: Vec::new(),
            created_at: DateTime::default(),
            updated_at: DateTime::default(),
        };
        let one = user(profile("ada@example.com"));
        let other = user(Profile { active: false, ..profile("ada@example.com") });
        let third = user(Profile { external_id: Some("ada@example.com".into()), ..profile("ada@example.com") });
        assert!(one.version() != other.version() && one.version() != third.version() && one.version() == one.clone().version());
        assert!(IfMatch::Any.check("x").is_ok() && IfMatch::One(vec![one.version()]).check(&one.version()).is_ok());
        assert!(matches!(IfMatch::One(vec!["x".into()]).check("y"), Err(ScimError::Stale)));
    }
}
