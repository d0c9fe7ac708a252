//! Proof that the tenant's policy allowed one permission to one actor.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use super::{Actor, Reach, ReadTx, Scope, Tenant, WriteTx};
use crate::fault::Fault;

/// The permission only reads.
pub struct Reads;
/// The permission changes something.
pub struct Writes;

/// Names a permission in a type. Each slice declares its markers in its `mod.rs`.
pub trait Permission: Send + Sync {
    /// The right that casbin is asked for.
    const NAME: shared::Permission;
    /// [`Reads`] or [`Writes`]: which kind of transaction the grant opens.
    type Mode;
}

/// Holding it is the permission; it carries the only door to the database.
pub struct Grant<'s, P> {
    pub(super) scope: &'s Scope,
    pub(super) permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Grant<'_, P> {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        self.scope.actor()
    }

    /// Where.
    pub fn tenant(&self) -> &Tenant {
        self.scope.tenant()
    }

    /// Where names are looked up and what lists show.
    pub fn reach(&self) -> Reach {
        self.scope.reach()
    }

    /// The time, from the injected clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.scope.now()
    }
}

impl<'s, P: Permission<Mode = Reads>> Grant<'s, P> {
    /// The request's one reading transaction, opened at its first use.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unauthenticated`] when the credential was revoked meanwhile,
    /// `Unavailable` when the database is away.
    pub async fn read(&self) -> Result<&'s ReadTx, Fault> {
        self.scope.read_tx().await
    }
}

impl<P: Permission<Mode = Writes>> Grant<'_, P> {
    /// Begins a writing transaction. Credential and permission are checked again in its first
    /// statement, so a right revoked since the grant was given does not pass.
    ///
    /// # Errors
    /// [`shared::ErrorCode::Unauthenticated`] or `Forbidden` when revoked meanwhile, `Unavailable`.
    pub async fn begin(self) -> Result<WriteTx, Fault> {
        self.scope.write_tx(P::NAME).await
    }
}
