//! What was decided, counted until it is written: one row a minute, credential, permission and outcome. On the path of a request there is a number to
//! raise and nothing to wait for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sea_orm::{DbBackend, Statement};
use shared::ids::TenantId;
use uuid::Uuid;

use super::{ActorKind, Scope, Vault, vault::set_tenant};
use crate::fault::Fault;

/// Organizations whose decisions are written at a time, those first that wait longest: where many are at work, writing what they were allowed must not be most
/// of what is done.
const ORGANIZATIONS: usize = 100;
/// Kinds of decisions that wait to be written. While the database is away no more than these are counted.
const WAITING_MAX: usize = 100_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Decision {
    tenant: TenantId,
    minute: DateTime<Utc>,
    credential: Uuid,
    permission: shared::Permission,
    allowed: bool,
}

/// Who asked, and how often.
struct Asked {
    actor: String,
    kind: ActorKind,
    times: i64,
}

/// Counts of decisions.
#[derive(Default)]
pub(super) struct Decisions(Mutex<HashMap<Decision, Asked>>);

impl Decisions {
    /// Counts a decision about a person or their script, which was for so many calls: those that share a transaction are decided about at once. What a job
    /// does was decided when it was written.
    pub(super) fn count(&self, scope: &Scope, permission: shared::Permission, allowed: bool, calls: i64) {
        let actor = scope.actor();
        let Ok(minute) = scope.now().duration_trunc(TimeDelta::minutes(1)) else { return };
        if actor.kind == ActorKind::Job {
            return;
        }
        let decision = Decision { tenant: scope.tenant().id, minute, credential: actor.credential, permission, allowed };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = waiting.get_mut(&decision) {
            asked.times += calls;
        } else if waiting.len() < WAITING_MAX {
            waiting.insert(decision, Asked { actor: actor.logged().to_owned(), kind: actor.kind, times: calls });
        } else {
            metrics::counter!("assay_decisions_not_counted").increment(1);
        }
    }

    fn take(&self) -> HashMap<Decision, Asked> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written.
    fn put_back(&self, decisions: HashMap<Decision, Asked>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (decision, asked) in decisions {
            waiting.entry(decision).and_modify(|now| now.times += asked.times).or_insert(asked);
        }
    }
}

impl Vault {
    /// Writes what was decided since the last call, tenant by tenant.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`; what is not written then is kept for the next call.
    pub async fn flush_decisions(&self) -> Result<(), Fault> {
        self.flush_decisions_of(usize::MAX).await
    }

    /// The same for some, those that wait longest; the others are kept for the next call.
    ///
    /// # Errors
    /// As [`Vault::flush_decisions`].
    pub async fn flush_some_decisions(&self) -> Result<(), Fault> {
        self.flush_decisions_of(ORGANIZATIONS).await
    }

    async fn flush_decisions_of(&self, most: usize) -> Result<(), Fault> {
        let mut by_tenant: HashMap<TenantId, HashMap<Decision, Asked>> = HashMap::new();
        for (decision, asked) in self.decisions().take() {
            by_tenant.entry(decision.tenant).or_default().insert(decision, asked);
        }
        let mut by_tenant: Vec<(TenantId, HashMap<Decision, Asked>)> = by_tenant.into_iter().collect();
        if by_tenant.len() > most {
            by_tenant.sort_by_cached_key(|(_, decisions)| decisions.keys().map(|decision| decision.minute).min());
            by_tenant.drain(most..).for_each(|(_, decisions)| self.decisions().put_back(decisions));
        }
        let mut outcome = Ok(());
        for (tenant, decisions) in by_tenant {
            // The others are not held up by one that fails.
            if let Err(fault) = self.write_decisions(tenant, &decisions).await {
                self.decisions().put_back(decisions);
                outcome = Err(fault);
            }
        }
        outcome
    }

    async fn write_decisions(&self, tenant: TenantId, decisions: &HashMap<Decision, Asked>) -> Result<(), Fault> {
        let sql = "insert into access_decisions as d (minute, credential_id, permission, allowed, actor, actor_kind, times) \
            select * from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::bigint[]) \
            as n (minute, credential_id, permission, allowed, actor, actor_kind, times) order by 1, 2, 3, 4 \
            on conflict (minute, credential_id, permission, allowed) do update set times = d.times + excluded.times";
        let tx = self.begin(Some(tenant)).await?;
        set_tenant(&tx, tenant).await?;
        let rows: Vec<(&Decision, &Asked)> = decisions.iter().collect();
        let values: [sea_orm::Value; 7] = [
            rows.iter().map(|(decision, _)| decision.minute).collect::<Vec<_>>().into(),
            rows.iter().map(|(decision, _)| decision.credential).collect::<Vec<_>>().into(),
            rows.iter().map(|(decision, _)| decision.permission.to_string()).collect::<Vec<_>>().into(),
            rows.iter().map(|(decision, _)| decision.allowed).collect::<Vec<_>>().into(),
            rows.iter().map(|(_, asked)| asked.actor.clone()).collect::<Vec<_>>().into(),
            rows.iter().map(|(_, asked)| asked.kind.as_str().to_owned()).collect::<Vec<_>>().into(),
            rows.iter().map(|(_, asked)| asked.times).collect::<Vec<_>>().into(),
        ];
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        Ok(tx.commit().await?)
    }
}
