//! Appending to the tenant's hash-chained audit log. The chain is computed by the database, under
//! the lock of the tenant's head; the format is in `migrations/tenant/0001_core.sql`, and
//! `features::audit` reads and verifies it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use super::scope::Inner;
use crate::fault::Fault;

/// What an act was done to.
#[derive(Clone, Debug)]
pub struct Subject {
    kind: &'static str,
    id: String,
    name: String,
}

impl Subject {
    /// `kind` is the noun (`run`), `name` what people call it at that time.
    pub fn new(kind: &'static str, id: impl ToString, name: impl ToString) -> Self {
        Self { kind, id: id.to_string(), name: name.to_string() }
    }
}

/// One act, as it will stand in the log.
#[derive(Clone, Debug)]
pub struct Entry {
    action: &'static str,
    subject: Subject,
    denied: bool,
    detail: String,
}

impl Entry {
    /// `action` is noun and verb: `run.create`.
    pub fn new(action: &'static str, subject: Subject) -> Self {
        Self { action, subject, denied: false, detail: String::new() }
    }

    /// What else a reader must know; never a secret.
    pub fn detail(self, detail: serde_json::Value) -> Self {
        Self { detail: detail.to_string(), ..self }
    }

    /// The act was attempted and refused.
    pub fn denied(self) -> Self {
        Self { denied: true, ..self }
    }
}

/// Who an entry names, when it is not the scope's actor (signing in has no scope yet).
#[derive(Clone, Debug)]
pub struct Author {
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    pub credential: String,
    pub request_id: String,
    pub address: String,
}

pub(super) async fn append(tx: &DatabaseTransaction, now: DateTime<Utc>, inner: &Arc<Inner>, entries: &[Entry]) -> Result<(), Fault> {
    append_by(tx, now, &author(inner), entries).await
}

pub(super) fn author(inner: &Inner) -> Author {
    let actor = &inner.actor;
    Author {
        kind: actor.kind.as_str(),
        id: if actor.email.is_empty() { String::new() } else { actor.member.to_string() },
        name: if actor.email.is_empty() { actor.name.clone() } else { actor.email.clone() },
        credential: actor.credential.simple().to_string(),
        request_id: inner.request.id.clone(),
        address: inner.request.address.clone(),
    }
}

pub(super) async fn append_by(tx: &DatabaseTransaction, now: DateTime<Utc>, author: &Author, entries: &[Entry]) -> Result<(), Fault> {
    let pairs: Vec<_> = entries.iter().map(|entry| (author, entry)).collect();
    append_pairs(tx, now, &pairs).await
}

/// Appends entries of several authors in one statement.
pub(super) async fn append_pairs(tx: &DatabaseTransaction, now: DateTime<Utc>, pairs: &[(&Author, &Entry)]) -> Result<(), Fault> {
    fn column<'a>(pairs: &[(&'a Author, &'a Entry)], pick: impl Fn(&'a Author, &'a Entry) -> &'a str) -> Value {
        // Postgres keeps no NUL in text; a name that holds one was refused long before.
        pairs.iter().map(|(author, entry)| pick(author, entry).replace('\0', "")).collect::<Vec<String>>().into()
    }
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "select audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        [
            now.into(),
            column(pairs, |author, _| author.kind),
            column(pairs, |author, _| &author.id),
            column(pairs, |author, _| &author.name),
            column(pairs, |author, _| &author.credential),
            column(pairs, |_, entry| entry.action),
            column(pairs, |_, entry| entry.subject.kind),
            column(pairs, |_, entry| &entry.subject.id),
            column(pairs, |_, entry| &entry.subject.name),
            column(pairs, |_, entry| if entry.denied { "denied" } else { "done" }),
            column(pairs, |_, entry| &entry.detail),
            column(pairs, |author, _| &author.request_id),
            column(pairs, |author, _| &author.address),
        ],
    );
    tx.query_one_raw(statement).await?;
    Ok(())
}
