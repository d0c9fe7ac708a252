//! Every endpoint of the MLflow protocol, as every role and as nobody. What strangers are told is in `tests/isolation/foreign.rs`.

use serde_json::json;
use server::mlflow::{Endpoint, PREFIXES, endpoints, whole_paths};
use shared::{Permission, Role};

use super::{narrow_tokens, roles::may};
use crate::support::{Actor, actor::Answer, tracking::run_in, world};

/// The path of an endpoint, naming things that are not there.
fn path_of(prefix: &str, endpoint: &Endpoint) -> String {
    let id = "00000000000000000000000000000000";
    let path = format!("{prefix}{}", endpoint.path)
        .replace("{model_id}", &format!("m-{id}"))
        .replace("{tag_key}", "k")
        .replace("{path:.*}", "x/y")
        .replace("{folder:.*}", "x/y")
        .replace("{upload_id}", id)
        .replace("{part_number}", "1")
        .replace("{workspace_name}", "absent")
        .replace("{trace_id}", &format!("tr-{id}"))
        .replace("{assessment_id}", &format!("a-{id}"));
    assert!(!path.contains('{'), "{path} holds a parameter that nothing stands for");
    path
}

async fn ask(actor: &Actor, endpoint: &Endpoint, path: &str) -> Answer {
    actor.send(actor.request(endpoint.method.as_str().parse().expect("a method"), path).json(&json!({}))).await
}

fn check(whom: &str, endpoint: &Endpoint, path: &str, answer: &Answer, may: impl Fn(Permission) -> bool) {
    let may = endpoint.permission.is_none_or(may);
    assert!(answer.status < 500 || answer.status == 501, "{whom} {} {path}: {}", endpoint.method, answer.text());
    assert_eq!(answer.status != 403, may, "{whom} {} {path}: {}", endpoint.method, answer.text());
}

fn check_role(role: Role, endpoint: &Endpoint, path: &str, answer: &Answer) {
    check(role.as_str(), endpoint, path, answer, |permission| may(role, permission));
}

/// Every endpoint once, with its path.
fn once() -> impl Iterator<Item = (&'static Endpoint, String)> {
    let prefixed = endpoints().map(|endpoint| (endpoint, path_of(PREFIXES[0], endpoint)));
    prefixed.chain(whole_paths().map(|endpoint| (endpoint, path_of("", endpoint))))
}

#[tokio::test]
async fn t03_every_mlflow_endpoint_asks_for_its_permission_under_every_prefix() {
    let organization = world().organization().await;
    let viewer = organization.member("viewer").await.token(&["*"]).await;
    let nobody = world().anonymous();
    let mut count = 0;
    let prefixed = endpoints().flat_map(|endpoint| PREFIXES.map(|prefix| (endpoint, path_of(prefix, endpoint))));
    for (endpoint, path) in prefixed.chain(whole_paths().map(|endpoint| (endpoint, path_of("", endpoint)))) {
        let answer = ask(&nobody, endpoint, &path).await;
        assert_eq!(answer.status == 401, endpoint.permission.is_some(), "{} {path}: {}", endpoint.method, answer.text());
        check_role(Role::Viewer, endpoint, &path, &ask(&viewer, endpoint, &path).await);
        count += 1;
    }
    assert!(count > 100, "only {count} endpoints were asked");
}

#[tokio::test]
async fn c7_1a_every_mlflow_endpoint_answers_each_role_as_its_permission_says() {
    let organization = world().organization().await;
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await };
        let script = actor.token(&["*"]).await;
        for (endpoint, path) in once() {
            check_role(*role, endpoint, &path, &ask(&script, endpoint, &path).await);
        }
    }
}

#[tokio::test]
async fn t16_a_job_token_reaches_no_endpoint_that_is_not_about_its_run() {
    const FOR_JOBS: [&str; 16] = [
        "mlflow-artifacts/artifacts",
        "mlflow-artifacts/artifacts/{path:.*}",
        "mlflow-artifacts/artifacts/{path:.*}",
        "mlflow-artifacts/mpu/abort/{folder:.*}",
        "mlflow-artifacts/mpu/complete/{folder:.*}",
        "mlflow-artifacts/mpu/create/{folder:.*}",
        "mlflow-artifacts/mpu/part/{upload_id}/{part_number}",
        "mlflow-artifacts/presigned/{path:.*}",
        "mlflow/artifacts/list",
        "mlflow/runs/get",
        "mlflow/runs/log-batch",
        "mlflow/runs/log-inputs",
        "mlflow/runs/log-metric",
        "mlflow/runs/log-parameter",
        "mlflow/runs/set-tag",
        "mlflow/runs/update",
    ];
    let mut for_jobs: Vec<&str> = endpoints().filter(|endpoint| endpoint.for_jobs).map(|endpoint| endpoint.path).collect();
    for_jobs.sort_unstable();
    assert_eq!(for_jobs, FOR_JOBS);
    let organization = world().organization().await;
    let run = run_in(&organization.script().await, "0").await;
    let job = organization.owner.job_token(&run).await;
    let prefixed = endpoints().flat_map(|endpoint| PREFIXES.map(|prefix| (endpoint, path_of(prefix, endpoint))));
    for (endpoint, path) in prefixed.chain(whole_paths().map(|endpoint| (endpoint, path_of("", endpoint)))) {
        let answer = ask(&job, endpoint, &path).await;
        assert_eq!(answer.status == 401, endpoint.permission.is_some() && !endpoint.for_jobs, "{} {path}: {}", endpoint.method, answer.text());
        assert!(answer.status < 500 || answer.status == 501, "{} {path}: {}", endpoint.method, answer.text());
    }
}

#[tokio::test]
async fn t15_each_scope_alone_opens_only_the_endpoints_it_names() {
    let organization = world().organization().await;
    for (scope, script) in narrow_tokens(&organization).await {
        for (endpoint, path) in once() {
            check(scope.as_str(), endpoint, &path, &ask(&script, endpoint, &path).await, |permission| permission == scope);
        }
    }
}
