use leptos::{prelude::*, task::spawn_local};
use shared::Permission;

use super::{
    model,
    page::Query,
    sheet::{Head, Sheet},
};
use crate::{
    api::use_api,
    frame::{may, use_viewer},
    kit::{Copyable, Dialog, Glyph, Icon, use_toasts},
    links::{LinkTo, Links},
    visit::use_origin,
};

/// Who sees the experiment, its address to hand on, and the way to let everybody read it.
#[component]
pub(super) fn Share(open: RwSignal<bool>, sheet: RwSignal<Sheet>, query: Query) -> impl IntoView {
    // Rows that come in do not make what is read here anew.
    let head = Memo::new(move |_| sheet.with(|sheet| sheet.head.clone()));
    view! { <Dialog open title=Signal::stored("Share".to_owned()) >{move || content(head.get(), query)}</Dialog> }.into_any()
}

fn content(head: Head, query: Query) -> AnyView {
    let organization = use_viewer().with_untracked(|viewer| viewer.organization.name.clone());
    let (project, restricted) = (head.project.name.clone(), head.project.is_restricted());
    let readers = match (restricted, head.shared_at.is_some()) {
        (false, _) => format!("Everybody in {organization}: the project {project} is open."),
        (true, true) => format!("Everybody in {organization} may read it. The members of {project} may do what their roles there say."),
        (true, false) => format!("The members of {project}, owners and admins."),
    };
    let address = format!("{}{}", use_origin(), head.experiment.path());
    let (project_page, experiment) = (format!("/projects/{}", head.project.id), head.experiment);
    let may_share = may(Permission::ProjectsShare);
    let links = (may_share && !experiment.is_removed()).then(|| view! { <hr/><Links experiment=experiment.id.clone() to=LinkTo::Experiment/> });
    view! {
        <div class="stack">
            <p><Glyph icon=Icon::USERS/>" "{readers}</p>
            {may_share.then(|| choice(experiment.id, experiment.name, head.shared_at.is_some(), restricted, query))}
            <p class="s"><Copyable text=address.clone() shown=address.clone() what="the address"/></p>
            <p class="faint xs">"Whoever may see it opens it by its address. "<a href=project_page>"Who works in "{project}</a></p>
            {links}
        </div>
    }
    .into_any()
}

/// Whether everybody may read it.
fn choice(id: String, name: String, on: bool, restricted: bool, query: Query) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let change = move |event| {
        let (api, id, name, shared) = (api.clone(), id.clone(), name.clone(), event_target_checked(&event));
        busy.set(true);
        spawn_local(async move {
            match model::set_shared(api, id, shared).await {
                Ok(()) => {
                    toasts.say(if shared { format!("Everybody may read {name}.") } else { format!("{name} is for those who have its project.") })
                }
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
            busy.try_set(false);
        });
    };
    let more = if restricted {
        "Experiment, runs, metrics and artifacts, for whom their roles let read such things. Nobody outside the project changes them."
    } else {
        "The project is open, so they may already. It stays so if the project is restricted."
    };
    view! {
        <label class="choice"><input class="check" type="checkbox" prop:checked=on disabled=busy on:change=change/>
            <span><b>"The whole team may read it"</b><small>{more}</small></span></label>
    }
    .into_any()
}
