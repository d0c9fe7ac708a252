//! What a directory does with users.

use serde_json::{Value, json};
use shared::{
    ErrorCode,
    ids::{MemberId, TenantId},
};
use uuid::Uuid;

use super::{IfMatch, Listed, Person, Profile, Provision, ReadProvisioned, ScimError, User, UserEdit, UserTerm, repo};
use crate::{
    access::{
        Connection, Scope, WriteTx,
        audit::{Entry, Subject},
        password,
    },
    fault::Fault,
    features::{
        invitations::{self, Expected},
        members,
    },
};

/// The users of whom all terms are true, from a place on.
///
/// # Errors
/// `Forbidden`.
pub async fn list(scope: &Scope, terms: &[UserTerm], offset: i64, limit: i64) -> Result<Listed<User>, ScimError> {
    let grant = scope.grant::<ReadProvisioned>()?;
    let (tx, tenant) = (grant.read().await?, grant.tenant().id);
    let found = match terms.iter().find(|term| !matches!(term, UserTerm::Active(_))) {
        Some(UserTerm::UserName(name)) => repo::users::named(tx, tenant, name).await?,
        Some(UserTerm::ExternalId(id)) => repo::users::external(tx, id).await?,
        Some(UserTerm::Email(email)) => repo::users::addressed(tx, tenant, email).await?,
        Some(UserTerm::Id(id)) => id.iter().map(|id| id.uuid()).collect(),
        Some(UserTerm::Active(_)) | None => return everybody(tx, tenant, terms, offset, limit).await,
    };
    let mut rows: Vec<User> = repo::users::load(tx, found).await?.into_iter().filter(|user| terms.iter().all(|term| term.holds(user))).collect();
    rows.sort_by_key(|user| user.id);
    let total = rows.len() as i64;
    let (skipped, taken) = (usize::try_from(offset).unwrap_or_default(), usize::try_from(limit).unwrap_or_default());
    Ok(Listed { total, rows: rows.into_iter().skip(skipped).take(taken).collect() })
}

async fn everybody<C: Connection>(tx: &C, tenant: TenantId, terms: &[UserTerm], offset: i64, limit: i64) -> Result<Listed<User>, ScimError> {
    let asked = |active: bool| terms.contains(&UserTerm::Active(active));
    let active = match (asked(true), asked(false)) {
        (true, true) => return Ok(Listed { total: 0, rows: Vec::new() }),
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let total = repo::users::count(tx, tenant, active).await?;
    let ids = if limit > 0 { repo::users::page(tx, tenant, active, offset, limit).await? } else { Vec::new() };
    Ok(Listed { total, rows: repo::users::load(tx, ids).await? })
}

async fn find<C: Connection>(tx: &C, id: MemberId) -> Result<User, ScimError> {
    let found = repo::users::load(tx, vec![id.uuid()]).await?.into_iter().next();
    found.ok_or_else(|| ScimError::Fault(Fault::not_found("member", id)))
}

/// A user.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn get(scope: &Scope, id: MemberId) -> Result<User, ScimError> {
    find(scope.grant::<ReadProvisioned>()?.read().await?, id).await
}

/// Lets somebody in whom the directory names: at once where their domain is the organization's own, else by an invitation, whether there is such a person or
/// not. Nothing of a person who is there is changed.
///
/// # Errors
/// `Taken` when somebody of the organization has the user name or the address; `Invalid` for a profile that cannot be, and where the organization does not
/// admit the address.
pub async fn create(scope: &Scope, public_url: &str, profile: Profile) -> Result<User, ScimError> {
    let grant = scope.grant::<Provision>()?;
    let person = profile.check()?;
    let tenant = grant.tenant().id;
    // The same work for every address, and before anybody waits for the turn.
    let hash = password::hash_of_nobodys().await?;
    let tx = grant.begin().await?;
    repo::take_turn(&tx).await?;
    let id = MemberId::from_uuid(Uuid::now_v7());
    check_free(&tx, tenant, id, &person).await?;
    repo::users::put(&tx, id, &person).await?;
    if person.profile.active {
        admit(&tx, public_url, id, &person, hash, Vec::new()).await?;
    }
    let user = find(&tx, id).await?;
    tx.commit(entry("member.provision", &user).detail(json!({ "active": user.profile.active, "isMember": user.is_member }))).await?;
    Ok(user)
}

/// Changes what the directory says of somebody, and their access with it. How they sign in stays: an address is proven by a mailbox or a provider, not by a
/// directory.
///
/// # Errors
/// `NotFound`; `Stale`; `Taken`; `Invalid`, also for the last owner; `Forbidden` for an owner's access where the token is no owner's.
pub async fn edit(scope: &Scope, public_url: &str, id: MemberId, expected: Option<&IfMatch>, edit: UserEdit) -> Result<User, ScimError> {
    let grant = scope.grant::<Provision>()?;
    let tenant = grant.tenant().id;
    let tx = grant.begin().await?;
    repo::take_turn(&tx).await?;
    let before = find(&tx, id).await?;
    check_version(expected, &before)?;
    let person = edit.apply(&before.profile).check()?;
    let (from, to) = (&before.profile, &person.profile);
    if from.user_name != to.user_name || from.email != to.email {
        check_free(&tx, tenant, id, &person).await?;
    }
    repo::users::put(&tx, id, &person).await?;
    if before.is_member {
        match (from.active, to.active) {
            (true, false) => members::suspend(&tx, id).await?,
            (false, true) => members::resume(&tx, id).await?,
            _ => {}
        }
        if (&from.display_name, from.full_name()) != (&to.display_name, to.full_name()) {
            repo::users::rename(&tx, id, &person.name).await?;
        }
    } else if to.active && (!from.active || from.email != to.email) {
        invitations::withdraw(&tx, id).await?;
        let given = repo::groups::given(&tx, id).await?;
        admit(&tx, public_url, id, &person, password::hash_of_nobodys().await?, given).await?;
    } else if !to.active {
        invitations::withdraw(&tx, id).await?;
    }
    let after = find(&tx, id).await?;
    let action = match (from.active, to.active) {
        (true, false) => "member.suspend",
        (false, true) => "member.resume",
        _ => "member.update",
    };
    tx.commit(entry(action, &after).detail(changes(from, to))).await?;
    Ok(after)
}

/// Removes somebody from the organization: their sessions here end and their tokens are revoked.
///
/// # Errors
/// As for [`edit`].
pub async fn remove(scope: &Scope, id: MemberId, expected: Option<&IfMatch>) -> Result<(), ScimError> {
    let tx = scope.grant::<Provision>()?.begin().await?;
    repo::take_turn(&tx).await?;
    let user = find(&tx, id).await?;
    check_version(expected, &user)?;
    let roles = match members::take_out(&tx, id).await? {
        Some(member) => member.roles,
        None => {
            invitations::withdraw(&tx, id).await?;
            repo::users::remove(&tx, id).await?;
            Vec::new()
        }
    };
    tx.commit(entry("member.remove", &user).detail(json!({ "roles": roles, "by": "directory" }))).await?;
    Ok(())
}

fn check_version(expected: Option<&IfMatch>, user: &User) -> Result<(), ScimError> {
    expected.map_or(Ok(()), |expected| expected.check(&user.version()))
}

/// Whether nobody else of the organization has the user name or the address.
async fn check_free(tx: &WriteTx, tenant: TenantId, id: MemberId, person: &Person) -> Result<(), ScimError> {
    let others = |found: Vec<Uuid>| found.iter().any(|found| *found != id.uuid());
    if others(repo::users::named(tx, tenant, &person.profile.user_name).await?) {
        return Err(ScimError::Taken("Another user has this userName.".into()));
    }
    if others(repo::users::addressed(tx, tenant, person.email.as_str()).await?) {
        return Err(ScimError::Taken("Another user has this mail address.".into()));
    }
    Ok(())
}

/// Makes a member, or invites.
async fn admit(tx: &WriteTx, public_url: &str, id: MemberId, person: &Person, hash: String, group_roles: Vec<String>) -> Result<(), ScimError> {
    if repo::users::provision(tx, id, person, hash, &group_roles).await? {
        return Ok(());
    }
    let expected = Expected { member: id, email: person.email.clone(), group_roles };
    invitations::expect(tx, public_url, &expected).await.map_err(|fault| match fault.code() {
        ErrorCode::AlreadyExists => ScimError::Taken("Another user has this mail address.".into()),
        _ => fault.into(),
    })
}

fn entry(action: &'static str, user: &User) -> Entry {
    Entry::new(action, Subject::new("member", user.id, &user.profile.user_name))
}

/// What is otherwise, for the audit log.
fn changes(from: &Profile, to: &Profile) -> Value {
    let fields = |profile: &Profile| {
        [
            ("userName", json!(profile.user_name)),
            ("externalId", json!(profile.external_id)),
            ("email", json!(profile.email)),
            ("givenName", json!(profile.given_name)),
            ("familyName", json!(profile.family_name)),
            ("formattedName", json!(profile.formatted_name)),
            ("displayName", json!(profile.display_name)),
            ("active", json!(profile.active)),
        ]
    };
    let differ = fields(from).into_iter().zip(fields(to)).filter(|((_, from), (_, to))| from != to);
    Value::Object(differ.map(|((name, from), (_, to))| (name.to_owned(), json!({ "from": from, "to": to }))).collect())
}
