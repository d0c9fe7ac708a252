//! An authenticated actor in one tenant.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicBool},
};

use chrono::{DateTime, Utc};
use shared::ids::{MemberId, PersonId, ProjectId, TenantId};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    Credential, Grant, Permission, Reach, ReadTx, RequestInfo, Vault, WriteTx,
    attempts::Attempt,
    live::{Listener, Topic},
    part,
    policy::{Explanation, Policy, Rights, Standing},
    recall::Recalled,
    transaction::Transaction,
};
use crate::{
    fault::{Fault, Missing},
    platform::Seal,
};

/// What kind of actor a scope stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A member with a browser.
    Member,
    /// A member's script, with an API token.
    Token,
    /// A service account, with an API token: it acts as itself.
    Service,
    /// A background job.
    Job,
    /// Whoever came by a link.
    Link,
    /// A job with a token for one run, on behalf of the member who made it.
    JobToken,
    /// Somebody of the operator, by leave of a member.
    Support,
}

impl ActorKind {
    /// The word in audit entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Token => "token",
            Self::Service => "service",
            Self::Job => "job",
            Self::Link => "link",
            Self::JobToken => "job_token",
            Self::Support => "support",
        }
    }
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    pub kind: ActorKind,
    /// Nil for a job, a link or the support.
    pub person: PersonId,
    /// Nil for a job, a link or the support.
    pub member: MemberId,
    /// Of the support, with whose leave they came.
    pub name: String,
    /// Empty for a job, a link or the support; of a service account its name.
    pub email: String,
    /// The session, token, link, job token, visit or job.
    pub credential: Uuid,
}

impl Actor {
    /// The name that rows keep of who made them.
    pub fn called(&self) -> String {
        if self.name.is_empty() { self.email.clone() } else { self.name.clone() }
    }

    /// What logs call them.
    pub fn logged(&self) -> &str {
        if self.email.is_empty() { &self.name } else { &self.email }
    }

    /// When a member signed in: a session's id is a UUIDv7, which begins with its time. `None` for who did not sign in.
    pub fn signed_in_at(&self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.credential.get_timestamp().filter(|_| self.kind == ActorKind::Member)?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }
}

/// The organization a scope is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
}

/// How a scope proves itself again when it opens another transaction.
#[derive(Clone)]
pub(super) enum Proof {
    Credential(Credential),
    Job(Rights),
}

/// What somebody may do by the first statement of a transaction.
#[derive(Clone)]
pub(super) struct Proven {
    pub roles: Vec<String>,
    pub standing: Standing,
    /// The epoch of it; a job has none.
    pub epoch: Option<i64>,
}

impl Proven {
    /// Whether the roles include the permission, in a project if one is meant, whatever the scopes of a token.
    pub fn has(&self, permission: shared::Permission, project: Option<ProjectId>) -> bool {
        let standing = self.standing.unlimited();
        project.map_or_else(|| standing.may(permission), |project| standing.may_in(permission, project))
    }
}

pub(super) struct Inner {
    pub(super) vault: Vault,
    pub(super) proof: Proof,
    pub(super) actor: Actor,
    pub(super) tenant: Tenant,
    /// What the first statement of the request's first transaction found.
    pub(super) proven: Proven,
    /// What a token may be used for, as it found it.
    pub(super) scopes: Option<Vec<String>>,
    /// That it is of an earlier request: its transaction is entered as that one was, or not at all.
    pub(super) recalled: Option<Recalled>,
    /// What it was decided by; nothing for a job, a link or a job token.
    pub(super) policy: Option<Arc<Policy>>,
    /// The permission it writes with, once it does.
    pub(super) writes: OnceLock<shared::Permission>,
    pub(super) request: RequestInfo,
    /// The transaction that authenticated this scope, until somebody uses it.
    pub(super) entered: Mutex<Option<Transaction>>,
    pub(super) read: OnceCell<ReadTx>,
    pub(super) reach: Arc<OnceLock<Reach>>,
    pub(super) attempts: Mutex<Vec<Attempt>>,
}

/// An actor in a tenant. Built only by authentication.
#[derive(Clone)]
pub struct Scope {
    pub(super) inner: Arc<Inner>,
}

impl Scope {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.inner.actor
    }

    /// Where.
    pub fn tenant(&self) -> &Tenant {
        &self.inner.tenant
    }

    /// The actor's roles in this tenant when the request began; for showing. What depends on them asks the transaction that it is done in.
    pub fn roles(&self) -> &[String] {
        &self.inner.proven.roles
    }

    /// What the edge knew of the request.
    pub fn request(&self) -> &RequestInfo {
        &self.inner.request
    }

    /// The time, from the injected clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.vault.clock().now()
    }

    /// With what the cursors of lists are marked.
    pub fn seal(&self) -> &Seal {
        self.inner.vault.seal()
    }

    /// Narrows the scope, once, before anything is asked through it.
    pub fn narrow(&self, reach: Reach) {
        // A second call changes nothing: what was narrowed stays so.
        let _ = self.inner.reach.set(reach);
    }

    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        self.inner.reach.get().copied().unwrap_or_default()
    }

    /// Whether the policy allows the permission, be it in one project only; for showing or hiding, never instead of a grant.
    pub fn may(&self, permission: shared::Permission) -> bool {
        self.inner.proven.standing.may(permission)
    }

    /// Whether the policy allows the permission in a project; for showing or hiding, never instead of a grant.
    pub fn may_in(&self, permission: shared::Permission, project: ProjectId) -> bool {
        self.inner.proven.standing.may_in(permission, project)
    }

    /// Why a member with these roles may do something, or may not, by the policy that this request was let in by.
    ///
    /// # Errors
    /// `Internal` for a job, a link or a job token.
    pub fn explain(
        &self,
        member: MemberId,
        roles: &[String],
        permission: shared::Permission,
        project: Option<ProjectId>,
    ) -> Result<Explanation, Fault> {
        let policy = self.inner.policy.as_ref().ok_or_else(|| Fault::internal("it was let in by no policy"))?;
        Ok(policy.explain(member, roles, permission, project))
    }

    /// Whether the actor has all projects alike. Who has not is told apart by the database, statement by statement.
    pub fn has_all_projects(&self) -> bool {
        !self.inner.proven.standing.is_part()
    }

    /// Asks the tenant's policy.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Forbidden`]; the attempt is remembered for the audit log.
    pub fn grant<P: Permission>(&self) -> Result<Grant<'_, P>, Fault> {
        self.grant_to_all::<P>(1)
    }

    /// The same for so many calls at once, each of which is a decision in the access log when it is allowed. Of those that are refused the edge asks for each.
    pub(super) fn grant_to_all<P: Permission>(&self, calls: usize) -> Result<Grant<'_, P>, Fault> {
        self.decide(P::NAME, calls)?;
        Ok(Grant { scope: self, permission: PhantomData })
    }

    /// Asks the tenant's policy without opening a door, for an edge that must refuse before it reads on.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Forbidden`]; the attempt is remembered for the audit log.
    pub fn require(&self, permission: shared::Permission) -> Result<(), Fault> {
        self.decide(permission, 1)
    }

    fn decide(&self, permission: shared::Permission, calls: usize) -> Result<(), Fault> {
        let allowed = self.may(permission);
        // Of an earlier request it is not decided before its transaction has been entered.
        if !(allowed && self.inner.recalled.is_some()) {
            self.inner.vault.decisions().count(self, permission, allowed, if allowed { calls as i64 } else { 1 });
        }
        if allowed {
            return Ok(());
        }
        self.tried(Attempt::Denied(permission));
        Err(Fault::forbidden(permission))
    }

    /// Remembers for the audit log that an id was named which names nothing here, or a project that the caller may not write in, or that a file was met which is
    /// damaged. Edges call it with every fault they answer with; others are passed over.
    pub fn note(&self, fault: &Fault) {
        if let Some(missing) = fault.what_is_missing() {
            self.note_missing(missing.clone());
        }
        if let Some(digest) = fault.what_is_damaged() {
            self.note_damaged(digest);
        }
        if let Some(permission) = self.inner.writes.get().filter(|_| fault.is_barred()) {
            self.tried(Attempt::Barred(*permission));
        }
    }

    /// The same for an edge that has no fault any more.
    pub fn note_missing(&self, missing: Missing) {
        self.tried(Attempt::Missing(missing));
    }

    /// The same of a file that is damaged.
    pub fn note_damaged(&self, digest: &str) {
        self.tried(Attempt::Damaged(digest.to_owned()));
    }

    fn tried(&self, attempt: Attempt) {
        let mut attempts = self.inner.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }

    /// Gives the connection back before long work that needs no database (streaming an upload).
    /// The next transaction proves the credential again.
    pub fn rest(&self) {
        self.inner.entered.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Listens to changes of this tenant.
    ///
    /// # Errors
    /// `TooManyRequests`, `Unavailable`.
    pub fn listen(&self, topics: &[Topic]) -> Result<Listener, Fault> {
        self.inner.vault.live().listen(self.tenant().id, self.actor().credential, topics)
    }

    pub(super) async fn read_tx(&self) -> Result<&ReadTx, Fault> {
        self.inner
            .read
            .get_or_try_init(|| async {
                let tx = match self.take_entered() {
                    Some(tx) => tx,
                    None => self.inner.vault.reenter(&self.inner, self.inner.request.reads).await?.0,
                };
                Ok(ReadTx { tx, now: self.now(), reach: self.inner.reach.clone(), hurries: AtomicBool::new(self.inner.request.reads) })
            })
            .await
    }

    pub(super) async fn write_tx(&self, permission: shared::Permission) -> Result<WriteTx, Fault> {
        // Whoever may read may keep notes for themselves with the same permission: the support keeps none.
        if self.inner.actor.kind == ActorKind::Support {
            self.tried(Attempt::Denied(permission));
            return Err(Fault::forbidden(permission));
        }
        // One that was begun to read has too little time, and is given up.
        let (tx, again) = match (self.take_entered().filter(|_| !self.inner.request.reads), self.recall()) {
            (Some(tx), _) => (tx, None),
            (None, Some((recall, how))) => (self.inner.vault.recall(recall, how.alone).await?, None),
            (None, None) => {
                let (tx, proven) = self.inner.vault.reenter(&self.inner, false).await?;
                if !proven.standing.may(permission) {
                    return Err(Fault::forbidden(permission));
                }
                (tx, Some(proven))
            }
        };
        part::let_write(&tx, &again.as_ref().unwrap_or(&self.inner.proven).standing, permission).await?;
        // A request writes with one permission as a rule; of several the first is named.
        let _ = self.inner.writes.set(permission);
        Ok(WriteTx::new(tx, self.now(), self.inner.clone(), again))
    }

    fn take_entered(&self) -> Option<Transaction> {
        self.inner.entered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
