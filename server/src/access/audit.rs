//! Appending to the tenant's hash-chained audit log. The chain is computed by the database, under
//! the lock of the tenant's head; the format is in `migrations/tenant/0001_core.sql`, and
//! `features::audit` reads and verifies it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, Statement, Value};

use super::{scope::Inner, transaction::Transaction};
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
    /// `action` is noun and verb: `run.create`. All of them stand in one list, from which the log is filtered.
    pub fn new(action: &'static str, subject: Subject) -> Self {
        debug_assert!(shared::audit::is_act(action), "{action} is missing in shared::audit");
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

pub(super) async fn append(tx: &Transaction, now: DateTime<Utc>, epoch: Option<i64>, inner: &Arc<Inner>, entries: &[Entry]) -> Result<(), Fault> {
    let author = author(inner);
    let pairs: Vec<_> = entries.iter().map(|entry| (&author, entry)).collect();
    append_pairs(tx, now, epoch, &pairs).await
}

pub(super) fn author(inner: &Inner) -> Author {
    let actor = &inner.actor;
    Author {
        kind: actor.kind.as_str(),
        id: if actor.email.is_empty() { String::new() } else { actor.member.to_string() },
        name: actor.logged().to_owned(),
        credential: actor.credential.simple().to_string(),
        request_id: inner.request.id.clone(),
        address: inner.request.address.clone(),
    }
}

pub(super) async fn append_by(tx: &Transaction, now: DateTime<Utc>, author: &Author, entries: &[Entry]) -> Result<(), Fault> {
    let pairs: Vec<_> = entries.iter().map(|entry| (author, entry)).collect();
    append_pairs(tx, now, None, &pairs).await
}

/// Appends entries of several authors in one statement, unless the organization's epoch is another one by now than is expected.
pub(super) async fn append_pairs(tx: &Transaction, now: DateTime<Utc>, epoch: Option<i64>, pairs: &[(&Author, &Entry)]) -> Result<(), Fault> {
    let values = values(now, pairs).into_iter().chain([epoch.into()]);
    tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, APPEND_AT_EPOCH, values)).await?;
    Ok(())
}

/// The call that appends what [`columns`] lists, at a time and at an epoch.
const APPEND_AT_EPOCH: &str = "select audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
/// The same at any epoch.
pub(super) const APPEND: &str = "select audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

fn values(now: DateTime<Utc>, pairs: &[(&Author, &Entry)]) -> Vec<Value> {
    std::iter::once(now.into()).chain(columns(pairs).map(Value::from)).collect()
}

/// Entries column by column, in the order of the arguments of `audit_append`; the last column is their canonical text.
pub(super) fn columns(pairs: &[(&Author, &Entry)]) -> [Vec<String>; FIELDS + 1] {
    let mut columns: [Vec<String>; FIELDS + 1] = std::array::from_fn(|_| Vec::with_capacity(pairs.len()));
    for (author, entry) in pairs {
        let fields: [&str; FIELDS] = [
            author.kind,
            &author.id,
            &author.name,
            &author.credential,
            entry.action,
            entry.subject.kind,
            &entry.subject.id,
            &entry.subject.name,
            if entry.denied { "denied" } else { "done" },
            &entry.detail,
            &author.request_id,
            &author.address,
        ];
        // Postgres keeps no NUL in text; a name that holds one was refused long before.
        let fields = fields.map(|field| field.replace('\0', ""));
        let mut text = String::with_capacity(256);
        fields.iter().for_each(|field| write_field(&mut text, field));
        for (column, value) in columns.iter_mut().zip(fields.into_iter().chain([text])) {
            column.push(value);
        }
    }
    columns
}

/// Columns of an entry besides its place, its time and its hash.
const FIELDS: usize = 12;

/// Adds a field to the canonical text of an entry: its length in bytes before it, so that no two entries have the same text.
pub fn write_field(text: &mut String, field: &str) {
    text.push_str(&field.len().to_string());
    text.push(':');
    text.push_str(field);
    text.push(',');
}
