//! The job queue from outside: mail leaves if and only if its business was committed, once.

mod support;

use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use support::{Actor, World, world};

async fn mails_to(world: &World, email: &str) -> usize {
    let Ok(folder) = std::fs::read_dir(&world.mail) else { return 0 };
    folder.flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok()).filter(|text| text.contains(&format!("To: {email}"))).count()
}

#[tokio::test]
async fn a_refused_invitation_sends_no_mail_and_an_accepted_one_sends_one() {
    let organization = world().organization().await;
    let email = format!("invited-{}@example.com", uuid::Uuid::now_v7().simple());
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

#[tokio::test]
async fn t09_a_forged_bell_wakes_a_worker_for_nothing() {
    let Some(url) = support::redis_url() else { panic!("TEST_REDIS_URL names a Redis; infra/test starts one") };
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connects");
    for garbage in ["job", "tenant", "\0\u{1}", "{}"] {
        let _: String = redis::cmd("XADD")
            .arg("assay:jobs")
            .arg("*")
            .arg(garbage)
            .arg(uuid::Uuid::new_v4().to_string())
            .query_async(&mut connection)
            .await
            .expect("adds");
    }
    let organization = world().organization().await;
    assert!(organization.owner.graphql("{ viewer { email } }", Value::Null).await["errors"].is_null());
}

#[tokio::test]
async fn a_job_whose_worker_is_gone_runs_again_and_a_poisonous_one_is_set_aside() {
    let organization = world().organization().await;
    let tenant = organization.tenant().await;
    let mut owner = sqlx::PgConnection::connect(&support::database_url()).await.expect("connects");
    let email = format!("lost-{}@example.com", uuid::Uuid::now_v7().simple());
    let payload = json!({ "to": email, "letter": { "letter": "password_changed", "name": "Ada", "reset": "http://localhost/x?token=y" } });
    let insert = "insert into public.jobs (id, tenant_id, kind, payload, state, run_at, attempt, crash_count, lease_epoch, lease_owner, lease_until, created_at) \
        values ($1, $2, 'mail.send', $3, 'leased', now(), 1, $4, 1, 'gone', now() - interval '1 second', now())";
    let (lost, poison) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    for (id, crashes) in [(lost, 0), (poison, 2)] {
        owner.execute(sqlx::query(insert).bind(id).bind(tenant).bind(&payload).bind(crashes)).await.expect("inserts");
    }
    world().link_to(&email).await;
    let mut state = async |id: uuid::Uuid| {
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
