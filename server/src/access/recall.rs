//! Entering once more: who has entered lately does so with the first statement that they came for, which does nothing unless the credential enters as it did
//! then. One answer less to wait for; what is checked is the same, at the same moment.

use std::sync::{Arc, Mutex, OnceLock};

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, QueryResult, Statement, Value};
use shared::ids::TenantId;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    CredentialKind, RequestInfo, Scope,
    scope::{Inner, Proof},
};
use crate::fault::OVERTAKEN;

/// How a scope of an earlier request writes.
#[derive(Clone, Copy)]
pub(super) struct Recalled {
    /// With one statement, which is a transaction of its own.
    pub(super) alone: bool,
}

impl Scope {
    /// The same for another request with the same credential, as long as nothing has changed for it: its transaction is entered with the first statement.
    /// `alone`: that is all it is. `None` for whom there is more to find out than what they are.
    pub(super) fn recalled(&self, request: RequestInfo, alone: bool) -> Option<Self> {
        let Inner { vault, proof, actor, tenant, proven, scopes, policy, .. } = &*self.inner;
        let Proof::Credential(credential) = proof else { return None };
        let is_plain = matches!(credential.kind(), CredentialKind::Session | CredentialKind::Token) && !proven.standing.is_part();
        is_plain.then(|| Self {
            inner: Arc::new(Inner {
                vault: vault.clone(),
                proof: proof.clone(),
                actor: actor.clone(),
                tenant: tenant.clone(),
                proven: proven.clone(),
                scopes: scopes.clone(),
                recalled: Some(Recalled { alone }),
                policy: policy.clone(),
                writes: OnceLock::new(),
                request,
                entered: Mutex::default(),
                read: OnceCell::new(),
                reach: Arc::default(),
                attempts: Mutex::default(),
            }),
        })
    }

    /// Counts so many calls that were allowed by entering once more.
    pub(super) fn was_recalled(&self, permission: shared::Permission, calls: usize) {
        if self.inner.recalled.is_some() {
            self.inner.vault.decisions().count(self, permission, true, calls as i64);
        }
    }

    /// How its transaction is entered, if it is of an earlier request.
    pub(super) fn recall(&self) -> Option<(Recall, Recalled)> {
        let Inner { proof: Proof::Credential(credential), actor, tenant, proven, scopes, recalled: Some(how), .. } = &*self.inner else {
            return None;
        };
        let recall = Recall {
            tenant: tenant.id,
            kind: credential.kind(),
            hash: *credential.hash(),
            now: self.now(),
            credential: actor.credential,
            epoch: proven.epoch?,
            roles: proven.roles.clone(),
            scopes: scopes.clone(),
        };
        Some((recall, *how))
    }
}

/// How somebody who has entered before enters once more: by the first statement of a transaction, which does nothing unless they would enter as they did. One
/// answer less to wait for.
#[derive(Clone)]
pub(super) struct Recall {
    pub tenant: TenantId,
    pub kind: CredentialKind,
    pub hash: [u8; 32],
    pub now: DateTime<Utc>,
    pub credential: Uuid,
    pub epoch: i64,
    pub roles: Vec<String>,
    pub scopes: Option<Vec<String>>,
}

/// What every row of such a statement has when it has been carried out: one without it stands for an answer of no rows.
const HERE: &str = "here";

impl Recall {
    /// The same statement, carried out once they have entered.
    pub fn before(self, statement: Statement) -> Statement {
        let Self { tenant, kind, hash, now, credential, epoch, roles, scopes } = self;
        let Statement { sql, values, db_backend } = statement;
        let mut values = values.map(|values| values.0).unwrap_or_default();
        let first = values.len() + 1;
        let own: [Value; 7] = [kind.as_str().into(), hash.to_vec().into(), now.into(), credential.into(), epoch.into(), roles.into(), scopes.into()];
        values.extend(own);
        let [kind, hash, now, credential, epoch, roles, scopes] = std::array::from_fn(|at| first + at);
        // What it is carried out for is made of what enters: nothing comes before that.
        let sql = format!(
            "select w.* from (select set_config('search_path', '{{schema}}', true) as path, set_config('app.tenant_id', '{tenant}', true) as tenant \
                from public.enter(${kind}, ${hash}, ${now}) e where e.tenant_id = '{tenant}' and e.credential_id = ${credential} \
                and e.authz_epoch = ${epoch} and e.roles = ${roles} and e.scopes is not distinct from ${scopes} offset 0) e \
            left join lateral (select w.*, true as {HERE} from ({sql}) w where e.path is not null and e.tenant is not null offset 0) w on true",
            tenant = tenant.uuid()
        );
        Statement { sql, values: Some(sea_orm::Values(values)), db_backend }
    }

    /// What the statement itself answered.
    ///
    /// # Errors
    /// [`OVERTAKEN`] when they do not enter any more, or not as they did.
    pub fn answered(rows: Vec<QueryResult>) -> Result<Vec<QueryResult>, DbErr> {
        if rows.is_empty() {
            return Err(DbErr::Custom(OVERTAKEN.to_owned()));
        }
        let here = |row: &QueryResult| Ok::<_, DbErr>(row.try_get::<Option<bool>>("", HERE)?.is_some());
        let mut answered = Vec::with_capacity(rows.len());
        for row in rows {
            if here(&row)? {
                answered.push(row);
            }
        }
        Ok(answered)
    }
}
