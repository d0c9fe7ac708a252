//! One thing of every kind in an organization, to be asked for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Organization;

/// Ids of the things, by the placeholder without its `$`.
pub struct Fixture(pub BTreeMap<&'static str, String>);

impl Fixture {
    pub async fn of(organization: &Organization<'_>) -> Self {
        let owner = &organization.owner;
        let script = organization.script().await;
        let experiment = script.mlflow("POST", "experiments/create", json!({ "name": "CANARY-experiment" })).await.json()["experiment_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": experiment, "run_name": "CANARY-run" })).await.json()["run"]["info"]
            ["run_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let model = format!("CANARY-model-{}", uuid::Uuid::now_v7().simple());
        assert_eq!(script.mlflow("POST", "registered-models/create", json!({ "name": model })).await.status, 200);
        let file = script.request(reqwest::Method::PUT, &format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/CANARY.txt"));
        assert_eq!(script.send(file.body("CANARY")).await.status, 200);
        let version = json!({ "name": model, "source": format!("runs:/{run}/CANARY.txt"), "run_id": run });
        assert_eq!(script.mlflow("POST", "model-versions/create", version).await.status, 200);
        let start = format!("mutation {{ startThread(input: {{ about: \"run_{run}\", body: \"CANARY\" }}) {{ id comments {{ id }} }} }}");
        let thread = owner.graphql(&start, Value::Null).await["data"]["startThread"].clone();
        let comment = thread["comments"][0]["id"].as_str().expect("an id").to_owned();
        let thread = thread["id"].as_str().expect("an id").to_owned();
        let finished = script.mlflow("POST", "runs/create", json!({ "experiment_id": experiment, "run_name": "CANARY-finished" })).await.json()["run"]["info"]
            ["run_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        assert_eq!(script.mlflow("POST", "runs/update", json!({ "run_id": finished, "status": "FINISHED" })).await.status, 200);
        let trace = format!("tr-{}", uuid::Uuid::now_v7().simple());
        let place = json!({ "mlflow_experiment": { "experiment_id": experiment } });
        let info =
            json!({ "trace_id": trace, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "tags": { "mlflow.traceName": "CANARY" } });
        assert_eq!(script.mlflow("POST", "traces", json!({ "trace": { "trace_info": info } })).await.status, 200);
        let create = format!("mutation {{ createTemplate(run: \"{finished}\", name: \"CANARY-template\") {{ id }} }}");
        let template = owner.graphql(&create, Value::Null).await["data"]["createTemplate"]["id"].as_str().expect("an id").to_owned();
        let link = format!("mutation {{ createLink(input: {{ shows: {{ run: \"{run}\" }}, label: \"CANARY\", expiresInDays: 1 }}) {{ url }} }}");
        assert!(owner.graphql(&link, Value::Null).await["errors"].is_null());
        let bot = "mutation { createServiceAccount(input: { name: \"CANARY bot\", roles: [\"viewer\"] }) { id } }";
        assert!(owner.graphql(bot, Value::Null).await["errors"].is_null());
        let member = organization.member("viewer").await;
        let answer = owner
            .graphql(
                "mutation($email: String!) { inviteMember(email: $email, role: \"viewer\") { id } }",
                json!({ "email": format!("CANARY-{}@example.com", uuid::Uuid::now_v7().simple()) }),
            )
            .await;
        let invitation = answer["data"]["inviteMember"]["id"].as_str().expect("an id").to_owned();
        let answer = owner.graphql("{ tokens { nodes { id } } members { nodes { id email } } }", Value::Null).await;
        let token = answer["data"]["tokens"]["nodes"][0]["id"].as_str().expect("an id").to_owned();
        let nodes = answer["data"]["members"]["nodes"].as_array().expect("members");
        let member = nodes.iter().find(|node| node["email"] == member.email.as_str()).expect("the member")["id"].as_str().expect("an id").to_owned();
        let answer = owner.graphql("mutation { createProject(name: \"Shelf\") { id } }", Value::Null).await;
        let project = answer["data"]["createProject"]["id"].as_str().expect("an id").to_owned();
        Self(BTreeMap::from([
            ("project", project),
            ("experiment", experiment),
            ("run", run),
            ("model", model),
            ("template", template),
            ("trace", trace),
            ("thread", thread),
            ("comment", comment),
            ("invitation", invitation),
            ("token", token),
            ("member", member),
        ]))
    }

    /// A text with the ids in the place of their placeholders.
    pub fn fill(&self, query: &str) -> String {
        let fresh = || uuid::Uuid::now_v7().simple().to_string();
        let query = query.replace("$unique", &format!("u{}", fresh()));
        let query = query
            .replace("$absentmember", &fresh())
            .replace("$absentexperiment", &fresh())
            .replace("$absentrun", &fresh())
            .replace("$absentimport", &fresh())
            .replace("$absentlink", &fresh())
            .replace("$absentsession", &fresh());
        self.0.iter().fold(query, |query, (name, id)| query.replace(&format!("${name}"), id))
    }
}
