use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{Answer, ApiError, Operation, use_query},
    discussion::{Panel, Talk},
    frame::provide_here,
    kit::{Crumb, Page, Shape, steady_as},
};

const NAMED: Operation = Operation(include_str!("named_experiment.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Named {
    experiment: Option<Known>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    id: String,
    name: String,
    viewer_permissions: Vec<String>,
}

/// What is said about an experiment, at `/experiments/:id/discussion`.
#[component]
pub fn ExperimentDiscussion() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query: Answer<Named> = use_query(NAMED, move || json!({ "id": id.get() }));
    let talk = Talk::provide(Signal::derive(move || id.with(|id| if id.starts_with("exp_") { id.clone() } else { format!("exp_{id}") })));
    steady_as(Shape::Cards, query, move |named| {
        let Some(experiment) = named.get_untracked().experiment else {
            let error = ApiError::absent("There is no experiment at this address, or it belongs to another organization.");
            return view! { <crate::kit::Failure error/> }.into_any();
        };
        provide_here(experiment.viewer_permissions);
        talk.is_here();
        let crumbs = vec![Crumb::new("Experiments", "/experiments"), Crumb::new(experiment.name, format!("/experiments/{}", experiment.id))];
        view! { <Page title="Discussion" crumbs><div class="reading"><Panel talk/></div></Page> }.into_any()
    })
}
