//! The experiments there are, and the keys of the one the queries are for.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{Api, ApiError, Operation};

const EXPERIMENTS: Operation = Operation(include_str!("experiments.graphql"));
const KEYS: Operation = Operation(include_str!("keys.graphql"));
const FIRST: usize = 200;
const ABSENT: &str = "There is no experiment at this address, or it belongs to another organization.";

/// An experiment to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Named {
    pub id: String,
    pub name: String,
}

/// The experiment that the queries are for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chosen {
    pub id: String,
    pub name: String,
    pub metric_keys: Vec<String>,
    pub param_keys: Vec<String>,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Data {
    pub experiments: Vec<Named>,
    /// `None`: there are no experiments.
    pub chosen: Option<Chosen>,
}

#[derive(Deserialize)]
struct Listed {
    experiments: Nodes,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Named>,
}

#[derive(Deserialize)]
struct Keys {
    experiment: Option<Chosen>,
}

/// The experiments, and the chosen one, which is the newest when none is.
pub(super) async fn fetch(api: Api, chosen: Option<String>) -> Result<Data, ApiError> {
    let mut experiments = api.query::<Listed>(EXPERIMENTS, json!({ "first": FIRST })).await?.experiments.nodes;
    let Some(id) = chosen.or_else(|| experiments.first().map(|one| one.id.clone())) else { return Ok(Data { experiments, chosen: None }) };
    let keys: Keys = api.query(KEYS, json!({ "id": id })).await.map_err(|error| error.or_absent(ABSENT))?;
    let chosen = keys.experiment.ok_or_else(|| ApiError::absent(ABSENT))?;
    if experiments.iter().all(|one| one.id != chosen.id) {
        experiments.insert(0, Named { id: chosen.id.clone(), name: chosen.name.clone() });
    }
    Ok(Data { experiments, chosen: Some(chosen) })
}
