//! Imports: another tracking server's data, taken over its REST API. The source is Assay itself, in another organization; `e2e/clients` does the same with
//! a real MLflow server.

mod hostile;
mod source;

use crate::{
    artifacts::quota::limit,
    support::{
        Actor, Organization, World,
        tracking::{get, history, ok},
    },
};
use serde_json::{Value, json};
use server::{features::register_jobs, jobs::Worker};
use source::{Source, same_run};
use tokio::sync::OnceCell;

/// Where tests find their own servers.
const LOOPBACK: &str = "--outbound-allow=127.0.0.0/8";

static OPEN: OnceCell<World> = OnceCell::const_new();

/// A server that may ask servers of the same machine.
async fn open_world() -> &'static World {
    OPEN.get_or_init(|| World::alone(&[LOOPBACK])).await
}

const START: &str = "mutation($input: StartImportInput!) { startImport(input: $input) { id } }";
const IMPORT: &str = "query($id: ID!) { import(id: $id) { state phase reason secondsLeft createdAt finishedAt counts { kind found taken unchanged failed waiting amount } problems { nodes { kind name reason } totalCount } } }";

async fn start(organization: &Organization<'_>, input: Value) -> String {
    let answer = organization.owner.graphql(START, json!({ "input": input })).await;
    answer["data"]["startImport"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn look(organization: &Organization<'_>, id: &str) -> Value {
    let answer = organization.owner.graphql(IMPORT, json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["import"].clone()
}

/// Waits for the end of an import.
async fn ended(organization: &Organization<'_>, id: &str) -> Value {
    for _ in 0..600 {
        let import = look(organization, id).await;
        if import["state"] != "RUNNING" {
            return import;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the import did not end: {}", look(organization, id).await);
}

/// How far the import is with a kind: found, taken, unchanged, failed.
fn count(import: &Value, kind: &str) -> [i64; 4] {
    let found = import["counts"].as_array().expect("counts").iter().find(|count| count["kind"] == kind);
    ["found", "taken", "unchanged", "failed"].map(|part| found.map_or(0, |count| count[part].as_i64().expect("a number")))
}

#[tokio::test]
async fn an_import_takes_everything_as_it_was() {
    let world = open_world().await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    let id = start(&here, json!({ "address": world.url, "token": source.script.secret() })).await;
    let import = ended(&here, &id).await;
    assert_eq!((import["state"].as_str(), &import["problems"]["nodes"]), (Some("DONE"), &json!([])), "{import}");
    assert_eq!(count(&import, "RUN"), [3, 3, 0, 0], "{import}");
    assert_eq!([count(&import, "MODEL")[1], count(&import, "REGISTERED_MODEL")[1], count(&import, "RUN_FILES")[1]], [1, 1, 3]);

    let script = here.script().await;
    for run in &source.runs {
        same_run(&get(&source.script, run).await, &get(&script, run).await);
        for key in ["loss", "odd"] {
            assert_eq!(history(&source.script, run, key).await, history(&script, run, key).await, "{key}");
        }
    }
    assert_eq!(history(&script, &source.runs[0], "loss").await.len(), 1_200);
    let still = "select count(*) from runs r where revision = 0 and exists (select from latest_metrics m where m.run_id = r.id)";
    let still: i64 = sqlx::query_scalar(still).fetch_one(&mut here.tamperer().await).await.expect("a count");
    assert_eq!(still, 0, "what changes a run raises its revision");
    let experiment = ok(&script, "GET", &format!("experiments/get-by-name?experiment_name={}", source.experiment), Value::Null).await;
    assert_eq!(crate::support::tracking::pair(&experiment["experiment"]["tags"], "team"), Some("fraud"));

    let file = script.get(&format!("/get-artifact?run_id={}&path=plots/a.txt", source.runs[0])).await;
    assert_eq!((file.status, file.text().as_str()), (200, "a file"));
    let version = ok(&script, "GET", &format!("registered-models/alias?name={}&alias=champion", source.model), Value::Null).await;
    let original = ok(&source.script, "GET", &format!("registered-models/alias?name={}&alias=champion", source.model), Value::Null).await;
    for part in ["name", "version", "current_stage", "description", "run_id", "tags", "creation_timestamp"] {
        assert_eq!(version["model_version"][part], original["model_version"][part], "{part}");
    }
    assert_eq!(version["model_version"]["version"], "2", "version 1 was deleted there, and its number stays free");
    let logged = ok(&script, "GET", &format!("logged-models/{}", source.logged_model), Value::Null).await;
    assert_eq!(logged["model"]["info"]["source_run_id"], json!(source.runs[0]));
    let file = script.get(&format!("/ajax-api/2.0/mlflow/logged-models/{}/artifacts/files?artifact_file_path=MLmodel", source.logged_model)).await;
    assert_eq!((file.status, file.text().as_str()), (200, "flavors: {}"));

    let entries = here.owner.graphql("{ auditEntries(first: 200, filter: { action: \"import\" }) { nodes { action detail } } }", Value::Null).await;
    let actions: Vec<&str> =
        entries["data"]["auditEntries"]["nodes"].as_array().expect("entries").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!((actions.first(), actions.last()), (Some(&"import.finish"), Some(&"import.start")), "{entries}");
    assert!(!entries.to_string().contains(source.script.secret()));
    let verified = here.owner.graphql("{ auditVerification { entries finding } }", Value::Null).await;
    assert!(verified["errors"].is_null() && verified["data"]["auditVerification"]["finding"].is_null(), "{verified}");
}

#[tokio::test]
async fn an_import_run_again_takes_only_what_is_new_or_changed() {
    let world = open_world().await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    let input = json!({ "address": world.url, "token": source.script.secret() });
    let first = start(&here, input.clone()).await;
    assert_eq!(ended(&here, &first).await["state"], "DONE");
    let script = here.script().await;
    let before = get(&script, &source.runs[0]).await;

    let again = start(&here, input.clone()).await;
    let import = ended(&here, &again).await;
    assert_eq!(
        [count(&import, "RUN"), count(&import, "RUN_FILES"), count(&import, "REGISTERED_MODEL")],
        [[3, 0, 3, 0], [3, 0, 3, 0], [1, 0, 1, 0]],
        "{import}"
    );
    assert_eq!(get(&script, &source.runs[0]).await, before);

    // A run goes on, a further one comes, and what somebody logged here to a run stays.
    let running = &source.runs[2];
    ok(&script, "POST", "runs/log-metric", json!({ "run_id": running, "key": "loss", "value": 77.0, "timestamp": 9, "step": 99_999 })).await;
    ok(&source.script, "POST", "runs/log-metric", json!({ "run_id": running, "key": "loss", "value": 0.25, "timestamp": 8, "step": 5 })).await;
    ok(&source.script, "POST", "runs/update", json!({ "run_id": running, "status": "FINISHED", "end_time": 1_700_000_009_000_i64 })).await;
    let new = source.run("newcomer", 3).await;
    let third = start(&here, input).await;
    let import = ended(&here, &third).await;
    assert_eq!(count(&import, "RUN"), [4, 2, 2, 0], "{import}");
    assert_eq!(get(&script, running).await["info"]["status"], "FINISHED");
    let steps: Vec<i64> = history(&script, running, "loss").await.iter().map(|point| point["step"].as_i64().expect("a step")).collect();
    assert!(steps.contains(&5) && steps.contains(&99_999), "{steps:?}");
    assert_eq!(steps.len(), history(&source.script, running, "loss").await.len() + 1, "no point came twice");
    same_run(&get(&source.script, &new).await, &get(&script, &new).await);
}

#[tokio::test]
async fn an_import_whose_worker_was_cut_off_goes_on_and_ends_the_same() {
    let world = World::idle(&[LOOPBACK]).await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    for place in 0..120 {
        source.run(&format!("more {place}"), 2).await;
    }
    let id = start(&here, json!({ "address": world.url, "token": source.script.secret() })).await;
    let services = world.services();
    let work = world.begin(async move { Worker::new(services, register_jobs).drain().await });
    // Cut off somewhere in the middle, as a killed process is.
    for _ in 0..600 {
        if count(&look(&here, &id).await, "RUN")[1] > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    work.abort();
    let _ = work.await;
    let between = look(&here, &id).await;
    assert!(count(&between, "RUN")[1] > 0, "{between}");
    let mut owner = here.tamperer().await;
    sqlx::query("update public.jobs set lease_until = now() - interval '1 second' where state = 'leased'")
        .execute(&mut owner)
        .await
        .expect("changes");
    world.drain().await;
    let import = look(&here, &id).await;
    assert_eq!((import["state"].as_str(), count(&import, "RUN")), (Some("DONE"), [123, 123, 0, 0]), "{import}");
    let script = here.script().await;
    for run in &source.runs {
        same_run(&get(&source.script, run).await, &get(&script, run).await);
        assert_eq!(history(&source.script, run, "loss").await, history(&script, run, "loss").await);
    }
}

#[tokio::test]
async fn a_cancelled_import_takes_nothing_more_and_forgets_its_credentials() {
    let world = World::idle(&[LOOPBACK]).await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    let input = json!({ "address": world.url, "token": source.script.secret() });
    let id = start(&here, input.clone()).await;
    let second = here.owner.graphql(START, json!({ "input": input })).await;
    assert_eq!(Actor::code(&second), "CONFLICT", "{second}");
    let mut owner = here.tamperer().await;
    let sealed: (Vec<u8>,) = sqlx::query_as("select credentials from imports").fetch_one(&mut owner).await.expect("a row");
    let secret = source.script.secret().as_bytes();
    assert!(sealed.0.len() > secret.len() && !sealed.0.windows(secret.len()).any(|part| part == secret));
    let jobs: (String,) =
        sqlx::query_as("select coalesce(string_agg(payload::text, ''), '') from public.jobs").fetch_one(&mut owner).await.expect("a row");
    assert!(!jobs.0.contains(source.script.secret()));

    let cancel = "mutation($id: ID!) { cancelImport(id: $id) { state } }";
    let answer = here.owner.graphql(cancel, json!({ "id": id })).await;
    assert_eq!(answer["data"]["cancelImport"]["state"], "CANCELLED", "{answer}");
    assert_eq!(Actor::code(&here.owner.graphql(cancel, json!({ "id": id })).await), "CONFLICT");
    world.drain().await;
    let import = look(&here, &id).await;
    assert_eq!((import["state"].as_str(), count(&import, "RUN")), (Some("CANCELLED"), [0, 0, 0, 0]));
    let sealed: (Vec<u8>,) = sqlx::query_as("select credentials from imports").fetch_one(&mut owner).await.expect("a row");
    assert!(sealed.0.is_empty());
}

#[tokio::test]
async fn t25_an_import_that_meets_the_storage_s_limit_says_so_and_goes_on_when_there_is_room() {
    let world = open_world().await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    let input = json!({ "address": world.url, "token": source.script.secret() });
    limit(&here, Some(5)).await;
    let id = start(&here, input.clone()).await;
    let import = ended(&here, &id).await;
    let reason = import["reason"].as_str().unwrap_or_default();
    assert!(import["state"] == "FAILED" && reason.starts_with("The organization's storage is full: "), "{import}");
    limit(&here, Some(1_000)).await;
    let id = start(&here, input).await;
    let import = ended(&here, &id).await;
    assert_eq!((import["state"].as_str(), count(&import, "RUN_FILES")[3]), (Some("DONE"), 0), "{import}");
    let file = here.script().await.get(&format!("/get-artifact?run_id={}&path=plots/a.txt", source.runs[0])).await;
    assert_eq!((file.status, file.text().as_str()), (200, "a file"));
}

#[tokio::test]
async fn what_did_not_come_from_the_source_is_not_written_to() {
    let world = open_world().await;
    let own = world.organization().await;
    let source = Source::fill(&own.script().await).await;
    let before = get(&source.script, &source.runs[0]).await;
    // The organization imports from itself: every id is taken.
    let id = start(&own, json!({ "address": world.url, "token": source.script.secret() })).await;
    let import = ended(&own, &id).await;
    assert_eq!((import["state"].as_str(), count(&import, "RUN"), count(&import, "MODEL")), (Some("DONE"), [3, 0, 0, 3], [1, 0, 0, 1]), "{import}");
    assert_eq!(count(&import, "REGISTERED_MODEL"), [1, 0, 0, 1]);
    assert!(import["problems"]["nodes"].to_string().contains("did not come from this server"), "{import}");
    assert_eq!(get(&source.script, &source.runs[0]).await, before);
}

#[tokio::test]
async fn only_the_named_experiments_come_and_one_that_is_absent_is_told() {
    let world = open_world().await;
    let (there, here) = (world.organization().await, world.organization().await);
    let source = Source::fill(&there.script().await).await;
    let input = json!({ "address": world.url, "token": source.script.secret(), "experiments": [source.experiment, "nowhere"], "files": false, "registry": false });
    let id = start(&here, input).await;
    let import = ended(&here, &id).await;
    assert_eq!((count(&import, "EXPERIMENT"), count(&import, "RUN_FILES")), ([2, 1, 0, 1], [0, 0, 0, 0]), "{import}");
    assert_eq!(import["problems"]["nodes"][0]["name"], "nowhere");
}
