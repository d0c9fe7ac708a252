//! Who a request came from, once its scope is gone: an answer can be sent for hours, and a scope holds a connection.

use shared::ids::TenantId;

use super::{Credential, RequestInfo, Scope, Vault, scope::Proof};
use crate::fault::Fault;

/// The same actor later, who is proven anew when they are needed.
#[derive(Clone)]
pub struct Later {
    vault: Vault,
    credential: Credential,
    request: RequestInfo,
    tenant: TenantId,
}

impl Later {
    /// A scope of this moment.
    ///
    /// # Errors
    /// `Unauthenticated` when the credential was revoked or its session moved to another organization; `Unavailable`.
    pub async fn enter(&self) -> Result<Scope, Fault> {
        let scope = self.vault.enter(self.credential.clone(), self.request.clone()).await?;
        if scope.tenant().id == self.tenant { Ok(scope) } else { Err(Fault::unauthenticated()) }
    }

    /// Enters into the audit log what somebody met when the answer had begun.
    ///
    /// # Errors
    /// As [`Later::enter`].
    pub async fn record(&self, fault: &Fault) -> Result<(), Fault> {
        let scope = self.enter().await?;
        scope.rest();
        scope.note(fault);
        scope.record_denials().await
    }
}

impl Scope {
    /// The actor for what outlives the request.
    ///
    /// # Errors
    /// `Internal` for a job.
    pub fn later(&self) -> Result<Later, Fault> {
        let Proof::Credential(credential) = &self.inner.proof else { return Err(Fault::internal("a job is not proven again")) };
        let request = self.inner.request.clone();
        Ok(Later { vault: self.inner.vault.clone(), credential: credential.clone(), request, tenant: self.tenant().id })
    }

    /// The same actor, proven anew, for what outlives the request it began with: each look of an open stream has the rights of its moment.
    ///
    /// # Errors
    /// As [`Later::enter`].
    pub async fn again(&self) -> Result<Scope, Fault> {
        self.later()?.enter().await
    }
}
