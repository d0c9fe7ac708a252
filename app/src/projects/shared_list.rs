use leptos::{prelude::*, task::spawn_local};

use super::{
    Query,
    model::{self, Experiment, Project},
};
use crate::{
    api::use_api,
    kit::{Button, Empty, Glyph, Icon, RelativeTime, use_toasts},
};

/// The experiments of the project that everybody may read.
pub(super) fn shared_list(project: &Project, experiments: Vec<Experiment>, shares: bool, query: Query) -> AnyView {
    let shared: Vec<Experiment> = experiments.into_iter().filter(|experiment| experiment.shared_at.is_some()).collect();
    if shared.is_empty() {
        let words = if project.is_restricted() {
            "Share on the page of an experiment lets everybody read it, while the project stays with its members."
        } else {
            "The project is open: everybody may read its experiments as it is. Shared ones would stay readable if it were restricted."
        };
        return view! { <Empty icon=Icon::FLASK_CONICAL title="No experiment is shared">{words}</Empty> }.into_any();
    }
    let entries = shared.into_iter().map(|experiment| entry(experiment, shares, query)).collect_view();
    view! { <ul class="entries">{entries}</ul> }.into_any()
}

fn entry(experiment: Experiment, shares: bool, query: Query) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let (id, name) = (experiment.id.clone(), experiment.name.clone());
    let stop = move || {
        let (api, id, name) = (api.clone(), id.clone(), name.clone());
        spawn_local(async move {
            match model::unshare(api, id).await {
                Ok(()) => toasts.say(format!("{name} is for those who have its project.")),
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
        });
    };
    view! {
        <li class="with-action">
            <a href=format!("/experiments/{}", experiment.id)><Glyph icon=Icon::FLASK_CONICAL/><b>{experiment.name}</b>
                <span class="push faint">{experiment.shared_by.map(|by| format!("by {by}"))}" "{experiment.shared_at.map(|at| view! { <RelativeTime at/> })}</span></a>
            {shares.then(|| view! { <Button small=true on_press=stop>"Stop sharing"</Button> })}
        </li>
    }
    .into_any()
}
