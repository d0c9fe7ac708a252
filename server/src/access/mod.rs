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
//! - A job is written by a [`WriteTx`], for its tenant; only one that says of itself that it may have none ([`crate::jobs::ControlJob`]) by the lobby.
//!
//! `public.tenants.cell` will say which database a tenant lives in. It is a place kept for later: there is one database, and nothing reads it.
//!
//! ```compile_fail,E0616
//! // The connections are private: there is no query without a tenant.
//! fn leak(vault: &server::access::Vault) { let _ = &vault.lanes; }
//! ```
//! ```compile_fail,E0451
//! // A scope is not made by hand.
//! let scope = server::access::Scope { inner: todo!() };
//! ```
//! ```compile_fail,E0451
//! // Nor is a grant.
//! fn make(scope: &server::access::Scope) { let _ = server::access::Grant::<()> { scope, permission: std::marker::PhantomData }; }
//! ```
//! ```compile_fail,E0308
//! // A use case takes the grant of the permission that it names, and no other.
//! use server::{access::Grant, features::runs};
//! async fn show(grant: Grant<'_, runs::WriteRuns>, run: shared::ids::RunId) { let _ = runs::get(grant, run).await; }
//! ```
//! ```compile_fail,E0599
//! // A permission to read does not open a transaction that writes.
//! use server::access::{Grant, Permission, Reads};
//! struct ReadRuns;
//! impl Permission for ReadRuns { const NAME: shared::Permission = shared::Permission::RunsRead; type Mode = Reads; }
//! async fn write(grant: Grant<'_, ReadRuns>) { let _ = grant.begin().await; }
//! ```
//! ```compile_fail,E0061
//! // A write is not committed without its audit entry.
//! async fn finish(tx: server::access::WriteTx) { let _ = tx.commit().await; }
//! ```
//! ```compile_fail,E0277
//! // A job is not written without a tenant.
//! use server::{access::lobby::LobbyTx, fault::Fault, jobs::{Context, Job}};
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Rename;
//! impl Job for Rename {
//!     const KIND: &'static str = "run.rename";
//!     const PERMISSION: shared::Permission = shared::Permission::RunsWrite;
//!     async fn run(self, _: Context) -> Result<(), Fault> { Ok(()) }
//! }
//! async fn ask(tx: &LobbyTx) -> Result<(), Fault> { tx.enqueue(&Rename, "request").await }
//! ```
//! ```compile_fail,E0624
//! // Nor by hand, past a transaction.
//! fn forge<J: server::jobs::Job>(job: &J, seal: &server::platform::Seal) { let _ = server::jobs::Envelope::new(job, None, "request", seal); }
//! ```
//! ```compile_fail,E0046
//! // A job names the permission that it runs with.
//! use server::{fault::Fault, jobs::{Context, Job}};
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Rename;
//! impl Job for Rename {
//!     const KIND: &'static str = "run.rename";
//!     async fn run(self, _: Context) -> Result<(), Fault> { Ok(()) }
//! }
//! ```
//! ```
//! // What is allowed.
//! use server::{access::{Grant, Permission, Writes, WriteTx, audit::{Entry, Subject}}, fault::Fault, jobs::{Context, Job}};
//! struct WriteRuns;
//! impl Permission for WriteRuns { const NAME: shared::Permission = shared::Permission::RunsWrite; type Mode = Writes; }
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Rename;
//! impl Job for Rename {
//!     const KIND: &'static str = "run.rename";
//!     const PERMISSION: shared::Permission = shared::Permission::RunsWrite;
//!     async fn run(self, _: Context) -> Result<(), Fault> { Ok(()) }
//! }
//! async fn rename(grant: Grant<'_, WriteRuns>) -> Result<(), Fault> {
//!     let tx: WriteTx = grant.begin().await?;
//!     tx.enqueue(&Rename).await?;
//!     tx.commit(Entry::new("run.rename", Subject::new("run", "run_1", "amber"))).await
//! }
//! ```

mod attempts;
pub mod audit;
mod credential;
mod decisions;
pub mod dispatch;
mod durable;
mod entered;
pub mod erase;
mod grant;
mod group;
mod lanes;
mod later;
pub mod live;
pub mod lobby;
mod part;
pub mod password;
mod policy;
mod pool;
pub mod provision;
pub mod rates;
mod reach;
mod recall;
mod request;
mod scope;
pub mod throttle;
mod transaction;
mod tx;
mod vault;

pub use credential::{Credential, CredentialKind, Secret, hash_of};
pub use entered::supporter;
pub use grant::{Grant, Permission, Reads, Writes};
pub use group::{Group, Outcome, SharedWrite};
pub use later::Later;
pub use policy::{Explanation, InProject};
pub use reach::Reach;
pub use request::RequestInfo;
pub use scope::{Actor, ActorKind, Scope, Tenant};
pub use tx::{Connection, ReadTx, Sql, WriteTx};
pub use vault::Vault;
