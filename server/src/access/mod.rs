//! Who, where, may they. This module owns the connection pool, Redis and casbin; nothing else can
//! run a statement.
//!
//! What must stay true:
//! - A query runs only inside a [`ReadTx`] or [`WriteTx`], begun for one tenant: the first statement
//!   sets `search_path` and `app.tenant_id` for that transaction only and, in the same round trip,
//!   checks the credential and reads the authorization epoch. Row-level policies are the second wall.
//! - A [`Scope`] is built only by authentication ([`Vault::enter`]) or for a claimed job.
//! - A [`Grant`] is built only by [`Scope::grant`], which asks the tenant's casbin policy of the
//!   current epoch, and is the only door to a transaction.
//! - A [`WriteTx`] is committed only together with its audit entry, or as telemetry.
//!
//! ```compile_fail
//! // The pool is private: there is no query without a tenant.
//! fn leak(vault: &server::access::Vault) -> &sea_orm::DatabaseConnection { &vault.pool }
//! ```
//! ```compile_fail
//! // A scope is not made by hand.
//! let scope = server::access::Scope { inner: todo!() };
//! ```
//! ```compile_fail
//! // A permission to read does not open a transaction that writes.
//! use server::access::{Grant, Permission, Reads};
//! struct ReadRuns;
//! impl Permission for ReadRuns { const NAME: shared::Permission = shared::Permission::RunsRead; type Mode = Reads; }
//! async fn write(grant: Grant<'_, ReadRuns>) { let _ = grant.begin().await; }
//! ```
//! ```compile_fail
//! // A write is not committed without its audit entry.
//! async fn finish(tx: server::access::WriteTx) { let _ = tx.commit().await; }
//! ```
//! ```
//! // What is allowed.
//! use server::access::{Grant, Permission, Writes, WriteTx, audit::{Entry, Subject}};
//! struct WriteRuns;
//! impl Permission for WriteRuns { const NAME: shared::Permission = shared::Permission::RunsWrite; type Mode = Writes; }
//! async fn rename(grant: Grant<'_, WriteRuns>) -> Result<(), server::fault::Fault> {
//!     let tx: WriteTx = grant.begin().await?;
//!     tx.commit(Entry::new("run.rename", Subject::new("run", "run_1", "amber"))).await
//! }
//! ```

pub mod audit;
mod begun;
mod credential;
mod decisions;
pub mod dispatch;
mod durable;
mod entered;
mod grant;
mod group;
pub mod live;
pub mod lobby;
mod part;
pub mod password;
mod policy;
pub mod provision;
pub mod rates;
mod reach;
mod request;
mod scope;
pub mod throttle;
mod tx;
mod vault;

pub use credential::{Credential, CredentialKind, Secret, hash_of};
pub use grant::{Grant, Permission, Reads, Writes};
pub use group::{Group, Outcome, SharedWrite};
pub use policy::{Explanation, InProject};
pub use reach::Reach;
pub use request::RequestInfo;
pub use scope::{Actor, ActorKind, Scope, Tenant};
pub use tx::{Connection, ReadTx, Sql, WriteTx};
pub use vault::Vault;
