//! Owns the pool and the doors.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{DbBackend, Statement};
use shared::ids::{MemberId, PersonId, TenantId};
use sqlx::{
    PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    Actor, ActorKind, Credential, CredentialKind, RequestInfo, Scope, Tenant,
    attempts::Lately,
    decisions::Decisions,
    entered::{self, Entered},
    lanes::Lanes,
    live::Live,
    part,
    policy::{Policy, Rights, Standing},
    pool::connection,
    rates::Known,
    recall::Recall,
    scope::{Inner, Proof, Proven},
    transaction::Transaction,
};
use crate::{
    fault::Fault,
    platform::{Clock, Seal},
};

/// How long a credential that entered is worth reading a body for.
const ENTERED_FOR: Duration = Duration::from_secs(60);
/// How long it is remembered where one entered that has not been back since: about as long as a connection lives that has met its organization.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);

/// The pool, the clock, the policies. Cloning shares them.
#[derive(Clone)]
pub struct Vault {
    lanes: Lanes,
    /// For what sees the control plane only, and for entering attempts in vain. Whoever holds a connection of a tenant may ask for one of these, and not the
    /// other way round: from the same ones, all would be taken by requests that each wait for another.
    doors: Lanes,
    shared: Arc<Shared>,
}

/// Statements whose plans a connection keeps, those that were used last. Each organization has its own ([`Transaction`]); a request takes half a dozen.
const STATEMENTS: usize = 1_000;

struct Shared {
    options: PgConnectOptions,
    /// Organizations that a connection may meet.
    met: usize,
    owner: PgPool,
    clock: Clock,
    policies: moka::sync::Cache<TenantId, (i64, Arc<Policy>)>,
    lately: Lately,
    used: Mutex<HashSet<(CredentialKind, Uuid)>>,
    entered: moka::sync::Cache<Credential, (Instant, Known)>,
    bell: tokio::sync::Notify,
    live: Live,
    seal: Seal,
    decisions: Decisions,
}

impl Vault {
    /// Connects, with so many connections to tenants and to the control plane at most, each for so many tenants (`met`). They give up the owner's rights at once.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached.
    pub async fn open(database_url: &str, connections: u32, doors: u32, met: usize, clock: Clock, seal: Seal) -> Result<Self, Fault> {
        let options: PgConnectOptions = database_url.parse().map_err(Fault::internal)?;
        let options = options.application_name("assay").statement_cache_capacity(STATEMENTS);
        let owner = PgPoolOptions::new()
            .max_connections(2)
            .min_connections(0)
            .idle_timeout(Duration::from_secs(30))
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.clone());
        Ok(Self {
            lanes: Lanes::new(&options, connections, "", met),
            doors: Lanes::new(&options, doors, "", met),
            shared: Arc::new(Shared {
                options,
                met,
                owner,
                clock,
                policies: moka::sync::Cache::new(2_000),
                lately: Lately::default(),
                used: Mutex::default(),
                entered: moka::sync::Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED_FOR).build(),
                bell: tokio::sync::Notify::new(),
                live: Live::default(),
                seal,
                decisions: Decisions::default(),
            }),
        })
    }

    /// The same vault with connections of its own, for one runtime: work on another one than that which opened a connection waits for both. `settings` are SQL
    /// that each of them begins with. They write, and meet half as many organizations: what is compiled to write takes twice the memory of what is read with.
    pub(super) fn with_own_connections(&self, connections: u32, settings: &'static str) -> Self {
        Self { lanes: Lanes::new(&self.shared.options, connections, settings, (self.shared.met / 2).max(1)), ..self.clone() }
    }

    /// A connection that belongs to its holder alone, as long as it lasts.
    pub(super) async fn own_connection(&self) -> Result<PgConnection, Fault> {
        Ok(connection(&self.shared.options).await?)
    }

    /// The injected clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.shared.seal
    }

    /// Whether the database answers and has been migrated.
    pub async fn ready(&self) -> bool {
        let probe = Statement::from_string(DbBackend::Postgres, "select 1 from public.tenants limit 1");
        match self.doors.begin(None, "probe").await {
            Ok(tx) => tx.query_all_raw(probe).await.is_ok(),
            Err(_) => false,
        }
    }

    pub(super) fn owner(&self) -> &PgPool {
        &self.shared.owner
    }

    /// A transaction that has done nothing yet; `tenant` is whose it will probably be.
    pub(super) async fn begin(&self, tenant: Option<TenantId>) -> Result<Transaction, Fault> {
        Ok(self.lanes.begin(tenant, "tenant").await?)
    }

    /// A transaction that somebody enters once more with the first statement, which may be all of it (`alone`).
    pub(super) async fn recall(&self, recall: Recall, alone: bool) -> Result<Transaction, Fault> {
        Ok(self.lanes.recall(recall, alone, "tenant").await?)
    }

    /// A transaction that sees the control plane only: no tenant's schema is in its path, and the row gates let `door` through where they name it.
    pub(super) async fn begin_at(&self, door: &'static str) -> Result<Transaction, Fault> {
        let tx = self.doors.begin(None, door).await?;
        let sql = "select set_config('search_path', 'public', true), set_config('app.door', $1, true)";
        tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [door.into()])).await?;
        Ok(tx)
    }

    /// Rung after a commit, so that a worker in this process looks at the outbox at once.
    pub(super) fn ring_bell(&self) {
        self.shared.bell.notify_waiters();
    }

    /// What was decided and is not written yet.
    pub(super) fn decisions(&self) -> &Decisions {
        &self.shared.decisions
    }

    /// What was tried in vain lately.
    pub(super) fn lately(&self) -> &Lately {
        &self.shared.lately
    }

    /// Where changes are told to open pages.
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// Waits until a transaction of this process was committed.
    pub async fn bell(&self) {
        self.shared.bell.notified().await;
    }

    /// Checks a credential and enters its tenant, in the first statement of a new transaction.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unauthenticated`] when it is unknown, expired or revoked; `Unavailable`.
    pub async fn enter(&self, credential: Credential, request: RequestInfo) -> Result<Scope, Fault> {
        let tx = self.begin(self.shared.entered.get(&credential).map(|(_, known)| known.tenant)).await?;
        let entry = self.enter_tenant(&tx, &credential, request.reads).await?;
        let (standing, policy) = self.standing_of(&tx, credential.kind(), &entry).await?;
        part::look_only(&tx, &credential).await?;
        self.note_use(&credential, entry.credential, entry.tenant.id);
        let kind = match credential.kind() {
            CredentialKind::Session => ActorKind::Member,
            CredentialKind::Token if entry.is_service => ActorKind::Service,
            CredentialKind::Token => ActorKind::Token,
            CredentialKind::Link => ActorKind::Link,
            CredentialKind::JobToken => ActorKind::JobToken,
            CredentialKind::Support => ActorKind::Support,
        };
        let actor = Actor { kind, person: entry.person, member: entry.member, name: entry.name, email: entry.email, credential: entry.credential };
        Ok(Scope {
            inner: Arc::new(Inner {
                vault: self.clone(),
                proof: Proof::Credential(credential),
                actor,
                tenant: entry.tenant,
                proven: Proven { roles: entry.roles, standing, epoch: Some(entry.epoch) },
                scopes: entry.scopes,
                recalled: None,
                policy,
                writes: OnceLock::new(),
                request,
                entered: Mutex::new(Some(tx)),
                read: OnceCell::new(),
                reach: Arc::default(),
                attempts: Mutex::default(),
            }),
        })
    }

    /// Who a credential was, if it entered within the last minute. Decides only whose calls are counted, and whether a request's body is worth reading
    /// before the credential is checked; the check itself is part of every transaction.
    pub fn entered_lately(&self, credential: &Credential) -> Option<Known> {
        self.shared.entered.get(credential).filter(|(since, _)| since.elapsed() < ENTERED_FOR).map(|(_, known)| known)
    }

    /// The scope of a claimed job: the job's tenant, and the permissions its kind names.
    pub(super) async fn enter_as_job(
        &self,
        tenant: TenantId,
        job: Uuid,
        name: &str,
        permissions: &[shared::Permission],
        request: RequestInfo,
    ) -> Result<Scope, Fault> {
        let tx = self.begin(Some(tenant)).await?;
        let tenant = open_job(&tx, tenant).await?;
        let rights = Rights::of(permissions);
        let nil = Uuid::nil();
        let actor = Actor {
            kind: ActorKind::Job,
            person: PersonId::from_uuid(nil),
            member: MemberId::from_uuid(nil),
            name: name.to_owned(),
            email: String::new(),
            credential: job,
        };
        Ok(Scope {
            inner: Arc::new(Inner {
                vault: self.clone(),
                proof: Proof::Job(rights),
                actor,
                tenant,
                proven: Proven { roles: Vec::new(), standing: Standing::whole(rights), epoch: None },
                scopes: None,
                recalled: None,
                policy: None,
                writes: OnceLock::new(),
                request,
                entered: Mutex::new(Some(tx)),
                read: OnceCell::new(),
                reach: Arc::default(),
                attempts: Mutex::default(),
            }),
        })
    }

    /// Opens another transaction for a scope and proves it again; whether it only reads.
    pub(super) async fn reenter(&self, inner: &Inner, reads: bool) -> Result<(Transaction, Proven), Fault> {
        match &inner.proof {
            Proof::Credential(credential) => {
                let tx = self.lanes_beside(inner).begin(Some(inner.tenant.id), "tenant").await?;
                let proven = self.enter_again(&tx, credential, inner, reads).await?;
                part::look_only(&tx, credential).await?;
                Ok((tx, proven))
            }
            Proof::Job(rights) => {
                let tx = self.lanes_beside(inner).begin(Some(inner.tenant.id), "tenant").await?;
                open_job(&tx, inner.tenant.id).await?;
                Ok((tx, Proven { roles: Vec::new(), standing: Standing::whole(*rights), epoch: None }))
            }
        }
    }

    /// Where a scope takes one more connection: whoever waited for another of the kind that they hold could wait for themselves.
    fn lanes_beside(&self, inner: &Inner) -> &Lanes {
        if inner.read.initialized() { &self.doors } else { &self.lanes }
    }

    /// Opens another transaction for what was tried in vain, also by the support. Unless the scope holds none any more (`is_last`), it is one of the doors:
    /// whoever waited for a connection while they hold one could wait for themselves.
    pub(super) async fn reenter_beside(&self, inner: &Inner, is_last: bool) -> Result<(Transaction, Proven), Fault> {
        let Proof::Credential(credential) = &inner.proof else { return Err(Fault::internal("a job tried what it may not")) };
        let lanes = if is_last { &self.lanes } else { &self.doors };
        let tx = lanes.begin(Some(inner.tenant.id), "tenant").await?;
        let proven = self.enter_again(&tx, credential, inner, false).await?;
        Ok((tx, proven))
    }

    async fn enter_again(&self, tx: &Transaction, credential: &Credential, inner: &Inner, reads: bool) -> Result<Proven, Fault> {
        let entry = self.enter_tenant(tx, credential, reads).await?;
        // The session may have been switched to another organization meanwhile.
        if entry.tenant.id != inner.tenant.id {
            return Err(Fault::unauthenticated());
        }
        let (standing, _) = self.standing_of(tx, credential.kind(), &entry).await?;
        Ok(Proven { roles: entry.roles, standing, epoch: Some(entry.epoch) })
    }

    async fn enter_tenant(&self, tx: &Transaction, credential: &Credential, reads: bool) -> Result<Entered, Fault> {
        let span = entered::span(credential.kind());
        let entered =
            span.around(Entered::by(tx, credential, self.clock().now(), reads)).await.inspect_err(|fault| span.fail(fault.code().as_str()))?;
        entered::found(&span, entered.as_ref().map(|entry| entry.tenant.id));
        entered.ok_or_else(Fault::unauthenticated)
    }

    /// What the credential may do, by the policy of the epoch it entered under. From here on the transaction sees no more than that.
    async fn standing_of(&self, tx: &Transaction, kind: CredentialKind, entry: &Entered) -> Result<(Standing, Option<Arc<Policy>>), Fault> {
        if let Some(shown) = &entry.shown {
            return Ok((part::by_link(tx, shown).await?, None));
        }
        let policy = self.policy_of(tx, entry).await?;
        let standing = policy.standing(entry.member, &entry.roles);
        if kind == CredentialKind::JobToken {
            return Ok((part::by_job(tx, entry.credential, &standing).await?, None));
        }
        let standing = match &entry.scopes {
            Some(scopes) => standing.limited(scopes),
            None => standing,
        };
        part::narrow(tx, &standing).await?;
        Ok((standing, Some(policy)))
    }

    async fn policy_of(&self, tx: &Transaction, entry: &Entered) -> Result<Arc<Policy>, Fault> {
        if let Some((_, policy)) = self.shared.policies.get(&entry.tenant.id).filter(|(epoch, _)| *epoch == entry.epoch) {
            return Ok(policy);
        }
        let rows = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, "select role, permission from role_permissions")).await?;
        let rows = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect::<Result<_, sea_orm::DbErr>>()?;
        let policy = Arc::new(Policy::load(rows, part::project_rules(tx).await?).await?);
        self.shared.policies.insert(entry.tenant.id, (entry.epoch, policy.clone()));
        Ok(policy)
    }

    /// A credential was used, and what it was is known for a while.
    pub(super) fn note_use(&self, credential: &Credential, id: Uuid, tenant: TenantId) {
        self.shared.entered.insert(credential.clone(), (Instant::now(), Known { credential: id, tenant }));
        self.shared.used.lock().unwrap_or_else(PoisonError::into_inner).insert((credential.kind(), id));
    }

    /// The credentials used since the last call, for the "last used" column, which is written once
    /// in a while and never on the path of a request.
    pub(super) fn take_used(&self) -> Vec<(CredentialKind, Uuid)> {
        self.shared.used.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

/// Puts a job's transaction into its tenant.
async fn open_job(tx: &Transaction, tenant: TenantId) -> Result<Tenant, Fault> {
    set_tenant(tx, tenant).await?;
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "select slug, name from public.tenants where id = $1 and closed_at is null",
        [tenant.uuid().into()],
    );
    let row = tx.query_one_raw(statement).await?.ok_or_else(|| Fault::not_found("organization", tenant))?;
    Ok(Tenant { id: tenant, slug: row.try_get("", "slug")?, name: row.try_get("", "name")? })
}

/// Puts a transaction into a tenant. Transaction-local: a session-level setting would reach the
/// next tenant on this connection.
pub(super) async fn set_tenant(tx: &Transaction, tenant: TenantId) -> Result<(), Fault> {
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "select set_config('search_path', 't_' || replace($1::uuid::text, '-', ''), true), set_config('app.tenant_id', $1::uuid::text, true)",
        [tenant.uuid().into()],
    );
    tx.query_one_raw(statement).await?;
    tx.is_in(tenant);
    Ok(())
}
