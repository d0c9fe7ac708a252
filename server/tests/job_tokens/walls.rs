//! What a job token does not open.

use std::collections::BTreeMap;

use super::{job, log, put, running};
use crate::support::{
    Actor,
    tracking::{experiment, ok, run_in},
    world,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, Row};

/// Everything that a job asks of a run, with what the run's files lie below.
async fn statuses(job: &Actor, run: &str, folder: &str) -> Vec<(String, u16, String)> {
    let mut all = Vec::new();
    for (path, body) in [
        ("runs/update", json!({ "run_id": run, "status": "FINISHED" })),
        ("runs/log-metric", json!({ "run_id": run, "key": "k", "value": 1, "timestamp": 1 })),
        ("runs/log-batch", json!({ "run_id": run, "params": [{ "key": "k", "value": "v" }] })),
        ("runs/log-parameter", json!({ "run_id": run, "key": "k", "value": "v" })),
        ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": "v" })),
        ("runs/log-inputs", json!({ "run_id": run, "datasets": [{ "dataset": { "name": "d", "digest": "d" } }] })),
    ] {
        let answer = job.mlflow("POST", path, body).await;
        all.push((path.to_owned(), answer.status, answer.text()));
    }
    for path in [
        format!("/api/2.0/mlflow/runs/get?run_id={run}"),
        format!("/ajax-api/3.0/mlflow/artifacts/list?run_id={run}"),
        format!("/api/2.0/mlflow-artifacts/artifacts?path={folder}"),
        format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/CANARY.txt"),
        format!("/api/2.0/mlflow-artifacts/presigned/{folder}/CANARY.txt"),
    ] {
        let answer = job.get(&path).await;
        all.push((path, answer.status, answer.text()));
    }
    let begin = job.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/{folder}"));
    let begun = job.send(begin.json(&json!({ "path": "x.bin", "num_parts": 1 }))).await;
    all.push(("mpu/create".to_owned(), begun.status, begun.text()));
    all.push(("put".to_owned(), put(job, &format!("{folder}/x.bin")).await, String::new()));
    all
}

#[tokio::test]
async fn t16_another_run_is_not_there_for_a_job_wherever_it_is() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (run, own) = running(&organization).await;
    let (_, job) = job(&organization.owner, &run, 24).await;
    let stranger = world().organization().await;
    let strange = stranger.script().await;
    let (sibling, apart, foreign) = (own.clone(), experiment(&script).await, experiment(&strange).await);
    for (whose, other) in [(&script, &sibling), (&script, &apart), (&strange, &foreign)] {
        let hidden = run_in(whose, other).await;
        ok(whose, "POST", "runs/set-tag", json!({ "run_id": hidden, "key": "secret", "value": "CANARY" })).await;
        let folder = format!("{other}/{hidden}/artifacts");
        assert_eq!(put(whose, &format!("{folder}/CANARY.txt")).await, 200);
        for (what, status, text) in statuses(&job, &hidden, &folder).await {
            assert_eq!(status, 403, "{what}: {text}");
            assert!(!text.contains("secret") && !text.contains("weights"), "{what}: {text}");
        }
        // What there is and what there is not reads the same.
        let absent = uuid::Uuid::now_v7().simple().to_string();
        let [other_run, no_run] = [&hidden, &absent].map(|run| statuses(&job, run, "x"));
        let (other_run, no_run) = (other_run.await, no_run.await);
        for (one, none) in other_run.iter().zip(&no_run).take(6) {
            assert_eq!((one.1, one.2.replace(&hidden, "$")), (none.1, none.2.replace(&absent, "$")), "{}", one.0);
        }
        let untouched = ok(whose, "GET", &format!("runs/get?run_id={hidden}"), Value::Null).await;
        assert!(untouched["run"]["info"]["status"] == "RUNNING" && untouched["run"]["data"]["params"].is_null(), "{untouched}");
    }
    // The parts of somebody else's upload.
    let hidden = run_in(&script, &own).await;
    let begin = script.request(Method::POST, &format!("/api/2.0/mlflow-artifacts/mpu/create/{own}/{hidden}/artifacts"));
    let upload = script.send(begin.json(&json!({ "path": "x.bin", "num_parts": 1 }))).await.json()["upload_id"].clone();
    let part = format!("/api/2.0/mlflow-artifacts/mpu/part/{}/1", upload.as_str().expect("an id"));
    assert_eq!(job.send(job.request(Method::PUT, &part).body("x")).await.status, 403);
    assert_eq!(log(&job, &run).await, 200);
}

#[tokio::test]
async fn t16_a_job_asks_nothing_but_its_run() {
    let organization = world().organization().await;
    let (run, experiment) = running(&organization).await;
    let (id, job) = job(&organization.owner, &run, 24).await;
    for query in [
        "{ viewer { email } }".to_owned(),
        format!("{{ run(id: \"run_{run}\") {{ name }} }}"),
        "{ slackChannel { label } tokens { nodes { id } } }".to_owned(),
        super::create(&run, 1),
        format!("mutation {{ revokeJobToken(id: \"{id}\") {{ id }} }}"),
        "mutation { createToken(input: { name: \"t\", scopes: [\"*\"] }) { secret } }".to_owned(),
        format!("mutation {{ removeRuns(ids: [\"run_{run}\"]) {{ id }} }}"),
    ] {
        let answer = job.send(job.request(Method::POST, "/graphql").json(&json!({ "query": query }))).await;
        assert_eq!((answer.status, Actor::code(&answer.json())), (401, "UNAUTHENTICATED"), "{query}: {}", answer.text());
    }
    for (path, body) in [
        ("runs/create", json!({ "experiment_id": experiment })),
        ("runs/search", json!({ "experiment_ids": [experiment] })),
        ("runs/delete", json!({ "run_id": run })),
        ("runs/restore", json!({ "run_id": run })),
        ("runs/delete-tag", json!({ "run_id": run, "key": "k" })),
        ("experiments/create", json!({ "name": "x" })),
        ("experiments/search", json!({ "max_results": 5 })),
        ("logged-models", json!({ "experiment_id": experiment, "source_run_id": run })),
        ("registered-models/create", json!({ "name": "x" })),
    ] {
        assert_eq!(job.mlflow("POST", path, body).await.status, 401, "{path}");
    }
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/x.txt");
    assert_eq!(job.send(job.request(Method::DELETE, &file)).await.status, 401);
    // What is not its run's cannot be tied to it either.
    let script = organization.script().await;
    let model = ok(&script, "POST", "logged-models", json!({ "experiment_id": experiment })).await["model"]["info"]["model_id"].clone();
    let tie = json!({ "run_id": run, "models": [{ "model_id": model }] });
    assert_eq!(job.mlflow("POST", "runs/log-inputs", tie).await.status, 404);
    // Nor does the way that it is sent by matter.
    let basic = |path: &str| world().anonymous().request(Method::GET, path).basic_auth("job", Some(job.secret()));
    let own = format!("/api/2.0/mlflow/runs/get?run_id={run}");
    assert_eq!(world().anonymous().send(basic(&own)).await.status, 200);
    assert_eq!(world().anonymous().send(basic("/api/2.0/mlflow/experiments/get?experiment_id=0")).await.status, 401);
}

/// A table that comes later is closed to jobs, until somebody decides what of it is their run's.
#[tokio::test]
async fn t16_r16_every_table_is_closed_to_jobs_but_those_that_a_run_is_logged_to() {
    const REACHED: [(&str, &str); 16] = [
        ("artifact_uploads", "DELETE INSERT SELECT"),
        ("artifacts", "INSERT SELECT UPDATE"),
        ("blobs", "INSERT SELECT UPDATE"),
        ("datasets", "INSERT SELECT UPDATE"),
        ("experiments", "SELECT"),
        ("job_tokens", "DELETE SELECT"),
        ("latest_metrics", "INSERT SELECT UPDATE"),
        ("logged_model_metrics", "INSERT SELECT UPDATE"),
        ("metric_batches", "INSERT SELECT"),
        ("metric_chunks", "SELECT"),
        ("model_versions", "SELECT"),
        ("run_datasets", "INSERT SELECT"),
        ("run_models", "SELECT"),
        ("run_params", "INSERT SELECT UPDATE"),
        ("run_tags", "INSERT SELECT UPDATE"),
        ("runs", "SELECT UPDATE"),
    ];
    let organization = world().organization().await;
    let mut database = organization.tamperer().await;
    let schema = format!("t_{}", organization.tenant().await.simple());
    let sql = "select c.relname::text, \
        array(select p.polname::text from pg_policy p where p.polrelid = c.oid and p.polpermissive \
            and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role('assay_job', r, 'usage'))), \
        array(select g.privilege_type::text from information_schema.role_table_grants g \
            where g.grantee = 'assay_job' and g.table_schema = $1 and g.table_name = c.relname order by 1) \
        from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by 1";
    let rows = database.fetch_all(sqlx::query(sql).bind(&schema)).await.expect("the catalog");
    let mut reached = Vec::new();
    for row in &rows {
        let (table, policies, grants): (String, Vec<String>, Vec<String>) = (row.get(0), row.get(1), row.get(2));
        if policies.is_empty() {
            assert_eq!(grants, ["SELECT"], "{table}: it may be asked, and shows nothing");
        } else {
            assert_eq!(policies, ["job_reach"], "{table}");
            reached.push((table, grants.join(" ")));
        }
    }
    let reached: Vec<(&str, &str)> = reached.iter().map(|(table, grants)| (table.as_str(), grants.as_str())).collect();
    assert_eq!(reached, REACHED);
    let shared = "select table_name::text, privilege_type::text from information_schema.role_table_grants where grantee = 'assay_job' and table_schema = 'public'";
    let shared = database.fetch_all(shared).await.expect("the catalog");
    let shared: Vec<(String, String)> = shared.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(shared, [("jobs".to_owned(), "INSERT".to_owned())]);
}

/// A check that is forgotten opens no other run: the database itself knows which one is meant.
#[tokio::test]
async fn t16_r16_the_database_shows_a_job_its_run_alone() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (run, experiment) = running(&organization).await;
    let other = run_in(&script, &experiment).await;
    for id in [&run, &other] {
        ok(&script, "POST", "runs/log-parameter", json!({ "run_id": id, "key": "k", "value": "v" })).await;
        assert_eq!((log(&script, id).await, put(&script, &format!("{experiment}/{id}/artifacts/x")).await), (200, 200));
    }
    let uuid = |id: &str| id.parse::<uuid::Uuid>().expect("an id").to_string();
    let mut database = organization.tamperer().await;
    let narrow = "select set_config('app.job_run', $1, false), set_config('app.job_experiment', $2, false), set_config('role', 'assay_job', false)";
    database.execute(sqlx::query(narrow).bind(uuid(&run)).bind(uuid(&experiment))).await.expect("narrows");
    let mut counts = BTreeMap::new();
    for table in
        ["runs", "experiments", "run_params", "latest_metrics", "metric_batches", "artifacts", "projects", "role_permissions", "audit_entries"]
    {
        let count = database.fetch_one(sqlx::AssertSqlSafe(format!("select count(*) from {table}"))).await.expect("counts");
        counts.insert(table, count.get::<i64, _>(0));
    }
    let seen: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    let once = ["artifacts", "experiments", "latest_metrics", "metric_batches", "run_params", "runs"].map(|table| (table, 1));
    assert_eq!(seen, once);
    let other = uuid(&other);
    for (sql, refused) in [
        (format!("update runs set name = 'x' where id = '{other}'"), false),
        (format!("update run_params set params = '{{}}' where run_id = '{other}'"), false),
        (format!("update runs set id = '{other}'"), true),
        ("update runs set removed_at = now()".to_owned(), true),
        ("update runs set experiment_id = gen_random_uuid()".to_owned(), true),
        (format!("insert into run_tags (run_id, key, value) values ('{other}', 'k', 'v')"), true),
        ("delete from runs".to_owned(), true),
        ("delete from run_tags".to_owned(), true),
        ("update experiments set name = 'x'".to_owned(), true),
        ("select * from public.job_tokens".to_owned(), true),
        ("select * from public.people".to_owned(), true),
        ("select * from public.jobs".to_owned(), true),
    ] {
        match database.execute(sqlx::AssertSqlSafe(sql.clone())).await {
            Ok(done) => assert!(!refused && done.rows_affected() == 0, "{sql}: {}", done.rows_affected()),
            Err(error) => assert!(refused, "{sql}: {error}"),
        }
    }
}
