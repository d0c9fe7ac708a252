//! What leaves, and what is erased, is asked of the database itself: a table or a column that nobody thought of fails.

use std::collections::BTreeSet;

use sqlx::Row;

use crate::support::{World, names::Names};

/// The statements that read what leaves.
const KINDS: &str = include_str!("../../src/features/exports/repo/kinds.rs");

/// What stays, and why. A name without a column is a whole table.
const STAYS: &[(&str, &str)] = &[
    ("artifacts", "listed by `artifacts.rs`, with their files"),
    ("blobs", "the bytes leave as files"),
    ("metric_chunks", "points leave in Parquet"),
    ("metric_batches", "points leave in Parquet"),
    ("artifact_uploads", "not ended yet"),
    ("storage", "a count of what is there"),
    ("audit_head", "the last entry is the head"),
    ("exports", "the archives themselves"),
    ("export_counts", "the archives themselves"),
    ("export_files", "the archives themselves"),
    ("run_params.fingerprint", "computed from the params"),
    ("import_items", "a list that an import works off"),
    ("import_origins", "a list that an import works off"),
    ("slack_messages", "on their way to Slack"),
    ("imports.credentials", "a secret"),
    ("imports.phase", "while it went on"),
    ("imports.phase_at", "while it went on"),
    ("imports.cursor", "while it went on"),
    ("imports.step", "while it went on"),
    ("imports.troubles", "while it went on"),
    ("slack_connections.address", "a secret"),
    ("slack_connections.hint", "the end of a secret"),
    ("slack_connections.quiet_until", "while Slack is away"),
    ("threads.subject_id", "one of two other columns"),
];

/// The same of the control plane: what is not about this organization alone, or a secret.
const STAYS_PUBLIC: &[(&str, &str)] = &[
    ("jobs", "work under way"),
    ("restorations", "secrets"),
    ("schema_migrations", "of the installation"),
    ("sessions", "people's, in all their organizations"),
    ("sso_attempts", "secrets"),
    ("identities", "people's, as their provider knows them"),
    ("api_tokens.hash", "a secret"),
    ("api_tokens.hint", "the end of a secret"),
    ("invitations.hash", "a secret"),
    ("job_tokens.hash", "a secret"),
    ("job_tokens.hint", "the end of a secret"),
    ("links.hash", "a secret"),
    ("links.hint", "the end of a secret"),
    ("support_visits.address_hash", "a secret"),
    ("support_visits.address_until", "of a secret"),
    ("support_visits.session_hash", "a secret"),
    ("identity_providers.client_secret", "a secret"),
];

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect()
}

/// Names of columns that a statement about a table names.
fn named(table: &str) -> BTreeSet<&'static str> {
    KINDS.split("Kind {").filter(|kind| words(kind).contains(table)).flat_map(words).collect()
}

fn check(columns: &[(String, String)], stays: &[(&str, &str)]) -> Vec<String> {
    let left = |name: &str| stays.iter().any(|(own, _)| *own == name);
    let missing = columns.iter().filter(|(table, column)| {
        !left(table) && !left(&format!("{table}.{column}")) && column != "tenant_id" && !named(table).contains(column.as_str())
    });
    missing.map(|(table, column)| format!("{table}.{column}")).collect()
}

#[tokio::test]
async fn every_column_leaves_or_stays_for_a_reason() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let mut tamperer = organization.tamperer().await;
    let read = |rows: Vec<sqlx::postgres::PgRow>| rows.iter().map(|row| (row.get::<String, _>(0), row.get::<String, _>(1))).collect::<Vec<_>>();
    let own = "select c.relname::text, a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
        where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace";
    let columns = read(sqlx::query(own).fetch_all(&mut tamperer).await.expect("columns"));
    assert!(columns.len() > 200);
    let missing = check(&columns, STAYS);
    assert!(missing.is_empty(), "neither taken along nor left for a reason: {missing:?}");
    let public = "select c.relname::text, a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace \
        and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')";
    let columns = read(sqlx::query(public).fetch_all(&mut tamperer).await.expect("columns"));
    let missing = check(&columns, STAYS_PUBLIC);
    assert!(missing.is_empty(), "neither taken along nor left for a reason: {missing:?}");
    for (name, _) in STAYS.iter().chain(STAYS_PUBLIC) {
        let (table, column) = name.split_once('.').unwrap_or((name, ""));
        let sql = "select count(*) from information_schema.columns where table_name = $1 and ($2 = '' or column_name = $2)";
        let there: (i64,) = sqlx::query_as(sql).bind(table).bind(column).fetch_one(&mut tamperer).await.expect("a count");
        assert!(there.0 > 0, "{name} is not there any more");
    }
}

#[tokio::test]
async fn every_table_that_names_an_organization_is_erased() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    Names::of(&organization.script().await).await;
    let mut tamperer = organization.tamperer().await;
    // Whatever refers to an organization, by its name or by a key.
    let sql = "select distinct c.relname::text, a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and (a.attname = 'tenant_id' or exists (select from pg_constraint k where k.conrelid = c.oid \
            and k.contype = 'f' and k.confrelid = 'public.tenants'::regclass and k.conkey = array[a.attnum]))";
    let rows = sqlx::query(sql).fetch_all(&mut tamperer).await.expect("columns");
    let found: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut held: BTreeSet<(String, String)> =
        server::access::erase::HELD.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned())).collect();
    assert!(held.remove(&("tenants".into(), "id".into())), "the organization itself, at last");
    // Somebody who belongs elsewhere too keeps the account that its directory made, and the key lets go of it.
    held.insert(("people".into(), "provisioned_by".into()));
    assert_eq!(found, held);
}
