//! The job queue from outside: mail leaves if and only if its business was committed, once; schedules fire once; failures and crashes
//! are counted apart.

use crate::support::{Actor, World, world};
use chrono::{DateTime, TimeDelta, Utc};
use redis::AsyncCommands;
use serde_json::json;
use server::{features::register_jobs, jobs::Worker};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use uuid::Uuid;

async fn mails_to(world: &World, email: &str) -> usize {
    let Ok(folder) = std::fs::read_dir(&world.mail) else { return 0 };
    folder.flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok()).filter(|text| text.contains(&format!("To: {email}"))).count()
}

#[tokio::test]
async fn a_refused_invitation_sends_no_mail_and_an_accepted_one_sends_one() {
    let organization = world().organization().await;
    let email = format!("invited-{}@example.com", Uuid::now_v7().simple());
    let invite = async |role: &str| {
        organization
            .owner
            .graphql(
                "mutation($email: String!, $role: String!) { inviteMember(email: $email, role: $role) { id } }",
                json!({ "email": email, "role": role }),
            )
            .await
    };
    assert_eq!(Actor::code(&invite("emperor").await), "INVALID");
    assert!(invite("viewer").await["errors"].is_null());
    world().link_to(&email).await;
    assert_eq!(mails_to(world(), &email).await, 1);
}

/// What the table says of a job: state, failed attempts, crashes, tenant.
async fn row(owner: &mut PgConnection, id: Uuid) -> (String, i32, i32, Option<Uuid>) {
    let row = owner.fetch_one(sqlx::query("select state, attempt, crash_count, tenant_id from public.jobs where id = $1").bind(id));
    row.await.map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).expect("a job")
}

/// A mail that waits until `run_at`, an SQL expression.
async fn insert_mail(owner: &mut PgConnection, tenant: Option<Uuid>, email: &str, run_at: &str) -> Uuid {
    let (id, letter) = (Uuid::now_v7(), json!({ "letter": "password_changed", "name": "Ada", "reset": "http://localhost/x?token=y" }));
    let insert =
        format!("insert into public.jobs (id, tenant_id, kind, payload, run_at, created_at) values ($1, $2, 'mail.send', $3, {run_at}, now())");
    let insert = sqlx::query(AssertSqlSafe(insert)).bind(id).bind(tenant).bind(json!({ "to": email, "letter": letter }));
    owner.execute(insert).await.expect("inserts");
    id
}

#[tokio::test]
async fn t09_a_forged_bell_wakes_a_worker_for_nothing() {
    let Some(url) = crate::support::redis_url() else { panic!("TEST_REDIS_URL names a Redis; infra/test starts one") };
    let (mine, theirs) = (world().organization().await, world().organization().await);
    let (my_tenant, their_tenant) = (mine.tenant().await, theirs.tenant().await);
    let mut owner = PgConnection::connect(&crate::support::database_url()).await.expect("connects");
    let hidden = format!("hidden-{}@example.com", Uuid::now_v7().simple());
    let job = insert_mail(&mut owner, Some(their_tenant), &hidden, "now() + interval '1 day'").await;

    let client = redis::Client::open(url).expect("a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("connects");
    let mut add = async |fields: &[(&str, &str)]| -> String { redis.xadd("assay:jobs", "*", fields).await.expect("adds") };
    let (id, mine_id, theirs_id) = (job.to_string(), my_tenant.to_string(), their_tenant.to_string());
    add(&[("\0\u{1}", "{}")]).await;
    add(&[("job", &id)]).await;
    let rewritten = add(&[("bell", "1"), ("id", &id), ("tenant_id", &theirs_id)]).await;
    let payload = json!({ "to": hidden }).to_string();
    add(&[("bell", "1"), ("id", &id), ("job", &id), ("tenant", &mine_id), ("tenant_id", &mine_id), ("kind", "mail.send"), ("payload", &payload)])
        .await;
    // An entry cannot be changed: whoever rewrites one removes it and adds another.
    let removed: i64 = redis.xdel("assay:jobs", &[&rewritten]).await.expect("removes");
    assert_eq!(removed, 1);
    let fields = [("bell", "1"), ("id", id.as_str()), ("tenant_id", mine_id.as_str())];
    let _: String = redis.xadd("assay:jobs", "*", &fields).await.expect("adds");

    let invited = format!("invited-{}@example.com", Uuid::now_v7().simple());
    let invite = json!({ "email": invited });
    let answer = mine.owner.graphql("mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }", invite).await;
    assert!(answer["errors"].is_null(), "{answer}");
    world().link_to(&invited).await;
    assert_eq!(row(&mut owner, job).await, ("queued".into(), 0, 0, Some(their_tenant)), "the worker was awake and left it alone");
    assert_eq!(mails_to(world(), &hidden).await, 0);
    // Only its time brings it out, to whom it was written for.
    owner.execute(sqlx::query("update public.jobs set run_at = now() where id = $1").bind(job)).await.expect("changes");
    world().link_to(&hidden).await;
}

/// Jobs of housekeeping: how many there are, and how many for a fire time in seconds.
async fn fired(owner: &mut PgConnection, fire_time: i64) -> (i64, i64) {
    let count = "select count(*), count(*) filter (where dedupe_key = 'at ' || $1) from public.jobs where kind = 'housekeeping.run'";
    owner.fetch_one(sqlx::query(count).bind(fire_time.to_string())).await.map(|row| (row.get(0), row.get(1))).expect("counts")
}

#[tokio::test]
async fn a_schedule_fires_once_whoever_looks_and_however_many_times_were_missed() {
    let database = crate::support::process::Database::create().await;
    let worlds = [World::beside(&database, &[]), World::beside(&database, &[])];
    let mut owner = database.connect().await;
    worlds[0].drain().await;
    for round in 1..=5 {
        // Several fire times were missed since then.
        let back = "update public.schedules set next_at = date_trunc('second', now()) - interval '3 hours' - make_interval(mins => $1) returning extract(epoch from next_at)::bigint";
        let fire_time: i64 = owner.fetch_one(sqlx::query(back).bind(round)).await.expect("changes").get(0);
        tokio::join!(worlds[0].drain(), worlds[1].drain());
        assert_eq!(fired(&mut owner, fire_time).await, (i64::from(round), 1), "two look at once: one job, and none for the times between");
        let (state, ahead): (String, bool) =
            sqlx::query_as("select (select state from public.jobs where dedupe_key = 'at ' || $1), (select next_at > now() from public.schedules)")
                .bind(fire_time.to_string())
                .fetch_one(&mut owner)
                .await
                .expect("one of each");
        assert_eq!((state.as_str(), ahead), ("done", true));
        // The time comes round again, as when a table is put back from a copy: its job was done.
        owner.execute(sqlx::query("update public.schedules set next_at = to_timestamp($1::bigint)").bind(fire_time)).await.expect("changes");
        worlds[1].drain().await;
        assert_eq!(fired(&mut owner, fire_time).await, (i64::from(round), 1), "a fire time's key stays taken");
    }
}

#[tokio::test]
async fn crashes_take_no_try_away_and_make_no_wait_longer() {
    // A mail server that takes the call and says nothing: whoever sends waits, and is cut off there.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let world = World::idle(&[&format!("--mail=smtp://{}", silent.local_addr().expect("an address"))]).await;
    let organization = world.organization().await;
    let mut owner = organization.tamperer().await;
    let job = insert_mail(&mut owner, Some(organization.tenant().await), "ada@example.com", "now() - interval '1 second'").await;
    for crashes in 1..=2 {
        let services = world.services();
        let work = world.begin(async move { Worker::new(services, register_jobs).drain().await });
        let (_call, _) = silent.accept().await.expect("a call");
        work.abort();
        let _ = work.await;
        assert_eq!(row(&mut owner, job).await.0, "leased", "{crashes}");
        owner.execute(sqlx::query("update public.jobs set lease_until = now() - interval '1 second'")).await.expect("changes");
    }
    // From here on it fails: nobody takes the call. Eight tries, as without crashes, and waits from five seconds on.
    drop(silent);
    for tries in 1..=8 {
        let now = world.clock.now();
        world.drain().await;
        let state = if tries < 8 { "queued" } else { "failed" };
        assert_eq!(row(&mut owner, job).await, (state.into(), tries, 2, Some(organization.tenant().await)));
        let due: DateTime<Utc> = owner.fetch_one(sqlx::query("select run_at from public.jobs where id = $1").bind(job)).await.expect("a job").get(0);
        let wait = 5 * (1 << (tries - 1));
        assert!((wait..wait + 5).contains(&(due - now).num_seconds()), "{tries}: {}", due - now);
        world.clock.advance(TimeDelta::seconds(wait + 5));
    }
}

/// Everything that the queue holds, as somebody reads it who has the database or a copy of it.
async fn read_all(owner: &mut PgConnection) -> String {
    owner.fetch_one("select coalesce(string_agg(j::text, ' '), '') from public.jobs j where kind = 'mail.send'").await.expect("reads").get(0)
}

#[tokio::test]
async fn r22_links_in_mails_that_cannot_be_sent_are_read_by_nobody_and_sent_once_an_operator_says_so() {
    let database = crate::support::process::Database::create().await;
    let (away, back) = (World::beside(&database, &["--mail=smtp://127.0.0.1:1"]), World::beside(&database, &[]));
    let organization = away.organization().await;
    let mut owner = organization.tamperer().await;
    let (invited, new) = ("invited@example.com", "new@example.com");
    let invite = "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }";
    assert!(organization.owner.graphql(invite, json!({ "email": invited })).await["errors"].is_null());
    assert_eq!(away.anonymous().form("/forgot-password", &[("email", &organization.owner.email)]).await.status, 303);
    let form = [("organization", "New"), ("name", "Nora"), ("email", new), ("password", crate::support::PASSWORD)];
    assert_eq!(away.anonymous().form("/sign-up", &form).await.status, 303);
    let states = "select string_agg(state, ' ' order by state) from public.jobs where kind = 'mail.send'";
    for (tries, state) in (0..8).map(|tries| (tries, "queued queued queued")).chain([(8, "failed failed failed")]) {
        if tries > 0 {
            away.drain().await;
            away.clock.advance(TimeDelta::minutes(20));
        }
        let found: String = owner.fetch_one(states).await.expect("reads").get(0);
        // The link to a new password is asked for by a job that is in the queue at first.
        assert!(found == state || tries == 0, "{tries}: {found}");
        let text = read_all(&mut owner).await;
        assert!(!["token=", "http", "@example.com"].iter().any(|secret| text.contains(secret)), "after {tries} tries: {text}");
    }
    owner.execute("update public.jobs set state = 'quarantined' where kind = 'mail.send'").await.expect("changes");
    assert!(!read_all(&mut owner).await.contains("token="));

    // The mail server is back, and an operator tries once more.
    owner.execute("update public.jobs set state = 'queued', attempt = 0, run_at = now() where kind = 'mail.send'").await.expect("changes");
    back.drain().await;
    let link = back.link_to(invited).await;
    Actor::accept_invitation(&back, &link, "Ina", crate::support::PASSWORD).await;
    assert_eq!((mails_to(&back, new).await, mails_to(&back, &organization.owner.email).await), (1, 1));
    let found: String = owner.fetch_one(states).await.expect("reads").get(0);
    assert_eq!(found, "done done done");
}

#[tokio::test]
async fn a_job_whose_worker_is_gone_runs_again_and_a_poisonous_one_is_set_aside() {
    let organization = world().organization().await;
    let tenant = organization.tenant().await;
    let mut owner = PgConnection::connect(&crate::support::database_url()).await.expect("connects");
    let email = format!("lost-{}@example.com", Uuid::now_v7().simple());
    let payload = json!({ "to": email, "letter": { "letter": "password_changed", "name": "Ada", "reset": "http://localhost/x?token=y" } });
    let insert = "insert into public.jobs (id, tenant_id, kind, payload, state, run_at, attempt, crash_count, lease_epoch, lease_owner, lease_until, created_at) \
        values ($1, $2, 'mail.send', $3, 'leased', now(), 1, $4, 1, 'gone', now() - interval '1 second', now())";
    let (lost, poison) = (Uuid::now_v7(), Uuid::now_v7());
    for (id, crashes) in [(lost, 0), (poison, 2)] {
        owner.execute(sqlx::query(insert).bind(id).bind(tenant).bind(&payload).bind(crashes)).await.expect("inserts");
    }
    world().link_to(&email).await;
    let mut state = async |id: Uuid| {
        owner
            .fetch_one(sqlx::query("select state, crash_count from public.jobs where id = $1").bind(id))
            .await
            .map(|row| (row.get::<String, _>(0), row.get::<i32, _>(1)))
            .expect("a job")
    };
    for _ in 0..200 {
        if state(lost).await.0 == "done" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(state(lost).await, ("done".into(), 1));
    assert_eq!(state(poison).await, ("quarantined".into(), 3));
    assert_eq!(mails_to(world(), &email).await, 1);
}
