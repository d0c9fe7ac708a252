use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{Api, ApiError, Operation},
    kit::Icon,
};

const SEARCH: Operation = Operation(include_str!("search.graphql"));

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hit {
    pub kind: String,
    pub title: String,
    pub subtitle: String,
    pub path: String,
}

#[derive(Deserialize)]
struct Found {
    search: Vec<Hit>,
}

impl Hit {
    pub fn icon(&self) -> Icon {
        match self.kind.as_str() {
            "EXPERIMENT" => Icon::FLASK_CONICAL,
            "RUN" => Icon::CHART_LINE,
            "MODEL" => Icon::BOXES,
            _ => Icon::USER,
        }
    }
}

/// What the organization, or one project of it, holds under a text.
pub(super) async fn search(api: Api, text: String, project: Option<String>) -> Result<Vec<Hit>, ApiError> {
    api.query::<Found>(SEARCH, json!({ "text": text, "project": project })).await.map(|found| found.search)
}
