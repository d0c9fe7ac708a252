//! Templates: finished runs that a team starts from.

use crate::support::{
    Actor,
    tracking::{experiment, ok, run_in},
    world,
};
use serde_json::{Value, json};

const CREATE: &str =
    "mutation($run: ID!, $name: String!, $about: String!) { createTemplate(run: $run, name: $name, description: $about) { id name description } }";

async fn finished(script: &Actor, experiment: &str) -> String {
    let run = run_in(script, experiment).await;
    ok(script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    run
}

async fn mark(actor: &Actor, run: &str, name: &str) -> Value {
    actor.graphql(CREATE, json!({ "run": run, "name": name, "about": "Small data." })).await
}

async fn marked(actor: &Actor, run: &str, name: &str) -> String {
    let answer = mark(actor, run, name).await;
    answer["data"]["createTemplate"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn c5_2c_a_run_that_finished_is_marked_and_found_by_the_team() {
    let organization = world().organization().await;
    let (script, viewer) = (organization.script().await, organization.member("viewer").await);
    let experiment = experiment(&script).await;
    let run = finished(&script, &experiment).await;
    let scientist = organization.member("data_scientist").await;
    let id = marked(&scientist, &run, " Baseline ").await;

    let list = "{ templates { totalCount nodes { id name description createdBy run { id template { id } } startedCount } } }";
    let found = viewer.graphql(list, Value::Null).await["data"]["templates"].clone();
    assert_eq!(found["totalCount"], 1, "{found}");
    let node = &found["nodes"][0];
    assert_eq!((&node["id"], &node["name"], &node["description"]), (&json!(id), &json!("Baseline"), &json!("Small data.")));
    assert_eq!((&node["createdBy"], &node["run"]["template"]["id"]), (&json!("Mia Member"), &json!(id)));
    let page = viewer.get(&format!("/templates/{id}")).await;
    assert!(page.status == 200 && page.text().contains("Small data.") && page.text().contains("assay.template"), "{}", page.text());
    assert!(!page.text().contains("Remove template"), "a viewer changes nothing");
    assert_eq!(Actor::code(&mark(&viewer, &run, "mine").await), "FORBIDDEN");
    let other = world().organization().await.owner;
    assert_eq!(Actor::code(&other.graphql("query($id: ID!) { template(id: $id) { name } }", json!({ "id": id })).await), "NOT_FOUND");
}

#[tokio::test]
async fn c5_2c_only_what_came_out_well_is_a_template_and_once() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let experiment = experiment(&script).await;
    let running = run_in(&script, &experiment).await;
    assert_eq!(Actor::code(&mark(owner, &running, "a").await), "CONFLICT");
    ok(&script, "POST", "runs/update", json!({ "run_id": running, "status": "FAILED" })).await;
    assert_eq!(Actor::code(&mark(owner, &running, "a").await), "CONFLICT");
    let (first, second) = (finished(&script, &experiment).await, finished(&script, &experiment).await);
    for name in ["", " ", "a\nb", &"x".repeat(300)] {
        assert_eq!(Actor::code(&mark(owner, &first, name).await), "INVALID", "{name:?}");
    }
    let id = marked(owner, &first, "a").await;
    assert_eq!(Actor::code(&mark(owner, &first, "b").await), "ALREADY_EXISTS", "the run is one");
    assert_eq!(Actor::code(&mark(owner, &second, "a").await), "ALREADY_EXISTS", "the name is taken");
    // In another project the name is free.
    let project = owner.graphql("mutation { createProject(name: \"Elsewhere\") { id slug } }", Value::Null).await["data"]["createProject"].clone();
    let (project, slug) = (project["id"].clone(), project["slug"].as_str().expect("a slug").to_owned());
    let experiment =
        owner.graphql("mutation($p: ID!) { createExperiment(name: \"there\", projectId: $p) { mlflowId } }", json!({ "p": project })).await;
    let begun = json!({ "experiment_id": experiment["data"]["createExperiment"]["mlflowId"], "start_time": 1 });
    let request = script.request(reqwest::Method::POST, "/api/2.0/mlflow/runs/create").header("x-mlflow-workspace", slug);
    let there = script.send(request.json(&begun)).await.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    ok(&script, "POST", "runs/update", json!({ "run_id": there, "status": "FINISHED" })).await;
    marked(owner, &there, "a").await;
    let of = async |project: Value| {
        let answer =
            owner.graphql("query($p: ID) { templates(project: $p) { totalCount nodes { run { mlflowId } } } }", json!({ "p": project })).await;
        answer["data"]["templates"].clone()
    };
    assert_eq!(of(project).await, json!({ "totalCount": 1, "nodes": [{ "run": { "mlflowId": there } }] }));
    assert_eq!(of(Value::Null).await["totalCount"], 2);

    let second = marked(owner, &second, "c").await;
    let rename = "mutation($id: ID!, $name: String!) { updateTemplate(id: $id, name: $name, description: \"\") { name description } }";
    assert_eq!(Actor::code(&owner.graphql(rename, json!({ "id": second, "name": "a" })).await), "ALREADY_EXISTS");
    let renamed = owner.graphql(rename, json!({ "id": id, "name": "d" })).await;
    assert_eq!(renamed["data"]["updateTemplate"], json!({ "name": "d", "description": "" }));
}

#[tokio::test]
async fn c5_2c_runs_started_from_a_template_are_linked_back() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let experiment = experiment(&script).await;
    let origin = finished(&script, &experiment).await;
    let (id, other) = (marked(owner, &origin, "one").await, marked(owner, &finished(&script, &experiment).await, "two").await);
    let start = async |template: &str| {
        let tags = json!([{ "key": "assay.template", "value": template }]);
        let run = ok(&script, "POST", "runs/create", json!({ "experiment_id": experiment, "start_time": 1_800_000_000_000_i64, "tags": tags })).await;
        run["run"]["info"]["run_id"].as_str().expect("an id").to_owned()
    };
    let mut runs = Vec::new();
    for template in [&id, &id, &other, &format!("{id} "), &"tpl_0".to_owned()] {
        runs.push(start(template).await);
    }
    let ask = "query($id: ID!) { template(id: $id) { lifecycle startedCount startedRuns { mlflowId } } }";
    let seen = async |id: &str| owner.graphql(ask, json!({ "id": id })).await["data"]["template"].clone();
    let names = |seen: &Value| {
        seen["startedRuns"].as_array().expect("runs").iter().map(|run| run["mlflowId"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let found = seen(&id).await;
    let (mut expected, mut listed) = (runs[..2].to_vec(), names(&found));
    expected.sort();
    listed.sort();
    assert_eq!((&found["startedCount"], listed), (&json!(2), expected));
    assert_eq!(names(&seen(&other).await), [runs[2].clone()]);

    // Removed it is in no list, and what was started from it stays linked; brought back it is as before.
    let act = async |name: &str| {
        let answer = owner.graphql(&format!("mutation($id: ID!) {{ {name}Template(id: $id) {{ lifecycle }} }}"), json!({ "id": id })).await;
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"][format!("{name}Template")]["lifecycle"].as_str().expect("a word").to_owned()
    };
    assert_eq!(act("remove").await, "DELETED");
    assert_eq!(act("remove").await, "DELETED");
    assert_eq!((seen(&id).await["startedCount"].clone(), seen(&id).await["lifecycle"].clone()), (json!(2), json!("DELETED")));
    assert_eq!(owner.graphql("{ templates { totalCount } }", Value::Null).await["data"]["templates"]["totalCount"], 1);
    assert_eq!(act("restore").await, "ACTIVE");
    // Its run was marked anew meanwhile: there is no place for it.
    act("remove").await;
    marked(owner, &origin, "three").await;
    let refused = owner.graphql("mutation($id: ID!) { restoreTemplate(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(Actor::code(&refused), "ALREADY_EXISTS");
}
