//! Templates: finished runs and experiments that a team starts from.

use crate::support::{
    Actor,
    tracking::{experiment, ok, pair, refused, run_in},
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

const CREATE_OF_EXPERIMENT: &str =
    "mutation($of: ID!, $name: String!) { createExperimentTemplate(experiment: $of, name: $name, description: \"Small data.\") { id } }";
const START: &str =
    "mutation($template: ID!, $name: String!) { startExperiment(template: $template, name: $name) { mlflowId name project { slug } } }";

async fn mark_experiment(actor: &Actor, experiment: &str, name: &str) -> Value {
    actor.graphql(CREATE_OF_EXPERIMENT, json!({ "of": experiment, "name": name })).await
}

async fn marked_experiment(actor: &Actor, experiment: &str, name: &str) -> String {
    let answer = mark_experiment(actor, experiment, name).await;
    answer["data"]["createExperimentTemplate"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn start_experiment(actor: &Actor, template: &str, name: &str) -> Value {
    actor.graphql(START, json!({ "template": template, "name": name })).await
}

#[tokio::test]
async fn c5_2c_an_experiment_is_marked_and_another_one_is_started_from_it() {
    let organization = world().organization().await;
    let (owner, script, viewer) = (&organization.owner, organization.script().await, organization.member("viewer").await);
    let origin = experiment(&script).await;
    for (key, value) in [("team", "fraud"), ("mlflow.note.content", "How we **begin**."), ("assay.template", "tpl_of_another")] {
        ok(&script, "POST", "experiments/set-experiment-tag", json!({ "experiment_id": origin, "key": key, "value": value })).await;
    }
    let mut runs = Vec::new();
    for (accuracy, depth) in [(0.9, "3"), (0.94, "4"), (0.7, "5")] {
        let run = run_in(&script, &origin).await;
        let metrics = json!([{ "key": "accuracy", "value": accuracy, "timestamp": 1, "step": 0 }]);
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics, "params": [{ "key": "depth", "value": depth }] })).await;
        ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
        runs.push(run);
    }
    assert_eq!(Actor::code(&mark_experiment(&viewer, &origin, "mine").await), "FORBIDDEN");
    let scientist = organization.member("data_scientist").await;
    let id = marked_experiment(&scientist, &origin, " Blueprint ").await;

    let list = "{ templates(first: 5) { totalCount nodes { id name description createdBy run { id } startedCount \
        experiment { mlflowId template { id } } bestRun { mlflowId params { value } } } } }";
    let found = viewer.graphql(list, Value::Null).await["data"]["templates"].clone();
    let expected = json!({
        "id": id, "name": "Blueprint", "description": "Small data.", "createdBy": "Mia Member", "run": null, "startedCount": 0,
        "experiment": { "mlflowId": origin, "template": { "id": id } }, "bestRun": { "mlflowId": runs[1], "params": [{ "value": "4" }] }
    });
    assert_eq!((&found["totalCount"], &found["nodes"][0]), (&json!(1), &expected));
    let page = viewer.get(&format!("/templates/{id}")).await;
    assert!(page.status == 200 && page.text().contains("Small data.") && page.text().contains("Start an experiment from it"), "{}", page.text());
    assert!(!page.text().contains("Start experiment<"), "a viewer starts nothing");

    assert_eq!(Actor::code(&start_experiment(&viewer, &id, "mine").await), "FORBIDDEN");
    let started = start_experiment(&scientist, &id, "Next").await["data"]["startExperiment"].clone();
    assert_eq!((&started["name"], &started["project"]["slug"]), (&json!("Next"), &json!("default")), "{started}");
    let next = ok(&script, "GET", &format!("experiments/get?experiment_id={}", started["mlflowId"].as_str().expect("an id")), Value::Null).await;
    let tag = |key: &str| pair(&next["experiment"]["tags"], key).map(str::to_owned);
    let tags = ["team", "mlflow.note.content", "assay.template"].map(tag);
    assert_eq!(tags, [Some("fraud".into()), Some("How we **begin**.".into()), Some(id.clone())]);
    let log = "{ auditEntries(first: 1, filter: { action: \"experiment.create\" }) { nodes { action actor subjectName detail } } }";
    let entry = owner.graphql(log, Value::Null).await["data"]["auditEntries"]["nodes"][0].clone();
    let expected =
        json!({ "action": "experiment.create", "actor": scientist.email, "subjectName": "Next", "detail": format!("{{\"template\":\"{id}\"}}") });
    assert_eq!(entry, expected);

    // A client that sets the tag links an experiment as well, and a run.
    let tags = json!([{ "key": "assay.template", "value": id }]);
    let by_client = ok(&script, "POST", "experiments/create", json!({ "name": "By a client", "tags": tags })).await["experiment_id"].clone();
    ok(&script, "POST", "runs/create", json!({ "experiment_id": by_client, "start_time": 1, "tags": tags })).await;
    let ask = "query($id: ID!) { template(id: $id) { startedCount startedRuns { experiment { name } } startedExperiments { name } } }";
    let seen = viewer.graphql(ask, json!({ "id": id })).await["data"]["template"].clone();
    let expected = json!({
        "startedCount": 3, "startedRuns": [{ "experiment": { "name": "By a client" } }],
        "startedExperiments": [{ "name": "By a client" }, { "name": "Next" }]
    });
    assert_eq!(seen, expected);
    // What was removed is counted no more.
    ok(&script, "POST", "experiments/delete", json!({ "experiment_id": by_client })).await;
    let seen = viewer.graphql(ask, json!({ "id": id })).await["data"]["template"].clone();
    assert_eq!(seen, json!({ "startedCount": 1, "startedRuns": [], "startedExperiments": [{ "name": "Next" }] }));
}

#[tokio::test]
async fn c5_2c_an_experiment_is_a_template_once_and_is_started_from_while_it_is_there() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let (first, second) = (experiment(&script).await, experiment(&script).await);
    let absent = format!("exp_{}", uuid::Uuid::now_v7().simple());
    assert_eq!(Actor::code(&mark_experiment(owner, &absent, "a").await), "NOT_FOUND");
    for name in ["", " ", "a\nb", &"x".repeat(300)] {
        assert_eq!(Actor::code(&mark_experiment(owner, &first, name).await), "INVALID", "{name:?}");
    }
    let id = marked_experiment(owner, &first, "a").await;
    assert_eq!(Actor::code(&mark_experiment(owner, &first, "b").await), "ALREADY_EXISTS", "the experiment is one");
    assert_eq!(Actor::code(&mark_experiment(owner, &second, "a").await), "ALREADY_EXISTS", "the name is taken");
    let of_run = marked(owner, &finished(&script, &first).await, "of a run").await;
    assert_eq!(Actor::code(&start_experiment(owner, &of_run, "x").await), "CONFLICT", "runs are started from a run");
    // The default experiment has no tags of its own, and is one as well.
    let of_default = marked_experiment(owner, "0", "of the default").await;
    assert_eq!(start_experiment(owner, &of_default, "from the default").await["data"]["startExperiment"]["name"], "from the default");

    for (name, code) in [("", "INVALID"), ("from the default", "ALREADY_EXISTS"), ("fine", "")] {
        assert_eq!(Actor::code(&start_experiment(owner, &id, name).await), code, "{name:?}");
    }
    let change = async |mutation: &str, of: &str| {
        let answer = owner.graphql(&format!("mutation($id: ID!) {{ {mutation}(id: $id) {{ id }} }}"), json!({ "id": of })).await;
        Actor::code(&answer).to_owned()
    };
    assert_eq!(change("removeTemplate", &id).await, "");
    assert_eq!(Actor::code(&start_experiment(owner, &id, "y").await), "CONFLICT", "the template was removed");
    let again = marked_experiment(owner, &first, "a").await;
    assert_eq!(change("restoreTemplate", &id).await, "ALREADY_EXISTS", "its experiment was marked anew meanwhile");
    ok(&script, "POST", "experiments/delete", json!({ "experiment_id": first })).await;
    assert_eq!(Actor::code(&start_experiment(owner, &again, "z").await), "CONFLICT", "its experiment was removed");
    ok(&script, "POST", "experiments/delete", json!({ "experiment_id": second })).await;
    assert_eq!(Actor::code(&mark_experiment(owner, &second, "c").await), "CONFLICT");
}

#[tokio::test]
async fn c5_2c_templates_go_to_the_default_project_with_what_they_are() {
    let organization = world().organization().await;
    let (owner, script) = (&organization.owner, organization.script().await);
    let project = owner.graphql("mutation { createProject(name: \"Leaving\") { id slug } }", Value::Null).await["data"]["createProject"].clone();
    let slug = project["slug"].as_str().expect("a slug");
    let create = "mutation($p: ID!) { createExperiment(name: \"there\", projectId: $p) { id } }";
    let there = owner.graphql(create, json!({ "p": project["id"] })).await["data"]["createExperiment"]["id"].clone();
    let id = marked_experiment(owner, there.as_str().expect("an id"), "a").await;
    let leave = format!("workspaces/{slug}?mode=SET_DEFAULT");
    let here = marked_experiment(owner, &experiment(&script).await, "a").await;
    assert_eq!(refused(&script, "DELETE", &leave, json!({})).await.0, 400, "two templates of one name would meet");
    let rename = "mutation($id: ID!) { updateTemplate(id: $id, name: \"b\", description: \"\") { id } }";
    assert!(owner.graphql(rename, json!({ "id": here })).await["errors"].is_null());
    assert_eq!(script.mlflow("DELETE", &leave, json!({})).await.status, 204);
    let started = start_experiment(owner, &id, "from there").await["data"]["startExperiment"].clone();
    assert_eq!(started["project"]["slug"], "default", "{started}");
}
