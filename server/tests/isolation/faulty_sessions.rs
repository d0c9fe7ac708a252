//! A request that goes wrong in the middle of a transaction leaves a database session that the next
//! organization can use: the server here has one connection, so everybody uses the same session.

use std::time::{Duration, Instant};

use crate::support::{Actor, Organization, World, world};
use reqwest::Method;
use serde_json::{Value, json};
use server::access::{Credential, Grant, Reads, RequestInfo, Scope, Sql, Writes};
use sqlx::{Executor, PgConnection, Row};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const CREATE: &str = "mutation { createProject(name: \"half\") { id } }";

/// What is written before the time is over.
const LATE: &str = "insert into projects (id, name, slug, created_at) values (gen_random_uuid(), 'CANARY-first late', 'late', now())";

/// The permission of what a test does by itself in a transaction of the server.
struct OwnDoing;

impl server::access::Permission for OwnDoing {
    const NAME: shared::Permission = shared::Permission::ProjectsWrite;
    type Mode = Writes;
}

/// The same of what it reads.
struct OwnReading;

impl server::access::Permission for OwnReading {
    const NAME: shared::Permission = shared::Permission::ProjectsRead;
    type Mode = Reads;
}

fn own_doing(scope: &Scope) -> Grant<'_, OwnDoing> {
    scope.grant().expect("may")
}

/// What can go wrong, in the middle of a transaction of the first organization.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The caller closes the connection while the statement runs.
    HangUp,
    /// What runs the request is dropped while the statement runs.
    Drop,
    /// The code panics after the organization was entered.
    Panic,
    /// Somebody has the database cancel the statement.
    Cancel,
    /// The statement runs out of time: the database cancels it by itself.
    Timeout,
    /// The session itself ends.
    Cut,
    /// A statement breaks a constraint, and with it the transaction.
    Constraint,
    /// Half of a batch cannot be stored.
    Batch,
}

const FAULTS: [Fault; 8] = [Fault::HangUp, Fault::Drop, Fault::Panic, Fault::Cancel, Fault::Timeout, Fault::Cut, Fault::Constraint, Fault::Batch];

/// The session that waits for this one's lock.
async fn waiting(holder: &mut PgConnection) -> i32 {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let row = holder.fetch_optional("select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))").await.expect("asks");
        if let Some(row) = row {
            return row.get(0);
        }
        assert!(Instant::now() < deadline, "nobody waits");
        tokio::task::yield_now().await;
    }
}

async fn cause(fault: Fault, world: &World, organization: &Organization<'_>, script: &Actor, run: &str) {
    let mut holder = organization.tamperer().await;
    let (services, secret) = (world.services(), script.secret().to_owned());
    let credential = Credential::token(&secret).expect("a token");
    let request = script.request(Method::POST, "/graphql").json(&json!({ "query": CREATE }));
    let locked = matches!(fault, Fault::HangUp | Fault::Drop | Fault::Cancel | Fault::Cut);
    if locked {
        holder.execute("begin; lock table projects in access exclusive mode").await.expect("locks");
    }
    match fault {
        Fault::HangUp => {
            let address = world.url.trim_start_matches("http://");
            let body = json!({ "query": CREATE }).to_string();
            let head = format!(
                "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let mut stream = TcpStream::connect(address).await.expect("connects");
            stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sends");
            waiting(&mut holder).await;
            drop(stream);
        }
        Fault::Drop => {
            let work = async move {
                let scope = services.vault.enter(credential, RequestInfo::default()).await.expect("enters");
                server::graphql::execute(&server::graphql::schema(services), Some(scope), async_graphql::Request::new(CREATE)).await;
            };
            let task = world.begin(work);
            waiting(&mut holder).await;
            task.abort();
        }
        Fault::Panic => {
            let work = async move {
                let _scope = services.vault.enter(credential, RequestInfo::default()).await.expect("enters");
                panic!("a defect, for this test");
            };
            let ended: Result<(), _> = world.begin(work).await;
            assert!(ended.is_err_and(|error| error.is_panic()));
        }
        Fault::Timeout => {
            let work = async move {
                let scope = services.vault.enter(credential, RequestInfo::default()).await.expect("enters");
                let tx = own_doing(&scope).begin().await.expect("begins");
                tx.run(LATE, Vec::new()).await.expect("writes");
                tx.run("set local statement_timeout = '100ms'", Vec::new()).await.expect("sets");
                let late = tx.rows("select pg_sleep(60)", Vec::new()).await.expect_err("runs out of time");
                assert!(late.to_string().contains("statement timeout"), "{late}");
            };
            world.on_server(work).await;
        }
        Fault::Cancel | Fault::Cut => {
            let script = script.clone();
            let answer = tokio::spawn(async move { script.send(request).await });
            let pid = waiting(&mut holder).await;
            let end = if matches!(fault, Fault::Cut) { "select pg_terminate_backend($1)" } else { "select pg_cancel_backend($1)" };
            holder.execute(sqlx::query(end).bind(pid)).await.expect("ends it");
            let answer = answer.await.expect("answers");
            assert!(answer.json()["data"].is_null() && !answer.text().contains("projects\""), "{fault:?}: {}", answer.text());
        }
        Fault::Constraint => {
            for code in ["", "ALREADY_EXISTS"] {
                let made = script.graphql("mutation { createProject(name: \"twice\") { id } }", Value::Null).await;
                assert_eq!(Actor::code(&made), code, "{made}");
            }
        }
        Fault::Batch => {
            let param = json!({ "run_id": run, "key": "p", "value": "first" });
            assert_eq!(script.mlflow("POST", "runs/log-parameter", param).await.status, 200);
            let metrics = json!([{ "key": "m", "value": 1, "timestamp": 1 }]);
            let batch = json!({ "run_id": run, "metrics": metrics, "params": [{ "key": "p", "value": "second" }] });
            let answer = script.mlflow("POST", "runs/log-batch", batch).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
    }
    if locked {
        holder.execute("rollback").await.expect("unlocks");
    }
}

#[tokio::test]
async fn t07_whatever_breaks_in_one_organization_the_next_one_on_the_same_session_is_alone() {
    // One connection for everybody; Redis plays no part.
    let world = World::replica(&["--connections=1", "--redis-url=redis://127.0.0.1:1"]);
    let (first, second) = (world.organization().await, world.organization().await);
    let (script, other) = (first.script().await, second.script().await);
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "run_name": "CANARY-first", "start_time": 1 })).await;
    let run = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    for (actor, name) in [(&first.owner, "CANARY-first"), (&second.owner, "CANARY-second")] {
        let made = actor.graphql("mutation($name: String!) { createProject(name: $name) { id } }", json!({ "name": name })).await;
        assert!(made["errors"].is_null(), "{made}");
    }
    let tenant = second.tenant().await;
    for fault in FAULTS {
        cause(fault, &world, &first, &script, &run).await;
        let seen = second.owner.graphql("{ viewer { organization { id } } projects { name } search(text: \"CANARY\") { title } }", Value::Null).await;
        assert_eq!(seen["data"]["viewer"]["organization"]["id"], format!("org_{}", tenant.simple()), "{fault:?}: {seen}");
        let seen = seen.to_string();
        assert!(seen.contains("CANARY-second") && !seen.contains("CANARY-first") && !seen.contains("half"), "{fault:?}: {seen}");
        assert_eq!(other.mlflow("GET", &format!("runs/get?run_id={run}"), Value::Null).await.status, 404, "{fault:?}");
        let written = other.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
        assert_eq!(written.status, 200, "{fault:?}: {}", written.text());
        // Those who belong nowhere use the session too.
        let nobody = world.anonymous().graphql("{ invitationPreview(token: \"x\") { email } projects { name } }", Value::Null).await;
        assert!(!nobody.to_string().contains("CANARY"), "{fault:?}: {nobody}");
        Actor::sign_in(&world, &second.owner.email, crate::support::PASSWORD).await;
    }
    // What broke left nothing behind in its own organization either; a caller who hung up may or may not have been served.
    let projects = first.owner.graphql("{ projects { name } auditVerification { finding } }", Value::Null).await;
    assert!(projects["data"]["auditVerification"]["finding"].is_null(), "{projects}");
    let names: Vec<&str> = projects["data"]["projects"].as_array().expect("projects").iter().filter_map(|project| project["name"].as_str()).collect();
    assert!(names.iter().filter(|name| **name == "half").count() <= 1 && names.contains(&"twice"), "{names:?}");
    assert!(!names.contains(&"CANARY-first late"), "{names:?}");
    let history = script.mlflow("GET", &format!("metrics/get-history?run_id={run}&metric_key=m"), Value::Null).await;
    assert_eq!(history.json(), json!({}), "a refused batch stores nothing");
    let mut holder = first.tamperer().await;
    let left = holder
        .fetch_one(
            sqlx::query("select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relnamespace = $1::regnamespace")
                .bind(format!("t_{}", first.tenant().await.simple())),
        )
        .await
        .expect("counts");
    assert_eq!(left.get::<i64, _>(0), 0, "no transaction stays open");
}

/// How long a statement, a wait for a lock and a silence may last in a transaction.
async fn limits(tx: &impl Sql) -> [String; 3] {
    let sql = "select current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')";
    let row = tx.row(sql, Vec::new()).await.expect("asks").expect("a row");
    [0, 1, 2].map(|at| row.try_get_by_index(at).expect("a text"))
}

#[tokio::test]
async fn t07_no_statement_of_a_member_or_of_nobody_goes_on_for_longer_than_twenty_seconds() {
    let organization = world().organization().await;
    let secret = organization.script().await.secret().to_owned();
    let services = world().services();
    let found = world().on_server(async move {
        let credential = Credential::token(&secret).expect("a token");
        let scope = services.vault.enter(credential, RequestInfo::default()).await.expect("enters");
        let (tx, lobby) = (own_doing(&scope).begin().await.expect("begins"), services.vault.lobby().await.expect("opens"));
        [limits(&tx).await, limits(&lobby).await]
    });
    assert_eq!(found.await, [["20s", "5s", "1min"]; 2]);
}

#[tokio::test]
async fn t36_who_waits_for_an_answer_has_two_seconds_a_statement_and_what_is_written_has_its_time() {
    let organization = world().organization().await;
    let secret = organization.script().await.secret().to_owned();
    let services = world().services();
    let found = world().on_server(async move {
        let enter = async || {
            let credential = Credential::token(&secret).expect("a token");
            let request = RequestInfo { reads: true, ..RequestInfo::default() };
            services.vault.enter(credential, request).await.expect("enters")
        };
        let (first, second) = (enter().await, enter().await);
        let grant: Grant<'_, OwnReading> = first.grant().expect("may");
        let tx = grant.read().await.expect("reads");
        let hurried = limits(tx).await;
        for _ in 0..2 {
            tx.patience().await.expect("waits");
        }
        [hurried, limits(tx).await, limits(&own_doing(&second).begin().await.expect("begins")).await]
    });
    assert_eq!(found.await, [["2s", "1500ms", "1min"], ["20s", "5s", "1min"], ["20s", "5s", "1min"]]);
}
