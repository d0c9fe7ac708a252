//! After the time of grace nothing is left: no row, no file, no account of whoever was only there. What is somebody else's stays to the last byte.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::{Value, json};
use server::{access::erase::Erasure, features::register_jobs, jobs::Worker};
use shared::ids::TenantId;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use uuid::Uuid;

use super::{CLOSE, close, name, token};
use crate::support::{Actor, Organization, PASSWORD, World, names::Names, tracking::ok};

/// Everything of the database that is an organization's, as text: every row of its schema and of the control plane, in their order.
async fn dump(connection: &mut PgConnection, tenant: Uuid) -> String {
    connection.execute(AssertSqlSafe(format!("select set_config('app.tenant_id', '{tenant}', false)"))).await.expect("enters");
    let mut all = String::new();
    for (table, filter) in tables(connection, tenant).await {
        let sql = format!("select coalesce(string_agg(x::text, e'\\n' order by x::text), '') from {table} x where {filter}");
        let rows: (String,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        all.push_str(&format!("{table}\n{}\n", rows.0));
    }
    all
}

/// Tables of a tenant's schema, and those of the control plane that name tenants, each with what finds the tenant's rows. Sessions end and jobs are forgotten by
/// themselves.
async fn tables(connection: &mut PgConnection, tenant: Uuid) -> Vec<(String, String)> {
    let sql = "select format('%I.%I', n.nspname, c.relname), case when n.nspname = 'public' then 'tenant_id = ''' || $1 || '''' else 'true' end \
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and (n.nspname = 't_' || replace($1, '-', '') \
        or n.nspname = 'public' and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') and c.relname not in ('sessions', 'jobs')) order by 1";
    let rows = sqlx::query(sql).bind(tenant.to_string()).fetch_all(connection).await.expect("tables");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// How often a tenant's id stands anywhere in the control plane, by table.
async fn traces(connection: &mut PgConnection, tenant: Uuid) -> Vec<(String, i64)> {
    let sql = "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1";
    let names: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut *connection).await.expect("tables");
    let mut found = Vec::new();
    for (table,) in names {
        let sql = format!("select count(*) from public.{table} x where x::text like '%{tenant}%' or x::text like '%{}%'", tenant.simple());
        let count: (i64,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.expect("a count");
        if count.0 > 0 {
            found.push((table, count.0));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![(path.clone(), std::fs::read(&path).expect("reads"))] })
        .collect();
    found.sort();
    found
}

fn blobs(world: &World, tenant: Uuid) -> PathBuf {
    world.mail.parent().expect("a folder").join("blobs").join(tenant.simple().to_string())
}

async fn people(connection: &mut PgConnection) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as("select email from public.people order by email").fetch_all(connection).await.expect("people");
    rows.into_iter().map(|(email,)| email).collect()
}

/// An organization with one of everything, its owner, a member who is there alone, and one who is in the other organization too.
struct Scene<'w> {
    organization: Organization<'w>,
    canary: Organization<'w>,
    tenant: Uuid,
    other: Uuid,
    alone: Actor,
    both: Actor,
}

impl Scene<'_> {
    async fn of(world: &World) -> Scene<'_> {
        let (organization, canary) = (world.organization().await, world.organization().await);
        for one in [&organization, &canary] {
            Names::of(&one.script().await).await;
            one.owner.graphql("mutation { inviteMember(email: \"never-came@example.com\", role: \"viewer\") { id } }", Value::Null).await;
        }
        let mut members = Vec::new();
        for email in ["alone", "both"] {
            let email = format!("{email}-{}@example.com", Uuid::now_v7().simple());
            let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
            assert!(organization.owner.graphql(invite, json!({ "email": email })).await["errors"].is_null());
            world.drain().await;
            members.push(Actor::accept_invitation(world, &world.link_to(&email).await, "Mia", PASSWORD).await);
        }
        let (both, alone) = (members.pop().expect("a member"), members.pop().expect("a member"));
        let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
        assert!(canary.owner.graphql(invite, json!({ "email": both.email })).await["errors"].is_null());
        world.drain().await;
        let link = token(world, &both.email).await;
        assert_eq!(world.anonymous().form("/invitation", &[("token", &link), ("name", ""), ("password", PASSWORD)]).await.status, 303);
        let (tenant, other) = (organization.tenant().await, canary.tenant().await);
        Scene { organization, canary, tenant, other, alone, both }
    }

    async fn is_gone(&self, world: &World) {
        let mut connection = world.connect().await;
        let left = traces(&mut connection, self.tenant).await;
        assert_eq!(left, [("tombstones".to_owned(), 1)], "rows with its id");
        let schema: (i64,) = sqlx::query_as("select count(*) from pg_namespace where nspname = 't_' || $1")
            .bind(self.tenant.simple().to_string())
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        assert_eq!((schema.0, blobs(world, self.tenant).exists()), (0, false), "neither schema nor files");
        let known = people(&mut connection).await;
        assert!(!known.contains(&self.alone.email) && !known.contains(&self.organization.owner.email), "{known:?}");
        assert!(known.contains(&self.both.email) && known.contains(&self.canary.owner.email), "{known:?}");
        let tomb =
            sqlx::query("select t::text, erased_at is not null, audit_entries > 0, length(audit_hash), length(closed_by) from public.tombstones t")
                .fetch_one(&mut connection)
                .await
                .expect("a tombstone");
        assert_eq!((tomb.get::<bool, _>(1), tomb.get::<bool, _>(2), tomb.get::<i32, _>(3), tomb.get::<i32, _>(4)), (true, true, 32, 32));
        let text: String = tomb.get(0);
        assert!(!text.contains('@') && !text.contains("Olive") && !text.contains("Team"), "{text}");
    }
}

#[tokio::test]
async fn after_two_weeks_nothing_is_left_and_nobody_else_notices() {
    let world = World::idle(&[]).await;
    let scene = Scene::of(&world).await;
    // What becomes of either by itself, as uploads that nobody ends, has become of it.
    world.clock.advance(TimeDelta::days(2));
    world.drain().await;
    let fresh = Actor::sign_in(&world, &scene.organization.owner.email, PASSWORD).await;
    let own = name(&fresh).await;
    let mut connection = world.connect().await;
    let (rows, bytes) = (dump(&mut connection, scene.other).await, files(&blobs(&world, scene.other)));
    assert!(rows.len() > 10_000 && !bytes.is_empty());
    let closed = fresh.graphql(CLOSE, json!({ "name": own })).await;
    assert!(closed["errors"].is_null(), "{closed}");
    world.drain().await;
    world.clock.advance(TimeDelta::days(13) + TimeDelta::minutes(1));
    world.drain().await;
    let reminded = token(&world, &scene.organization.owner.email).await;
    assert!(!traces(&mut connection, scene.tenant).await.iter().any(|(table, _)| table == "tombstones"), "a day is left");
    world.clock.advance(TimeDelta::days(1));
    world.drain().await;
    scene.is_gone(&world).await;
    let after = dump(&mut connection, scene.other).await;
    let differs = rows.lines().zip(after.lines()).find(|(a, b)| a != b);
    assert!(rows == after, "the other organization's rows changed: {differs:?}");
    assert_eq!(files(&blobs(&world, scene.other)), bytes, "its files too");
    let owner = Actor::sign_in(&world, &scene.canary.owner.email, PASSWORD).await;
    let runs = ok(&owner.token(&["*"]).await, "POST", "experiments/search", json!({ "max_results": 10 })).await;
    assert!(runs.to_string().contains("CANARY"));
    // Whoever was there alone has no account; whoever belongs elsewhere is there.
    for (email, status) in [(&scene.alone.email, 401), (&scene.organization.owner.email, 401), (&scene.both.email, 303)] {
        let answer = world.anonymous().form("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, status, "{email}: {}", answer.text());
    }
    assert_eq!(world.anonymous().form("/restore", &[("token", &reminded)]).await.status, 422, "nothing brings it back");
    // Asked once more, nothing happens.
    let (services, tenant) = (world.services(), TenantId::from_uuid(scene.tenant));
    assert_eq!(world.on_server(async move { services.vault.begin_erasure(tenant).await.expect("answers") }).await, Erasure::Over);
    scene.is_gone(&world).await;
    world.organization().await;
}

#[tokio::test]
async fn erasing_that_was_killed_halfway_goes_on_and_holds_nobody_up() {
    let world = World::idle(&[]).await;
    let scene = Scene::of(&world).await;
    let early = scene.tenant;
    close(&scene.organization).await;
    world.drain().await;
    let link = token(&world, &scene.organization.owner.email).await;
    // Not before its time, whoever asks.
    let (services, tenant) = (world.services(), TenantId::from_uuid(early));
    assert_eq!(world.on_server(async move { services.vault.begin_erasure(tenant).await.expect("answers") }).await, Erasure::NotDue);
    world.clock.advance(TimeDelta::days(14));
    // A worker begins and is killed, at another place each time: with some files gone, with some tables gone, with some rows gone.
    let folder = blobs(&world, scene.tenant);
    let (first, _) = files(&folder).into_iter().next().expect("a file");
    std::fs::remove_file(first).expect("removes");
    for pieces in [1, 3, 9] {
        let services = world.services();
        let left = world
            .on_server(async move {
                assert_eq!(services.vault.begin_erasure(tenant).await.expect("begins"), Erasure::Begun);
                let mut left = true;
                for _ in 0..pieces {
                    left &= services.vault.erase_some(tenant).await.expect("erases");
                }
                left
            })
            .await;
        assert!(left, "it was to be cut off before its end");
        // Meanwhile the installation is upgraded and started again, and its people go about their business.
        let services = world.services();
        assert_eq!(world.on_server(async move { services.vault.migrate().await.expect("migrates") }).await, 0);
        assert_eq!(world.anonymous().form("/restore", &[("token", &link)]).await.status, 422, "too late");
        let browser = world.anonymous();
        assert_eq!(browser.form("/sign-in", &[("email", &scene.both.email), ("password", "wrong password here")]).await.status, 401);
    }
    assert_eq!(world.anonymous().form("/forgot-password", &[("email", &scene.both.email)]).await.status, 303);
    let services = world.services();
    let work = world.begin(async move { Worker::new(services, register_jobs).drain().await });
    let mut connection = world.connect().await;
    // Killed once more, as a process is: in the middle of whatever it does.
    while !work.is_finished()
        && count(&mut connection, "select count(*) from public.jobs where kind = 'organization.erase' and state = 'leased'").await == 0
    {
        tokio::task::yield_now().await;
    }
    work.abort();
    let _ = work.await;
    connection.execute("update public.jobs set lease_until = now() - interval '1 second' where state = 'leased'").await.expect("changes");
    world.drain().await;
    scene.is_gone(&world).await;
    let reset = token(&world, &scene.both.email).await;
    let chosen = world.anonymous().form("/reset-password", &[("token", &reset), ("password", "another good password")]).await;
    assert_eq!(chosen.status, 303, "{}", chosen.text());
    // The name is free again, and the address too.
    let again = world.organization().await;
    assert!(again.owner.graphql(CLOSE, json!({ "name": "x" })).await["errors"].is_array());
    assert!(name(&again.owner).await.starts_with("Team"));
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    let row: (i64,) = sqlx::query_as(sql).fetch_one(connection).await.expect("a count");
    row.0
}
